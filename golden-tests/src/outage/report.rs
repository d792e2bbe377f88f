//! What clients felt, and what was aimed at.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::fleet::Group;

/// What the fleet felt in one trial, as it hands it on.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// How long an exchange took, from its first packet to the ACK, the longest.
    pub longest_wait: Duration,
    /// The same, of clients whose OFFER came to nothing.
    pub longest_wait_anew: Duration,
    /// Exchanges that were begun.
    pub exchanges: u64,
    /// Exchanges that nobody answered however often the client asked.
    pub unanswered: u64,
    /// Exchanges that began anew because nobody answered for the OFFER.
    pub began_anew: u64,
    /// Addresses acknowledged to one client while another held them.
    pub duplicates: Vec<String>,
    /// Leases that ran and were denied, or that no server knows in the end: which address, and how.
    pub lost: Vec<(Ipv4Addr, String)>,
    /// Leases that were denied because their address is in no pool any more.
    pub moved: u64,
    /// Longest time without service by the name of what was done.
    pub gaps: BTreeMap<String, Duration>,
}

/// What the fleet felt in one trial.
#[derive(Clone, Debug, Default)]
pub struct Felt {
    /// When an ACK came, in order, and to whom.
    pub acks: Vec<(Instant, Group)>,
    /// Addresses that are held in the end.
    pub held: Vec<Ipv4Addr>,
    /// The rest.
    pub outcome: Outcome,
}

impl Felt {
    /// The longest time in which nobody of the group had an answer.
    pub fn longest_gap(&self, group: Group, from: Instant, to: Instant) -> Duration {
        let inside =
            self.acks.iter().filter(|(at, of)| *of == group && *at > from && *at < to).map(|(at, _)| *at);
        let mut longest = Duration::ZERO;
        let mut before = from;
        for at in inside.chain([to]) {
            longest = longest.max(at - before);
            before = at;
        }
        longest
    }
}

/// A figure that is aimed at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Goal {
    /// What is done.
    pub name: &'static str,
    /// How long nobody may be without service for it; absent: it is only reported.
    pub at_most: Option<Duration>,
}

/// Several trials of one fault.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Trials.
    pub trials: u64,
    /// Exchanges begun.
    pub exchanges: u64,
    /// Never answered.
    pub unanswered: u64,
    /// Begun anew.
    pub began_anew: u64,
    /// Addresses with two holders.
    pub duplicates: Vec<String>,
    /// Leases lost.
    pub lost: Vec<String>,
    /// Clients that had to move with their pool.
    pub moved: u64,
    longest_wait: Duration,
    longest_wait_anew: Duration,
    gaps: BTreeMap<String, Vec<Duration>>,
}

impl Summary {
    /// Adds a trial.
    pub fn add(&mut self, felt: Outcome) {
        self.trials += 1;
        self.exchanges += felt.exchanges;
        self.unanswered += felt.unanswered;
        self.began_anew += felt.began_anew;
        self.duplicates.extend(felt.duplicates);
        self.lost.extend(felt.lost.into_iter().map(|(address, how)| format!("{address} {how}")));
        self.moved += felt.moved;
        self.longest_wait = self.longest_wait.max(felt.longest_wait);
        self.longest_wait_anew = self.longest_wait_anew.max(felt.longest_wait_anew);
        for (name, gap) in felt.gaps {
            self.gaps.entry(name).or_default().push(gap);
        }
    }

    /// Whether nothing was given twice or lost.
    pub fn is_safe(&self) -> bool {
        self.duplicates.is_empty() && self.lost.is_empty()
    }

    /// What was given twice or lost, a few of each.
    pub fn harm(&self) -> impl Iterator<Item = &String> {
        self.duplicates.iter().take(5).chain(self.lost.iter().take(5))
    }

    /// What was aimed at and not reached.
    pub fn missed(&self, goals: &[Goal]) -> Vec<String> {
        let mut missed = Vec::new();
        for Goal { name, at_most } in goals {
            let worst = self.gaps.get(*name).and_then(|gaps| gaps.iter().max().copied());
            match (worst, at_most) {
                (None, _) => missed.push(format!("{name}: not measured")),
                (Some(worst), Some(most)) if worst > *most => {
                    missed.push(format!(
                        "{name}: {:.2} s, aimed at {:.2} s",
                        worst.as_secs_f64(),
                        most.as_secs_f64()
                    ));
                }
                (Some(_), _) => {}
            }
        }
        missed
    }

    /// A few lines of text.
    pub fn text(&self, fault: &str, goals: &[Goal]) -> String {
        let mut text = String::new();
        for Goal { name, at_most } in goals {
            let mut gaps = self.gaps.get(*name).cloned().unwrap_or_default();
            gaps.sort();
            let at = |place: usize| gaps.get(place).map_or(f64::NAN, Duration::as_secs_f64);
            let goal = at_most.map_or("-".to_owned(), |most| format!("{:.2}", most.as_secs_f64()));
            writeln!(
                text,
                "{fault:<18} {name:<34} {:>4} {:>9.3} {:>9.3} {goal:>6}",
                gaps.len(),
                at(gaps.len() / 2),
                at(gaps.len().saturating_sub(1)),
            )
            .expect("a string grows");
        }
        writeln!(
            text,
            "{:<18} exchanges {}, unanswered {}, begun anew {}, longest wait {:.1} s ({:.1} s begun anew), duplicates {}, \
             leases lost {}, moved {}",
            "",
            self.exchanges,
            self.unanswered,
            self.began_anew,
            self.longest_wait.as_secs_f64(),
            self.longest_wait_anew.as_secs_f64(),
            self.duplicates.len(),
            self.lost.len(),
            self.moved
        )
        .expect("a string grows");
        text
    }

    /// The head of [`Summary::text`].
    pub fn head() -> &'static str {
        "fault              longest time without service          runs  median/s     max/s   goal"
    }
}
