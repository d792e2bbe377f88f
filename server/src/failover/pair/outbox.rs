//! Messages that wait for the disk (R5), and records that wait for the partner.

use std::collections::VecDeque;

use super::command::Leaving;
use super::{Out, Pair};
use crate::failover::clock::Moment;
use crate::failover::codec::encode;
use crate::failover::message::{Body, Header, Message, Update, sent};
use crate::failover::mutant::Rule;
use crate::failover::preface::Lane;
use crate::failover::terms::Errand;
use crate::leases::{Binding, Store};
use crate::time::Now;

/// Records in one message.
const RECORDS: usize = 64;

/// A message that is to be sent, and how. The two lanes need keep no order between them, nor any.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Parcel {
    /// Which way.
    pub lane: Lane,
    /// The message.
    pub bytes: Vec<u8>,
}

fn lane(body: &Body) -> Lane {
    match body {
        Body::Hello { .. }
        | Body::Heartbeat
        | Body::SyncRequest { .. }
        | Body::Seen(_)
        | Body::Exhausted(_)
        | Body::Errand(Errand::Want { .. } | Errand::Serve(_) | Errand::Refused { .. })
        | Body::Handover
        | Body::Maintenance { .. } => Lane::Control,
        Body::Errand(Errand::Piece { .. })
        | Body::Updates(_)
        | Body::Acks(_)
        | Body::Ends(_)
        | Body::Snapshot { .. }
        | Body::Synced { .. } => Lane::Data,
    }
}

/// Messages in the order in which they were said. Times in them are moments until they leave.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    waiting: VecDeque<(Option<u64>, Message)>,
    sequence: u64,
}

impl Outbox {
    /// Puts what one packet after another leads to into one message, as long as it waits for the same batch. Gives back
    /// what cannot be joined.
    fn join(&mut self, to_boot: u64, body: Body, after: Option<u64>) -> Option<Body> {
        let last =
            self.waiting.back_mut().filter(|(waits, last)| *waits == after && last.header.to_boot == to_boot);
        let Some((_, last)) = last else { return Some(body) };
        match (&mut last.body, body) {
            (Body::Updates(said), Body::Updates(more)) if said.len() + more.len() <= RECORDS => {
                said.extend(more);
            }
            (Body::Acks(said), Body::Acks(more)) if said.len() + more.len() <= RECORDS => said.extend(more),
            (_, body) => return Some(body),
        }
        None
    }
}

impl Pair {
    /// Says something, as soon as the batch it rests on is on disk. What this server is rests on its facts.
    pub(super) fn say(&mut self, body: Body, after: Option<u64>) {
        self.say_to(self.session.boot, body, after);
    }

    /// Says something to a life of the partner that is not its present one.
    pub(super) fn say_to(&mut self, to_boot: u64, body: Body, after: Option<u64>) {
        if self.leaving == Leaving::Gone && body != Body::Handover {
            // Whoever goes on alone would hear in it that this server is back.
            return;
        }
        let after = after.max(self.facts_batch);
        let Some(body) = self.outbox.join(to_boot, body, after) else { return };
        self.outbox.sequence += 1;
        let header = Header {
            pair: self.config.pair,
            from: self.config.me,
            from_boot: self.facts.boot,
            to_boot,
            sequence: self.outbox.sequence,
            epoch: self.facts.epoch,
            stale: !self.facts.amnesic && self.is_stale(),
            amnesic: self.facts.amnesic,
            sole: self.facts.sole,
            sovereign: self.is_sovereign(),
            able: self.is_able(),
            leaving: self.leaving != Leaving::No || self.facts.given_up,
            state: Some(self.state),
            // It is what it is when it leaves.
            clock_wall_ms: 0,
            word: match body {
                Body::Hello { .. } | Body::Heartbeat => self.word(),
                Body::Updates(_)
                | Body::Acks(_)
                | Body::Ends(_)
                | Body::SyncRequest { .. }
                | Body::Snapshot { .. }
                | Body::Synced { .. }
                | Body::Seen(_)
                | Body::Exhausted(_)
                | Body::Errand(_)
                | Body::Handover
                | Body::Maintenance { .. } => None,
            },
            arbiter: self.arbiter_name(),
            beat: 0,
        };
        self.outbox.waiting.push_back((after, Message { header, body }));
    }

