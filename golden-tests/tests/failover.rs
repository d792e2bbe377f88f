//! The pair under faults: no duplicate, nothing acknowledged lost, and all is well when the faults stop.
//!
//! `LEASEHOLD_SEED=N cargo test -p leasehold-golden-tests --test failover` replays one seed;
//! with `LEASEHOLD_ADDRESS=A` beside it, what becomes of an address is told. `LEASEHOLD_SEEDS=FROM..TO` runs others.
#![expect(clippy::disallowed_methods, reason = "a replayed seed comes from the environment")]
#![allow(unexpected_cfgs, reason = "the mutants' builds alone set `leasehold_mutants`")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use leasehold_golden_tests::case::repository;
#[cfg(leasehold_mutants)]
use leasehold_golden_tests::simulator::missed;
use leasehold_golden_tests::simulator::{self, ArbiterFault, Fault, Report, Script, recorded};
#[cfg(leasehold_mutants)]
use leasehold_server::failover::mutant::Rule;
use leasehold_server::failover::pair::State;
use leasehold_server::failover::{Refusal, Right};
use rayon::prelude::*;

/// Seeds of the fixed set.
const SEEDS: std::ops::Range<u64> = 84..132;

/// Each branch of the rules: the suite must have come by it.
const BRANCHES: [&str; 74] = [
    "ack-of-another-life",
    "ack-of-nothing",
    "alone",
    "amnesia-outlived",
    "amnesic-start",
    "arbiter-answer-lost",
    "arbiter-fenced",
    "arbiter-late",
    "arbiter-not-reached",
    "arbiter-refused",
    "arbiter-renewed",
    "arbiter-row-ahead",
    "arbiter-silent",
    "arbiter-sovereign",
    "arbiter-taken",
    "arbiter-taken-in-vain",
    "artefact-agreed",
    "artefact-confirmed",
    "artefact-given-up",
    "artefact-remembered",
    "command-forget-disk",
    "command-give-back",
    "command-handover",
    "command-partner-down",
    "command-pause",
    "command-refused",
    "command-resume",
    "command-sync",
    "command-take-over",
    "disk-stands",
    "end-accepted",
    "end-again",
    "end-begun",
    "end-not-covered",
    "end-not-over",
    "end-refused-by-stepped",
    "exhausted",
    "freed-alone",
    "frozen",
    "handover-abandoned",
    "handover-taken",
    "kept-answered",
    "left-when-asked",
    "loss-noticed",
    "low-stock",
    "maintenance-refused",
    "merge-equal",
    "merge-joined",
    "merge-mine",
    "merge-my-epoch",
    "merge-their-epoch",
    "merge-theirs",
    "message-of-an-earlier-life",
    "message-out-of-order",
    "message-to-an-earlier-life",
    "not-alone-after-all",
    "partner-began",
    "partner-exhausted",
    "partner-hangs",
    "potential-by-a-wrong-clock",
    "potential-raised",
    "powers-given-back",
    "restored-forgotten",
    "resumed-when-asked",
    "rights-taken-up-again",
    "sync-answered",
    "sync-asked",
    "sync-asked-again",
    "sync-finished",
    "sync-refused",
    "thawed",
    "update-again",
    "wish-refused",
    "word-overtaken",
];

/// What a server counts and the suite cannot come by: the impossible, and what takes another pair, another release or
/// another estate. Within one life a server grows stale only where its partner went on alone while it ran.
const NEVER: [&str; 7] = [
    "arbiter-another-row",
    "conflict",
    "end-refused-by-stale",
    "hello-by-other-numbers",
    "message-of-another-pair",
    "message-unreadable",
    "reload-of-another-pair",
];

/// Everything that the suite must come by, by name.
fn wanted() -> BTreeSet<String> {
    let faults = Fault::ALL.iter().map(|fault| fault.name());
    let faults = faults.chain(ArbiterFault::ALL.iter().map(|fault| fault.name()));
    let rights = Right::ALL.iter().map(|right| format!("right {right:?}"));
    // A stale server is told what it lacks within milliseconds; who asks it meanwhile, asks by chance.
    let refusals = Refusal::ALL.iter().filter(|refusal| **refusal != Refusal::Stale);
    let refusals = refusals.map(|refusal| format!("refusal {refusal:?}"));
    let branches = BRANCHES.iter().map(|branch| (*branch).to_owned());
    let states = State::ALL.iter().filter(|state| **state != State::Starting);
    let states = states.map(|state| state.name().to_owned());
    faults.chain(rights).chain(refusals).chain(branches).chain(states).collect()
}

