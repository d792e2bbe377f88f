//! The two clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use leasehold_server::time::Now;
use nix::time::{ClockId, clock_gettime};

/// This moment.
pub fn now() -> Now {
    let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("Linux has CLOCK_BOOTTIME since 2.6.39");
    let seconds = u64::try_from(boot.tv_sec()).expect("no machine has booted before it booted");
    let boot_ms = seconds * 1000 + u64::try_from(boot.tv_nsec()).unwrap_or(0) / 1_000_000;
    Now { boot_ms, wall_ms: wall_ms() }
}

/// Milliseconds since 1970 UTC; a clock set before that counts as 1970.
pub fn wall_ms() -> u64 {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(wall.as_millis()).unwrap_or(u64::MAX)
}

/// `2026-11-22T02:08:49Z`.
pub fn rfc3339(wall_ms: u64) -> String {
    let seconds = wall_ms / 1000;
    let days = i64::try_from(seconds / 86_400).expect("milliseconds in 64 bits are fewer days");
    let of_day = seconds % 86_400;
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    match leasehold_schemas::vocab::Date::from_unix_days(days) {
        Some(date) => format!("{date}T{hour:02}:{minute:02}:{second:02}Z"),
        None => format!("@{seconds}"),
    }
}
