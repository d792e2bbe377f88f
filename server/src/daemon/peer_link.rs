//! The connections between the two servers of a pair: one thread with a small runtime of its own. The core hands it
//! messages to say and takes from it what was heard.
//!
//! *Each server dials for what it says.* A server keeps two connections to its partner, one for what is urgent and one
//! for records, and only speaks on them; it only listens on the two that its partner made. So nobody has to decide
//! whose connection counts when both dial at once; each direction goes through the load balancer, the name and the
//! firewall rule of the server it leads to, and may change without the other; and a network that passes only one
//! direction is seen as what it is: one server hears and the other does not, which the pair's rules know about. What it
//! costs is that both servers must be able to reach each other.
//!
//! Nothing is kept for a partner that is not connected, and a queue that is full loses what comes next: the pair's
//! messages need no reliability, it says everything again until it is answered. Invariant: the core never waits for
//! anything here, and what waits on either side is bounded.

mod credentials;
mod dial;
mod listen;
mod name;
mod security;

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use leasehold_server::failover::preface::Lane;
use nix::sys::eventfd::EventFd;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::sync::{Notify, watch};

use super::complaints::Complaints;
use super::log::Log;
pub use credentials::name as name_in_certificate;
pub use credentials::{Credentials, Files};
pub use name::HostPort;
pub use security::Security;

/// Octets that may wait to be said, by lane. Of records no more than a few windows are said before the partner asks for
/// more or acknowledges some.
const WAITING_MAX: [usize; 2] = [1 << 20, 16 << 20];
/// Octets of records that may wait for the core; beyond it nothing more is read.
const UNHEARD_MAX: usize = 16 << 20;
/// How long the thread may take to say its last words.
const FAREWELL: Duration = Duration::from_millis(300);

/// Who is linked to whom, and how.
pub struct Settings {
    /// This server's name.
    pub me: String,
    /// The partner's name.
    pub partner: String,
    /// What names the pair.
    pub pair: u64,
    /// Where the partner's connections are taken.
    pub listen: SocketAddr,
    /// Where the partner takes this server's.
    pub partner_at: HostPort,
    /// Who may be at the other end.
    pub security: Security,
    /// How soon a dead connection is to be noticed.
    pub response: Duration,
}

/// Which way a connection leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// To the partner: this server speaks on it.
    To,
    /// From the partner: this server hears on it.
    From,
}

/// What the link tells the core.
#[derive(Debug)]
pub enum News {
    /// The partner said something urgent.
    Heard(Vec<u8>),
    /// A connection stands.
    Connected {
        /// What it is for.
        lane: Lane,
        /// Which way it leads.
        direction: Direction,
    },
    /// It stands no more, and no newer one has taken its place.
    Lost {
        /// What it was for.
        lane: Lane,
        /// Which way it led.
        direction: Direction,
    },
}

/// What the core tells the link's tasks.
#[derive(Clone)]
struct Orders {
    stop: bool,
    /// Goes up when connections are to be made anew.
    renewals: u64,
    partner_at: HostPort,
}

/// The state of a queue, shared by both of its ends.
#[derive(Default)]
struct Line {
    connected: AtomicBool,
    /// Octets that wait to be said.
    waiting: AtomicUsize,
}

/// What all tasks of the link know.
struct Shared {
    me: String,
    partner: String,
    pair: u64,
    security: Security,
    response: Duration,
    log: Log,
    complaints: Complaints,
    urgent: Sender<News>,
    records: Sender<Vec<u8>>,
    unheard: AtomicUsize,
    wake: Arc<EventFd>,
    /// The partner is there: it has just dialled.
    came: [Notify; 2],
    lines: [Line; 2],
}

impl Shared {
    fn tell(&self, news: News) {
        // If the core has stopped meanwhile, nobody waits.
        let _ = self.urgent.send(news);
        let _ = self.wake.write(1);
    }
}

