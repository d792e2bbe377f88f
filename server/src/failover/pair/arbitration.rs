//! R8 by the arbiter: what a server asks of the row, what it may do by the answers, and what it owes to its partner's
//! heartbeats.
//!
//! With an arbiter nobody is sovereign for longer than somebody else's word lasts: this server's lease in the row, or
//! the partner's promise not to go on alone. Both are counted from this server's own sending, and end when either clock
//! says so; what is owed is counted from the hearing, padded. Invariant: a server takes the powers by an answer that
//! came in time, and only if it has not heard its partner for as long as its promise lasts, then and when it asked. So
//! whoever goes on alone by the arbiter has a partner that is not sovereign, and stays so until it has met a later
//! epoch or the row at its own.

use std::collections::VecDeque;

use leasehold_schemas::artefact::HighAvailabilityMode;

use super::command::{Leaving, Unsafe};
use super::{Out, Pair};
use crate::failover::arbiter::{ANSWER_MS, Answer, Ask, Claim, LEASE_MS, PROMISE_MS, RENEW_MS, Row, Wish};
use crate::failover::clock::Moment;
use crate::failover::home::Side;
use crate::failover::message::{Body, Header};
use crate::failover::mutant::Rule;
use crate::leases::Store;
use crate::time::Now;

/// Heartbeats whose sending is remembered: more than are sent while a promise lasts.
const BEATS: usize = 128;

/// What of an arbiter is known in this life.
#[derive(Debug, Default)]
pub(super) struct Arbitration {
    asked: Option<Asked>,
    number: u64,
    next_boot_ms: u64,
    seen: Option<Seen>,
    lease: Until,
    promise: Until,
    /// The heartbeats sent, by sequence, and when.
    beats: VecDeque<(u64, Until)>,
    /// The partner's latest heartbeat that was heard; 0: none of its present life.
    beat: u64,
    beat_boot_ms: u64,
    /// Whether they hold, as of the last look at the clock.
    lease_holds: bool,
    promise_holds: bool,
    /// An operator says that the partner is off.
    said_off: bool,
}

/// A moment by both clocks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Until {
    boot_ms: u64,
    wall_ms: u64,
}

impl Until {
    fn now(now: Now, moment: Moment) -> Until {
        Until { boot_ms: now.boot_ms, wall_ms: moment.late_wall_ms }
    }

    fn after(self, ms: u64) -> Until {
        Until { boot_ms: self.boot_ms.saturating_add(ms), wall_ms: self.wall_ms.saturating_add(ms) }
    }

    /// A right ends when either clock says so.
    fn holds(self, now: Now, moment: Moment) -> bool {
        let ended = now.boot_ms >= self.boot_ms || moment.late_wall_ms >= self.wall_ms;
        self != Until::default() && (!ended || !Rule::SovereigntyEnds.holds())
    }
}

/// A question that is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    ask: Ask,
    sent: Until,
    epoch: u64,
}

/// The row as it was seen last.
#[derive(Clone, Copy, Debug)]
struct Seen {
    row: Row,
    boot_ms: u64,
    /// When the partner's half was first seen as it is.
    partner_since_boot_ms: u64,
}

/// What a server says of its arbiter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArbiterStatus {
    /// How long ago the row was seen, in milliseconds; absent: never in this life.
    pub seen_ms_ago: Option<u64>,
    /// It answers: the last question was answered in time, or is not overdue.
    pub heard: bool,
    /// How long this server's lease lasts yet, in milliseconds.
    pub lease_ms: u64,
    /// How long the partner's promise lasts yet, in milliseconds.
    pub promise_ms: u64,
    /// The epoch of the row, and who went on alone by it.
    pub row: Option<(u64, Option<Side>)>,
    /// The partner goes by the same row.
    pub shared: bool,
}

impl Pair {
    /// Looks at the clock before anything is granted: sovereignty by an arbiter ends by itself.
    pub fn uphold(&mut self, now: Now, store: &mut Store) {
        if self.refresh_arbitration(now) {
            if !self.is_upheld() {
                self.count("arbiter-fenced");
            }
            self.conclude(now, store);
        }
    }

