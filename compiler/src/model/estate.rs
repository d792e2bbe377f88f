//! The arenas.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use leasehold_schemas::artefact::{Identifier, Test};
use leasehold_schemas::source::{ChangeLimits, HighAvailability, OptionType, Span, Spanned};
use leasehold_schemas::vocab::{AddrRange, Cidr, ClassName, Layer, OptionCode, SiteCode, Space};

use super::arena::{Arena, Id};
use super::values::{Meaning, Values};

/// A whole estate, or what one file adds to what is common: then everything common can be looked up in it, and only
/// what the file says is walked.
#[derive(Clone, Debug, Default)]
pub struct Estate {
    /// What `estate.yaml` says of all sites, shared by every part.
    common: Arc<Common>,
    /// Everything that inherits.
    pub scopes: Arena<Scope>,
    /// Sites in the order of their files.
    pub sites: Arena<Site>,
    /// Networks, those of a site together and in the order written.
    pub networks: Arena<Network>,
    /// Subnets, those of a network together and in the order written.
    pub subnets: Arena<Subnet>,
    /// Pools, those of a subnet together and in the order written.
    pub pools: Arena<Pool>,
    /// Reservations in networks, those of a subnet together and in the order written.
    pub reservations: Arena<Reservation>,
    /// Devices known in a site or the estate.
    pub devices: Arena<Device>,
    /// Every `allow:` entry.
    pub allows: Arena<Allow>,
    /// Files that did not parse or lack what makes them a site: findings that their content could explain (unused,
    /// missing) stay silent while there is one.
    pub incomplete: bool,
    /// Where earlier phases found faults, in order: the elements there, or parts of them, are not in the model.
    /// Asked through [`Estate::is_partial`].
    pub poisoned: Vec<Span>,
    /// What misspelt names and broken files probably name: it counts as used.
    pub probable_uses: ProbableUses,
    /// Common scopes from which a site inherits directly.
    pub inherited: BTreeSet<Id<Scope>>,
}

/// What `estate.yaml` says of all sites.
#[derive(Clone, Debug, Default)]
pub struct Common {
    /// The estate's name; absent only where `estate.yaml` is missing or broken.
    pub name: Option<Spanned<String>>,
    /// The scope of `estate.yaml`, first of all scopes; absent as the name is.
    pub scope: Option<Id<Scope>>,
    /// The prefixes the estate may use.
    pub address_space: Vec<Spanned<Cidr>>,
    /// Whether some of them may be missing here, because what the estate says cannot be read.
    pub address_space_partial: bool,
    /// The pair that serves the estate.
    pub high_availability: Option<HighAvailability>,
    /// Whose option 118 chooses a network.
    pub subnet_selection_sources: Vec<Spanned<AddrRange>>,
    /// How large a change may be, at every site.
    pub change_limits: Option<ChangeLimits>,
    /// Classes in the order of evaluation.
    pub classes: Arena<Class>,
    /// Profiles in the order written.
    pub profiles: Arena<Profile>,
    /// Options: the standard ones, then the estate's own.
    pub definitions: Arena<Definition>,
}

impl Deref for Estate {
    type Target = Common;
    fn deref(&self) -> &Common {
        &self.common
    }
}

impl DerefMut for Estate {
    fn deref_mut(&mut self) -> &mut Common {
        Arc::make_mut(&mut self.common)
    }
}

impl Estate {
    /// A part for the file of this number, with nothing in it yet. Numbers count from 1 in the order of files.
    pub fn begin_part(&self, number: u32) -> Estate {
        Estate {
            common: Arc::clone(&self.common),
            scopes: self.scopes.begin_part(number),
            sites: self.sites.begin_part(number),
            networks: self.networks.begin_part(number),
            subnets: self.subnets.begin_part(number),
            pools: self.pools.begin_part(number),
            reservations: self.reservations.begin_part(number),
            devices: self.devices.begin_part(number),
            allows: self.allows.begin_part(number),
            incomplete: self.incomplete,
            poisoned: self.poisoned.clone(),
            probable_uses: ProbableUses::default(),
            inherited: BTreeSet::new(),
        }
    }

