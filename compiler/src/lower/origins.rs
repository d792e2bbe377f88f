//! Who said what: for each slot of the artefact, the place that won and those it overrode.
//!
//! Never serialised, and looked up only when asked: who compiles pays nothing for it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::OnceLock;

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::source::{Said, Span};
use leasehold_schemas::vocab::{Cidr, ClassName, Layer, OptionCode, SiteCode, Space};

use crate::model::{Device, Estate, Id, Network, Parameters, Pool, Reservation, Scope, Subnet, Values};

/// A place of the artefact, by what is stable in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A subnet, by its prefix.
    Subnet(Cidr),
    /// A pool, by its subnet and any of its addresses.
    Pool(Cidr, Ipv4Addr),
    /// A reservation, by its subnet and what it knows the client by.
    Reservation(Cidr, Identifier),
    /// A device known anywhere in a site.
    SiteDevice(SiteCode, Identifier),
    /// A device known anywhere in the estate.
    Device(Identifier),
}

/// What is told to a client.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueName {
    /// An option.
    Option(Space, OptionCode),
    /// Something that is no option.
    Parameter(Parameter),
}

/// One who said a value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Origin {
    /// At which level.
    pub layer: Layer,
    /// Where the value stands.
    pub span: Span,
    /// Whether it takes an inherited value away.
    pub removes: bool,
}

/// The origins of a lowered estate.
#[derive(Debug)]
pub struct Origins<'a> {
    estate: &'a Estate,
    subnets: OnceLock<BTreeMap<Cidr, Id<Subnet>>>,
}

impl<'a> Origins<'a> {
    /// Of an estate, sound or not; in one that is not, the first of equals is found.
    pub fn new(estate: &'a Estate) -> Origins<'a> {
        Origins { estate, subnets: OnceLock::new() }
    }

    /// Everyone who says the value for the place, the winner first, then those it overrides, nearest first.
    ///
    /// With a class: what places say of the class. Without: what they say of every client; a reservation's own
    /// word stands before that of its subnet.
    pub fn of(&self, place: &Place, class: Option<&ClassName>, value: ValueName) -> Vec<Origin> {
        let (own, scope) = self.sayers(place);
        let chain = scope.into_iter().flat_map(|scope| self.estate.chain(scope));
        let own =
            own.filter(|_| class.is_none()).and_then(|values| self.said(values, Layer::Reservation, value));
        let said =
            chain.filter_map(|scope| self.said(values_in(self.estate, scope, class)?, scope.layer, value));
        own.into_iter().chain(said).collect()
    }

    /// Where the subnet's prefix stands.
    pub fn subnet(&self, prefix: Cidr) -> Option<Span> {
        self.find_subnet(prefix).map(|subnet| subnet.prefix.span)
    }

    /// Where the pool's range stands.
    pub fn pool(&self, prefix: Cidr, address: Ipv4Addr) -> Option<Span> {
        self.find_pool(prefix, address).map(|pool| pool.range.span)
    }

    /// Where the reservation stands, and where its address does.
    pub fn reservation(&self, prefix: Cidr, identifier: &Identifier) -> Option<(Span, Option<Span>)> {
        let reservation = self.find_reservation(prefix, identifier)?;
        Some((reservation.span, reservation.address.as_ref().map(|address| address.span)))
    }

    /// Where the device entry stands that is known in a site, or, without one, in the whole estate.
    pub fn device(&self, site: Option<&SiteCode>, identifier: &Identifier) -> Option<Span> {
        self.find_device(site, identifier).map(|device| device.span)
    }

    /// Where the host name stands that a reservation or device entry gives its client.
    pub fn hostname(&self, place: &Place) -> Option<Span> {
        let hostname = match place {
            Place::Subnet(_) | Place::Pool(..) => None,
            Place::Reservation(prefix, identifier) => {
                self.find_reservation(*prefix, identifier)?.hostname.as_ref()
            }
            Place::SiteDevice(code, identifier) => {
                self.find_device(Some(code), identifier)?.hostname.as_ref()
            }
            Place::Device(identifier) => self.find_device(None, identifier)?.hostname.as_ref(),
        };
        hostname.map(|hostname| hostname.span)
    }

    /// Where the name of the subnet's network stands.
    pub fn network(&self, prefix: Cidr) -> Option<Span> {
        self.find_network(prefix).map(|network| network.name.span)
    }

    /// Where the subnet's network names a relay address.
    pub fn relay(&self, prefix: Cidr, address: Ipv4Addr) -> Option<Span> {
        let mut relays = self.find_network(prefix)?.relays.iter();
        relays.find(|relay| relay.value == address).map(|relay| relay.span)
    }

    /// Where a class stands, and where its test does.
    pub fn class(&self, name: &ClassName) -> Option<(Span, Option<Span>)> {
        let class = self.estate.classes.values().find(|class| class.name.value == *name)?;
        Some((class.name.span, class.test.as_ref().map(|test| test.span)))
    }

    /// Where the guard of a subnet or pool begins.
    pub fn guard(&self, place: &Place) -> Option<Span> {
        let (_, scope) = self.sayers(place);
        self.estate.scopes[scope?].only.first().map(|guard| guard.span)
    }

    /// Where the guard of the subnet's network begins.
    pub fn network_guard(&self, prefix: Cidr) -> Option<Span> {
        let scope = self.find_network(prefix)?.scope;
        self.estate.scopes[scope].only.first().map(|guard| guard.span)
    }

    /// What the place itself says if it is no scope, and the scope it inherits from. A device has none: what it
    /// inherits depends on the subnet that its client stands in.
    fn sayers(&self, place: &Place) -> (Option<&'a Values>, Option<Id<Scope>>) {
        match place {
            Place::Subnet(prefix) => (None, self.find_subnet(*prefix).map(|subnet| subnet.scope)),
            Place::Pool(prefix, address) => (None, self.find_pool(*prefix, *address).map(|pool| pool.scope)),
            Place::Reservation(prefix, identifier) => (
                self.find_reservation(*prefix, identifier).map(|reservation| &reservation.values),
                self.find_subnet(*prefix).map(|subnet| subnet.scope),
            ),
            Place::SiteDevice(code, identifier) => {
                (self.find_device(Some(code), identifier).map(|device| &device.values), None)
            }
            Place::Device(identifier) => {
                (self.find_device(None, identifier).map(|device| &device.values), None)
            }
        }
    }

    fn said(&self, values: &Values, layer: Layer, value: ValueName) -> Option<Origin> {
        match value {
            ValueName::Option(space, code) => {
                let assignment = values.options.iter().find(|assignment| {
                    let definition = &self.estate.definitions[assignment.option];
                    (definition.space, definition.code) == (space, code)
                })?;
                Some(Origin { layer, span: assignment.span, removes: assignment.bytes.is_none() })
            }
            ValueName::Parameter(parameter) => {
                let (span, removes) = parameter.said_in(&values.parameters)?;
                Some(Origin { layer, span, removes })
            }
        }
    }

    fn find_subnet(&self, prefix: Cidr) -> Option<&'a Subnet> {
        let index = self.subnets.get_or_init(|| {
            let mut index = BTreeMap::new();
            for (id, subnet) in self.estate.subnets.iter() {
                index.entry(subnet.prefix.value).or_insert(id);
            }
            index
        });
        index.get(&prefix).map(|id| &self.estate.subnets[*id])
    }