    /// Whether it would be sovereign at a moment, with nothing heard until then.
    pub fn is_sovereign_at(&self, now: Now) -> bool {
        let moment = self.moment(now);
        let known = &self.arbitration;
        let leased = known.lease.holds(now, moment) && self.is_shared();
        let promised = known.promise.holds(now, moment) && self.session.exchanged;
        self.is_sovereign() && (!self.config.arbiter || self.facts.sole || leased || promised)
    }

    /// Whether anything has changed.
    pub(super) fn refresh_arbitration(&mut self, now: Now) -> bool {
        if !self.config.arbiter {
            return false;
        }
        let moment = self.moment(now);
        let known = &mut self.arbitration;
        let holds = (known.lease.holds(now, moment), known.promise.holds(now, moment));
        let changed = holds != (known.lease_holds, known.promise_holds);
        (known.lease_holds, known.promise_holds) = holds;
        changed
    }

    /// Whether somebody's word holds that nobody else goes on alone.
    pub(super) fn is_upheld(&self) -> bool {
        if !self.config.arbiter {
            return self.session.exchanged;
        }
        self.is_leased() || (self.arbitration.promise_holds && self.session.exchanged)
    }

    /// A lease says something only in the row that the partner goes by.
    fn is_leased(&self) -> bool {
        self.arbitration.lease_holds && self.is_shared()
    }

    fn is_shared(&self) -> bool {
        let row = self.arbitration.seen.map(|seen| seen.row.name);
        row.is_some_and(|name| name == self.facts.partners_arbiter)
    }

    /// Which row this server goes by, as its partner is to know; 0: none.
    pub(super) fn arbiter_name(&self) -> u64 {
        if self.config.arbiter { self.facts.arbiter } else { 0 }
    }

    /// Which heartbeat of the partner was heard.
    pub(super) fn beat_heard(&self) -> u64 {
        self.arbitration.beat
    }

    /// A new life of the partner counts its heartbeats anew. What was promised to the former one is kept.
    pub(super) fn forget_beats(&mut self) {
        self.arbitration.beat = 0;
    }

    /// In a new life of this server nothing that was said to the former one holds.
    pub(super) fn forget_promise(&mut self) {
        self.arbitration.promise = Until::default();
        self.arbitration.promise_holds = false;
        self.arbitration.beats.clear();
    }

    /// A heartbeat leaves.
    pub(super) fn note_beat(&mut self, now: Now, moment: Moment, header: &Header, body: &Body) {
        if !self.config.arbiter || !matches!(body, Body::Heartbeat) {
            return;
        }
        let beats = &mut self.arbitration.beats;
        if beats.len() == BEATS {
            beats.pop_front();
        }
        beats.push_back((header.sequence, Until::now(now, moment)));
    }

    /// What a message says of heartbeats: it is one, and it says which one of this server's was heard.
    pub(super) fn hear_beat(&mut self, now: Now, header: &Header, body: &Body, fresh: bool) {
        let known = &mut self.arbitration;
        if fresh && matches!(body, Body::Heartbeat) {
            known.beat = header.sequence;
            known.beat_boot_ms = now.boot_ms;
        }
        if !self.config.arbiter {
            return;
        }
        known.said_off = false;
        let sent = known.beats.iter().find(|(sequence, _)| *sequence == header.beat);
        if let Some((_, sent)) = sent {
            let until = sent.after(PROMISE_MS);
            if until.boot_ms > known.promise.boot_ms {
                known.promise = until;
            }
            known.beats.retain(|(sequence, _)| *sequence >= header.beat);
        }
        self.refresh_arbitration(now);
    }

