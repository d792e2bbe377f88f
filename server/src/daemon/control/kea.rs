//! Kea's commands, as far as scripts and monitoring of a pair use them: `POST /` with `{"command": …}`.
//!
//! Shapes are Kea's (its API reference, `status-get` and the `ha-` commands): a list of one answer, `result` 0 done, 1
//! refused, 2 no such command. States are called by the nearest name Kea has; what may be done in them is Leasehold's.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use leasehold_server::failover::pair::{Command, State as PairState};
use serde::Deserialize;
use serde_json::{Value, json};

use super::inquiry::{Desk, NoAnswer, Question};
use super::routes::House;
use super::status::{PairStatus, PartnerStatus, Status};
use crate::daemon::clock;

/// What Kea's tools send.
#[derive(Deserialize)]
struct Asked {
    command: String,
    #[serde(default)]
    arguments: Value,
}

const COMMANDS: [&str; 10] = [
    "config-hash-get",
    "ha-continue",
    "ha-heartbeat",
    "ha-maintenance-cancel",
    "ha-maintenance-notify",
    "ha-maintenance-start",
    "ha-sync",
    "list-commands",
    "status-get",
    "version-get",
];

/// Answers a command.
pub async fn answer(State(house): State<House>, body: Bytes) -> Result<Response, Response> {
    let answer = match serde_json::from_slice::<Asked>(&body) {
        Ok(asked) => match asked.command.as_str() {
            "list-commands" => done("", &json!(COMMANDS)),
            "version-get" => version(),
            "config-hash-get" => hash(&*status(&house.desk).await?),
            "status-get" => done("", &status_get(&*status(&house.desk).await?)),
            "ha-heartbeat" => heartbeat(&*status(&house.desk).await?),
            "ha-continue" => {
                with_pair(&*status(&house.desk).await?, |_| said(0, "HA state machine is not paused."))
            }
            "ha-maintenance-start" => maintenance_start(&house.desk).await?,
            "ha-maintenance-cancel" => maintenance_cancel(&house.desk).await?,
            "ha-maintenance-notify" => maintenance_notify(&house.desk, &asked.arguments).await?,
            "ha-sync" => sync(&house.desk).await?,
            other => said(2, &format!("'{other}' command not supported.")),
        },
        Err(error) => said(1, &format!("the body is no command: {error}")),
    };
    Ok(Json(json!([answer])).into_response())
}

async fn status(desk: &Desk) -> Result<Box<Status>, NoAnswer> {
    desk.ask(Question::Status).await
}

fn said(result: u8, text: &str) -> Value {
    json!({ "result": result, "text": text })
}

fn done(text: &str, arguments: &Value) -> Value {
    let mut answer = json!({ "result": 0, "arguments": arguments });
    if !text.is_empty() {
        answer["text"] = text.into();
    }
    answer
}

fn version() -> Value {
    let version = env!("CARGO_PKG_VERSION");
    done(version, &json!({ "extended": format!("leasehold-server {version}") }))
}

fn hash(status: &Status) -> Value {
    done("", &json!({ "hash": status.artefact.trim_start_matches("sha256:").to_uppercase() }))
}

fn status_get(status: &Status) -> Value {
    let mut arguments = json!({
        "pid": std::process::id(),
        "uptime": status.uptime_secs,
        "reload": status.loaded_secs,
        "multi-threading-enabled": false,
    });
    if let Some(pair) = &status.pair {
        let partner = &pair.partner;
        let age = partner.heard_ms_ago.map_or(0, |ago| ago / 1000);
        arguments["high-availability"] = json!([{
            "ha-mode": pair.mode,
            "ha-servers": {
                "local": {
                    "role": status.role,
                    "scopes": scopes(status, pair),
                    "server-name": status.node,
                    "state": state(status, pair),
                },
                "remote": {
                    "age": age,
                    "in-touch": partner.heard_ms_ago.is_some(),
                    "role": partner.role,
                    "server-name": partner.name,
                    "last-scopes": partner_scopes(pair),
                    "last-state": partner_state(pair),
                    "communication-interrupted": !partner.heard,
                    "connecting-clients": 0,
                    "unacked-clients": 0,
                    "unacked-clients-left": 0,
                    "analyzed-packets": 0,
                },
            },
        }]);
    }
    arguments
}

