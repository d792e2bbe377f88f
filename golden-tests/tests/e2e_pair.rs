//! Two real servers on loopback as a pair: what one grants the other knows, and when one is gone the other answers.
#![expect(clippy::disallowed_methods, reason = "measures how long servers take")]

use std::time::{Duration, Instant};

use leasehold_golden_tests::live_pair::LivePair;
use leasehold_golden_tests::loopback::must;
use leasehold_golden_tests::relay::Relay;
use leasehold_golden_tests::requirement::{run_waiting, test};
use libtest_mimic::Failed;

fn main() {
    let tests = vec![
        test("a_killed_primary_is_replaced_and_comes_back", &[], a_killed_primary_is_replaced_and_comes_back),
        test("a_primary_that_hangs_is_replaced_and_comes_back", &[], a_primary_that_hangs_is_replaced),
        test("a_server_that_is_stopped_hands_over", &[], a_server_that_is_stopped_hands_over),
        test("without_a_word_nobody_begins", &[], without_a_word_nobody_begins),
    ];
    run_waiting(tests);
}

fn a_killed_primary_is_replaced_and_comes_back() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&[])?;
    let clients: Vec<Relay> = (1..=5).map(Relay::new).collect();
    let mut addresses = Vec::new();
    for client in &clients {
        addresses.push(client.lease(primary.address)?);
    }
    pair.wait_for_same_leases(5)?;

    let servers = [primary.address, secondary.address];
    let from = secondary.logged();
    primary.kill()?;
    let gone = Instant::now();
    let answered = clients[0].reboot_at_any(&servers, addresses[0], Duration::from_millis(20))?;
    let without_service = gone.elapsed();
    println!("killed: {} ms without service", without_service.as_millis());
    must(answered == servers[1], format!("answered by {answered}"))?;
    must(without_service < Duration::from_secs(1), format!("{without_service:?} without service"))?;
    secondary.wait_for("pair-state state=interrupted ", from)?;

    let from = secondary.logged();
    let primary = pair.start(0, &[])?;
    primary.wait_for("pair-state state=normal ", 0)?;
    secondary.wait_for("pair-state state=normal ", from)?;
    // At new sockets: late answers to what was asked of both may still come to the old ones.
    for (client, address) in (1..=5).map(Relay::new).zip(&addresses) {
        must(client.reboot(primary.address, *address)? == *address, "each client keeps its address")?;
    }
    pair.wait_for_same_leases(5)?;
    must(secondary.stop()? == Some(0), "a clean stop")?;
    must(primary.stop()? == Some(0), "a clean stop")
}

/// Its connections stand and nothing comes on them: only its silence tells.
fn a_primary_that_hangs_is_replaced() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&[])?;
    let servers = [primary.address, secondary.address];
    let client = Relay::new(1);
    let address = client.lease(primary.address)?;
    pair.wait_for_same_leases(1)?;
    let from = secondary.logged();
    primary.signal("STOP")?;
    let gone = Instant::now();
    let answered = client.reboot_at_any(&servers, address, Duration::from_millis(20))?;
    let without_service = gone.elapsed();
    println!("hung: {} ms without service", without_service.as_millis());
    must(answered == servers[1], format!("answered by {answered}"))?;
    must(without_service < Duration::from_secs(2), format!("{without_service:?} without service"))?;
    secondary.wait_for("pair-state state=interrupted ", from)?;
    primary.signal("CONT")?;
    secondary.wait_for("pair-state state=normal ", from)?;
    // It first finds out that it was away; until then a packet may pass unanswered.
    let answered = Relay::new(1).reboot_at_any(&[primary.address], address, Duration::from_millis(100))?;
    must(answered == primary.address, "the primary answers again")
}

/// The partner need not wait for anything: it goes on alone at once, and gives the powers back when it is no longer.
fn a_server_that_is_stopped_hands_over() -> Result<(), Failed> {
    let pair = LivePair::new();
    let [primary, secondary] = pair.start_new(&[])?;
    let client = Relay::new(1);
    let address = client.lease(primary.address)?;
    pair.wait_for_same_leases(1)?;
    let from = secondary.logged();
    must(primary.stop()? == Some(0), "a clean stop")?;
    let from = secondary.wait_for("pair-state state=sole ", from)?;
    must(client.reboot(secondary.address, address)? == address, "the client keeps its address")?;
    // Alone, it uses its partner's addresses too: more than its own eighth of the pool.
    for client in 2..=40 {
        Relay::new(client).lease(secondary.address)?;
    }
    let primary = pair.start(0, &[])?;
    primary.wait_for("pair-state state=normal ", 0)?;
    secondary.wait_for("pair-state state=normal ", from)?;
    Ok(pair.wait_for_same_leases(40)?)
}

/// An empty directory is a lost disk unless an operator says that the pair is new: both wait, and say what for.
fn without_a_word_nobody_begins() -> Result<(), Failed> {
    let pair = LivePair::new();
    let servers = [pair.start(0, &[])?, pair.start(1, &[])?];
    for server in &servers {
        server.wait_for("start both once with --new-pair", 0)?;
        server.wait_for("pair-state state=stale ", 0)?;
    }
    Ok(())
}
