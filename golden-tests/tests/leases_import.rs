//! A real Kea leases addresses and is stopped; `leases import` reads its files, and every client keeps its address at
//! Leasehold: at a single server, and at a pair whose standby begins with nothing.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::process::Command;

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::live_kea::{Client, KEA, LiveKea, relay};
use leasehold_golden_tests::live_pair::{LivePair, NODES};
use leasehold_golden_tests::loopback::{Place, must, ready, refuses};
use leasehold_golden_tests::requirement::{Requirement, run_waiting, test};
use leasehold_schemas::artefact::{Estate, encode};
use libtest_mimic::Failed;
use serde_json::{Value, json};

/// The subnet that Kea and Leasehold serve: addresses of this machine.
const LINK: Ipv4Addr = Ipv4Addr::new(127, 20, 0, 0);
const PREFIX: &str = "127.20.0.0/18";
const POOL: &str = "127.20.1.0 - 127.20.40.255";

/// Clients that lease an address from Kea.
const CLIENTS: u16 = 5_000;
/// Those of them, from the first on, that renew there, so that their leases are written twice.
const RENEWED: usize = 200;
/// Those behind them that release their address, and behind those that decline it.
const RELEASED: usize = 50;
const DECLINED: usize = 10;

fn main() {
    let tests = vec![
        test("every_client_of_kea_keeps_its_address", &[KEA], every_client_keeps_its_address),
        test("clients_renew_from_their_own_addresses", &[KEA, Requirement::Root], clients_renew_alone),
        test("a_pair_begins_with_keas_leases", &[KEA], a_pair_begins_with_keas_leases),
        test("what_cannot_be_imported_says_why", &[], what_cannot_be_imported),
    ];
    run_waiting(tests);
}

fn sites() -> Value {
    json!([{"code": "A", "name": null, "reservations": [], "networks": [
        {"name": "n", "relays": [], "only": [], "subnets": [
            {"subnet": PREFIX, "id": 7, "only": [], "values": 0, "meanings": 0,
             "pools": [{"ranges": [POOL], "only": []}], "reservations": []}]}]}])
}

/// The estate of a single server.
fn estate() -> Estate {
    let estate = json!({"name": "moved", "high_availability": null, "classes": [], "meanings": [[]],
        "value_sets": [{"options": [], "parameters": {}}], "reservations": [], "sites": sites()});
    serde_json::from_value(estate).expect("an estate")
}

/// The same for Kea.
fn subnets() -> Value {
    json!([{"id": 7, "subnet": PREFIX, "pools": [{"pool": POOL}]}])
}

/// Kea, and clients with leases of it.
fn leased(folder: &Path, count: u16) -> Result<(LiveKea, Vec<Client>, UdpSocket), String> {
    let kea = LiveKea::start(folder, &subnets())?;
    let relay = relay()?;
    let mut clients: Vec<Client> = (0..count).map(Client::new).collect();
    for client in &mut clients {
        client.lease(&relay, kea.address, LINK)?;
    }
    Ok((kea, clients, relay))
}

/// `leases import`, not started yet.
fn import(file: &Path, artefact: &Path, node: &str, data: &Path) -> Result<Command, String> {
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    command.args(["leases", "import", "--node", node]).arg(file).arg("--config").arg(artefact);
    command.arg("--data-dir").arg(data);
    Ok(command)
}

/// What a command prints; it must succeed.
fn said(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|why| why.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(text) } else { Err(format!("{}: {text}{errors}", output.status)) }
}

