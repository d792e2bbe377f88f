//! One message and everything that is known about its sender: the ground on which every decision stands.

use std::cell::RefCell;
use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Identifier, Identity, Parameters};
use leasehold_schemas::vocab::MacAddr;

use super::datagram::{Config, Meta};
use super::defaults::DEFAULTS;
use super::segment::segment_of;
use super::silence::Silence;
use crate::estate::{ClassId, Known, Membership, PoolId, Received, Reservation, SegmentId, SubnetId, Tables};
use crate::leases::{Bindings, Client, ClientKey};
use crate::wire::{Message, MessageType, code};

/// Room that one message after another is looked at in.
#[derive(Debug, Default)]
pub struct Notes {
    /// Option 82 that a binding remembers.
    remembered: Vec<u8>,
    /// What functions in class tests make.
    octets: RefCell<Vec<u8>>,
}

/// A message in its place. Made anew when an outcome comes back, so that it always reflects the current estate.
#[derive(Clone, Debug)]
pub struct Situation<'a> {
    /// The estate.
    pub tables: &'a Tables,
    /// This server.
    pub config: &'a Config,
    /// The message; a unicast renewal carries the option 82 that its binding remembers.
    pub message: Message<'a>,
    /// How it came.
    pub meta: Meta,
    /// What the client says.
    pub kind: MessageType,
    /// The network it is on.
    pub segment: SegmentId,
    /// Reservations and device entries that name it.
    pub known: Known,
    /// Who it is.
    pub client: Client,
    /// The server that the client names is silent, and this one answers in its place. It denies nothing then: in a mere
    /// link cut the other one lives.
    pub stands_in: bool,
    /// An address that the client has and goes on with, whatever the estate says: the pair's artefacts differ about it.
    pub kept: Option<Ipv4Addr>,
    /// Name of the interface on which it came.
    interface: &'a str,
    octets: &'a RefCell<Vec<u8>>,
}

/// Where an address lies, as far as one client may have it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its subnet.
    pub subnet: SubnetId,
    /// Its pool, if it lies in one.
    pub pool: Option<PoolId>,
}

