//! Connections of the control API: how many, for how long, and through which door.
//!
//! Invariant: at most [`SEATS`] connections a socket. Who comes when all are taken gets the seat of whoever has sat
//! longest without asking anything, so that idle or slow clients keep nobody out.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::response::Response;
use hyper::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::access::Access;
use super::arguments::ControlArguments;
use super::inquiry::Desk;
use super::place::{Opened, Place, Socket};
use super::routes;
use super::tls::Tls;
use crate::daemon::log::{Level, Log};

/// Connections of one socket.
const SEATS: usize = 128;
/// How long a client may take for a request's head, and how long it may sit without one.
const HEAD_WITHIN: Duration = Duration::from_secs(10);
/// How long a client may take to agree on keys.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(5);
/// How long a connection may last: longer than it takes to read every lease over a slow line.
const CONNECTION_MAX: Duration = Duration::from_secs(600);
/// Octets of a request's head.
const HEAD_MAX: usize = 16 << 10;
/// How long nobody is accepted after that has failed, which it does when all file descriptors are in use.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// What stands before the control API.
pub struct Door {
    /// Who may ask.
    pub access: Access,
    tls: Option<Tls>,
}

impl Door {
    /// The door that arguments describe, if it is safe there.
    pub fn of(arguments: &ControlArguments, place: &Place) -> Result<Door, String> {
        let tls = match (&arguments.control_cert, &arguments.control_key) {
            (Some(certificate), Some(key)) => Some(Tls::read(certificate.clone(), key.clone())?),
            (_, _) => None,
        };
        let token = arguments.control_token_file.as_deref();
        if !place.is_local() && (tls.is_none() || token.is_none()) {
            return Err(format!(
                "--control {place} is reached from other machines: there it needs --control-token-file FILE and TLS \
                 (--control-cert FILE, --control-key FILE); give all three, or a loopback address"
            ));
        }
        let access = match (token, place) {
            (Some(path), _) => Access::token(path)?,
            (None, Place::Tcp(_)) => Access::Loopback,
            (None, Place::Unix(_)) => Access::Socket,
        };
        Ok(Door { access, tls })
    }
}

/// Serves both sockets until the core's end is dropped.
pub async fn serve(
    control: Option<(Opened, Door)>,
    health: Option<Opened>,
    desk: Desk,
    log: Log,
    ended: oneshot::Receiver<()>,
) {
    let name = control.as_ref().map(|(opened, _)| opened.name.clone());
    let control = async {
        if let Some((opened, Door { access, tls })) = control {
            accept(opened.socket, tls, routes::control(desk.clone(), access), &log).await;
        }
    };
    let health = async {
        if let Some(opened) = health {
            accept(opened.socket, None, routes::health(desk.clone()), &log).await;
        }
    };
    tokio::select! {
        // It is never sent: the core's end is only dropped.
        _ = ended => {}
        _ = async { tokio::join!(control, health) } => {}
    }
    if let Some(Place::Unix(path)) = name {
        // Who comes next would remove it, too.
        let _ = std::fs::remove_file(path);
    }
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

async fn accept(socket: Socket, mut tls: Option<Tls>, router: Router, log: &Log) {
    let listener = match socket {
        Socket::Tcp(socket) => TcpListener::from_std(socket).map(Listener::Tcp),
        Socket::Unix(socket) => UnixListener::from_std(socket).map(Listener::Unix),
    };
    let listener = listener.expect("a socket that listens and does not block is one of the runtime's kind");
    let mut guests = Guests::default();
    loop {
        let busy = Arc::default();
        let accepted = match &listener {
            Listener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                // Answers are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                let acceptor = tls.as_mut().map(|tls| tls.acceptor(log));
                tokio::spawn(meet(stream, acceptor, router.clone(), Arc::clone(&busy)))
            }),
            Listener::Unix(listener) => listener.accept().await.map(|(stream, _)| {
                let acceptor = tls.as_mut().map(|tls| tls.acceptor(log));
                tokio::spawn(meet(stream, acceptor, router.clone(), Arc::clone(&busy)))
            }),
        };
        match accepted {
            Ok(task) => guests.seat(Guest { task, busy }),
            Err(error) => {
                log.say(Level::Warning, "control-cannot-accept", format_args!("error=\"{error}\""));
                tokio::time::sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// A connection.
struct Guest {
    task: JoinHandle<()>,
    /// Requests that are being answered.
    busy: Arc<AtomicU32>,
}

/// All connections of a socket, the oldest first.
#[derive(Default)]
struct Guests(VecDeque<Guest>);

impl Guests {
    fn seat(&mut self, guest: Guest) {
        self.0.retain(|guest| !guest.task.is_finished());
        if self.0.len() >= SEATS {
            let idle = self.0.iter().position(|guest| guest.busy.load(Ordering::Relaxed) == 0);
            if let Some(leaves) = self.0.remove(idle.unwrap_or(0)) {
                leaves.task.abort();
            }
        }
        self.0.push_back(guest);
    }
}

/// One connection, through the door and to its end. Whoever breaks it off has nobody to tell.
async fn meet<S>(stream: S, tls: Option<TlsAcceptor>, router: Router, busy: Arc<AtomicU32>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Some(tls) = tls else { return talk(stream, router, busy).await };
    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_WITHIN, tls.accept(stream)).await {
        talk(stream, router, busy).await;
    }
}

async fn talk<S>(stream: S, router: Router, busy: Arc<AtomicU32>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |request: Request<Incoming>| {
        let working = Working::begin(&busy);
        let answer = router.call(request);
        async move {
            let answer: Response = answer.await?;
            Ok::<_, Infallible>(answer.map(|inner| Body::new(Watched { inner, _working: working })))
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_header_size(HEAD_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let _ = tokio::time::timeout(CONNECTION_MAX, connection).await;
}

/// A request that is being answered, until its last octet was taken.
struct Working(Arc<AtomicU32>);

impl Working {
    fn begin(busy: &Arc<AtomicU32>) -> Working {
        busy.fetch_add(1, Ordering::Relaxed);
        Working(Arc::clone(busy))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A body, and that it is not written yet.
struct Watched {
    inner: Body,
    _working: Working,
}

impl hyper::body::Body for Watched {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
