//! Who answers, as far as the pair knows: what this server says of itself, and what the partner said.
//!
//! Every table is bounded; what is forgotten costs an answer too many, or one more try of a client.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use super::command::Leaving;
use super::{Pair, State};
use crate::failover::codec::ITEMS_MAX;
use crate::failover::duty::{Manners, Partner};
use crate::failover::message::Body;
use crate::failover::watch::{PacketKey, Sign, Watch};
use crate::leases::Store;
use crate::time::Now;

/// How long the word that a server has no address left in a network holds, in milliseconds.
const EXHAUSTED_MS: u64 = 10_000;
/// How often it is said again while clients ask, in milliseconds.
const EXHAUSTED_AGAIN_MS: u64 = 1_000;
/// Networks that may be exhausted at once.
const EXHAUSTED_MAX: usize = 4_096;
/// How long packets that were taken up gather before the partner hears of them, in milliseconds: it needs the word when
/// a client has waited for seconds, and a word for each packet would cost as much as the packet.
const TAKEN_MS: u64 = 20;
/// Packets that wait to be said to the partner; it has to do without the others.
const TAKEN_MAX: usize = 4_096;
/// How long a disk may stand still before the server is not able any more, in milliseconds.
const DISK_STANDS_MS: u64 = 1_000;

/// What is known of who answers.
#[derive(Debug, Default)]
pub(super) struct Answering {
    pub(super) watch: Watch,
    /// Packets that this server took up and the partner has not heard of.
    taken: Vec<PacketKey>,
    /// Since when the first of them waits.
    taken_since_boot_ms: u64,
    /// Networks in which the partner has no address left, and until when that holds.
    partner_exhausted: BTreeMap<Ipv4Addr, u64>,
    /// Networks in which this server said so, and when.
    exhausted: BTreeMap<Ipv4Addr, u64>,
    manners: Option<Manners>,
    changes: u64,
    /// While something waits for the disk: the last batch on it, and since when that has been the last.
    waits: Option<(u64, u64)>,
    disk_stands: bool,
}

impl Answering {
    pub(super) fn is_partner_awaited(&self) -> bool {
        self.manners.is_some_and(|manners| manners.partner != Partner::Silent)
    }

    /// When the partner is to hear what was taken up, if anything was.
    pub(super) fn taken_due_boot_ms(&self) -> Option<u64> {
        (!self.taken.is_empty()).then_some(self.taken_since_boot_ms + TAKEN_MS)
    }
}

impl Pair {
    /// What of the pair decides whose turn a packet is.
    pub fn manners(&self, now: Now) -> Manners {
        let partner = &self.session.partner;
        let silent = !self.session.is_heard(now, &self.config) || self.session.lost || partner.leaving;
        Manners {
            mode: self.mode(),
            me: self.config.me,
            able: self.is_able(),
            sole: self.facts.sole,
            partner: match (silent, partner.able) {
                (true, _) => Partner::Silent,
                (false, true) => Partner::Able,
                (false, false) => Partner::Unable,
            },
        }
    }

    /// How often whose turn a packet is has changed.
    pub fn turn_changes(&self) -> u64 {
        self.answering.changes
    }

    /// A packet that the partner ought to answer has come.
    pub fn came(&mut self, now: Now, key: PacketKey, secs: u16) -> Sign {
        let sign = self.answering.watch.came(now.boot_ms, key, secs);
        if sign == Sign::InVain {
            self.count("partner-hangs");
        }
        sign
    }

    /// Whether the partner has taken a packet up since then.
    pub fn was_seen_since(&self, since_boot_ms: u64, key: PacketKey) -> bool {
        self.answering.watch.was_seen_since(since_boot_ms, key)
    }

    /// This server has answered a packet that its partner may have heard too, or left it unanswered with reason.
    pub fn took_up(&mut self, now: Now, key: PacketKey) {
        if self.answering.taken.is_empty() {
            self.answering.taken_since_boot_ms = now.boot_ms;
        }
        if self.answering.taken.len() < TAKEN_MAX {
            self.answering.taken.push(key);
        }
    }

    /// A new client asked in a network in which this server has no address of its own left.
    pub fn exhausted(&mut self, now: Now, network: Ipv4Addr) {
        if !self.is_able() || self.facts.sole {
            return;
        }
        let again = |said: u64| said + EXHAUSTED_AGAIN_MS <= now.boot_ms;
        if self.answering.exhausted.get(&network).is_none_or(|said| again(*said)) {
            self.answering.exhausted.retain(|_, said| !again(*said));
            self.answering.exhausted.insert(network, now.boot_ms);
            self.count("exhausted");
            self.say(Body::Exhausted(vec![network]), None);
        }
    }

    /// Whether the partner has said lately that it has no address left in a network.
    pub fn is_partner_exhausted(&self, now: Now, network: impl FnOnce() -> Option<Ipv4Addr>) -> bool {
        let networks = &self.answering.partner_exhausted;
        !networks.is_empty()
            && network().and_then(|network| networks.get(&network)).is_some_and(|until| *until > now.boot_ms)
    }

    pub(super) fn partner_is_exhausted(&mut self, now: Now, networks: &[Ipv4Addr]) {
        self.count("partner-exhausted");
        let known = &mut self.answering.partner_exhausted;
        known.retain(|_, until| *until > now.boot_ms);
        for network in networks {
            if known.len() < EXHAUSTED_MAX {
                known.insert(*network, now.boot_ms + EXHAUSTED_MS);
            }
        }
        self.answering.changes += 1;
    }

    /// Whether it serves everybody whom its addresses reach.
    pub(super) fn is_able(&self) -> bool {
        let serves = match self.state {
            State::Starting | State::GivenUp | State::Stale | State::Isolated => false,
            State::SoleWait | State::Sole | State::Interrupted | State::Rejoin | State::Normal => true,
        };
        serves && self.leaving == Leaving::No && !self.answering.disk_stands
    }

    /// A disk that stands still lets nothing be acknowledged, while heartbeats go on.
    pub(super) fn watch_disk(&mut self, now: Now, store: &Store) {
        let synced = store.synced();
        let before = self.answering.waits.filter(|(last, _)| *last == synced);
        let waits = store.unsynced().map(|_| before.unwrap_or((synced, now.boot_ms)));
        self.answering.waits = waits;
        let stands = waits.is_some_and(|(_, since)| now.boot_ms >= since + DISK_STANDS_MS);
        if stands && !self.answering.disk_stands {
            self.count("disk-stands");
        }
        self.answering.disk_stands = stands;
    }

    /// Whoever keeps packets must hear that their turn has changed; and so must the partner, if this server is able to
    /// do what it was not, or the reverse.
    pub(super) fn notice_manners(&mut self, now: Now) {
        let manners = self.manners(now);
        let before = self.answering.manners.replace(manners);
        if before == Some(manners) {
            return;
        }
        self.answering.changes += 1;
        if before.is_some_and(|before| before.able != manners.able) && self.session.addressed {
            self.say(Body::Heartbeat, None);
        }
    }

    /// Says what was taken up, if it fills a message or has waited.
    pub(super) fn say_what_was_taken_up(&mut self, now: Now) {
        let due = self.answering.taken_due_boot_ms().is_some_and(|due| due <= now.boot_ms);
        if !due && self.answering.taken.len() < ITEMS_MAX {
            return;
        }
        let taken = std::mem::take(&mut self.answering.taken);
        if self.session.is_heard(now, &self.config) && !self.facts.sole {
            for packets in taken.chunks(ITEMS_MAX) {
                self.say(Body::Seen(packets.to_vec()), None);
            }
        }
    }
}
