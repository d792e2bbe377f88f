//! What this server hears: connections that the partner makes.
//!
//! The newest of a lane is the partner's present one. An older one is heard to its end, for a while: what was said on
//! it before it was replaced still counts.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use leasehold_server::failover::preface::{Lane, Preface, SPOKEN, is_encrypted, next_frame};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

use super::dial::{HANDSHAKE_MAX, first_words, stopped, tune};
use super::security::Stream;
use super::{Direction, News, Orders, Shared, UNHEARD_MAX};
use crate::daemon::log::Level;

/// Connections that are taken at once. The partner has two, four while it makes them anew.
const TAKEN_MAX: usize = 32;
/// Connections that wait to be taken.
const BACKLOG: i32 = 32;
/// Octets that are read at once.
const READ: usize = 64 << 10;
/// A connection that is silent for so long is dead: the partner says at least every five seconds that it is there.
const SILENT_MAX: Duration = Duration::from_secs(20);
/// How long a connection that was replaced is heard to its end.
const LINGER: Duration = Duration::from_secs(1);

/// Takes the address. Every address is IPv6's and IPv4's, or IPv4's where a machine has no IPv6.
pub fn bind(address: SocketAddr) -> Result<std::net::TcpListener, String> {
    let listen = |address: SocketAddr| -> std::io::Result<std::net::TcpListener> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    let everywhere = address.is_ipv6() && address.ip().is_unspecified();
    let taken = match listen(address) {
        Err(_) if everywhere => listen(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), address.port())),
        taken => taken,
    };
    taken.map_err(|error| {
        format!(
            "cannot take the partner's connections at {address}: {error}; give --peer-listen another address"
        )
    })
}

