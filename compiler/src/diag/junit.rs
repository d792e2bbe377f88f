//! Findings as JUnit XML: a suite a file, so that any CI shows the files of an estate like tests.
//!
//! Invariant: the text is well-formed XML 1.0 whatever the estate says. An error is a failure; what allows to go on
//! is a passed case with its text, because a consumer fails a job for any failure.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leasehold_schemas::source::FileId;

use super::identity::{Identity, identities};
use super::line_index::Column;
use super::locator::{Locator, Range};
use super::text::text;
use super::{Diagnostic, Severity};
use crate::source::Sources;

/// The document with a line feed behind it. A file without findings has one passed case.
pub fn junit(sources: &Sources, diagnostics: &[&Diagnostic]) -> String {
    let identities = identities(sources, diagnostics);
    let mut found: BTreeMap<FileId, Vec<(&Diagnostic, &Identity)>> = BTreeMap::new();
    for (diagnostic, identity) in diagnostics.iter().zip(&identities) {
        found.entry(diagnostic.primary.span.file).or_default().push((diagnostic, identity));
    }
    let mut places = Locator::new(sources, Column::Characters);
    let mut suites = String::new();
    let (mut tests, mut failures) = (0, 0);
    for (file, _) in sources.iter() {
        let of_file = found.get(&file).map_or(&[][..], Vec::as_slice);
        let failed = of_file.iter().filter(|(finding, _)| finding.severity == Severity::Error).count();
        let count = of_file.len().max(1);
        let path = attribute(&sources.display_path(file));
        write(
            &mut suites,
            format_args!(
                "  <testsuite name=\"{path}\" tests=\"{count}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">\n"
            ),
        );
        if of_file.is_empty() {
            write(
                &mut suites,
                format_args!("    <testcase classname=\"{path}\" name=\"nothing to find fault with\"/>\n"),
            );
        }
        for (diagnostic, identity) in of_file {
            case(&mut suites, diagnostic, identity, &places.range(diagnostic.primary.span));
        }
        suites.push_str("  </testsuite>\n");
        tests += count;
        failures += failed;
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"leasehold\" tests=\"{tests}\" \
         failures=\"{failures}\" errors=\"0\">\n{suites}</testsuites>\n"
    )
}

fn case(out: &mut String, diagnostic: &Diagnostic, identity: &Identity, place: &Range<'_>) {
    let Range { path, start, end: _ } = place;
    let rule = diagnostic.rule;
    let name = format!("{} {}: {}", rule.code, rule.slug, identity.subject);
    let place = format!("{path}:{}:{}", start.line, start.column);
    let (name, class, file, line) = (attribute(&name), attribute(path), attribute(path), start.line);
    write(
        out,
        format_args!(
            "    <testcase classname=\"{class}\" name=\"{name}\" file=\"{file}\" line=\"{line}\">\n"
        ),
    );
    let content = content(&format!("{place}\n{}", text(diagnostic)));
    match diagnostic.severity {
        Severity::Error => {
            let (message, slug) = (attribute(&diagnostic.message), rule.slug);
            write(
                out,
                format_args!("      <failure message=\"{message}\" type=\"{slug}\">{content}</failure>\n"),
            );
        }
        Severity::Warning | Severity::Information => {
            let word = diagnostic.severity.word();
            write(out, format_args!("      <system-out>{word}: {content}</system-out>\n"));
        }
    }
    out.push_str("    </testcase>\n");
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    out.write_fmt(text).expect("a string takes all that is written to it");
}

/// Text between tags. Characters that no XML 1.0 document may have (section 2.2), not even escaped, are replaced.
fn content(text: &str) -> String {
    let mut content = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => content.push_str("&amp;"),
            '<' => content.push_str("&lt;"),
            '>' => content.push_str("&gt;"),
            '\n' | '\t' => content.push(c),
            '\r' => content.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => content.push('\u{fffd}'),
            _ => content.push(c),
        }
    }
    content
}

/// Text of an attribute: white space is kept as it is written (section 3.3.3).
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}
