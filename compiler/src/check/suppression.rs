//! `allow:`, applied when every rule has run.
//!
//! Invariant: the day never decides what is compiled. An entry whose last day is over goes on silencing, and a
//! warning takes the place of what it silences.

use std::collections::BTreeMap;

use leasehold_schemas::vocab::Date;

use super::rules::suppression::{expired_allow, not_allowable, unknown_rule, unused_allow};
use super::rules::{self, REGISTRY};
use crate::diag::{Diagnostic, Edit, Redundant, Rule, Sink, nearest, only_slip};
use crate::model::{Allow, Estate};

/// Takes silenced findings out and adds what is wrong with the entries themselves.
pub fn apply(estate: &Estate, findings: Sink, today: Date) -> Sink {
    let mut kept = Sink::default();
    let mut entries: BTreeMap<&str, Vec<Entry<'_>>> = BTreeMap::new();
    for allow in estate.allows.values() {
        if let Some(rule) = rule_of(allow, &mut kept) {
            entries.entry(rule.code).or_default().push(Entry { allow, used: false });
        }
    }
    for finding in findings.into_sorted() {
        let covering = entries.get_mut(finding.rule.code).into_iter().flatten();
        let mut silenced = false;
        for entry in covering.filter(|entry| entry.covers(&finding)) {
            (entry.used, silenced) = (true, true);
        }
        if !silenced {
            kept.push(finding);
        }
    }
    for entry in entries.into_values().flatten() {
        entry.judge(estate, today, &mut kept);
    }
    kept
}

/// The rule that an entry silences; one that is unknown or may not be silenced is reported. What a misspelt name
/// probably means is silenced all the same, so that one mistake is one finding.
fn rule_of(allow: &Allow, sink: &mut Sink) -> Option<&'static Rule> {
    let name = &allow.rule;
    if let Some(rule) = rules::find(&name.value) {
        if !rule.allowable {
            let message = format!("rule `{}` may not be silenced", rule.slug);
            let diagnostic =
                Diagnostic::new(&not_allowable::RULE, name.span, message, "this entry has no effect");
            sink.push(diagnostic.with_help("mend what the rule finds and remove the entry"));
        }
        return rule.allowable.then_some(rule);
    }
    let message = format!("unknown rule `{}`", name.value);
    let diagnostic = Diagnostic::new(&unknown_rule::RULE, name.span, message, "no rule has this name");
    let slugs = REGISTRY.iter().map(|registered| registered.rule.slug);
    let sure = only_slip(&name.value, slugs.clone()).is_some();
    let meant = nearest(&name.value, slugs);
    sink.push(match meant {
        Some(slug) => diagnostic.with_help(format!("did you mean `{slug}`?")).with_fix_if_safe(
            sure,
            format!("Change to `{slug}`"),
            vec![Edit { span: name.span, text: slug.to_owned() }],
        ),
        None => diagnostic.with_help("name the rule as the finding does, by name or code"),
    });
    meant.and_then(rules::find).filter(|rule| rule.allowable)
}

/// An entry of a rule that may be silenced.
struct Entry<'a> {
    allow: &'a Allow,
    used: bool,
}

impl Entry<'_> {
    fn covers(&self, finding: &Diagnostic) -> bool {
        self.allow.element.is_none_or(|element| element.contains(finding.primary.span))
    }

    /// Reports an entry that silences nothing, or one whose last day is over.
    fn judge(&self, estate: &Estate, today: Date, sink: &mut Sink) {
        let Allow { rule, reason: _, until, element, span: _ } = self.allow;
        // What it silences is found by `plan`, which sees the estate before and after.
        let of_change = rules::find(&rule.value).is_some_and(rules::change::is_of_change);
        if !self.used && !of_change {
            let partial = element.map_or(!estate.poisoned.is_empty(), |element| estate.is_partial(element));
            let misspelt = rules::find(&rule.value).is_none();
            if !partial && !estate.incomplete && !misspelt {
                let message = format!("nothing here to allow for rule `{}`", rule.value);
                sink.push(
                    Diagnostic::new(&unused_allow::RULE, rule.span, message, "this entry silences nothing")
                        .with_help("remove the entry")
                        .with_redundant(Redundant::Always),
                );
            }
            return;
        }
        let Some(until) = until else { return };
        // What is no date was reported when the file was decoded.
        let Ok(last_day) = until.value.parse::<Date>() else { return };
        if last_day < today {
            let message = format!("the time to allow `{}` is over", rule.value);
            sink.push(
                Diagnostic::new(&expired_allow::RULE, until.span, message, format!("it ended on {last_day}"))
                    .with_help("mend what the entry silences and remove it, or set a later `until`"),
            );
        }
    }
}