    /// The next question, when it is due and everything it may rest on is on disk (R5).
    pub(super) fn ask_arbiter(&mut self, now: Now, store: &Store, out: &mut Out) {
        if !self.config.arbiter || now.boot_ms < self.arbitration.next_boot_ms {
            return;
        }
        if let Some(asked) = self.arbitration.asked {
            if now.boot_ms <= asked.sent.boot_ms.saturating_add(ANSWER_MS) {
                return;
            }
            self.arbitration.asked = None;
            self.count("arbiter-silent");
        }
        if self.facts_batch.is_some_and(|batch| !store.is_on_disk(batch)) {
            return;
        }
        let wish = self.wish(now);
        let known = &mut self.arbitration;
        known.number += 1;
        known.next_boot_ms = now.boot_ms + RENEW_MS;
        let ask = Ask { number: known.number, pair: self.config.pair, me: self.config.me, wish };
        let moment = self.clock.at(now);
        known.asked = Some(Asked { ask, sent: Until::now(now, moment), epoch: self.facts.epoch });
        out.asks.push(ask);
    }

    fn wish(&self, now: Now) -> Wish {
        // A row of this pair made by another life, or by the partner, has another name.
        let name = self.facts.boot << 1 | self.config.me.index() as u64;
        let Some(seen) = self.arbitration.seen else { return Wish::Look { name } };
        if self.is_stale() || self.facts.given_up || self.leaving == Leaving::Gone {
            return Wish::Look { name };
        }
        let claim = Claim {
            turn: seen.row.halves[self.config.me.index()].turn,
            life: self.facts.boot,
            life_before: self.boot_before,
            epoch: self.facts.epoch,
            lease_ms: self.config.padding.pad(LEASE_MS),
        };
        if self.may_take(now) && self.has_lapsed(now, &seen) {
            return Wish::Take { claim, partners_turn: seen.row.halves[self.config.me.other().index()].turn };
        }
        Wish::Renew { claim, sole: self.facts.sole }
    }

    /// Whether this server may go on alone, if the row says so too.
    fn may_take(&self, now: Now) -> bool {
        let promised = self.begun_boot_ms.max(self.arbitration.beat_boot_ms);
        let promised = promised.saturating_add(self.config.padding.pad(PROMISE_MS));
        let promises_kept = now.boot_ms >= promised || !Rule::PromisesAreKept.holds();
        // A copy is promoted by an operator, and by nobody else.
        let follows =
            self.config.mode == HighAvailabilityMode::PassiveBackup && self.config.me == Side::Standby;
        promises_kept
            && self.is_shared()
            && (!follows || self.arbitration.said_off)
            && !self.facts.sole
            && !self.facts.given_up
            && !self.is_stale()
            && self.leaving == Leaving::No
            && !self.session.is_heard(now, &self.config)
    }

    /// Whether the partner's lease has lapsed by this server's clock too, and the row is not ahead.
    fn has_lapsed(&self, now: Now, seen: &Seen) -> bool {
        let Seen { row, boot_ms, partner_since_boot_ms } = seen;
        let partner = row.halves[self.config.me.other().index()];
        let unchanged = partner_since_boot_ms.saturating_add(self.config.padding.pad(LEASE_MS));
        let lapsed = now.boot_ms >= unchanged.max(boot_ms.saturating_add(partner.left_ms));
        let mine = row.epoch <= self.facts.epoch || row.sole == Some(self.config.me);
        (lapsed && partner.turn > 0 || !Rule::PartnersLeaseIsWaited.holds())
            && (mine || !Rule::TheRowIsCompared.holds())
    }

