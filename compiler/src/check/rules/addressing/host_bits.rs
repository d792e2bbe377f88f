//! L301: a prefix whose host bits are set. Raised by `decode`.

use std::net::Ipv4Addr;

use leasehold_schemas::source::Span;
use leasehold_schemas::vocab::Cidr;

use crate::diag::{Diagnostic, Edit, Rule, Severity};

/// A prefix whose host bits are set.
pub static RULE: Rule = Rule {
    code: "L301",
    slug: "host-bits",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("host_bits.md"),
};

/// The finding: `text` names an address inside `prefix`.
pub(crate) fn report(span: Span, text: &str, prefix: Cidr) -> Diagnostic {
    let label = format!("the /{} with this address is `{prefix}`", prefix.length());
    let propose = |safe: bool| {
        Diagnostic::new(&RULE, span, format!("`{text}` has host bits set"), label)
            .with_help(format!("write `{prefix}`"))
            .with_fix_if_safe(
                safe,
                format!("Write `{prefix}`"),
                vec![Edit { span, text: prefix.to_string() }],
            )
    };
    // An address that is a shorter prefix's network address may be right, and the mask wrong.
    let written = text.split_once('/').and_then(|(addr, _)| addr.parse::<Ipv4Addr>().ok());
    match written.map(|addr| (addr, 32 - addr.to_bits().trailing_zeros())) {
        Some((addr, length)) if length <= 30 => {
            propose(false).with_note(format!("`{addr}` is the network address of a /{length} or longer"))
        }
        Some(_) | None => propose(true),
    }
}