/// Takes connections until it is told to stop.
pub async fn listen(
    listener: std::net::TcpListener,
    shared: Arc<Shared>,
    mut orders: watch::Receiver<Orders>,
) {
    let listener = TcpListener::from_std(listener).expect("a listening socket of a runtime with sockets");
    let taken = Arc::new(Semaphore::new(TAKEN_MAX));
    let (newest, _) = watch::channel([0_u64; 2]);
    let newest = Arc::new(newest);
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            () = stopped(&mut orders) => return,
        };
        match accepted {
            Ok((socket, from)) => {
                // Too many strangers: this one is closed without a word.
                let Ok(permit) = Arc::clone(&taken).try_acquire_owned() else { continue };
                let (shared, newest) = (Arc::clone(&shared), Arc::clone(&newest));
                tokio::spawn(async move {
                    hear(socket, from, &shared, &newest).await;
                    drop(permit);
                });
            }
            Err(error) => {
                let why = error.to_string();
                shared.complaints.say(&shared.log, "peer-not-taken", &why, "");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn hear(socket: TcpStream, from: SocketAddr, shared: &Shared, newest: &watch::Sender<[u64; 2]>) {
    let welcomed = timeout(HANDSHAKE_MAX, welcome(socket, shared)).await;
    let (mut stream, lane, version) = match welcomed {
        Ok(Ok(welcomed)) => welcomed,
        Ok(Err(None)) => return,
        Ok(Err(Some(why))) => {
            return shared.complaints.say(&shared.log, "peer-refused", &why, format_args!("from={from}"));
        }
        Err(_) => {
            let why = "it did not say who it is";
            return shared.complaints.say(&shared.log, "peer-refused", why, format_args!("from={from}"));
        }
    };
    let mut mine = 0;
    newest.send_modify(|newest| {
        newest[lane as usize] += 1;
        mine = newest[lane as usize];
    });
    let partner = &shared.partner;
    let name = lane.name();
    let details = format!("lane={name} direction=from partner={partner} at={from} protocol={version}");
    shared.log.say(Level::Info, "peer-connected", details);
    shared.came.iter().for_each(|came| came.notify_one());
    shared.tell(News::Connected { lane, direction: Direction::From });
    let mut replaced = newest.subscribe();
    let why = select! {
        why = read(&mut stream, lane, shared) => why,
        () = async {
            // The sender outlives every connection.
            let _ = replaced.wait_for(|newest| newest[lane as usize] != mine).await;
            sleep(LINGER).await;
        } => "it was replaced".to_owned(),
    };
    if newest.borrow()[lane as usize] == mine {
        let details = format!("lane={name} direction=from partner={partner} because=\"{why}\"");
        shared.log.say(Level::Warning, "peer-lost", details);
        shared.tell(News::Lost { lane, direction: Direction::From });
    }
}

/// Who is there, and may it speak? Absent reason: it went before it said anything, as one who probes a port does.
async fn welcome(socket: TcpStream, shared: &Shared) -> Result<(Stream, Lane, u8), Option<String>> {
    tune(&socket, shared.response).map_err(|error| Some(error.to_string()))?;
    let mut first = [0; 2];
    match socket.peek(&mut first).await {
        Ok(0) => return Err(None),
        Ok(length) => {
            let encrypted = is_encrypted(&first[..length]);
            if length == first.len() && encrypted != shared.security.is_encrypted() {
                return Err(Some(shared.security.mismatch().to_owned()));
            }
        }
        Err(error) => return Err(Some(error.to_string())),
    }
    let mut stream = shared.security.accepted(socket, &shared.log).await.map_err(Some)?;
    let lost = |error: std::io::Error| Some(shared.security.explain(&error));
    let fields = first_words(&mut stream).await.map_err(lost)?;
    let preface = fields.and_then(|fields| Preface::decode(&fields)).map_err(|why| Some(why.to_string()))?;
    let welcome = preface.judge(SPOKEN, shared.pair, &shared.me, &shared.partner);
    stream.write_all(&welcome.encode()).await.map_err(lost)?;
    stream.flush().await.map_err(lost)?;
    match welcome.verdict {
        Ok(version) => Ok((stream, preface.lane, version)),
        Err(refused) => {
            // That it may read why.
            let _ = stream.shutdown().await;
            let Preface { from, to, versions, .. } = preface;
            let reason = refused.reason();
            Err(Some(format!("`{from}` wants to reach `{to}` by version {versions}: {reason}")))
        }
    }
}

/// Hands over what comes, until nothing comes any more; says why.
async fn read(stream: &mut Stream, lane: Lane, shared: &Shared) -> String {
    let mut buffer = Vec::with_capacity(READ);
    loop {
        while lane == Lane::Data && shared.unheard.load(Ordering::Relaxed) > UNHEARD_MAX {
            // The core wakes nobody; it takes megabytes in a moment.
            sleep(Duration::from_millis(5)).await;
        }
        buffer.reserve(READ);
        match timeout(SILENT_MAX, stream.read_buf(&mut buffer)).await {
            Ok(Ok(0)) => return "the partner closed it".to_owned(),
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return shared.security.explain(&error),
            Err(_) => return format!("nothing came for {} s", SILENT_MAX.as_secs()),
        }
        let mut rest = &buffer[..];
        let mut any = false;
        loop {
            let message = match next_frame(rest) {
                Ok(Some(frame)) => {
                    rest = frame.rest;
                    frame.message
                }
                Ok(None) => break,
                Err(why) => return why.to_string(),
            };
            if message.is_empty() {
                continue;
            }
            any = true;
            let message = message.to_vec();
            match lane {
                Lane::Control => drop(shared.urgent.send(News::Heard(message))),
                Lane::Data => {
                    shared.unheard.fetch_add(message.len(), Ordering::Relaxed);
                    drop(shared.records.send(message));
                }
            }
        }
        let used = buffer.len() - rest.len();
        buffer.drain(..used);
        if any {
            // Once for all of them. A full counter is one that wakes the core anyway.
            let _ = shared.wake.write(1);
        }
    }
}
