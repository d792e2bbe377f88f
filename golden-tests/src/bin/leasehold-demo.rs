//! The first command of the README: `cargo run --release --bin leasehold-demo`.
//!
//! Builds the programs, compiles `sites/`, starts the pair of servers on loopback without root, leases an address to
//! two relayed clients, shows which line of YAML gave each value, kills the primary, shows the secondary answering and
//! the primary returning, and stops both.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a shell: it starts programs and reads files"
)]

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpListener};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

use leasehold_compiler::Cache;
use leasehold_compiler::why::{Ground, Question, WhyLook, answer, human};
use leasehold_golden_tests::binaries::binary;
use leasehold_golden_tests::case;
use leasehold_golden_tests::demonstration::{Ask, Client, Exchange, Reply, Wish};
use leasehold_golden_tests::live_pair::Live;
use leasehold_schemas::artefact;
use leasehold_schemas::vocab::Date;
use leasehold_server::serve::{Config, Meta};

fn main() -> ExitCode {
    match demonstrate() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("leasehold-demo: {error}");
            ExitCode::from(2)
        }
    }
}

fn demonstrate() -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| format!("cannot make a temporary folder: {error}"))?;
    let file = folder.path().join("estate.json");
    heading("build the programs (the first time takes a few minutes)");
    binary("leasehold-server")?;
    heading("compile sites/");
    let sites = case::repository().join("sites");
    let compiler =
        Command::new(binary("leasehold")?).arg("compile").arg(&sites).arg("-o").arg(&file).status();
    if !compiler.is_ok_and(|status| status.success()) {
        return Err("the example estate did not compile".to_owned());
    }
    let bytes = std::fs::read(&file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let (estate, digest) = artefact::decode(&bytes).map_err(|error| error.to_string())?;
    println!("{} bytes, {digest}", bytes.len());

    heading("serve it on loopback, by two servers");
    let pair =
        Pair { artefact: file, folder: folder.path().to_owned(), ports: [free_port(0)?, free_port(1)?] };
    let begin = Instant::now();
    let (primary, secondary) = (pair.start(0, &["--new-pair"])?, pair.start(1, &["--new-pair"])?);
    for server in [&primary, &secondary] {
        println!("{}", server.ready.trim());
        server.wait_until_agreed()?;
    }
    println!("both are in step {:.0} ms after the first was started", milliseconds(begin));

    let mut sources = case::estate(&sites);
    "sites/".clone_into(&mut sources.prefix);
    let today = Date::new(2026, 1, 1).expect("a constant date is a date");
    let compilation = leasehold_compiler::compile(&sources, &mut Cache::default(), today);
    let ground =
        Ground::of_compilation(&compilation, &sources).ok_or("the example estate did not compile")?;
    let client = Client::open(&[address(&primary)?, address(&secondary)?])?;
    let (newcomer, known) = choose(&estate).ok_or("the example estate has no client to show")?;
    for (title, ask) in [("a Windows client that nobody reserved", &newcomer), ("a reserved device", &known)]
    {
        heading(title);
        let acknowledged = lease(&client, ask)?;
        tell(&ground, acknowledged)?;
    }

    let (primary, client) = fail_over(&pair, primary, &secondary, &newcomer)?;
    heading("the primary is back");
    let acknowledged = lease(&client, &Ask { mac: [2, 0, 0, 0xde, 0x30, 3], xid: 0x1ea5_e404, ..newcomer })?;
    let by = acknowledged.reply.address_option(54).ok_or("the ACK names no server")?;
    println!("the {} answered", if by == LISTEN[0] { "primary" } else { "secondary" });

    heading("stop");
    for server in [secondary, primary] {
        match server.stop()? {
            Some(0) => {}
            status => return Err(format!("a server ended with {status:?}")),
        }
    }
    println!("both servers ended cleanly; artefact {digest}");
    Ok(())
}

/// Kills the primary, leases from the secondary, and starts the primary again; gives it, and a relay that knows where
/// both are now.
fn fail_over(pair: &Pair, primary: Live, secondary: &Live, newcomer: &Ask) -> Result<(Live, Client), String> {
    heading("kill -9 the primary");
    let logged = secondary.logged();
    let client = Client::open(&[address(&primary)?, address(secondary)?])?;
    let begin = Instant::now();
    primary.kill()?;
    let acknowledged =
        lease(&client, &Ask { mac: [2, 0, 0, 0xde, 0x30, 2], xid: 0x1ea5_e403, ..newcomer.clone() })?;
    if acknowledged.reply.address_option(54) != Some(LISTEN[1]) {
        return Err("the ACK is not the secondary's".to_owned());
    }
    println!("the secondary acknowledged {:.0} ms after the kill", milliseconds(begin));
    let logged = secondary.wait_for("pair-state state=interrupted ", logged)?;

    heading("start the primary again");
    let begin = Instant::now();
    let primary = pair.start(0, &[])?;
    primary.wait_for("pair-state state=normal ", 0)?;
    secondary.wait_for("pair-state state=normal ", logged)?;
    println!("it has every lease, and both are in step, {:.0} ms after it was started", milliseconds(begin));
    let client = Client::open(&[address(&primary)?, address(secondary)?])?;
    Ok((primary, client))
}

fn milliseconds(begin: Instant) -> f64 {
    begin.elapsed().as_secs_f64() * 1e3
}

fn heading(text: &str) {
    println!("\n== {text}");
}

