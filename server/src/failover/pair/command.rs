//! What an operator may say, and why it is refused. What is refused would risk a duplicate, or do nothing.

use std::fmt;

use super::{Config, Pair, Start, State};
use crate::failover::message::Body;
use crate::failover::mutant::Rule;
use crate::leases::Store;
use crate::time::Now;

/// How long leaving may wait for the partner's acks, in milliseconds.
const DRAIN_MS: u64 = 10_000;
/// By how much the epoch of a server that was started alone is above its last: more than its partner can have begun.
const ALONE_EPOCHS: u64 = 1 << 32;

/// What an operator says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Command {
    /// The partner is off: go on alone (R8). Whoever says it while the partner runs makes duplicates possible.
    PartnerDown,
    /// This server is about to stop: give up its rights, and let the partner go on alone at once.
    Handover,
    /// As a handover, and this server stays where it is until [`Command::Resume`].
    Pause,
    /// Take the rights up again after a pause or handover, or stop leaving.
    Resume,
    /// Ask the partner to hand over to this server: it is to be stopped.
    TakeOver,
    /// Ask the partner to take its rights up again after it has handed over.
    GiveBack,
    /// Exchange all records once more.
    Sync,
    /// What is on this server's disk is not to be trusted: learn everything anew from the partner (R11).
    ForgetDisk,
}

impl Command {
    /// Every command.
    pub const ALL: [Command; 8] = [
        Command::PartnerDown,
        Command::Handover,
        Command::Pause,
        Command::Resume,
        Command::TakeOver,
        Command::GiveBack,
        Command::Sync,
        Command::ForgetDisk,
    ];

    /// Its name on command lines, in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Command::PartnerDown => "partner-down",
            Command::Handover => "handover",
            Command::Pause => "pause",
            Command::Resume => "resume",
            Command::TakeOver => "take-over",
            Command::GiveBack => "give-back",
            Command::Sync => "sync",
            Command::ForgetDisk => "forget-disk",
        }
    }
}

/// Why a command is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Unsafe {
    /// The partner is heard: it is not off.
    PartnerHeard,
    /// The partner is not heard: there is nobody to learn from.
    PartnerSilent,
    /// The partner does not know everything either.
    PartnerNotWhole,
    /// This server cannot know that its partner has not gone on alone before.
    NotSovereign,
    /// It holds the powers already.
    AlreadySole,
    /// It goes on alone: nobody else knows what it knows.
    Sole,
    /// Only in NORMAL can the partner take over everything.
    NotNormal,
    /// It has given up its rights, or is about to.
    Leaving,
    /// It has not left.
    NotLeaving,
    /// Only in NORMAL can the partner leave.
    PartnerCannotLeave,
    /// The partner has not left.
    PartnerNotLeaving,
    /// Its disk was lost or restored: it does not know what it granted.
    Forgetful,
    /// An arbiter decides, and does not answer, or not both servers go by it.
    ArbiterSilent,
}

impl Unsafe {
    /// Every reason.
    pub const ALL: [Unsafe; 13] = [
        Unsafe::PartnerHeard,
        Unsafe::PartnerSilent,
        Unsafe::PartnerNotWhole,
        Unsafe::NotSovereign,
        Unsafe::AlreadySole,
        Unsafe::Sole,
        Unsafe::NotNormal,
        Unsafe::Leaving,
        Unsafe::NotLeaving,
        Unsafe::PartnerCannotLeave,
        Unsafe::PartnerNotLeaving,
        Unsafe::Forgetful,
        Unsafe::ArbiterSilent,
    ];

    /// The reason's name in logs and tests.
    pub fn name(self) -> &'static str {
        match self {
            Unsafe::PartnerHeard => "partner-heard",
            Unsafe::PartnerSilent => "partner-silent",
            Unsafe::PartnerNotWhole => "partner-not-whole",
            Unsafe::NotSovereign => "not-sovereign",
            Unsafe::AlreadySole => "already-sole",
            Unsafe::Sole => "sole",
            Unsafe::NotNormal => "not-normal",
            Unsafe::Leaving => "leaving",
            Unsafe::NotLeaving => "not-leaving",
            Unsafe::PartnerCannotLeave => "partner-cannot-leave",
            Unsafe::PartnerNotLeaving => "partner-not-leaving",
            Unsafe::Forgetful => "forgetful",
            Unsafe::ArbiterSilent => "arbiter-silent",
        }
    }
}

