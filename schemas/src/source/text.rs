//! How long a text may be, and what the JSON Schema says of it.
//!
//! A text key takes any scalar: `hostname: 007` is the text `007`, whatever an editor's YAML reader makes of it.
//! So the schema of a text admits numbers and truth values too, and its bounds judge the text form only.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// Characters in a name: of an estate, site, network, profile.
pub const NAME_CHARS_MAX: usize = 128;
/// Characters in a word that machines use: the name of an option, of a server, of a rule.
pub const WORD_CHARS_MAX: usize = 64;
/// Characters in a host name or domain (RFC 1035 section 2.3.4, as text).
pub const HOSTNAME_CHARS_MAX: usize = 253;
/// Characters in a note for people.
pub const NOTE_CHARS_MAX: usize = 1_000;
/// Characters in a class expression.
pub const EXPRESSION_CHARS_MAX: usize = 8_000;
/// Octets in the header field `sname`, its final zero not counted (RFC 2131 section 2).
pub const SNAME_OCTETS_MAX: usize = 63;
/// Octets in the header field `file`, its final zero not counted (RFC 2131 section 2).
pub const FILE_OCTETS_MAX: usize = 127;
/// Octets in an identifier: what one option or sub-option holds.
pub const IDENTIFIER_OCTETS_MAX: usize = 255;

/// Schema of a text on one line: 1 to `MAX` characters, none of them a control character.
pub(super) struct Line<const MAX: usize>;

/// Schema of a text that may have lines: 1 to `MAX` characters.
pub(super) struct Lines<const MAX: usize>;

/// Schema of a text for a header field: 1 to `MAX` printable ASCII characters.
pub(super) struct Field<const MAX: usize>;

/// Schema of a word: a letter first, then letters, digits, `.`, `_` and `-`; at most [`WORD_CHARS_MAX`].
pub(super) struct Word;

/// Schema of host and port.
pub(super) struct HostPort;

/// Schema of a date.
pub(super) struct Day;

/// The pattern of a word.
pub(super) const WORD_PATTERN: &str = "^[A-Za-z][0-9A-Za-z._-]{0,63}$";

fn scalar(pattern: &str, length_max: usize) -> Schema {
    json_schema!({
        "type": ["string", "number", "boolean"],
        "minLength": 1,
        "maxLength": length_max,
        "pattern": pattern,
    })
}

macro_rules! inline_schema {
    ([$($generic:tt)*] $type:ty, $name:literal, $schema:expr) => {
        impl<$($generic)*> JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

inline_schema!([const MAX: usize] Line<MAX>, "Line", scalar(r"^[^\u0000-\u001f\u007f]*$", MAX));
inline_schema!(
    [const MAX: usize] Lines<MAX>,
    "Lines",
    scalar(r"^[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]*$", MAX)
);
inline_schema!([const MAX: usize] Field<MAX>, "Field", scalar("^[ -~]*$", MAX));
inline_schema!([] Word, "Word", json_schema!({ "type": "string", "pattern": WORD_PATTERN }));
inline_schema!(
    [] HostPort,
    "HostPort",
    json_schema!({
        "type": "string",
        "pattern": r"^(\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Za-z]([0-9A-Za-z.-]{0,251}[0-9A-Za-z])?):[1-9][0-9]{0,4}$",
    })
);
inline_schema!(
    [] Day,
    "Day",
    json_schema!({
        "type": "string",
        "pattern": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    })
);
