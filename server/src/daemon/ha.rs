//! `leasehold-server ha`: what an operator asks a server of a pair, and tells it, through its control API.
//!
//! Invariant: exit status 0 the server did or answered it, 1 it refused and said why, 2 it could not be asked.

mod socket;
mod table;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use serde::Deserialize;
use ureq::http::StatusCode;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::{Agent, Error};

use super::Stop;
use super::control::status::Status;
use socket::SocketConnector;

/// How long an answer may take: the server itself gives up after less.
const PATIENCE: Duration = Duration::from_secs(20);
/// Octets of an answer.
const ANSWER_MAX: u64 = 1 << 20;

/// Where a control API is, and what it takes to be let in.
#[derive(Args, Debug)]
pub struct ControlAccess {
    /// The server's control API.
    #[arg(
        long,
        global = true,
        env = "LEASEHOLD_CONTROL",
        value_name = "URL|ADDR:PORT|unix:PATH",
        default_value = "http://127.0.0.1:8648"
    )]
    control: String,
    /// The file with the control API's token.
    #[arg(long, global = true, env = "LEASEHOLD_CONTROL_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// The CA of the control API's certificate, as PEM; without: those that browsers trust.
    #[arg(long, global = true, env = "LEASEHOLD_CONTROL_CA", value_name = "FILE")]
    ca: Option<PathBuf>,
}

/// Ask a server of a pair, or tell it what to do.
#[derive(Args, Debug)]
pub struct HaArguments {
    /// Which server.
    #[command(flatten)]
    access: ControlAccess,
    /// What to ask or tell.
    #[command(subcommand)]
    command: HaCommand,
}

/// What to ask or tell.
#[derive(Subcommand, Debug)]
enum HaCommand {
    /// Show the server's state, and what it knows of its partner.
    Status {
        /// Print the document of the control API.
        #[arg(long)]
        json: bool,
    },
    /// Give up this server's rights until `resume`; the partner goes on alone at once.
    Pause,
    /// Before this server is stopped: give up its rights; the partner goes on alone at once.
    Handover,
    /// Say that the partner is off: this server goes on alone, and after the lead time uses the partner's addresses too.
    ///
    /// Whoever says it while the partner still serves clients makes duplicate addresses possible: switch it off first.
    PartnerDown {
        /// You have made sure that the partner is switched off, and it will not come up meanwhile.
        #[arg(long)]
        yes_the_partner_is_off: bool,
    },
    /// Take the rights up again after `pause` or `handover`.
    Resume,
    /// Before the partner is stopped: ask it to hand over to this server, which goes on alone at once.
    TakeOver,
    /// Ask the partner to take its rights up again after it has handed over.
    GiveBack,
    /// Exchange all records with the partner once more.
    Sync,
    /// Say that this server's disk is not to be trusted: it learns everything anew from its partner.
    ForgetDisk {
        /// You want this server to stop granting anything until its partner has told it everything.
        #[arg(long)]
        yes_learn_everything_anew: bool,
    },
}

/// Asks, tells, and prints what came of it.
pub fn run(arguments: &HaArguments) -> Result<(), Stop> {
    let name = match arguments.command {
        HaCommand::Status { .. } => None,
        HaCommand::Pause => Some("pause"),
        HaCommand::Handover => Some("handover"),
        HaCommand::PartnerDown { yes_the_partner_is_off } => {
            if !yes_the_partner_is_off {
                return Err(Stop::Failed(
                    "`partner-down` while the partner still serves clients makes duplicate addresses possible; make \
                     sure that it is off, then say so with --yes-the-partner-is-off"
                        .to_owned(),
                ));
            }
            Some("partner-down")
        }
        HaCommand::Resume => Some("resume"),
        HaCommand::TakeOver => Some("take-over"),
        HaCommand::GiveBack => Some("give-back"),
        HaCommand::Sync => Some("sync"),
        HaCommand::ForgetDisk { yes_learn_everything_anew } => {
            if !yes_learn_everything_anew {
                return Err(Stop::Failed(
                    "after `forget-disk` this server grants nothing until its partner has told it everything; if you \
                     want that, say so with --yes-learn-everything-anew"
                        .to_owned(),
                ));
            }
            Some("forget-disk")
        }
    };
    let client = Client::new(&arguments.access).map_err(Stop::Refused)?;
    let json = matches!(arguments.command, HaCommand::Status { json: true });
    let status = match name {
        None => client.status()?,
        Some(name) => client.read(&client.send("POST", &format!("/v1/ha/{name}"), &[])?)?,
    };
    let text = if json {
        let mut text = serde_json::to_string_pretty(&status).expect("a status has only string keys");
        text.push('\n');
        text
    } else {
        table::of(&status)
    };
    // A reader that has seen enough is no failure.
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
    Ok(())
}

