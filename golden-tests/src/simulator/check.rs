//! What must hold at every step, and at the end.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use leasehold_server::failover::pair::{Accord, State as PairState};
use leasehold_server::leases::{Binding, State, Version};
use leasehold_server::serve::Outgoing;
use leasehold_server::wire::{Message, MessageType, OptionIndex, code};

use super::Harm;
use super::client::Lease;
use super::world::{SETTLED, World};

/// How long an address may wait to be freed: it rests for the lead time; what a partner was told is padded; after 15 min
/// the clocks are 18 s apart by their rates alone; and an END that was refused is tried again after 5 s.
const STRANDED_MS: u64 = 80_000;
/// Within which time a client is answered while a server is up.
const ANSWERED_MS: u64 = 1_000;

impl World {
    /// One holder an address, as clients see it.
    pub(super) fn one_holder(&mut self, number: usize, lease: Lease) {
        let other = self
            .clients
            .iter()
            .find(|other| usize::from(other.number) != number && other.holds(self.t) == Some(lease.address));
        if let Some(other) = other {
            let (other, theirs) = (other.number, other.lease);
            let records: Vec<_> = self
                .servers
                .iter()
                .map(|server| {
                    server.node.as_ref().and_then(|node| node.store().bindings().get(lease.address))
                })
                .collect();
            let what = format!(
                "clients {other} and {number} both hold {}: {theirs:?} and {lease:?}; records {records:#?}",
                lease.address
            );
            self.fail(Harm::TwoHolders, &what);
        }
    }

    /// Whom both servers hear is answered in time, once the clients have settled.
    pub(super) fn nobody_waits(&mut self, number: usize) {
        let client = &self.clients[number];
        let waits = client.asked.filter(|since| *since > SETTLED && since + ANSWERED_MS < self.t);
        if let Some(since) = waits {
            let what = format!("client {number} waits for an answer since {since}: {client:?}");
            self.fail(Harm::Unwell, &what);
        }
    }

    /// Remembers what a server acknowledged.
    pub(super) fn note_acknowledgement(&mut self, at: usize, outgoing: &Outgoing) {
        let mut index = OptionIndex::new();
        let Ok(message) = Message::read(&outgoing.bytes, &mut index) else { return };
        if message.message_type() != Ok(Some(MessageType::Ack)) || message.yiaddr().is_unspecified() {
            return;
        }
        let seconds = u64::from(message.u32_option(code::LEASE_TIME).unwrap_or(0));
        let server = &mut self.servers[at];
        let until = server.now(self.t).wall_ms + seconds * 1_000;
        let record = server.node.as_ref().and_then(|node| node.store().bindings().get(message.yiaddr()));
        let Some(record) = record else { return };
        let State::Bound(holder) = &record.state else { return };
        let (address, born) = (record.address, record.born);
        let before = server.acknowledged.insert(address, (holder.key.clone(), until, born));
        // Who began it counts its own changes up with it.
        let began = before.is_none_or(|(_, _, before)| before.0[at] < born.0[at] && before != born);
        if began && born.0[at] > 0 && record.version == born {
            self.nothing_frozen_is_bound(at, address);
        }
    }

    /// Nothing acknowledged is missing after a restart, unless it had ended before.
    pub(super) fn nothing_is_missing(&mut self, at: usize) {
        let server = &self.servers[at];
        let Some(node) = &server.node else { return };
        let mut missing = None;
        for (address, (key, until, born)) in &server.acknowledged {
            let is_that = |record: &&Binding| {
                matches!(&record.state, State::Bound(holder) if holder.key == *key) && record.born == *born
            };
            if server.last_records.get(address).filter(is_that).is_none() {
                continue;
            }
            let found = node.store().bindings().get(*address);
            // Its client may have declined it, which had been forgotten for a moment before.
            let is_kept =
                |record: &&Binding| is_that(record) || matches!(record.state, State::Declined { .. });
            if found.filter(is_kept).is_none_or(|record| record.told_wall_ms < *until) {
                missing =
                    Some(format!("server {at} acknowledged {address} until {until}; recovered {found:?}"));
            }
        }
        if let Some(missing) = missing {
            self.fail(Harm::Lost, &missing);
        }
    }

    /// Adds up what a server counted in its life; a conflict is the impossible.
    pub(super) fn harvest(&mut self, at: usize) {
        let Some(node) = &self.servers[at].node else { return };
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        if let Some(pair) = node.pair() {
            counts.extend(pair.counts().iter().map(|(name, count)| ((*name).to_owned(), *count)));
        }
        let kept = node.counters().kept_answered();
        if kept > 0 {
            counts.insert("kept-answered".to_owned(), kept);
        }
        let rights = node.store().right_counts();
        counts.extend(rights.rights.iter().map(|(right, count)| (format!("right {right:?}"), *count)));
        counts
            .extend(rights.refusals.iter().map(|(refusal, count)| (format!("refusal {refusal:?}"), *count)));
        for (name, count) in counts {
            if name == "conflict" {
                self.fail(Harm::Conflict, &format!("server {at} counted {count} conflicts"));
            }
            *self.report.counts.entry(name).or_default() += count;
        }
    }

    /// After the faults have stopped.
    pub(super) fn what_is_wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let unsure: u64 = self.servers.iter().map(|server| server.unsure_ms(self.t)).sum();
        let mut records: Vec<BTreeMap<Ipv4Addr, (u64, Version, String)>> = Vec::new();
        for server in &self.servers {
            let number = server.number;
            let Some(node) = &server.node else {
                wrong.push(format!("server {number} is off"));
                continue;
            };
            let pair = node.pair().expect("both are of a pair");
            if pair.state() != PairState::Normal {
                wrong.push(format!("server {number} is {}: {:?}", pair.state().name(), pair.facts()));
            }
            let accord = pair.artefact_status();
            if accord.accord != Accord::Agreed || accord.frozen != Some(0) {
                wrong.push(format!("server {number} says of the artefacts: {accord:?}"));
            }
            if pair.unacked() > 0 {
                wrong
                    .push(format!("server {number} has {} records its partner may not have", pair.unacked()));
            }
            let now = server.now(self.t).wall_ms;
            for record in node.store().bindings().iter() {
                let over = match record.state {
                    State::Free { .. } => continue,
                    State::Bound(_) => record.expires_wall_ms(),
                    State::Declined { until_wall_ms } => record.expires_wall_ms().max(until_wall_ms),
                };
                // What is reserved stays with its client.
                if over + STRANDED_MS + unsure < now && !node.store().is_kept(record.address) {
                    wrong.push(format!("server {number} strands {record:?}"));
                }
            }
            let view = |record: &Binding| {
                let state = match &record.state {
                    State::Free { .. } => "free".to_owned(),
                    State::Bound(holder) => format!("{:?}", holder.key),
                    State::Declined { .. } => "declined".to_owned(),
                };
                (record.address, (record.epoch, record.version, state))
            };
            records.push(node.store().bindings().iter().map(view).collect());
        }
        if let [first, second] = &records[..]
            && first != second
        {
            let other = first.iter().find(|(address, record)| second.get(*address) != Some(record));
            wrong.push(format!("records differ: {other:?} of {} and {}", first.len(), second.len()));
        }
        for client in &self.clients {
            if client.still {
                continue;
            }
            if !client.is_settled() || client.holds(self.t).is_none() {
                wrong.push(format!("client {} has no lease: {client:?}", client.number));
            }
        }
        wrong
    }
}
