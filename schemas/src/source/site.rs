//! One file a site.

use schemars::JsonSchema;

use super::limits::ChangeLimits;
use super::settings::{Address, Allow, ClassMeaning, ClientSettings, PlaceSettings};
use super::span::{Gaps, Span, Spanned};
use super::text::{HOSTNAME_CHARS_MAX, IDENTIFIER_OCTETS_MAX, Line, Lines, NAME_CHARS_MAX, NOTE_CHARS_MAX};
use crate::vocab::{AddrRange, Cidr, ClassName, HexBytes, MacAddr, SiteCode};

/// A site: every `*.yaml` below the estate's folder but `estate.yaml`.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SiteFile {
    /// Version of the estate language; 1.
    #[schemars(extend("const" = 1))]
    pub version: Spanned<u32>,
    /// The site's code, unique in the estate.
    pub site: Spanned<SiteCode>,
    /// What people call the site.
    #[schemars(default, with = "Line<NAME_CHARS_MAX>")]
    pub name: Option<Spanned<String>>,
    /// The profile it belongs to.
    #[schemars(default, with = "Line<NAME_CHARS_MAX>")]
    pub profile: Option<Spanned<String>>,
    /// Its networks, one layer-2 segment each.
    #[schemars(default)]
    pub networks: Vec<Network>,
    /// Devices known anywhere in the site: values and classes, no address.
    #[schemars(default)]
    pub reservations: Vec<Device>,
    /// What classes mean here, over what they mean further out; merged key by key.
    #[schemars(default)]
    pub classes: Vec<ClassMeaning>,
    /// How large a change may be before `leasehold plan` calls it breaking, at this site.
    #[schemars(default, with = "ChangeLimits")]
    pub change_limits: Option<ChangeLimits>,
    /// What holds in the whole site.
    #[schemars(flatten)]
    pub settings: PlaceSettings,
    /// What faults took out of the file.
    #[schemars(skip)]
    pub gaps: Gaps,
    /// The whole document.
    #[schemars(skip)]
    pub span: Span,
}

/// One layer-2 segment, with one subnet or several that serve the same clients.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Network {
    /// Its name, unique in the site, at most 128 characters.
    #[schemars(with = "Line<NAME_CHARS_MAX>")]
    pub name: Spanned<String>,
    /// Relay addresses that mean this network, beside those inside its subnets.
    #[schemars(default)]
    pub relays: Vec<Spanned<Address>>,
    /// Its subnets.
    pub subnets: Vec<Subnet>,
    /// Guard: only clients in one of these classes may use it. At least one; without the key everybody may.
    #[schemars(default, length(min = 1))]
    pub only: Vec<Spanned<ClassName>>,
    /// What classes mean here, over what they mean further out; merged key by key.
    #[schemars(default)]
    pub classes: Vec<ClassMeaning>,
    /// What holds in the network.
    #[schemars(flatten)]
    pub settings: PlaceSettings,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// A subnet, known by its prefix.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Subnet {
    /// Its prefix, in CIDR notation.
    pub subnet: Spanned<Cidr>,
    /// The prefix was written with host bits set and `subnet` holds what was probably meant: findings that
    /// depend on the exact prefix stay silent.
    #[schemars(skip)]
    pub suspect: bool,
    /// Number for metrics and for Kea, 1 to 4294967294. Default: the network address as an integer.
    #[schemars(default, with = "u32", extend("minimum" = 1, "maximum" = 4_294_967_294_u32))]
    pub id: Option<Spanned<u32>>,
    /// Addresses for clients without a reservation.
    #[schemars(default)]
    pub pools: Vec<Pool>,
    /// Addresses in the pools that are never given out.
    #[schemars(default)]
    pub exclude: Vec<Exclusion>,
    /// Clients that are known by name.
    #[schemars(default)]
    pub reservations: Vec<Reservation>,
    /// Guard: only clients in one of these classes may use it. At least one; without the key everybody may.
    #[schemars(default, length(min = 1))]
    pub only: Vec<Spanned<ClassName>>,
    /// What classes mean here, over what they mean further out; merged key by key.
    #[schemars(default)]
    pub classes: Vec<ClassMeaning>,
    /// What holds in the subnet.
    #[schemars(flatten)]
    pub settings: PlaceSettings,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// A pool: a range, or a mapping with a range and what holds in it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pool {
    /// Its addresses.
    pub range: Spanned<AddrRange>,
    /// Guard: only clients in one of these classes may use it.
    pub only: Vec<Spanned<ClassName>>,
    /// What classes mean here, over what they mean further out; merged key by key.
    pub classes: Vec<ClassMeaning>,
    /// What holds in the pool.
    pub settings: PlaceSettings,
    /// Where this entry stands.
    pub span: Span,
}

