//! What a server of a pair says of itself to whoever watches it.

use super::artefacts::ArtefactStatus;
use super::command::Leaving;
use super::{ArbiterStatus, Pair, State};
use crate::time::Now;

/// What the partner said of itself last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PartnerStatus {
    /// How long ago it was heard, in milliseconds.
    pub heard_ms_ago: u64,
    /// Its state; absent: one that this release does not know.
    pub state: Option<State>,
    /// Its epoch.
    pub epoch: u64,
    /// By how much its wall clock was ahead of this server's, in milliseconds, the way included.
    pub skew_ms: i64,
}

/// What a server of a pair says of itself. Addresses by owner are the store's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Status {
    /// Its state.
    pub state: State,
    /// Since when, on the boot clock.
    pub since_boot_ms: u64,
    /// Why, and what ends it: a clause.
    pub why: &'static str,
    /// The epoch it takes part in.
    pub epoch: u64,
    /// Records that the partner may not have.
    pub unacked: usize,
    /// Addresses whose end the partner has not agreed to yet.
    pub ends: usize,
    /// The partner; absent: it has not spoken to this life.
    pub partner: Option<PartnerStatus>,
    /// The partner is heard, and not longer ago than it may be silent.
    pub heard: bool,
    /// The wall clocks differ by more than they may, or did when the partner was heard last.
    pub skewed: bool,
    /// Nobody else can have taken over.
    pub sovereign: bool,
    /// It holds SOLE powers.
    pub sole: bool,
    /// In how many milliseconds they may be used; absent: it holds none.
    pub powers_in_ms: Option<u64>,
    /// What is known of the arbiter; absent: it goes by none.
    pub arbiter: Option<ArbiterStatus>,
    /// It leaves, or has left, by an operator's word.
    pub leaving: bool,
    /// Times the impossible was met: both servers bound one address to different clients. It must stay 0.
    pub conflicts: u64,
    /// What both serve.
    pub artefacts: ArtefactStatus,
}

impl Pair {
    /// What it says of itself.
    pub fn status(&self, now: Now) -> Status {
        let session = &self.session;
        let powers_from = self.facts.powers_from_wall_ms;
        Status {
            state: self.state,
            since_boot_ms: self.since_boot_ms,
            why: self.why(),
            epoch: self.facts.epoch,
            unacked: self.arrears.len(),
            ends: self.ends.len(),
            partner: session.addressed.then(|| PartnerStatus {
                heard_ms_ago: now.boot_ms.saturating_sub(session.heard_boot_ms),
                state: session.partner.state,
                epoch: session.partner.epoch,
                skew_ms: session.skew_ms,
            }),
            heard: session.is_heard(now, &self.config),
            skewed: session.addressed && !session.agreed,
            sovereign: self.is_sovereign(),
            sole: self.facts.sole,
            powers_in_ms: self.facts.sole.then(|| powers_from.saturating_sub(self.moment(now).early_wall_ms)),
            arbiter: self.arbiter_status(now),
            leaving: self.leaving != Leaving::No || self.facts.given_up,
            conflicts: self.counts.get("conflict").copied().unwrap_or(0),
            artefacts: self.artefact_status(),
        }
    }

    fn why(&self) -> &'static str {
        match self.state {
            State::Starting => "it has just started and waits for its partner's word",
            State::GivenUp if self.leaving == Leaving::Gone => {
                "an operator paused it or handed over; `resume` or a restart takes the rights up again"
            }
            State::GivenUp => {
                "it gave its rights up before it stopped; they come back with the partner's word"
            }
            State::Stale if self.facts.amnesic => {
                "its disk was lost or restored; it learns all records from its partner first"
            }
            State::Stale => "its partner went on alone; it learns all records first",
            State::SoleWait if self.config.arbiter => {
                "it goes on alone by the arbiter's word; the partner's addresses follow when all that the partner can \
                 have granted has ended"
            }
            State::SoleWait => {
                "it goes on alone by an operator's word; the partner's addresses follow when all that the partner can \
                 have granted has ended"
            }
            State::Sole if self.config.arbiter => {
                "it goes on alone by the arbiter's or its operator's word, until its partner is heard"
            }
            State::Sole => "it goes on alone by an operator's word, until its partner is heard",
            State::Isolated if self.alone_boot_ms.is_some() => {
                "it was started alone; it waits until all that its partner can have granted has ended"
            }
            State::Isolated if self.session.addressed => {
                "its partner is not in step and was not heard as such since this server started"
            }
            State::Isolated if self.config.arbiter => {
                "neither its partner nor the arbiter says that nobody else has taken over; it renews what was promised \
                 and binds nobody new"
            }
            State::Isolated => {
                "it has not heard its partner since it started; it renews what was promised and binds nobody new"
            }
            State::Interrupted if self.config.arbiter => {
                "its partner is silent; the arbiter lets this server go on alone once the partner's lease has lapsed"
            }
            State::Interrupted => "its partner is silent; say `partner-down` only if it is off",
            State::Rejoin => "its partner is heard and not yet in step",
            State::Normal if self.leaving.is_draining() => {
                "it is about to leave, and waits for its partner's acks"
            }
            State::Normal => "both are in step",
        }
    }
}
