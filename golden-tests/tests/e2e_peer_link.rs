//! The connections of a pair between real servers: who is let in, by which certificate, in which version, and through
//! what lies between.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};
use std::thread;

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::live_pair::{Live, LivePair, NODES, PEER_PORT};
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::relay::{PATIENCE, Relay};
use leasehold_golden_tests::requirement::{run_waiting, test};
use leasehold_server::failover::preface::{HEAD, Lane, Preface, Refused, Versions, Welcome, head};
use libtest_mimic::Failed;

fn main() {
    let tests = vec![
        test("certificates_are_made_once_and_renewed", &[], certificates_are_made_once_and_renewed),
        test(
            "a_pair_with_certificates_renews_them_as_it_runs",
            &[],
            a_pair_with_certificates_renews_them_as_it_runs,
        ),
        test("who_is_of_another_authority_is_refused", &[], who_is_of_another_authority_is_refused),
        test("certificates_that_cannot_do_are_met_at_the_start", &[], certificates_that_cannot_do),
        test("plain_text_stays_on_this_machine", &[], plain_text_stays_on_this_machine),
        test("a_partner_behind_a_load_balancer_may_move", &[], a_partner_behind_a_load_balancer_may_move),
        test("versions_are_agreed_on_or_refused_by_name", &[], versions_are_agreed_on_or_refused_by_name),
        test("strangers_are_turned_away", &[], strangers_are_turned_away),
    ];
    run_waiting(tests);
}

fn certs(directory: &Path, more: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    command.arg("certs").arg(directory).args(["--node", "primary", "--node", "secondary"]).args(more);
    Ok(command.output()?)
}

fn made(directory: &Path, more: &[&str]) -> Result<(), Failed> {
    let output = certs(directory, more)?;
    must(output.status.success(), String::from_utf8_lossy(&output.stderr))
}

/// What a server is told of the certificates in a folder.
fn by(directory: &Path, server: usize) -> Vec<String> {
    let file = |name: String| directory.join(name).display().to_string();
    let node = NODES[server];
    vec![
        "--peer-ca".to_owned(),
        file("ca.pem".to_owned()),
        "--peer-cert".to_owned(),
        file(format!("{node}.pem")),
        "--peer-key".to_owned(),
        file(format!("{node}.key")),
    ]
}

fn start_new(pair: &LivePair, server: usize, arguments: &[String]) -> Result<Live, String> {
    let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    words.push("--new-pair");
    pair.start(server, &words)
}

/// Does not start: exit code 2, and one line that holds `says`.
fn refuses(pair: &LivePair, server: usize, arguments: &[String], says: &str) -> Result<(), Failed> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let output = pair.command(server, &words)?.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    must(output.status.code() == Some(2), format!("{:?}: {stderr}", output.status))?;
    must(stderr.lines().count() == 1 && stderr.contains(says), format!("expected `{says}`: {stderr}"))
}

fn certificates_are_made_once_and_renewed() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let directory = folder.path().join("certs");
    made(&directory, &[])?;
    let mode = |name: &str| -> Result<u32, Failed> {
        Ok(fs::metadata(directory.join(name))?.permissions().mode() & 0o777)
    };
    for name in ["ca.key", "primary.key", "secondary.key"] {
        must(mode(name)? == 0o600, format!("{name} is readable for others: {:o}", mode(name)?))?;
    }
    let read = |name: &str| fs::read(directory.join(name));
    let (ca, key, certificate) = (read("ca.pem")?, read("primary.key")?, read("primary.pem")?);
    let again = certs(&directory, &[])?;
    let said = String::from_utf8_lossy(&again.stderr);
    must(again.status.code() == Some(2) && said.contains("is there already; give --renew"), said)?;
    must(read("primary.key")? == key && read("ca.pem")? == ca, "nothing is written over")?;
    made(&directory, &["--renew", "--days", "30"])?;
    must(read("ca.pem")? == ca, "the authority stays")?;
    must(read("primary.key")? != key && read("primary.pem")? != certificate, "key and certificate are new")?;
    fs::remove_file(directory.join("ca.key"))?;
    let without = certs(&directory, &["--renew"])?;
    let said = String::from_utf8_lossy(&without.stderr);
    must(without.status.code() == Some(2) && said.contains("cannot read the authority's key"), said)
}

