//! Bindings in memory: by address, and by the client that holds or last held them.
//!
//! Invariant: an address has at most one binding, and a binding stands in the chain of exactly the client that
//! [`Binding::client`] names. Knows nothing of pools or time.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::net::Ipv4Addr;

use super::client::ClientKey;
use super::record::Binding;
use crate::estate::FastHash;

/// Every address that ever had a record, and who has it.
#[derive(Debug, Default)]
pub struct Bindings {
    slots: Vec<Slot>,
    by_address: HashMap<u32, u32, FastHash>,
    /// Hash of a client's key -> first slot of its chain. Keys are compared in the slots, so they are kept once.
    by_client: HashMap<u64, u32>,
    hasher: RandomState,
    bound: usize,
}

#[derive(Debug)]
struct Slot {
    binding: Binding,
    next_of_client: u32,
}

const NO_SLOT: u32 = u32::MAX;

impl Bindings {
    /// The record of `address`; absent: nobody ever had it.
    pub fn get(&self, address: Ipv4Addr) -> Option<&Binding> {
        self.by_address.get(&address.to_bits()).map(|&at| &self.slots[at as usize].binding)
    }

    /// Every address the client holds or was the last to hold, the one it was given last first.
    pub fn of_client<'a>(&'a self, key: &'a ClientKey) -> impl Iterator<Item = &'a Binding> + 'a {
        let mut at = self.by_client.get(&self.hasher.hash_one(key)).copied().unwrap_or(NO_SLOT);
        std::iter::from_fn(move || {
            let slot = self.slots.get(at as usize)?;
            at = slot.next_of_client;
            Some(&slot.binding)
        })
        .filter(move |binding| binding.client().is_some_and(|client| client.key == *key))
    }

    /// Every record, in the order in which the addresses first got one.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.slots.iter().map(|slot| &slot.binding)
    }

    /// The records from a position on in the order of [`Bindings::iter`], which new records only lengthen.
    pub fn from(&self, at: usize) -> impl Iterator<Item = &Binding> {
        self.slots.get(at..).unwrap_or_default().iter().map(|slot| &slot.binding)
    }

    /// The record at a position in the order of [`Bindings::iter`].
    pub(super) fn nth(&self, at: usize) -> Option<&Binding> {
        self.slots.get(at).map(|slot| &slot.binding)
    }

    /// Count of records, free ones included.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether no address ever had a record.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Count of records in which a client holds the address; an expired one counts until it is freed.
    pub fn bound(&self) -> usize {
        self.bound
    }

    /// Makes room for so many more records at once, so that reading them neither moves nor doubles what is there.
    pub(super) fn reserve(&mut self, more: usize) {
        self.slots.reserve(more);
        self.by_address.reserve(more);
        self.by_client.reserve(more);
    }

    /// Puts a record in the place of the address's former one.
    pub(super) fn put(&mut self, binding: Binding) {
        let address = binding.address.to_bits();
        let at = match self.by_address.get(&address) {
            Some(&at) => {
                self.bound -= usize::from(self.slots[at as usize].binding.is_bound());
                self.unlink(at);
                at
            }
            None => {
                let at = u32::try_from(self.slots.len()).expect("there are fewer slots than IPv4 addresses");
                self.by_address.insert(address, at);
                at
            }
        };
        self.bound += usize::from(binding.is_bound());
        let next_of_client = binding
            .client()
            .and_then(|client| self.by_client.insert(self.hasher.hash_one(&client.key), at))
            .unwrap_or(NO_SLOT);
        let slot = Slot { binding, next_of_client };
        match self.slots.get_mut(at as usize) {
            Some(place) => *place = slot,
            None => self.slots.push(slot),
        }
    }

    /// Raises what the partner has promised for an address that has a record.
    pub(super) fn raise_potential(&mut self, address: Ipv4Addr, potential_wall_ms: u64) {
        if let Some(&at) = self.by_address.get(&address.to_bits()) {
            let potential = &mut self.slots[at as usize].binding.potential_wall_ms;
            *potential = potential_wall_ms.max(*potential);
        }
    }

    /// Takes a slot out of its client's chain. Chains are as long as the addresses one client had: a few.
    fn unlink(&mut self, at: u32) {
        let Some(client) = self.slots[at as usize].binding.client() else { return };
        let hash = self.hasher.hash_one(&client.key);
        let next = self.slots[at as usize].next_of_client;
        let head =
            self.by_client.get(&hash).copied().expect("a slot with a client stands in that client's chain");
        if head == at {
            match next {
                NO_SLOT => self.by_client.remove(&hash),
                next => self.by_client.insert(hash, next),
            };
            return;
        }
        let mut before = head;
        while self.slots[before as usize].next_of_client != at {
            before = self.slots[before as usize].next_of_client;
        }
        self.slots[before as usize].next_of_client = next;
    }
}