/// A clause that says what is wrong, and what to do instead.
impl fmt::Display for Unsafe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Unsafe::PartnerHeard => "the partner is heard, so it is not off; stop it, or `pause` it, first",
            Unsafe::PartnerSilent => {
                "the partner is not heard, and only it could say what was granted; mend the link, or start it, first"
            }
            Unsafe::PartnerNotWhole => {
                "the partner has not all records itself; wait until it is neither stale nor without memory"
            }
            Unsafe::NotSovereign => {
                "this server has not been in step with its partner since it started, so the partner may have gone on \
                 alone; start the partner and wait for `normal`, or start this server alone"
            }
            Unsafe::AlreadySole => "this server goes on alone already",
            Unsafe::Sole => {
                "this server goes on alone, and nobody else knows what it granted; start the partner and wait for \
                 `normal` first"
            }
            Unsafe::NotNormal => {
                "the partner cannot take over everything while the state is not `normal`; wait for it, or stop this \
                 server and say `partner-down` at the partner"
            }
            Unsafe::Leaving => "this server has given up its rights, or is about to; `resume` it first",
            Unsafe::NotLeaving => "this server is neither paused nor handed over; there is nothing to resume",
            Unsafe::PartnerCannotLeave => {
                "the partner can hand over only while the state is `normal`; wait for it, or stop the partner and say \
                 `partner-down` here"
            }
            Unsafe::PartnerNotLeaving => {
                "the partner is neither paused nor handed over; there is nothing to give back"
            }
            Unsafe::Forgetful => {
                "this server's disk was lost or restored, and its partner has not said yet what was granted; start \
                 both as a pair"
            }
            Unsafe::ArbiterSilent => {
                "an arbiter decides who goes on alone, and it does not answer, or the partner goes by another; mend \
                 it, or restart this server with --standalone"
            }
        })
    }
}

impl std::error::Error for Unsafe {}

/// How far this server is in leaving on purpose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Leaving {
    No,
    /// It waits for the partner's acks, until then.
    Draining {
        until_boot_ms: u64,
    },
    /// The rights were given up in this life.
    Gone,
}

impl Leaving {
    pub(super) fn is_draining(self) -> bool {
        match self {
            Leaving::Draining { .. } => true,
            Leaving::No | Leaving::Gone => false,
        }
    }
}

/// Lets one server of a pair serve without its partner, by the word of an operator who says that the partner is off.
/// Absent: the data directory was never a pair's, and a single server may do everything.
///
/// It is as if [`Command::PartnerDown`] were said at the start, where nobody can know what the partner has done since:
/// so first everything that the partner can have granted alone has to end, which takes the lead time (padded). Until
/// then this server extends what its partner has promised. Then it begins an epoch that is above every epoch of the
/// partner's, durably, and goes on in SOLE; the partner will be stale when they meet. A partner that had gone on alone
/// itself must not be started again where it cannot hear this server: each would serve without the other.
///
/// # Errors
/// [`Unsafe::Forgetful`]: nobody knows what was granted.
pub fn alone(config: Config, now: Now, store: &mut Store) -> Result<Option<Pair>, Unsafe> {
    match store.facts() {
        None => Ok(None),
        Some(facts) if facts.amnesic => Err(Unsafe::Forgetful),
        Some(_) => Ok(Some(Pair::open(Config { start: Start::Alone, ..config }, now, store))),
    }
}

