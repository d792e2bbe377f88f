//! `leasehold explain`: a rule's page.

use leasehold_compiler::check::rules;

use super::{CLEAN, Failure, output};

/// Prints the page of the rule with this code or slug.
pub(super) fn explain(name: &str) -> Result<u8, Failure> {
    match rules::find(name).or_else(|| rules::find(&name.to_ascii_uppercase())) {
        Some(rule) => {
            output::print(rule.page.as_bytes())?;
            Ok(CLEAN)
        }
        None => Err(Failure::UnknownRule { name: name.to_owned(), nearest: nearest(name) }),
    }
}

/// The code or slug that resembles the name most, if any does.
fn nearest(name: &str) -> Option<&'static str> {
    let names = rules::REGISTRY.iter().flat_map(|registered| [registered.rule.code, registered.rule.slug]);
    let scored = names.map(|known| (strsim::jaro_winkler(known, name), known));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0).then_with(|| b.1.cmp(a.1)));
    best.filter(|(score, _)| *score > 0.75).map(|(_, known)| known)
}
