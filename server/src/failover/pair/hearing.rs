//! What a message of the partner leads to.

use super::command::Leaving;
use super::{Out, Pair};
use crate::failover::clock::Moment;
use crate::failover::codec::decode;
use crate::failover::merge::{Forgotten, Verdict, merge};
use crate::failover::message::{Ack, Body, Header, Message, Update, received};
use crate::failover::mutant::Rule;
use crate::failover::rights::accept_end;
use crate::leases::{Binding, State, Store};
use crate::time::Now;

impl Pair {
    pub(super) fn hear(&mut self, now: Now, bytes: &[u8], store: &mut Store, out: &mut Out) {
        if self.leaving == Leaving::Gone {
            // Its rights are the partner's until it begins anew, which the partner may ask for.
            return self.hear_after_leaving(now, bytes, store);
        }
        let Ok(message) = decode(bytes) else { return self.count("message-unreadable") };
        let (header, body) = (message.header, message.body);
        if header.pair != self.config.pair || header.from == self.config.me {
            return self.count("message-of-another-pair");
        }
        // Who says which artefact it serves is held to what both confirmed; an earlier release says its numbers alone.
        if let Body::Hello { lead_ms, share, .. } = body
            && header.word.is_none()
            && (lead_ms != self.config.lead_ms || share != self.config.ownership.share)
        {
            return self.count("hello-by-other-numbers");
        }
        let Some(fresh) = self.know(now, &header, &body, store) else { return };
        if fresh {
            self.believe(now, &header, &body, store);
        }
        self.hear_beat(now, &header, &body, fresh);
        self.conclude(now, store);
        self.act(now, header.epoch, body, fresh, store, out);
        self.agree(now, store);
    }

    fn hear_after_leaving(&mut self, now: Now, bytes: &[u8], store: &mut Store) {
        let Ok(Message { header, body }) = decode(bytes) else { return self.count("message-unreadable") };
        let meant = header.pair == self.config.pair
            && header.from != self.config.me
            && (header.from_boot, header.to_boot) == (self.session.boot, self.facts.boot);
        if meant && body == (Body::Maintenance { leave: false }) && self.resume(now, store).is_ok() {
            self.count("resumed-when-asked");
        }
    }

    /// R13: whether the message is meant for this life and from the partner's present one; and whether it is newer
    /// than all that was heard.
    fn know(&mut self, now: Now, header: &Header, body: &Body, store: &mut Store) -> Option<bool> {
        if header.from_boot > self.session.boot {
            self.session.renew(header.from_boot);
            self.artefacts.forget_partner();
            self.forget_beats();
            self.arrears.forget_what_is_under_way();
            self.sync.forget_partner();
            self.count("partner-began");
        }
        let is_hello = matches!(body, Body::Hello { .. });
        if header.from_boot < self.session.boot && Rule::EarlierLivesAreDead.holds() {
            self.count("message-of-an-earlier-life");
            if is_hello {
                // A life that counts lower than one before it has lost its memory: it must hear so.
                let seen = self.session.boot;
                let hint = self.hello_to_who_was_seen(seen);
                self.say_to(header.from_boot, hint, None);
            }
            return None;
        }
        if header.to_boot != self.facts.boot && (is_hello || Rule::EarlierLivesAreDead.holds()) {
            if is_hello {
                let hello = self.hello();
                self.say(hello, None);
            } else {
                self.count("message-to-an-earlier-life");
            }
            return None;
        }
        if let Body::Hello { partner_boot_seen, .. } = body
            && *partner_boot_seen > self.boot_before
            && *partner_boot_seen != self.facts.boot
            && Rule::LossIsKnown.holds()
        {
            self.remember_loss(now, *partner_boot_seen, store);
            return None;
        }
        let fresh = header.sequence > self.session.sequence;
        if !fresh {
            self.count("message-out-of-order");
        }
        Some(fresh)
    }

    /// R11: the partner has heard a life of which this disk knows nothing.
    pub(super) fn remember_loss(&mut self, now: Now, seen: u64, store: &mut Store) {
        self.count("loss-noticed");
        self.boot_before = self.facts.boot.max(seen);
        self.facts.boot = self.facts.boot.max(seen) + 1;
        self.facts.amnesic = true;
        self.facts.sole = false;
        self.session.exchanged = false;
        self.session.addressed = false;
        self.forget_agreement(store);
        self.forget_promise();
        self.keep_facts(store);
        self.conclude(now, store);
        let hello = self.hello();
        self.say(hello, None);
    }

