//! What was heard of the partner in this life, and when.

use super::{Config, State};
use crate::time::Now;

/// What the partner said of itself last.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Partner {
    pub(super) epoch: u64,
    pub(super) stale: bool,
    pub(super) amnesic: bool,
    pub(super) sovereign: bool,
    pub(super) able: bool,
    pub(super) leaving: bool,
    pub(super) state: Option<State>,
}

impl Partner {
    /// Whether it has all records, and may give them.
    pub(super) fn can_give(&self) -> bool {
        self.sovereign && !self.amnesic && !self.stale
    }
}

/// The partner, as far as it was heard. R13: of an earlier life nothing is heard any more.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Session {
    /// The highest life that was heard; 0: none.
    pub(super) boot: u64,
    /// The highest before it.
    pub(super) boot_before: u64,
    pub(super) sequence: u64,
    /// The partner has spoken to this life of this server.
    pub(super) addressed: bool,
    pub(super) heard_boot_ms: u64,
    pub(super) partner: Partner,
    /// The highest epoch that was heard of.
    pub(super) epoch_seen: u64,
    /// A Hello was exchanged at this server's epoch since it began.
    pub(super) exchanged: bool,
    /// Both wall clocks said the same when the partner was heard last, as far as their rates let them.
    pub(super) agreed: bool,
    /// By how much the partner's wall clock was ahead then, in milliseconds.
    pub(super) skew_ms: i64,
    /// The connection was reset since the partner was heard last.
    pub(super) lost: bool,
    /// Since when the partner is known to have lost its disk.
    pub(super) amnesic_since_boot_ms: Option<u64>,
}

impl Session {
    pub(super) fn is_heard(&self, now: Now, config: &Config) -> bool {
        self.addressed && now.boot_ms <= self.heard_boot_ms.saturating_add(config.silent_ms)
    }

    /// A new life of the partner: what it said before counts no more.
    pub(super) fn renew(&mut self, boot: u64) {
        *self = Session {
            boot,
            boot_before: self.boot,
            epoch_seen: self.epoch_seen,
            exchanged: self.exchanged,
            ..Session::default()
        };
    }
}
