//! The arbiter's database: one row, a clock of its own, and ways to it that are cut, slow or lose what comes back.
//!
//! It heeds what it is asked as [`Held::heed`] says, whenever that comes: also what was asked so long ago that nobody
//! waits any more.

use leasehold_server::failover::Standing;
use leasehold_server::failover::arbiter::{Answer, Ask, Held, Wish};
use leasehold_server::failover::pair::Pair;
use leasehold_server::node::Node;

use super::Harm;
use super::script::Deed;
use super::server::RATE_ERROR_PPM;
use super::world::{Happening, World};
use crate::simulated_disk::Dice;

/// The database's clock when a run begins, in milliseconds.
const BEGIN_MS: u64 = 1_000_000_000;

/// What may go wrong with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ArbiterFault {
    /// One server cannot reach it.
    CutFromOne,
    /// Nobody can.
    Away,
    /// One server can reach neither it nor its partner.
    Partition,
    /// The servers cannot reach each other, and nobody can reach it.
    AwayAndLinkCut,
    /// It takes up to 9 s over what it is asked.
    Slow,
    /// Its clock is set.
    ClockStep,
}

impl ArbiterFault {
    /// Every fault.
    pub const ALL: [ArbiterFault; 6] = [
        ArbiterFault::CutFromOne,
        ArbiterFault::Away,
        ArbiterFault::Partition,
        ArbiterFault::AwayAndLinkCut,
        ArbiterFault::Slow,
        ArbiterFault::ClockStep,
    ];

    /// Its name in reports.
    pub fn name(self) -> String {
        format!("arbiter {self:?}")
    }
}

/// The database, and the ways to it.
#[derive(Debug)]
pub struct Arbiter {
    row: Option<Held>,
    rate: u64,
    /// Apart from the world's: what is decided here changes nothing else.
    dice: Dice,
    pub step_ms: i64,
    pub cut: [u64; 2],
    pub slow_until: u64,
}

impl Arbiter {
    fn clock_ms(&self, t: u64) -> u64 {
        (BEGIN_MS + t * self.rate / 1_000_000).saturating_add_signed(self.step_ms)
    }
}

impl World {
    /// Gives both servers an arbiter.
    pub(super) fn go_by_an_arbiter(&mut self) {
        let mut dice = Dice(self.seed ^ 0x5eed_0fa2_b17e_0000);
        let rate = 1_000_000 - RATE_ERROR_PPM / 2 + dice.roll() % (RATE_ERROR_PPM + 1);
        self.arbiter = Some(Arbiter { row: None, rate, dice, step_ms: 0, cut: [0; 2], slow_until: 0 });
        self.report.arbiter = true;
        for server in &mut self.servers {
            server.arbiter = true;
        }
    }

    pub(super) fn arbiter_mut(&mut self, change: impl FnOnce(&mut Arbiter)) {
        match &mut self.arbiter {
            Some(arbiter) => change(arbiter),
            None => self.count("no-arbiter"),
        }
    }

    pub(super) fn heal_arbiter(&mut self) {
        if let Some(arbiter) = &mut self.arbiter {
            (arbiter.cut, arbiter.slow_until) = ([0; 2], 0);
        }
    }

    /// A question sets out. One way in a hundred is slow, and one in a hundred leads nowhere.
    pub(super) fn ask(&mut self, at: usize, ask: Ask) {
        let (t, life) = (self.t, self.servers[at].life);
        let Some(arbiter) = &mut self.arbiter else { return };
        let delay = delay(arbiter, t);
        if arbiter.cut[at] > t || arbiter.dice.below(100) == 0 {
            self.count("arbiter-not-reached");
            // Whoever asked hears soon that nobody is there, or never.
            if delay.is_multiple_of(2) {
                let answer = Answer { number: ask.number, reply: None };
                self.schedule(t + 100, Happening::Answered { at, life, answer });
            }
            return;
        }
        self.schedule(t + delay, Happening::Asked { at, life, ask });
    }

