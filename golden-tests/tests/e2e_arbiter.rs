//! A pair with an arbiter in a real PostgreSQL and a real MariaDB: who is left alone goes on alone by itself, and a
//! database that is away stops nobody.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "starts programs, talks to them and measures how long they take"
)]

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use leasehold_golden_tests::database::{Database, Kind, PASSWORD};
use leasehold_golden_tests::live_pair::{Live, LivePair, PEER_PORT};
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::relay::Relay;
use leasehold_golden_tests::requirement::{run_waiting, test, trial};
use leasehold_golden_tests::simulated_disk::Dice;
use leasehold_schemas::vocab::Seconds;
use leasehold_server::failover::Side;
use leasehold_server::failover::arbiter::statements::Dialect;
use leasehold_server::failover::arbiter::{Ask, Claim, Held, Wish};
use libtest_mimic::Failed;

type Run = fn(Kind) -> Result<(), Failed>;

fn main() {
    let tests: [(&str, Run); 5] = [
        ("statements_do_what_the_rules_say", statements_do_what_the_rules_say),
        ("who_is_left_alone_goes_on_alone", who_is_left_alone_goes_on_alone),
        ("a_database_that_is_away_stops_nobody", a_database_that_is_away_stops_nobody),
        ("who_reaches_neither_is_fenced", who_reaches_neither_is_fenced),
        ("the_database_is_known_by_its_certificate", the_database_is_known_by_its_certificate),
    ];
    let mut trials =
        vec![test("what_cannot_be_an_arbiter_is_refused", &[], what_cannot_be_an_arbiter_is_refused)];
    for kind in [Kind::Postgres, Kind::Mariadb] {
        trials.extend(tests.iter().map(|(name, run)| {
            let run = *run;
            trial(format!("{kind:?}::{name}").to_lowercase(), &kind.needs(), move || {
                run(kind).map_err(|failed| failed.message().unwrap_or("failed").to_owned())
            })
        }));
    }
    run_waiting(trials);
}

/// Longer than a lease at the arbiter lasts.
fn wait_long(server: &Live, text: &str, from: usize) -> Result<usize, Failed> {
    Ok(server.wait_for(text, from).or_else(|_| server.wait_for(text, from))?)
}

/// A way between two programs that can be cut.
struct Way {
    port: u16,
    cut: Arc<AtomicBool>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(target: SocketAddr) -> io::Result<Way> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let cut = Arc::new(AtomicBool::new(false));
        let open: Arc<Mutex<Vec<TcpStream>>> = Arc::default();
        let (is_cut, streams) = (Arc::clone(&cut), Arc::clone(&open));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if is_cut.load(Ordering::Acquire) {
                    continue;
                }
                let Ok(server) = TcpStream::connect(target) else { continue };
                for (from, to) in [(&client, &server), (&server, &client)] {
                    if let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) {
                        thread::spawn(move || {
                            let _ = io::copy(&mut from, &mut to);
                            let _ = to.shutdown(Shutdown::Write);
                        });
                    }
                }
                streams.lock().expect("nobody panics while holding this").extend([client, server]);
            }
        });
        Ok(Way { port, cut, open })
    }

    fn cut(&self) {
        self.cut.store(true, Ordering::Release);
        for stream in self.open.lock().expect("nobody panics while holding this").drain(..) {
            // It may have ended by itself.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn mend(&self) {
        self.cut.store(false, Ordering::Release);
    }
}

/// A pair whose lead time is short: who is left alone has every address nine seconds later.
fn pair() -> LivePair {
    LivePair::with(|said| said.mclt_secs = Seconds(8))
}

fn password(pair: &LivePair) -> Result<String, Failed> {
    let file = pair.path("password");
    std::fs::write(&file, format!("{PASSWORD}\n"))?;
    Ok(file.display().to_string())
}

/// Waits until both are in step and each knows that the other goes by the same row.
fn wait_until_shared(servers: &[Live; 2]) -> Result<(), Failed> {
    for server in servers {
        server.wait_for("arbiter-reached at=", 0)?;
        server.wait_for("pair-state state=normal ", 0)?;
    }
    // What each has heard of the other is on its disk within a heartbeat or two of the second question.
    thread::sleep(Duration::from_secs(3));
    Ok(())
}

