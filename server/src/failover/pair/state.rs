//! What a server of a pair is, as a function of what it remembers and hears.

/// What a server of a pair is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum State {
    /// It has just begun and waits for a Hello; it answers nobody.
    Starting,
    /// It has given up its rights; it answers nobody.
    GivenUp,
    /// It knows of a higher epoch or has lost its disk: it extends what its partner has promised.
    Stale,
    /// It goes on alone; the wait after the fence is not over.
    SoleWait,
    /// It goes on alone, and may use every address.
    Sole,
    /// It has heard nobody since it began: it extends what its partner has promised.
    Isolated,
    /// The partner is not heard.
    Interrupted,
    /// The partner is heard and not in step.
    Rejoin,
    /// Both are in step.
    Normal,
}

impl State {
    /// Every state.
    pub const ALL: [State; 9] = [
        State::Starting,
        State::GivenUp,
        State::Stale,
        State::SoleWait,
        State::Sole,
        State::Isolated,
        State::Interrupted,
        State::Rejoin,
        State::Normal,
    ];

    /// What stands for it in messages; never another, never 0.
    pub fn octet(self) -> u8 {
        match self {
            State::Starting => 1,
            State::GivenUp => 2,
            State::Stale => 3,
            State::SoleWait => 4,
            State::Sole => 5,
            State::Isolated => 6,
            State::Interrupted => 7,
            State::Rejoin => 8,
            State::Normal => 9,
        }
    }

    /// Whether it answers anybody.
    pub fn serves(self) -> bool {
        !matches!(self, State::Starting | State::GivenUp)
    }

    /// The state's name in metrics, logs and tests.
    pub fn name(self) -> &'static str {
        match self {
            State::Starting => "starting",
            State::GivenUp => "given-up",
            State::Stale => "stale",
            State::SoleWait => "sole-wait",
            State::Sole => "sole",
            State::Isolated => "isolated",
            State::Interrupted => "interrupted",
            State::Rejoin => "rejoin",
            State::Normal => "normal",
        }
    }
}

/// Everything a state is concluded from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Circumstances {
    /// The rights were given up, durably.
    pub given_up: bool,
    /// The partner has spoken to this life, or the time to wait for it is over.
    pub begun: bool,
    /// A higher epoch is known, or the disk was lost.
    pub stale: bool,
    /// SOLE powers are held.
    pub sole: bool,
    /// They may be used.
    pub waited: bool,
    /// Nobody else can have taken over.
    pub sovereign: bool,
    /// The partner was heard lately.
    pub heard: bool,
    /// The partner is of this epoch, sovereign and not stale.
    pub in_step: bool,
}

