//! Schedules on record below `cases/failover/mutants`: what does harm while a rule is off.
#![expect(clippy::disallowed_methods, reason = "they are read from files")]
#![allow(unexpected_cfgs, reason = "the mutants' builds alone set `leasehold_mutants`")]

#[cfg(leasehold_mutants)]
use leasehold_server::failover::mutant::Rule;
#[cfg(leasehold_mutants)]
use rayon::prelude::*;

use super::Script;
use crate::case::repository;

/// Every schedule, by name.
///
/// # Panics
/// If one cannot be read, or none is there.
pub fn recorded() -> Vec<(String, Script)> {
    let folder = repository().join("golden-tests/cases/failover/mutants");
    let mut recorded: Vec<(String, Script)> = std::fs::read_dir(&folder)
        .expect("the folder of recorded schedules is there")
        .map(|entry| {
            let file = entry.expect("the repository can be read").path();
            let name = file.file_stem().expect("schedules have names").to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&file).expect("the repository can be read");
            let script = Script::parse(&text).unwrap_or_else(|why| panic!("{name}: {why}"));
            (name, script)
        })
        .collect();
    assert!(!recorded.is_empty(), "nothing is recorded below {}", folder.display());
    recorded.sort_by(|a, b| a.0.cmp(&b.0));
    recorded
}

/// Seeds tried after the recorded one: a schedule outlives small changes of what the dice are used for.
#[cfg(leasehold_mutants)]
const OTHERS: u64 = 200;

/// The seed under which a schedule does the harm on record while its rules are off; of several rules that cover each
/// other, each alone does none. Switches rules off for every server in the process, so one at a time.
///
/// # Errors
/// What was not seen.
///
/// # Panics
/// If the schedule names no harm.
#[cfg(leasehold_mutants)]
pub fn missed(script: &Script) -> Result<u64, String> {
    let (harm, rules, seed) = script.harm.clone().expect("a recorded schedule says which harm it shows");
    let shows = |seed: &u64| super::run_script(*seed, script).harm == Some(harm);
    let mut rest: Vec<u64> = vec![seed];
    rest.extend((0..OTHERS).filter(|other| *other != seed));
    loop {
        Rule::switch_off(&rules);
        let (first, others) =
            rest.split_first().ok_or_else(|| format!("no {} in {OTHERS} seeds", harm.name()))?;
        let Some(seen) =
            Some(*first).filter(shows).or_else(|| others.par_iter().copied().find_first(|seed| shows(seed)))
        else {
            return Err(format!("no {} in {OTHERS} seeds", harm.name()));
        };
        let covers = |rule: &Rule| {
            Rule::switch_off(&[*rule]);
            super::run_script(seen, script).harm.is_none()
        };
        let alone = rules.len() == 1 || rules.iter().all(covers);
        Rule::switch_off(&[]);
        if alone {
            return Ok(seen);
        }
        rest.retain(|seed| *seed > seen);
    }
}

/// Under how many of the first seeds a schedule does which harm while its rules are off.
#[cfg(leasehold_mutants)]
pub fn tried(script: &Script, seeds: u64) -> std::collections::BTreeMap<String, Vec<u64>> {
    let rules = script.harm.as_ref().map(|(_, rules, _)| rules.clone()).unwrap_or_default();
    Rule::switch_off(&rules);
    let run = |seed: u64| (super::run_script(seed, script), seed);
    let reports: Vec<_> = (0..seeds).into_par_iter().map(run).collect();
    Rule::switch_off(&[]);
    let mut harms: std::collections::BTreeMap<String, Vec<u64>> = std::collections::BTreeMap::new();
    for (report, seed) in reports {
        let name = report.harm.map_or("none", super::Harm::name);
        harms.entry(name.to_owned()).or_default().push(seed);
    }
    harms
}
