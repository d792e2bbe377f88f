//! The words in which faults of form are reported.

use leasehold_schemas::source::Span;

use crate::check::rules::form::{missing_key, unknown_key, wrong_value};
use crate::diag::{Diagnostic, Edit};
use crate::parse::{Entry, NodeId, NodeKind, Tree};

/// Our key for what other programs call it (Kea, ISC dhcpd, dnsmasq), or people may.
const FOREIGN_KEYS: &[(&str, &str)] = &[
    ("address", "ip"),
    ("boot-file", "boot-file-name"),
    ("cidr", "subnet"),
    ("client-class", "only"),
    ("client-classes", "classes"),
    ("comment", "description"),
    ("default-lease-time", "lease"),
    ("excluded", "exclude"),
    ("exclusions", "exclude"),
    ("filename", "boot-file-name"),
    ("fixed-address", "ip"),
    ("hardware", "mac"),
    ("host-name", "hostname"),
    ("hw-address", "mac"),
    ("ip-address", "ip"),
    ("option-data", "options"),
    ("option-def", "option-definitions"),
    ("prefix", "subnet"),
    ("rebind-timer", "rebind-after"),
    ("renew-timer", "renew-after"),
    ("shared-networks", "networks"),
    ("subnet4", "subnets"),
    ("test", "match"),
    ("valid-lifetime", "lease"),
];

/// Options that people write beside `options:` instead of under it.
const OPTION_NAMES: &[&str] = &[
    "broadcast-address",
    "dns-servers",
    "domain-name",
    "domain-name-servers",
    "domain-search",
    "log-servers",
    "ntp-servers",
    "routers",
    "subnet-mask",
    "tftp-server-name",
    "time-offset",
    "vendor-encapsulated-options",
];

/// Our key for a key of another program.
pub(super) fn foreign_key(key: &str) -> Option<&'static str> {
    FOREIGN_KEYS.iter().find(|(foreign, _)| *foreign == key).map(|(_, ours)| *ours)
}

/// A text in backticks, shortened if it is long, without what would disturb a terminal.
pub(super) fn quote(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut quoted: String =
        text.chars().take(CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(CHARS_MAX).is_some() {
        quoted.push('…');
    }
    format!("`{quoted}`")
}

/// ``a``, ``a and b``, ``a, b and c``.
pub(super) fn listed<'a>(words: impl IntoIterator<Item = &'a str>, last: &str) -> String {
    let words: Vec<String> = words.into_iter().map(|word| format!("`{word}`")).collect();
    match words.as_slice() {
        [] => String::new(),
        [word] => word.clone(),
        [first @ .., word] => format!("{} {last} {word}", first.join(", ")),
    }
}

/// What stands at a node, as a sentence's object.
pub(super) fn found(tree: &Tree<'_>, node: NodeId) -> String {
    match &tree.node(node).kind {
        NodeKind::Scalar { .. } if tree.is_null(node) => "nothing".to_owned(),
        NodeKind::Scalar { text, .. } if text.is_empty() => "an empty text".to_owned(),
        NodeKind::Scalar { text, .. } => quote(text),
        NodeKind::Sequence(_) => "a list".to_owned(),
        NodeKind::Mapping(_) => "a mapping".to_owned(),
        NodeKind::Poisoned => "something broken".to_owned(),
    }
}

/// A key that means nothing in this mapping.
pub(super) fn unknown_key(
    entry: &Entry<'_>,
    what: &str,
    meant: Option<&'static str>,
    sure: bool,
    known: &[&str],
) -> Diagnostic {
    let message = format!("unknown key {} in {what}", quote(&entry.key));
    let diagnostic = Diagnostic::new(&unknown_key::RULE, entry.key_span, message, "no such key here");
    if known.contains(&"options") && OPTION_NAMES.contains(&&*entry.key) {
        return diagnostic.with_help(format!("options stand under `options:`; move `{}` there", entry.key));
    }
    if entry.key.contains(' ') && meant.is_none() {
        return diagnostic.with_help("put the text before it in quotes, if the comma belongs to it");
    }
    match meant {
        Some(key) => diagnostic.with_help(format!("did you mean `{key}`?")).with_fix_if_safe(
            sure,
            format!("Rename the key to `{key}`"),
            vec![Edit { span: entry.key_span, text: key.to_owned() }],
        ),
        None => diagnostic.with_note(format!("{what} takes {}", listed(known.iter().copied(), "and"))),
    }
}

/// Keys that a mapping needs, each with an example.
pub(super) fn missing_keys(place: Span, what: &str, missing: &[(&str, &str)]) -> Diagnostic {
    let keys = listed(missing.iter().map(|(key, _)| *key), "and");
    let s = if missing.len() == 1 { "" } else { "s" };
    let noun = what.split_once(' ').map_or(what, |(_, noun)| noun);
    let message = format!("missing key{s} {keys} in {what}");
    let examples = listed(missing.iter().map(|(_, example)| *example), "and");
    Diagnostic::new(&missing_key::RULE, place, message, format!("this {noun} has no {keys}"))
        .with_help(format!("add {keys}, for example {examples}"))
}

/// A value that its key does not take.
pub(super) struct WrongValue<'a> {
    pub key: &'a str,
    pub span: Span,
    pub expected: &'a str,
    pub found: String,
    /// A value that would do; what to write if nothing better is known.
    pub example: &'a str,
    /// What was probably meant.
    pub meant: Option<Meant>,
}

/// What was probably meant.
pub(super) struct Meant {
    pub text: String,
    /// Whether nothing else can have been meant.
    pub sure: bool,
}

impl Meant {
    pub fn surely(text: impl Into<String>) -> Meant {
        Meant { text: text.into(), sure: true }
    }

    pub fn perhaps(text: impl Into<String>) -> Meant {
        Meant { text: text.into(), sure: false }
    }
}

impl WrongValue<'_> {
    pub fn report(self) -> Diagnostic {
        let WrongValue { key, span, expected, found, example, meant } = self;
        let (message, label) = if found == "nothing" {
            (format!("`{key}` has no value"), format!("{expected} is missing here"))
        } else {
            (format!("`{key}` takes {expected}, not {found}"), format!("not {expected}"))
        };
        let diagnostic = Diagnostic::new(&wrong_value::RULE, span, message, label);
        match meant {
            Some(Meant { text, sure }) => diagnostic.with_help(format!("write `{text}`")).with_fix_if_safe(
                sure,
                format!("Write `{text}`"),
                vec![Edit { span, text }],
            ),
            None if example.is_empty() => diagnostic,
            None => diagnostic.with_help(format!("write {expected} such as `{example}`")),
        }
    }
}
