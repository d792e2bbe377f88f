//! Answers that wait for the partner's promise, so that a first lease is a whole one. Bounded; each ends by the
//! partner's ack or by its time.

use std::collections::{HashMap, VecDeque};
use std::net::Ipv4Addr;

use super::parking::{PARKED_MAX, Parked};
use crate::leases::{Binding, Durable};

type Waiting = (Parked, Durable<Binding>);

/// All that wait, one an address: a later question takes the place of an earlier one.
#[derive(Debug, Default)]
pub(super) struct Promises {
    by_address: HashMap<Ipv4Addr, (u64, Waiting)>,
    /// In the order in which they end; an entry whose time is not its address's is out of date.
    order: VecDeque<(u64, Ipv4Addr)>,
}

impl Promises {
    pub(super) fn has_room(&self) -> bool {
        self.order.len() < PARKED_MAX
    }

    pub(super) fn len(&self) -> usize {
        self.by_address.len()
    }

    pub(super) fn wait(&mut self, until_boot_ms: u64, parked: Parked, durable: Durable<Binding>) {
        let address = durable.get().address;
        self.by_address.insert(address, (until_boot_ms, (parked, durable)));
        self.order.push_back((until_boot_ms, address));
    }

    pub(super) fn fulfilled(&mut self, address: Ipv4Addr) -> Option<Waiting> {
        self.by_address.remove(&address).map(|(_, waiting)| waiting)
    }

    pub(super) fn overdue(&mut self, now_boot_ms: u64) -> Option<Waiting> {
        while let Some(&(until, address)) = self.order.front() {
            let current = self.by_address.get(&address).is_some_and(|(at, _)| *at == until);
            if current && until > now_boot_ms {
                return None;
            }
            self.order.pop_front();
            if current {
                return self.fulfilled(address);
            }
        }
        None
    }

    pub(super) fn deadline_boot_ms(&self) -> Option<u64> {
        self.order.front().map(|(until, _)| *until)
    }
}
