//! Exchanges under way: what is sent next, what an answer means, what is lost.
//!
//! Invariant: an address acknowledged to one client of a run and then to another counts as a duplicate. Times
//! are nanoseconds since the run began, and arguments.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use hdrhistogram::Histogram;

use crate::packet::{Answer, Message};

const SLOT_BITS: u32 = 20;

/// Kinds of exchange and their weights.
#[derive(Clone, Copy, Debug)]
pub struct Mix {
    /// DISCOVER to ACK.
    pub dora: u32,
    /// Relayed renewal.
    pub renew: u32,
    /// INIT-REBOOT.
    pub reboot: u32,
}

/// What is counted.
pub struct Tally {
    /// Exchanges begun.
    pub begun: u64,
    /// Exchanges that reached their end.
    pub completed: u64,
    /// DISCOVERs without an OFFER in time.
    pub offers_lost: u64,
    /// REQUESTs without an answer in time.
    pub acks_lost: u64,
    /// Refusals.
    pub naks: u64,
    /// Answers to nothing that waits.
    pub strays: u64,
    /// Addresses acknowledged to two clients.
    pub duplicates: u64,
    /// From DISCOVER to OFFER, in microseconds.
    pub offer_us: Histogram<u64>,
    /// From REQUEST to ACK, in microseconds.
    pub ack_us: Histogram<u64>,
}

impl Tally {
    /// Exchanges lost, in percent of those that ended.
    pub fn loss_percent(&self) -> f64 {
        let lost = self.offers_lost + self.acks_lost + self.naks;
        let ended = lost + self.completed;
        if ended == 0 { 100.0 } else { 100.0 * lost as f64 / ended as f64 }
    }
}

#[derive(Clone, Copy)]
struct Slot {
    generation: u32,
    client: u32,
    path: u32,
    sent_ns: u64,
    waits: Option<Waits>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Waits {
    Offer,
    Ack,
}

/// One packet to send.
pub struct Outgoing {
    /// What it says.
    pub message: Message,
    /// Its transaction.
    pub xid: u32,
    /// Its client.
    pub client: u32,
    /// Which relay and link it takes: a number to be taken modulo their counts.
    pub path: u32,
}

/// All exchanges of a run.
pub struct Exchanges {
    slots: Vec<Slot>,
    unused: Vec<u32>,
    waiting: VecDeque<(u64, u32)>,
    holders: HashMap<Ipv4Addr, u32>,
    leased: Vec<(u32, u32, Ipv4Addr)>,
    next_client: u32,
    next_leased: usize,
    turn: u32,
    mix: Mix,
    clients: u32,
    first_client: u32,
    discover_only: bool,
    reflector: bool,
    drop_after_ns: u64,
    /// What was counted.
    pub tally: Tally,
}

impl Exchanges {
    /// None yet.
    pub fn new(run: &crate::arguments::Run) -> Exchanges {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3).expect("constant bounds are valid");
        Exchanges {
            slots: Vec::new(),
            unused: Vec::new(),
            waiting: VecDeque::new(),
            holders: HashMap::new(),
            leased: Vec::new(),
            next_client: 0,
            next_leased: 0,
            turn: 0,
            mix: Mix { dora: run.dora, renew: run.renew, reboot: run.reboot },
            clients: run.clients,
            first_client: run.first_client,
            discover_only: run.discover_only,
            reflector: run.reflector,
            drop_after_ns: u64::try_from(run.drop_after.as_nanos()).unwrap_or(u64::MAX),
            tally: Tally {
                begun: 0,
                completed: 0,
                offers_lost: 0,
                acks_lost: 0,
                naks: 0,
                strays: 0,
                duplicates: 0,
                offer_us: histogram(),
                ack_us: histogram(),
            },
        }
    }

    /// Count of exchanges under way.
    pub fn under_way(&self) -> usize {
        self.slots.len() - self.unused.len()
    }

    /// First number that no client of this run has.
    pub fn clients_end(&self) -> u32 {
        self.first_client + self.next_client
    }

