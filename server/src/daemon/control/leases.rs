//! The leases as CSV, as they are asked of the core: addresses first, which are small and sorted here, then their
//! records in parts, as fast as they are read.

use std::net::Ipv4Addr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use leasehold_schemas::vocab::Cidr;
use serde::Deserialize;
use tokio::sync::mpsc;

use super::inquiry::{Desk, NoAnswer, Question};
use super::routes::{House, refuse, whole};
use crate::daemon::{clock, lease_list};

/// Records asked for at once.
const PART: usize = 256;
/// How long whoever reads may leave a part lying.
const READ_WITHIN: Duration = Duration::from_secs(30);

/// Which leases.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Only those with this in column `state`.
    state: Option<String>,
    /// Only addresses of this prefix.
    subnet: Option<Cidr>,
    /// Only addresses beyond this one.
    after: Option<Ipv4Addr>,
    /// At most so many.
    limit: Option<usize>,
}

/// Lists the leases in the order of addresses.
pub async fn list(
    State(house): State<House>,
    which: Result<Query<Which>, QueryRejection>,
) -> Result<Response, Response> {
    let Query(which) = which.map_err(|why| refuse(StatusCode::BAD_REQUEST, &why.body_text()))?;
    if let Some(state) = &which.state
        && !lease_list::STATES.contains(&state.as_str())
    {
        let why = format!("`state` is one of {}", lease_list::STATES.join(", "));
        return Err(refuse(StatusCode::BAD_REQUEST, &why));
    }
    let wanted = |address: &Ipv4Addr| {
        which.subnet.is_none_or(|subnet| subnet.contains(*address))
            && which.after.is_none_or(|after| *address > after)
    };
    let parts = whole(&house.desk, Question::Addresses).await?;
    let mut addresses: Vec<Ipv4Addr> = parts.into_iter().flatten().filter(wanted).collect();
    addresses.sort_unstable();
    let (lines, listing) = mpsc::channel(2);
    tokio::spawn(write(house.desk, addresses, which, lines));
    let body = Body::new(Listing(listing));
    Ok(([(CONTENT_TYPE, "text/csv; charset=utf-8; header=present")], body).into_response())
}

type Line = Result<Bytes, NoAnswer>;

/// Writes the list until whoever reads it has gone; a list that cannot be finished ends with an error, not early.
async fn write(desk: Desk, addresses: Vec<Ipv4Addr>, which: Which, lines: mpsc::Sender<Line>) {
    let give = async |text: Line| {
        let given = tokio::time::timeout(READ_WITHIN, lines.send(text)).await;
        matches!(given, Ok(Ok(())))
    };
    if !give(Ok(Bytes::from_static(lease_list::HEADER.as_bytes()))).await {
        return;
    }
    let mut left = which.limit.unwrap_or(usize::MAX);
    for part in addresses.chunks(PART) {
        if left == 0 {
            return;
        }
        let records = match desk.ask(|reply| Question::Records(part.to_vec(), reply)).await {
            Ok(records) => records,
            Err(why) => {
                give(Err(why)).await;
                return;
            }
        };
        let now = clock::wall_ms();
        let mut text = String::with_capacity(records.len() * 80);
        for record in &records {
            let state = lease_list::state(record, now);
            if left > 0 && which.state.as_ref().is_none_or(|wanted| wanted == state) {
                text.push_str(&lease_list::line(record, now));
                text.push('\n');
                left -= 1;
            }
        }
        if !text.is_empty() && !give(Ok(text.into())).await {
            return;
        }
    }
}

/// A body that is written while it is read.
struct Listing(mpsc::Receiver<Line>);

impl hyper::body::Body for Listing {
    type Data = Bytes;
    type Error = NoAnswer;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NoAnswer>>> {
        self.0.poll_recv(context).map(|line| line.map(|line| line.map(Frame::data)))
    }
}

impl std::fmt::Display for NoAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for NoAnswer {}