impl<'a> Situation<'a> {
    /// Finds network, identity and reservations of a message's sender.
    pub fn new(
        tables: &'a Tables,
        config: &'a Config,
        bindings: &Bindings,
        message: Message<'a>,
        meta: Meta,
        notes: &'a mut Notes,
    ) -> Result<Situation<'a>, Silence> {
        let Notes { remembered, octets } = notes;
        if message.op() != 1 {
            return Err(Silence::NotARequest);
        }
        let kind = message.message_type().map_err(|_| Silence::UnknownType)?.ok_or(Silence::Bootp)?;
        match kind {
            MessageType::Discover
            | MessageType::Request
            | MessageType::Decline
            | MessageType::Release
            | MessageType::Inform => {}
            MessageType::Offer | MessageType::Ack | MessageType::Nak => return Err(Silence::ServerMessage),
        }
        let interface = config.interface(meta.interface);
        let segment = segment_of(tables, &message, &meta)?;
        let identity = tables.segment(segment).identity.unwrap_or(DEFAULTS.identity);
        let mut client = client_of(&message, identity)?;
        let mut known = tables.known(segment, &message);
        let reservation = known.reservation().map(|id| tables.registry().get(id));
        if let Some(key) = key_on_record(bindings, &message, &client, identity, reservation) {
            client.key = key;
        }
        let mut message = message;
        if let Some(agent) = remembered_relay(&message, bindings, &client, remembered) {
            message = message.with_remembered_agent(agent);
            known = tables.known(segment, &message);
        }
        let situation = Situation {
            tables,
            config,
            message,
            meta,
            kind,
            segment,
            known,
            client,
            stands_in: false,
            kept: None,
            octets,
            interface,
        };
        match tables.drop_class() {
            Some(class) if situation.membership().is_in(class) => Err(Silence::DropClass),
            Some(_) | None => Ok(situation),
        }
    }

    /// What classes ask.
    pub fn membership(&self) -> Membership<'_> {
        Membership {
            classes: self.tables.classes(),
            received: received(self.interface, &self.message, &self.meta),
            known: self.known.is_known(),
            reserved: self.known.scopes.map(|id| id.map_or(&[][..], |id| self.classes_of(id))),
            buffer: self.octets,
        }
    }

    fn classes_of(&self, id: crate::estate::ReservationId) -> &[ClassId] {
        &self.tables.registry().get(id).classes
    }

    /// The client's reservation on this network.
    pub fn reservation(&self) -> Option<&'a Reservation> {
        self.known.reservation().map(|id| self.tables.registry().get(id))
    }

    /// Whether guards let the client into a subnet of its network.
    pub fn may_enter(&self, subnet: SubnetId) -> bool {
        let subnet = self.tables.subnet(subnet);
        let membership = self.membership();
        membership.passes_guard(&self.tables.segment(subnet.segment).only)
            && membership.passes_guard(&subnet.only)
    }

    /// Whether only one device can match the client's reservation: then nobody else can have been offered its address.
    pub fn is_reserved_to_one_device(&self, address: Ipv4Addr) -> bool {
        self.reservation().is_some_and(|reservation| {
            reservation.address == Some(address)
                && matches!(reservation.identifier, Identifier::Mac(_) | Identifier::ClientId(_))
        })
    }

    /// Where `address` lies, if this client may have it on this network: its reserved address, or one of a pool
    /// that is open to it and reserved for nobody.
    pub fn place_of(&self, address: Ipv4Addr) -> Option<Place> {
        let place = self.subnet_place(address)?;
        if self.kept == Some(address) {
            return Some(place);
        }
        let reserved = self.reservation().and_then(|reservation| reservation.address);
        let allowed = match (reserved, place.pool) {
            (Some(reserved), _) if reserved == address => true,
            (_, None) => false,
            (_, Some(pool)) => {
                !self.tables.is_reserved(address)
                    && self.membership().passes_guard(&self.tables.pool(pool).only)
            }
        };
        (allowed && self.may_enter(place.subnet)).then_some(place)
    }

    /// Where `address` lies on this network, whoever may have it.
    pub fn subnet_place(&self, address: Ipv4Addr) -> Option<Place> {
        let subnet = self.tables.subnet_of(address)?;
        let here = self.tables.subnet(subnet).segment == self.segment;
        here.then(|| Place { subnet, pool: self.tables.pool_of(address) })
    }

    /// A parameter that only places say, where the address plays no part: what the network's first subnet has.
    pub fn of_network<T>(&self, read: impl Fn(&Parameters) -> Option<T>) -> Option<T> {
        of_network(self.tables, self.segment, read)
    }

    /// The server identifier to answer with: the relay's override (RFC 5107), else this server's.
    pub fn server_id(&self) -> Ipv4Addr {
        self.server_override().unwrap_or_else(|| self.config.identifier(self.meta.local))
    }

    /// Whether the server that the client names in option 54, if any, is this one.
    pub fn names_other_server(&self) -> bool {
        self.message.address_option(code::SERVER_IDENTIFIER).is_some_and(|named| {
            !self.config.is_meant(named, self.meta.local) && self.server_override() != Some(named)
        })
    }

    /// Whether the client names a server by an address that its relay put there for every server (RFC 5107).
    pub fn names_no_server(&self) -> bool {
        let named = self.message.address_option(code::SERVER_IDENTIFIER);
        named.is_some() && named == self.server_override()
    }

    fn server_override(&self) -> Option<Ipv4Addr> {
        let octets = self.message.agent_option(code::AGENT_SERVER_OVERRIDE)?;
        <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
    }
}