    /// A question is heard, and its answer sets out.
    pub(super) fn asked(&mut self, at: usize, life: u64, ask: &Ask) {
        let t = self.t;
        let Some(arbiter) = &mut self.arbiter else { return };
        let clock_ms = arbiter.clock_ms(t);
        let reply = match (&mut arbiter.row, ask.wish) {
            (None, Wish::Look { name }) => arbiter.row.insert(Held::new(name)).heed(ask, clock_ms),
            (Some(row), _) => row.heed(ask, clock_ms),
            (None, Wish::Renew { .. } | Wish::Take { .. }) => unreachable!("a row is never taken away"),
        };
        let (delay, lost) = (delay(arbiter, t), arbiter.cut[at] > t || arbiter.dice.below(50) == 0);
        self.note(|| format!("server {at} asked {:?}: {reply:?}", ask.wish));
        if lost {
            return self.count("arbiter-answer-lost");
        }
        let answer = Answer { number: ask.number, reply: Some(reply) };
        self.schedule(t + delay, Happening::Answered { at, life, answer });
    }

    /// Something goes wrong with the arbiter.
    pub(super) fn strike_arbiter(&mut self) {
        let t = self.t;
        let Some(arbiter) = &mut self.arbiter else { return };
        let fault = ArbiterFault::ALL[arbiter.dice.below(ArbiterFault::ALL.len())];
        let at = arbiter.dice.below(2);
        let long = 2_000 + arbiter.dice.roll() % 40_000;
        let longer = long + if arbiter.dice.below(3) == 0 { arbiter.dice.roll() % 120_000 } else { 0 };
        let by = i64::try_from(arbiter.dice.below(180_000)).expect("small") - 90_000;
        let next = t + 5_000 + arbiter.dice.roll() % 50_000;
        let deeds = match fault {
            ArbiterFault::CutFromOne => vec![Deed::CutArbiter(at, longer)],
            ArbiterFault::Away => vec![Deed::CutArbiter(0, longer), Deed::CutArbiter(1, longer)],
            ArbiterFault::Partition => {
                vec![Deed::CutArbiter(at, longer), Deed::Cut(2, longer), Deed::Cut(3, longer)]
            }
            ArbiterFault::AwayAndLinkCut => vec![
                Deed::CutArbiter(0, longer),
                Deed::CutArbiter(1, longer),
                Deed::Cut(2, longer),
                Deed::Cut(3, longer),
            ],
            ArbiterFault::Slow => vec![Deed::SlowArbiter(long)],
            ArbiterFault::ClockStep => vec![Deed::StepArbiter(by)],
        };
        self.count(fault.name());
        for deed in deeds {
            self.schedule(t, Happening::Deed(deed));
        }
        self.schedule(next, Happening::ArbiterFault);
    }

    /// R8: with an arbiter nobody goes on alone beside another who does, and nobody uses its partner's addresses beside
    /// a partner that may bind new clients.
    pub(super) fn one_may_go_on_alone(&mut self) {
        if self.arbiter.is_none() {
            return;
        }
        let now = [0, 1].map(|at| self.servers[at].now(self.t));
        let nodes = [0, 1].map(|at| self.servers[at].node.as_ref());
        let [Some(one), Some(other)] = nodes else { return };
        let sole = |node: &Node| node.pair().is_some_and(|pair| pair.facts().sole);
        let uses = |at: usize, node: &Node| match node.store().standing() {
            Standing::Paired(paired) => paired.has_powers(paired.moment(now[at])),
            Standing::Alone => false,
        };
        let binds =
            |at: usize, node: &Node| node.pair().is_some_and(|pair: &Pair| pair.is_sovereign_at(now[at]));
        let both = sole(one) && sole(other);
        if both || (uses(0, one) && binds(1, other)) || (uses(1, other) && binds(0, one)) {
            let facts = [one, other].map(|node| node.pair().map(|pair| (pair.state(), pair.facts().clone())));
            self.fail(Harm::Unfenced, &format!("one goes on alone beside the other: {facts:?}"));
        }
    }
}

fn delay(arbiter: &mut Arbiter, t: u64) -> u64 {
    let delay = 1 + arbiter.dice.roll() % 30;
    let slow = arbiter.slow_until > t || arbiter.dice.below(100) == 0;
    delay + if slow { arbiter.dice.roll() % 9_000 } else { 0 }
}