fn with_pair(status: &Status, answer: impl FnOnce(&PairStatus) -> Value) -> Value {
    match &status.pair {
        Some(pair) => answer(pair),
        None => said(1, "this server has no partner"),
    }
}

fn heartbeat(status: &Status) -> Value {
    with_pair(status, |pair| {
        let arguments = json!({
            "state": state(status, pair),
            "date-time": clock::rfc1123(clock::wall_ms()),
            "scopes": scopes(status, pair),
            "unsent-update-count": pair.unacked_updates,
        });
        done("HA peer status returned.", &arguments)
    })
}

/// To the server that stays: it asks its partner to leave, and goes on alone when that has given up its rights.
async fn maintenance_start(desk: &Desk) -> Result<Value, NoAnswer> {
    let status = status(desk).await?;
    if status.pair.as_ref().is_some_and(|pair| state(&status, pair) == "partner-down") {
        return Ok(said(0, "This server goes on alone already."));
    }
    told(desk, Command::TakeOver, "The partner is handing over; this server takes over when it has.").await
}

/// To the server that stayed: its partner takes its rights up again.
async fn maintenance_cancel(desk: &Desk) -> Result<Value, NoAnswer> {
    told(desk, Command::GiveBack, "The partner takes its rights up again.").await
}

/// To the server that leaves: it hands over, or takes its rights up again.
async fn maintenance_notify(desk: &Desk, arguments: &Value) -> Result<Value, NoAnswer> {
    let cancel = arguments.get("cancel").and_then(Value::as_bool) == Some(true);
    let (command, text) = match cancel {
        false => (Command::Handover, "Server is handing over; it is in maintenance when it has."),
        true => (Command::Resume, "Server takes its rights up again."),
    };
    told(desk, command, text).await
}

/// Says a command, and in Kea's words what came of it.
async fn told(desk: &Desk, command: Command, text: &str) -> Result<Value, NoAnswer> {
    Ok(match desk.ask(|reply| Question::Command(command, reply)).await? {
        Ok(_) => said(0, text),
        Err(why) => said(1, &why),
    })
}

/// Asks for all of the partner's records.
async fn sync(desk: &Desk) -> Result<Value, NoAnswer> {
    told(desk, Command::Sync, "Lease database synchronization begun.").await
}

/// The scopes a server serves: its own, and its partner's while that is not there.
fn scopes<'a>(status: &'a Status, pair: &'a PairStatus) -> Vec<&'a str> {
    if !pair.answers {
        return Vec::new();
    }
    let partner = &pair.partner;
    let own = scope(&pair.mode, &status.role, &status.node);
    let partners = scope(&pair.mode, &partner.role, &partner.name);
    let alone = !partner.heard || state(status, pair) == "partner-down";
    own.into_iter().chain(partners.filter(|_| alone)).collect()
}

fn partner_scopes(pair: &PairStatus) -> Vec<&str> {
    let PartnerStatus { name, role, heard, .. } = &pair.partner;
    scope(&pair.mode, role, name).filter(|_| *heard).into_iter().collect()
}

/// The scope that a server serves while both are there: a standby has none.
fn scope<'a>(mode: &str, role: &str, name: &'a str) -> Option<&'a str> {
    (role == "primary" || mode == "load-balancing").then_some(name)
}

/// The nearest of Kea's states to a server's own.
fn state<'a>(status: &'a Status, pair: &'a PairStatus) -> &'a str {
    nearest(&pair.state, &pair.mode, &status.role)
}

/// The same of the partner, as far as it is heard.
fn partner_state(pair: &PairStatus) -> &str {
    match &pair.partner.state {
        Some(state) if pair.partner.heard => nearest(state, &pair.mode, &pair.partner.role),
        _ => "unavailable",
    }
}

fn nearest<'a>(state: &str, mode: &'a str, role: &str) -> &'a str {
    let Some(state) = PairState::ALL.into_iter().find(|known| known.name() == state) else {
        return "waiting";
    };
    match state {
        PairState::Starting | PairState::Isolated => "waiting",
        PairState::GivenUp => "in-maintenance",
        PairState::Stale => "syncing",
        PairState::SoleWait | PairState::Sole => "partner-down",
        PairState::Interrupted | PairState::Rejoin | PairState::Normal => normal(mode, role),
    }
}

/// What Kea calls a server whose pair is whole.
fn normal<'a>(mode: &'a str, role: &str) -> &'a str {
    if role == "backup" { "backup" } else { mode }
}
