//! L502: options whose value the protocol decides.

use leasehold_schemas::vocab::{Seconds, Space};

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::{Assignment, Estate};
use crate::resolve::definitions;

/// An option is given a value that only the exchange itself can know.
pub static RULE: Rule = Rule {
    code: "L502",
    slug: "protocol-option",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("protocol_option.md"),
};

/// Looks at every option that anybody says. One that the estate redefines is the definition's finding.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for assignment in estate.all_values().flat_map(|values| &values.options) {
        let option = &estate.definitions[assignment.option];
        let standard = option.space == Space::Dhcp4 && option.span.is_none();
        if !standard || !definitions::is_protocol_owned(option.code) {
            continue;
        }
        let message = format!("option `{}` ({}) belongs to the protocol", option.name, option.code);
        let diagnostic = Diagnostic::new(&RULE, assignment.key, message, "an estate may not set it");
        sink.push(diagnostic.with_help(help(option.code.0, assignment)));
    }
}

/// What says the same in the estate language, where something does.
fn help(code: u8, assignment: &Assignment) -> String {
    let key = match code {
        51 => "lease",
        58 => "renew-after",
        59 => "rebind-after",
        80 => return "write `rapid-commit: true`, beside `options`".to_owned(),
        _ => return "remove it".to_owned(),
    };
    let octets = assignment.bytes.as_deref().and_then(|bytes| <[u8; 4]>::try_from(bytes).ok());
    match octets.map(u32::from_be_bytes) {
        Some(seconds) => format!("write `{key}: {}`, beside `options`", Seconds(seconds)),
        None => "remove it".to_owned(),
    }
}
