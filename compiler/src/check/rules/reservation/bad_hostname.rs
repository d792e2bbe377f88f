//! A host name that no name server would take.

use leasehold_schemas::source::Spanned;

use crate::diag::{Diagnostic, Edit, Rule, Severity, Sink};
use crate::model::Estate;

/// L409.
pub static RULE: Rule = Rule {
    code: "L409",
    slug: "bad-hostname",
    severity: Severity::Error,
    allowable: true,
    page: include_str!("bad_hostname.md"),
};

/// Octets of a name without its final dot (RFC 1035 section 3.1: 255 on the wire).
const NAME_OCTETS_MAX: usize = 253;
/// Octets of a label (RFC 1035 section 2.3.4).
const LABEL_OCTETS_MAX: usize = 63;

/// Looks at the host name of every reservation and device.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let reservations = estate.reservations.values().filter_map(|reservation| reservation.hostname.as_ref());
    let devices = estate.devices.values().filter_map(|device| device.hostname.as_ref());
    for hostname in reservations.chain(devices) {
        if let Some(what) = fault(&hostname.value) {
            sink.push(finding(hostname, what));
        }
    }
}

/// What is wrong with a host name by RFC 952 and RFC 1123 section 2.1: labels of letters, digits and hyphens,
/// neither beginning nor ending with a hyphen.
pub(super) fn fault(name: &str) -> Option<String> {
    if name.is_empty() {
        return Some("it is empty".to_owned());
    }
    if name.len() > NAME_OCTETS_MAX {
        return Some(format!("{} octets, more than {NAME_OCTETS_MAX}", name.len()));
    }
    name.split('.').find_map(|label| {
        let odd = label.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-');
        match odd {
            Some(' ') => Some("a space cannot be in it".to_owned()),
            Some(odd) => Some(format!("`{}` cannot be in it", plain(odd))),
            None if label.is_empty() => Some("a part between dots is empty".to_owned()),
            None if label.len() > LABEL_OCTETS_MAX => {
                Some(format!("a part of {} octets, more than {LABEL_OCTETS_MAX}", label.len()))
            }
            None if label.starts_with('-') => Some(format!("`{label}` begins with a hyphen")),
            None if label.ends_with('-') => Some(format!("`{label}` ends with a hyphen")),
            None => None,
        }
    })
}

fn finding(hostname: &Spanned<String>, what: String) -> Diagnostic {
    let shown: String = hostname.value.chars().map(plain).collect();
    let message = format!("`{shown}` is no host name");
    let finding = Diagnostic::new(&RULE, hostname.span, message, what).with_note(
        "a host name is made of letters, digits and hyphens, in parts of at most 63 joined by dots",
    );
    match mended(&hostname.value) {
        Some(name) => finding
            .with_help(format!("write `{name}`"))
            .with_fix(format!("Write `{name}`"), vec![Edit { span: hostname.span, text: name }]),
        None => finding,
    }
}

/// The character, or one that does not disturb a terminal.
fn plain(c: char) -> char {
    if c.is_control() { '\u{fffd}' } else { c }
}

/// The name with hyphens for spaces and underscores, and without those and dots at its ends, if that makes one.
fn mended(name: &str) -> Option<String> {
    let name: String = name.chars().map(|c| if matches!(c, ' ' | '_') { '-' } else { c }).collect();
    let labels: Vec<&str> =
        name.trim_matches(['-', '.']).split('.').map(|part| part.trim_matches('-')).collect();
    Some(labels.join(".")).filter(|name| fault(name).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_those_of_rfc_1123() {
        for good in ["prn-1", "3com", "a.b.example", "X", &"a".repeat(63)] {
            assert_eq!(fault(good), None, "{good}");
        }
        for bad in ["", "prn_1", "-a", "a-", "a..b", "a.", "prn 1", "dürer", &"a".repeat(64)] {
            assert!(fault(bad).is_some(), "{bad}");
        }
        assert!(fault(&"a.".repeat(127)).is_some());
        assert_eq!(mended("prn_1 ").as_deref(), Some("prn-1"));
        assert_eq!(mended("-prn-1.example.").as_deref(), Some("prn-1.example"));
        assert_eq!(mended("d\u{fc}rer"), None);
    }
}
