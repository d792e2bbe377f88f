//! Runs the pair under faults: a range of seeds, fresh ones for some minutes, or fresh ones until it is stopped.
//!
//! Built with `--cfg leasehold_mutants` it also records, for a rule that is off, a schedule of faults that shows the
//! harm, as short as it can be made.
#![expect(clippy::disallowed_methods, reason = "this is a shell: it has arguments, a clock and output")]
#![allow(unexpected_cfgs, reason = "the mutants' builds alone set `leasehold_mutants`")]

use std::hash::{BuildHasher as _, RandomState};
use std::net::Ipv4Addr;
use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use leasehold_golden_tests::simulator::{self, Report, Script};
use rayon::prelude::*;

/// Seeds between two looks at the clock.
const PORTION: u64 = 64;
/// How often a long run says how far it is.
const SAY_EVERY: Duration = Duration::from_secs(30);
/// How much is said of a failure, in letters.
const FAILURE_MAX: usize = 400;

/// Runs two servers under faults on simulated disks, clocks and networks, each seed fifteen minutes of their time.
#[derive(Parser, Debug)]
#[command(name = "leasehold-simulate", max_term_width = 100)]
struct Arguments {
    /// Run these seeds.
    #[arg(long, value_name = "FROM..TO", value_parser = range, conflicts_with_all = ["minutes", "until_stopped"])]
    seeds: Option<Range<u64>>,
    /// Run seeds nobody has run, for so many minutes.
    #[arg(long, value_name = "N", conflicts_with = "until_stopped")]
    minutes: Option<u64>,
    /// Run seeds nobody has run until stopped, or until one fails.
    #[arg(long)]
    until_stopped: bool,
    /// Tell what becomes of this address, line by line, and the schedule at the end.
    #[arg(long, value_name = "ADDRESS", requires = "seeds")]
    trace: Option<Ipv4Addr>,
    /// Find and write a schedule that shows the harm of these rules being off.
    #[cfg(leasehold_mutants)]
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    record: Vec<String>,
    /// Say under how many of so many seeds each schedule on record does its harm while its rules are off.
    #[cfg(leasehold_mutants)]
    #[arg(long, value_name = "SEEDS")]
    try_recorded: Option<u64>,
    /// Only these.
    #[cfg(leasehold_mutants)]
    #[arg(long, value_name = "NAME", requires = "try_recorded")]
    only: Vec<String>,
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    ends.filter(|range: &Range<u64>| !range.is_empty())
        .ok_or_else(|| "expected FROM..TO, such as 0..60".to_owned())
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    #[cfg(leasehold_mutants)]
    if !arguments.record.is_empty() {
        return mutants::record(&arguments.record);
    }
    #[cfg(leasehold_mutants)]
    if let Some(seeds) = arguments.try_recorded {
        return mutants::try_recorded(seeds, &arguments.only);
    }
    match (arguments.seeds, arguments.trace) {
        (Some(seeds), Some(address)) => return trace(seeds, address),
        (Some(seeds), None) => return run(seeds, None, false),
        (None, _) => {}
    }
    match arguments.minutes {
        Some(minutes) => run(fresh(), Some(Duration::from_secs(60 * minutes)), false),
        None if arguments.until_stopped => run(fresh(), None, true),
        None => {
            eprintln!("leasehold-simulate: give --seeds FROM..TO, --minutes N or --until-stopped");
            ExitCode::from(2)
        }
    }
}

