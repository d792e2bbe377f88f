//! The shape of `estate` in an artefact of format 1. Frozen: a change of shape is a new format.

use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::expression::Test;
use crate::vocab::{
    AddrRange, Cidr, ClassName, HexBytes, Layer, MacAddr, Millis, OptionCode, Seconds, SiteCode, Space,
};

/// A compiled estate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// The estate's name.
    pub name: String,
    /// The pair, if the estate is served by one; absent: a single server.
    pub high_availability: Option<HighAvailability>,
    /// Relay addresses, or source addresses of what is not relayed, whose option 118 (RFC 3011) chooses the network;
    /// in order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub subnet_selection_sources: Vec<AddrRange>,
    /// Classes in the order in which they are evaluated and in which they win.
    pub classes: Vec<Class>,
    /// Sets of values, each stored once; elsewhere an index into this list.
    pub value_sets: Vec<ValueSet>,
    /// What classes mean in a place, each list stored once; elsewhere an index into this list.
    pub meanings: Vec<Vec<Meaning>>,
    /// Devices known anywhere in the estate; they carry no address.
    pub reservations: Vec<Reservation>,
    /// Sites in the order of their codes.
    pub sites: Vec<Site>,
}

/// One site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// The site's code, unique in the estate.
    pub code: SiteCode,
    /// What people call the site.
    pub name: Option<String>,
    /// Devices known anywhere in the site; they carry no address.
    pub reservations: Vec<Reservation>,
    /// Networks in the order of their names.
    pub networks: Vec<Network>,
}

/// One layer-2 segment; its subnets serve the same clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Unique in its site.
    pub name: String,
    /// Relay addresses that mean this network, beside those inside its subnets.
    pub relays: Vec<Ipv4Addr>,
    /// Guard: only clients in one of these classes; empty: everyone.
    pub only: Vec<ClassName>,
    /// Subnets in the order of their prefixes.
    pub subnets: Vec<Subnet>,
}

/// One subnet, known by its prefix.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Subnet {
    /// The prefix, unique in the estate and overlapping no other.
    pub subnet: Cidr,
    /// For metrics and for Kea.
    pub id: u32,
    /// Guard: only clients in one of these classes; empty: everyone.
    pub only: Vec<ClassName>,
    /// Index of what estate, profile, site, network and subnet say together, the nearest winning.
    pub values: u32,
    /// Index of what classes mean here, merged from the same places.
    pub meanings: u32,
    /// Pools in the order of their first address.
    pub pools: Vec<Pool>,
    /// Reservations in the order of their identifiers.
    pub reservations: Vec<Reservation>,
}

/// Addresses that may be given to clients without a reservation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pool {
    /// What is left of the pool after exclusions, in order; reserved addresses are still in it.
    pub ranges: Vec<AddrRange>,
    /// Guard: only clients in one of these classes; empty: everyone.
    pub only: Vec<ClassName>,
    /// Index of the subnet's values and the pool's together, if the pool says any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub values: Option<u32>,
    /// Index of what classes mean in the pool, if it says any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub meanings: Option<u32>,
}

/// What a reservation knows a client by.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Identifier {
    /// Hardware address (`chaddr`), whatever the hardware type.
    Mac(MacAddr),
    /// Client identifier, option 61, type octet included.
    ClientId(HexBytes),
    /// Agent circuit ID, option 82.1.
    CircuitId(HexBytes),
    /// Agent remote ID, option 82.2.
    RemoteId(HexBytes),
    /// DUID inside a client identifier of type 255 (RFC 4361).
    Duid(HexBytes),
}

/// A client that is known by name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// What the client is known by.
    pub identifier: Identifier,
    /// Its address; absent: values and classes only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<Ipv4Addr>,
    /// Its host name (option 12).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hostname: Option<String>,
    /// Classes it is in, whatever its packets say.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub classes: Vec<ClassName>,
    /// Index of the reservation's own values, if it says any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub values: Option<u32>,
}

/// A client class.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Class {
    /// Unique in the estate.
    pub name: ClassName,
    /// Who is in it; absent: only clients whose reservation says so.
    pub test: Option<Test>,
}

/// What a class means in a place.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Meaning {
    /// The class.
    pub class: ClassName,
    /// Index of the values its members get; layers say at which place each was said.
    pub values: u32,
}

