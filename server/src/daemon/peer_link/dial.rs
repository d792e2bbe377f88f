//! What this server says: a connection for each lane, made and made again.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use leasehold_server::failover::preface::{
    HEAD, Lane, NotOurs, Preface, Refused, SPOKEN, Welcome, head, put_frame,
};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use super::name::{HostPort, Resolver};
use super::security::Stream;
use super::{Direction, FAREWELL, News, Orders, Shared};
use crate::daemon::log::Level;

/// How long an address may take to take a connection.
const CONNECT_MAX: Duration = Duration::from_millis(500);
/// How long the partner may take for its first words.
pub const HANDSHAKE_MAX: Duration = Duration::from_secs(2);
/// The pause before the first new attempt.
const PAUSE_MIN: Duration = Duration::from_millis(50);
/// The pause grows up to here: a partner that is back is found well within a second.
const PAUSE_MAX: Duration = Duration::from_millis(500);
/// A connection that lasted so long was a good one.
const GOOD: Duration = Duration::from_secs(1);
/// How often an idle connection says that it is there: load balancers end those that are silent for long.
const IDLE: Duration = Duration::from_secs(5);
/// Octets that are written at once, where so many wait.
const BATCH: usize = 64 << 10;

/// A connection on which the partner hears.
struct Open {
    reader: ReadHalf<Stream>,
    writer: WriteHalf<Stream>,
    version: u8,
    address: SocketAddr,
    /// Of the certificates it was made with.
    generation: u64,
    place: HostPort,
}

type Opening = Pin<Box<dyn Future<Output = Result<Open, String>> + Send>>;

/// How a connection ended.
enum End {
    Stopped,
    Lost(String),
}

