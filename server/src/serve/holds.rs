//! Addresses that were offered and not yet asked for. In memory only: an offer is no promise (RFC 2131
//! section 3.1), and a restart may forget it.
//!
//! Invariant: a client holds at most one address and an address is held for at most one client.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use crate::leases::ClientKey;

/// How long an offer is held, in milliseconds: clients ask again within a minute (RFC 2131 section 4.1).
pub const HOLD_MS: u64 = 60_000;
/// How many offers are held at once; the oldest goes first.
pub const HOLDS_MAX: usize = 65_536;

#[derive(Clone, Debug)]
struct Hold {
    key: ClientKey,
    until_boot_ms: u64,
}

/// All offers that are held.
#[derive(Clone, Debug, Default)]
pub struct Holds {
    by_address: HashMap<Ipv4Addr, Hold>,
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
        let before = self.by_client.insert(key.clone(), address).filter(|before| *before != address);
        if let Some(before) = before {
            self.by_address.remove(&before);
        }
        self.by_address.insert(address, Hold { key: key.clone(), until_boot_ms });
        self.order.push_back((until_boot_ms, address));
        before
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