/// A message and how it came, as class tests see it.
pub(super) fn received<'m>(interface: &'m str, message: &'m Message<'m>, meta: &Meta) -> Received<'m> {
    Received {
        message,
        interface,
        source: *meta.from.ip(),
        destination: if meta.unicast { meta.local } else { Ipv4Addr::BROADCAST },
    }
}

fn of_network<T>(tables: &Tables, segment: SegmentId, read: impl Fn(&Parameters) -> Option<T>) -> Option<T> {
    let first = tables.segment(segment).subnets.first()?;
    read(&tables.values(tables.subnet(*first).values).parameters)
}

/// Who sends a message: known by its client identifier, else by its hardware address (RFC 2131 section 4.2).
fn client_of(message: &Message<'_>, identity: Identity) -> Result<Client, Silence> {
    let identifier = message.option(code::CLIENT_IDENTIFIER).filter(|octets| !octets.is_empty());
    let hardware = MacAddr::new(message.chaddr());
    let hardware_type = message.hardware_type();
    let by_hardware = hardware.map(|mac| ClientKey::Hardware(hardware_type, mac));
    let by_identifier = identifier.map(|octets| ClientKey::Identifier(octets.into()));
    let key = match identity {
        Identity::ClientId => by_identifier.or(by_hardware),
        Identity::Mac => by_hardware.or(by_identifier),
    };
    let key = key.ok_or(Silence::Unidentified)?;
    Ok(Client { key, identifier: identifier.map(Into::into), hardware_type, hardware })
}

/// The key under which the records have this client, where it is not the key its message gives: a reserved device that
/// changes its client identifier while it boots (firmware, then system), or a client of a network whose `identity`
/// was changed since.
fn key_on_record(
    bindings: &Bindings,
    message: &Message<'_>,
    client: &Client,
    identity: Identity,
    reservation: Option<&Reservation>,
) -> Option<ClientKey> {
    let own = Some(message.ciaddr()).filter(|own| !own.is_unspecified());
    let asked = message.address_option(code::REQUESTED_ADDRESS);
    let reserved = reservation.and_then(|reservation| reservation.address);
    reserved.into_iter().chain(own).chain(asked).find_map(|address| {
        let holder = bindings.get(address)?.client().filter(|holder| holder.key != client.key)?;
        let reserved_by = reservation.filter(|_| reserved == Some(address)).map(|entry| &entry.identifier);
        is_same_device(holder, client, identity, reserved_by).then(|| holder.key.clone())
    })
}

/// Whether two clients with different keys are one device. `reserved_by` is what its reservation of the address knows
/// it by; a circuit or a remote end is no device, and one DUID may have several interfaces.
fn is_same_device(
    holder: &Client,
    client: &Client,
    identity: Identity,
    reserved_by: Option<&Identifier>,
) -> bool {
    let hardware = holder.hardware.is_some() && holder.hardware == client.hardware;
    let identifier = holder.identifier.is_some() && holder.identifier == client.identifier;
    let reserved = match reserved_by {
        Some(Identifier::Mac(_)) => hardware,
        Some(Identifier::ClientId(_)) => identifier,
        Some(Identifier::CircuitId(_) | Identifier::RemoteId(_) | Identifier::Duid(_)) | None => false,
    };
    let known_alike = match identity {
        Identity::Mac => hardware,
        Identity::ClientId => hardware && identifier,
    };
    reserved || known_alike
}

/// A renewal goes past the relay and carries no option 82: it is classified with what the last relayed REQUEST of
/// the same client for the same address had.
fn remembered_relay<'a>(
    message: &Message<'_>,
    bindings: &Bindings,
    client: &Client,
    remembered: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    let own = message.ciaddr();
    if own.is_unspecified() || message.giaddr().is_some() || message.option(code::AGENT_INFORMATION).is_some()
    {
        return None;
    }
    let binding = bindings.get(own).filter(|binding| binding.client().is_some_and(|is| is.key == client.key));
    let agent = binding?.details.agent_options.as_deref()?;
    remembered.clear();
    remembered.extend_from_slice(agent);
    Some(remembered)
}