fn a_pair_with_certificates_renews_them_as_it_runs() -> Result<(), Failed> {
    let pair = LivePair::new();
    let directory = pair.path("certs");
    made(&directory, &[])?;
    let servers = [start_new(&pair, 0, &by(&directory, 0))?, start_new(&pair, 1, &by(&directory, 1))?];
    servers.iter().try_for_each(Live::wait_until_agreed)?;
    Relay::new(1).lease(servers[0].address)?;
    pair.wait_for_same_leases(1)?;

    // New connections take the place of the old ones, and neither server notices a gap.
    let logged = servers.each_ref().map(Live::logged);
    made(&directory, &["--renew"])?;
    for (server, from) in servers.iter().zip(logged) {
        // Its partner's new connections may have made it look at its files before.
        server.signal("HUP")?;
        server.wait_for("peer-certificates-renewed", from)?;
        server.wait_for("peer-connected lane=control direction=to ", from)?;
        server.wait_for("peer-connected lane=data direction=to ", from)?;
    }
    Relay::new(2).lease(servers[0].address)?;
    pair.wait_for_same_leases(2)?;

    // What is bad stays outside.
    fs::write(directory.join("primary.pem"), "-----BEGIN")?;
    let from = servers[0].logged();
    servers[0].signal("HUP")?;
    servers[0].wait_for("peer-certificates-bad", from)?;
    Relay::new(3).lease(servers[0].address)?;
    pair.wait_for_same_leases(3)?;
    for server in &servers {
        must(!server.log().contains("peer-lost"), server.log())?;
        must(server.log().matches("pair-state state=normal ").count() == 1, server.log())?;
    }
    Ok(())
}

fn who_is_of_another_authority_is_refused() -> Result<(), Failed> {
    let pair = LivePair::new();
    let (one, other) = (pair.path("certs"), pair.path("others"));
    made(&one, &[])?;
    made(&other, &[])?;
    let primary = start_new(&pair, 0, &by(&one, 0))?;
    let secondary = start_new(&pair, 1, &by(&other, 1))?;
    for server in [&primary, &secondary] {
        server.wait_for("peer-unreachable because=\"its certificate is not of this pair's authority", 0)?;
    }
    drop(secondary);
    // In plain text it is not let in either, and hears why.
    let plain = start_new(&pair, 1, &[])?;
    primary.wait_for("peer-refused because=\"it speaks plain text", 0)?;
    plain.wait_for("peer-refused because=\"it speaks TLS", 0)?;
    drop(plain);
    let secondary = start_new(&pair, 1, &by(&one, 1))?;
    primary.wait_for("pair-state state=normal ", 0)?;
    secondary.wait_for("pair-state state=normal ", 0)?;
    Ok(())
}

fn certificates_that_cannot_do() -> Result<(), Failed> {
    let pair = LivePair::new();
    let (one, other) = (pair.path("certs"), pair.path("others"));
    made(&one, &[])?;
    made(&other, &[])?;
    let with = |flag: usize, path: PathBuf| {
        let mut words = by(&one, 0);
        words[flag] = path.display().to_string();
        words
    };
    refuses(&pair, 0, &by(&one, 1), "it is not for `primary`")?;
    refuses(&pair, 0, &with(1, other.join("ca.pem")), "is not of this pair's authority")?;
    refuses(&pair, 0, &with(5, one.join("secondary.key")), "the key is not the certificate's")?;
    refuses(&pair, 0, &with(3, one.join("absent.pem")), "cannot read ")?;
    refuses(&pair, 0, &with(3, one.join("primary.key")), "holds no certificate in PEM")?;
    refuses(&pair, 0, &with(5, PathBuf::from("/dev/zero")), "is not a file of certificates or a key")?;
    must(!pair.data(0).exists(), "they are met before the data directory is made")
}

