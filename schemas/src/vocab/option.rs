//! DHCP option codes, the spaces they live in, and raw bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::string_serde;

/// A DHCP option code, 0 to 255 (RFC 2132; 0 is pad, 255 is end).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OptionCode(pub u8);

#[cfg(feature = "source")]
impl schemars::JsonSchema for OptionCode {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "OptionCode".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "integer",
            "minimum": 1,
            "maximum": 254,
            "description": "An option code; 0 and 255 frame a packet's options.",
        })
    }
}

impl fmt::Display for OptionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Which numbering an option code belongs to.
///
/// Values outside `Dhcp4` are sub-options: the server assembles their container when it replies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Space {
    /// The options of RFC 2132 themselves.
    Dhcp4,
    /// Sub-options of option 43, vendor-specific information (RFC 2132 section 8.4).
    Vendor43,
    /// Sub-options of option 125 for one enterprise number (RFC 3925).
    Vendor125(u32),
}

/// A text names no option space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SpaceError;

impl FromStr for Space {
    type Err = SpaceError;

    fn from_str(text: &str) -> Result<Space, SpaceError> {
        match text {
            "dhcp4" => Ok(Space::Dhcp4),
            "43" => Ok(Space::Vendor43),
            _ => {
                let enterprise = text.strip_prefix("125/").ok_or(SpaceError)?;
                enterprise.parse().map(Space::Vendor125).map_err(|_| SpaceError)
            }
        }
    }
}

impl fmt::Display for Space {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Space::Dhcp4 => f.write_str("dhcp4"),
            Space::Vendor43 => f.write_str("43"),
            Space::Vendor125(enterprise) => write!(f, "125/{enterprise}"),
        }
    }
}

impl fmt::Display for SpaceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected `dhcp4`, `43` (vendor-specific) or `125/ENTERPRISE`")
    }
}

impl std::error::Error for SpaceError {}

string_serde!(Space, "an option space: dhcp4, 43 or 125/ENTERPRISE");
#[cfg(feature = "source")]
impl schemars::JsonSchema for Space {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Space".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [{ "type": "string", "pattern": "^(dhcp4|43|125/[0-9]{1,10})$" }, { "const": 43 }],
            "description": "The option space: `dhcp4`, `43` (sub-options of option 43) or `125/ENTERPRISE` \
                            (sub-options of option 125).",
        })
    }
}

/// Raw bytes, written as hex digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Default)]
pub struct HexBytes(pub Vec<u8>);

/// A text is no string of hex digit pairs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct HexError;

impl FromStr for HexBytes {
    type Err = HexError;

    /// Pairs of hex digits, with `0x` before them or colons between them if you like.
    fn from_str(text: &str) -> Result<HexBytes, HexError> {
        let text = text.trim();
        let digits: String = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
            Some(rest) => rest.to_owned(),
            None if text.contains(':') => {
                if text.split(':').any(|pair| pair.len() != 2) {
                    return Err(HexError);
                }
                text.replace(':', "")
            }
            None => text.to_owned(),
        };
        if digits.len() % 2 == 1 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(HexError);
        }
        let octet = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).map_err(|_| HexError);
        (0..digits.len()).step_by(2).map(octet).collect::<Result<_, _>>().map(HexBytes)
    }
}

impl fmt::Display for HexBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not hexadecimal octets such as `0x00010203`")
    }
}

impl std::error::Error for HexError {}

string_serde!(HexBytes, "hexadecimal octets");
#[cfg(feature = "source")]
super::scalar_schema!(
    HexBytes,
    "HexBytes",
    r"^\s*(0[xX]([0-9A-Fa-f]{2})*|([0-9A-Fa-f]{2})*|[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2})+)\s*$",
    "Octets in hexadecimal: `0x0a0b`, `0a0b` or `0a:0b`."
);
