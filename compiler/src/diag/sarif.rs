//! Findings as SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): for code scanning and editors.
//!
//! Invariant: the log is valid by the schema that OASIS publishes; columns count UTF-16 code units, as the log says,
//! and begin at 1.

mod log;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leasehold_schemas::source::Span;

use super::identity::identities;
use super::line_index::Column;
use super::locator::{Locator, Range};
use super::text::{printable, text};
use super::{Diagnostic, Fix, Label, Rule, Severity};
use crate::source::Sources;
use log::{
    ArtifactChange, ArtifactContent, ArtifactLocation, Component, Configuration, Descriptor, Location, Log,
    Message, MultiformatMessage, PhysicalLocation, Properties, Region, Replacement, Run, SarifFix,
    SarifResult, Tool, UriBase, UriBases,
};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative paths are relative to: the folder in which the program was started, most often a checkout.
const BASE: &str = "%SRCROOT%";

/// The log of one run with a line feed behind it.
pub fn sarif(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let rules: BTreeMap<&str, &'static Rule> =
        diagnostics.iter().map(|diagnostic| (diagnostic.rule.code, diagnostic.rule)).collect();
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(index, code)| (*code, index)).collect();
    let mut writer = Writer { places: Locator::new(sources, Column::Utf16) };
    let identities = identities(sources, diagnostics);
    let results = diagnostics.iter().zip(identities).map(|(diagnostic, identity)| {
        writer.result(diagnostic, index[diagnostic.rule.code], identity.fingerprint)
    });
    let results = results.collect();
    let driver = Component {
        name: "leasehold",
        version: env!("CARGO_PKG_VERSION"),
        semantic_version: env!("CARGO_PKG_VERSION"),
        rules: rules.values().map(|rule| descriptor(rule)).collect(),
    };
    let description = Message { text: "the folder in which leasehold was started".to_owned() };
    let run = Run {
        tool: Tool { driver },
        column_kind: "utf16CodeUnits",
        original_uri_base_ids: UriBases { source_root: UriBase { description } },
        results,
    };
    let log = Log { version: "2.1.0", schema: SCHEMA, runs: [run] };
    let mut text =
        serde_json::to_string_pretty(&log).expect("a log has only string keys and no failing serialiser");
    text.push('\n');
    text
}

/// A rule with its page.
fn descriptor(rule: &'static Rule) -> Descriptor {
    let summary = first_paragraph(rule.page);
    Descriptor {
        id: rule.code,
        name: rule.slug,
        short_description: Message { text: rule.slug.replace('-', " ") },
        full_description: Message { text: summary.unwrap_or(rule.slug).to_owned() },
        help: MultiformatMessage { text: rule.page, markdown: rule.page },
        default_configuration: Configuration { level: level(rule.severity) },
        properties: Properties {
            tags: [family(rule.code)],
            severity: problem(rule.severity),
            precision: "very-high",
        },
    }
}

/// What a page says below its title.
fn first_paragraph(page: &'static str) -> Option<&'static str> {
    page.split("\n\n").map(str::trim).find(|paragraph| !paragraph.is_empty() && !paragraph.starts_with('#'))
}

/// What the rules of a family look at; the second letter of a code says which it is.
fn family(code: &str) -> &'static str {
    match code.as_bytes().get(1) {
        Some(b'0') => "form",
        Some(b'1') => "identity",
        Some(b'2') => "references",
        Some(b'3') => "addressing",
        Some(b'4') => "reservations",
        Some(b'5') => "options",
        Some(b'6') => "classes",
        Some(b'7') => "availability",
        Some(b'8') => "secrets",
        Some(b'9') => "change",
        Some(_) | None => "estate",
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    }
}

/// The same in the words of code scanning's own property.
fn problem(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "recommendation",
    }
}

struct Writer<'a> {
    places: Locator<'a>,
}

impl Writer<'_> {
    fn result(&mut self, diagnostic: &Diagnostic, rule_index: usize, fingerprint: String) -> SarifResult {
        let Diagnostic {
            rule,
            severity,
            message: _,
            primary,
            secondary,
            notes: _,
            help: _,
            fix,
            redundant: _,
        } = diagnostic;
        SarifResult {
            rule_id: rule.code,
            rule_index,
            level: level(*severity),
            message: Message { text: text(diagnostic) },
            locations: [self.location(None, &Label { span: primary.span, text: String::new() })],
            related_locations: secondary
                .iter()
                .enumerate()
                .map(|(at, label)| self.location(Some(at + 1), label))
                .collect(),
            partial_fingerprints: BTreeMap::from([("leasehold/v1", fingerprint)]),
            fixes: fix.iter().map(|fix| self.fix(fix)).collect(),
        }
    }

    fn location(&mut self, id: Option<usize>, label: &Label) -> Location {
        let (artifact_location, region) = self.place(label.span);
        let message = (!label.text.is_empty()).then(|| Message { text: printable(&label.text) });
        Location { id, physical_location: PhysicalLocation { artifact_location, region }, message }
    }

    fn fix(&mut self, fix: &Fix) -> SarifFix {
        let Fix { title, safe: _, edits } = fix;
        let mut changes: BTreeMap<_, ArtifactChange> = BTreeMap::new();
        for edit in edits {
            let (artifact_location, deleted_region) = self.place(edit.span);
            let inserted_content = ArtifactContent { text: edit.text.clone() };
            let change = changes
                .entry(edit.span.file)
                .or_insert_with(|| ArtifactChange { artifact_location, replacements: Vec::new() });
            change.replacements.push(Replacement { deleted_region, inserted_content });
        }
        SarifFix {
            description: Message { text: printable(title) },
            artifact_changes: changes.into_values().collect(),
        }
    }

    fn place(&mut self, span: Span) -> (ArtifactLocation, Region) {
        let Range { path, start, end } = self.places.range(span);
        let region = Region {
            start_line: start.line,
            start_column: start.column,
            end_line: end.line,
            end_column: end.column,
        };
        (artifact_location(path), region)
    }
}

/// A path as a URI reference (RFC 3986): what is no unreserved character is encoded, and `./` goes.
fn artifact_location(path: &str) -> ArtifactLocation {
    let encoded = percent_encoded(path.strip_prefix("./").unwrap_or(path));
    if path.starts_with('/') {
        ArtifactLocation { uri: format!("file://{encoded}"), uri_base_id: None }
    } else {
        ArtifactLocation { uri: encoded, uri_base_id: Some(BASE) }
    }
}

fn percent_encoded(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for octet in path.bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(octet.into());
            }
            _ => write!(uri, "%{octet:02X}").expect("a string takes all that is written to it"),
        }
    }
    uri
}