fn who_is_left_alone_goes_on_alone(kind: Kind) -> Result<(), Failed> {
    let database = Database::new(kind)?;
    let pair = pair();
    let (url, file) = (database.url(), password(&pair)?);
    let arguments = ["--arbiter", &url, "--arbiter-password-file", &file];
    let servers = pair.start_new(&arguments)?;
    wait_until_shared(&servers)?;
    let [primary, secondary] = servers;
    let address = Relay::new(1).lease(primary.address)?;
    pair.wait_for_same_leases(1)?;

    let from = secondary.logged();
    let gone = Instant::now();
    primary.kill()?;
    let from = wait_long(&secondary, "pair-state state=sole-wait ", from)?;
    let left_alone = gone.elapsed();
    println!("{kind:?}: alone by the arbiter's word after {} ms", left_alone.as_millis());
    must(
        left_alone > Duration::from_secs(7),
        format!("{left_alone:?} is less than the partner's lease lasts"),
    )?;
    let from = secondary.wait_for("pair-state state=sole ", from)?;
    must(Relay::new(1).reboot(secondary.address, address)? == address, "the client keeps its address")?;
    // More than its own eighth of the pool.
    for client in 2..=40 {
        Relay::new(client).lease(secondary.address)?;
    }
    let row = database.ask("SELECT epoch, sole FROM leasehold_arbiter")?;
    must(row.trim() == "1\t1", format!("the row says who went on alone: {row}"))?;

    let primary = pair.start(0, &arguments)?;
    primary.wait_for("pair-state state=normal ", 0)?;
    secondary.wait_for("pair-state state=normal ", from)?;
    pair.wait_for_same_leases(40)?;
    must(secondary.stop()? == Some(0), "a clean stop")?;
    must(primary.stop()? == Some(0), "a clean stop")
}

fn a_database_that_is_away_stops_nobody(kind: Kind) -> Result<(), Failed> {
    let mut database = Database::new(kind)?;
    let pair = pair();
    let (url, file) = (database.url(), password(&pair)?);
    let arguments = ["--arbiter", &url, "--arbiter-password-file", &file];
    let servers = pair.start_new(&arguments)?;
    wait_until_shared(&servers)?;
    let from = [servers[0].logged(), servers[1].logged()];
    database.kill();
    for (server, from) in servers.iter().zip(from) {
        server.wait_for("arbiter-unreachable because=", from)?;
    }
    // Every lease at the arbiter lapses.
    thread::sleep(Duration::from_secs(12));
    let [primary, secondary] = servers;
    Relay::new(1).lease(primary.address)?;
    pair.wait_for_same_leases(1)?;
    for (server, from) in [&primary, &secondary].into_iter().zip(from) {
        let log = server.log();
        let left = log.lines().skip(from).find(|line| line.contains("pair-state"));
        must(left.is_none(), format!("the pair goes on by its partners' promises: {left:?}"))?;
    }

    // Without both it binds nobody new, and goes on alone when the database is there again.
    let from = secondary.logged();
    primary.kill()?;
    let from = wait_long(&secondary, "pair-state state=isolated ", from)?;
    let stranger = Relay::new(2);
    stranger.socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    must(stranger.lease(secondary.address).is_err(), "nobody new is bound by who is not sovereign")?;
    database.start()?;
    let from = secondary.wait_for("arbiter-reached at=", from)?;
    let from = wait_long(&secondary, "pair-state state=sole-wait ", from)?;
    secondary.wait_for("pair-state state=sole ", from)?;
    Relay::new(3).lease(secondary.address)?;
    must(secondary.stop()? == Some(0), "a clean stop")
}