/// A pool with settings of its own.
#[derive(JsonSchema)]
#[schemars(rename = "PoolMapping", rename_all = "kebab-case", deny_unknown_fields)]
struct PoolMapping {
    /// Its addresses.
    #[expect(dead_code, reason = "only its schema is used")]
    range: AddrRange,
    /// Guard: only clients in one of these classes may use it. At least one; without the key everybody may.
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(default, length(min = 1))]
    only: Vec<ClassName>,
    /// What classes mean here, over what they mean further out; merged key by key.
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(default)]
    classes: Vec<ClassMeaning>,
    /// What holds in the pool.
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(flatten)]
    settings: PlaceSettings,
}

impl JsonSchema for Pool {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pool".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let range = generator.subschema_for::<AddrRange>();
        let mapping = generator.subschema_for::<PoolMapping>();
        schemars::json_schema!({
            "description": "Addresses for clients without a reservation: a range, or a mapping with a range and what holds in it.",
            "anyOf": [range, mapping],
        })
    }
}

/// Addresses never given out: a range, or a mapping with a range and the reason.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exclusion {
    /// The addresses.
    pub range: Spanned<AddrRange>,
    /// Why.
    pub reason: Option<Spanned<String>>,
    /// Findings silenced here.
    pub allow: Vec<Allow>,
    /// Where this entry stands.
    pub span: Span,
}

/// An exclusion with its reason.
#[derive(JsonSchema)]
#[schemars(rename = "ExclusionMapping", rename_all = "kebab-case", deny_unknown_fields)]
struct ExclusionMapping {
    /// The addresses.
    #[expect(dead_code, reason = "only its schema is used")]
    range: AddrRange,
    /// Why they are kept back.
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(default, with = "Lines<NOTE_CHARS_MAX>")]
    reason: Option<Spanned<String>>,
    /// Findings silenced here, each with its reason.
    #[expect(dead_code, reason = "only its schema is used")]
    #[schemars(default)]
    allow: Vec<Allow>,
}

impl JsonSchema for Exclusion {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Exclusion".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let range = generator.subschema_for::<AddrRange>();
        let mapping = generator.subschema_for::<ExclusionMapping>();
        schemars::json_schema!({
            "description": "Addresses never given out: a range, or a mapping with a range and the reason.",
            "anyOf": [range, mapping],
        })
    }
}

/// An identifier as 1 to 255 octets: `0x0102` or `01:02` in hexadecimal, anything else is text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct IdentifierText(pub HexBytes);

impl JsonSchema for IdentifierText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Identifier".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": ["string", "number", "boolean"],
            "minLength": 1,
            "maxLength": 3 * IDENTIFIER_OCTETS_MAX,
            "pattern": r"^(0[xX]([0-9A-Fa-f]{2})+|(?!0[xX])[\s\S]+)$",
            "description": "1 to 255 octets: `0x0102` or `01:02` in hexadecimal, anything else as text.",
        })
    }
}

