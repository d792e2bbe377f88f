//! Exchanges that wait for the store: owned, counted, bounded.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use leasehold_schemas::vocab::Seconds;

use crate::leases::Ticket;
use crate::serve::{Goal, Meta};
use crate::wire::{Message, MessageType};

/// How many exchanges may wait at once: more than a disk that syncs in 10 ms leaves waiting at 100,000 a second.
pub const PARKED_MAX: usize = 4096;

/// An exchange that waits. The message is kept as it came: the answer is built for the estate of that moment.
#[derive(Clone, Debug)]
pub(super) struct Parked {
    pub(super) bytes: Vec<u8>,
    pub(super) meta: Meta,
    pub(super) goal: Goal,
    pub(super) lease: Seconds,
    /// How often the store was asked.
    pub(super) tries: u8,
    key: Key,
}

/// What two copies of one message have in common; relays come in redundant pairs and each sends one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Key {
    giaddr: Option<Ipv4Addr>,
    transaction: u32,
    chaddr: [u8; 16],
    kind: MessageType,
}

impl Key {
    fn of(message: &Message<'_>, kind: MessageType) -> Key {
        Key {
            giaddr: message.giaddr(),
            transaction: message.transaction(),
            chaddr: message.chaddr_field(),
            kind,
        }
    }
}

/// All exchanges that wait.
#[derive(Debug, Default)]
pub(super) struct Parking {
    slots: Vec<Option<Parked>>,
    vacant: Vec<usize>,
    keys: HashSet<Key>,
    spare: Vec<Vec<u8>>,
    /// Makes every ticket new, so that a late outcome finds nobody else's exchange.
    issued: u64,
}

const SLOT_BITS: u32 = 16;

impl Parking {
    pub(super) fn len(&self) -> usize {
        self.slots.len() - self.vacant.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= PARKED_MAX
    }

    /// Whether a copy of the message waits already.
    pub(super) fn contains(&self, message: &Message<'_>, kind: MessageType) -> bool {
        !self.keys.is_empty() && self.keys.contains(&Key::of(message, kind))
    }

    /// Parks an exchange; there must be room.
    pub(super) fn park(
        &mut self,
        message: &Message<'_>,
        kind: MessageType,
        meta: Meta,
        goal: Goal,
        lease: Seconds,
        tries: u8,
    ) -> Ticket {
        assert!(!self.is_full(), "whoever parks has asked whether there is room");
        let key = Key::of(message, kind);
        self.keys.insert(key);
        let mut bytes = self.spare.pop().unwrap_or_default();
        bytes.clear();
        bytes.extend_from_slice(message.bytes());
        let at = self.vacant.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[at] = Some(Parked { bytes, meta, goal, lease, tries, key });
        self.issued += 1;
        Ticket((self.issued << SLOT_BITS) | at as u64)
    }

    /// Takes an exchange out again.
    pub(super) fn leave(&mut self, ticket: Ticket) -> Option<Parked> {
        let at = usize::try_from(ticket.0 & ((1 << SLOT_BITS) - 1)).expect("16 bits");
        let parked = self.slots.get_mut(at)?.take()?;
        self.vacant.push(at);
        self.keys.remove(&parked.key);
        Some(parked)
    }

    /// Gives back a message's buffer.
    pub(super) fn recycle(&mut self, bytes: Vec<u8>) {
        self.spare.push(bytes);
    }
}
