//! What is asked over HTTP: state, metrics, leases, and what an operator tells a server of a pair.
//!
//! One thread with a runtime of its own. It owns nothing that serves: every request is a question to the core thread
//! ([`inquiry`]), which answers from values between two packets and never waits. Invariant: what the core does for one
//! question takes less than a millisecond; what is longer is asked in parts. Connections, bodies and times are
//! bounded; whoever may not ask is refused before the core hears of it.

pub mod arguments;

mod access;
mod answers;
mod connections;
mod forecast;
mod inquiry;
mod kea;
mod leases;
mod metrics;
mod place;
mod routes;
pub mod status;
mod tls;

use std::sync::Arc;
use std::thread;

use nix::sys::eventfd::EventFd;
use tokio::sync::oneshot;

use super::log::{Level, Log};
use arguments::ControlArguments;
use connections::Door;
use place::Opened;

pub use answers::{Answers, Ground, Server};

/// Where is listened, before anybody is let in.
pub struct Control {
    control: Option<(Opened, Door)>,
    health: Option<Opened>,
}

/// Opens the sockets and reads what access needs, or says why not.
///
/// # Errors
/// One line that says what to do.
pub fn open(arguments: &ControlArguments) -> Result<Control, String> {
    let control = match &arguments.control {
        Some(place) => {
            let door = Door::of(arguments, place)?;
            Some((Opened::open(place, "--control")?, door))
        }
        None if arguments.names_access() => {
            return Err("--control-token-file, --control-cert and --control-key protect --control; \
                 give --control ADDR:PORT too, or leave them out"
                .to_owned());
        }
        None => None,
    };
    let health = arguments.health.map(|address| Opened::open(&address.into(), "--health")).transpose()?;
    Ok(Control { control, health })
}

impl Control {
    /// Starts to answer, beside the core; gives the core's end. The thread ends when that is dropped.
    ///
    /// # Errors
    /// One line: the operating system refused.
    pub fn start(self, server: Server, wake: &Arc<EventFd>, log: &Log) -> Result<Answers, String> {
        let (desk, answers) = inquiry::desk(Arc::clone(wake));
        let (lasts, ended) = oneshot::channel();
        let answers = Answers::new(answers, Arc::clone(wake), server, lasts);
        if self.control.is_none() && self.health.is_none() {
            return Ok(answers);
        }
        if let Some((opened, door)) = &self.control {
            log.say(
                Level::Info,
                "control-listening",
                format_args!("on={} access={}", opened.name, door.access.name()),
            );
        }
        if let Some(opened) = &self.health {
            log.say(Level::Info, "health-listening", format_args!("on={}", opened.name));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build()
            .map_err(|error| format!("cannot start the control API: {error}"))?;
        let log = log.clone();
        let serving =
            move || runtime.block_on(connections::serve(self.control, self.health, desk, log, ended));
        thread::Builder::new()
            .name("control".to_owned())
            .spawn(serving)
            .map_err(|error| format!("cannot start a thread for the control API: {error}"))?;
        Ok(answers)
    }
}