fn plain_text_stays_on_this_machine() -> Result<(), Failed> {
    let pair = LivePair::new();
    let words = |words: &[&str]| -> Vec<String> { words.iter().map(|word| (*word).to_owned()).collect() };
    let says = "leaves this machine, so it needs certificates";
    refuses(&pair, 0, &words(&["--peer", "192.0.2.1:8647"]), says)?;
    refuses(&pair, 0, &words(&["--peer", "dhcp-b.example.internal:8647"]), says)?;
    refuses(&pair, 0, &words(&["--peer-listen", "0.0.0.0:8647"]), says)?;
    // At the operator's word it may leave; nobody answers at this address (RFC 5737).
    let primary = start_new(&pair, 0, &words(&["--peer", "192.0.2.1:8647", "--peer-plaintext"]))?;
    primary.wait_for("peer-unreachable ", 0)?;
    must(primary.stop()? == Some(0), "a clean stop")
}

/// A load balancer of the simplest kind: it passes octets on to wherever it is told.
struct Balancer {
    address: SocketAddr,
    target: Arc<Mutex<Option<SocketAddr>>>,
}

impl Balancer {
    fn new() -> io::Result<Balancer> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let target = Arc::new(Mutex::new(None));
        let chosen = Arc::clone(&target);
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let target = *chosen.lock().expect("nobody panics while holding this");
                // Without a server behind it, it takes a connection and closes it.
                let Some(Ok(server)) = target.map(TcpStream::connect) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    if let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) {
                        thread::spawn(move || pass_on(&from, &to));
                    }
                }
            }
        });
        Ok(Balancer { address, target })
    }

    fn lead_to(&self, target: SocketAddr) {
        *self.target.lock().expect("nobody panics while holding this") = Some(target);
    }
}

fn pass_on(mut from: &TcpStream, mut to: &TcpStream) {
    let _ = io::copy(&mut from, &mut to);
    let _ = to.shutdown(Shutdown::Write);
}

/// Where a server takes its partner's connections.
fn peer_port(server: &Live) -> Result<SocketAddr, Failed> {
    let at = server.wait_for("peer-listening at=", 0)?;
    let log = server.log();
    let line = log.lines().nth(at - 1).unwrap_or_default();
    let address = line.split("at=").nth(1).and_then(|rest| rest.split(' ').next()?.parse().ok());
    address.ok_or_else(|| format!("no address in `{line}`").into())
}

fn a_partner_behind_a_load_balancer_may_move() -> Result<(), Failed> {
    let pair = LivePair::new();
    let directory = pair.path("certs");
    made(&directory, &[])?;
    let balancers = [Balancer::new()?, Balancer::new()?];
    let arguments = |server: usize| {
        let mut words = by(&directory, server);
        // By name: it is looked up for every connection.
        let partner = format!("localhost:{}", balancers[1 - server].address.port());
        words.extend(["--peer-listen".to_owned(), "127.0.0.1:0".to_owned(), "--peer".to_owned(), partner]);
        words
    };
    let primary = start_new(&pair, 0, &arguments(0))?;
    let secondary = start_new(&pair, 1, &arguments(1))?;
    balancers[0].lead_to(peer_port(&primary)?);
    balancers[1].lead_to(peer_port(&secondary)?);
    primary.wait_until_agreed()?;
    Relay::new(1).lease(primary.address)?;
    pair.wait_for_same_leases(1)?;

    let from = primary.logged();
    let before = peer_port(&secondary)?;
    secondary.kill()?;
    primary.wait_for("pair-state state=interrupted ", from)?;
    let words: Vec<String> = arguments(1);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let secondary = pair.start(1, &words)?;
    must(peer_port(&secondary)? != before, "the partner is at another port now")?;
    balancers[1].lead_to(peer_port(&secondary)?);
    primary.wait_for("pair-state state=normal ", from)?;
    secondary.wait_for("pair-state state=normal ", 0)?;
    Ok(())
}

