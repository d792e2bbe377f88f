//! Class expressions in Kea's language: text to a [`Test`].
//!
//! The whole language, as Kea 3 has it for DHCPv4: literals (`'text'`, `0x0102`, addresses, whole numbers as four
//! octets); `option[code or name]` and chains of sub-options, `relay4[n]`, `vendor[id]`, `vendor-class[id]`, `pkt.x`,
//! `pkt4.x`; `substring`, `split`, `concat` and `+`, `ifelse`, `lcase`, `ucase`, `hexstring`, `addrtotext`,
//! `int8totext` and its like; `match`, `member`, `known`, `unknown`, `==`, `and`, `or`, `not` and parentheses. `not`
//! binds tightest, then `and`, then `or`. Every value is a string of octets, and what a packet does not carry is the
//! empty string. `sand`, `sor` and `sifelse` are strict: they look at every part. Beyond Kea there are `!=`,
//! `in ('a', 'b')` and `in 10.42.0.0/16`. Refused with a help is `.text` of what is no text, of which Kea makes a dump.
//!
//! Invariant: an expression is at most [`LENGTH_MAX`] octets long, [`DEPTH_MAX`] deep, and its tree at most
//! [`LEVELS_MAX`] levels of JSON, so that neither parsing it nor walking or reading its tree can exhaust the stack. A
//! fault is shown at its own place inside the YAML scalar.

mod accessor;
mod function;
mod height;
mod lexer;
mod parser;
mod pattern;
mod place;
mod strict;

use leasehold_schemas::artefact::Test;
use leasehold_schemas::source::{EXPRESSION_CHARS_MAX, Span, Spanned};
use leasehold_schemas::vocab::ClassName;

use crate::check::rules::class::class_expression;
use crate::diag::{Diagnostic, Rule, Sink};
use crate::model::{Arena, Definition};

/// Longest expression, in octets.
pub const LENGTH_MAX: usize = EXPRESSION_CHARS_MAX;
/// Deepest nesting of parentheses, `not`, lists and functions.
pub const DEPTH_MAX: u32 = 32;
/// Deepest nesting of a test's JSON: readers of an artefact commonly stop at 128 levels, and others stand around it.
pub const LEVELS_MAX: u32 = 110;

/// What an expression may name.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Options, the standard ones and the estate's.
    pub definitions: &'a Arena<Definition>,
    /// Classes in the order of evaluation.
    pub classes: &'a [Spanned<ClassName>],
    /// Which of them the expression belongs to: it may name those before.
    pub this: usize,
}

/// The test that `expression` says, or `None` after reporting what is wrong with it. `file` is the whole text of
/// the file that the expression stands in.
pub fn parse(expression: &Spanned<String>, file: &[u8], names: Names<'_>, sink: &mut Sink) -> Option<Test> {
    let text = expression.value.as_str();
    if text.len() > LENGTH_MAX {
        let message = format!("class expression is longer than {LENGTH_MAX} octets");
        let label = format!("{} octets", text.len());
        sink.push(Diagnostic::new(&class_expression::RULE, expression.span, message, label));
        return None;
    }
    match parser::test(text, names) {
        Ok(test) if height::of_test(&test) > LEVELS_MAX => {
            let message = "class expression is nested too deeply";
            let label = "its functions and tests stand too deep in each other";
            sink.push(Diagnostic::new(&class_expression::RULE, expression.span, message, label));
            None
        }
        Ok(test) => Some(test),
        Err(faults) => {
            let raw =
                file.get(expression.span.start as usize..expression.span.end as usize).unwrap_or_default();
            for fault in faults {
                let span = place::locate(text, raw, expression.span, fault.start..fault.end);
                sink.push(fault.into_diagnostic(span));
            }
            None
        }
    }
}

/// Whether a class of this name exists in every estate: each packet is in `ALL`, those with a reservation are in
/// `KNOWN`, the others in `UNKNOWN`, and `VENDOR_CLASS_x` holds those whose option 60 is `x`.
pub fn is_built_in(class: &str) -> bool {
    matches!(class, "ALL" | "KNOWN" | "UNKNOWN")
        || class.strip_prefix("VENDOR_CLASS_").is_some_and(|vendor| !vendor.is_empty())
}

/// What is wrong with an expression, and where in its text.
#[derive(Debug)]
struct Fault {
    rule: &'static Rule,
    start: usize,
    end: usize,
    message: String,
    label: String,
    help: Option<String>,
}

impl Fault {
    fn new(
        rule: &'static Rule,
        at: std::ops::Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Fault {
        let (message, label) = (message.into(), label.into());
        Fault { rule, start: at.start, end: at.end, message, label, help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Fault {
        self.help = Some(help.into());
        self
    }

    fn into_diagnostic(self, span: Span) -> Diagnostic {
        let Fault { rule, start: _, end: _, message, label, help } = self;
        let mut diagnostic = Diagnostic::new(rule, span, message, label);
        diagnostic.help = help;
        diagnostic
    }
}

/// The candidate that was probably meant: fewest edits, at most a third of the name, the first of equals.
fn nearest<'a>(wanted: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let folded = wanted.to_ascii_lowercase().replace('_', "-");
    let edits_max = wanted.chars().count().div_ceil(3);
    candidates
        .map(|candidate| {
            let plain = candidate.to_ascii_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&folded, &plain), candidate)
        })
        .filter(|(edits, _)| *edits <= edits_max)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests;
