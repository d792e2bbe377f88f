//! When an address must be looked at again: a queue in buckets of one second, not a sweep.
//!
//! Each address waits in one bucket. A later time costs nothing when it is set: the address is met in its old
//! bucket and moved then, so a renewal touches only one number.

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;

use crate::estate::FastHash;

/// Addresses by the second in which they fall due.
#[derive(Debug, Default)]
pub(super) struct Expiry {
    buckets: BTreeMap<u64, Vec<u32>>,
    /// The bucket each waiting address stands in; others it is still named in are out of date.
    armed: HashMap<u32, u32, FastHash>,
}

impl Expiry {
    /// Sees to it that `address` is looked at no later than the second after `wall_ms`.
    pub(super) fn arm(&mut self, address: Ipv4Addr, wall_ms: u64) {
        let address = address.to_bits();
        let second = second_after(wall_ms);
        if self.armed.get(&address).is_some_and(|&armed| u64::from(armed) <= second) {
            return;
        }
        // Seconds since 1970 fit 32 bits until 2106; what lies beyond is looked at then.
        let bucket = u32::try_from(second).unwrap_or(u32::MAX);
        self.armed.insert(address, bucket);
        self.buckets.entry(u64::from(bucket)).or_default().push(address);
    }

    /// The next moment at which [`Expiry::due`] gives anything, in milliseconds since 1970 UTC.
    pub(super) fn deadline_wall_ms(&self) -> Option<u64> {
        self.buckets.keys().next().map(|second| second * 1000)
    }

    /// An address that is due; it waits no more until it is armed again.
    pub(super) fn due(&mut self, now_wall_ms: u64) -> Option<Ipv4Addr> {
        loop {
            let mut bucket =
                self.buckets.first_entry().filter(|bucket| bucket.key() * 1000 <= now_wall_ms)?;
            let second = *bucket.key();
            let Some(address) = bucket.get_mut().pop() else {
                bucket.remove();
                continue;
            };
            if self.armed.get(&address).is_some_and(|&armed| u64::from(armed) == second) {
                self.armed.remove(&address);
                return Some(Ipv4Addr::from_bits(address));
            }
        }
    }
}

fn second_after(wall_ms: u64) -> u64 {
    wall_ms.div_ceil(1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 1);

    #[test]
    fn an_address_is_due_once_at_its_earliest_time() {
        let mut expiry = Expiry::default();
        expiry.arm(ADDRESS, 5_500);
        expiry.arm(ADDRESS, 9_000);
        expiry.arm(ADDRESS, 3_000);
        assert_eq!(expiry.deadline_wall_ms(), Some(3_000));
        assert_eq!(expiry.due(2_999), None);
        assert_eq!(expiry.due(3_000), Some(ADDRESS));
        assert_eq!(expiry.due(u64::MAX), None);
        assert_eq!(expiry.deadline_wall_ms(), None);
    }

    #[test]
    fn an_address_armed_again_is_due_again() {
        let mut expiry = Expiry::default();
        expiry.arm(ADDRESS, 1_000);
        assert_eq!(expiry.due(1_000), Some(ADDRESS));
        expiry.arm(ADDRESS, 2_000);
        assert_eq!(expiry.due(2_000), Some(ADDRESS));
    }

    #[test]
    fn a_time_beyond_the_calendar_is_held_back_not_lost() {
        let mut expiry = Expiry::default();
        expiry.arm(ADDRESS, u64::MAX);
        assert!(expiry.deadline_wall_ms().is_some());
    }
}