fn every_client_keeps_its_address() -> Result<(), Failed> {
    let place = Place::new();
    fs::write(place.path("artefact.json"), encode(&estate()).0)?;
    let folder = tempfile::tempdir()?;
    let (kea, mut clients, relay) = leased(folder.path(), CLIENTS)?;
    for client in &clients[..RENEWED] {
        client.rebind(&relay, kea.address, LINK)?;
    }
    for (at, client) in clients[RENEWED..RENEWED + RELEASED + DECLINED].iter().enumerate() {
        client.tell(&relay, kea.address, LINK, if at < RELEASED { 7 } else { 4 })?;
    }
    // What is not answered has been done when the next question is.
    clients[0].rebind(&relay, kea.address, LINK)?;
    let file = kea.leases.clone();
    kea.stop()?;

    let command = || import(&file, &place.path("artefact.json"), "primary", &place.path("data"));
    let dry = said(command()?.arg("--dry-run"))?;
    let kept = usize::from(CLIENTS) - RELEASED - DECLINED;
    must(dry.contains(&format!(": {kept} leases (")), dry.clone())?;
    must(dry.contains(&format!(", {DECLINED} declined addresses\n")), dry)?;
    must(!place.path("data").exists(), "a dry run makes no directory")?;
    let real = said(&mut command()?)?;
    must(real.contains(&format!("{} records were imported into ", kept + DECLINED)), real.clone())?;
    must(!real.contains("dhcp4.leases:"), real)?;

    let server = place.start(&[])?;
    must(server.ready.ends_with(&format!(", {kept} leases\n")), server.ready.clone())?;
    clients.drain(RENEWED..RENEWED + RELEASED + DECLINED);
    for (at, client) in clients.iter().enumerate() {
        if at % 2 == 0 {
            client.reboot(&relay, server.address, LINK)?;
        } else {
            client.rebind(&relay, server.address, LINK)?;
        }
    }
    let mut stranger = Client::new(CLIENTS + 1);
    stranger.lease(&relay, server.address, LINK)?;
    let taken = clients.iter().any(|client| client.address == stranger.address);
    must(!taken, format!("a new client gets {}, which is another's", stranger.address))?;
    must(server.stop() == Some(0), "a clean stop")?;

    // And back: Kea goes on with what Leasehold knew, the new client included.
    let back = tempfile::tempdir()?;
    let mut export = Command::new(binaries::binary("leasehold-server")?);
    export.args(["leases", "export", "--node", "primary"]).arg("--config").arg(place.path("artefact.json"));
    fs::write(back.path().join("dhcp4.leases"), said(export.arg("--data-dir").arg(place.path("data")))?)?;
    let kea = LiveKea::start(back.path(), &subnets())?;
    for client in clients.iter().step_by(10).chain([&stranger]) {
        client.rebind(&relay, kea.address, LINK)?;
    }
    kea.stop()?;
    Ok(())
}

fn clients_renew_alone() -> Result<(), Failed> {
    let place = Place::new();
    fs::write(place.path("artefact.json"), encode(&estate()).0)?;
    let folder = tempfile::tempdir()?;
    let (kea, clients, _) = leased(folder.path(), 500)?;
    let file = kea.leases.clone();
    kea.stop()?;
    said(&mut import(&file, &place.path("artefact.json"), "primary", &place.path("data"))?)?;
    let server = place.start(&[])?;
    for client in &clients {
        client.renew(server.address)?;
    }
    must(server.stop() == Some(0), "a clean stop")
}

