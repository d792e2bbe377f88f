//! Whose word counts: the sets of values that bear on one reply, the winning one first.
//!
//! Reservation, then device entries of site and estate; then what each class of the client means here, in the
//! estate's order; then pool and places. The first that says a key decides it, and a null decides that it is not
//! sent. What places say of one key is merged already, in the artefact.

use leasehold_schemas::artefact::{Layered, OptionValue, Parameters};
use leasehold_schemas::vocab::{Cidr, Layer, Space};

use super::situation::{Place, Situation};
use super::trace::{Slot, Trace};
use crate::estate::{ClassId, ReservationId, Values, ValuesId};

/// Who said a value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    /// A reservation or device entry.
    Reservation(ReservationId),
    /// What a class means in this subnet, its pool and the places around it.
    Class(ClassId, Cidr),
    /// Pool, subnet or a place around it.
    Place(Cidr),
    /// Nobody: the protocol or a default.
    Server,
}

/// What somebody said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Said<T> {
    /// What.
    pub value: T,
    /// Who.
    pub owner: Owner,
    /// At which level.
    pub layer: Layer,
}

/// One sub-option that holds: space, code, and its octets.
pub type Inner<'a> = (Space, u8, Said<&'a [u8]>);

/// The sets of values for one client at one place.
#[derive(Clone, Debug)]
pub struct Sources<'a> {
    situation: &'a Situation<'a>,
    prefix: Cidr,
    devices: [Option<(ReservationId, &'a Values)>; 3],
    meanings: &'a [(ClassId, ValuesId)],
    place: &'a Values,
}

impl<'a> Sources<'a> {
    /// For the client of `situation` at `place`; `meanings` is room to gather its classes in.
    pub fn gather(
        situation: &'a Situation<'a>,
        place: Place,
        meanings: &'a mut Vec<(ClassId, ValuesId)>,
    ) -> Sources<'a> {
        let tables = situation.tables;
        let subnet = tables.subnet(place.subnet);
        let (values, plan) = match place.pool.map(|pool| tables.pool(pool)) {
            Some(pool) => (pool.values, pool.plan),
            None => (subnet.values, subnet.plan),
        };
        meanings.clear();
        tables.plan(plan).collect(&situation.membership(), meanings);
        let devices = situation.known.scopes.map(|id| {
            let id = id?;
            tables.registry().get(id).values.map(|values| (id, tables.values(values)))
        });
        Sources { situation, prefix: subnet.prefix, devices, meanings, place: tables.values(values) }
    }

    /// The subnet's prefix.
    pub fn prefix(&self) -> Cidr {
        self.prefix
    }

    fn each(&self) -> impl Iterator<Item = (Owner, &'a Values)> + '_ {
        let tables = self.situation.tables;
        let devices = self.devices.iter().flatten().map(|(id, values)| (Owner::Reservation(*id), *values));
        let meanings = self.meanings.iter();
        let meanings =
            meanings.map(move |(class, values)| (Owner::Class(*class, self.prefix), tables.values(*values)));
        devices.chain(meanings).chain(std::iter::once((Owner::Place(self.prefix), self.place)))
    }

    /// The octets of a plain option, unless nobody said it or it was taken away.
    pub fn option(&self, code: u8) -> Option<Said<&'a [u8]>> {
        let (owner, said) =
            self.each().find_map(|(owner, values)| values.option(code).map(|said| (owner, said)))?;
        let OptionValue { space: _, code: _, layer, value } = said;
        value.as_ref().map(|octets| Said { value: octets.0.as_slice(), owner, layer: *layer })
    }

    /// A parameter, unless nobody said it or it was taken away.
    pub fn parameter<T: 'a>(
        &self,
        read: impl Fn(&'a Parameters) -> Option<&'a Layered<T>>,
    ) -> Option<Said<&'a T>> {
        let (owner, said) =
            self.each().find_map(|(owner, values)| read(&values.parameters).map(|said| (owner, said)))?;
        said.value.as_ref().map(|value| Said { value, owner, layer: said.layer })
    }

    /// A parameter, reported to `trace`, or its default.
    pub fn parameter_or<T: Copy + 'a>(
        &self,
        read: impl Fn(&'a Parameters) -> Option<&'a Layered<T>>,
        key: &'static str,
        default: T,
        trace: &mut impl Trace,
    ) -> T {
        match self.parameter(read) {
            Some(said) => {
                trace.used(Slot::Parameter(key), said.owner, Some(said.layer));
                *said.value
            }
            None => default,
        }
    }

    /// The name of the client in its reservation or device entry.
    pub fn hostname(&self) -> Option<Said<&'a str>> {
        let registry = self.situation.tables.registry();
        self.situation.known.scopes.iter().flatten().find_map(|id| {
            let value = registry.get(*id).hostname.as_deref()?;
            Some(Said { value, owner: Owner::Reservation(*id), layer: Layer::Reservation })
        })
    }

    /// The codes of all plain options that anybody says, each as often as it is said.
    pub fn plain_codes(&self) -> impl Iterator<Item = u8> + '_ {
        self.each().flat_map(|(_, values)| values.plain().iter().map(|option| option.code.0))
    }

    /// Whether anybody says a sub-option of the spaces that `wanted` accepts.
    pub fn has_encapsulated(&self, wanted: impl Fn(Space) -> bool) -> bool {
        self.each().any(|(_, values)| values.encapsulated().iter().any(|option| wanted(option.space)))
    }

    /// The sub-options that hold, in the order of space and code. A rare path: it may allocate.
    pub fn encapsulated(&self, wanted: impl Fn(Space) -> bool) -> Vec<Inner<'a>> {
        let (mut found, mut gone): (Vec<Inner<'a>>, Vec<(Space, u8)>) = (Vec::new(), Vec::new());
        for (owner, values) in self.each() {
            for OptionValue { space, code, layer, value } in values.encapsulated() {
                let decided = found.iter().any(|(s, c, _)| (*s, *c) == (*space, code.0))
                    || gone.contains(&(*space, code.0));
                if decided || !wanted(*space) {
                    continue;
                }
                match value {
                    Some(octets) => {
                        found.push((*space, code.0, Said { value: &octets.0, owner, layer: *layer }));
                    }
                    None => gone.push((*space, code.0)),
                }
            }
        }
        found.sort_unstable_by_key(|(space, code, _)| (*space, *code));
        found
    }
}
