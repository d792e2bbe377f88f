//! Regular expressions of `match`: over octets, against the whole string, in time linear in it.

use regex::bytes::{Regex, RegexBuilder};

/// Octets that a compiled expression may take. Enough for some thousand characters; a repetition of repetitions is
/// refused.
const SIZE_MAX: usize = 64 << 10;
/// Deepest nesting of groups.
const NESTING_MAX: u32 = 32;

/// A regular expression, compiled.
#[derive(Clone, Debug)]
pub struct Pattern {
    written: Box<str>,
    regex: Regex,
}

/// Two patterns are one if they are written alike.
impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

/// Why a text is no [`Pattern`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PatternError {
    /// It cannot be read.
    Malformed,
    /// Compiled, it is too large.
    TooLarge,
}

impl Pattern {
    /// Compiles a regular expression. It is read alone first: whatever closes a group must have opened it.
    pub fn new(written: &str) -> Result<Pattern, PatternError> {
        let build = |text: &str| {
            RegexBuilder::new(text)
                .unicode(false)
                .crlf(true)
                .size_limit(SIZE_MAX)
                .nest_limit(NESTING_MAX)
                .build()
                .map_err(|error| match error {
                    regex::Error::CompiledTooBig(_) => PatternError::TooLarge,
                    _ => PatternError::Malformed,
                })
        };
        build(written)?;
        let regex = build(&format!(r"\A(?:{written})\z"))?;
        Ok(Pattern { written: written.into(), regex })
    }

    /// Whether it matches all of the octets.
    pub fn matches(&self, octets: &[u8]) -> bool {
        self.regex.is_match(octets)
    }
}
