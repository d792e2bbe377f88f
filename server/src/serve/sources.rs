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
use crate::wire::code;

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

/// One who says a value, whether or not it holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sayer {
    /// Who.
    pub owner: Owner,
    /// At which level.
    pub layer: Layer,
    /// Whether the word is that nothing is sent.
    pub removes: bool,
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

    /// The sub-options that anybody says, each as often as it is said.
    pub fn encapsulated_codes(&self) -> impl Iterator<Item = (Space, u8)> + '_ {
        self.each()
            .flat_map(|(_, values)| values.encapsulated().iter().map(|option| (option.space, option.code.0)))
    }

    /// Everybody who says a value, the one whose word holds first. Empty: a default or the protocol gives it.
    pub fn sayers(&self, slot: Slot) -> Vec<Sayer> {
        let named = self.situation.known.scopes.iter().flatten().copied().filter(|id| {
            let hostname = &self.situation.tables.registry().get(*id).hostname;
            slot == Slot::Option(Space::Dhcp4, code::HOST_NAME) && hostname.is_some()
        });
        let named = named.map(|id| Sayer {
            owner: Owner::Reservation(id),
            layer: Layer::Reservation,
            removes: false,
        });
        let said = self.each().filter_map(|(owner, values)| {
            let (layer, removes) = match slot {
                Slot::Option(space, code) => values.said(space, code)?,
                Slot::Parameter(key) => said_parameter(&values.parameters, key)?,
                Slot::Address => return None,
            };
            Some(Sayer { owner, layer, removes })
        });
        named.chain(said).collect()
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

/// The level at which a parameter is said, and whether that takes it away; by its key in the estate language.
fn said_parameter(parameters: &Parameters, key: &str) -> Option<(Layer, bool)> {
    fn said<T>(value: &Option<Layered<T>>) -> Option<(Layer, bool)> {
        value.as_ref().map(|said| (said.layer, said.value.is_none()))
    }
    match key {
        "lease.default" => said(&parameters.lease_default_secs),
        "lease.min" => said(&parameters.lease_min_secs),
        "lease.max" => said(&parameters.lease_max_secs),
        "renew-after" => said(&parameters.renew_after_secs),
        "rebind-after" => said(&parameters.rebind_after_secs),
        "next-server" => said(&parameters.next_server),
        "server-hostname" => said(&parameters.server_hostname),
        "boot-file-name" => said(&parameters.boot_file_name),
        "always-send" => said(&parameters.always_send),
        "never-send" => said(&parameters.never_send),
        "authoritative" => said(&parameters.authoritative),
        "identity" => said(&parameters.identity),
        "rapid-commit" => said(&parameters.rapid_commit),
        "decline-probation" => said(&parameters.decline_probation_secs),
        "reply-to" => said(&parameters.reply_to),
        "reply-port" => said(&parameters.reply_port),
        _ => None,
    }
}