/// The secondary loses the link and the arbiter, and the primary the link alone.
fn who_reaches_neither_is_fenced(kind: Kind) -> Result<(), Failed> {
    let database = Database::new(kind)?;
    let pair = pair();
    let file = password(&pair)?;
    let to_database = || Way::to(SocketAddr::from(([127, 0, 0, 1], database.port())));
    let to_server = |server: usize| Way::to(SocketAddr::from((pair.address(server), PEER_PORT)));
    let (arbiters, peers) = ([to_database()?, to_database()?], [to_server(1)?, to_server(0)?]);
    let start = |server: usize, more: &[&str]| {
        let url = database.url_by(arbiters[server].port);
        let peer = format!("127.0.0.1:{}", peers[server].port);
        let arguments = ["--arbiter", &url, "--arbiter-password-file", &file, "--peer", &peer];
        pair.start(server, &[&arguments, more].concat())
    };
    let servers = [start(0, &["--new-pair"])?, start(1, &["--new-pair"])?];
    wait_until_shared(&servers)?;
    let [primary, secondary] = &servers;
    Relay::new(1).lease(primary.address)?;
    pair.wait_for_same_leases(1)?;

    // While both reach the arbiter, a cut link leaves both in their rights, and nobody goes on alone.
    let from = [primary.logged(), secondary.logged()];
    peers.iter().for_each(Way::cut);
    for (server, from) in servers.iter().zip(from) {
        server.wait_for("pair-state state=interrupted ", from)?;
    }
    thread::sleep(Duration::from_secs(14));
    for (server, from) in servers.iter().zip(from) {
        let states = server.log().lines().skip(from).filter(|line| line.contains("pair-state")).count();
        must(states == 1, format!("nobody goes on alone: {}", server.log()))?;
    }
    Relay::new(2).lease(primary.address)?;
    Relay::new(3).lease(secondary.address)?;

    let from = [primary.logged(), secondary.logged()];
    arbiters[1].cut();
    let fenced = wait_long(secondary, "pair-state state=isolated ", from[1])?;
    let alone = wait_long(primary, "pair-state state=sole-wait ", from[0])?;
    let alone = primary.wait_for("pair-state state=sole ", alone)?;
    let stranger = Relay::new(4);
    stranger.socket.set_read_timeout(Some(Duration::from_secs(2)))?;
    must(stranger.lease(secondary.address).is_err(), "nobody new is bound by who is fenced")?;
    Relay::new(5).lease(primary.address)?;

    peers.iter().for_each(Way::mend);
    primary.wait_for("pair-state state=normal ", alone)?;
    secondary.wait_for("pair-state state=normal ", fenced)?;
    arbiters[1].mend();
    secondary.wait_for("arbiter-reached at=", fenced)?;
    pair.wait_for_same_leases(4)?;
    Ok(())
}

fn the_database_is_known_by_its_certificate(kind: Kind) -> Result<(), Failed> {
    let mut database = Database::new(kind)?;
    let authority =
        |name: &str| -> Result<(rcgen::Certificate, rcgen::Issuer<'static, rcgen::KeyPair>), Failed> {
            let key = rcgen::KeyPair::generate()?;
            let mut said = rcgen::CertificateParams::new(Vec::new())?;
            said.distinguished_name.push(rcgen::DnType::CommonName, name);
            said.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let certificate = said.self_signed(&key)?;
            Ok((certificate, rcgen::Issuer::new(said, key)))
        };
    let [(right, issuer), (wrong, _)] = [authority("right")?, authority("wrong")?];
    let key = rcgen::KeyPair::generate()?;
    let certificate =
        rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &issuer)?;
    database.kill();
    database.certify(&certificate.pem(), &key.serialize_pem())?;
    database.start()?;
    let pair = pair();
    let (url, file, ca) = (database.url(), password(&pair)?, pair.path("ca.pem"));
    let shown = ca.display().to_string();
    let arguments = ["--arbiter", &url, "--arbiter-password-file", &file, "--arbiter-ca", &shown];
    std::fs::write(&ca, wrong.pem())?;
    let stranger = pair.start(0, &arguments)?;
    stranger.wait_for("arbiter-unreachable because=", 0)?;
    must(!stranger.log().contains("arbiter-reached"), "not by another authority")?;
    stranger.kill()?;
    std::fs::write(&ca, right.pem())?;
    let known = pair.start(0, &arguments)?;
    known.wait_for("arbiter-reached at=", 0)?;
    let encrypted = match kind {
        Kind::Postgres => database.administer(
            "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE ssl AND usename = 'leasehold'",
        )?,
        Kind::Mariadb => database.administer(
            "SELECT count(*) > 0 FROM information_schema.global_status \
             WHERE variable_name = 'SSL_FINISHED_ACCEPTS' AND variable_value > 0",
        )?,
    };
    must(encrypted.trim() == "1", format!("encrypted: {encrypted}"))?;
    known.kill().map_err(Failed::from)
}

