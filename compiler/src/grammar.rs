//! The estate language as a table: which keys each kind of mapping may have, in the order in which they are written, and
//! what stands under each.
//!
//! Invariant: the keys are those of the JSON Schemas, which are generated from the source types; a test compares. The
//! order is the one in which people read an estate: what a thing is, what holds in it, and last its long lists. This
//! module knows no text and no values.

/// A kind of file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Document {
    /// `estate.yaml`.
    Estate,
    /// Any other.
    Site,
}

/// What stands at a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value {
    /// Under a key that nobody knows.
    Unknown,
    /// One scalar.
    Scalar(Scalar),
    /// A mapping with the keys of its kind.
    Mapping(Mapping),
    /// A scalar, or a mapping that says more.
    Either(Scalar, Mapping),
    /// A list.
    List(&'static Value),
    /// A mapping whose keys people choose.
    Names(Names),
    /// An option's value: the option's definition says what it is.
    OptionValue,
}

/// A mapping whose keys people choose.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Names {
    /// Options with their values.
    Options,
    /// Options that no standard defines, with their definitions.
    OptionDefinitions,
    /// Profiles with what they say.
    Profiles,
}

/// What a scalar is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scalar {
    /// Text, or something that has only one spelling.
    Text,
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A hardware address.
    Mac,
    /// Addresses, both ends included.
    Range,
    /// A duration in seconds.
    Duration,
    /// A duration in milliseconds.
    FineDuration,
    /// A class, by its name.
    Class,
    /// The name of the class that is defined here.
    ClassName,
    /// A profile, by its name.
    Profile,
    /// An option, by its name or code.
    Option,
    /// A rule, by its name or code.
    Rule,
}

/// A kind of mapping with keys of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "each is named like its type in `leasehold_schemas::source`")]
pub enum Mapping {
    Estate,
    Site,
    ClassDefinition,
    OptionDefinition,
    Profile,
    HighAvailability,
    Server,
    Network,
    Subnet,
    Pool,
    Exclusion,
    Reservation,
    Device,
    ClassMeaning,
    Allow,
    LeaseTimes,
    ChangeLimits,
}

/// A key and what stands under it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    /// The key.
    pub name: &'static str,
    /// What stands under it.
    pub value: Value,
}

const fn key(name: &'static str, value: Value) -> Key {
    Key { name, value }
}

const fn text(name: &'static str) -> Key {
    key(name, Value::Scalar(Scalar::Text))
}

const fn scalar(name: &'static str, scalar: Scalar) -> Key {
    key(name, Value::Scalar(scalar))
}

const fn list(name: &'static str, of: &'static Value) -> Key {
    key(name, Value::List(of))
}

/// What a client is told: `source::ClientSettings`.
const CLIENT: &[Key] = &[
    key("lease", Value::Either(Scalar::Duration, Mapping::LeaseTimes)),
    scalar("renew-after", Scalar::Duration),
    scalar("rebind-after", Scalar::Duration),
    text("next-server"),
    text("server-hostname"),
    text("boot-file-name"),
    key("options", Value::Names(Names::Options)),
    list("always-send", &Value::Scalar(Scalar::Option)),
    list("never-send", &Value::Scalar(Scalar::Option)),
];

/// How the server behaves in a place: `source::PlaceSettings` without what clients are told and `allow`.
const PLACE: &[Key] = &[
    scalar("authoritative", Scalar::Boolean),
    scalar("identity", Scalar::Choice(&["client-id", "mac"])),
    scalar("rapid-commit", Scalar::Boolean),
    scalar("decline-probation", Scalar::Duration),
    scalar("reply-to", Scalar::Choice(&["giaddr", "source"])),
    scalar("reply-port", Scalar::Choice(&["relay", "source"])),
];

const GUARD: &[Key] = &[list("only", &Value::Scalar(Scalar::Class))];

const MEANINGS: &[Key] = &[list("classes", &Value::Mapping(Mapping::ClassMeaning))];

