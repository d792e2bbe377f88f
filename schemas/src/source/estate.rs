//! `estate.yaml`: what is common to all sites.

use schemars::JsonSchema;

use super::limits::ChangeLimits;
use super::settings::{ClassMeaning, ClientSettings, PlaceSettings};
use super::site::Device;
use super::span::{Gaps, Map, Span, Spanned};
use super::text::{EXPRESSION_CHARS_MAX, HostPort, Line, Lines, NAME_CHARS_MAX, WORD_PATTERN, Word};
use crate::artefact::{HighAvailabilityMode, PeerRole};
use crate::vocab::{AddrRange, Cidr, ClassName, Millis, OptionCode, Seconds, Space};

/// `estate.yaml`: what is common to all sites of the estate.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct EstateFile {
    /// Version of the estate language; 1.
    #[schemars(extend("const" = 1))]
    pub version: Spanned<u32>,
    /// The estate's name, at most 128 characters.
    #[schemars(with = "Line<NAME_CHARS_MAX>")]
    pub estate: Spanned<String>,
    /// The prefixes the estate may use. A subnet outside them, or without this key one outside RFC 1918 space, is
    /// warned of.
    #[schemars(default)]
    pub address_space: Vec<Spanned<Cidr>>,
    /// Options that no standard defines, by name: a letter, then letters, digits, `.`, `_` and `-`, at most 64.
    #[schemars(default, extend("propertyNames" = { "pattern": WORD_PATTERN }))]
    pub option_definitions: Map<OptionDefinition>,
    /// Client classes, in the order in which they are evaluated and in which they win; each with what it means
    /// in the whole estate.
    #[schemars(default)]
    pub classes: Vec<ClassDefinition>,
    /// Profiles by name; a site names at most one. Profiles do not build on profiles.
    #[schemars(default, extend("propertyNames" = { "minLength": 1, "maxLength": NAME_CHARS_MAX }))]
    pub profiles: Map<Profile>,
    /// The pair that serves the estate. Absent: a single server.
    #[schemars(default, with = "HighAvailability")]
    pub high_availability: Option<HighAvailability>,
    /// Who may choose a network by option 118 (RFC 3011): addresses, ranges or prefixes. For devices that ask in
    /// others' stead, such as an access concentrator; whoever sits behind a relay that is listed may choose as well.
    /// What counts is the relay address (`giaddr`), and without one the address a packet comes from; anybody else's
    /// option 118 is ignored. Default: nobody. Only the whole estate can say it, because the option decides which
    /// place a packet is from.
    #[schemars(default)]
    pub subnet_selection_sources: Vec<Spanned<AddrRange>>,
    /// Devices known anywhere in the estate: values and classes, no address.
    #[schemars(default)]
    pub reservations: Vec<Device>,
    /// How large a change may be before `leasehold plan` calls it breaking, at every site.
    #[schemars(default, with = "ChangeLimits")]
    pub change_limits: Option<ChangeLimits>,
    /// What holds in the whole estate.
    #[schemars(flatten)]
    pub settings: PlaceSettings,
    /// What faults took out of the file.
    #[schemars(skip)]
    pub gaps: Gaps,
    /// The whole document.
    #[schemars(skip)]
    pub span: Span,
}