impl Pair {
    /// Does what an operator says, or says why not.
    ///
    /// # Errors
    /// Why it would be unsafe, or do nothing.
    pub fn command(&mut self, now: Now, command: Command, store: &mut Store) -> Result<(), Unsafe> {
        self.uphold(now, store);
        let done = match command {
            Command::PartnerDown => self.partner_down(now, store),
            Command::Handover | Command::Pause => self.leave(now),
            Command::Resume => self.resume(now, store),
            Command::TakeOver => self.ask_to_leave(now),
            Command::GiveBack => self.ask_to_come_back(now),
            Command::Sync => self.sync_again(now, store),
            Command::ForgetDisk => self.forget_disk(now, store),
        };
        match done {
            Ok(()) => self.count(match command {
                Command::PartnerDown => "command-partner-down",
                Command::Handover => "command-handover",
                Command::Pause => "command-pause",
                Command::Resume => "command-resume",
                Command::TakeOver => "command-take-over",
                Command::GiveBack => "command-give-back",
                Command::Sync => "command-sync",
                Command::ForgetDisk => "command-forget-disk",
            }),
            Err(_) => self.count("command-refused"),
        }
        self.conclude(now, store);
        done
    }

    /// R8, at an operator's word. Only who is sovereign may: otherwise the partner may have gone on alone before.
    fn partner_down(&mut self, now: Now, store: &mut Store) -> Result<(), Unsafe> {
        if self.session.is_heard(now, &self.config) {
            return Err(Unsafe::PartnerHeard);
        }
        if self.facts.sole {
            return Err(Unsafe::AlreadySole);
        }
        if self.facts.given_up || self.leaving != Leaving::No {
            return Err(Unsafe::Leaving);
        }
        if self.config.arbiter {
            return self.partner_said_off(now);
        }
        if !self.is_sovereign() {
            return Err(Unsafe::NotSovereign);
        }
        self.take_powers_after_the_wait(now, store);
        Ok(())
    }

    /// Everything that the partner can have granted alone has ended before the powers are used.
    pub(super) fn take_powers_after_the_wait(&mut self, now: Now, store: &mut Store) {
        let moment = self.moment(now);
        let wait = if Rule::LeadIsWaited.holds() { self.fence_ms() } else { 0 };
        self.take_powers(moment.late_wall_ms.saturating_add(wait), store);
    }

    pub(super) fn take_powers(&mut self, from_wall_ms: u64, store: &mut Store) {
        self.facts.epoch = self.facts.epoch.max(self.session.epoch_seen) + 1;
        self.facts.sole = true;
        self.facts.powers_from_wall_ms = from_wall_ms;
        self.keep_facts(store);
    }

    /// Whoever was started alone goes on alone, when all that its partner can have granted alone has ended. If the
    /// partner is heard before, it was not off.
    pub(super) fn go_on_alone(&mut self, now: Now, store: &mut Store) {
        let Some(from) = self.alone_boot_ms else { return };
        if self.session.addressed {
            self.alone_boot_ms = None;
            return self.count("not-alone-after-all");
        }
        if now.boot_ms >= from {
            self.alone_boot_ms = None;
            self.count("alone");
            self.facts.epoch = self.facts.epoch.saturating_add(ALONE_EPOCHS);
            self.facts.given_up = false;
            self.take_powers(0, store);
        }
    }

    pub(super) fn leave(&mut self, now: Now) -> Result<(), Unsafe> {
        match self.leaving {
            Leaving::Draining { .. } | Leaving::Gone => Err(Unsafe::Leaving),
            Leaving::No if self.state != State::Normal => Err(Unsafe::NotNormal),
            Leaving::No => {
                self.leaving = Leaving::Draining { until_boot_ms: now.boot_ms + DRAIN_MS };
                // The partner answers from now on.
                self.say(Body::Heartbeat, None);
                Ok(())
            }
        }
    }

    /// The partner gives its rights up itself; this server goes on alone when it hears so.
    fn ask_to_leave(&mut self, now: Now) -> Result<(), Unsafe> {
        if self.leaving != Leaving::No {
            return Err(Unsafe::Leaving);
        }
        if self.facts.sole {
            return Err(Unsafe::AlreadySole);
        }
        if !self.session.is_heard(now, &self.config) {
            return Err(Unsafe::PartnerSilent);
        }
        if self.state != State::Normal {
            return Err(Unsafe::PartnerCannotLeave);
        }
        self.say(Body::Maintenance { leave: true }, None);
        Ok(())
    }

