//! `check --watch`: check again whenever a file changes.
//!
//! Files are looked at, not listened for: that sees renamed, new and deleted files alike, on any file system, and
//! costs a few milliseconds a second. What has not changed is neither read nor parsed again.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use leasehold_compiler::Cache;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::arguments::{CheckOptions, Format, Global};
use super::check::look;
use super::folder::Watched;
use super::output::{print, say};
use super::{CLEAN, Failure};

/// Shortest time between two looks at the files.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// A look may take this part of the time at most: large estates are looked at less often.
const LOOK_SHARE: u32 = 20;

/// How long an editor or a checkout may go on writing before what is there is checked nevertheless.
const SETTLE_MAX: Duration = Duration::from_secs(2);

/// Checks, and checks again, until somebody interrupts it.
pub(super) fn watch(global: &Global, options: &CheckOptions, folder: &Path) -> Result<u8, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&stop)).map_err(Failure::Signals)?;
    }
    let mut estate = Watched::new(folder);
    let mut cache = Cache::default();
    let mut first = true;
    loop {
        let begun = Instant::now();
        clear(global)?;
        let looked = estate.read().map_err(Failure::from);
        let looked = looked.and_then(|sources| look(global, options, folder, sources, &mut cache, begun));
        match looked {
            Ok(_) => {}
            // What was wrong from the start is no passing fault.
            Err(failure) if first => return Err(failure),
            Err(failure) => say(&format!("leasehold: {failure}")),
        }
        first = false;
        if !wait(&mut estate, &stop) {
            return Ok(CLEAN);
        }
    }
}

/// On a terminal the newest findings stand alone.
fn clear(global: &Global) -> Result<(), Failure> {
    if global.format == Format::Human && io::stdout().is_terminal() {
        print(b"\x1b[2J\x1b[3J\x1b[H")?;
    }
    Ok(())
}

/// Waits until files have changed and go on being what they are; `false` if it was asked to stop.
fn wait(estate: &mut Watched, stop: &AtomicBool) -> bool {
    let mut changed_at: Option<Instant> = None;
    let mut pause = LOOK_EVERY;
    loop {
        thread::sleep(pause);
        if stop.load(Ordering::SeqCst) {
            return false;
        }
        let begun = Instant::now();
        let changed = estate.look();
        pause = LOOK_EVERY.max(begun.elapsed() * LOOK_SHARE);
        match (changed, changed_at) {
            (true, None) => changed_at = Some(begun),
            (true, Some(since)) if since.elapsed() < SETTLE_MAX => {}
            (true, Some(_)) | (false, Some(_)) => return true,
            (false, None) => {}
        }
    }
}
