//! The first command of the README: `cargo run --release --bin leasehold-demo`.
//!
//! Builds the programs, compiles `sites/`, starts the server on loopback without root, leases an address to two
//! relayed clients, shows which line of YAML gave each value, and stops the server.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "this is a shell: it starts programs and reads files"
)]

use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::Instant;

use leasehold_compiler::Cache;
use leasehold_compiler::why::{Ground, Question, WhyLook, answer, human};
use leasehold_golden_tests::binaries::binary;
use leasehold_golden_tests::case;
use leasehold_golden_tests::demonstration::{Ask, Client, Exchange, Wish};
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

    heading("serve it on loopback");
    let begin = Instant::now();
    let mut server = Server::start(&file, &folder.path().join("leases"))?;
    println!("{} (ready in {:.0} ms)", server.ready.trim(), begin.elapsed().as_secs_f64() * 1e3);

    let mut sources = case::estate(&sites);
    "sites/".clone_into(&mut sources.prefix);
    let today = Date::new(2026, 1, 1).expect("a constant date is a date");
    let compilation = leasehold_compiler::compile(&sources, &mut Cache::default(), today);
    let ground =
        Ground::of_compilation(&compilation, &sources).ok_or("the example estate did not compile")?;
    let client = Client::open(server.address)?;
    let (newcomer, known) = choose(&estate).ok_or("the example estate has no client to show")?;
    for (title, ask) in [("a Windows client that nobody reserved", newcomer), ("a reserved device", known)] {
        heading(title);
        let acknowledged = lease(&client, &ask)?;
        tell(&ground, server.address, acknowledged)?;
    }
    heading("stop");
    server.stop()?;
    println!("the server ended cleanly; artefact {digest}");
    Ok(())
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
fn tell(ground: &Ground<'_>, server: SocketAddrV4, acknowledged: Exchange) -> Result<(), String> {
    let from = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 67);
    let meta = Meta { from, local: *server.ip(), interface: 0, unicast: true };
    let config = Config { server_id: Some(*server.ip()), ..Config::default() };
    let why = answer(ground, &Question { meta, config, octets: acknowledged.sent });
    print!("{}", human(&why, WhyLook::default()));
    match why.reply {
        Some(reply) if reply.octets.0 == acknowledged.reply.octets => Ok(()),
        Some(_) | None => Err("the answer explained is not the answer that came".to_owned()),
    }
}

/// The server, ended with the value.
struct Server {
    child: Child,
    ready: String,
    address: SocketAddrV4,
}

impl Server {
    fn start(artefact: &Path, data: &Path) -> Result<Server, String> {
        let mut command = Command::new(binary("leasehold-server")?);
        command.args(["run", "--node", "primary", "--standalone", "--listen", "127.0.0.1:0", "--config"]);
        command.arg(artefact).arg("--data-dir").arg(data);
        let mut child = command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start the server: {error}"))?;
        let mut ready = String::new();
        let pipe = child.stdout.take().expect("standard output is piped");
        BufReader::new(pipe)
            .read_line(&mut ready)
            .map_err(|error| format!("cannot hear the server: {error}"))?;
        let address = ready.split_whitespace().find_map(|word| word.trim_end_matches(',').parse().ok());
        let address = address.ok_or_else(|| format!("the server did not say where it listens: {ready}"))?;
        Ok(Server { child, ready, address })
    }

    fn stop(&mut self) -> Result<(), String> {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        if !told.is_ok_and(|status| status.success()) {
            return Err("the server could not be told to stop".to_owned());
        }
        let status = self.child.wait().map_err(|error| format!("the server's end is unknown: {error}"))?;
        if status.success() { Ok(()) } else { Err(format!("the server ended with {status}")) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has ended already where all went well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