    /// What is common and every part, the first numbered 1 and the others after it.
    pub fn join(&self, parts: &[&Estate]) -> Estate {
        let parts = || parts.iter().copied();
        let mut poisoned: Vec<Span> = self
            .poisoned
            .iter()
            .copied()
            .chain(parts().flat_map(|part| part.poisoned.iter().copied()))
            .collect();
        poisoned.sort_unstable();
        poisoned.dedup();
        let mut whole = Estate {
            common: Arc::clone(&self.common),
            scopes: self.scopes.join(parts().map(|part| &part.scopes)),
            sites: self.sites.join(parts().map(|part| &part.sites)),
            networks: self.networks.join(parts().map(|part| &part.networks)),
            subnets: self.subnets.join(parts().map(|part| &part.subnets)),
            pools: self.pools.join(parts().map(|part| &part.pools)),
            reservations: self.reservations.join(parts().map(|part| &part.reservations)),
            devices: self.devices.join(parts().map(|part| &part.devices)),
            allows: self.allows.join(parts().map(|part| &part.allows)),
            incomplete: self.incomplete || parts().any(|part| part.incomplete),
            poisoned,
            probable_uses: self.probable_uses.clone(),
            inherited: self.inherited.clone(),
        };
        for part in parts() {
            whole.probable_uses.join(&part.probable_uses);
            whole.inherited.extend(&part.inherited);
        }
        whole
    }
}

/// What misspelt names and broken files probably name. One mistake is one finding: who misspells the only use of a
/// profile is not told as well that the profile is unused.
#[derive(Clone, Debug, Default)]
pub struct ProbableUses {
    /// Profiles.
    pub profiles: BTreeSet<Id<Profile>>,
    /// Classes.
    pub classes: BTreeSet<Id<Class>>,
    /// The estate's own options.
    pub definitions: BTreeSet<Id<Definition>>,
}

impl ProbableUses {
    /// Takes in another's.
    pub fn join(&mut self, other: &ProbableUses) {
        let ProbableUses { profiles, classes, definitions } = other;
        self.profiles.extend(profiles);
        self.classes.extend(classes);
        self.definitions.extend(definitions);
    }
}

/// A level of inheritance: what it says, and from where it inherits.
#[derive(Clone, Debug)]
pub struct Scope {
    /// Which level.
    pub layer: Layer,
    /// The next wider scope; a site's is its profile's, if it names one.
    pub parent: Option<Id<Scope>>,
    /// What it says.
    pub values: Values,
    /// What classes mean in it. The estate's scope holds what the class definitions say.
    pub meanings: Vec<Meaning>,
    /// Guard of a network, subnet or pool; empty: everyone.
    pub only: Vec<Guard>,
    /// Whether the guard names more, which was reported as unknown or cannot be known.
    pub only_partial: bool,
    /// Where it stands.
    pub span: Span,
}

/// A class named by a guard: one of the estate's, or a built-in.
pub type Guard = Spanned<ClassName>;

/// One site.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its code.
    pub code: Spanned<SiteCode>,
    /// What people call it.
    pub name: Option<Spanned<String>>,
    /// Its profile.
    pub profile: Option<Spanned<Id<Profile>>>,
    /// How large a change may be here.
    pub change_limits: Option<ChangeLimits>,
    /// What it says.
    pub scope: Id<Scope>,
    /// Its networks.
    pub networks: Vec<Id<Network>>,
    /// Devices known anywhere in it.
    pub devices: Vec<Id<Device>>,
}

/// One layer-2 segment.
#[derive(Clone, Debug)]
pub struct Network {
    /// Its site.
    pub site: Id<Site>,
    /// Its name.
    pub name: Spanned<String>,
    /// Relay addresses beside those inside its subnets.
    pub relays: Vec<Spanned<Ipv4Addr>>,
    /// What it says.
    pub scope: Id<Scope>,
    /// Its subnets.
    pub subnets: Vec<Id<Subnet>>,
}

