//! When a subnet's free addresses are used up, if they go on falling as they did in the last hour.
//!
//! A straight line through the first and the last of the samples: an operator wants to know hours from days, not
//! minutes. Without a fall, or before there is enough of it to see, there is no forecast.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use leasehold_schemas::vocab::Cidr;

use super::status::Usage;

/// How often a sample is taken.
pub const SAMPLE_EVERY: Duration = Duration::from_secs(60);
/// Samples kept: those of an hour.
const SAMPLES: usize = 60;
/// How far the samples reach at least, in milliseconds, before they are a fall.
const REACH_MIN_MS: u64 = 300_000;

/// What was free of each subnet, and when, on the boot clock.
#[derive(Debug, Default)]
pub struct Forecast {
    taken: BTreeMap<Cidr, VecDeque<(u64, u64)>>,
}

impl Forecast {
    /// Takes a sample. Subnets that are in no estate any more are forgotten.
    pub fn sample(&mut self, boot_ms: u64, usage: &[Usage]) {
        let mut before = std::mem::take(&mut self.taken);
        for Usage { prefix, free, .. } in usage {
            let mut samples = before.remove(prefix).unwrap_or_default();
            if samples.len() == SAMPLES {
                samples.pop_front();
            }
            samples.push_back((boot_ms, *free));
            self.taken.insert(*prefix, samples);
        }
    }

    /// In how many seconds nothing of a subnet is free any more; absent: nothing says that it will be so.
    #[expect(
        clippy::cast_precision_loss,
        reason = "counts of addresses and milliseconds have fewer than 53 bits"
    )]
    pub fn exhausted_in_secs(&self, prefix: Cidr, boot_ms: u64, free: u64) -> Option<f64> {
        let (since, had) = *self.taken.get(&prefix)?.front()?;
        let (reach, fall) = (boot_ms.checked_sub(since)?, had.checked_sub(free)?);
        (reach >= REACH_MIN_MS && fall > 0).then(|| free as f64 * reach as f64 / fall as f64 / 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usage(free: u64) -> Usage {
        Usage { site: "HERE".into(), prefix: prefix(), size: 200, free }
    }

    fn prefix() -> Cidr {
        "10.1.1.0/24".parse().expect("a prefix")
    }

    #[test]
    fn a_steady_fall_is_drawn_on() {
        let mut forecast = Forecast::default();
        forecast.sample(0, &[usage(200)]);
        assert_eq!(forecast.exhausted_in_secs(prefix(), 60_000, 190), None, "too early");
        let in_secs = forecast.exhausted_in_secs(prefix(), 600_000, 100).expect("a forecast");
        assert!((in_secs - 600.0).abs() < 1e-9, "{in_secs}");
        assert_eq!(forecast.exhausted_in_secs(prefix(), 600_000, 0), Some(0.0));
        assert_eq!(forecast.exhausted_in_secs(prefix(), 600_000, 200), None, "nothing falls");
        assert_eq!(forecast.exhausted_in_secs(prefix(), 600_000, 201), None, "it grows");
    }

    #[test]
    fn an_hour_is_remembered_and_no_former_subnet() {
        let mut forecast = Forecast::default();
        (0..200).for_each(|minute| forecast.sample(minute * 60_000, &[usage(1_000 - minute)]));
        assert_eq!(forecast.taken[&prefix()].len(), SAMPLES);
        let in_secs = forecast.exhausted_in_secs(prefix(), 200 * 60_000, 800).expect("a forecast");
        assert!((in_secs - 800.0 * 60.0).abs() < 1.0, "{in_secs}");
        forecast.sample(0, &[]);
        assert!(forecast.taken.is_empty());
    }
}
