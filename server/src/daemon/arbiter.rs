//! The arbiter's database as the core loop has it: questions go in, answers come out. A thread with a small runtime of
//! its own asks, one question at a time, and says in the log what keeps it from an answer.
//!
//! Invariant: the core never waits here, and no question is repeated once the core has asked another. What the database
//! does with a question that nobody waits for any more is the rules' business (`failover/arbiter.rs`).

mod mysql;
mod place;
mod postgres;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use leasehold_server::failover::arbiter::{Answer, Ask, Reply};
use nix::sys::eventfd::EventFd;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

use super::complaints::Complaints;
use super::log::{Level, Log};
pub use place::Place;

/// How long one question may take, connecting included: less than its answer is waited for.
const ASK_MAX: Duration = Duration::from_secs(3);

/// The core's end.
pub struct Arbiter {
    questions: UnboundedSender<Ask>,
    answers: Receiver<Answer>,
}

impl Arbiter {
    /// Begins to answer; it writes to `wake` whenever there is an answer.
    pub fn start(place: Place, wake: Arc<EventFd>, log: Log) -> Result<Arbiter, String> {
        let (questions, asked) = unbounded_channel();
        let (said, answers) = channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(2)
            .build()
            .map_err(|error| format!("cannot start the arbiter's thread: {error}"))?;
        let thread = thread::Builder::new().name("arbiter".to_owned()).spawn(move || {
            let clerk = Clerk {
                at: place.to_string(),
                database: place.open(),
                said,
                wake,
                log,
                complaints: Complaints::default(),
                reached: false,
            };
            runtime.block_on(clerk.serve(asked));
            // A look-up of a name may hang in the resolver: nobody waits for it.
            runtime.shutdown_background();
        });
        thread.map_err(|error| format!("cannot start the arbiter's thread: {error}"))?;
        Ok(Arbiter { questions, answers })
    }

    /// Asks.
    pub fn ask(&self, ask: Ask) {
        // A thread that panicked has said so itself; its silence is an arbiter's that is away.
        let _ = self.questions.send(ask);
    }

    /// What was answered.
    pub fn answers(&self) -> impl Iterator<Item = Answer> + '_ {
        self.answers.try_iter()
    }
}

/// A connection to a database that keeps the row; made when it is needed, and again after each failure.
enum Database {
    Postgres(Box<postgres::Postgres>),
    Mysql(Box<mysql::Mysql>),
}

impl Database {
    async fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        match self {
            Database::Postgres(database) => database.ask(ask).await,
            Database::Mysql(database) => database.ask(ask).await,
        }
    }
}

/// Who asks the database.
struct Clerk {
    at: String,
    database: Database,
    said: Sender<Answer>,
    wake: Arc<EventFd>,
    log: Log,
    complaints: Complaints,
    reached: bool,
}

impl Clerk {
    /// Until the core is gone.
    async fn serve(mut self, mut asked: UnboundedReceiver<Ask>) {
        let mut waiting = asked.recv().await;
        while let Some(ask) = waiting.take() {
            tokio::select! {
                reply = timeout(ASK_MAX, self.database.ask(&ask)) => {
                    let reply = reply.unwrap_or_else(|_| Err(format!("no answer within {} s", ASK_MAX.as_secs())));
                    self.answer(&ask, reply);
                    waiting = asked.recv().await;
                }
                // The core does not wait for the former any more, or is gone.
                next = asked.recv() => waiting = next,
            }
        }
    }

    fn answer(&mut self, ask: &Ask, reply: Result<Reply, String>) {
        let reply = match reply {
            Ok(reply) => {
                if !self.reached {
                    self.log.say(Level::Info, "arbiter-reached", format_args!("at={}", self.at));
                    self.complaints.forget("arbiter-unreachable");
                }
                self.reached = true;
                Some(reply)
            }
            Err(why) => {
                self.reached = false;
                let details = format_args!("at={}", self.at);
                self.complaints.say(&self.log, "arbiter-unreachable", &why.replace('"', "'"), details);
                None
            }
        };
        // If the core has stopped meanwhile, nobody waits.
        let _ = self.said.send(Answer { number: ask.number, reply });
        let _ = self.wake.write(1);
    }
}