    pub(super) fn hello(&self) -> Body {
        self.hello_to_who_was_seen(self.session.boot_before)
    }

    pub(super) fn hello_to_who_was_seen(&self, partner_boot_seen: u64) -> Body {
        Body::Hello { partner_boot_seen, lead_ms: self.config.lead_ms, share: self.config.ownership.share }
    }

    /// Lets go what rests on nothing that is not on disk.
    pub(super) fn release(&mut self, now: Now, store: &Store, out: &mut Out) {
        let moment = self.moment(now);
        let mut kept = VecDeque::new();
        while let Some((after, message)) = self.outbox.waiting.pop_front() {
            if after.is_none_or(|batch| store.is_on_disk(batch)) {
                let message = self.made_to_leave(message, moment, now);
                out.messages.push(Parcel { lane: lane(&message.body), bytes: encode(&message) });
            } else {
                kept.push_back((after, message));
            }
        }
        self.outbox.waiting = kept;
    }

    /// Moments become durations, and wishes are made, at the moment of leaving.
    fn made_to_leave(&mut self, message: Message, moment: Moment, now: Now) -> Message {
        let Message { mut header, body } = message;
        header.clock_wall_ms = now.wall_ms;
        header.beat = self.beat_heard();
        self.note_beat(now, moment, &header, &body);
        let as_sent =
            |records: Vec<Binding>| records.into_iter().map(|record| sent(record, moment)).collect();
        let body = match body {
            Body::Updates(updates) => {
                let updates = updates.into_iter().map(|update| self.wishing(update, moment, now)).collect();
                Body::Updates(updates)
            }
            Body::Ends(records) => Body::Ends(as_sent(records)),
            Body::Snapshot { sync, first, records } => {
                Body::Snapshot { sync, first, records: as_sent(records) }
            }
            body @ (Body::Hello { .. }
            | Body::Heartbeat
            | Body::Acks(_)
            | Body::SyncRequest { .. }
            | Body::Synced { .. }
            | Body::Seen(_)
            | Body::Exhausted(_)
            | Body::Errand(_)
            | Body::Handover
            | Body::Maintenance { .. }) => body,
        };
        Message { header, body }
    }

    /// Half a lease more than the client has: then the next renewal waits for nobody. Only for what this life told: what
    /// a lost disk is supposed to have told would grow by half with each loss.
    fn wishing(&mut self, update: Update, moment: Moment, now: Now) -> Update {
        let Update { id, record, .. } = update;
        let own = self.told.contains(&record.address);
        let left = if own && record.is_bound() && !record.released && !record.ending {
            record.told_wall_ms.saturating_sub(moment.late_wall_ms)
        } else {
            0
        };
        let wish_ms = left.saturating_add(left / 2);
        let potential_wall_ms = if wish_ms == 0 { 0 } else { moment.late_wall_ms.saturating_add(wish_ms) };
        self.arrears.left(id, now.boot_ms, potential_wall_ms);
        Update { id, record: sent(record, moment), wish_ms }
    }

    /// What was not acknowledged for long is sent again.
    pub(super) fn forget_overdue(&mut self, now: Now) {
        if self.arrears.forget_overdue(now.boot_ms) {
            self.count("update-again");
        }
    }

    /// Sends what the partner may not have. Who holds SOLE powers tells nobody: it gives them up first (R10). Who has no
    /// memory knows nothing that the partner should believe: it listens first (R11). While all records come in, most of
    /// what is owed would be out of date at once, so only what somebody waits for goes.
    pub(super) fn send_updates(&mut self, now: Now, store: &Store) {
        if !self.session.is_heard(now, &self.config) || self.facts.sole || self.facts.amnesic {
            return;
        }
        let due = self.arrears.take_due(!self.sync.is_moving(now));
        for addresses in due.chunks(RECORDS) {
            let mut updates = Vec::with_capacity(addresses.len());
            for address in addresses {
                let record = store.bindings().get(*address).expect("only records are sent").clone();
                let id = self.arrears.send(&record, now.boot_ms);
                updates.push(Update { id, record, wish_ms: 0 });
            }
            let after = store.unsynced().filter(|_| Rule::UpdateAfterSync.holds());
            self.say(Body::Updates(updates), after);
        }
    }
}
