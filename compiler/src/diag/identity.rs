//! Which finding it is, whatever line it stands on: what a baseline, a merge request or an alert that was dismissed
//! knows it by.
//!
//! Invariant: a finding's identity is its rule and its subject, the estate's own names for the place (site, network,
//! subnet, entry), and of several alike their order. Lines that move, comments and formatting do not change it;
//! neither does the file's name where the file names its site.

use std::collections::BTreeMap;

use leasehold_schemas::artefact::Digest;
use leasehold_schemas::source::{FileId, Span};
use rayon::prelude::*;

use super::{Diagnostic, Sink};
use crate::parse::{self, Entry, NodeId, NodeKind, Tree};
use crate::source::Sources;

/// One finding's identity.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// What it is about: `FITS-0042.networks[user].subnets[10.42.8.0/23].pools[10.42.8.20 - 10.42.9.250]`.
    pub subject: String,
    /// 32 hexadecimal digits, of the rule, the subject and the order among findings that have both in common.
    pub fingerprint: String,
}

/// Longest name of one entry in a subject, in characters; what is longer is cut.
const NAME_CHARACTERS_MAX: usize = 80;

/// Keys whose value names the entry of a list, the first that is there.
const NAMING_KEYS: [&str; 11] =
    ["name", "subnet", "mac", "client-id", "circuit-id", "remote-id", "duid", "range", "class", "rule", "to"];

/// The identity of each finding, in their order.
pub fn identities(sources: &Sources, findings: &[&Diagnostic]) -> Vec<Identity> {
    let mut seen: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let subjects = subjects(sources, findings);
    let of = |finding: &&Diagnostic| &subjects[&finding.primary.span];
    let identity = |finding: &&Diagnostic| {
        let (code, subject) = (finding.rule.code, of(finding).as_str());
        let earlier = seen.entry((code, subject)).or_insert(0);
        *earlier += 1;
        let digest = Digest::of(format!("{code}\0{subject}\0{earlier}").as_bytes()).to_string();
        let digits = digest.trim_start_matches("sha256:");
        Identity { subject: subject.to_owned(), fingerprint: digits[..32].to_owned() }
    };
    findings.iter().map(identity).collect()
}

/// What is at each place that a finding points to. Only files with findings are read.
fn subjects(sources: &Sources, findings: &[&Diagnostic]) -> BTreeMap<Span, String> {
    let mut files: BTreeMap<FileId, Vec<Span>> = BTreeMap::new();
    for finding in findings {
        files.entry(finding.primary.span.file).or_default().push(finding.primary.span);
    }
    let files: Vec<(FileId, Vec<Span>)> = files.into_iter().collect();
    let found = files.into_par_iter().flat_map_iter(|(id, mut spans)| {
        let file = sources.file(id);
        let tree = parse::parse(id, &file.bytes, &mut Sink::default());
        let root = root(&tree).unwrap_or_else(|| file.path.clone());
        spans.dedup();
        spans.into_iter().map(|span| (span, subject(&tree, &root, span))).collect::<Vec<_>>()
    });
    found.collect()
}

/// What a file is called: by the site it describes, or `estate`.
fn root(tree: &Tree<'_>) -> Option<String> {
    let NodeKind::Mapping(entries) = &tree.node(tree.root()).kind else { return None };
    let value = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value);
    match (value("site"), value("estate")) {
        (Some(site), _) => scalar(tree, site),
        (None, Some(_)) => Some("estate".to_owned()),
        (None, None) => None,
    }
}

/// The names of everything around the span, from the outside in.
fn subject(tree: &Tree<'_>, root: &str, span: Span) -> String {
    let mut subject = root.to_owned();
    let mut at = tree.root();
    loop {
        let node = tree.node(at);
        if node.span == span {
            return subject;
        }
        match &node.kind {
            NodeKind::Mapping(entries) => {
                let behind = entries.partition_point(|entry| entry.key_span.start <= span.start);
                let Some(entry) = behind.checked_sub(1).map(|before| &entries[before]) else {
                    return subject;
                };
                let value = tree.node(entry.value);
                if span.end > value.span.end.max(entry.key_span.end) {
                    return subject;
                }
                subject.push('.');
                subject.push_str(&name(&entry.key));
                if span.end <= entry.key_span.end {
                    return subject;
                }
                at = entry.value;
            }
            NodeKind::Sequence(nodes) => {
                let behind = nodes.partition_point(|node| tree.node(*node).span.start <= span.start);
                let Some(index) = behind.checked_sub(1) else { return subject };
                if span.end > tree.node(nodes[index]).span.end {
                    return subject;
                }
                let name = entry_name(tree, nodes[index]).unwrap_or_else(|| format!("#{}", index + 1));
                subject.push_str(&format!("[{name}]"));
                at = nodes[index];
            }
            NodeKind::Scalar { .. } | NodeKind::Poisoned => return subject,
        }
    }
}