const MEMBERSHIPS: &[Key] = &[list("classes", &Value::Scalar(Scalar::Class))];

const ALLOW: &[Key] = &[list("allow", &Value::Mapping(Mapping::Allow))];

const LIMITS: &[Key] = &[key("change-limits", Value::Mapping(Mapping::ChangeLimits))];

const DEVICES: &[Key] = &[list("reservations", &Value::Mapping(Mapping::Device))];

const IDENTIFIERS: &[Key] =
    &[scalar("mac", Scalar::Mac), text("client-id"), text("circuit-id"), text("remote-id"), text("duid")];

const NOTES: &[Key] = &[text("hostname"), text("description")];

const OPTION_TYPES: Scalar = Scalar::Choice(&[
    "binary",
    "boolean",
    "empty",
    "fqdn",
    "ipv4-address",
    "string",
    "tuple",
    "uint8",
    "uint16",
    "uint32",
    "int8",
    "int16",
    "int32",
    "record",
    "classless-route",
]);

const POOL: Value = Value::Either(Scalar::Range, Mapping::Pool);
const EXCLUSION: Value = Value::Either(Scalar::Range, Mapping::Exclusion);

impl Document {
    /// The kind of the file with this path below the estate's folder.
    pub fn of(path: &str) -> Document {
        if path == crate::source::ESTATE_PATH { Document::Estate } else { Document::Site }
    }

    /// What the whole file is.
    pub fn root(self) -> Value {
        Value::Mapping(match self {
            Document::Estate => Mapping::Estate,
            Document::Site => Mapping::Site,
        })
    }
}

impl Mapping {
    /// Every kind.
    pub const ALL: [Mapping; 17] = [
        Mapping::Estate,
        Mapping::Site,
        Mapping::ClassDefinition,
        Mapping::OptionDefinition,
        Mapping::Profile,
        Mapping::HighAvailability,
        Mapping::Server,
        Mapping::Network,
        Mapping::Subnet,
        Mapping::Pool,
        Mapping::Exclusion,
        Mapping::Reservation,
        Mapping::Device,
        Mapping::ClassMeaning,
        Mapping::Allow,
        Mapping::LeaseTimes,
        Mapping::ChangeLimits,
    ];

