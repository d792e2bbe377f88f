//! Clients known by name, by what they are known by: in a network, in a site, in the estate.
//!
//! A packet is looked up by hardware address, client identifier, circuit ID, remote ID and DUID, in this order, and
//! only by the kinds that its network, site or estate uses at all. Where one scope has an identifier twice, the
//! first entry counts.

use std::collections::HashMap;

use leasehold_schemas::artefact::{self, Identifier};

use super::classes::{ClassId, Classes};
use super::error::TableError;
use super::hash::FastHash;
use super::tables::SubnetId;
use super::values::ValuesId;
use crate::wire::{Message, code};

const IDENTIFIER_LEN_MAX: usize = 255;
/// Scope and kind stand before the identifier.
const KEY_HEAD: usize = 5;

/// A reservation or device entry by its place in the artefact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ReservationId(u32);

/// A client known by name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reservation {
    /// What it is known by.
    pub identifier: Identifier,
    /// Its subnet; absent for a device entry of a site or the estate.
    pub subnet: Option<SubnetId>,
    /// Its address.
    pub address: Option<std::net::Ipv4Addr>,
    /// Its host name.
    pub hostname: Option<Box<str>>,
    /// Classes it is in, sorted.
    pub classes: Box<[ClassId]>,
    /// What it gets.
    pub values: Option<ValuesId>,
}

/// What is known of one client; the narrower scope wins.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Known {
    /// In its network, its site, and the estate.
    pub scopes: [Option<ReservationId>; 3],
}

impl Known {
    /// Whether anything names the client.
    pub fn is_known(&self) -> bool {
        self.scopes.iter().any(Option::is_some)
    }

    /// Its reservation in its network.
    pub fn reservation(&self) -> Option<ReservationId> {
        self.scopes[0]
    }
}

/// All reservations and device entries.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    entries: Vec<Reservation>,
    by_key: HashMap<Box<[u8]>, ReservationId, FastHash>,
    /// One bit a kind, by scope.
    kinds: Vec<u8>,
}

const KINDS: usize = 5;

impl Registry {
    /// For `scopes` scopes, none with an entry.
    pub(super) fn new(scopes: usize) -> Registry {
        Registry { entries: Vec::new(), by_key: HashMap::default(), kinds: vec![0; scopes] }
    }

    pub(super) fn add(
        &mut self,
        scope: u32,
        subnet: Option<SubnetId>,
        entry: &artefact::Reservation,
        sets: usize,
        classes: &mut Classes,
    ) -> Result<(), TableError> {
        let artefact::Reservation { identifier, address, hostname, classes: named, values } = entry;
        let (kind, octets) = key_of(identifier);
        if octets.len() > IDENTIFIER_LEN_MAX {
            return Err(TableError::IdentifierTooLong(octets.len()));
        }
        if let Some(values) = values.filter(|at| *at as usize >= sets) {
            return Err(TableError::NoSuchValues(values));
        }
        let mut in_classes =
            named.iter().map(|name| classes.resolve(name)).collect::<Result<Vec<ClassId>, TableError>>()?;
        in_classes.sort_unstable();
        in_classes.dedup();
        let id =
            ReservationId(u32::try_from(self.entries.len()).expect("an artefact has fewer than 2^32 lines"));
        self.entries.push(Reservation {
            identifier: identifier.clone(),
            subnet,
            address: *address,
            hostname: hostname.as_deref().map(Into::into),
            classes: in_classes.into(),
            values: values.map(ValuesId),
        });
        let mut key = [0; KEY_HEAD + IDENTIFIER_LEN_MAX];
        self.by_key.entry(write_key(&mut key, scope, kind, octets).into()).or_insert(id);
        self.kinds[scope as usize] |= 1 << kind;
        Ok(())
    }

    /// Renumbers the subnets that entries name.
    pub(super) fn move_subnets(&mut self, moved: impl Fn(&mut SubnetId)) {
        self.entries.iter_mut().filter_map(|entry| entry.subnet.as_mut()).for_each(moved);
    }

    /// Every entry, in the order of the artefact.
    pub fn entries(&self) -> impl Iterator<Item = &Reservation> {
        self.entries.iter()
    }

    /// An entry.
    pub fn get(&self, id: ReservationId) -> &Reservation {
        &self.entries[id.0 as usize]
    }

    /// What the scopes of network, site and estate know of the sender.
    pub(super) fn find(&self, scopes: [u32; 3], message: &Message<'_>) -> Known {
        Known { scopes: scopes.map(|scope| self.find_in(scope, message)) }
    }

    fn find_in(&self, scope: u32, message: &Message<'_>) -> Option<ReservationId> {
        let kinds = *self.kinds.get(scope as usize)?;
        if kinds == 0 {
            return None;
        }
        let mut key = [0; KEY_HEAD + IDENTIFIER_LEN_MAX];
        (0..KINDS).filter(|kind| kinds & (1 << kind) != 0).find_map(|kind| {
            let octets = octets_of(kind, message).filter(|octets| octets.len() <= IDENTIFIER_LEN_MAX)?;
            self.by_key.get(write_key(&mut key, scope, kind, octets)).copied()
        })
    }
}

fn key_of(identifier: &Identifier) -> (usize, &[u8]) {
    match identifier {
        Identifier::Mac(mac) => (0, mac.octets()),
        Identifier::ClientId(octets) => (1, &octets.0),
        Identifier::CircuitId(octets) => (2, &octets.0),
        Identifier::RemoteId(octets) => (3, &octets.0),
        Identifier::Duid(octets) => (4, &octets.0),
    }
}

/// What a packet says of itself, by the numbers of [`key_of`].
fn octets_of<'a>(kind: usize, message: &Message<'a>) -> Option<&'a [u8]> {
    match kind {
        0 => Some(message.chaddr()).filter(|octets| !octets.is_empty()),
        1 => message.option(code::CLIENT_IDENTIFIER),
        2 => message.agent_option(code::AGENT_CIRCUIT_ID),
        3 => message.agent_option(code::AGENT_REMOTE_ID),
        // Type 255, four octets of IAID, then the DUID (RFC 4361 section 6.1).
        _ => match message.option(code::CLIENT_IDENTIFIER)? {
            [255, _, _, _, _, duid @ ..] => Some(duid),
            _ => None,
        },
    }
}

fn write_key<'a>(
    key: &'a mut [u8; KEY_HEAD + IDENTIFIER_LEN_MAX],
    scope: u32,
    kind: usize,
    octets: &[u8],
) -> &'a [u8] {
    key[..4].copy_from_slice(&scope.to_be_bytes());
    key[4] = u8::try_from(kind).expect("there are five kinds");
    key[KEY_HEAD..KEY_HEAD + octets.len()].copy_from_slice(octets);
    &key[..KEY_HEAD + octets.len()]
}
