//! R6: two records of one address become one.
//!
//! The higher epoch wins; within one, the record that covers the other; concurrent changes for the same client are
//! joined; concurrent ones for different clients cannot be, and are a conflict. What this server told a client, and
//! what it may believe and owes, is its own knowledge: the partner's view of it counts only where this server has
//! forgotten ([`Forgotten`]). So padding cannot feed on itself, and no message gives a right.

use super::home::Side;
use super::mutant::Rule;
use crate::leases::{Binding, State, Version};

/// What a server that lost its disk must suppose beside what the partner knows (R11).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Forgotten {
    /// Now and the maximum client lead time, padded.
    pub told_at_least_wall_ms: u64,
    /// The lead time, padded, in milliseconds.
    pub lead_ms: u64,
}

/// Which record the result is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// Both say the same.
    Equal,
    /// This server's covers the other.
    Mine,
    /// The partner's covers this server's.
    Theirs,
    /// The partner's is of a higher epoch.
    TheirEpoch,
    /// This server's is of a higher epoch.
    MyEpoch,
    /// Both changed it for the same client.
    Joined,
    /// Both changed it for different clients: the impossible.
    Conflict,
}

impl Verdict {
    /// Every verdict, in the order of counters.
    pub const ALL: [Verdict; 7] = [
        Verdict::Equal,
        Verdict::Mine,
        Verdict::Theirs,
        Verdict::TheirEpoch,
        Verdict::MyEpoch,
        Verdict::Joined,
        Verdict::Conflict,
    ];
}

/// A record and how it came about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Merged {
    /// The record.
    pub binding: Binding,
    /// Which of the two it is.
    pub verdict: Verdict,
}

/// Merges the partner's record into this server's. `theirs` has its times on this server's clock, as the partner sees
/// them (its `told` is what the partner told).
pub fn merge(me: Side, mine: Option<&Binding>, theirs: &Binding, forgotten: Option<Forgotten>) -> Merged {
    let unused = Binding::unused(theirs.address);
    let mine = mine.unwrap_or(&unused);
    // R11: what a restored disk says is of a life before the one that was lost, and that one may have used the same
    // versions for other clients. So the partner's word stands, and the version stays above both.
    let believed = forgotten.is_some() && theirs.epoch >= mine.epoch;
    let verdict = if believed { Verdict::Theirs } else { compare(mine, theirs) };
    let mut binding = match verdict {
        Verdict::Equal | Verdict::Joined => join(mine, theirs),
        Verdict::Mine | Verdict::MyEpoch => mine.clone(),
        Verdict::Theirs if believed => {
            Binding { version: least_common(mine.version, theirs.version), ..theirs.clone() }
        }
        Verdict::Theirs | Verdict::TheirEpoch => theirs.clone(),
        Verdict::Conflict => quarantine(mine, theirs),
    };
    if let (State::Declined { .. }, State::Declined { .. }) = (&binding.state, &mine.state) {
        // The end of a probation binds nobody; taken over again and again, it would recede.
        binding.state = mine.state.clone();
    }
    let mut binding = with_own_times(binding, mine, theirs);
    if let Some(forgotten) = forgotten {
        suppose(me, &mut binding, theirs, forgotten);
    }
    Merged { binding, verdict }
}

fn compare(mine: &Binding, theirs: &Binding) -> Verdict {
    if mine.epoch != theirs.epoch && Rule::EpochsDecide.holds() {
        return if mine.epoch > theirs.epoch { Verdict::MyEpoch } else { Verdict::TheirEpoch };
    }
    match (covers(mine.version, theirs.version), covers(theirs.version, mine.version)) {
        (true, true) => Verdict::Equal,
        (true, false) => Verdict::Mine,
        (false, true) => Verdict::Theirs,
        (false, false) => match (mine.client(), theirs.client()) {
            (Some(mine), Some(theirs)) if mine.key != theirs.key => Verdict::Conflict,
            (Some(_) | None, Some(_) | None) => Verdict::Joined,
        },
    }
}

/// Whether `version` includes every change that `other` includes.
pub(super) fn covers(version: Version, other: Version) -> bool {
    version.0[0] >= other.0[0] && version.0[1] >= other.0[1]
}

