//! The partner as the core loop has it: what it says goes in, what this server says goes out, and what becomes of the
//! pair is said in the log.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use leasehold_schemas::artefact::{Digest, HighAvailability, Peer};
use leasehold_server::failover::pair::{
    Accord, ArbiterStatus, Command, Config, Pair, Start, State, Status, Synced,
};
use leasehold_server::failover::preface::Lane;
use leasehold_server::failover::{Body, decode};
use leasehold_server::node::{Actions, Event, Node};
use leasehold_server::time::Now;
use nix::sys::eventfd::EventFd;

use super::arbiter::{Arbiter, Place};
use super::arguments::{PeerArguments, Run};
use super::log::{Level, Log};
use super::peer_link::{Credentials, Direction, Files, HostPort, News, PeerLink, Security, Settings};

/// Messages with records that are taken in one turn: packets are answered between them.
const RECORDS_A_TURN: usize = 8;
/// How often a server that may do less than it could says what would free it.
const REMIND_MS: u64 = 60_000;
/// How long after a start nothing is wrong with artefacts of which nothing is known yet.
const SETTLE_MS: u64 = 5_000;

/// What a server of a pair goes by, found before anything is opened.
pub struct Joining {
    /// The rules' numbers.
    pub config: Config,
    /// The connections.
    settings: Settings,
    /// What is wrong with the certificates, and keeps nobody from starting.
    warning: Option<String>,
    fixed: bool,
    arbiter: Option<Place>,
}

/// Which server of the pair this is, and how it reaches the other.
pub fn joining(run: &Run, estate: &str, pair: &HighAvailability) -> Result<Joining, String> {
    let arguments = &run.peer;
    let start = match (arguments.new_pair, arguments.restored) {
        (true, _) => Start::NewPair,
        (false, true) => Start::Restored,
        (false, false) => Start::Continue,
    };
    let config = Config::of(estate, pair, &run.node, start).expect("the artefact names this server");
    let arbiter = match &run.arbiter.arbiter {
        // What is not text is no password that could be given.
        Some(url) => Some(Place::of(url, &run.arbiter, std::env::var("LEASEHOLD_ARBITER_PASSWORD").ok())?),
        None => None,
    };
    let config = Config { arbiter: arbiter.is_some(), ..config };
    let (mine, partner): (Vec<&Peer>, Vec<&Peer>) =
        pair.servers.iter().partition(|server| server.name == run.node);
    let (Some(me), Some(partner)) = (mine.first(), partner.first()) else {
        return Err("cannot join the pair: the artefact names one server only".to_owned());
    };
    let place = |server: &Peer| {
        let place = server.peer_address.parse::<HostPort>();
        place.map_err(|why| format!("cannot use the peer-address `{}`: {why}", server.peer_address))
    };
    let own = place(me)?;
    let partner_at = match &arguments.peer {
        Some(place) => place.clone(),
        None => place(partner)?,
    };
    let listen = arguments.peer_listen.unwrap_or_else(|| listen_by_default(arguments, &own));
    let (security, warning) = security(arguments, &me.name, &partner.name, listen, &partner_at)?;
    let settings = Settings {
        me: me.name.clone(),
        partner: partner.name.clone(),
        pair: config.pair,
        listen,
        partner_at,
        security,
        response: Duration::from_millis(config.silent_ms.max(100)),
    };
    Ok(Joining { config, settings, warning, fixed: arguments.peer.is_some(), arbiter })
}

