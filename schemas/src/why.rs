//! What `leasehold why --format json` prints: one packet, its answer, and who says each value.
//!
//! Frozen: fields may be added, never renamed, removed or given another meaning within version 1.

use std::net::Ipv4Addr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::vocab::{Cidr, HexBytes, Layer, OptionCode, Space};

/// The version of this document's shape.
pub const WHY_VERSION: u32 = 1;

/// One packet and what it is answered with when nobody holds a lease yet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Why {
    /// Version of this document's shape; 1.
    pub version: u32,
    /// The estate's name.
    pub estate: String,
    /// The packet.
    pub packet: Packet,
    /// The network it is from; null: it is from none of the estate's.
    pub network: Option<Network>,
    /// Reservations and device entries that name the client, the narrowest first: that one wins.
    pub reservations: Vec<Reservation>,
    /// Every class that holds, in the order in which they win.
    pub classes: Vec<Class>,
    /// Every guard of the network; a place without a guard is open to everyone.
    pub guards: Vec<Guard>,
    /// The answer; null: there is none.
    pub reply: Option<Reply>,
    /// Why there is no answer; null: there is one.
    pub silence: Option<Silence>,
    /// What else is worth knowing.
    pub notes: Vec<Note>,
}

/// The packet that is asked about.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Packet {
    /// Its type, such as `DISCOVER`; null: it has none.
    pub kind: Option<String>,
    /// The client's hardware address.
    pub mac: Option<String>,
    /// Its client identifier (option 61).
    pub client_id: Option<HexBytes>,
    /// The relay (`giaddr`).
    pub relay: Option<Ipv4Addr>,
    /// The whole message.
    pub octets: HexBytes,
}

/// What of a packet's addressing names its network.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SelectedBy {
    /// Link selection (option 82.5).
    LinkSelection,
    /// Subnet selection (option 118), by one who may.
    SubnetSelection,
    /// The relay's address (`giaddr`).
    Relay,
    /// The client's own address (`ciaddr`).
    ClientAddress,
    /// The datagram's source.
    Source,
    /// The address of the server's interface.
    Interface,
}

/// The network a packet is from.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Network {
    /// The site's code.
    pub site: String,
    /// What people call the site.
    pub site_name: Option<String>,
    /// The network's name.
    pub name: String,
    /// What of the packet names it.
    pub selected_by: SelectedBy,
    /// The address that names it.
    pub address: Ipv4Addr,
    /// The subnet that holds that address; null: the network names the address as a relay's.
    pub subnet: Option<Cidr>,
    /// Where the network stands.
    pub line: Option<Line>,
}

/// A reservation or device entry that names the client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Reservation {
    /// Where the client is known: `network`, `site` or `estate`.
    pub scope: String,
    /// By what, such as `mac 52:54:00:12:34:56`.
    pub identifier: String,
    /// The subnet it stands in.
    pub subnet: Option<Cidr>,
    /// The reserved address.
    pub address: Option<Ipv4Addr>,
    /// The host name.
    pub hostname: Option<String>,
    /// Where it stands.
    pub line: Option<Line>,
}

/// A class that holds.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Whether it is built in.
    pub built_in: bool,
    /// Whether a reservation or device entry puts the client in it.
    pub reserved: bool,
    /// Its test as written; null: it has none, or only an artefact was asked.
    pub test: Option<String>,
    /// Where it stands.
    pub line: Option<Line>,
}

/// A guard and what it says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Guard {
    /// `network`, `subnet` or `pool`.
    pub layer: Layer,
    /// The network's name, the prefix, or the pool's addresses.
    pub place: String,
    /// The classes that it lets in.
    pub only: Vec<String>,
    /// The one of them that lets this client in; null: it refuses the client.
    pub admits: Option<String>,
    /// Where it stands.
    pub line: Option<Line>,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Reply {
    /// Its type: `OFFER`, `ACK` or `NAK`.
    pub kind: String,
    /// Where it goes.
    pub to: String,
    /// Why it is a NAK, or why the client does not get the address it asks for.
    pub denial: Option<String>,
    /// The subnet whose values hold.
    pub subnet: Option<Place>,
    /// The pool whose values hold.
    pub pool: Option<Place>,
    /// Fields of the header that say something.
    pub fields: Vec<Value>,
    /// Options in the order sent; sub-options stand behind the option that holds them.
    pub options: Vec<Value>,
    /// Options that the estate sets for this client and the answer does not carry.
    pub unsent: Vec<Unsent>,
    /// The whole message.
    pub octets: HexBytes,
}

/// A subnet or pool.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Place {
    /// The prefix, or the pool's addresses.
    pub name: String,
    /// Where it stands.
    pub line: Option<Line>,
}

/// A value of the answer and who gave it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Value {
    /// The header field's name, or the option's.
    pub name: String,
    /// The option's code; null: a header field.
    pub code: Option<OptionCode>,
    /// Which numbering the code belongs to; null: a header field.
    pub space: Option<Space>,
    /// The value as its definition has it.
    pub value: String,
    /// The value as sent.
    pub octets: HexBytes,
    /// Who gave it.
    pub by: Sayer,
    /// Whose word it overrides, the nearest first.
    pub overrides: Vec<Sayer>,
}

/// Who says a value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Sayer {
    /// In words, such as `class win10 at the subnet` or `protocol`.
    pub who: String,
    /// The level; null: no line of the estate says it.
    pub layer: Option<Layer>,
    /// The class, if a class means it here.
    pub class: Option<String>,
    /// The reservation or device entry, if one says it.
    pub reservation: Option<String>,
    /// Whether the word is `null`: nothing is sent.
    pub removes: bool,
    /// Where it is said; null where only an artefact was asked.
    pub line: Option<Line>,
}

/// An option that is set and not sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Unsent {
    /// The option's name.
    pub name: String,
    /// Its code.
    pub code: OptionCode,
    /// Which numbering the code belongs to.
    pub space: Space,
    /// Why.
    pub reason: UnsentReason,
    /// Who says it, the one whose word holds first.
    pub said: Vec<Sayer>,
}

/// Why an option that is set is not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum UnsentReason {
    /// The nearest word is `null`.
    Removed,
    /// `never-send` names it.
    NeverSent,
    /// The client's list does not ask for it, and `always-send` does not name it.
    NotAskedFor,
    /// The message had no room for it.
    NoRoom,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Silence {
    /// The reason's name, as in the server's counters.
    pub reason: String,
    /// The reason in words.
    pub words: String,
    /// What would have matched, or stands in the way, the nearest first.
    pub nearest: Vec<Note>,
}

/// Something worth knowing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
pub struct Note {
    /// In words.
    pub text: String,
    /// The line it speaks of.
    pub line: Option<Line>,
}

/// A line of the estate.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, JsonSchema)]
pub struct Line {
    /// The file, as the command names it.
    pub path: String,
    /// The line, from 1.
    pub line: u32,
    /// What stands there, without the blanks around it.
    pub text: String,
}
