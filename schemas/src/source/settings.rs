//! What may be said at several levels.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::option_value::OptionValue;
use super::span::{Map, Said, Span, Spanned};
use super::text::{
    Day, FILE_OCTETS_MAX, Field, Line, Lines, NOTE_CHARS_MAX, SNAME_OCTETS_MAX, WORD_CHARS_MAX,
};
use crate::artefact::{Identity, ReplyPort, ReplyTo};
use crate::vocab::{ClassName, Seconds, octet};

/// What a client is told. May be said by every place, by a class, and by a reservation.
///
/// For one client a reservation wins, then its classes in the estate's order, then pool, subnet, network, site,
/// profile, estate.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", default)]
pub struct ClientSettings {
    /// DHCP options by standard or defined name; a code (`"234"`) names an option without a name. Merged key by
    /// key with what is inherited; `null` removes an inherited option.
    pub options: Map<Spanned<OptionValue>>,
    /// Lease time: a duration, or `{default, min, max}`. Default 8 h, and then min and max equal default. A
    /// client's wish (option 51) is kept between min and max.
    pub lease: Said<Lease>,
    /// T1, when a client starts to renew (option 58). Default: half the lease time.
    pub renew_after: Said<Seconds>,
    /// T2, when a client starts to rebind (option 59). Default: seven eighths of the lease time.
    pub rebind_after: Said<Seconds>,
    /// Header field `siaddr`: the server a client boots from. Default 0.0.0.0.
    pub next_server: Said<Address>,
    /// Header field `sname`, at most 63 octets. Many boot ROMs read the field, not option 66. Default empty.
    #[schemars(with = "Said<Field<SNAME_OCTETS_MAX>>")]
    pub server_hostname: Said<String>,
    /// Header field `file`, at most 127 octets. Many boot ROMs read the field, not option 67. Default empty.
    #[schemars(with = "Said<Field<FILE_OCTETS_MAX>>")]
    pub boot_file_name: Said<String>,
    /// Options sent whether or not the client asks for them, by name or code.
    #[schemars(with = "Said<Vec<Line<WORD_CHARS_MAX>>>")]
    pub always_send: Said<Vec<Spanned<String>>>,
    /// Options never sent, by name or code. Wins over everything; only what the protocol itself needs (51, 53, 54, 61,
    /// 82) is sent all the same.
    #[schemars(with = "Said<Vec<Line<WORD_CHARS_MAX>>>")]
    pub never_send: Said<Vec<Spanned<String>>>,
}

/// How the server behaves in a place: estate, profile, site, network, subnet or pool.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", default)]
pub struct PlaceSettings {
    /// What clients here are told.
    #[schemars(flatten)]
    pub client: ClientSettings,
    /// Whether a client that asks for an address which is wrong here is told so (NAK). Say `false` where other servers
    /// serve the same network: then only a client that names this server, or renews with it alone, is told. Default
    /// true.
    pub authoritative: Said<bool>,
    /// What a client is known by: `client-id` (option 61, else its MAC) or `mac`. Default `client-id`.
    pub identity: Said<Identity>,
    /// Whether a DISCOVER with option 80 is answered with an ACK at once (RFC 4039). Default false.
    pub rapid_commit: Said<bool>,
    /// How long an address rests after a client declined it. Default 24 h.
    pub decline_probation: Said<Seconds>,
    /// Where answers to relayed packets go: `giaddr`, or `source` for relays behind address translation. Default
    /// `giaddr`.
    pub reply_to: Said<ReplyTo>,
    /// To which port they go: `relay` (67, or what the relay says by RFC 8357), or `source` for relays that send
    /// from an odd port without saying so. Default `relay`.
    pub reply_port: Said<ReplyPort>,
    /// Findings silenced here and below, each with its reason.
    pub allow: Vec<Allow>,
}

/// An IPv4 address in dotted form.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Address(pub Ipv4Addr);

impl JsonSchema for Address {
    fn schema_name() -> Cow<'static, str> {
        "Ipv4Address".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "format": "ipv4",
            "pattern": concat!("^", octet!(), r"(\.", octet!(), "){3}$"),
            "description": "An IPv4 address such as 10.42.8.1.",
        })
    }
}

/// Lease times.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(untagged)]
pub enum Lease {
    /// A bare duration is the default lease time.
    Default(Seconds),
    /// Each bound for itself; merged key by key with what is inherited.
    Times(LeaseTimes),
}

/// The three lease times.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct LeaseTimes {
    /// For a client that asks for none.
    pub default: Said<Seconds>,
    /// The shortest a client gets.
    pub min: Said<Seconds>,
    /// The longest a client gets.
    pub max: Said<Seconds>,
}

/// What a class means in a place.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClassMeaning {
    /// The class, by name.
    pub class: Spanned<ClassName>,
    /// What its members get here.
    #[schemars(flatten)]
    pub client: ClientSettings,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// One finding silenced at one place.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Allow {
    /// The rule, by name (`reservation-in-pool`) or code (`L410`).
    #[schemars(with = "Line<WORD_CHARS_MAX>")]
    pub rule: Spanned<String>,
    /// Why it is right here. Required, and read in reviews.
    #[schemars(with = "Lines<NOTE_CHARS_MAX>")]
    pub reason: Spanned<String>,
    /// The last day on which it holds, as YYYY-MM-DD; afterwards `check` warns. Default: no end.
    #[schemars(default, with = "Day")]
    pub until: Option<Spanned<String>>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}
