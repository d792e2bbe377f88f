//! The arbiter: one row in a database, in which each server of a pair keeps a lease, and in which the one who goes on
//! alone (R8) writes so, by compare and swap.
//!
//! The row sees no leases of clients, and decides nothing but who may go on alone. A server asks one thing at a time,
//! and each change it asks for says which turn of its half of the row it is made on; so when an answer has come, no
//! earlier question of that server can change anything any more, however late the database hears it. [`Held::heed`] is
//! what a question does to the row: the statements of the daemon do the same in SQL, on the database's clock, and tests
//! compare both.
//!
//! Nothing here knows databases or sockets. Times are durations, or moments of the database's clock.

pub mod statements;

use super::home::Side;
use super::mutant::Rule;

/// How long a server's lease in the row lasts, in milliseconds: for its holder counted from its question, for its
/// partner in the row, padded.
pub const LEASE_MS: u64 = 10_000;
/// How often the lease is renewed, in milliseconds.
pub const RENEW_MS: u64 = 2_000;
/// How long an answer is waited for, in milliseconds; what comes later gives no right.
pub const ANSWER_MS: u64 = 4_000;
/// How long a server does not go on alone by the arbiter after it has heard its partner's heartbeat, in milliseconds:
/// its heartbeats say which it has heard, and that is a promise, counted by the partner from its own sending.
pub const PROMISE_MS: u64 = 10_000;

/// What a server asks of the row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ask {
    /// Which of this server's questions it is.
    pub number: u64,
    /// The pair whose row it is.
    pub pair: u64,
    /// Who asks.
    pub me: Side,
    /// What for.
    pub wish: Wish,
}

/// What a server wishes of the row.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wish {
    /// To see it. If there is none it is made, and gets this name, which no other row has.
    Look {
        /// The name of a new row.
        name: u64,
    },
    /// To renew the lease.
    Renew {
        /// Its half, as it is to become.
        claim: Claim,
        /// It goes on alone already.
        sole: bool,
    },
    /// To go on alone: the epoch after the claimed one.
    Take {
        /// Its half, as it is to become.
        claim: Claim,
        /// The partner's turn as it was seen last: nothing is taken from a partner that has asked since.
        partners_turn: u64,
    },
}

/// What a server says of itself, and which state of the row it goes by.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Claim {
    /// The turn of its half.
    pub turn: u64,
    /// Its life.
    pub life: u64,
    /// The life before, as its disk remembers it: if the row knows a later one, that disk is not what it was.
    pub life_before: u64,
    /// The epoch it takes part in, durably.
    pub epoch: u64,
    /// How long the lease is to last by the database's clock, in milliseconds.
    pub lease_ms: u64,
}

/// The row as a server sees it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// What tells it from any other row, of this pair too.
    pub name: u64,
    /// The highest epoch that was claimed.
    pub epoch: u64,
    /// Who began that epoch to go on alone.
    pub sole: Option<Side>,
    /// The halves of both servers.
    pub halves: [Half; 2],
}

/// One server's half of the row.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Half {
    /// Goes up with each change; 0: this server has never asked.
    pub turn: u64,
    /// The life that changed it last.
    pub life: u64,
    /// How long its lease lasts yet by the database's clock, in milliseconds.
    pub left_ms: u64,
}

/// What the database said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Of which question.
    pub number: u64,
    /// What it said; absent: nothing, so that nobody knows whether it did what it was asked.
    pub reply: Option<Reply>,
}

/// What became of a question.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reply {
    /// The wish was granted.
    pub done: bool,
    /// The row, after it.
    pub row: Row,
}

/// The row as the database holds it: moments of its own clock, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Held {
    /// As [`Row::name`].
    pub name: u64,
    /// As [`Row::epoch`].
    pub epoch: u64,
    /// As [`Row::sole`].
    pub sole: Option<Side>,
    /// As [`Half::turn`].
    pub turns: [u64; 2],
    /// As [`Half::life`].
    pub lives: [u64; 2],
    /// Until when each lease lasts.
    pub until_ms: [u64; 2],
}

impl Held {
    /// A new row.
    pub fn new(name: u64) -> Held {
        Held { name, epoch: 0, sole: None, turns: [0; 2], lives: [0; 2], until_ms: [0; 2] }
    }

    /// Does what is asked, if it may be, at a moment of the database's clock.
    pub fn heed(&mut self, ask: &Ask, clock_ms: u64) -> Reply {
        let (me, other) = (ask.me.index(), ask.me.other().index());
        let done = match ask.wish {
            Wish::Look { .. } => true,
            Wish::Renew { claim, sole } => {
                let fits = self.fits(ask.me, claim);
                if fits {
                    self.epoch = claim.epoch;
                    self.sole = sole.then_some(ask.me);
                }
                fits
            }
            Wish::Take { claim, partners_turn } => {
                let lapsed = self.until_ms[other] < clock_ms
                    && self.turns[other] == partners_turn
                    && partners_turn > 0
                    || !Rule::PartnersLeaseIsWaited.holds();
                let fits = self.fits(ask.me, claim) && lapsed;
                if fits {
                    self.epoch = claim.epoch + 1;
                    self.sole = Some(ask.me);
                }
                fits
            }
        };
        if let (true, Wish::Renew { claim, .. } | Wish::Take { claim, .. }) = (done, ask.wish) {
            self.turns[me] += 1;
            self.lives[me] = claim.life;
            self.until_ms[me] = clock_ms.saturating_add(claim.lease_ms);
        }
        Reply { done, row: self.seen(clock_ms) }
    }

