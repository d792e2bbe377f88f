//! Findings as a GitLab Code Quality report: an array of issues, read from a job's `artifacts:reports:codequality`.
//!
//! Invariant: fingerprints are unique within a report and say which finding it is, not which line; GitLab compares
//! them to tell what a merge request adds and what it mends.

use serde::Serialize;

use super::identity::identities;
use super::line_index::Column;
use super::locator::{Locator, Range};
use super::text::text;
use super::{Diagnostic, Severity};
use crate::source::Sources;

#[derive(Serialize)]
struct Issue {
    description: String,
    check_name: &'static str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// The report with a line feed behind it.
pub fn gitlab(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let mut places = Locator::new(sources, Column::Characters);
    let identities = identities(sources, diagnostics);
    let issues = diagnostics.iter().zip(identities).map(|(diagnostic, identity)| {
        let Range { path, start, end } = places.range(diagnostic.primary.span);
        Issue {
            description: format!("{}: {}", diagnostic.rule.code, text(diagnostic)),
            check_name: diagnostic.rule.slug,
            fingerprint: identity.fingerprint,
            severity: match diagnostic.severity {
                Severity::Error => "critical",
                Severity::Warning => "minor",
                Severity::Information => "info",
            },
            location: Location {
                path: path.strip_prefix("./").unwrap_or(path).to_owned(),
                lines: Lines { begin: start.line, end: end.line },
            },
        }
    });
    let issues: Vec<Issue> = issues.collect();
    let mut text = serde_json::to_string_pretty(&issues)
        .expect("a report has only string keys and no failing serialiser");
    text.push('\n');
    text
}
