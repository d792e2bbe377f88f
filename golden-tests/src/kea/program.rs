//! Both servers as processes in a network namespace where every address of 10.0.0.0/8 is one's own, so that answers to
//! any relay come back.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "starts servers and writes their files"
)]

use std::any::Any;
use std::fs;
use std::net::SocketAddrV4;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use leasehold_schemas::artefact::{Estate, encode};
use serde_json::{Value, json};

use super::client::SERVER;
use crate::{binaries, loopback};

/// The port at which Kea takes packets.
const KEA_PORT: u16 = 2067;
/// Until when a server is ready; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(120);

/// A server that runs, and ends with the value.
pub struct Program {
    /// Its process, which ends with the value.
    _process: Box<dyn Any>,
    /// Where it takes packets.
    pub address: SocketAddrV4,
}

struct Kea(Child);

impl Drop for Kea {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a program of this name again in a namespace of its own, and says how it ended and what it printed.
///
/// # Errors
/// It could not be started.
pub fn alone(program: &Path, arguments: &[String]) -> Result<(bool, String), String> {
    let script = "ip link set lo up && ip route add local 10.0.0.0/8 dev lo && exec \"$@\"";
    let output = Command::new("unshare")
        .args(["--net", "sh", "-c", script, "sh"])
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|why| format!("unshare: {why}"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8_lossy(&text).into_owned()))
}

/// Whether Kea takes the configuration: what `kea-dhcp4 -t` says.
///
/// # Errors
/// What it said.
pub fn kea_test(configuration: &Value, folder: &Path) -> Result<(), String> {
    let path = folder.join("test.json");
    fs::write(&path, configuration.to_string()).map_err(|why| why.to_string())?;
    let output = kea_command(folder).arg("-t").arg(&path).output().map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!("kea-dhcp4 -t: {}", String::from_utf8_lossy(&text)))
}

fn kea_command(folder: &Path) -> Command {
    let mut command = Command::new("kea-dhcp4");
    command.env("KEA_LOCKFILE_DIR", "none").env("KEA_PIDFILE_DIR", folder).stdin(Stdio::null());
    command
}

/// Starts Kea with an exported configuration, of which only what concerns the machine is changed.
///
/// # Errors
/// What Kea said.
pub fn start_kea(configuration: &Value, folder: &Path) -> Result<Program, String> {
    let mut configuration = configuration.clone();
    let own = &mut configuration["Dhcp4"];
    own["interfaces-config"] = json!({"interfaces": ["lo"], "dhcp-socket-type": "udp"});
    own["lease-database"] = json!({"type": "memfile", "persist": false});
    own["loggers"] =
        json!([{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stdout"}]}]);
    if let Some(own) = own.as_object_mut() {
        // A partner is no part of what a client is told.
        own.remove("hooks-libraries");
        own.remove("multi-threading");
    }
    let path = folder.join("kea.json");
    fs::write(&path, configuration.to_string()).map_err(|why| why.to_string())?;
    let log = fs::File::create(folder.join("kea.log")).map_err(|why| why.to_string())?;
    let port = KEA_PORT.to_string();
    let mut command = kea_command(folder);
    command.args(["-p", &port, "-P", "67", "-c"]).arg(&path).stdout(log).stderr(Stdio::null());
    let child = command.spawn().map_err(|why| format!("kea-dhcp4: {why}"))?;
    let mut kea = Kea(child);
    let begin = Instant::now();
    while !listens(KEA_PORT) {
        let ended = kea.0.try_wait().map_err(|why| why.to_string())?;
        if ended.is_some() || begin.elapsed() > PATIENCE {
            let log = fs::read_to_string(folder.join("kea.log")).unwrap_or_default();
            return Err(format!("kea-dhcp4 does not start ({ended:?}):\n{log}"));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(Program { _process: Box::new(kea), address: SocketAddrV4::new(SERVER, KEA_PORT) })
}

/// Whether somebody takes packets at the port, in this namespace.
fn listens(port: u16) -> bool {
    let wanted = format!(":{port:04X} ");
    let sockets = fs::read_to_string("/proc/net/udp").unwrap_or_default();
    sockets.lines().any(|line| {
        line.split_whitespace().nth(1).is_some_and(|local| format!("{local} ").ends_with(&wanted))
    })
}

/// Starts Leasehold with an artefact.
///
/// # Errors
/// What it said.
pub fn start_leasehold(estate: &Estate, folder: &Path) -> Result<Program, String> {
    fs::create_dir_all(folder).map_err(|why| why.to_string())?;
    let config = folder.join("artefact.json");
    fs::write(&config, encode(estate).0).map_err(|why| why.to_string())?;
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    command.args(["run", "--node", "primary", "--standalone", "--listen", "127.0.0.1:0"]);
    command.arg("--config").arg(&config).arg("--data-dir").arg(folder.join("data"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = loopback::ready(&mut command)?;
    let address = SocketAddrV4::new(SERVER, server.address.port());
    Ok(Program { _process: Box::new(server), address })
}
