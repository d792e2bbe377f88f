//! L306: a range that ends before it begins. Raised by `decode`.

use std::net::Ipv4Addr;

use leasehold_schemas::source::Span;

use crate::diag::{Diagnostic, Edit, Rule, Severity};

/// A range that ends before it begins.
pub static RULE: Rule = Rule {
    code: "L306",
    slug: "reversed-range",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("reversed_range.md"),
};

/// The finding: a range from `first` down to `last`.
pub(crate) fn report(span: Span, first: Ipv4Addr, last: Ipv4Addr) -> Diagnostic {
    if first.to_bits() - last.to_bits() > SWAPPED_ADDRESSES_MAX {
        return mistyped(span, first, last);
    }
    let swapped = format!("{last} - {first}");
    Diagnostic::new(
        &RULE,
        span,
        format!("range `{first} - {last}` is reversed"),
        format!("`{last}` comes before `{first}`"),
    )
    .with_help(format!("write `{swapped}`"))
    .with_fix("Swap the ends", vec![Edit { span, text: swapped }])
}

/// Ends so far apart were not exchanged: one of them is mistyped.
const SWAPPED_ADDRESSES_MAX: u32 = 1 << 16;

fn mistyped(span: Span, first: Ipv4Addr, last: Ipv4Addr) -> Diagnostic {
    Diagnostic::new(
        &RULE,
        span,
        format!("range `{first} - {last}` is reversed"),
        format!("`{last}` comes before `{first}`"),
    )
    .with_help("correct the end that is mistyped")
}