/// One subnet.
#[derive(Clone, Debug)]
pub struct Subnet {
    /// Its network.
    pub network: Id<Network>,
    /// Its prefix.
    pub prefix: Spanned<Cidr>,
    /// The prefix was written with host bits set: findings that depend on the exact prefix stay silent.
    pub suspect: bool,
    /// Its number, if one was said.
    pub id: Option<Spanned<u32>>,
    /// What it says.
    pub scope: Id<Scope>,
    /// Its pools.
    pub pools: Vec<Id<Pool>>,
    /// Addresses never given out.
    pub exclusions: Vec<Exclusion>,
    /// Its reservations.
    pub reservations: Vec<Id<Reservation>>,
}

impl Subnet {
    /// The number said, or the default: the network address as an integer.
    pub fn number(&self) -> u32 {
        self.id.as_ref().map_or(self.prefix.value.network().to_bits(), |id| id.value)
    }
}

/// One pool.
#[derive(Clone, Debug)]
pub struct Pool {
    /// Its subnet.
    pub subnet: Id<Subnet>,
    /// Its addresses, exclusions still in it.
    pub range: Spanned<AddrRange>,
    /// What it says.
    pub scope: Id<Scope>,
}

/// Addresses never given out.
#[derive(Clone, Debug)]
pub struct Exclusion {
    /// The addresses.
    pub range: Spanned<AddrRange>,
    /// Why.
    pub reason: Option<Spanned<String>>,
}

/// A client known by name in a network.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// Its subnet.
    pub subnet: Id<Subnet>,
    /// What it is known by.
    pub identifier: Spanned<Identifier>,
    /// Its address.
    pub address: Option<Spanned<Ipv4Addr>>,
    /// Its host name.
    pub hostname: Option<Spanned<String>>,
    /// Classes it is in, whatever its packets say.
    pub classes: Vec<Guard>,
    /// What it says.
    pub values: Values,
    /// Where it stands.
    pub span: Span,
}

/// A device known anywhere in a site, or in the estate.
#[derive(Clone, Debug)]
pub struct Device {
    /// Its site; `None`: known in the whole estate.
    pub site: Option<Id<Site>>,
    /// What it is known by.
    pub identifier: Spanned<Identifier>,
    /// Its host name.
    pub hostname: Option<Spanned<String>>,
    /// Classes it is in, whatever its packets say.
    pub classes: Vec<Guard>,
    /// What it says.
    pub values: Values,
    /// Where it stands.
    pub span: Span,
}

/// A client class.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: Spanned<ClassName>,
    /// Who is in it; `None` also where its expression was reported as broken.
    pub test: Option<Spanned<Test>>,
    /// Where it stands.
    pub span: Span,
}

/// A profile.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Its name.
    pub name: Spanned<String>,
    /// What it says.
    pub scope: Id<Scope>,
}

/// An option that may be given a value.
#[derive(Clone, Debug)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Which numbering its code belongs to.
    pub space: Space,
    /// Its code.
    pub code: OptionCode,
    /// Type of a value, or of one element of an array.
    pub kind: OptionType,
    /// Whether the value is a list.
    pub array: bool,
    /// Types of a record's fields.
    pub fields: Vec<OptionType>,
    /// Where the estate defines it; `None`: a standard option.
    pub span: Option<Span>,
}

impl Definition {
    /// Whether two definitions have the same name, or the same code in the same space.
    pub fn collides_with(&self, other: &Definition) -> bool {
        self.name == other.name || (self.space == other.space && self.code == other.code)
    }
}

/// A finding silenced at a place.
#[derive(Clone, Debug)]
pub struct Allow {
    /// The rule's slug or code.
    pub rule: Spanned<String>,
    /// Why.
    pub reason: Spanned<String>,
    /// The last day on which it holds, as written.
    pub until: Option<Spanned<String>>,
    /// The element it stands in: findings whose primary label lies within are silenced. `None`: the whole estate.
    pub element: Option<Span>,
    /// Where the entry stands.
    pub span: Span,
}
