//! One line an event, to standard error, by a thread of its own.
//!
//! Bounded and lossy: when the reader of the log is slow, lines are dropped and counted, and no answer waits.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};

use super::clock;

/// Lines that may wait to be written.
const WAITING_MAX: usize = 1024;

/// Where the program says what happened.
#[derive(Clone)]
pub struct Log {
    lines: SyncSender<String>,
    dropped: Arc<AtomicU64>,
}

/// How much a line matters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// What changed.
    Info,
    /// Something that wants to be looked at.
    Warning,
    /// Something that ends service.
    Error,
}

impl Log {
    /// Starts the thread that writes; it ends when every copy of the log is gone.
    pub fn start() -> (Log, JoinHandle<()>) {
        let (lines, waiting) = sync_channel::<String>(WAITING_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&dropped);
        let writer = thread::spawn(move || {
            for line in waiting {
                let mut stderr = std::io::stderr().lock();
                let lost = counter.swap(0, Ordering::Relaxed);
                // Nobody is left to hear of a log that cannot be written.
                let _ = stderr.write_all(line.as_bytes());
                if lost > 0 {
                    let _ = writeln!(stderr, "{} warning log-lines-dropped count={lost}", now());
                }
            }
        });
        (Log { lines, dropped }, writer)
    }

    /// Says `event`, with what belongs to it as `name=value`.
    pub fn say(&self, level: Level, event: &str, details: impl Display) {
        let level = match level {
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        if self.lines.try_send(format!("{} {level} {event} {details}\n", now())).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn now() -> String {
    clock::rfc3339(clock::wall_ms())
}