/// Concludes the state: the first that holds, in this order.
pub fn state_of(circumstances: Circumstances) -> State {
    let Circumstances { given_up, begun, stale, sole, waited, sovereign, heard, in_step } = circumstances;
    if given_up {
        return State::GivenUp;
    }
    if !begun {
        return State::Starting;
    }
    if stale {
        return State::Stale;
    }
    if sole {
        return if waited { State::Sole } else { State::SoleWait };
    }
    match (sovereign, heard, in_step) {
        (false, _, _) => State::Isolated,
        (true, false, _) => State::Interrupted,
        (true, true, false) => State::Rejoin,
        (true, true, true) => State::Normal,
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::net::Ipv4Addr;

    use super::*;
    use crate::failover::{
        Clock, Ownership, Padding, Paired, Right, Side, grant, may_begin_end, may_free_alone,
    };
    use crate::leases::{Binding, Client, ClientKey, State as Held};
    use crate::time::Now;

    const NAMES: [&str; 8] =
        ["given-up", "begun", "stale", "sole", "waited", "sovereign", "heard", "in-step"];

    fn circumstances(bits: usize) -> Circumstances {
        let at = |place: usize| bits >> place & 1 == 1;
        Circumstances {
            given_up: at(0),
            begun: at(1),
            stale: at(2),
            sole: at(3),
            waited: at(4),
            sovereign: at(5),
            heard: at(6),
            in_step: at(7),
        }
    }

    /// One line for each way to a state; what makes no difference is left out.
    fn rows(place: usize, bits: usize, words: &mut Vec<String>, out: &mut String) {
        let after = |bits: usize| (0..1_usize << (NAMES.len() - place)).map(move |rest| bits | rest << place);
        let first = state_of(circumstances(bits));
        if after(bits).all(|bits| state_of(circumstances(bits)) == first) {
            writeln!(out, "{:<12} {}", first.name(), words.join(", ")).expect("a string grows");
            return;
        }
        let differs = after(bits).any(|bits| {
            state_of(circumstances(bits | 1 << place)) != state_of(circumstances(bits & !(1 << place)))
        });
        if !differs {
            return rows(place + 1, bits, words, out);
        }
        for (value, word) in [(1, ""), (0, "not ")] {
            words.push(format!("{word}{}", NAMES[place]));
            rows(place + 1, bits | value << place, words, out);
            words.pop();
        }
    }

    #[test]
    fn the_table_of_states() {
        let mut table = String::new();
        rows(0, 0, &mut Vec::new(), &mut table);
        assert_eq!(table, include_str!("states.txt"), "the table is now:\n{table}");
    }

    const NOW: Now = Now { boot_ms: 1_000, wall_ms: 1_000_000 };
    const OWN: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 4);
    const PARTNERS: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 3);

    fn standing(state: State) -> Paired {
        let stale = state == State::Stale;
        let sovereign = !matches!(state, State::Starting | State::GivenUp | State::Stale | State::Isolated);
        Paired {
            me: Side::Primary,
            ownership: Ownership { share: 4 },
            lead_ms: 30_000,
            fence_ms: 30_000,
            padding: Padding { rate_error_ppm: 0 },
            clock: Clock::new(NOW, 0),
            epoch: 0,
            serving: state.serves(),
            stale,
            sovereign,
            normal: state == State::Normal,
            agreed: true,
            heard: matches!(state, State::Normal | State::Rejoin),
            powers_from_wall_ms: match state {
                State::Sole => Some(0),
                State::SoleWait => Some(u64::MAX),
                _ => None,
            },
            waited: state == State::Sole,
            rest_until_wall_ms: 0,
        }
    }

    /// What each state grants, from the rules themselves.
    #[test]
    fn the_table_of_rights() {
        let key = ClientKey::Identifier([1].into());
        let client = Client { key: key.clone(), identifier: None, hardware_type: 1, hardware: None };
        let bound = |told_wall_ms| Binding {
            state: Held::Bound(client.clone()),
            told_wall_ms,
            potential_wall_ms: 1_010_000,
            ..Binding::unused(OWN)
        };
        let yes = |granted: bool| if granted { "yes" } else { "no" };
        let mut table = format!(
            "{:<12} {:<10} {:<8} {:<14} {:<13} {}\n",
            "state", "known", "new, own", "new, partner's", "free by both", "free alone"
        );
        for state in State::ALL {
            let paired = standing(state);
            let moment = paired.moment(NOW);
            let known = match grant(&paired, moment, Some(&bound(1_005_000)), OWN, &key) {
                Ok(granted) if granted.right == Right::ExtendFromPotential => "promised",
                Ok(_) => "yes",
                Err(_) => "no",
            };
            let known = if known == "promised" && paired.sovereign { "yes" } else { known };
            let new = |address| yes(grant(&paired, moment, None, address, &key).is_ok());
            let (both, alone) =
                (may_begin_end(&paired, moment, &bound(1)), may_free_alone(&paired, moment, &bound(1)));
            let (own, partners) = (new(OWN), new(PARTNERS));
            let name = state.name();
            writeln!(
                table,
                "{name:<12} {known:<10} {own:<8} {partners:<14} {:<13} {}",
                yes(both),
                yes(alone)
            )
            .expect("a string grows");
        }
        assert_eq!(table, include_str!("rights.txt"), "the table is now:\n{table}");
    }
}
