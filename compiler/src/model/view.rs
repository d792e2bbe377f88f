//! What one kind of client is told in one place: everything said for it, what wins first.
//!
//! A reservation or a device known anywhere wins over places, and so does a class; of what is said of a class the
//! nearest place wins. Views look at one class at a time: clients in several classes are not enumerated.
//!
//! Invariant: views come in the order of subnets, each pool's behind its subnet's, so that the same estate gives
//! the same order.

use std::collections::BTreeSet;

use leasehold_schemas::source::{Said, Spanned};

use super::arena::Id;
use super::estate::{Class, Definition, Device, Estate, Reservation, Scope, Subnet};
use super::values::{Assignment, Parameters, Values};

/// Whose view it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Client {
    /// Anyone there.
    Anyone,
    /// A member of the class.
    Member(Id<Class>),
    /// A client with a reservation.
    Reserved(Id<Reservation>),
    /// A device known in the site or the estate.
    Known(Id<Device>),
}

/// What one kind of client is told in one place.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Whose view it is.
    pub client: Client,
    /// The place: a subnet, a pool, or a wider one in which there are no subnets.
    pub scope: Id<Scope>,
    /// The subnet, or the pool's.
    pub subnet: Option<Id<Subnet>>,
    /// Everything said, what wins first.
    values: Vec<&'a Values>,
}

/// Something said, and how near: 0 wins over 1, and so on.
#[derive(Clone, Copy, Debug)]
pub struct Ranked<T> {
    /// How near.
    pub rank: usize,
    /// What is said.
    pub said: T,
}

impl<'a> View<'a> {
    /// The value of a parameter; `None` where nobody says it, or the nearest takes it away.
    pub fn parameter<T>(&self, of: fn(&Parameters) -> &Said<T>) -> Option<&'a Spanned<T>> {
        self.nearest(of).and_then(|ranked| ranked.said.set())
    }

    /// What the nearest says of a parameter who says anything of it.
    pub fn nearest<T>(&self, of: fn(&Parameters) -> &Said<T>) -> Option<Ranked<&'a Said<T>>> {
        let said = |(rank, values): (usize, &'a Values)| match of(&values.parameters) {
            Said::Absent => None,
            said @ (Said::Unset(_) | Said::Broken | Said::Set(_)) => Some(Ranked { rank, said }),
        };
        self.values.iter().copied().enumerate().find_map(said)
    }

    /// What is said at a rank.
    pub fn said_at(&self, rank: usize) -> &'a Values {
        self.values[rank]
    }

    /// What wins of an option; `None` where nobody says it. An assignment without bytes takes it away.
    pub fn option(&self, option: Id<Definition>) -> Option<&'a Assignment> {
        self.values.iter().find_map(|values| values.assignment(option))
    }

    /// Everything said of options, the nearest first, what is overridden included.
    pub fn said_options(&self) -> impl Iterator<Item = &'a Assignment> {
        self.values.iter().copied().flat_map(|values| &values.options)
    }

    /// Every option that wins with a value, the nearest first, and its octets.
    pub fn options(&self) -> impl Iterator<Item = (&'a Assignment, &'a [u8])> {
        let mut seen = BTreeSet::new();
        let winning = self.said_options().filter(move |assignment| seen.insert(assignment.option));
        winning.filter_map(|assignment| Some((assignment, assignment.bytes.as_deref()?)))
    }
}

