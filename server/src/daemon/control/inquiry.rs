//! Questions to the core thread that are no packets, and how they reach it.
//!
//! The queue is bounded. Invariant: a question is answered once or not at all; whoever asks waits a bounded time, and
//! of a command whose asker has given up nothing is done.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use leasehold_schemas::artefact::Digest;
use leasehold_server::failover::pair::Command;
use leasehold_server::leases::Binding;
use nix::sys::eventfd::EventFd;
use tokio::sync::oneshot;

use super::status::{Census, Snapshot, Status, Usage};

/// Questions that may wait.
const WAITING_MAX: usize = 256;
/// How long the core is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where an answer goes.
pub type Reply<T> = oneshot::Sender<T>;

/// What became of a command: the state it led to, or why it was refused.
pub type Heeded = Result<Box<Status>, String>;

/// A part of something long, and where the next begins; absent: this was the last.
#[derive(Debug)]
pub struct Part<T> {
    /// The part.
    pub part: T,
    /// From where to ask on.
    pub next: Option<usize>,
}

/// A question to the core.
#[derive(Debug)]
pub enum Question {
    /// Whether it turns.
    Pulse(Reply<()>),
    /// What it is.
    Status(Reply<Box<Status>>),
    /// What it is and has counted.
    Snapshot(Reply<Box<Snapshot>>),
    /// Counts records, from one on.
    Census(usize, Reply<Part<Census>>),
    /// How full subnets are, from one on.
    Usage(usize, Reply<Part<Vec<Usage>>>),
    /// Addresses that have a record, from one on.
    Addresses(usize, Reply<Part<Vec<Ipv4Addr>>>),
    /// The records of these.
    Records(Vec<Ipv4Addr>, Reply<Vec<Binding>>),
    /// What an operator says; answered when it is on disk.
    Command(Command, Reply<Heeded>),
    /// An artefact to have at hand; what comes of it is in the status.
    Stage(Vec<u8>, Reply<Heeded>),
    /// What is at hand is not to be served.
    Discard(Reply<Heeded>),
    /// An artefact is to be served, by the partner or by this server.
    Serve { artefact: Digest, partner: bool, reply: Reply<Heeded> },
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NoAnswer {
    /// Too many questions wait already.
    Busy,
    /// The core did not answer in time.
    Hung,
    /// The server is ending.
    Ending,
}

impl NoAnswer {
    /// A sentence for who asked.
    pub fn sentence(self) -> &'static str {
        match self {
            NoAnswer::Busy => "too many requests wait already; ask again",
            NoAnswer::Hung => "the server's core did not answer within 2 s; it hangs or is overloaded",
            NoAnswer::Ending => "the server is ending",
        }
    }
}

/// Where is asked.
#[derive(Clone)]
pub struct Desk {
    questions: SyncSender<Question>,
    wake: Arc<EventFd>,
}

/// A way to ask the core, which `wake` wakes, and the core's end of it.
pub fn desk(wake: Arc<EventFd>) -> (Desk, Receiver<Question>) {
    let (questions, asked) = sync_channel(WAITING_MAX);
    (Desk { questions, wake }, asked)
}

impl Desk {
    /// Asks, and waits for the answer as long as [`PATIENCE`].
    pub async fn ask<T>(&self, question: impl FnOnce(Reply<T>) -> Question) -> Result<T, NoAnswer> {
        let (reply, answer) = oneshot::channel();
        self.questions.try_send(question(reply)).map_err(|refused| match refused {
            TrySendError::Full(_) => NoAnswer::Busy,
            TrySendError::Disconnected(_) => NoAnswer::Ending,
        })?;
        // It fails only where the core has been woken 2^64 times and has not looked.
        let _ = self.wake.write(1);
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(NoAnswer::Ending),
            Err(_) => Err(NoAnswer::Hung),
        }
    }
}