/// The names of what the rules count, from their source: so that none is left out of [`BRANCHES`].
fn counted(folder: &Path, names: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("the rules are in the repository") {
        let path = entry.expect("the repository can be read").path();
        if path.is_dir() {
            counted(&path, names);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).expect("the repository can be read");
            let direct = text.split("count(\"").skip(1).filter_map(|rest| rest.split('"').next());
            names.extend(direct.map(str::to_owned));
            // A choice between several: `count(match … { A => "a", … })`, `count(if … { "a" } else { "b" })`.
            let choices = ["count(match", "count(if"].map(|begin| text.split(begin).skip(1));
            for choice in choices.into_iter().flatten() {
                let choice = choice.split(");").next().unwrap_or_default();
                names.extend(choice.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
}

#[test]
fn every_branch_that_is_counted_is_on_the_list() {
    let mut names = BTreeSet::new();
    counted(&repository().join("server/src/failover"), &mut names);
    let known: BTreeSet<String> = BRANCHES.iter().chain(&NEVER).map(|name| (*name).to_owned()).collect();
    let unknown: Vec<_> = names.difference(&known).collect();
    assert!(unknown.is_empty(), "add to `BRANCHES` or `NEVER`: {unknown:?}");
}

/// The scenarios below `cases/failover`, each under one seed or those that are asked for.
fn scenarios() -> &'static [(String, Script, Report)] {
    static RUN: OnceLock<Vec<(String, Script, Report)>> = OnceLock::new();
    RUN.get_or_init(|| {
        let folder = repository().join("golden-tests/cases/failover");
        let mut files: Vec<_> = std::fs::read_dir(&folder)
            .expect("the folder of scenarios is there")
            .map(|entry| entry.expect("the repository can be read").path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
            .collect();
        files.sort();
        let seeds = if std::env::var("LEASEHOLD_SEEDS").is_ok() { seeds() } else { 0..1 };
        let run = |file: std::path::PathBuf| {
            let name = file.file_stem().expect("scenarios have names").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).expect("the repository can be read");
            let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
            let mut whole = Report::default();
            seeds.clone().for_each(|seed| whole.add(&simulator::run_script(seed, &script)));
            (name, script, whole)
        };
        files.into_par_iter().map(run).collect()
    })
}

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok();
    if let Some(seed) = number("LEASEHOLD_SEED").and_then(|seed| seed.parse().ok()) {
        return seed..seed + 1;
    }
    let range = number("LEASEHOLD_SEEDS").and_then(|range| {
        let (from, to) = range.split_once("..")?;
        Some(from.parse().ok()?..to.parse().ok()?)
    });
    range.unwrap_or(SEEDS)
}

#[test]
fn named_scenarios() {
    let scenarios = scenarios();
    assert!(scenarios.len() >= 12, "{} scenarios are not all", scenarios.len());
    let mut failures = Vec::new();
    for (name, script, report) in scenarios {
        failures.extend(report.failure.as_ref().map(|failure| format!("{name}: {failure}")));
        let missing = script.expected.iter().filter(|expected| !report.counts.contains_key(*expected));
        failures.extend(missing.map(|missing| format!("{name}: `{missing}` never came")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn no_duplicate_whatever_is_cut_killed_paused_lost_or_skewed() {
    let range = seeds();
    let traced = std::env::var("LEASEHOLD_ADDRESS").ok().and_then(|address| address.parse().ok());
    let run = |seed| match traced {
        Some(address) => simulator::run_traced(seed, address),
        None => simulator::run(seed),
    };
    let reports: Vec<Report> = range.clone().into_par_iter().map(run).collect();
    let mut whole = Report::default();
    let mut failed = 0;
    for report in &reports {
        failed += usize::from(report.failure.is_some());
        if let Some(failure) = report.failure.as_ref().filter(|_| failed <= 5) {
            println!("{failure}\n");
        }
        whole.add(report);
    }
    for (name, count) in &whole.counts {
        println!("{count:>9} {name}");
    }
    if let Some(failure) = &whole.failure {
        panic!(
            "{failed} of {} seeds failed; replay one with LEASEHOLD_SEED=N cargo test -p leasehold-golden-tests \
             --test failover; the first: {failure}",
            reports.len()
        );
    }
    if range == SEEDS {
        scenarios().iter().for_each(|(_, _, report)| whole.add(report));
        let never: Vec<String> =
            wanted().into_iter().filter(|name| !whole.counts.contains_key(name)).collect();
        assert!(never.is_empty(), "never came: {never:?}");
    }
}

/// The schedules that show what a rule is for, with every rule on: no harm.
#[test]
fn what_harms_without_a_rule_is_harmless_with_it() {
    let failures: Vec<String> = recorded()
        .into_par_iter()
        .filter_map(|(name, script)| {
            let (_, _, seed) = script.harm.clone().expect("a recorded schedule says which harm it shows");
            let failure = simulator::run_script(seed, &script).failure?;
            Some(format!("{name}: {failure}"))
        })
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Each rule off in turn: the harm that was recorded is seen. Built with `--cfg leasehold_mutants`; alone in its
/// process, because the rule is off for every server in it.
#[cfg(leasehold_mutants)]
#[test]
fn a_rule_that_is_off_is_missed() {
    let mut unseen = Vec::new();
    for (name, script) in recorded() {
        match missed(&script) {
            Ok(seed) => println!("{name}: seen under seed {seed}"),
            Err(why) => unseen.push(format!("{name}: {why}")),
        }
    }
    let known = recorded();
    let is_shown = |rule: &Rule| {
        known.iter().any(|(_, script)| script.harm.as_ref().is_some_and(|(_, rules, _)| rules.contains(rule)))
    };
    let rest = Rule::ALL.into_iter().filter(|rule| !is_shown(rule));
    unseen.extend(rest.map(|rule| format!("no schedule is on record for {rule:?}")));
    assert!(unseen.is_empty(), "{}", unseen.join("\n"));
}