/// Says what the core has to say on one lane, until it is told to stop.
pub async fn speak(
    lane: Lane,
    shared: Arc<Shared>,
    mut words: UnboundedReceiver<Vec<u8>>,
    mut orders: watch::Receiver<Orders>,
) {
    let mut resolver = Resolver::default();
    let mut pause = PAUSE_MIN;
    loop {
        let place = orders.borrow_and_update().partner_at.clone();
        let opened = select! {
            opened = open(lane, &shared, &mut resolver, &place) => opened,
            () = stopped(&mut orders) => return,
        };
        match opened {
            Ok(open) => {
                let begun = Instant::now();
                let mut line = Speaking { lane, shared: &shared, words: &mut words, orders: &mut orders };
                match line.speak(open).await {
                    End::Stopped => return,
                    End::Lost(why) => {
                        let (name, partner) = (lane.name(), &shared.partner);
                        let details = format!("lane={name} direction=to partner={partner} because=\"{why}\"");
                        shared.log.say(Level::Warning, "peer-lost", details);
                        shared.tell(News::Lost { lane, direction: Direction::To });
                    }
                }
                if begun.elapsed() >= GOOD {
                    pause = PAUSE_MIN;
                }
            }
            Err(why) => {
                shared.complaints.say(
                    &shared.log,
                    "peer-unreachable",
                    &why,
                    format_args!("partner={} at={place}", shared.partner),
                );
            }
        }
        select! {
            () = sleep(jittered(pause)) => {}
            // It is there, whatever the last attempt came to. But not at once: it may refuse.
            () = shared.came[lane as usize].notified() => sleep(Duration::from_millis(5)).await,
            () = stopped(&mut orders) => return,
        }
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Two servers that began at the same moment need not go on in step.
fn jittered(pause: Duration) -> Duration {
    let random = RandomState::new().build_hasher().finish() % 50;
    pause * u32::try_from(75 + random).expect("less than 125") / 100
}

/// Ends when the program is to end.
pub async fn stopped(orders: &mut watch::Receiver<Orders>) {
    // An error says that the core is gone, which stops the link too.
    let _ = orders.wait_for(|orders| orders.stop).await;
}

/// A connection to the first address that welcomes this server.
async fn open(
    lane: Lane,
    shared: &Arc<Shared>,
    resolver: &mut Resolver,
    place: &HostPort,
) -> Result<Open, String> {
    let mut failure = String::new();
    for address in resolver.addresses(place).await? {
        match open_at(lane, shared, place, address).await {
            Ok(open) => {
                shared.complaints.forget("peer-unreachable");
                return Ok(open);
            }
            Err(why) => failure = why,
        }
    }
    Err(failure)
}

async fn open_at(
    lane: Lane,
    shared: &Arc<Shared>,
    place: &HostPort,
    address: SocketAddr,
) -> Result<Open, String> {
    let socket = timeout(CONNECT_MAX, TcpStream::connect(address)).await;
    let socket = socket.map_err(|_| "it does not take the connection".to_owned())?;
    let socket = socket.map_err(|error| error.to_string())?;
    tune(&socket, stall_max(lane, shared.response)).map_err(|error| error.to_string())?;
    let generation = shared.security.generation(&shared.log);
    let greeted = timeout(HANDSHAKE_MAX, greet(lane, shared, socket)).await;
    let greeted = greeted.map_err(|_| "it takes the connection and says nothing".to_owned())?;
    let (reader, writer, version) = greeted?;
    Ok(Open { reader, writer, version, address, generation, place: place.clone() })
}

async fn greet(
    lane: Lane,
    shared: &Arc<Shared>,
    socket: TcpStream,
) -> Result<(ReadHalf<Stream>, WriteHalf<Stream>, u8), String> {
    let stream = shared.security.dialled(socket, &shared.log).await?;
    let (mut reader, mut writer) = split(stream);
    let preface = Preface {
        versions: SPOKEN,
        lane,
        pair: shared.pair,
        from: shared.me.clone(),
        to: shared.partner.clone(),
    };
    let lost = |error: io::Error| shared.security.explain(&error);
    writer.write_all(&preface.encode()).await.map_err(lost)?;
    writer.flush().await.map_err(lost)?;
    let fields = first_words(&mut reader).await.map_err(lost)?;
    let welcome = fields.and_then(|fields| Welcome::decode(&fields)).map_err(|why| why.to_string())?;
    match welcome.verdict {
        Ok(version) if SPOKEN.contains(version) => Ok((reader, writer, version)),
        Ok(version) => Err(format!("it goes on in version {version}, and this release speaks {SPOKEN}")),
        Err(refused) => Err(refusal(shared, &welcome, refused)),
    }
}

fn refusal(shared: &Shared, welcome: &Welcome, refused: Refused) -> String {
    let Welcome { versions, from, .. } = welcome;
    let reason = refused.reason();
    match refused {
        Refused::Version => format!("{reason}: `{from}` speaks {versions}, and this release {SPOKEN}"),
        Refused::To => format!("{reason}: `{from}` is at this address, and not `{}`", shared.partner),
        Refused::From | Refused::Pair | Refused::Other => format!("`{from}` refuses this server: {reason}"),
    }
}

/// The fields of a preface or a welcome. The outer error is the connection's.
pub async fn first_words<R>(reader: &mut R) -> io::Result<Result<Vec<u8>, NotOurs>>
where
    R: tokio::io::AsyncRead + Unpin,
{
    let mut begin = [0; HEAD];
    reader.read_exact(&mut begin).await?;
    let length = match head(&begin) {
        Ok(length) => length,
        Err(why) => return Ok(Err(why)),
    };
    let mut fields = vec![0; length];
    reader.read_exact(&mut fields).await?;
    Ok(Ok(fields))
}

/// How long octets may wait for the partner's machine to take them. Records may have to wait for its disk.
fn stall_max(lane: Lane, response: Duration) -> Duration {
    match lane {
        Lane::Control => response,
        Lane::Data => (response * 4).max(Duration::from_secs(3)),
    }
}

/// A connection that is dead is to be noticed, and nothing waits to be sent with something else.
pub fn tune(socket: &TcpStream, dead_after: Duration) -> io::Result<()> {
    let second = Duration::from_secs(1);
    let socket = SockRef::from(socket);
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(second).with_interval(second).with_retries(3))?;
    socket.set_tcp_user_timeout(Some(dead_after))
}

/// One lane while it is connected.
struct Speaking<'a> {
    lane: Lane,
    shared: &'a Arc<Shared>,
    words: &'a mut UnboundedReceiver<Vec<u8>>,
    orders: &'a mut watch::Receiver<Orders>,
}

