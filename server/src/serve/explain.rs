//! Who gave each value of a reply, in names: what `why` and the demonstration print.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{Cidr, Layer};

use super::datagram::{Config, Meta};
use super::reply::{Scratch, offer};
use super::silence::Silence;
use super::situation::{Notes, Situation};
use super::sources::Owner;
use super::trace::{Slot, Trace};
use crate::estate::Tables;
use crate::leases::Bindings;
use crate::wire::{Message, OptionIndex};

/// One value of a reply and who gave it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Explained {
    /// Which value.
    pub slot: Slot,
    /// Where in the estate it was said; absent: nobody said it, the protocol or a default did.
    pub layer: Option<Layer>,
    /// The class that means it here, if a class does.
    pub class: Option<String>,
    /// The identifier of the reservation or device entry, if one says it.
    pub reservation: Option<leasehold_schemas::artefact::Identifier>,
    /// The subnet for which it holds.
    pub subnet: Cidr,
    /// Code of the site.
    pub site: String,
    /// Name of the network.
    pub network: String,
}

/// Explains what the sender of `bytes` is told if it gets `address`.
pub fn explain(
    tables: &Tables,
    config: &Config,
    meta: Meta,
    bytes: &[u8],
    address: Ipv4Addr,
) -> Result<Vec<Explained>, Silence> {
    let (mut index, mut notes) = (OptionIndex::new(), Notes::default());
    let message = Message::read(bytes, &mut index).map_err(Silence::Malformed)?;
    let situation = Situation::new(tables, config, &Bindings::default(), message, meta, &mut notes)?;
    let place = situation.place_of(address).ok_or(Silence::Guarded)?;
    let mut heard = Heard::default();
    offer(&situation, address, place, &mut Scratch::default(), Vec::new(), &mut heard);
    let subnet = tables.subnet(place.subnet);
    let segment = tables.segment(subnet.segment);
    let explained = heard.0.into_iter().map(|(slot, owner, layer)| {
        let (class, reservation) = match owner {
            Owner::Class(class, _) => (Some(tables.classes().name(class).to_owned()), None),
            Owner::Reservation(id) => (None, Some(tables.registry().get(id).identifier.clone())),
            Owner::Place(_) | Owner::Server => (None, None),
        };
        Explained {
            slot,
            layer,
            class,
            reservation,
            subnet: subnet.prefix,
            site: segment.site.to_string(),
            network: segment.name.to_string(),
        }
    });
    Ok(explained.collect())
}

#[derive(Default)]
struct Heard(Vec<(Slot, Owner, Option<Layer>)>);

impl Trace for Heard {
    fn used(&mut self, slot: Slot, owner: Owner, layer: Option<Layer>) {
        self.0.push((slot, owner, layer));
    }
}