    /// Its name among the definitions of a JSON Schema; none for a whole document.
    pub fn schema_name(self) -> Option<&'static str> {
        Some(match self {
            Mapping::Estate | Mapping::Site => return None,
            Mapping::ClassDefinition => "ClassDefinition",
            Mapping::OptionDefinition => "OptionDefinition",
            Mapping::Profile => "Profile",
            Mapping::HighAvailability => "HighAvailability",
            Mapping::Server => "Server",
            Mapping::Network => "Network",
            Mapping::Subnet => "Subnet",
            Mapping::Pool => "PoolMapping",
            Mapping::Exclusion => "ExclusionMapping",
            Mapping::Reservation => "Reservation",
            Mapping::Device => "Device",
            Mapping::ClassMeaning => "ClassMeaning",
            Mapping::Allow => "Allow",
            Mapping::LeaseTimes => "LeaseTimes",
            Mapping::ChangeLimits => "ChangeLimits",
        })
    }

    /// Its keys in their order.
    pub fn keys(self) -> impl Iterator<Item = &'static Key> {
        self.groups().iter().copied().flatten()
    }

    /// The place of a key in the order.
    pub fn rank(self, name: &str) -> Option<usize> {
        self.keys().position(|key| key.name == name)
    }

    #[expect(clippy::too_many_lines, reason = "a table, a kind of mapping a row")]
    fn groups(self) -> &'static [&'static [Key]] {
        // Constants, so that they can be lent for ever.
        match self {
            Mapping::Estate => {
                const {
                    &[
                        &[
                            text("version"),
                            text("estate"),
                            list("address-space", &Value::Scalar(Scalar::Text)),
                        ],
                        CLIENT,
                        PLACE,
                        &[
                            key("option-definitions", Value::Names(Names::OptionDefinitions)),
                            list("classes", &Value::Mapping(Mapping::ClassDefinition)),
                            key("profiles", Value::Names(Names::Profiles)),
                            key("high-availability", Value::Mapping(Mapping::HighAvailability)),
                            list("subnet-selection-sources", &Value::Scalar(Scalar::Range)),
                        ],
                        LIMITS,
                        ALLOW,
                        DEVICES,
                    ]
                }
            }
            Mapping::Site => {
                const {
                    &[
                        &[text("version"), text("site"), text("name"), scalar("profile", Scalar::Profile)],
                        CLIENT,
                        PLACE,
                        MEANINGS,
                        LIMITS,
                        ALLOW,
                        DEVICES,
                        &[list("networks", &Value::Mapping(Mapping::Network))],
                    ]
                }
            }
            Mapping::ClassDefinition => {
                const { &[&[scalar("name", Scalar::ClassName), text("match")], CLIENT] }
            }
            Mapping::OptionDefinition => {
                const {
                    &[&[
                        text("code"),
                        scalar("type", OPTION_TYPES),
                        scalar("array", Scalar::Boolean),
                        list("fields", &Value::Scalar(OPTION_TYPES)),
                        text("space"),
                    ]]
                }
            }
            Mapping::Profile => const { &[CLIENT, PLACE, MEANINGS, ALLOW] },
            Mapping::HighAvailability => {
                const {
                    &[&[
                        scalar("mode", Scalar::Choice(&["hot-standby", "load-balancing", "passive-backup"])),
                        list("servers", &Value::Mapping(Mapping::Server)),
                        scalar("heartbeat-delay", Scalar::FineDuration),
                        scalar("max-response-delay", Scalar::FineDuration),
                        scalar("peer-ack-wait", Scalar::FineDuration),
                        scalar("mclt", Scalar::Duration),
                        text("standby-share"),
                    ]]
                }
            }
            Mapping::Server => {
                const {
                    &[&[
                        text("name"),
                        scalar("role", Scalar::Choice(&["primary", "standby", "secondary", "backup"])),
                        text("peer-address"),
                    ]]
                }
            }
            Mapping::Network => {
                const {
                    &[
                        &[text("name"), list("relays", &Value::Scalar(Scalar::Text))],
                        GUARD,
                        CLIENT,
                        PLACE,
                        MEANINGS,
                        ALLOW,
                        &[list("subnets", &Value::Mapping(Mapping::Subnet))],
                    ]
                }
            }
            Mapping::Subnet => {
                const {
                    &[
                        &[text("subnet"), text("id")],
                        GUARD,
                        &[list("pools", &POOL), list("exclude", &EXCLUSION)],
                        CLIENT,
                        PLACE,
                        MEANINGS,
                        ALLOW,
                        &[list("reservations", &Value::Mapping(Mapping::Reservation))],
                    ]
                }
            }
            Mapping::Pool => {
                const { &[&[scalar("range", Scalar::Range)], GUARD, CLIENT, PLACE, MEANINGS, ALLOW] }
            }
            Mapping::Exclusion => const { &[&[scalar("range", Scalar::Range), text("reason")], ALLOW] },
            Mapping::Reservation => {
                const { &[IDENTIFIERS, &[text("ip")], NOTES, MEMBERSHIPS, CLIENT, ALLOW] }
            }
            Mapping::Device => const { &[IDENTIFIERS, NOTES, MEMBERSHIPS, CLIENT, ALLOW] },
            Mapping::ClassMeaning => const { &[&[scalar("class", Scalar::Class)], CLIENT] },
            Mapping::Allow => const { &[&[scalar("rule", Scalar::Rule), text("reason"), text("until")]] },
            Mapping::LeaseTimes => {
                const {
                    &[&[
                        scalar("default", Scalar::Duration),
                        scalar("min", Scalar::Duration),
                        scalar("max", Scalar::Duration),
                    ]]
                }
            }
            Mapping::ChangeLimits => const { &[&[text("reservations-removed"), text("lease-cut")]] },
        }
    }
}