    /// Every client that holds an address, and the address.
    pub fn leases(&self) -> impl Iterator<Item = (u32, Ipv4Addr)> + '_ {
        self.leased.iter().map(|(client, _, address)| (*client, *address))
    }

    /// Begins an exchange; `None` where a million are under way.
    pub fn begin(&mut self, now_ns: u64) -> Option<Outgoing> {
        let (client, path, message) = self.choose();
        let index = match self.unused.pop() {
            Some(index) => index,
            None if self.slots.len() < 1 << SLOT_BITS => {
                self.slots.push(Slot { generation: 0, client: 0, path: 0, sent_ns: 0, waits: None });
                u32::try_from(self.slots.len() - 1).expect("slots are bounded by SLOT_BITS")
            }
            None => return None,
        };
        self.tally.begun += 1;
        let slot = &mut self.slots[index as usize];
        *slot =
            Slot { generation: slot.generation.wrapping_add(1), client, path, sent_ns: now_ns, waits: None };
        Some(self.send(index, message, now_ns))
    }

    fn choose(&mut self) -> (u32, u32, Message) {
        let Mix { dora, renew, reboot } = self.mix;
        let turn = self.turn % (dora + renew + reboot).max(1);
        self.turn = self.turn.wrapping_add(1);
        if turn >= dora && !self.leased.is_empty() {
            let (client, path, address) = self.leased[self.next_leased % self.leased.len()];
            self.next_leased += 1;
            let message =
                if turn < dora + renew { Message::Rebind(address) } else { Message::Reboot(address) };
            return (client, path, message);
        }
        let number = if self.clients == 0 { self.next_client } else { self.next_client % self.clients };
        self.next_client += 1;
        (self.first_client.wrapping_add(number), number, Message::Discover)
    }

    fn send(&mut self, index: u32, message: Message, now_ns: u64) -> Outgoing {
        let slot = &mut self.slots[index as usize];
        slot.sent_ns = now_ns;
        slot.waits = Some(if message == Message::Discover { Waits::Offer } else { Waits::Ack });
        let xid = slot.generation << SLOT_BITS | index;
        self.waiting.push_back((now_ns + self.drop_after_ns, xid));
        Outgoing { message, xid, client: slot.client, path: slot.path }
    }

    /// Takes an answer; perhaps there is a packet to send.
    pub fn answer(&mut self, xid: u32, answer: Answer, now_ns: u64) -> Option<Outgoing> {
        let index = xid & ((1 << SLOT_BITS) - 1);
        let slot = self
            .slots
            .get(index as usize)
            .copied()
            .filter(|slot| slot.generation << SLOT_BITS | index == xid);
        let Some((slot, waits)) = slot.and_then(|slot| slot.waits.map(|waits| (slot, waits))) else {
            self.tally.strays += 1;
            return None;
        };
        let took_us = (now_ns - slot.sent_ns) / 1000;
        match (waits, answer) {
            (Waits::Offer, Answer::Offer(address, server)) => {
                self.tally.offer_us.saturating_record(took_us.max(1));
                if self.discover_only {
                    self.finish(index);
                    return None;
                }
                Some(self.send(index, Message::Select(address, server), now_ns))
            }
            (Waits::Ack, Answer::Ack(address)) => {
                self.tally.ack_us.saturating_record(took_us.max(1));
                self.hold(slot.client, slot.path, address);
                self.finish(index);
                None
            }
            (Waits::Ack, Answer::Nak) => {
                self.tally.naks += 1;
                self.free(index);
                None
            }
            (Waits::Offer, Answer::Ack(_) | Answer::Nak) | (Waits::Ack, Answer::Offer(..)) => {
                self.tally.strays += 1;
                None
            }
        }
    }

    /// Takes a packet that a reflector sent back: an OFFER or ACK of no address.
    pub fn reflected(&mut self, xid: u32, now_ns: u64) -> Option<Outgoing> {
        let index = xid & ((1 << SLOT_BITS) - 1);
        let waits = self.slots.get(index as usize).and_then(|slot| slot.waits);
        let nowhere = Ipv4Addr::UNSPECIFIED;
        match waits {
            Some(Waits::Ack) => self.answer(xid, Answer::Ack(nowhere), now_ns),
            Some(Waits::Offer) | None => self.answer(xid, Answer::Offer(nowhere, nowhere), now_ns),
        }
    }

    fn hold(&mut self, client: u32, path: u32, address: Ipv4Addr) {
        if self.reflector {
            return;
        }
        match self.holders.insert(address, client) {
            None => self.leased.push((client, path, address)),
            Some(before) if before == client => {}
            Some(_) => self.tally.duplicates += 1,
        }
    }

    fn finish(&mut self, index: u32) {
        self.tally.completed += 1;
        self.free(index);
    }

    fn free(&mut self, index: u32) {
        self.slots[index as usize].waits = None;
        self.unused.push(index);
    }

    /// Gives up on what has waited too long.
    pub fn expire(&mut self, now_ns: u64) {
        while let Some((deadline, xid)) = self.waiting.front().copied() {
            let index = xid & ((1 << SLOT_BITS) - 1);
            let slot = self.slots[index as usize];
            let current = slot.generation << SLOT_BITS | index == xid;
            let sent_later = slot.sent_ns + self.drop_after_ns > deadline;
            let answered = !current || slot.waits.is_none() || sent_later;
            if !answered && deadline > now_ns {
                return;
            }
            self.waiting.pop_front();
            if answered {
                continue;
            }
            match slot.waits {
                Some(Waits::Offer) => self.tally.offers_lost += 1,
                Some(Waits::Ack) => self.tally.acks_lost += 1,
                None => {}
            }
            self.free(index);
        }
    }
}