/// The primary begins with the leases, the standby with nothing; neither is told that the pair is new.
fn a_pair_begins_with_keas_leases() -> Result<(), Failed> {
    let pair = LivePair::new();
    pair.write_another("artefact.json", |of| {
        let high_availability = of.high_availability.take();
        *of = Estate { high_availability, ..estate() };
    });
    let folder = tempfile::tempdir()?;
    let (kea, clients, relay) = leased(folder.path(), 600)?;
    let file = kea.leases.clone();
    kea.stop()?;
    let command =
        |server: usize| import(&file, &pair.path("artefact.json"), NODES[server], &pair.data(server));
    refuses(&mut command(1)?, "leases are imported at the primary, `primary`")?;
    let text = said(&mut command(0)?)?;
    must(text.contains("`secondary` with an empty data directory"), text)?;

    // Alone, the primary answers at once those whom it knows, and new clients from its own addresses.
    let primary = pair.start(0, &[])?;
    for client in &clients[..200] {
        client.reboot(&relay, primary.address, LINK)?;
    }
    let mut stranger = Client::new(CLIENTS + 1);
    stranger.lease(&relay, primary.address, LINK)?;
    let standby = pair.start(1, &[])?;
    primary.wait_for("pair-state state=normal ", 0)?;
    standby.wait_for("pair-state state=normal ", 0)?;
    pair.wait_for_same_leases(clients.len() + 1)?;
    for client in &clients[200..400] {
        client.rebind(&relay, primary.address, LINK)?;
    }
    pair.wait_for_same_leases(clients.len() + 1)?;
    let at: SocketAddr = standby.address;
    primary.kill()?;
    standby.wait_for("pair-state state=interrupted ", 0)?;
    for client in &clients {
        client.reboot(&relay, at, LINK)?;
    }
    refuses(&mut command(0)?, "is a pair's, whose other server knows of its leases")?;
    must(standby.stop()? == Some(0), "a clean stop")
}

fn what_cannot_be_imported() -> Result<(), Failed> {
    let place = Place::new();
    fs::write(place.path("artefact.json"), encode(&estate()).0)?;
    let file = place.path("dhcp4.leases");
    let head = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n";
    let row = |host: u8, mac: &str| format!("127.20.1.{host},{mac},,7200,4000000000,7,0,0,,0,\n");
    let command = || import(&file, &place.path("artefact.json"), "primary", &place.path("data"));
    refuses(&mut command()?, "is not there; give Kea's lease file")?;
    fs::write(&file, "a,b\n")?;
    refuses(&mut command()?, "names no column `address`")?;

    // What cannot be read is listed, and nothing is imported unless that is asked for.
    fs::write(&file, format!("{head}{}{}", row(1, "02:00:00:00:00:01"), row(2, "zz")))?;
    let output = command()?.output()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    must(output.status.code() == Some(2), format!("{:?}", output.status))?;
    must(text.contains("dhcp4.leases:3: line 3: `zz` is no MAC address"), text)?;
    must(!place.path("data").exists(), "nothing is made")?;
    said(command()?.arg("--skip-unreadable"))?;
    must(place.leases()?.lines().count() == 2, place.leases()?)?;

    // What Kea's cleanup left is read as Kea reads it: what it finished, then what was written since.
    fs::write(&file, format!("{head}{}", row(3, "02:00:00:00:00:03")))?;
    for (suffix, host) in [("completed", 4), ("2", 5), ("1", 6), ("output", 7)] {
        let companion = place.path(&format!("dhcp4.leases.{suffix}"));
        fs::write(companion, format!("{head}{}", row(host, &format!("02:00:00:00:00:0{host}"))))?;
    }
    refuses(
        &mut command()?,
        "holds 1 leases; give --data-dir an empty or a new directory, or say --replace",
    )?;
    said(command()?.arg("--replace"))?;
    let held = |place: &Place| -> Result<Vec<String>, String> {
        let addresses = place
            .leases()?
            .lines()
            .skip(1)
            .map(|line| line.split(',').next().unwrap_or("").to_owned())
            .collect();
        Ok(addresses)
    };
    must(held(&place)? == ["127.20.1.3", "127.20.1.4"], format!("{:?}", held(&place)?))?;
    fs::remove_file(place.path("dhcp4.leases.completed"))?;
    said(command()?.arg("--replace"))?;
    must(held(&place)? == ["127.20.1.3", "127.20.1.5", "127.20.1.6"], format!("{:?}", held(&place)?))?;

    let server = ready(&mut place.command(&[])?)?;
    refuses(command()?.arg("--replace"), "is in use by another leasehold-server; stop it")?;
    must(server.stop() == Some(0), "a clean stop")
}
