//! What can be asked over HTTP, and who is let in. `server/API.md` describes it for people.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use leasehold_server::failover::pair::Command;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use super::access::Access;
use super::forecast::{Forecast, SAMPLE_EVERY};
use super::inquiry::{Desk, Heeded, NoAnswer, Part, Question, Reply};
use super::metrics::{self, Counted};
use super::status::{Census, Usage};
use super::{kea, leases};
use crate::daemon::artefact_file::ARTEFACT_MAX;
use crate::daemon::clock;
use crate::daemon::rollout::digest_of;

/// Octets of a request's body.
const BODY_MAX: usize = 64 << 10;
/// Octets of an artefact.
const ARTEFACT_OCTETS: usize = ARTEFACT_MAX as usize;
/// How long a request may take until its answer begins.
const REQUEST_MAX: Duration = Duration::from_secs(15);

/// What every request finds.
#[derive(Clone)]
pub struct House {
    /// Where the core is asked.
    pub desk: Desk,
    access: Arc<Access>,
    /// Held by whoever counts everything: many who ask for metrics cost the core no more than one after the other.
    counting: Arc<Mutex<Forecast>>,
}

/// Watches how subnets fill, for as long as the program runs.
async fn watch(desk: Desk, forecast: Arc<Mutex<Forecast>>) {
    let mut ticks = tokio::time::interval(SAMPLE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let mut forecast = forecast.lock().await;
        // A core that hangs is looked at again later.
        if let Ok(parts) = whole(&desk, Question::Usage).await {
            let usage: Vec<_> = parts.into_iter().flatten().collect();
            forecast.sample(clock::now().boot_ms, &usage);
        }
    }
}

/// The control API; health is part of it. Needs the runtime: it begins to watch how subnets fill.
pub fn control(desk: Desk, access: Access) -> Router {
    let counting = Arc::default();
    tokio::spawn(watch(desk.clone(), Arc::clone(&counting)));
    let house = House { desk: desk.clone(), access: Arc::new(access), counting };
    let inside = Router::new()
        .route("/v1/status", get(status))
        .route("/v1/leases", get(leases::list))
        .route("/v1/ha/{command}", post(ha))
        .route("/v1/artefact/serve", post(serve))
        .route("/v1/artefact", post(stage).delete(discard).layer(DefaultBodyLimit::max(ARTEFACT_OCTETS)))
        .route("/metrics", get(show_metrics))
        .route("/", post(kea::answer))
        .layer(from_fn_with_state(house.clone(), admit))
        .with_state(house);
    bounded(inside.merge(health_routes(desk)))
}

/// Health alone, for anybody.
pub fn health(desk: Desk) -> Router {
    bounded(health_routes(desk))
}

fn health_routes(desk: Desk) -> Router {
    Router::new().route("/healthz", get(alive)).route("/readyz", get(ready)).with_state(desk)
}

fn bounded(router: Router) -> Router {
    let nowhere = || async { refuse(StatusCode::NOT_FOUND, "there is nothing here; see server/API.md") };
    let otherwise =
        || async { refuse(StatusCode::METHOD_NOT_ALLOWED, "ask this by another method; see server/API.md") };
    router
        .fallback(nowhere)
        .method_not_allowed_fallback(otherwise)
        .layer(DefaultBodyLimit::max(BODY_MAX))
        .layer(from_fn(in_time))
}

/// An answer that says in a sentence why there is no other.
pub fn refuse(status: StatusCode, sentence: &str) -> Response {
    (status, Json(json!({ "error": sentence }))).into_response()
}

impl From<NoAnswer> for Response {
    fn from(why: NoAnswer) -> Response {
        refuse(StatusCode::SERVICE_UNAVAILABLE, why.sentence())
    }
}

async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_MAX, next.run(request)).await {
        Ok(mut answer) => {
            answer.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            answer
        }
        Err(_) => refuse(StatusCode::REQUEST_TIMEOUT, "the request took too long"),
    }
}

async fn admit(State(house): State<House>, request: Request, next: Next) -> Response {
    match house.access.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err((status, why)) => {
            let mut refused = refuse(status, why);
            if status == StatusCode::UNAUTHORIZED {
                refused.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            refused
        }
    }
}