    /// What the partner says of itself, and what that makes of this server.
    fn believe(&mut self, now: Now, header: &Header, body: &Body, store: &mut Store) {
        let session = &mut self.session;
        session.sequence = header.sequence;
        session.heard_boot_ms = now.boot_ms;
        let first = !std::mem::replace(&mut session.addressed, true);
        session.partner.epoch = header.epoch;
        session.partner.stale = header.stale;
        session.partner.amnesic = header.amnesic;
        let sole = header.sole && Rule::PowersGoInRejoin.holds();
        session.partner.sovereign = header.sovereign && !sole;
        session.partner.able = header.able;
        session.partner.leaving = header.leaving;
        session.partner.state = header.state;
        session.lost = false;
        session.skew_ms = i64::try_from(i128::from(header.clock_wall_ms) - i128::from(now.wall_ms))
            .unwrap_or(if header.clock_wall_ms > now.wall_ms { i64::MAX } else { i64::MIN });
        session.epoch_seen = session.epoch_seen.max(header.epoch);
        session.agreed = now.wall_ms.abs_diff(header.clock_wall_ms) <= self.config.skew_alarm_ms;
        if header.amnesic {
            session.amnesic_since_boot_ms.get_or_insert(now.boot_ms);
        } else {
            session.amnesic_since_boot_ms = None;
        }
        if let Body::Hello { lead_ms, .. } = body {
            self.artefacts.partner_leads(*lead_ms);
        }
        if let Some(word) = header.word {
            self.hear_word(word);
        }
        let mut changed = self.facts.partners_arbiter != header.arbiter;
        self.facts.partners_arbiter = header.arbiter;
        if self.facts.sole && !matches!(body, Body::Handover) && Rule::PowersGoInRejoin.holds() {
            // R10: the powers go before anything is told, and come back only with another epoch.
            self.session.exchanged = true;
            self.facts.sole = false;
            changed = true;
            self.count("powers-given-back");
        }
        let higher = header.epoch > self.facts.epoch;
        if self.facts.given_up {
            self.facts.given_up = false;
            changed = true;
            self.count("rights-taken-up-again");
        }
        if higher {
            self.session.exchanged = false;
        } else if !header.amnesic && !header.sole && !self.facts.amnesic {
            let knows_more = header.stale && header.epoch == self.facts.epoch;
            self.session.exchanged |= !knows_more;
        }
        if changed {
            self.keep_facts(store);
        }
        if first {
            let hello = self.hello();
            self.say(hello, None);
        }
    }

    fn act(&mut self, now: Now, epoch: u64, body: Body, fresh: bool, store: &mut Store, out: &mut Out) {
        let moment = self.moment(now);
        match body {
            Body::Hello { .. } | Body::Heartbeat => {}
            Body::Updates(updates) => self.keep_updates(moment, updates, store),
            Body::Acks(acks) => acks.iter().for_each(|ack| self.credit(*ack, store, out)),
            Body::Ends(records) => records.into_iter().for_each(|record| self.end(moment, record, store)),
            Body::SyncRequest { sync, from } => self.give_window(sync, from, store),
            Body::Snapshot { sync, first, records } => {
                if self.sync.expects(now, sync, epoch, first, records.len()) {
                    for record in records {
                        self.learn(moment, record, store);
                    }
                    self.try_to_finish_sync(now, store);
                }
            }
            Body::Synced { sync, count } => {
                self.sync.announced(now, sync, epoch, count);
                self.try_to_finish_sync(now, store);
            }
            Body::Seen(packets) => {
                packets.iter().for_each(|key| self.answering.watch.seen(now.boot_ms, *key));
            }
            Body::Errand(errand) => out.errands.push(errand),
            Body::Exhausted(networks) => self.partner_is_exhausted(now, &networks),
            Body::Maintenance { leave } => {
                let done = if leave { self.leave(now) } else { self.resume(now, store) };
                match (leave, done) {
                    (true, Ok(())) => self.count("left-when-asked"),
                    (false, Ok(())) => self.count("resumed-when-asked"),
                    // Since the partner asked, the state has become another.
                    (_, Err(_)) => self.count("maintenance-refused"),
                }
            }
            Body::Handover => {
                if fresh && epoch == self.facts.epoch && self.is_sovereign() && !self.facts.sole {
                    self.count("handover-taken");
                    self.take_powers(0, store);
                }
            }
        }
    }

    /// R6: takes the partner's record in; gives what this server has now.
    fn learn(&mut self, moment: Moment, record: Binding, store: &mut Store) -> Binding {
        let (binding, changed) = self.weigh(moment, record, store);
        if changed {
            store.apply(binding.clone());
        }
        binding
    }

    /// R6: what this server is to have now that the partner has this record, and whether that is not what it has.
    fn weigh(&mut self, moment: Moment, record: Binding, store: &Store) -> (Binding, bool) {
        let address = record.address;
        let theirs = received(record, moment, self.config.padding);
        let forgotten = self.facts.amnesic.then(|| {
            let lead_ms = self.fence_ms();
            Forgotten { told_at_least_wall_ms: moment.late_wall_ms.saturating_add(lead_ms), lead_ms }
        });
        let mine = store.bindings().get(address);
        if forgotten.is_some() && !self.sync.is_latest_word(&theirs) {
            self.count("word-overtaken");
            return (mine.expect("what was heard was learnt").clone(), false);
        }
        let merged = merge(self.config.me, mine, &theirs, forgotten);
        self.count(match merged.verdict {
            Verdict::Equal => "merge-equal",
            Verdict::Mine => "merge-mine",
            Verdict::Theirs => "merge-theirs",
            Verdict::TheirEpoch => "merge-their-epoch",
            Verdict::MyEpoch => "merge-my-epoch",
            Verdict::Joined => "merge-joined",
            Verdict::Conflict => "conflict",
        });
        let news = forgotten.is_some()
            || match merged.verdict {
                // Of another epoch, they do not know what this server told in its own.
                Verdict::TheirEpoch => merged.binding.is_bound(),
                Verdict::Mine | Verdict::MyEpoch | Verdict::Joined | Verdict::Conflict => true,
                Verdict::Equal | Verdict::Theirs => false,
            };
        if news {
            self.arrears.owe_at_leisure(address);
        } else if merged.verdict != Verdict::Equal {
            self.arrears.pay(address);
        }
        let changed = mine != Some(&merged.binding);
        (merged.binding, changed)
    }