impl Speaking<'_> {
    async fn speak(&mut self, open: Open) -> End {
        let line = &self.shared.lines[self.lane as usize];
        // What was said before was said to nobody.
        while let Ok(word) = self.words.try_recv() {
            line.waiting.fetch_sub(word.len(), Ordering::Release);
        }
        line.connected.store(true, Ordering::Release);
        self.say_connected(&open);
        self.shared.tell(News::Connected { lane: self.lane, direction: Direction::To });
        let end = self.write(open).await;
        line.connected.store(false, Ordering::Release);
        end
    }

    fn say_connected(&self, open: &Open) {
        let Open { version, address, reader: _, writer: _, generation: _, place: _ } = open;
        let (lane, partner) = (self.lane.name(), &self.shared.partner);
        let details = format!("lane={lane} direction=to partner={partner} at={address} protocol={version}");
        self.shared.log.say(Level::Info, "peer-connected", details);
    }

    async fn write(&mut self, mut open: Open) -> End {
        let stall = stall_max(self.lane, self.shared.response);
        let line = &self.shared.lines[self.lane as usize];
        let mut idle = interval(IDLE);
        idle.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut anew: Option<Opening> = None;
        let mut again = false;
        let mut batch = Vec::new();
        let mut nothing = [0; 1];
        loop {
            batch.clear();
            let mut taken = 0;
            let mut last = false;
            select! {
                biased;
                heeded = self.orders.changed() => {
                    last = heeded.is_err() || self.orders.borrow().stop;
                    if !last {
                        // To give up a connection that the partner has taken already would look as if this server died.
                        again = anew.is_some();
                        anew = anew.or_else(|| self.open_anew(&open));
                        continue;
                    }
                }
                opened = async { anew.as_mut().expect("looked at before").await }, if anew.is_some() => {
                    self.replace(&mut open, opened).await;
                    anew = if std::mem::take(&mut again) { self.open_anew(&open) } else { None };
                    continue;
                }
                word = self.words.recv() => match word {
                    Some(word) => {
                        taken += word.len();
                        put_frame(&mut batch, open.version, &word);
                    }
                    None => last = true,
                },
                _ = idle.tick() => put_frame(&mut batch, open.version, &[]),
                read = open.reader.read(&mut nothing) => return End::Lost(match read {
                    Ok(0) => "the partner closed it".to_owned(),
                    Ok(_) => "the partner spoke out of turn".to_owned(),
                    Err(error) => self.shared.security.explain(&error),
                }),
            }
            while (batch.len() < BATCH || last)
                && let Ok(word) = self.words.try_recv()
            {
                taken += word.len();
                put_frame(&mut batch, open.version, &word);
            }
            let written =
                timeout(if last { FAREWELL } else { stall }, write(&mut open.writer, &batch, last)).await;
            line.waiting.fetch_sub(taken, Ordering::Release);
            match written {
                _ if last => return End::Stopped,
                Ok(Ok(())) => {}
                Ok(Err(error)) => return End::Lost(self.shared.security.explain(&error)),
                Err(_) => return End::Lost(format!("it took nothing for {} ms", stall.as_millis())),
            }
        }
    }

    /// A connection that is to take this one's place, if the certificates or the partner's address have changed.
    fn open_anew(&self, present: &Open) -> Option<Opening> {
        let (lane, shared) = (self.lane, Arc::clone(self.shared));
        let place = self.orders.borrow().partner_at.clone();
        if present.generation == shared.security.generation(&shared.log) && present.place == place {
            return None;
        }
        Some(Box::pin(async move { open(lane, &shared, &mut Resolver::default(), &place).await }))
    }

    async fn replace(&self, open: &mut Open, opened: Result<Open, String>) {
        match opened {
            Ok(mut fresh) => {
                std::mem::swap(open, &mut fresh);
                self.say_connected(open);
                // The partner has heard all of it; how it is closed does not matter.
                let _ = timeout(FAREWELL, fresh.writer.shutdown()).await;
            }
            Err(why) => {
                let details = format_args!("lane={} kept=the-old-connection", self.lane.name());
                self.shared.complaints.say(&self.shared.log, "peer-not-connected-anew", &why, details);
            }
        }
    }
}

async fn write(writer: &mut WriteHalf<Stream>, octets: &[u8], last: bool) -> io::Result<()> {
    writer.write_all(octets).await?;
    writer.flush().await?;
    if last { writer.shutdown().await } else { Ok(()) }
}