fn said<T>(
    stream: &mut TcpStream,
    decode: fn(&[u8]) -> Result<T, leasehold_server::failover::preface::NotOurs>,
) -> Result<T, Failed> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut begin = [0; HEAD];
    stream.read_exact(&mut begin)?;
    let mut fields = vec![0; head(&begin)?];
    stream.read_exact(&mut fields)?;
    Ok(decode(&fields)?)
}

/// A partner of another release, as far as its first words go.
fn versions_are_agreed_on_or_refused_by_name() -> Result<(), Failed> {
    let pair = LivePair::new();
    let partner = TcpListener::bind((pair.address(1), PEER_PORT))?;
    let primary = start_new(&pair, 0, &[])?;
    let (mut heard, _) = partner.accept()?;
    let preface = said(&mut heard, Preface::decode)?;
    must((preface.from.as_str(), preface.to.as_str()) == ("primary", "secondary"), format!("{preface:?}"))?;
    let later = Versions { min: 8, max: 9 };
    let refusal = Welcome { versions: later, from: "secondary".to_owned(), verdict: Err(Refused::Version) };
    heard.write_all(&refusal.encode())?;
    primary.wait_for(
        "peer-unreachable because=\"no version of the protocol is spoken by both: `secondary` speaks 8-9",
        0,
    )?;

    let answer = |versions: Versions, change: &dyn Fn(&mut Preface)| -> Result<Welcome, Failed> {
        let mut stream = TcpStream::connect((pair.address(0), PEER_PORT))?;
        let mut mine =
            Preface { versions, from: "secondary".to_owned(), to: "primary".to_owned(), ..preface.clone() };
        change(&mut mine);
        stream.write_all(&mine.encode())?;
        said(&mut stream, Welcome::decode)
    };
    must(answer(later, &|_| {})?.verdict == Err(Refused::Version), "a later release only is refused")?;
    primary.wait_for(
        "peer-refused because=\"`secondary` wants to reach `primary` by version 8-9: no version",
        0,
    )?;
    // The servers are upgraded one after the other: the newer one goes on in the older one's version.
    let both = Versions { min: 1, max: 9 };
    must(answer(both, &|_| {})?.verdict == Ok(preface.versions.max), "the highest that both speak")?;
    primary.wait_for("peer-connected lane=control direction=from ", 0)?;
    must(answer(both, &|mine| mine.lane = Lane::Data)?.verdict.is_ok(), "on either lane")?;
    must(answer(both, &|mine| mine.pair ^= 1)?.verdict == Err(Refused::Pair), "another estate's")?;
    must(answer(both, &|mine| mine.to = "secondary".into())?.verdict == Err(Refused::To), "a wrong address")?;
    must(answer(both, &|mine| mine.from = "primary".into())?.verdict == Err(Refused::From), "itself")
}

/// Whoever else knocks is closed out; the log says so, and no more often than it needs.
fn strangers_are_turned_away() -> Result<(), Failed> {
    let pair = LivePair::new();
    let primary = start_new(&pair, 0, &[])?;
    for _ in 0..20 {
        for octets in
            [&b"GET / HTTP/1.1\r\n\r\n"[..], &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3], b"LEASEHLD\xff\xff", b""]
        {
            let mut stream = TcpStream::connect((pair.address(0), PEER_PORT))?;
            stream.write_all(octets)?;
            // It may have gone already; and what it was not going to read may come back as a reset.
            let _ = stream.shutdown(Shutdown::Write);
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            must(answer.is_empty(), format!("{octets:?} was answered"))?;
        }
    }
    for why in [
        "does not speak the protocol of a pair",
        "it speaks TLS",
        "the length of the other end's first words",
    ] {
        primary.wait_for(why, 0)?;
        must(primary.log().matches(why).count() == 1, primary.log())?;
    }
    must(primary.stop()? == Some(0), "a clean stop")
}
