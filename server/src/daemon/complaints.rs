//! The same complaint is not logged again and again.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::daemon::log::{Level, Log};

/// How long a complaint is not repeated.
const AGAIN: Duration = Duration::from_secs(60);
/// Different complaints within that time, at most: strangers who knock must not fill a log.
const DIFFERENT_MAX: usize = 32;

/// When each complaint was logged, and how often it came since.
#[derive(Default)]
pub struct Complaints {
    said: Mutex<BTreeMap<String, (Instant, u64)>>,
}

impl Complaints {
    /// Logs it, unless it was logged within a minute; then it is counted.
    pub fn say(&self, log: &Log, event: &str, why: &str, details: impl Display) {
        let mut said = self.said.lock().expect("nobody panics while holding this");
        let now = Instant::now();
        let key = format!("{event} {why}");
        let times = match said.get_mut(&key) {
            Some((at, times)) if now.duration_since(*at) < AGAIN => {
                *times += 1;
                return;
            }
            Some((_, times)) => *times,
            None => 0,
        };
        if times == 0 && said.len() >= DIFFERENT_MAX {
            said.retain(|_, (at, _)| now.duration_since(*at) < AGAIN);
            if said.len() >= DIFFERENT_MAX {
                return;
            }
        }
        said.insert(key, (now, 0));
        let again = if times > 0 { format!(" times-since={times}") } else { String::new() };
        log.say(Level::Warning, event, format_args!("because=\"{why}\" {details}{again}"));
    }

    /// What was complained of is over: the next time it is news again.
    pub fn forget(&self, event: &str) {
        let mut said = self.said.lock().expect("nobody panics while holding this");
        said.retain(|key, _| key.split(' ').next() != Some(event));
    }
}
