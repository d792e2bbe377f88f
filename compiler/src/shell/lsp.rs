//! `leasehold lsp`: the language server, on standard input and output.
//!
//! Invariant: one thread owns all state; another only reads messages. Answers come from the text as the editor shows it.
//! Findings follow typing after a short pause, in all files of the estate, and go when they are mended. What cannot be
//! understood is answered with an error, and nothing that is sent ends the program but `exit` and the end of input.

mod answers;
mod desk;
mod paths;
mod protocol;
mod wire;

use std::collections::VecDeque;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde_json::{Value as Json, json};

use super::arguments::Global;
use super::check::start_threads;
use super::{CLEAN, FINDINGS, Failure};
use desk::Desk;
use wire::{Incoming, Outgoing};

/// Silence after which what was typed is checked.
const PAUSE: Duration = Duration::from_millis(40);

/// Longest that findings lag behind somebody who does not pause.
const LAG_MAX: Duration = Duration::from_millis(400);

/// How far the conversation has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Before,
    Running,
    ShutDown,
}

struct Server<'g> {
    global: &'g Global,
    outgoing: Outgoing,
    desk: Desk,
    stage: Stage,
    /// Since when something has changed that was not checked.
    changed: Option<Instant>,
}

/// Serves one editor until it ends the conversation.
pub(super) fn lsp(global: &Global) -> Result<u8, Failure> {
    start_threads(global)?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || wire::read_all(&sender));
    let mut server =
        Server { global, outgoing: Outgoing, desk: Desk::default(), stage: Stage::Before, changed: None };
    server.serve(&receiver)
}

impl Server<'_> {
    fn serve(&mut self, receiver: &Receiver<Incoming>) -> Result<u8, Failure> {
        let mut waiting: VecDeque<Incoming> = VecDeque::new();
        loop {
            waiting.extend(receiver.try_iter());
            let next = match waiting.pop_front() {
                Some(next) => Some(next),
                None => self.wait(receiver),
            };
            let Some(next) = next else {
                self.check()?;
                continue;
            };
            match next {
                Incoming::Message(Message::Request(request)) => {
                    waiting.extend(receiver.try_iter());
                    self.request(request, &waiting)?;
                }
                Incoming::Message(Message::Notification(note)) if note.method == "exit" => {
                    return Ok(if self.stage == Stage::ShutDown { CLEAN } else { FINDINGS });
                }
                Incoming::Message(Message::Notification(note)) => self.notification(note)?,
                // Answers to what was asked of the editor change nothing.
                Incoming::Message(Message::Response(_)) => {}
                Incoming::Malformed(why) => self.outgoing.send_malformed(&why),
                Incoming::End => return Ok(if self.stage == Stage::ShutDown { CLEAN } else { FINDINGS }),
            }
            if self.changed.is_some_and(|since| since.elapsed() > LAG_MAX) {
                self.check()?;
            }
        }
    }

    /// The next message; `None` if it is time to check.
    fn wait(&self, receiver: &Receiver<Incoming>) -> Option<Incoming> {
        if self.changed.is_none() {
            return Some(receiver.recv().unwrap_or(Incoming::End));
        }
        match receiver.recv_timeout(PAUSE) {
            Ok(next) => Some(next),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => Some(Incoming::End),
        }
    }

    /// Checks what has changed, and tells the editor what is found and what is mended.
    fn check(&mut self) -> Result<(), Failure> {
        self.changed = None;
        let today = super::check::day(self.global)?;
        for (method, params) in self.desk.check(today) {
            self.outgoing.notify(method, params);
        }
        Ok(())
    }

    fn request(&mut self, request: Request, waiting: &VecDeque<Incoming>) -> Result<(), Failure> {
        let Request { id, method, params } = request;
        let answer = match (self.stage, method.as_str()) {
            _ if is_cancelled(&id, waiting) => Err((ErrorCode::RequestCanceled, "cancelled".to_owned())),
            (Stage::Before, "initialize") => {
                self.stage = Stage::Running;
                Ok(self.desk.initialize(&params))
            }
            (Stage::Before, _) => {
                Err((ErrorCode::ServerNotInitialized, "`initialize` comes first".to_owned()))
            }
            (Stage::ShutDown, _) => Err((ErrorCode::InvalidRequest, "the server was shut down".to_owned())),
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                Ok(Json::Null)
            }
            (Stage::Running, "initialize") => {
                Err((ErrorCode::InvalidRequest, "already initialized".to_owned()))
            }
            (Stage::Running, method) => {
                if self.changed.is_some() && answers::needs_findings(method) {
                    self.check()?;
                }
                let today = super::check::day(self.global)?;
                answers::answer(&mut self.desk, method, params, today)
            }
        };
        self.outgoing.send(match answer {
            Ok(result) => Response::new_ok(id, result),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        });
        Ok(())
    }

    fn notification(&mut self, note: Notification) -> Result<(), Failure> {
        if self.stage != Stage::Running {
            return Ok(());
        }
        if note.method == "initialized" {
            if self.desk.may_ask_for_changes() {
                let watchers = json!({ "watchers": [{ "globPattern": "**/*.yaml" }] });
                let registration = json!({
                    "id": "files",
                    "method": "workspace/didChangeWatchedFiles",
                    "registerOptions": watchers,
                });
                let params = json!({ "registrations": [registration] });
                self.outgoing.send(Request::new(
                    RequestId::from("watch".to_owned()),
                    "client/registerCapability".to_owned(),
                    params,
                ));
            }
            return self.check();
        }
        if self.desk.note(&note.method, note.params) {
            self.changed = self.changed.or_else(|| Some(Instant::now()));
        }
        Ok(())
    }
}

/// Whether the editor has taken the request back meanwhile.
fn is_cancelled(id: &RequestId, waiting: &VecDeque<Incoming>) -> bool {
    let id = serde_json::to_value(id).unwrap_or_default();
    waiting.iter().any(|incoming| match incoming {
        Incoming::Message(Message::Notification(note)) => {
            note.method == "$/cancelRequest" && note.params["id"] == id
        }
        Incoming::Message(Message::Request(_) | Message::Response(_))
        | Incoming::Malformed(_)
        | Incoming::End => false,
    })
}
