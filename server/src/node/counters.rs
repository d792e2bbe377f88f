//! What was heard, said and left unsaid.

use crate::serve::Silence;
use crate::wire::MessageType;

/// Counts since the start.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    received: [u64; MessageType::ALL.len()],
    sent: [u64; MessageType::ALL.len()],
    silences: [u64; Silence::ALL.len()],
    /// Packets that were kept for the partner, and looked at after all.
    pub(super) kept_answered: u64,
    short_leases: u64,
}

impl Counters {
    pub(super) fn received(&mut self, kind: MessageType) {
        self.received[usize::from(kind.octet() - 1)] += 1;
    }

    pub(super) fn sent(&mut self, kind: MessageType) {
        self.sent[usize::from(kind.octet() - 1)] += 1;
    }

    pub(super) fn silent(&mut self, silence: Silence) {
        let at = Silence::ALL.iter().position(|reason| *reason == silence);
        self.silences[at.expect("every reason is listed")] += 1;
    }

    pub(super) fn shortened(&mut self) {
        self.short_leases += 1;
    }

    /// Leases that were cut short because the partner had not promised more.
    pub fn short_leases(&self) -> u64 {
        self.short_leases
    }

    /// Messages that came, by type; what is no message is not among them.
    pub fn all_received(&self) -> impl Iterator<Item = (MessageType, u64)> + '_ {
        MessageType::ALL.into_iter().zip(self.received.iter().copied())
    }

    /// Answers that went out, by type.
    pub fn all_sent(&self) -> impl Iterator<Item = (MessageType, u64)> + '_ {
        MessageType::ALL.into_iter().zip(self.sent.iter().copied())
    }

    /// Messages that were the partner's to answer, and were taken up here when it fell silent.
    pub fn kept_answered(&self) -> u64 {
        self.kept_answered
    }

    /// Messages that got no answer, by reason.
    pub fn all_silences(&self) -> impl Iterator<Item = (Silence, u64)> + '_ {
        Silence::ALL.into_iter().zip(self.silences.iter().copied())
    }
}