    fn ask_to_come_back(&mut self, now: Now) -> Result<(), Unsafe> {
        if !self.session.is_heard(now, &self.config) {
            return Err(Unsafe::PartnerSilent);
        }
        if !self.session.partner.leaving {
            return Err(Unsafe::PartnerNotLeaving);
        }
        self.say(Body::Maintenance { leave: false }, None);
        Ok(())
    }

    /// Leaving is complete when the partner has every record: then the rights go, durably, and the partner hears.
    pub(super) fn go_on_leaving(&mut self, now: Now, store: &mut Store) {
        let Leaving::Draining { until_boot_ms } = self.leaving else { return };
        if self.arrears.is_empty() && self.state == State::Normal && store.unsynced().is_none() {
            self.leaving = Leaving::Gone;
            self.facts.given_up = true;
            self.keep_facts(store);
            self.say(Body::Handover, None);
        } else if now.boot_ms >= until_boot_ms {
            self.leaving = Leaving::No;
            self.count("handover-abandoned");
        }
    }

    /// The word that gave the rights up may still be under way. So they come back as they do after a restart: in a new
    /// life, when the partner has spoken to it; a word of the former life is not heard then.
    pub(super) fn resume(&mut self, now: Now, store: &mut Store) -> Result<(), Unsafe> {
        match self.leaving {
            Leaving::No => return Err(Unsafe::NotLeaving),
            Leaving::Draining { .. } => self.leaving = Leaving::No,
            Leaving::Gone => {
                self.leaving = Leaving::No;
                self.begin_another_life(now, store);
            }
        }
        Ok(())
    }

    /// A new life in the same process: what was said to and by the former one counts no more (R13).
    fn begin_another_life(&mut self, now: Now, store: &mut Store) {
        self.boot_before = self.facts.boot;
        self.facts.boot += 1;
        self.begun_boot_ms = now.boot_ms;
        self.artefacts.forget_partner();
        self.session.exchanged = false;
        self.session.addressed = false;
        self.forget_promise();
        self.arrears.forget_what_is_under_way();
        self.sync.forget_partner();
        self.keep_facts(store);
        let hello = self.hello();
        self.say(hello, None);
    }

    fn sync_again(&mut self, now: Now, store: &Store) -> Result<(), Unsafe> {
        self.partner_can_tell(now)?;
        self.arrears.owe_all(store.bindings().iter().map(|binding| binding.address));
        self.sync.want();
        self.ask_for_sync(now, store);
        Ok(())
    }

    fn forget_disk(&mut self, now: Now, store: &mut Store) -> Result<(), Unsafe> {
        if self.leaving != Leaving::No {
            return Err(Unsafe::Leaving);
        }
        self.partner_can_tell(now)?;
        self.facts.amnesic = true;
        self.forget_agreement(store);
        self.begin_another_life(now, store);
        Ok(())
    }

    /// Whether the partner is there and knows everything that this server could not.
    fn partner_can_tell(&self, now: Now) -> Result<(), Unsafe> {
        if self.facts.sole {
            return Err(Unsafe::Sole);
        }
        if !self.session.is_heard(now, &self.config) {
            return Err(Unsafe::PartnerSilent);
        }
        if !self.session.partner.can_give() { Err(Unsafe::PartnerNotWhole) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_and_reasons_say_what_to_do() {
        let names: std::collections::BTreeSet<_> = Unsafe::ALL.iter().map(|reason| reason.name()).collect();
        assert_eq!(names.len(), Unsafe::ALL.len());
        for reason in Unsafe::ALL {
            let sentence = reason.to_string();
            assert!(
                !sentence.ends_with('.') && sentence.starts_with(|first: char| first.is_lowercase()),
                "{sentence}"
            );
        }
    }
}
