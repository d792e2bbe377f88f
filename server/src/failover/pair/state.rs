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
    /// The partner has spoken to this life.
    pub answered: bool,
    /// The time to wait for it is over.
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
    let Circumstances { given_up, answered, begun, stale, sole, waited, sovereign, heard, in_step } =
        circumstances;
    if given_up {
        return State::GivenUp;
    }
    if !begun && !answered {
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
