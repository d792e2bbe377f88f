//! Addresses that were offered and not yet asked for. In memory only: an offer is no promise (RFC 2131
//! section 3.1), and a restart may forget it.
//!
//! Invariant: a client holds at most one address and an address is held for at most one client.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use crate::estate::FastHash;
use crate::leases::ClientKey;

/// How long an offer is held, in milliseconds: clients ask again within a minute (RFC 2131 section 4.1).
pub const HOLD_MS: u64 = 60_000;
/// How many offers are held at once; the oldest goes first.
pub const HOLDS_MAX: usize = 65_536;

/// How many entries of the order may be out of date, beside one for each hold, before they are swept out: a client
/// that asks without end must not make it grow.
const OUTDATED_MAX: usize = 1024;

#[derive(Clone, Debug)]
struct Hold {
    key: ClientKey,
    until_boot_ms: u64,
}

/// All offers that are held.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    by_address: HashMap<Ipv4Addr, Hold, FastHash>,
    by_client: HashMap<ClientKey, Ipv4Addr>,
    /// In the order in which they end; an entry whose time is not its hold's is out of date.
    order: VecDeque<(u64, Ipv4Addr)>,
}

impl Holds {
    /// The address held for a client.
    pub fn of_client(&self, key: &ClientKey) -> Option<Ipv4Addr> {
        self.by_client.get(key).copied()
    }

    /// Whether an address is held for somebody else.
    pub fn is_held_for_other(&self, address: Ipv4Addr, key: &ClientKey) -> bool {
        self.by_address.get(&address).is_some_and(|hold| hold.key != *key)
    }

    /// Holds an address for a client; gives the address it held before, if that is another.
    pub fn hold(&mut self, key: &ClientKey, address: Ipv4Addr, now_boot_ms: u64) -> Option<Ipv4Addr> {
        let until_boot_ms = now_boot_ms + HOLD_MS;
        if let Some(hold) = self.by_address.get_mut(&address).filter(|hold| hold.key == *key) {
            hold.until_boot_ms = until_boot_ms;
            self.remember(until_boot_ms, address);
            return None;
        }
        let before = self.by_client.insert(key.clone(), address).filter(|before| *before != address);
        if let Some(before) = before {
            self.by_address.remove(&before);
        }
        let other = self.by_address.insert(address, Hold { key: key.clone(), until_boot_ms });
        if let Some(other) = other.filter(|other| other.key != *key) {
            self.by_client.remove(&other.key);
        }
        self.remember(until_boot_ms, address);
        before
    }

    /// Notes when a hold ends, and now and then forgets what is out of date.
    fn remember(&mut self, until_boot_ms: u64, address: Ipv4Addr) {
        self.order.push_back((until_boot_ms, address));
        if self.order.len() > 2 * self.by_address.len() + OUTDATED_MAX {
            let Holds { by_address, order, .. } = self;
            order.retain(|(until, at)| by_address.get(at).is_some_and(|hold| hold.until_boot_ms == *until));
        }
    }

    /// Ends the hold of an address, whoever has it: it was bound.
    pub fn end(&mut self, address: Ipv4Addr) {
        if let Some(hold) = self.by_address.remove(&address) {
            self.by_client.remove(&hold.key);
        }
    }

    /// Ends what a client holds; gives the address.
    pub fn end_of_client(&mut self, key: &ClientKey) -> Option<Ipv4Addr> {
        let address = self.by_client.remove(key)?;
        self.by_address.remove(&address);
        Some(address)
    }

    /// An address whose hold is over, or has to give way to newer ones.
    pub fn expired(&mut self, now_boot_ms: u64) -> Option<Ipv4Addr> {
        loop {
            let (until, address) = *self.order.front()?;
            let current = self.by_address.get(&address).is_some_and(|hold| hold.until_boot_ms == until);
            if current && until > now_boot_ms && self.by_address.len() <= HOLDS_MAX {
                return None;
            }
            self.order.pop_front();
            if current {
                self.end(address);
                return Some(address);
            }
        }
    }

    /// When the next hold ends, at the earliest, on the boot clock.
    pub fn deadline_boot_ms(&self) -> Option<u64> {
        self.order.front().map(|(until, _)| *until)
    }

    /// Count of held addresses.
    pub fn len(&self) -> usize {
        self.by_address.len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.by_address.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: u8) -> ClientKey {
        ClientKey::Identifier([number].into())
    }

    const A: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);
    const B: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 2);

    #[test]
    fn a_client_holds_one_address_and_a_repeated_offer_lasts_longer() {
        let mut holds = Holds::default();
        assert_eq!(holds.hold(&key(1), A, 0), None);
        assert_eq!(holds.hold(&key(1), A, 30_000), None);
        assert!(holds.is_held_for_other(A, &key(2)));
        assert!(!holds.is_held_for_other(A, &key(1)));
        assert_eq!(holds.expired(HOLD_MS), None, "the first offer's end is out of date");
        assert_eq!(holds.hold(&key(1), B, 70_000), Some(A));
        assert_eq!(holds.of_client(&key(1)), Some(B));
        assert_eq!(holds.expired(70_000 + HOLD_MS), Some(B));
        assert!(holds.is_empty());
    }

    #[test]
    fn offers_without_end_take_no_room_without_end() {
        let mut holds = Holds::default();
        for at in 0..10_000 {
            holds.hold(&key(1), if at % 2 == 0 { A } else { B }, at);
        }
        assert_eq!(holds.len(), 1);
        assert!(holds.order.len() <= 2 + OUTDATED_MAX + 1);
        assert_eq!(holds.expired(u64::MAX), Some(B));
        assert_eq!(holds.deadline_boot_ms(), None);
    }
}