impl Estate {
    /// Shows every view: each subnet's, each pool's that says something, each wider place's without subnets, and in
    /// subnets and such pools those of classes, reservations and devices for which something is said that is `asked`.
    pub fn views<'a>(&'a self, asked: fn(&Values) -> bool, visit: &mut dyn FnMut(&View<'a>)) {
        for id in self.scopes_without_subnets() {
            let values = self.chain(id).map(|scope| &scope.values).collect();
            visit(&View { client: Client::Anyone, scope: id, subnet: None, values });
            self.class_views(id, None, asked, visit);
        }
        let devices: Vec<(Id<Device>, &Device)> =
            self.devices.in_sight().filter(|(_, device)| asked(&device.values)).collect();
        for (subnet_id, subnet) in self.subnets.iter() {
            self.place_views(subnet.scope, subnet_id, asked, visit);
            for pool in &subnet.pools {
                let scope = &self.scopes[self.pools[*pool].scope];
                if asked(&scope.values) || scope.meanings.iter().any(|meaning| asked(&meaning.values)) {
                    self.place_views(self.pools[*pool].scope, subnet_id, asked, visit);
                }
            }
            let place: Vec<&Values> = self.chain(subnet.scope).map(|scope| &scope.values).collect();
            let mut show = |client, own| {
                let values = std::iter::once(own).chain(place.iter().copied()).collect();
                visit(&View { client, scope: subnet.scope, subnet: Some(subnet_id), values });
            };
            for id in &subnet.reservations {
                let own = &self.reservations[*id].values;
                if asked(own) {
                    show(Client::Reserved(*id), own);
                }
            }
            let site = self.networks[subnet.network].site;
            for (id, device) in &devices {
                if device.site.is_none_or(|of| of == site) {
                    show(Client::Known(*id), &device.values);
                }
            }
        }
    }

    /// Shows what each place says alone, without what it inherits, where something is said that is `asked`.
    pub fn statements<'a>(&'a self, asked: fn(&Values) -> bool, visit: &mut dyn FnMut(&View<'a>)) {
        for (id, scope) in self.scopes.iter() {
            if asked(&scope.values) {
                let values = vec![&scope.values];
                visit(&View { client: Client::Anyone, scope: id, subnet: None, values });
            }
        }
    }

    /// Everything that anybody says: places, then what classes mean in them, reservations, devices.
    pub fn all_values(&self) -> impl Iterator<Item = &Values> {
        let places = self.scopes.values().flat_map(said_in);
        let reservations = self.reservations.values().map(|reservation| &reservation.values);
        places.chain(reservations).chain(self.devices.values().map(|device| &device.values))
    }

    /// The same, with what is common to all sites where this is the part of one.
    pub fn values_in_sight(&self) -> impl Iterator<Item = &Values> {
        let places = self.scopes.in_sight().flat_map(|(_, scope)| said_in(scope));
        let reservations = self.reservations.values().map(|reservation| &reservation.values);
        places.chain(reservations).chain(self.devices.in_sight().map(|(_, device)| &device.values))
    }

    fn scopes_without_subnets(&self) -> impl Iterator<Item = Id<Scope>> {
        // Subnets and pools are places of their own, and what has a narrower place is seen there.
        let mut seen: Vec<Id<Scope>> = self.scopes.values().filter_map(|scope| scope.parent).collect();
        seen.extend(self.subnets.values().map(|subnet| subnet.scope));
        seen.extend(self.pools.values().map(|pool| pool.scope));
        seen.extend(&self.inherited);
        seen.sort_unstable();
        self.scopes.iter().map(|(id, _)| id).filter(move |id| seen.binary_search(id).is_err())
    }

    fn place_views<'a>(
        &'a self,
        scope: Id<Scope>,
        subnet: Id<Subnet>,
        asked: fn(&Values) -> bool,
        visit: &mut dyn FnMut(&View<'a>),
    ) {
        let values = self.chain(scope).map(|scope| &scope.values).collect();
        visit(&View { client: Client::Anyone, scope, subnet: Some(subnet), values });
        self.class_views(scope, Some(subnet), asked, visit);
    }

    fn class_views<'a>(
        &'a self,
        scope: Id<Scope>,
        subnet: Option<Id<Subnet>>,
        asked: fn(&Values) -> bool,
        visit: &mut dyn FnMut(&View<'a>),
    ) {
        let meanings = || self.chain(scope).flat_map(|scope| &scope.meanings);
        let classes: BTreeSet<Id<Class>> =
            meanings().filter(|meaning| asked(&meaning.values)).map(|meaning| meaning.class).collect();
        for class in classes {
            let own = meanings().filter(|meaning| meaning.class == class).map(|meaning| &meaning.values);
            let values = own.chain(self.chain(scope).map(|scope| &scope.values)).collect();
            visit(&View { client: Client::Member(class), scope, subnet, values });
        }
    }
}

fn said_in(scope: &Scope) -> impl Iterator<Item = &Values> {
    std::iter::once(&scope.values).chain(scope.meanings.iter().map(|meaning| &meaning.values))
}
