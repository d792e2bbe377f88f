//! L505: lease times above zero.

use leasehold_schemas::source::Said;
use leasehold_schemas::vocab::Seconds;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;

/// A lease time of zero.
pub static RULE: Rule = Rule {
    code: "L505",
    slug: "zero-lease",
    severity: Severity::Error,
    allowable: false,
    page: include_str!("zero_lease.md"),
};

/// Looks at every lease time that anybody says.
pub fn check(estate: &Estate, sink: &mut Sink) {
    for values in estate.all_values() {
        let parameters = &values.parameters;
        for said in [&parameters.lease_default, &parameters.lease_min, &parameters.lease_max] {
            if let Said::Set(time) = said
                && time.value == Seconds(0)
            {
                sink.push(
                    Diagnostic::new(&RULE, time.span, "lease time is zero", "expected at least one second")
                        .with_note("a client would lose its address at the moment it gets it")
                        .with_help("write a duration such as `8h`, or remove it to inherit one"),
                );
            }
        }
    }
}