/// A client without a reservation, and one with.
fn choose(estate: &artefact::Estate) -> Option<(Ask, Ask)> {
    let relay = Ipv4Addr::LOCALHOST;
    let subnets = || estate.sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
    let open = subnets().find(|subnet| !subnet.pools.is_empty() && subnet.only.is_empty())?;
    let newcomer = Ask {
        mac: [0x02, 0, 0, 0xde, 0x30, 0x01],
        user_class: Some("W10PROD"),
        link: open.subnet.network(),
        relay,
        xid: 0x1ea5_e401,
    };
    let (subnet, mac) = subnets().find_map(|subnet| {
        let mac = subnet.reservations.iter().find_map(|reservation| match &reservation.identifier {
            artefact::Identifier::Mac(mac) if reservation.address.is_some() => mac.octets().try_into().ok(),
            artefact::Identifier::Mac(_)
            | artefact::Identifier::ClientId(_)
            | artefact::Identifier::CircuitId(_)
            | artefact::Identifier::RemoteId(_)
            | artefact::Identifier::Duid(_) => None,
        })?;
        Some((subnet, mac))
    })?;
    let known = Ask { mac, user_class: None, link: subnet.subnet.network(), relay, xid: 0x1ea5_e402 };
    Some((newcomer, known))
}

/// DISCOVER to ACK, each packet printed; returns the last.
fn lease(client: &Client, ask: &Ask) -> Result<Exchange, String> {
    let offered = client.exchange(ask, Wish::Discover)?;
    let [address, server] = [Some(offered.reply.address), offered.reply.address_option(54)];
    let (Some(address), Some(server)) = (address, server) else {
        return Err("the OFFER names no server".to_owned());
    };
    let mac: Vec<String> = ask.mac.iter().map(|octet| format!("{octet:02x}")).collect();
    let class = ask.user_class.map_or_else(String::new, |class| format!(", user class {class}"));
    println!("-> DISCOVER from {}{class}, link {}", mac.join(":"), ask.link);
    println!("<- OFFER    {address} by {server} after {} us", offered.took.as_micros());
    let acknowledged = client.exchange(ask, Wish::Select(address, server))?;
    println!("-> REQUEST  {address} of {server}");
    let kind = acknowledged.reply.option(53);
    if kind != Some(&[5]) {
        return Err(format!("the REQUEST was answered with message type {kind:?}, not with an ACK"));
    }
    let after = acknowledged.took.as_micros();
    println!("<- ACK      {} after {after} us, on disk before it was sent\n", acknowledged.reply.address);
    Ok(acknowledged)
}

/// Each value of the ACK with the line that gave it, by the code of `leasehold why`; what it builds is what came.
fn tell(ground: &Ground<'_>, acknowledged: Exchange) -> Result<(), String> {
    let local = acknowledged.reply.address_option(54).ok_or("the ACK names no server")?;
    let from = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 67);
    let meta = Meta { from, local, interface: 0, unicast: true };
    let config = Config { server_id: Some(local), ..Config::default() };
    let why = answer(ground, &Question { meta, config, octets: acknowledged.sent });
    print!("{}", human(&why, WhyLook::default()));
    let Some(reply) = why.reply else { return Err("the answer that came is not explained".to_owned()) };
    if reply.octets.0 == acknowledged.reply.octets {
        return Ok(());
    }
    // A server of a pair counts the lease down to the moment at which the answer leaves, in whole seconds; and before its
    // partner has promised to believe it, it tells no more than the lead time.
    let lease = |octets: &[u8]| -> Option<u32> {
        let xid = octets.get(4..8)?.try_into().ok().map(u32::from_be_bytes)?;
        Some(u32::from_be_bytes(Reply::read(octets, xid)?.option(51)?.try_into().ok()?))
    };
    if let (Some(told), Some(whole)) = (lease(&acknowledged.reply.octets), lease(&reply.octets.0))
        && told < whole
    {
        println!("the pair told {told} s of {whole} s; a renewal gets the rest");
        return Ok(());
    }
    Err("the answer explained is not the answer that came".to_owned())
}

/// Where the servers listen, each at an address of its own, which option 54 names.
const LISTEN: [Ipv4Addr; 2] = [Ipv4Addr::new(127, 0, 0, 1), Ipv4Addr::new(127, 0, 0, 2)];
/// Their names in the example estate.
const NODES: [&str; 2] = ["primary", "secondary"];

/// What the two servers are started with.
struct Pair {
    artefact: PathBuf,
    folder: PathBuf,
    /// Where each takes its partner's connections.
    ports: [u16; 2],
}

impl Pair {
    fn start(&self, at: usize, more: &[&str]) -> Result<Live, String> {
        let mut command = Command::new(binary("leasehold-server")?);
        command.args(["run", "--node", NODES[at], "--listen", &format!("{}:0", LISTEN[at]), "--config"]);
        command.arg(&self.artefact).arg("--data-dir").arg(self.folder.join(NODES[at]));
        let place = |at: usize| format!("{}:{}", LISTEN[at], self.ports[at]);
        command.args(["--peer-listen", &place(at), "--peer", &place(1 - at)]).args(more);
        Live::start(command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()))
    }
}

/// A port that nobody uses at this moment.
fn free_port(at: usize) -> Result<u16, String> {
    let probe = TcpListener::bind((LISTEN[at], 0)).and_then(|listener| listener.local_addr());
    probe.map(|address| address.port()).map_err(|error| format!("no port is free on {}: {error}", LISTEN[at]))
}

/// Where a server takes packets.
fn address(server: &Live) -> Result<SocketAddrV4, String> {
    match server.address {
        SocketAddr::V4(address) => Ok(address),
        SocketAddr::V6(address) => {
            Err(format!("the server listens at {address}, which no DHCPv4 relay reaches"))
        }
    }
}