/// The five ways to name a client; a schema asks for exactly one of them.
fn one_identifier() -> [serde_json::Value; 5] {
    ["mac", "client-id", "circuit-id", "remote-id", "duid"]
        .map(|key| serde_json::json!({ "required": [key] }))
}

/// What a client is known by; exactly one of them.
#[derive(Clone, PartialEq, Eq, Debug, Default, JsonSchema)]
#[schemars(rename_all = "kebab-case", default)]
pub struct Identifiers {
    /// Its MAC address.
    #[schemars(with = "MacAddr")]
    pub mac: Option<Spanned<MacAddr>>,
    /// Its client identifier (option 61), type octet included.
    #[schemars(with = "IdentifierText")]
    pub client_id: Option<Spanned<IdentifierText>>,
    /// Where it is plugged in: agent circuit ID (option 82.1, RFC 3046).
    #[schemars(with = "IdentifierText")]
    pub circuit_id: Option<Spanned<IdentifierText>>,
    /// Who the relay says it is: agent remote ID (option 82.2, RFC 3046).
    #[schemars(with = "IdentifierText")]
    pub remote_id: Option<Spanned<IdentifierText>>,
    /// Its DUID, inside a client identifier of type 255 (RFC 4361).
    #[schemars(with = "IdentifierText")]
    pub duid: Option<Spanned<IdentifierText>>,
}

/// A client known by name, with an address or only with values of its own.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("oneOf" = one_identifier()))]
pub struct Reservation {
    /// What it is known by: exactly one of `mac`, `client-id`, `circuit-id`, `remote-id`, `duid`.
    #[schemars(flatten)]
    pub identifiers: Identifiers,
    /// Its address, inside the subnet; never given to anyone else. Absent: a dynamic address.
    #[schemars(default, with = "Address")]
    pub ip: Option<Spanned<Address>>,
    /// Its host name (option 12), at most 253 characters.
    #[schemars(default, with = "Line<HOSTNAME_CHARS_MAX>")]
    pub hostname: Option<Spanned<String>>,
    /// A note for people, at most 1,000 characters.
    #[schemars(default, with = "Lines<NOTE_CHARS_MAX>")]
    pub description: Option<Spanned<String>>,
    /// Classes it is in, whatever its packets say.
    #[schemars(default)]
    pub classes: Vec<Spanned<ClassName>>,
    /// What it gets; wins over everything.
    #[schemars(flatten, with = "ClientSettings")]
    pub client: Option<Box<ClientSettings>>,
    /// Findings silenced here, each with its reason.
    #[schemars(default)]
    pub allow: Vec<Allow>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}

/// A device known anywhere in a site or the estate: values and classes, no address.
#[derive(Clone, PartialEq, Eq, Debug, JsonSchema)]
#[schemars(rename_all = "kebab-case", deny_unknown_fields, extend("oneOf" = one_identifier()))]
pub struct Device {
    /// What it is known by: exactly one of `mac`, `client-id`, `circuit-id`, `remote-id`, `duid`.
    #[schemars(flatten)]
    pub identifiers: Identifiers,
    /// Its host name (option 12), at most 253 characters.
    #[schemars(default, with = "Line<HOSTNAME_CHARS_MAX>")]
    pub hostname: Option<Spanned<String>>,
    /// A note for people, at most 1,000 characters.
    #[schemars(default, with = "Lines<NOTE_CHARS_MAX>")]
    pub description: Option<Spanned<String>>,
    /// Classes it is in, whatever its packets say.
    #[schemars(default)]
    pub classes: Vec<Spanned<ClassName>>,
    /// What it gets; wins over everything but a reservation of its network.
    #[schemars(flatten, with = "ClientSettings")]
    pub client: Option<Box<ClientSettings>>,
    /// Findings silenced here, each with its reason.
    #[schemars(default)]
    pub allow: Vec<Allow>,
    /// Where this entry stands.
    #[schemars(skip)]
    pub span: Span,
}
