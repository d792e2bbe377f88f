//! Newtypes that the compiler, the artefact and the server share.
//!
//! Invariant: a value that exists is well formed. What is well formed but wrong for its place (a prefix that
//! overlaps another, a multicast MAC) is a rule's business, not this module's.

mod addr;
mod date;
mod layer;
mod mac;
mod name;
mod option;
mod time;

pub use addr::{AddrRange, Cidr, CidrError, RangeError};
pub use date::{Date, DateError};
pub use layer::Layer;
pub use mac::{MacAddr, MacError};
pub use name::{ClassName, NameError, SiteCode};
pub use option::{HexBytes, HexError, OptionCode, Space, SpaceError};
pub use time::{DurationError, Millis, Seconds};

/// Serialises as the `Display` form and deserialises through `FromStr`: one spelling in every artefact.
macro_rules! string_serde {
    ($type:ty, $expecting:literal) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $type;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    };
}
pub(crate) use string_serde;

/// Gives a vocabulary type its JSON Schema: a scalar that an editor may have typed as text, number or truth
/// value, because the estate language types scalars by their key. The pattern judges the text form only.
#[cfg(feature = "source")]
macro_rules! scalar_schema {
    ($type:ty, $name:expr, $pattern:expr, $about:literal) => {
        super::scalar_schema!($type, $name, ["string", "number", "boolean"], $pattern, $about);
    };
    ($type:ty, $name:expr, $types:tt, $pattern:expr, $about:literal) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({
                    "type": $types,
                    "minimum": 0,
                    "pattern": $pattern,
                    "description": $about,
                })
            }
        }
    };
}
#[cfg(feature = "source")]
pub(crate) use scalar_schema;

/// The pattern of one octet of a dotted address, as Rust's parser reads it: no leading zeros.
#[cfg(feature = "source")]
macro_rules! octet {
    () => {
        "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
    };
}
#[cfg(feature = "source")]
pub(crate) use octet;