/// The core's end.
pub struct PeerLink {
    shared: Arc<Shared>,
    words: [UnboundedSender<Vec<u8>>; 2],
    urgent: Receiver<News>,
    records: Receiver<Vec<u8>>,
    orders: watch::Sender<Orders>,
    thread: Option<JoinHandle<()>>,
    /// Where the partner's connections are taken.
    pub address: SocketAddr,
}

impl PeerLink {
    /// Takes the partner's connections from now on, and makes its own; it writes to `wake` whenever there is news.
    pub fn start(settings: Settings, wake: Arc<EventFd>, log: Log) -> Result<PeerLink, String> {
        let Settings { me, partner, pair, listen, partner_at, security, response } = settings;
        let listener = listen::bind(listen)?;
        let address = listener.local_addr().map_err(|error| format!("cannot listen at {listen}: {error}"))?;
        let (urgent_sender, urgent) = channel();
        let (records_sender, records) = channel();
        let shared = Arc::new(Shared {
            me,
            partner,
            pair,
            security,
            response,
            log,
            complaints: Complaints::default(),
            urgent: urgent_sender,
            records: records_sender,
            unheard: AtomicUsize::new(0),
            wake,
            came: [Notify::new(), Notify::new()],
            lines: [Line::default(), Line::default()],
        });
        let (control, control_words) = unbounded_channel();
        let (data, data_words) = unbounded_channel();
        let (orders, heeded) = watch::channel(Orders { stop: false, renewals: 0, partner_at });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(4)
            .build()
            .map_err(|error| format!("cannot start the peer link: {error}"))?;
        let tasks = Arc::clone(&shared);
        let thread = thread::Builder::new().name("peer-link".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::spawn(listen::listen(listener, Arc::clone(&tasks), heeded.clone()));
                let control = dial::speak(Lane::Control, Arc::clone(&tasks), control_words, heeded.clone());
                let data = dial::speak(Lane::Data, tasks, data_words, heeded);
                tokio::join!(control, data);
            });
            // A look-up of a name may hang in the resolver: nobody waits for it.
            runtime.shutdown_background();
        });
        let thread = thread.map_err(|error| format!("cannot start the peer link: {error}"))?;
        let words = [control, data];
        Ok(PeerLink { shared, words, urgent, records, orders, thread: Some(thread), address })
    }

    /// The partner's name.
    pub fn partner(&self) -> &str {
        &self.shared.partner
    }

    /// Says a message, if the partner is connected and there is room.
    pub fn say(&self, lane: Lane, message: Vec<u8>) {
        let line = &self.shared.lines[lane as usize];
        if !line.connected.load(Ordering::Acquire) {
            return;
        }
        if line.waiting.load(Ordering::Relaxed) + message.len() > WAITING_MAX[lane as usize] {
            let why = "the partner takes what is said more slowly than it is said";
            return self.shared.complaints.say(&self.shared.log, "peer-queue-full", why, lane.name());
        }
        line.waiting.fetch_add(message.len(), Ordering::Relaxed);
        // The thread ends only when it is told to; what is said after that is lost.
        let _ = self.words[lane as usize].send(message);
    }

    /// Urgent news, all of it.
    pub fn news(&self) -> impl Iterator<Item = News> + '_ {
        self.urgent.try_iter()
    }

    /// The next message with records.
    pub fn record(&self) -> Option<Vec<u8>> {
        let message = self.records.try_recv().ok()?;
        self.shared.unheard.fetch_sub(message.len(), Ordering::Relaxed);
        Some(message)
    }

    /// Reads the certificates again, and makes every connection anew, each before the one it replaces is closed.
    pub fn renew(&self, partner_at: Option<HostPort>) {
        self.orders.send_modify(|orders| {
            orders.renewals += 1;
            if let Some(partner_at) = partner_at {
                orders.partner_at = partner_at;
            }
        });
    }
}

impl Drop for PeerLink {
    /// Says what is still to be said, and closes the connections.
    fn drop(&mut self) {
        self.orders.send_modify(|orders| orders.stop = true);
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has said so itself.
            let _ = thread.join();
        }
    }
}
