//! Rules that a test build (`--cfg leasehold_mutants`) can switch off, to show that the simulator sees the harm. In every other build each is always on, and nothing of this is left.
#![allow(unexpected_cfgs, reason = "the mutants' builds alone set `leasehold_mutants`")]

/// A rule that can be off.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Rule {
    /// R5: an END leaves when the mark it rests on is on disk.
    EndAfterSync = 1,
    /// R2: nothing is extended whose end is under way.
    EndingIsFrozen,
    /// R9: the lead time passes before powers are used.
    LeadIsWaited,
    /// R1: only who is sovereign binds.
    OnlySovereignsBind,
    /// R2: who is not sovereign extends only within what was promised.
    FencedExtendWithinPromise,
    /// R5: a client hears when it is on disk.
    AnswerAfterSync,
    /// R5: the partner hears of an update when it is on disk.
    AckAfterSync,
    /// R5: an update leaves when it is on disk.
    UpdateAfterSync,
    /// R3: an END is accepted with reason.
    EndsAreJudged,
    /// R3: an END that was refused is burned.
    ///
    /// For one holder [`Rule::EndingIsFrozen`] covers it: an END is accepted only while the record is marked and of exactly
    /// the END's version; neither server extends a marked record; so all that was told was told before the mark, at its home,
    /// or before the END came, at the partner, and both judge that. It is there for the client: an address whose END was
    /// refused would stay marked, and could not be renewed.
    RefusedEndsBurn,
    /// R11: a lost disk is known to be lost.
    LossIsKnown,
    /// R6: released only if both say so.
    ReleaseNeedsBoth,
    /// R2: a lease reaches the lead time beyond what was promised, no more.
    LeasesAreBounded,
    /// Sovereign only after a Hello of this life.
    SovereignAfterHello,
    /// R1: a free address is bound by its home.
    OnlyTheHomeBinds,
    /// R12: durations are padded.
    DurationsArePadded,
    /// R10: SOLE powers go before a snapshot is cut.
    PowersGoInRejoin,
    /// R12: rights are judged by the latest it can be.
    RightsByTheLateClock,
    /// R13: who spoke in an earlier life is not heard.
    EarlierLivesAreDead,
    /// R6: the higher epoch wins.
    EpochsDecide,
    /// R7: an ack is for the life of the address that it was sent for.
    AcksAreForOneLife,
    /// What means something else in what the partner may act by is bound to nobody new.
    FrozenWhileArtefactsDiffer,
    /// The partner has every record of what was begun under the old artefact before it acts by the new one.
    RecordsBeforeArtefacts,
    /// R8: with an arbiter, sovereignty ends with its lease and the partner's promise.
    SovereigntyEnds,
    /// R8: nothing is taken from the arbiter before the partner's lease there has lapsed.
    PartnersLeaseIsWaited,
    /// R8: whoever has heard its partner does not go on alone by the arbiter for as long as it promised.
    PromisesAreKept,
    /// R8: whoever does not know of the row's epoch takes and renews nothing.
    TheRowIsCompared,
    /// R9: what was promised to the partner counts as told.
    PromisesCount,
    /// R7: what the partner promised ends with the life of the address that it was promised for.
    PotentialIsOfOneLife,
}

impl Rule {
    /// Every rule that can be off.
    pub const ALL: [Rule; 29] = [
        Rule::EndAfterSync,
        Rule::EndingIsFrozen,
        Rule::LeadIsWaited,
        Rule::OnlySovereignsBind,
        Rule::FencedExtendWithinPromise,
        Rule::AnswerAfterSync,
        Rule::AckAfterSync,
        Rule::UpdateAfterSync,
        Rule::EndsAreJudged,
        Rule::RefusedEndsBurn,
        Rule::LossIsKnown,
        Rule::ReleaseNeedsBoth,
        Rule::LeasesAreBounded,
        Rule::SovereignAfterHello,
        Rule::OnlyTheHomeBinds,
        Rule::DurationsArePadded,
        Rule::PowersGoInRejoin,
        Rule::RightsByTheLateClock,
        Rule::EarlierLivesAreDead,
        Rule::EpochsDecide,
        Rule::AcksAreForOneLife,
        Rule::FrozenWhileArtefactsDiffer,
        Rule::RecordsBeforeArtefacts,
        Rule::SovereigntyEnds,
        Rule::PartnersLeaseIsWaited,
        Rule::PromisesAreKept,
        Rule::TheRowIsCompared,
        Rule::PromisesCount,
        Rule::PotentialIsOfOneLife,
    ];

    /// Whether the rule holds.
    #[cfg(not(leasehold_mutants))]
    #[inline(always)]
    pub(crate) const fn holds(self) -> bool {
        true
    }

    /// Whether the rule holds.
    #[cfg(leasehold_mutants)]
    pub(crate) fn holds(self) -> bool {
        OFF.load(std::sync::atomic::Ordering::Relaxed) & self.bit() == 0
    }

    /// Switches these rules off in this process, and all others on.
    #[cfg(leasehold_mutants)]
    pub fn switch_off(rules: &[Rule]) {
        let off = rules.iter().fold(0, |off, rule| off | rule.bit());
        OFF.store(off, std::sync::atomic::Ordering::Relaxed);
    }

    #[cfg(leasehold_mutants)]
    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

#[cfg(leasehold_mutants)]
static OFF: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