    /// A claim is of this turn, by a server that remembers its last life, and by whom no later epoch was seen. Its own
    /// later epoch it may give back: a server that does not know of it has never acted on it.
    fn fits(&self, me: Side, claim: Claim) -> bool {
        let at = me.index();
        let remembers = self.lives[at] == claim.life || self.lives[at] <= claim.life_before;
        let knows = self.epoch <= claim.epoch || self.sole == Some(me) || !Rule::TheRowIsCompared.holds();
        self.turns[at] == claim.turn && remembers && knows
    }

    fn seen(&self, clock_ms: u64) -> Row {
        let half = |at: usize| Half {
            turn: self.turns[at],
            life: self.lives[at],
            left_ms: self.until_ms[at].saturating_sub(clock_ms),
        };
        Row { name: self.name, epoch: self.epoch, sole: self.sole, halves: [half(0), half(1)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: Side = Side::Primary;
    const S: Side = Side::Standby;

    fn claim(turn: u64, epoch: u64) -> Claim {
        Claim { turn, life: 5, life_before: 4, epoch, lease_ms: 11_000 }
    }

    fn renew(row: &mut Held, me: Side, turn: u64, epoch: u64, clock_ms: u64) -> bool {
        let wish = Wish::Renew { claim: claim(turn, epoch), sole: false };
        row.heed(&Ask { number: 1, pair: 7, me, wish }, clock_ms).done
    }

    fn take(row: &mut Held, me: Side, turn: u64, epoch: u64, partners_turn: u64, clock_ms: u64) -> bool {
        let wish = Wish::Take { claim: claim(turn, epoch), partners_turn };
        row.heed(&Ask { number: 1, pair: 7, me, wish }, clock_ms).done
    }

    #[test]
    fn nothing_is_taken_before_the_partners_lease_has_lapsed() {
        let mut row = Held::new(9);
        assert!(!take(&mut row, S, 0, 3, 0, 100_000), "the partner was never here");
        assert!(renew(&mut row, P, 0, 3, 100_000));
        assert!(renew(&mut row, S, 0, 3, 100_000));
        assert!(!take(&mut row, S, 1, 3, 1, 111_000), "not yet");
        assert!(!take(&mut row, S, 1, 3, 0, 111_001), "it has asked since");
        assert!(take(&mut row, S, 1, 3, 1, 111_001));
        assert_eq!((row.epoch, row.sole), (4, Some(S)));
        assert!(!renew(&mut row, P, 1, 3, 112_000), "it has been replaced");
        assert!(!take(&mut row, P, 1, 3, 2, 999_000));
        assert!(renew(&mut row, P, 1, 4, 999_000), "it has learned everything");
        assert_eq!(row.sole, None);
    }

    #[test]
    fn a_late_question_changes_nothing() {
        let mut row = Held::new(9);
        assert!(renew(&mut row, P, 0, 3, 100_000));
        assert!(renew(&mut row, P, 1, 3, 101_000));
        assert!(!renew(&mut row, P, 0, 3, 150_000) && !renew(&mut row, P, 1, 3, 150_000));
        assert_eq!(row.until_ms[0], 112_000);
    }

    #[test]
    fn what_was_taken_and_not_known_is_given_back_or_taken_again() {
        let mut row = Held::new(9);
        assert!(renew(&mut row, P, 0, 3, 1_000) && take(&mut row, S, 0, 3, 1, 20_000));
        let mut again = row;
        assert!(take(&mut again, S, 1, 3, 1, 21_000));
        assert_eq!((again.epoch, again.sole), (4, Some(S)));
        assert!(renew(&mut row, S, 1, 3, 21_000));
        assert_eq!((row.epoch, row.sole), (3, None));
    }

    #[test]
    fn a_disk_that_knows_less_than_the_row_is_not_heeded() {
        let mut row = Held::new(9);
        assert!(renew(&mut row, P, 0, 3, 1_000));
        let restored = Claim { life: 9, life_before: 3, ..claim(1, 3) };
        let wish = Wish::Renew { claim: restored, sole: false };
        assert!(!row.heed(&Ask { number: 1, pair: 7, me: P, wish }, 2_000).done);
        let next = Claim { life: 9, life_before: 5, ..claim(1, 3) };
        let wish = Wish::Renew { claim: next, sole: false };
        assert!(row.heed(&Ask { number: 1, pair: 7, me: P, wish }, 2_000).done);
    }
}
