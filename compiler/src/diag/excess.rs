//! How many findings people are shown: a mistake made a hundred thousand times is one to read.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Diagnostic, Rule};

/// The findings that are shown, and how many of each rule are not.
#[derive(Debug)]
pub struct Shown<'a> {
    /// In their order.
    pub findings: Vec<&'a Diagnostic>,
    /// By code, the rules of which more was found.
    pub hidden: BTreeMap<&'static str, (&'static Rule, usize)>,
}

/// The first `max` findings of each rule; 0: all of them.
pub fn limited<'a>(findings: impl IntoIterator<Item = &'a Diagnostic>, max: usize) -> Shown<'a> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut shown = Shown { findings: Vec::new(), hidden: BTreeMap::new() };
    for finding in findings {
        let count = counts.entry(finding.rule.code).or_insert(0);
        *count += 1;
        if max == 0 || *count <= max {
            shown.findings.push(finding);
        } else {
            shown.hidden.entry(finding.rule.code).or_insert((finding.rule, 0)).1 += 1;
        }
    }
    shown
}

impl Shown<'_> {
    /// A line for each rule of which more was found.
    pub fn rest(&self) -> String {
        let mut text = String::new();
        for (code, (rule, count)) in &self.hidden {
            let findings = if *count == 1 { "finding" } else { "findings" };
            let slug = rule.slug;
            writeln!(text, "{count} more {findings} of {code} ({slug}); show all with `--max-findings 0`")
                .expect("a string takes all that is written to it");
        }
        text
    }
}