    fn find_network(&self, prefix: Cidr) -> Option<&'a Network> {
        self.find_subnet(prefix).map(|subnet| &self.estate.networks[subnet.network])
    }

    fn find_device(&self, site: Option<&SiteCode>, identifier: &Identifier) -> Option<&'a Device> {
        let code = |device: &'a Device| device.site.map(|site| &self.estate.sites[site].code.value);
        let mut devices = self.estate.devices.values();
        devices.find(|device| code(device) == site && device.identifier.value == *identifier)
    }

    fn find_pool(&self, prefix: Cidr, address: Ipv4Addr) -> Option<&'a Pool> {
        let mut pools = self.find_subnet(prefix)?.pools.iter().map(|id| &self.estate.pools[*id]);
        pools.find(|pool| pool.range.value.contains(address))
    }

    fn find_reservation(&self, prefix: Cidr, identifier: &Identifier) -> Option<&'a Reservation> {
        let mut reservations =
            self.find_subnet(prefix)?.reservations.iter().map(|id| &self.estate.reservations[*id]);
        reservations.find(|reservation| reservation.identifier.value == *identifier)
    }
}

/// What a scope says of every client, or of a class.
fn values_in<'a>(estate: &Estate, scope: &'a Scope, class: Option<&ClassName>) -> Option<&'a Values> {
    let Some(class) = class else { return Some(&scope.values) };
    let named = |id: Id<_>| estate.classes[id].name.value == *class;
    scope.meanings.iter().find(|meaning| named(meaning.class)).map(|meaning| &meaning.values)
}

/// Defines the parameters with how each is looked up, in one list.
macro_rules! parameters {
    ($($variant:ident $field:ident),* $(,)?) => {
        /// Everything that may be told or decided and is no option; documented in `source::ClientSettings` and
        /// `source::PlaceSettings`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[expect(missing_docs, reason = "the variants are the keys of the estate language")]
        pub enum Parameter {
            $($variant),*
        }

        impl Parameter {
            /// Every parameter.
            pub const ALL: &[Parameter] = &[$(Parameter::$variant),*];

            /// Where it is said, and whether that takes it away.
            fn said_in(self, parameters: &Parameters) -> Option<(Span, bool)> {
                let Parameters { $($field),* } = parameters;
                match self {
                    $(Parameter::$variant => said($field)),*
                }
            }
        }
    };
}

parameters! {
    LeaseDefault lease_default,
    LeaseMin lease_min,
    LeaseMax lease_max,
    RenewAfter renew_after,
    RebindAfter rebind_after,
    NextServer next_server,
    ServerHostname server_hostname,
    BootFileName boot_file_name,
    AlwaysSend always_send,
    NeverSend never_send,
    Authoritative authoritative,
    Identity identity,
    RapidCommit rapid_commit,
    DeclineProbation decline_probation,
    ReplyTo reply_to,
    ReplyPort reply_port,
}

fn said<T>(value: &Said<T>) -> Option<(Span, bool)> {
    value.span().map(|span| (span, matches!(value, Said::Unset(_))))
}
