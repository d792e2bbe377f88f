//! Durations.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A duration in whole seconds, as lease times are on the wire (RFC 2132 section 9.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seconds(pub u32);

/// A text is no duration, or one beyond what four octets can say.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DurationError;

impl Seconds {
    /// The wire's "infinity" (RFC 2131 section 3.3).
    pub const INFINITE: Seconds = Seconds(u32::MAX);
}

impl FromStr for Seconds {
    type Err = DurationError;

    /// `90s`, `15m`, `8h`, `7d`, or plain seconds.
    fn from_str(text: &str) -> Result<Seconds, DurationError> {
        let text = text.trim();
        let (digits, scale) = match text.as_bytes().last() {
            Some(b's') => (&text[..text.len() - 1], 1),
            Some(b'm') => (&text[..text.len() - 1], 60),
            Some(b'h') => (&text[..text.len() - 1], 3_600),
            Some(b'd') => (&text[..text.len() - 1], 86_400),
            _ => (text, 1),
        };
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(DurationError);
        }
        let count: u32 = digits.parse().map_err(|_| DurationError)?;
        count.checked_mul(scale).map(Seconds).ok_or(DurationError)
    }
}

impl fmt::Display for Seconds {
    /// The largest unit that divides it: `8h`, `90s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (unit, scale) in [('d', 86_400), ('h', 3_600), ('m', 60)] {
            if self.0 >= scale && self.0.is_multiple_of(scale) {
                return write!(f, "{}{unit}", self.0 / scale);
            }
        }
        write!(f, "{}s", self.0)
    }
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a duration such as `90s`, `15m`, `8h`, `7d` or a number of seconds")
    }
}

impl std::error::Error for DurationError {}

/// A duration in milliseconds, for the timers between two servers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Millis(pub u32);

impl FromStr for Millis {
    type Err = DurationError;

    /// `250ms`, or anything that [`Seconds`] takes.
    fn from_str(text: &str) -> Result<Millis, DurationError> {
        let text = text.trim();
        if let Some(digits) = text.strip_suffix("ms") {
            if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
                return Err(DurationError);
            }
            return digits.parse().map(Millis).map_err(|_| DurationError);
        }
        let Seconds(whole) = text.parse()?;
        whole.checked_mul(1000).map(Millis).ok_or(DurationError)
    }
}

impl fmt::Display for Millis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_multiple_of(1000) { Seconds(self.0 / 1000).fmt(f) } else { write!(f, "{}ms", self.0) }
    }
}

#[cfg(feature = "source")]
super::scalar_schema!(
    Millis,
    "FineDuration",
    ["string", "integer"],
    r"^\s*[0-9]+(ms|[smhd])?\s*$",
    "A duration: `250ms`, `15m`, or a number of seconds; at most 4294967295 ms."
);
#[cfg(feature = "source")]
super::scalar_schema!(
    Seconds,
    "Duration",
    ["string", "integer"],
    r"^\s*[0-9]+[smhd]?\s*$",
    "A duration: `90s`, `15m`, `8h`, `7d`, or a number of seconds; at most 4294967295 s."
);