/// Options and parameters that were said together, or merged.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ValueSet {
    /// Options in the order of space and code; a code stands once.
    pub options: Vec<OptionValue>,
    /// Everything that is no option.
    pub parameters: Parameters,
}

/// One option's bytes, or its removal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct OptionValue {
    /// Which numbering `code` belongs to.
    pub space: Space,
    /// The option's code.
    pub code: OptionCode,
    /// Where it was said.
    pub layer: Layer,
    /// The bytes as they go on the wire, or null: an inherited value is removed.
    pub value: Option<HexBytes>,
}

/// A parameter's value and where it was said; a null value removes an inherited one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layered<T> {
    /// Where it was said.
    pub layer: Layer,
    /// The value, or null: an inherited value is removed.
    pub value: Option<T>,
}

/// Everything a place, class or reservation may say that is no option. Absent: not said.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Parameters {
    /// Lease time when the client asks for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_default_secs: Option<Layered<Seconds>>,
    /// Shortest lease time a client may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_min_secs: Option<Layered<Seconds>>,
    /// Longest lease time a client may ask for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lease_max_secs: Option<Layered<Seconds>>,
    /// T1 (option 58).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renew_after_secs: Option<Layered<Seconds>>,
    /// T2 (option 59).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebind_after_secs: Option<Layered<Seconds>>,
    /// Header field `siaddr`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_server: Option<Layered<Ipv4Addr>>,
    /// Header field `sname`, at most 63 octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_hostname: Option<Layered<String>>,
    /// Header field `file`, at most 127 octets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_file_name: Option<Layered<String>>,
    /// Options sent whether or not the client asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub always_send: Option<Layered<Vec<OptionCode>>>,
    /// Options never sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never_send: Option<Layered<Vec<OptionCode>>>,
    /// Whether a wrong address in INIT-REBOOT or REBINDING is answered with a NAK.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authoritative: Option<Layered<bool>>,
    /// What a client is known by.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<Layered<Identity>>,
    /// Whether a DISCOVER with option 80 is answered with an ACK (RFC 4039).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rapid_commit: Option<Layered<bool>>,
    /// How long a declined address rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decline_probation_secs: Option<Layered<Seconds>>,
    /// Where answers to relayed packets go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<Layered<ReplyTo>>,
    /// To which port answers to relayed packets go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply_port: Option<Layered<ReplyPort>>,
}

/// What a client is known by.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Identity {
    /// Its client identifier (option 61), else its hardware address (RFC 2131 section 4.2, RFC 4361).
    ClientId,
    /// Its hardware address only, for machines that change their client identifier while they boot.
    Mac,
}

/// Where answers to relayed packets go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReplyTo {
    /// To `giaddr` (RFC 2131 section 4.1).
    Giaddr,
    /// To the address the packet came from: relays behind address translation.
    Source,
}

/// To which port answers to relayed packets go.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReplyPort {
    /// 67, or the source port if the relay says so (RFC 8357).
    Relay,
    /// Always the port the packet came from: relays that use an odd port without saying so.
    Source,
}

/// The pair that serves the estate.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct HighAvailability {
    /// Who answers.
    pub mode: HighAvailabilityMode,
    /// The two servers, primary first.
    pub servers: Vec<Peer>,
    /// Time between heartbeats.
    pub heartbeat_delay_ms: Millis,
    /// Silence after which the partner counts as gone.
    pub max_response_delay_ms: Millis,
    /// How long an answer waits for the partner's word.
    pub peer_ack_wait_ms: Millis,
    /// Maximum client lead time.
    pub mclt_secs: Seconds,
    /// `k` of the standby's share `1/k`: which addresses are its home.
    pub standby_share: u32,
}

/// Who answers clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum HighAvailabilityMode {
    /// The primary answers; the standby takes over.
    HotStandby,
    /// Both answer, by the hash of RFC 3074.
    LoadBalancing,
    /// The primary answers; the other only keeps a copy.
    PassiveBackup,
}

/// One server of the pair.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Peer {
    /// What `--node` names.
    pub name: String,
    /// Its part.
    pub role: PeerRole,
    /// Host and port at which the other server reaches it.
    pub peer_address: String,
}

/// A server's part in a pair.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "source", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PeerRole {
    /// Answers first.
    Primary,
    /// Takes over (hot standby).
    Standby,
    /// Answers its half (load balancing).
    Secondary,
    /// Keeps a copy (passive backup).
    Backup,
}