/// Whether the process lives and its core turns.
async fn alive(State(desk): State<Desk>) -> Result<Response, Response> {
    desk.ask(Question::Pulse).await?;
    Ok(Json(json!({ "alive": true })).into_response())
}

/// Whether packets are taken. What a server of a pair may do does not matter: a silent standby is ready.
async fn ready(State(desk): State<Desk>) -> Result<Response, Response> {
    let status = desk.ask(Question::Status).await?;
    let ready = !status.stopping;
    let mut body = json!({ "ready": ready });
    if let Some(pair) = &status.pair {
        body["state"] = pair.state.clone().into();
        body["answers"] = pair.answers.into();
    }
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Ok((code, Json(body)).into_response())
}

async fn status(State(house): State<House>) -> Result<Response, Response> {
    let status = house.desk.ask(Question::Status).await?;
    Ok(Json(*status).into_response())
}

async fn ha(State(house): State<House>, Path(name): Path<String>) -> Result<Response, Response> {
    let Some(command) = command(&name) else {
        let known: Vec<&str> = Command::ALL.into_iter().map(Command::name).collect();
        let why = format!("there is no such command; there are {}", known.join(", "));
        return Err(refuse(StatusCode::NOT_FOUND, &why));
    };
    Ok(heeded(house.desk.ask(|reply| Question::Command(command, reply)).await?))
}

/// What was done, or why it was refused.
fn heeded(heeded: Heeded) -> Response {
    match heeded {
        Ok(status) => Json(*status).into_response(),
        Err(why) => refuse(StatusCode::CONFLICT, &why),
    }
}

async fn stage(State(house): State<House>, artefact: Bytes) -> Result<Response, Response> {
    Ok(heeded(house.desk.ask(|reply| Question::Stage(artefact.to_vec(), reply)).await?))
}

async fn discard(State(house): State<House>) -> Result<Response, Response> {
    Ok(heeded(house.desk.ask(Question::Discard).await?))
}

/// Which artefact is to be served, and by whom.
#[derive(Deserialize)]
struct ToServe {
    artefact: String,
    #[serde(default)]
    partner: bool,
}

async fn serve(State(house): State<House>, body: Bytes) -> Result<Response, Response> {
    let said: Option<ToServe> = serde_json::from_slice(&body).ok();
    let said = said.and_then(|said| Some((digest_of(&said.artefact)?, said.partner)));
    let Some((artefact, partner)) = said else {
        let why = "say which artefact, such as {\"artefact\": \"sha256:...\", \"partner\": false}";
        return Err(refuse(StatusCode::BAD_REQUEST, why));
    };
    Ok(heeded(house.desk.ask(|reply| Question::Serve { artefact, partner, reply }).await?))
}

/// What an operator can tell a server of a pair.
fn command(name: &str) -> Option<Command> {
    Command::ALL.into_iter().find(|known| known.name() == name)
}

async fn show_metrics(State(house): State<House>) -> Result<Response, Response> {
    let forecast = house.counting.lock().await;
    let desk = &house.desk;
    let snapshot = desk.ask(Question::Snapshot).await?;
    let mut census = Census::default();
    for part in whole(desk, Question::Census).await? {
        census.add(&part);
    }
    let usage: Vec<_> = whole(desk, Question::Usage).await?.into_iter().flatten().collect();
    let boot_ms = clock::now().boot_ms;
    let exhausted = |usage: &Usage| forecast.exhausted_in_secs(usage.prefix, boot_ms, usage.free);
    let exhausted_in_secs = usage.iter().map(exhausted).collect();
    let text = metrics::text(Counted { snapshot, census, usage, exhausted_in_secs });
    Ok(([(CONTENT_TYPE, metrics::CONTENT)], text).into_response())
}

/// All parts of something long.
pub async fn whole<T>(
    desk: &Desk,
    question: impl Fn(usize, Reply<Part<T>>) -> Question,
) -> Result<Vec<T>, NoAnswer> {
    let (mut parts, mut next) = (Vec::new(), Some(0));
    while let Some(first) = next {
        let part = desk.ask(|reply| question(first, reply)).await?;
        parts.push(part.part);
        next = part.next;
    }
    Ok(parts)
}
