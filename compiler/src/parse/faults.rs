//! The findings of the tree builder, in words.

use leasehold_schemas::source::Span;

use super::limits::{DEPTH_MAX, NODES_MAX};
use crate::check::rules::form::{duplicate_key, too_large, unsupported_yaml};
use crate::diag::Diagnostic;

pub(super) fn repeated_key(key: &str, repeat: Span, original: Span) -> Diagnostic {
    Diagnostic::new(&duplicate_key::RULE, repeat, format!("key `{key}` stands twice"), "said again here")
        .with_secondary(original, "first said here")
        .with_help("keep one of the two")
}

pub(super) fn unsupported(span: Span, message: &str, label: &str) -> Diagnostic {
    Diagnostic::new(&unsupported_yaml::RULE, span, message, label)
}

pub(super) fn anchored(span: Span) -> Diagnostic {
    unsupported(span, "anchors are not supported", "remove this anchor")
        .with_help("say what several places share in a profile, a class or at a higher level")
}

pub(super) fn alias(span: Span) -> Diagnostic {
    unsupported(span, "aliases are not supported", "stands for what is written elsewhere")
        .with_help("write the value out, or say it once in a profile, a class or at a higher level")
}

pub(super) fn tagged(span: Span) -> Diagnostic {
    unsupported(span, "tags are not supported", "remove this tag")
        .with_help("write the value alone: its key says what type it has")
}

pub(super) fn merge_key(span: Span) -> Diagnostic {
    unsupported(span, "merge keys are not supported", "takes in keys that are written elsewhere")
        .with_help("say what several places share in a profile, a class or at a higher level")
}

pub(super) fn missing_key(span: Span) -> Diagnostic {
    unsupported(span, "an entry of a mapping has no key", "a key is missing before the colon")
}

pub(super) fn collection_key(span: Span) -> Diagnostic {
    unsupported(span, "a key is not a scalar", "a sequence or mapping stands for a key").with_help(
        "quote the text if it is meant to be one: a value that begins with `{` or `[` needs quotes",
    )
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("more than {DEPTH_MAX} sequences and mappings stand inside each other");
    Diagnostic::new(&too_large::RULE, span, message, "one level too deep")
}

pub(super) fn too_many_nodes(span: Span) -> Diagnostic {
    let message = format!("the file holds more than {NODES_MAX} values");
    Diagnostic::new(&too_large::RULE, span, message, "the first value too many")
        .with_help("divide what the file says among several sites")
}