fn least_common(a: Version, b: Version) -> Version {
    Version([a.0[0].max(b.0[0]), a.0[1].max(b.0[1])])
}

/// How much a state withholds the address from others: of two concurrent ones the stricter stays.
fn strictness(state: &State) -> (u8, u64) {
    match state {
        State::Free { .. } => (0, 0),
        State::Bound(_) => (1, 0),
        State::Declined { until_wall_ms } => (2, *until_wall_ms),
    }
}

/// Concurrent changes for one client: the stricter state, released only if both say so, and not ending.
fn join(mine: &Binding, theirs: &Binding) -> Binding {
    let equal = mine.version == theirs.version;
    let later = |binding: &Binding| (binding.details.transaction_wall_ms, binding.details.transaction);
    let mut joined = if later(theirs) > later(mine) { theirs.clone() } else { mine.clone() };
    let strict = if strictness(&theirs.state) > strictness(&mine.state) { theirs } else { mine };
    joined.state = strict.state.clone();
    joined.version = least_common(mine.version, theirs.version);
    joined.born = least_common(mine.born, theirs.born);
    joined.released = if Rule::ReleaseNeedsBoth.holds() {
        mine.released && theirs.released
    } else {
        mine.released || theirs.released
    };
    joined.ending = equal && mine.ending && theirs.ending;
    joined
}

/// Nobody gets the address until everything anybody was told is over.
fn quarantine(mine: &Binding, theirs: &Binding) -> Binding {
    let mut binding = join(mine, theirs);
    let until_wall_ms = mine.expires_wall_ms().max(theirs.expires_wall_ms());
    binding.state = State::Declined { until_wall_ms };
    binding
}

/// Whether both are about one life of the address with one client.
fn is_same_life(a: &Binding, b: &Binding) -> bool {
    (a.born == b.born || !Rule::PotentialIsOfOneLife.holds()) && holder_or_declined(a, b)
}

fn holder_or_declined(a: &Binding, b: &Binding) -> bool {
    match (a.client(), b.client()) {
        (Some(a), Some(b)) => a.key == b.key,
        (None, _) | (_, None) => true,
    }
}

/// What this server told, may tell and owes is its own knowledge while the client stays the same; of what the partner
/// told, the longest counts.
fn with_own_times(mut binding: Binding, mine: &Binding, theirs: &Binding) -> Binding {
    let same_client = holder_or_declined(&binding, mine) && !matches!(mine.state, State::Free { .. });
    let (told, partner_told) =
        if same_client { (mine.told_wall_ms, mine.partner_told_wall_ms) } else { (0, 0) };
    let their_client = holder_or_declined(&binding, theirs) && !matches!(theirs.state, State::Free { .. });
    let their_told = if their_client { theirs.told_wall_ms } else { 0 };
    binding.told_wall_ms = told;
    binding.partner_told_wall_ms = partner_told.max(their_told);
    binding.promised_wall_ms = if same_client { mine.promised_wall_ms } else { 0 };
    binding.potential_wall_ms =
        if same_client && is_same_life(&binding, mine) { mine.potential_wall_ms } else { 0 };
    if matches!(binding.state, State::Free { .. }) {
        binding.told_wall_ms = 0;
        binding.partner_told_wall_ms = 0;
        binding.promised_wall_ms = 0;
        binding.potential_wall_ms = 0;
    }
    binding
}

/// R11: what this server told and promised in a life it has forgotten, at most.
fn suppose(me: Side, binding: &mut Binding, theirs: &Binding, forgotten: Forgotten) {
    if matches!(binding.state, State::Free { .. }) {
        return;
    }
    let alone = theirs.promised_wall_ms.saturating_add(forgotten.lead_ms);
    binding.told_wall_ms =
        theirs.partner_told_wall_ms.max(alone).max(forgotten.told_at_least_wall_ms).max(binding.told_wall_ms);
    binding.promised_wall_ms =
        theirs.potential_wall_ms.max(forgotten.told_at_least_wall_ms).max(binding.promised_wall_ms);
    binding.potential_wall_ms = 0;
    // A release is trusted only by who knows that it told nothing after it. The version says so to the partner, and
    // burns every END that is under way.
    binding.released = false;
    binding.ending = false;
    binding.version.0[me.index()] += 1;
}

#[cfg(test)]
mod tests;
