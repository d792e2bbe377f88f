//! Every rule's page does what it says: its failing example has findings of that rule and no other, its passing
//! example has none that anybody must mend.

use std::process::ExitCode;

use leasehold_compiler::check::rules::REGISTRY;
use leasehold_compiler::check::rules::change::is_of_change;
use leasehold_compiler::check::rules::export::is_of_export;
use leasehold_compiler::diag::{Diagnostic, Rule, Severity};
use leasehold_compiler::emit::kea::{Request, Target, export};
use leasehold_compiler::plan::Effective;
use leasehold_compiler::source::Sources;
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case;
use leasehold_golden_tests::finding_list::finding_list;
use leasehold_golden_tests::planning::{Asked, plan_of, side};
use leasehold_golden_tests::requirement::trial;
use leasehold_golden_tests::rule_page::{Examples, examples};
use libtest_mimic::Arguments;

/// Rules whose failing example cannot stand in a page, and where it stands instead.
const SHOWN_ELSEWHERE: &[(&str, &str)] = &[
    ("not-utf8", "cases/diagnostics/not-utf8"), // a page is UTF-8 itself
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let rules = REGISTRY.iter().map(|registered| registered.rule);
    let trials = rules.map(|rule| trial(rule.slug, &[], || check(rule))).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn check(rule: &'static Rule) -> Result<(), String> {
    let heading = format!("# {} ({})\n", rule.slug, rule.code);
    if !rule.page.starts_with(&heading) {
        return Err(format!("the page does not begin with `{}`", heading.trim_end()));
    }
    let found = examples(rule.page)?;
    if is_of_change(rule) {
        return check_change(rule, &found);
    }
    if is_of_export(rule) {
        return check_export(rule, &found);
    }
    match (&found.fails, SHOWN_ELSEWHERE.iter().find(|(slug, _)| *slug == rule.slug)) {
        (Some(estate), None) => fails(rule, estate)?,
        (None, Some((_, folder))) => {
            fails(rule, &case::estate(&case::repository().join("golden-tests").join(folder)))?;
            return Ok(());
        }
        (None, None) => return Err("the page shows no failing example".to_owned()),
        (Some(_), Some(_)) => {
            return Err("the page has an example now: take it off SHOWN_ELSEWHERE".to_owned());
        }
    }
    let passing = found.passes.ok_or("the page shows no passing example")?;
    let wrong: Vec<Diagnostic> = findings(&passing)
        .into_iter()
        .filter(|finding| finding.rule.severity != Severity::Information)
        .collect();
    let own: Vec<Diagnostic> =
        findings(&passing).into_iter().filter(|finding| finding.rule.code == rule.code).collect();
    if wrong.is_empty() && own.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the passing example has findings:\n{}{}",
        finding_list(&passing, &wrong),
        finding_list(&passing, &own)
    ))
}

fn fails(rule: &Rule, estate: &Sources) -> Result<(), String> {
    let findings = findings(estate);
    if findings.is_empty() {
        return Err("the failing example has no finding".to_owned());
    }
    if findings.iter().any(|finding| finding.rule.code != rule.code) {
        let list = finding_list(estate, &findings);
        return Err(format!("the failing example has findings of other rules:\n{list}"));
    }
    Ok(())
}

/// A rule of change: the failing estate is breaking by this rule alone, the passing one is not, and both are sound.
fn check_change(rule: &Rule, found: &Examples) -> Result<(), String> {
    let Examples { before: Some(before), fails: Some(fails), passes: Some(passes) } = found else {
        return Err("the page of a rule of change shows `before`, `fails` and `passes`".to_owned());
    };
    for (what, estate) in [("before", before), ("fails", fails), ("passes", passes)] {
        let findings = findings(estate);
        if !findings.is_empty() {
            return Err(format!("`{what}` has findings:\n{}", finding_list(estate, &findings)));
        }
    }
    let mut base = side(before);
    let breaking = |after: &Sources, base: &Effective| -> Vec<String> {
        let plan = plan_of(base, after, &Asked { today: case::today(), ..Asked::default() });
        plan.risks.into_iter().filter(|risk| risk.acknowledgement.is_none()).map(|risk| risk.slug).collect()
    };
    if rule.slug == "artefact-format-raised" {
        // No former format can be written any more, so the page shows the same estate and the base is declared older.
        base.format -= 1;
    }
    let broken = breaking(fails, &base);
    if broken.is_empty() || broken.iter().any(|slug| slug != rule.slug) {
        return Err(format!("the failing example is breaking by {broken:?}"));
    }
    match breaking(passes, &side(before)).as_slice() {
        [] => Ok(()),
        broken => Err(format!("the passing example is breaking by {broken:?}")),
    }
}

/// A rule of export: both estates are sound, and of the failing one alone something is lost.
fn check_export(rule: &Rule, found: &Examples) -> Result<(), String> {
    let Examples { before: None, fails: Some(fails), passes: Some(passes) } = found else {
        return Err("the page of a rule of export shows `fails` and `passes`".to_owned());
    };
    for (estate, is_lost) in [(fails, true), (passes, false)] {
        let compilation = compile(estate, &mut Cache::default(), case::today());
        let findings = || finding_list(estate, &compilation.diagnostics);
        let artefact = compilation.artefact.as_ref().ok_or_else(findings)?;
        let request = Request { node: "any", target: Target::Kea30, hooks: None };
        let lost =
            export(&compilation, artefact, request).map_err(|unknown| format!("{unknown:?}"))?.findings;
        if lost.is_empty() == is_lost || lost.iter().any(|finding| finding.rule.code != rule.code) {
            return Err(format!("lost, where {is_lost} was expected:\n{}", finding_list(estate, &lost)));
        }
    }
    Ok(())
}

fn findings(estate: &Sources) -> Vec<Diagnostic> {
    compile(estate, &mut Cache::default(), case::today()).diagnostics
}