/// What an entry of a list is known by.
fn entry_name(tree: &Tree<'_>, node: NodeId) -> Option<String> {
    let NodeKind::Mapping(entries) = &tree.node(node).kind else { return scalar(tree, node) };
    let named = |key: &&str| entries.iter().find(|entry| entry.key == **key);
    let naming = NAMING_KEYS.iter().find_map(|key| scalar(tree, named(key)?.value));
    let first = |entry: &Entry<'_>| Some(format!("{}: {}", name(&entry.key), scalar(tree, entry.value)?));
    naming.or_else(|| entries.first().and_then(first))
}

fn scalar(tree: &Tree<'_>, node: NodeId) -> Option<String> {
    match &tree.node(node).kind {
        NodeKind::Scalar { text, .. } if !text.is_empty() => Some(name(text)),
        NodeKind::Scalar { .. } | NodeKind::Sequence(_) | NodeKind::Mapping(_) | NodeKind::Poisoned => None,
    }
}

fn name(text: &str) -> String {
    let shown = text.chars().take(NAME_CHARACTERS_MAX);
    shown.map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diag::{Rule, Severity};
    use crate::source::SourceFile;

    static RULE: Rule =
        Rule { code: "L302", slug: "overlapping", severity: Severity::Error, allowable: false, page: "" };

    fn identity(text: &str, needle: &str) -> Identity {
        let file = SourceFile { path: "a.yaml".into(), bytes: text.into() };
        let sources = Sources::new("sites/", vec![file]);
        let start = u32::try_from(text.find(needle).unwrap()).unwrap();
        let end = start + u32::try_from(needle.len()).unwrap();
        let finding = Diagnostic::new(&RULE, Span { file: FileId(0), start, end }, "m", "l");
        identities(&sources, &[&finding]).remove(0)
    }

    const SITE: &str = "\
site: A
networks:
  - name: user
    subnets:
      - subnet: 10.1.0.0/24
        pools: [10.1.0.20 - 10.1.0.60]
        reservations:
          - {mca: 52-54-00-12-34-56, ip: 10.1.0.9}
";

    #[test]
    fn a_subject_is_what_the_estate_calls_it() {
        let subject = |needle| identity(SITE, needle).subject;
        let subnet = "A.networks[user].subnets[10.1.0.0/24]";
        assert_eq!(subject("10.1.0.0/24"), format!("{subnet}.subnet"));
        assert_eq!(subject("10.1.0.20 - 10.1.0.60"), format!("{subnet}.pools[10.1.0.20 - 10.1.0.60]"));
        assert_eq!(subject("pools"), format!("{subnet}.pools"));
        assert_eq!(subject("10.1.0.9"), format!("{subnet}.reservations[mca: 52-54-00-12-34-56].ip"));
        assert_eq!(identity("site: [\n", "[").subject, "a.yaml");
        assert_eq!(identity("estate: x\nversion: 2\n", "2").subject, "estate.version");
    }

    #[test]
    fn moving_lines_changes_no_fingerprint_and_twins_differ() {
        let moved = format!("# a comment\n\n{SITE}").replace("name: user", "name: user   # wired");
        assert_eq!(identity(SITE, "10.1.0.9").fingerprint, identity(&moved, "10.1.0.9").fingerprint);
        let sources = Sources::new("", vec![SourceFile { path: "a.yaml".into(), bytes: SITE.into() }]);
        let finding = Diagnostic::new(&RULE, Span { file: FileId(0), start: 6, end: 7 }, "m", "l");
        let twins = identities(&sources, &[&finding, &finding]);
        assert_eq!(twins[0].subject, twins[1].subject);
        assert_ne!(twins[0].fingerprint, twins[1].fingerprint);
    }
}
