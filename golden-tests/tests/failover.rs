//! The pair under faults: no duplicate, nothing acknowledged lost, and all is well when the faults stop.
//!
//! `LEASEHOLD_SEED=N cargo test -p leasehold-golden-tests --test failover` replays one seed;
//! `LEASEHOLD_SEEDS=FROM..TO` runs others.
#![expect(clippy::disallowed_methods, reason = "a replayed seed comes from the environment")]

use leasehold_golden_tests::simulator::{self, Report};
use rayon::prelude::*;

/// Seeds of the fixed set.
const SEEDS: std::ops::Range<u64> = 0..60;

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
fn no_duplicate_whatever_is_cut_killed_paused_lost_or_skewed() {
    let range = seeds();
    let reports: Vec<Report> = range.clone().into_par_iter().map(simulator::run).collect();
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
}