impl Value {
    /// The mapping with keys of its own that may stand here.
    pub fn mapping(self) -> Option<Mapping> {
        match self {
            Value::Mapping(mapping) | Value::Either(_, mapping) => Some(mapping),
            Value::Unknown | Value::Scalar(_) | Value::List(_) | Value::Names(_) | Value::OptionValue => None,
        }
    }

    /// What stands under a key of a mapping that stands here.
    pub fn under(self, name: &str) -> Value {
        match self {
            Value::Mapping(mapping) | Value::Either(_, mapping) => {
                mapping.keys().find(|key| key.name == name).map_or(Value::Unknown, |key| key.value)
            }
            Value::Names(Names::Options) | Value::OptionValue => Value::OptionValue,
            Value::Names(Names::OptionDefinitions) => Value::Mapping(Mapping::OptionDefinition),
            Value::Names(Names::Profiles) => Value::Mapping(Mapping::Profile),
            Value::Unknown | Value::Scalar(_) | Value::List(_) => Value::Unknown,
        }
    }

    /// What an element of a list is that stands here.
    pub fn element(self) -> Value {
        match self {
            Value::List(of) => *of,
            Value::OptionValue => Value::OptionValue,
            Value::Unknown | Value::Scalar(_) | Value::Mapping(_) | Value::Either(..) | Value::Names(_) => {
                Value::Unknown
            }
        }
    }

    /// The scalar that may stand here.
    pub fn scalar(self) -> Option<Scalar> {
        match self {
            Value::Scalar(scalar) | Value::Either(scalar, _) => Some(scalar),
            Value::Unknown | Value::Mapping(_) | Value::List(_) | Value::Names(_) | Value::OptionValue => {
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use leasehold_schemas::documents;
    use serde_json::Value as Json;

    use super::{Document, Mapping};

    fn properties(schema: &Json) -> BTreeSet<&str> {
        let properties = schema["properties"].as_object().expect("a mapping's schema has properties");
        properties.keys().map(String::as_str).collect()
    }

    /// The schema of a mapping, in either document's schema.
    fn schema(mapping: Mapping) -> Json {
        let of = |document: documents::Document| Json::from(document.schema());
        let (estate, site) = (of(documents::Document::Estate), of(documents::Document::Site));
        match (mapping, mapping.schema_name()) {
            (Mapping::Estate, _) => estate,
            (Mapping::Site, _) | (_, None) => site,
            (_, Some(name)) => {
                let found = [&site, &estate].into_iter().find_map(|schema| schema["$defs"].get(name));
                found.unwrap_or_else(|| panic!("no schema defines `{name}`")).clone()
            }
        }
    }

    #[test]
    fn keys_are_those_of_the_schemas_each_once() {
        for mapping in Mapping::ALL {
            let schema = schema(mapping);
            let mut keys: Vec<&str> = mapping.keys().map(|key| key.name).collect();
            keys.sort_unstable();
            assert_eq!(keys, properties(&schema).into_iter().collect::<Vec<_>>(), "{mapping:?}");
        }
    }

    #[test]
    fn every_kind_of_mapping_is_somewhere_in_a_document() {
        let mut found: Vec<Mapping> = Vec::new();
        let mut open = vec![Document::Estate.root(), Document::Site.root()];
        while let Some(value) = open.pop() {
            open.extend(Some(value.element()).filter(|of| *of != super::Value::Unknown && *of != value));
            if let super::Value::Names(_) = value {
                open.push(value.under("name"));
            }
            let Some(mapping) = value.mapping().filter(|mapping| !found.contains(mapping)) else { continue };
            found.push(mapping);
            open.extend(mapping.keys().map(|key| key.value));
        }
        assert_eq!(found.len(), Mapping::ALL.len(), "{found:?}");
    }
}