    /// What the arbiter says.
    pub(super) fn hear_arbiter(&mut self, now: Now, answer: &Answer, store: &mut Store) {
        let asked = self.arbitration.asked.take_if(|asked| asked.ask.number == answer.number);
        let Some(asked) = asked else { return self.count("arbiter-late") };
        if now.boot_ms > asked.sent.boot_ms.saturating_add(ANSWER_MS) {
            return self.count("arbiter-late");
        }
        let Some(reply) = answer.reply else { return self.count("arbiter-silent") };
        self.see(now, reply.row, store);
        let half = reply.row.halves[self.config.me.index()];
        if half.life > self.boot_before && half.life != self.facts.boot {
            return self.remember_loss(now, half.life, store);
        }
        match (asked.ask.wish, reply.done) {
            (Wish::Look { .. }, _) => {
                if !self.is_stale() && !self.facts.given_up {
                    self.arbitration.next_boot_ms = now.boot_ms;
                }
            }
            (Wish::Renew { .. }, true) => {
                self.count("arbiter-renewed");
                self.arbitration.lease = asked.sent.after(LEASE_MS);
                if self.is_shared() && !self.session.exchanged {
                    self.count("arbiter-sovereign");
                }
            }
            (Wish::Take { .. }, true) => self.taken(now, asked, store),
            (Wish::Renew { claim, .. } | Wish::Take { claim, .. }, false) => {
                self.count("arbiter-refused");
                if reply.row.epoch > self.facts.epoch && reply.row.sole != Some(self.config.me) {
                    self.count("arbiter-row-ahead");
                    self.arbitration.lease = Until::default();
                } else if half.turn != claim.turn {
                    // A question was heard whose answer was lost.
                    self.arbitration.next_boot_ms = now.boot_ms;
                }
            }
        }
        self.refresh_arbitration(now);
        self.conclude(now, store);
    }

    fn see(&mut self, now: Now, row: Row, store: &mut Store) {
        let partner = self.config.me.other().index();
        let before = self.arbitration.seen.filter(|seen| {
            seen.row.name == row.name && seen.row.halves[partner].turn == row.halves[partner].turn
        });
        if before.is_none() && self.arbitration.seen.is_some_and(|seen| seen.row.name != row.name) {
            self.count("arbiter-another-row");
            self.arbitration.lease = Until::default();
        }
        let partner_since_boot_ms = before.map_or(now.boot_ms, |seen| seen.partner_since_boot_ms);
        self.arbitration.seen = Some(Seen { row, boot_ms: now.boot_ms, partner_since_boot_ms });
        if self.facts.arbiter != row.name {
            self.facts.arbiter = row.name;
            self.keep_facts(store);
        }
    }

    /// R8: the row says that this server goes on alone. It holds if the partner has not been heard meanwhile; else the
    /// next question gives it back.
    fn taken(&mut self, now: Now, asked: Asked, store: &mut Store) {
        if !self.may_take(now) || self.facts.epoch != asked.epoch {
            return self.count("arbiter-taken-in-vain");
        }
        self.count("arbiter-taken");
        self.arbitration.lease = asked.sent.after(LEASE_MS);
        self.arbitration.said_off = false;
        self.take_powers_after_the_wait(now, store);
    }

    /// The partner is off, by an operator's word, where an arbiter decides.
    pub(super) fn partner_said_off(&mut self, now: Now) -> Result<(), Unsafe> {
        if !self.is_arbiter_heard(now) || !self.is_shared() {
            return Err(Unsafe::ArbiterSilent);
        }
        self.arbitration.said_off = true;
        Ok(())
    }

    fn is_arbiter_heard(&self, now: Now) -> bool {
        self.arbitration.seen.is_some_and(|seen| now.boot_ms <= seen.boot_ms + RENEW_MS + ANSWER_MS)
    }

    /// What is said of the arbiter; absent: there is none.
    pub fn arbiter_status(&self, now: Now) -> Option<ArbiterStatus> {
        let known = &self.arbitration;
        let moment = self.moment(now);
        let left = |until: Until| {
            if until.holds(now, moment) { until.boot_ms.saturating_sub(now.boot_ms) } else { 0 }
        };
        self.config.arbiter.then(|| ArbiterStatus {
            seen_ms_ago: known.seen.map(|seen| now.boot_ms.saturating_sub(seen.boot_ms)),
            heard: self.is_arbiter_heard(now),
            lease_ms: left(known.lease),
            promise_ms: left(known.promise),
            row: known.seen.map(|seen| (seen.row.epoch, seen.row.sole)),
            shared: self.is_shared(),
        })
    }
}