fn trace(seeds: Range<u64>, address: Ipv4Addr) -> ExitCode {
    let mut failed = false;
    for seed in seeds {
        let report = simulator::run_traced(seed, address);
        println!(
            "{}",
            Script { deeds: report.deeds, network: report.network, ..Script::default() }.to_text()
        );
        failed |= report.failure.inspect(|failure| println!("{failure}")).is_some();
    }
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Seeds from a place that is another each time.
fn fresh() -> Range<u64> {
    // Far from the end, and short enough to be typed.
    let from = RandomState::new().hash_one(0) >> 24;
    from..u64::MAX
}

/// Runs seeds for so long, or all, or until one fails.
fn run(seeds: Range<u64>, long: Option<Duration>, until_one_fails: bool) -> ExitCode {
    let begun = Instant::now();
    let mut said = begun;
    let (mut whole, mut done, mut next) = (Report::default(), 0, seeds.start);
    let mut failures: Vec<String> = Vec::new();
    while next < seeds.end
        && long.is_none_or(|long| begun.elapsed() < long)
        && (failures.is_empty() || !until_one_fails)
    {
        let portion = next..seeds.end.min(next.saturating_add(PORTION));
        let reports: Vec<Report> = portion.clone().into_par_iter().map(simulator::run).collect();
        for report in &reports {
            whole.add(report);
            failures.extend(report.failure.clone());
        }
        done += portion.end - portion.start;
        next = portion.end;
        if said.elapsed() > SAY_EVERY {
            said = Instant::now();
            eprintln!("{done} seeds in {} s, {} failed", begun.elapsed().as_secs(), failures.len());
        }
    }
    for (name, count) in &whole.counts {
        println!("{count:>12} {name}");
    }
    for failure in &failures {
        // A record takes many lines; to look into it, there is the trace.
        let line: String = failure.chars().take(FAILURE_MAX).collect();
        println!("FAILED: {line}");
    }
    if !failures.is_empty() {
        println!("replay: leasehold-simulate --seeds N..N+1 --trace ADDRESS");
    }
    let leases = whole.counts.get("leases").copied().unwrap_or_default();
    println!(
        "{done} seeds from {} on, {} hours of two servers' time, {leases} leases, {} s: {}",
        seeds.start,
        done / 4,
        begun.elapsed().as_secs(),
        match failures.len() {
            0 => "no address twice, nothing lost, all well in the end".to_owned(),
            failed => format!("{failed} seeds failed"),
        }
    );
    if failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(leasehold_mutants)]
mod mutants {
    use std::fs;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook};
    use std::process::ExitCode;

    use leasehold_golden_tests::case::repository;
    use leasehold_golden_tests::simulator::{self, Deed, Harm, Report, Script, rule_name};
    use leasehold_server::failover::mutant::Rule;
    use rayon::prelude::*;

    /// Seeds that are tried before a rule is given up.
    const SEARCH: u64 = 20_000;
    /// Seeds under which a shorter schedule is tried.
    const TRIES: u64 = 12;

    /// Finds the harm, makes its schedule short, and writes it below `cases/failover/mutants`.
    pub fn record(names: &[String]) -> ExitCode {
        let known = |name: &String| Rule::ALL.into_iter().find(|rule| rule_name(*rule) == *name);
        let Some(rules) = names.iter().map(known).collect::<Option<Vec<Rule>>>() else {
            let all: Vec<String> = Rule::ALL.into_iter().map(rule_name).collect();
            eprintln!("leasehold-simulate: the rules are {}", all.join(", "));
            return ExitCode::from(2);
        };
        Rule::switch_off(&rules);
        set_hook(Box::new(|_| {}));
        let Some(mut script) = find(&rules) else {
            println!("{}: no harm in {SEARCH} seeds", names.join(" "));
            return ExitCode::FAILURE;
        };
        let before = script.deeds.len();
        shorten(&mut script);
        let folder = repository().join("golden-tests/cases/failover/mutants");
        let file = folder.join(format!("{}.txt", names.join("+")));
        let text = format!("# Found by leasehold-simulate --record.\n{}", script.to_text());
        if let Err(error) = fs::create_dir_all(&folder).and_then(|()| fs::write(&file, text)) {
            eprintln!("leasehold-simulate: cannot write {}: {error}", file.display());
            return ExitCode::from(2);
        }
        println!("{}: {:?}, {before} deeds, {} left", names.join(" "), script.harm, script.deeds.len());
        ExitCode::SUCCESS
    }

    /// Says what each schedule does.
    pub fn try_recorded(seeds: u64, only: &[String]) -> ExitCode {
        for (name, script) in simulator::recorded() {
            if !only.is_empty() && !only.contains(&name) {
                continue;
            }
            let harms: Vec<String> = simulator::tried(&script, seeds)
                .into_iter()
                .map(|(harm, seen)| format!("{harm} {} (first {})", seen.len(), seen[0]))
                .collect();
            println!("{name}: {}", harms.join(", "));
        }
        ExitCode::SUCCESS
    }

    /// A duplicate or a loss rather than another harm, if one comes by as soon.
    fn find(rules: &[Rule]) -> Option<Script> {
        let grave = |harm: Harm| matches!(harm, Harm::TwoHolders | Harm::Lost);
        let mut other = None;
        for first in (0..SEARCH).step_by(64) {
            let seeds: Vec<u64> = (first..first + 64).collect();
            let reports: Vec<Report> =
                seeds.into_par_iter().filter_map(|seed| attempt(|| simulator::run(seed))).collect();
            for report in reports.iter().filter(|report| report.harm.is_some()) {
                if other.is_some() && !report.harm.is_some_and(grave) {
                    continue;
                }
                let script = Script {
                    deeds: report.deeds.clone(),
                    network: report.network,
                    arbiter: report.arbiter,
                    ..Script::default()
                };
                // The same deeds with other dice must show it too.
                let Some(found) = shows(&script, rules, report.harm) else { continue };
                if report.harm.is_some_and(grave) {
                    return Some(found);
                }
                other.get_or_insert(found);
            }
            if first >= 1_024 && other.is_some() {
                return other;
            }
        }
        other
    }

    /// A run, unless an assertion of the server ends it: that is no harm that a client would see.
    fn attempt(run: impl FnOnce() -> Report) -> Option<Report> {
        catch_unwind(AssertUnwindSafe(run)).ok()
    }

    /// The script with the harm it shows under one of a few seeds, if it is the harm that is wanted.
    fn shows(script: &Script, rules: &[Rule], wanted: Option<Harm>) -> Option<Script> {
        let run = |seed: u64| {
            let harm = attempt(|| simulator::run_script(seed, script))?.harm?;
            wanted.is_none_or(|wanted| wanted == harm).then_some((harm, seed))
        };
        let before = script.harm.as_ref().and_then(|(_, _, seed)| run(*seed));
        let (harm, seed) = before.or_else(|| (0..TRIES).into_par_iter().find_map_any(run))?;
        Some(Script { harm: Some((harm, rules.to_vec(), seed)), ..script.clone() })
    }

    /// Leaves out deeds, many at once and then one by one, while the same harm is shown.
    fn shorten(script: &mut Script) {
        let (harm, rules, _) = script.harm.clone().expect("only what shows harm is shortened");
        let mut size = script.deeds.len().div_ceil(2).max(1);
        loop {
            let mut at = 0;
            while at < script.deeds.len() {
                let mut deeds: Vec<(u64, Deed)> = script.deeds.clone();
                deeds.drain(at..(at + size).min(deeds.len()));
                let shorter = Script { deeds, ..script.clone() };
                match shows(&shorter, &rules, Some(harm)) {
                    Some(shorter) => *script = shorter,
                    None => at += size,
                }
            }
            if size == 1 {
                break;
            }
            size = size.div_ceil(2);
        }
        for calm in [[0; 3], [0, 0, script.network[2]], [0, script.network[1], script.network[2]]] {
            let calmer = Script { network: calm, ..script.clone() };
            if let Some(calmer) = shows(&calmer, &rules, Some(harm)) {
                *script = calmer;
                break;
            }
        }
    }
}