/// Nothing is opened for it: each is one line that says what to do.
fn what_cannot_be_an_arbiter_is_refused() -> Result<(), Failed> {
    let pair = pair();
    for (url, more, says) in [
        ("postgres://a:secret@127.0.0.1/b", "", "--arbiter-password-file"),
        ("mysql://a:secret@127.0.0.1/b", "", "--arbiter-password-file"),
        ("postgres://a@db.example.net/b", "", "--arbiter-ca"),
        ("mysql://a@192.0.2.1/b", "", "--arbiter-ca"),
        ("etcd://a@127.0.0.1/b", "", "postgres://USER@HOST/DATABASE"),
        ("postgres://a@127.0.0.1/b", "/dev", "cannot read the arbiter's password"),
    ] {
        let mut command = pair.command(0, &["--arbiter", url])?;
        if !more.is_empty() {
            command.args(["--arbiter-password-file", more]);
        }
        let output = command.output()?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        must(output.status.code() == Some(2), format!("{url}: {:?}: {stderr}", output.status))?;
        must(
            stderr.lines().count() == 1 && stderr.contains(says) && !stderr.contains("secret"),
            format!("{url}: {stderr}"),
        )?;
    }
    Ok(())
}

/// Random questions: the row is what the rules make of it, and so is whether each was granted.
fn statements_do_what_the_rules_say(kind: Kind) -> Result<(), Failed> {
    const PAIR: u64 = 0xfedc_ba98_7654_3210;
    let database = Database::new(kind)?;
    let sql = if kind == Kind::Postgres { Dialect::Postgres } else { Dialect::Mysql };
    let mut dice = Dice(11);
    let mut text = format!("{};\n{};\n{};\n", sql.create(), sql.make(PAIR, 9), sql.make(PAIR, 10));
    let (mut held, mut expected, mut granted) = (Held::new(9), Vec::new(), [0; 2]);
    for number in 0..400 {
        let me = if dice.below(2) == 0 { Side::Primary } else { Side::Standby };
        let row = held.heed(&Ask { number, pair: PAIR, me, wish: Wish::Look { name: 0 } }, 0).row;
        let (mine, other) = (row.halves[me.index()], row.halves[me.other().index()]);
        let near = |dice: &mut Dice, value: u64| match dice.below(6) {
            0 => value + 1,
            1 => value.saturating_sub(1),
            _ => value,
        };
        let claim = Claim {
            turn: near(&mut dice, mine.turn),
            life: near(&mut dice, mine.life),
            life_before: near(&mut dice, mine.life),
            epoch: near(&mut dice, row.epoch),
            // A lease that has lapsed before the next statement, or one that outlives the test.
            lease_ms: if dice.below(2) == 0 { 0 } else { 3_600_000 },
        };
        let wish = match dice.below(2) {
            0 => Wish::Renew { claim, sole: dice.below(2) == 0 },
            _ => Wish::Take { claim, partners_turn: near(&mut dice, other.turn) },
        };
        let ask = Ask { number, pair: PAIR, me, wish };
        // Time passes between statements: more than no time, less than the test takes.
        let reply = held.heed(&ask, number * 10 + 1);
        granted[usize::from(matches!(wish, Wish::Take { .. }))] += u32::from(reply.done);
        let side = reply.row.sole.map_or(-1, |side| i64::try_from(side.index()).expect("one of two"));
        let [one, two] = reply.row.halves;
        let long = |left: u64| u8::from(left > 0);
        expected.push(format!(
            "{} {side} {} {} {} {} {} {}",
            reply.row.epoch,
            one.turn,
            one.life,
            long(one.left_ms),
            two.turn,
            two.life,
            long(two.left_ms)
        ));
        text.push_str(&format!("{};\n{};\n", sql.change(&ask).expect("a change"), sql.look(PAIR)));
    }
    must(granted.iter().all(|count| *count > 20), format!("granted {granted:?}"))?;
    let said = database.ask(&text)?;
    let mut lines = said.lines();
    for (number, expected) in expected.iter().enumerate() {
        let line = lines.next().unwrap_or_default();
        let columns: Vec<i64> = line.split('\t').filter_map(|column| column.parse().ok()).collect();
        let [name, epoch, sole, turn0, life0, left0, turn1, life1, left1] = columns[..] else {
            return Err(format!("question {number}: `{line}`").into());
        };
        let long = |left: i64| u8::from(left > 0);
        let found = format!("{epoch} {sole} {turn0} {life0} {} {turn1} {life1} {}", long(left0), long(left1));
        must(name == 9 && found == *expected, format!("question {number}: {found}, expected {expected}"))?;
    }
    must(lines.next().is_none(), "no more lines than questions")
}