/// A client class.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ClassDefinition {
    /// Its name, unique in the estate.
    pub name: Spanned<ClassName>,
    /// Who is in it, in the expression language of Kea 3, and beyond it `!=`, `in ('a', 'b')` and
    /// `in 10.42.0.0/16`; `leasehold explain L601` has the language. Absent: only clients whose reservation says so.
    #[schemars(default, with = "Lines<EXPRESSION_CHARS_MAX>")]
    pub r#match: Option<Spanned<String>>,
    /// What its members get, wherever they are.
    #[schemars(flatten)]
    pub client: ClientSettings,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// An option that no standard defines.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(
    rename_all = "kebab-case",
    deny_unknown_fields,
    extend(
        "if" = { "properties": { "type": { "const": "record" } } },
        "then" = { "required": ["fields"] },
        "else" = { "not": { "required": ["fields"] } }
    )
)]
pub struct OptionDefinition {
    /// Its code: 1 to 254, in site-specific space 224 to 254 (RFC 3942) for options of your own.
    pub code: Spanned<OptionCode>,
    /// Type of the value.
    pub r#type: Spanned<OptionType>,
    /// Whether the value is a list. Default false.
    #[schemars(default, with = "bool")]
    pub array: Option<Spanned<bool>>,
    /// Types of the fields of a `record`, in order; only with `type: record`, and then at least one.
    #[schemars(default, length(min = 1))]
    pub fields: Vec<Spanned<OptionType>>,
    /// Which numbering the code belongs to. Default `dhcp4`.
    #[schemars(default, with = "Space")]
    pub space: Option<Spanned<Space>>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// Type of an option's value.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case")]
pub enum OptionType {
    /// Octets in hexadecimal.
    Binary,
    /// `true` or `false`, one octet.
    Boolean,
    /// No value: the option's presence is its meaning. Written `true`.
    Empty,
    /// A domain name in wire form (RFC 1035), an array of them compressed (RFC 3397).
    Fqdn,
    /// An IPv4 address.
    Ipv4Address,
    /// Text.
    String,
    /// Text behind one octet that gives its length.
    Tuple,
    /// 0 to 255.
    Uint8,
    /// 0 to 65535.
    Uint16,
    /// 0 to 4294967295, or a duration.
    Uint32,
    /// -128 to 127.
    Int8,
    /// -32768 to 32767.
    Int16,
    /// -2147483648 to 2147483647.
    Int32,
    /// Several fields, their types in `fields`.
    Record,
    /// Classless static routes (RFC 3442): `{to: 10.0.0.0/8, via: 10.42.8.2}`.
    ClasslessRoute,
}

impl OptionType {
    /// Its name in a definition's `type`.
    pub const fn name(self) -> &'static str {
        match self {
            OptionType::Binary => "binary",
            OptionType::Boolean => "boolean",
            OptionType::Empty => "empty",
            OptionType::Fqdn => "fqdn",
            OptionType::Ipv4Address => "ipv4-address",
            OptionType::String => "string",
            OptionType::Tuple => "tuple",
            OptionType::Uint8 => "uint8",
            OptionType::Uint16 => "uint16",
            OptionType::Uint32 => "uint32",
            OptionType::Int8 => "int8",
            OptionType::Int16 => "int16",
            OptionType::Int32 => "int32",
            OptionType::Record => "record",
            OptionType::ClasslessRoute => "classless-route",
        }
    }
}

/// What a kind of site has in common; a site names its profile.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// What classes mean at the profile's sites, over what they mean further out; merged key by key.
    #[schemars(default)]
    pub classes: Vec<ClassMeaning>,
    /// What holds at every site of the profile.
    #[schemars(flatten)]
    pub settings: PlaceSettings,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// The pair that serves the estate.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct HighAvailability {
    /// Who answers.
    pub mode: Spanned<HighAvailabilityMode>,
    /// The two servers.
    #[schemars(length(equal = 2))]
    pub servers: Vec<Server>,
    /// Time between heartbeats. Default 250 ms.
    #[schemars(default, with = "Millis")]
    pub heartbeat_delay: Option<Spanned<Millis>>,
    /// Silence after which the partner counts as gone. Default 750 ms.
    #[schemars(default, with = "Millis")]
    pub max_response_delay: Option<Spanned<Millis>>,
    /// How long an answer waits for the partner's word. Default 100 ms.
    #[schemars(default, with = "Millis")]
    pub peer_ack_wait: Option<Spanned<Millis>>,
    /// Maximum client lead time: by how much a lease may outrun what the partner knows. Default 15 min.
    #[schemars(default, with = "Seconds")]
    pub mclt: Option<Spanned<Seconds>>,
    /// The standby's share of every pool, `1/k`, k from 2 to 64. Default 1/8; in load balancing always 1/2.
    #[schemars(default, with = "Share")]
    pub standby_share: Option<Spanned<Share>>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// `1/k`, k from 2 to 64.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Share {
    /// The denominator.
    pub k: u32,
}

impl JsonSchema for Share {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Share".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": r"^1/([2-9]|[1-5][0-9]|6[0-4])$",
            "description": "A share `1/k`, k from 2 to 64.",
        })
    }
}

/// One server of the pair.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Server {
    /// What `leasehold-server run --node` names: a letter, then letters, digits, `.`, `_` and `-`, at most 64.
    #[schemars(with = "Word")]
    pub name: Spanned<String>,
    /// Its part: `primary` and `standby` (hot-standby), `primary` and `secondary` (load-balancing), `primary` and
    /// `backup` (passive-backup).
    pub role: Spanned<PeerRole>,
    /// Host and port at which the other server reaches it: `dhcp-a.example.internal:8647`, `[2001:db8::1]:8647`.
    #[schemars(with = "HostPort")]
    pub peer_address: Spanned<String>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}
