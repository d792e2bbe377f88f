//! R12, time: rights are judged by the latest it can be, obligations by the earliest, and what crosses the wire is a
//! duration, padded.

use super::mutant::Rule;
use crate::time::Now;

/// How far a jump of the wall clock against the boot clock may go before it counts as a step, in milliseconds.
pub const STEP_MS: u64 = 1_000;

/// How often the latest known time is written down, in milliseconds.
pub const WRITTEN_MS: u64 = 10_000;

/// By how much a duration measured by one clock is lengthened for another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Padding {
    /// `clock_rate_error_max`: how far the rates of two clocks may differ, in parts per million.
    pub rate_error_ppm: u64,
}

/// What is added whatever the length: delays of delivery, rounding.
const PAD_MS: u64 = 1_000;

impl Padding {
    /// The duration on this clock that certainly covers `duration_ms` on another. What never ends stays so.
    pub fn pad(self, duration_ms: u64) -> u64 {
        if duration_ms == u64::MAX || !Rule::DurationsArePadded.holds() {
            return duration_ms;
        }
        let part = u128::from(duration_ms) * 3 * u128::from(self.rate_error_ppm) / 1_000_000;
        let part = u64::try_from(part).unwrap_or(u64::MAX);
        duration_ms.saturating_add(part).saturating_add(PAD_MS)
    }

    /// The longest duration that [`Padding::pad`] does not lengthen beyond `padded_ms`.
    pub fn unpad(self, padded_ms: u64) -> u64 {
        if padded_ms == u64::MAX || !Rule::DurationsArePadded.holds() {
            return padded_ms;
        }
        let whole = u128::from(padded_ms.saturating_sub(PAD_MS)) * 1_000_000;
        u64::try_from(whole / (1_000_000 + 3 * u128::from(self.rate_error_ppm))).unwrap_or(u64::MAX)
    }
}

/// The wall clock, watched by the boot clock beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Clock {
    begin: Now,
}

/// What time it is, as far as two clocks agree. Milliseconds since 1970 UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Moment {
    /// The earliest it can be: an obligation has passed only when this has passed it.
    pub early_wall_ms: u64,
    /// The latest it can be: a right ends when this reaches its end.
    pub late_wall_ms: u64,
    /// Wall clock and boot clock disagree: nothing is freed alone (R9) until they agree again. By both servers' word
    /// (R3) it is freed when their wall clocks agree.
    pub stepped: bool,
}

impl Clock {
    /// A clock that starts now; `known_wall_ms` is the latest an earlier life wrote down, every [`WRITTEN_MS`].
    pub fn new(now: Now, known_wall_ms: u64) -> Clock {
        let was_set_back = now.wall_ms < known_wall_ms;
        let wall_ms = if was_set_back { known_wall_ms + WRITTEN_MS } else { now.wall_ms };
        Clock { begin: Now { boot_ms: now.boot_ms, wall_ms } }
    }

    /// The moment at `now`.
    pub fn at(&self, now: Now) -> Moment {
        let steady = self.begin.wall_ms.saturating_add(now.boot_ms.saturating_sub(self.begin.boot_ms));
        Moment {
            early_wall_ms: steady.min(now.wall_ms),
            late_wall_ms: if Rule::RightsByTheLateClock.holds() {
                steady.max(now.wall_ms)
            } else {
                steady.min(now.wall_ms)
            },
            stepped: steady.abs_diff(now.wall_ms) > STEP_MS,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_step_in_either_direction_freezes_and_shortens_no_obligation() {
        let clock = Clock::new(Now { boot_ms: 5, wall_ms: 1_000_000 }, 0);
        let calm = clock.at(Now { boot_ms: 1_005, wall_ms: 1_001_000 });
        assert_eq!(calm, Moment { early_wall_ms: 1_001_000, late_wall_ms: 1_001_000, stepped: false });
        let forward = clock.at(Now { boot_ms: 1_005, wall_ms: 1_061_000 });
        assert_eq!(forward, Moment { early_wall_ms: 1_001_000, late_wall_ms: 1_061_000, stepped: true });
        let back = clock.at(Now { boot_ms: 1_005, wall_ms: 941_000 });
        assert_eq!(back, Moment { early_wall_ms: 941_000, late_wall_ms: 1_001_000, stepped: true });
    }

    #[test]
    fn a_clock_set_back_across_a_restart_is_seen() {
        let clock = Clock::new(Now { boot_ms: 5, wall_ms: 1_000_000 }, 1_060_000);
        let moment = clock.at(Now { boot_ms: 5, wall_ms: 1_000_000 });
        assert_eq!(moment.late_wall_ms, 1_070_000);
        assert!(moment.stepped);
    }

    proptest! {
        #[test]
        fn what_is_padded_and_unpadded_is_not_longer(duration in 0..1_u64 << 45, rate_error_ppm in 0..50_000_u64) {
            let padding = Padding { rate_error_ppm };
            prop_assert!(padding.pad(duration) >= duration);
            prop_assert!(padding.pad(padding.unpad(duration)) <= duration.max(1_000));
            prop_assert!(padding.unpad(padding.pad(duration)).abs_diff(duration) <= 1);
        }
    }
}