/// A control API, and what it takes to be let in.
pub struct Client {
    agent: Agent,
    url: String,
    /// As it was given.
    shown: String,
    authorization: Option<String>,
}

/// What a refusal looks like.
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

impl Client {
    /// Reads what it takes; asks nothing yet.
    pub fn new(access: &ControlAccess) -> Result<Client, String> {
        let ControlAccess { control, token_file, ca } = access;
        let socket = control.strip_prefix("unix:");
        let mut url = socket.map_or(control.trim_end_matches('/'), |_| "http://localhost").to_owned();
        if !url.contains("://") {
            url.insert_str(0, "http://");
        }
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(format!(
                "--control {control} is neither http://ADDR:PORT, https://NAME:PORT nor unix:PATH; give one of them"
            ));
        }
        let authorization = token_file.as_deref().map(token).transpose()?;
        let roots = ca.as_deref().map(roots).transpose()?.unwrap_or(RootCerts::WebPki);
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .build();
        let agent = match socket {
            Some(path) => Agent::with_parts(config, SocketConnector(path.into()), DefaultResolver::default()),
            None => config.new_agent(),
        };
        Ok(Client { agent, url, shown: control.clone(), authorization })
    }

    /// What the server says of itself.
    pub fn status(&self) -> Result<Status, Stop> {
        self.read(&self.send("GET", "/v1/status", &[])?)
    }

    fn read(&self, answer: &str) -> Result<Status, Stop> {
        let wrong = |error| self.not_ours(&format!("its answer is no status: {error}"));
        serde_json::from_str(answer).map_err(wrong)
    }

    /// Asks or tells something; gives the answer's text.
    pub fn send(&self, method: &str, path: &str, body: &[u8]) -> Result<String, Stop> {
        let mut request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.url));
        if let Some(authorization) = &self.authorization {
            request = request.header("Authorization", authorization);
        }
        let request = request.body(body).map_err(|error| {
            Stop::Refused(format!("--control {} cannot be asked: {error}; give http://ADDR:PORT", self.shown))
        })?;
        let mut answer = self.agent.run(request).map_err(|error| self.unreachable(&error))?;
        let code = answer.status();
        let body = answer.body_mut().with_config().limit(ANSWER_MAX).read_to_string();
        let body = body.map_err(|error| self.unreachable(&error))?;
        if code == StatusCode::OK {
            return Ok(body);
        }
        let said = serde_json::from_str::<Refusal>(&body).map(|refusal| refusal.error);
        Err(match (code, said) {
            (StatusCode::CONFLICT, Ok(why)) => Stop::Failed(format!("the server refuses: {why}")),
            (_, Ok(why)) => {
                Stop::Refused(format!("the server at {} answered {}: {why}", self.shown, code.as_u16()))
            }
            (_, Err(_)) => self.not_ours(&format!("it answered {}", code.as_u16())),
        })
    }

    fn unreachable(&self, error: &Error) -> Stop {
        let why = match error {
            Error::Io(error) => error.to_string(),
            Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
            other => other.to_string(),
        };
        Stop::Refused(format!(
            "cannot ask the server at {}: {why}; check that it runs with --control, and give its address with --control",
            self.shown
        ))
    }

    fn not_ours(&self, why: &str) -> Stop {
        Stop::Refused(format!(
            "what answers at {} is no control API of leasehold-server: {why}; give the right address with --control",
            self.shown
        ))
    }
}

fn token(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        format!("cannot read the token in {}: {error}; check --token-file", path.display())
    })?;
    let token = text.trim();
    let word = !token.is_empty() && token.bytes().all(|octet| octet.is_ascii_graphic());
    word.then(|| format!("Bearer {token}"))
        .ok_or_else(|| format!("{} holds no token: one word in one line; check --token-file", path.display()))
}

fn roots(path: &Path) -> Result<RootCerts, String> {
    let shown = path.display();
    let pem =
        std::fs::read(path).map_err(|error| format!("cannot read the CA in {shown}: {error}; check --ca"))?;
    let mut certificates = Vec::new();
    for item in parse_pem(&pem) {
        let item = item.map_err(|error| format!("cannot read the CA in {shown}: {error}; check --ca"))?;
        if let PemItem::Certificate(certificate) = item {
            certificates.push(certificate);
        }
    }
    if certificates.is_empty() {
        return Err(format!("there is no certificate in {shown}; give --ca a PEM file that has one"));
    }
    Ok(RootCerts::Specific(certificates.into()))
}
