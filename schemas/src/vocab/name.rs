//! Names people give to things.

use std::fmt;
use std::str::FromStr;

use super::string_serde;

/// A text is no name of its kind; says what it may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NameError {
    /// What the text would have to be.
    pub expected: &'static str,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}", self.expected)
    }
}

impl std::error::Error for NameError {}

/// A site's code, its name for machines: letters, digits, `.`, `_` and `-`, at most 64, a letter or digit first.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct SiteCode(String);

/// A client class's name: letters, digits, `.`, `_` and `-`, at most 128, a letter or digit first.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ClassName(String);

fn is_name(text: &str, length_max: usize) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    text.len() <= length_max
        && text.bytes().all(word)
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
}

macro_rules! name {
    ($type:ident, $length_max:literal, $expected:literal, $pattern:literal, $about:literal) => {
        impl $type {
            /// The name as written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                if is_name(text, $length_max) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(NameError { expected: $expected })
                }
            }
        }
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        string_serde!($type, $expected);
        #[cfg(feature = "source")]
        super::scalar_schema!($type, stringify!($type), $pattern, $about);
    };
}

name!(
    SiteCode,
    64,
    "a code of letters, digits, `.`, `_` and `-`, such as `FITS-0042`",
    r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$",
    "A site's code: letters, digits, `.`, `_`, `-`; at most 64."
);
name!(
    ClassName,
    128,
    "a class name of letters, digits, `.`, `_` and `-`, such as `win10`",
    r"^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$",
    "A client class's name: letters, digits, `.`, `_`, `-`; at most 128."
);
