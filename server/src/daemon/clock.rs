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

/// `Sun, 22 Nov 2026 02:08:49 GMT`, as HTTP and Kea write it (RFC 9110 section 5.6.7).
pub fn rfc1123(wall_ms: u64) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let written = rfc3339(wall_ms);
    let weekday = DAYS[usize::try_from(wall_ms / 86_400_000 % 7).expect("less than seven")];
    let parts: Vec<&str> = written.split(['-', 'T', 'Z']).collect();
    match (parts.as_slice(), parts.get(1).and_then(|month| month.parse::<usize>().ok())) {
        ([year, _, day, time, ..], Some(month @ 1..=12)) => {
            format!("{weekday}, {day} {} {year} {time} GMT", MONTHS[month - 1])
        }
        _ => written,
    }
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