/// A server whose own address is this machine's loopback listens there, any other everywhere.
fn listen_by_default(arguments: &PeerArguments, own: &HostPort) -> SocketAddr {
    let plain = arguments.peer_ca.is_none() && !arguments.peer_plaintext;
    let address = match own.address() {
        Some(address) if address.is_loopback() => address,
        _ if plain => IpAddr::V4(Ipv4Addr::LOCALHOST),
        _ => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(address, own.port())
}

fn security(
    arguments: &PeerArguments,
    me: &str,
    partner: &str,
    listen: SocketAddr,
    partner_at: &HostPort,
) -> Result<(Security, Option<String>), String> {
    let PeerArguments { peer_ca, peer_cert, peer_key, peer_plaintext, .. } = arguments;
    if let (Some(ca), Some(certificate), Some(key)) = (peer_ca, peer_cert, peer_key) {
        let files = Files { ca: ca.clone(), certificate: certificate.clone(), key: key.clone() };
        let opened = Credentials::open(files, me, partner);
        let (credentials, warning) =
            opened.map_err(|why| format!("cannot use the pair's certificates: {why}"))?;
        return Ok((Security::Tls(Box::new(credentials)), warning));
    }
    let stays_here = listen.ip().is_loopback() && partner_at.is_loopback();
    if !peer_plaintext && !stays_here {
        return Err(format!(
            "the pair's link from {listen} to {partner_at} leaves this machine, so it needs certificates: \
             give --peer-ca, --peer-cert and --peer-key (`leasehold-server certs` makes them), \
             or --peer-plaintext to go without"
        ));
    }
    Ok((Security::Plain { anywhere: *peer_plaintext }, None))
}

/// The partner of a server that runs.
pub struct Partner {
    /// Absent: this server was started to go on alone.
    link: Option<PeerLink>,
    /// Absent: there is none.
    arbiter: Option<Arbiter>,
    log: Log,
    /// Where the partner is was said on the command line, so no artefact changes it.
    fixed: bool,
    /// The partner's connections as they are: urgent words heard, and said.
    heard_on: bool,
    said_on: bool,
    more: bool,
    shown: Option<State>,
    /// How the artefacts stood when it was said last, and when it is said again.
    accord: Option<(Accord, u64)>,
    /// The number of the sync that was said last.
    synced: u64,
    remind_boot_ms: u64,
    /// It was told to stop, and hands over first.
    leaving: bool,
    /// The partner was told that it may go on alone.
    farewell: bool,
}

impl Partner {
    /// Opens the link.
    pub fn join(joining: Joining, wake: Arc<EventFd>, log: Log) -> Result<Partner, String> {
        let Joining { config: _, settings, warning, fixed, arbiter } = joining;
        if let Some(why) = warning {
            log.say(Level::Warning, "peer-certificates-bad", format_args!("because=\"{why}\""));
        }
        let (partner, at) = (settings.partner.clone(), settings.partner_at.to_string());
        let arbiter =
            arbiter.map(|place| Arbiter::start(place, Arc::clone(&wake), log.clone())).transpose()?;
        let link = PeerLink::start(settings, wake, log.clone())?;
        let details = format_args!("at={} partner={partner} partner-at={at}", link.address);
        log.say(Level::Info, "peer-listening", details);
        Ok(Partner { arbiter, ..Partner::new(Some(link), fixed, log) })
    }

    /// A server of a pair that goes on alone, at its operator's word.
    pub fn absent(log: Log) -> Partner {
        Partner::new(None, true, log)
    }

    fn new(link: Option<PeerLink>, fixed: bool, log: Log) -> Partner {
        Partner {
            link,
            arbiter: None,
            log,
            fixed,
            heard_on: false,
            said_on: false,
            more: false,
            shown: None,
            accord: None,
            synced: 0,
            remind_boot_ms: 0,
            leaving: false,
            farewell: false,
        }
    }

    /// Whether something of what was heard still waits.
    pub fn has_more(&self) -> bool {
        self.more
    }

    /// Takes in what the partner said: all that is urgent, and some of the records.
    pub fn hear(&mut self, now: Now, node: &mut Node, actions: &mut Actions) {
        for answer in self.arbiter.iter().flat_map(Arbiter::answers) {
            node.step(now, Event::Arbiter(answer), actions);
        }
        let Some(link) = &self.link else { return };
        for news in link.news() {
            match news {
                News::Heard(message) => node.step(now, Event::Partner(&message), actions),
                News::Connected { lane: Lane::Control, direction } => match direction {
                    Direction::From => self.heard_on = true,
                    Direction::To => self.said_on = true,
                },
                News::Lost { lane: Lane::Control, direction } => match direction {
                    Direction::From => {
                        self.heard_on = false;
                        node.step(now, Event::PartnerLost, actions);
                    }
                    Direction::To => self.said_on = false,
                },
                News::Connected { lane: Lane::Data, .. } | News::Lost { lane: Lane::Data, .. } => {}
            }
        }
        self.more = true;
        for _ in 0..RECORDS_A_TURN {
            let Some(message) = link.record() else {
                self.more = false;
                return;
            };
            node.step(now, Event::Partner(&message), actions);
        }
    }

    /// Says what the pair has to say.
    pub fn say(&mut self, actions: &mut Actions) {
        for ask in actions.arbiter.drain(..) {
            self.arbiter.iter().for_each(|arbiter| arbiter.ask(ask));
        }
        for parcel in actions.partner.drain(..) {
            let Some(link) = &self.link else { continue };
            if self.leaving && !self.farewell {
                self.farewell = decode(&parcel.bytes).is_ok_and(|message| message.body == Body::Handover);
            }
            link.say(parcel.lane, parcel.bytes);
        }
    }

    /// Begins to hand over, where the partner can take everything over.
    pub fn leave(&mut self, now: Now, node: &mut Node) {
        match node.command(now, Command::Handover) {
            Some(Ok(())) => {
                self.leaving = true;
                self.log.say(Level::Info, "handing-over", "because=\"this server was told to stop\"");
            }
            Some(Err(refusal)) => {
                self.log.say(Level::Info, "not-handing-over", format_args!("because=\"{refusal}\""));
            }
            None => {}
        }
    }

    /// Whether nothing more is to be done for the partner before the program ends: the link says its last words as it is
    /// closed.
    pub fn has_left(&self, now: Now, node: &Node) -> bool {
        let Some(pair) = node.pair().filter(|_| self.leaving && !self.farewell) else { return true };
        let Status { leaving, heard, .. } = pair.status(now);
        !leaving || !heard
    }

    /// Says what became of the pair, and now and then what would free a server that waits.
    pub fn watch(&mut self, now: Now, node: &Node) {
        let Some(pair) = node.pair() else { return };
        self.watch_artefacts(now, pair);
        let state = pair.state();
        if let Some(Synced { number, records, took_ms }) = pair.last_sync()
            && number > self.synced
        {
            self.synced = number;
            self.log.say(Level::Info, "pair-synced", format_args!("records={records} took-ms={took_ms}"));
        }
        if self.shown == Some(state) && now.boot_ms < self.remind_boot_ms {
            return;
        }
        let Status { why, epoch, since_boot_ms, heard, .. } = pair.status(now);
        let name = state.name();
        if self.shown != Some(state) {
            let was = self.shown.map_or("none", State::name);
            let details = format_args!("state={name} was={was} epoch={epoch} because=\"{why}\"");
            self.log.say(Level::Info, "pair-state", details);
        } else if let Some(help) = self.advice(state, pair.facts().amnesic, heard) {
            let seconds = now.boot_ms.saturating_sub(since_boot_ms) / 1000;
            let details = format_args!("state={name} seconds={seconds} because=\"{why}\" help=\"{help}\"");
            self.log.say(Level::Warning, "pair-waits", details);
        }
        self.watch_arbiter(state, pair.arbiter_status(now), epoch);
        self.shown = Some(state);
        self.remind_boot_ms = now.boot_ms + REMIND_MS;
    }

    /// What keeps an arbiter from being of use while all else is well.
    fn watch_arbiter(&self, state: State, arbiter: Option<ArbiterStatus>, epoch: u64) {
        let Some(arbiter) = arbiter.filter(|arbiter| arbiter.heard && state == State::Normal) else { return };
        if self.shown != Some(State::Normal) {
            // Both have just met.
        } else if !arbiter.shared {
            let why = "because=\"the partner goes by no arbiter or by another, so this one lets nobody go on alone\" \
                       help=\"start both servers with the same --arbiter\"";
            self.log.say(Level::Warning, "arbiter-not-shared", why);
        } else if arbiter.row.is_some_and(|(ahead, _)| ahead > epoch) && arbiter.lease_ms == 0 {
            let why = "because=\"its row is of an epoch that neither server knows: of a pair that was made anew\" \
                       help=\"delete the row of this pair from leasehold_arbiter while both servers are normal\"";
            self.log.say(Level::Warning, "arbiter-row-ahead", why);
        }
    }

    /// Says how the two servers' artefacts stand to each other, and again while they differ.
    fn watch_artefacts(&mut self, now: Now, pair: &Pair) {
        let status = pair.artefact_status();
        let (before, again) = self.accord.map_or((None, 0), |(before, again)| (Some(before), again));
        let differ = matches!(status.accord, Accord::Different | Accord::Unknown);
        // Nothing is known before the partner has spoken, and that is no alarm yet.
        let soon = before.is_none() && status.accord != Accord::Agreed;
        if before == Some(status.accord) && (!differ || now.boot_ms < again) {
            return;
        }
        self.accord = Some((status.accord, now.boot_ms + if soon { SETTLE_MS } else { REMIND_MS }));
        let text =
            |digest: Option<Digest>| digest.map_or_else(|| "unknown".to_owned(), |digest| digest.to_string());
        let details = format!(
            "accord={} serving={} partner={} confirmed={} frozen={}",
            status.accord.name(),
            text(status.running),
            text(status.partner_running),
            text(status.agreed),
            status.frozen.map_or_else(|| "all".to_owned(), |count| count.to_string())
        );
        if !differ || soon {
            return self.log.say(Level::Info, "pair-artefacts", details);
        }
        let help = "help=\"what the artefacts say otherwise goes to nobody new until both servers serve the same: \
                    leasehold-server rollout FILE\"";
        self.log.say(Level::Warning, "pair-artefacts-differ", format!("{details} {help}"));
    }

    /// What an operator can do for a server that may do less than it could.
    fn advice(&self, state: State, amnesic: bool, heard: bool) -> Option<&'static str> {
        match state {
            State::Interrupted if self.heard_on || self.said_on => Some(
                "one direction of the link is cut: see peer-unreachable and peer-lost here and at the partner",
            ),
            State::Interrupted => {
                Some("start the partner; only if it is off and stays off: leasehold-server ha partner-down")
            }
            State::Isolated if self.link.is_none() => None,
            State::Isolated => Some(
                "start the partner; only if it is off and stays off: start this server with --standalone",
            ),
            State::Stale if amnesic && heard => Some(
                "wait for the partner's records; if both servers are new, start both once with --new-pair",
            ),
            State::Stale if amnesic => {
                Some("start the partner; if both servers are new, start both once with --new-pair")
            }
            State::Stale => Some("start the partner, which went on alone and has the newer records"),
            State::GivenUp => Some("start the partner, or say: leasehold-server ha resume"),
            State::Starting | State::SoleWait | State::Sole | State::Rejoin | State::Normal => None,
        }
    }

    /// Reads the certificates again.
    pub fn renew(&self) {
        if let Some(link) = &self.link {
            link.renew(None);
        }
    }

    /// Another artefact is served: the partner may be elsewhere.
    pub fn reloaded(&self, said: &HighAvailability) {
        let Some(link) = &self.link else { return };
        let other = said.servers.iter().position(|server| server.name == link.partner());
        let place = other.and_then(|other| said.servers[other].peer_address.parse().ok());
        if let Some(place) = place.filter(|_| !self.fixed) {
            link.renew(Some(place));
        }
    }
}
