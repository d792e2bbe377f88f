//! Time as the core sees it: given, never asked for.

/// The moment at which an event is handled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Milliseconds since this machine booted, suspended time included (CLOCK_BOOTTIME): never set back, so rights
    /// and timers use it.
    pub boot_ms: u64,
    /// Milliseconds since 1970 UTC: what the journal stores and people read.
    pub wall_ms: u64,
}

/// A moment on the boot clock, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Millis(pub u64);