    fn keep_updates(&mut self, moment: Moment, updates: Vec<Update>, store: &mut Store) {
        let mut acks = Vec::with_capacity(updates.len());
        for Update { id, record, wish_ms } in updates {
            let (born, epoch) = (record.born, record.epoch);
            let theirs =
                if let State::Bound(client) = &record.state { Some(client.key.clone()) } else { None };
            let (mut mine, mut changed) = self.weigh(moment, record, store);
            let same = matches!(&mine.state, State::Bound(client) if Some(&client.key) == theirs.as_ref());
            // R7: the promise is for this life of the address, with this client, and no other.
            let same_life = mine.born == born && mine.epoch == epoch;
            let promised = same && (same_life || !Rule::AcksAreForOneLife.holds()) && wish_ms > 0;
            if promised {
                let until = moment.late_wall_ms.saturating_add(self.config.padding.pad(wish_ms));
                changed |= until > mine.promised_wall_ms;
                mine.promised_wall_ms = mine.promised_wall_ms.max(until);
            } else if wish_ms > 0 {
                self.count("wish-refused");
            }
            if changed {
                store.apply(mine);
            }
            acks.push(Ack { id, promised });
        }
        let after = store.unsynced().filter(|_| Rule::AckAfterSync.holds());
        self.say(Body::Acks(acks), after);
    }

    /// R7: an ack raises the right only of the binding it was sent for.
    fn credit(&mut self, ack: Ack, store: &mut Store, out: &mut Out) {
        let Some(pending) = self.arrears.answered(ack.id) else { return self.count("ack-of-nothing") };
        let record = store.bindings().get(pending.address).expect("a record is never forgotten");
        if record.version == pending.version && record.epoch == pending.epoch {
            self.arrears.pay(pending.address);
        }
        if !ack.promised {
            return;
        }
        if !self.session.agreed {
            // A right that is written down by a wrong clock would be read by a right one.
            return self.count("potential-by-a-wrong-clock");
        }
        let record = store.bindings().get(pending.address).expect("looked at before");
        let same_life = record.born == pending.born && record.epoch == pending.epoch;
        if record.is_bound() && (same_life || !Rule::AcksAreForOneLife.holds()) {
            self.count("potential-raised");
            store.raise_potential(pending.address, pending.potential_wall_ms);
            out.acked.push(pending.address);
        } else {
            self.count("ack-of-another-life");
        }
    }

    /// R3, the partner's half. The answer is this server's record, as an update.
    fn end(&mut self, moment: Moment, record: Binding, store: &mut Store) {
        let (address, asked) = (record.address, (record.epoch, record.version));
        let mut mine = self.learn(moment, record, store);
        match accept_end(&Pair::paired(store), moment, asked, &mine) {
            Ok(()) => {
                self.count("end-accepted");
                store.apply(freed(mine, self.config.me.index(), self.facts.epoch));
            }
            Err(refusal) => {
                self.count(match refusal {
                    crate::failover::EndRefusal::NotCovered => "end-not-covered",
                    crate::failover::EndRefusal::NotOver => "end-not-over",
                    crate::failover::EndRefusal::Stale => "end-refused-by-stale",
                    crate::failover::EndRefusal::Stepped => "end-refused-by-stepped",
                });
                let may_come_again = (mine.epoch, mine.version) == asked;
                if may_come_again && Rule::RefusedEndsBurn.holds() {
                    // What was refused once must never be accepted later: the home goes on from this version.
                    mine.version.0[self.config.me.index()] += 1;
                    mine.ending = false;
                    store.apply(mine);
                }
            }
        }
        self.arrears.owe(address);
    }
}

/// The record of an address that both servers, or one with SOLE powers, have agreed to free.
pub fn freed(mut binding: Binding, me: usize, epoch: u64) -> Binding {
    binding.state = State::Free { last_client: binding.client().cloned() };
    binding.version.0[me] += 1;
    binding.epoch = binding.epoch.max(epoch);
    binding.released = false;
    binding.ending = false;
    binding.told_wall_ms = 0;
    binding.partner_told_wall_ms = 0;
    binding.potential_wall_ms = 0;
    binding.promised_wall_ms = 0;
    binding
}
