//! A real Kea on loopback that leases addresses of one subnet, and clients of it behind a relay.
//!
//! Link selection (82.5) names the subnet and the relay port (82.19) the socket, so neither root nor port 67 is needed. The
//! subnet is part of 127.0.0.0/8, so that each of its addresses is this machine's: a client can be spoken to at its own.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::relay::PATIENCE;
use crate::requirement::Requirement;

/// What a test with a real Kea needs.
pub const KEA: Requirement = Requirement::Tool { name: "kea-dhcp4", probe: "-v" };

/// The port of the link between two Keas.
const LINK_PORT: u16 = 8000;

/// A Kea that runs, and ends with the test.
pub struct LiveKea {
    child: Child,
    said: Arc<Mutex<String>>,
    /// Its address and port.
    pub address: SocketAddr,
    /// Its lease file.
    pub leases: PathBuf,
}

impl LiveKea {
    /// Starts it in a folder, with what `Dhcp4` says of subnets, and waits until it serves. It goes on with the leases that
    /// it finds in `dhcp4.leases` there.
    pub fn start(folder: &Path, subnets: &Value) -> Result<LiveKea, String> {
        let configuration = configuration(folder, Ipv4Addr::LOCALHOST, subnets);
        LiveKea::start_with(folder, Ipv4Addr::LOCALHOST, &configuration)
    }

    /// Starts it with a configuration, and waits until it serves.
    pub fn start_with(folder: &Path, address: Ipv4Addr, configuration: &Value) -> Result<LiveKea, String> {
        let file = folder.join("kea.json");
        fs::write(&file, format!("{configuration:#}\n")).map_err(|why| why.to_string())?;
        // A port that was free a moment ago: Kea takes no port 0.
        let probe = UdpSocket::bind((address, 0)).map_err(|why| why.to_string())?;
        let port = probe.local_addr().map_err(|why| why.to_string())?.port();
        drop(probe);
        let mut command = Command::new("kea-dhcp4");
        command.arg("-c").arg(&file).arg("-p").arg(port.to_string());
        command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|why| format!("kea-dhcp4: {why}"))?;
        let said = Arc::new(Mutex::new(String::new()));
        let (lines, kept) = (child.stdout.take().expect("a pipe was asked for"), Arc::clone(&said));
        thread::spawn(move || {
            for line in BufReader::new(lines).lines().map_while(Result::ok) {
                let mut said = kept.lock().expect("nobody panics while holding this");
                said.push_str(&line);
                said.push('\n');
            }
        });
        let leases = folder.join("dhcp4.leases");
        let kea = LiveKea { child, said, address: SocketAddr::from((address, port)), leases };
        kea.wait_for("DHCP4_STARTED")?;
        Ok(kea)
    }

    /// Waits until it has logged something.
    pub fn wait_for(&self, text: &str) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let said = self.said.lock().expect("nobody panics while holding this").clone();
            if said.contains(text) {
                return Ok(());
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!("Kea does not say `{text}`:\n{said}"));
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it as a service manager does, and waits until its cleanup has ended too; its lease file stays.
    pub fn stop(mut self) -> Result<(), String> {
        let sent = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status();
        sent.map_err(|why| why.to_string())?;
        self.child.wait().map_err(|why| why.to_string())?;
        let mut cleanup = self.leases.clone().into_os_string();
        cleanup.push(".pid");
        let begin = Instant::now();
        while let Ok(id) = fs::read_to_string(&cleanup)
            && Path::new("/proc").join(id.trim()).exists()
        {
            if begin.elapsed() > PATIENCE {
                return Err(format!("Kea's cleanup, process {id}, does not end"));
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for LiveKea {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A configuration that keeps leases in a folder and serves relays at an address.
pub fn configuration(folder: &Path, address: Ipv4Addr, subnets: &Value) -> Value {
    json!({"Dhcp4": {
        "interfaces-config": {"interfaces": [format!("lo/{address}")], "dhcp-socket-type": "udp"},
        "lease-database": {"type": "memfile", "persist": true, "name": folder.join("dhcp4.leases"), "lfc-interval": 2},
        "valid-lifetime": 7200, "decline-probation-period": 3600,
        "loggers": [{"name": "kea-dhcp4", "severity": "INFO", "output_options": [{"output": "stdout"}]}],
        "subnet4": subnets,
    }})
}

/// Makes a configuration one of a pair's: `me` is `dhcp-a` or `dhcp-b`, at the first or the second address.
///
/// # Errors
/// Kea's hooks are not where Debian has them.
pub fn join(
    configuration: &mut Value,
    folder: &Path,
    me: &str,
    addresses: [Ipv4Addr; 2],
) -> Result<(), String> {
    let roots = fs::read_dir("/usr/lib").map_err(|why| why.to_string())?;
    let mut folders = roots.filter_map(Result::ok).map(|root| root.path().join("kea/hooks"));
    let hooks =
        folders.find(|hooks| hooks.join("libdhcp_ha.so").exists()).ok_or("Kea's hooks are not there")?;
    let peer = |name: &str, at: usize, role: &str| json!({"name": name, "url": format!("http://{}:{LINK_PORT}/", addresses[at]), "role": role});
    configuration["Dhcp4"]["control-socket"] =
        json!({"socket-type": "unix", "socket-name": folder.join("socket")});
    configuration["Dhcp4"]["multi-threading"] =
        json!({"enable-multi-threading": true, "thread-pool-size": 2});
    configuration["Dhcp4"]["hooks-libraries"] = json!([
        {"library": hooks.join("libdhcp_lease_cmds.so")},
        {"library": hooks.join("libdhcp_ha.so"), "parameters": {"high-availability": [{
            "this-server-name": me, "mode": "hot-standby", "heartbeat-delay": 200, "max-response-delay": 2000,
            "max-ack-delay": 1000, "max-unacked-clients": 0,
            "multi-threading": {"enable-multi-threading": true, "http-dedicated-listener": true,
                "http-listener-threads": 2, "http-client-threads": 2},
            "peers": [peer("dhcp-a", 0, "primary"), peer("dhcp-b", 1, "standby")]}]}}
    ]);
    Ok(())
}

/// A client that keeps its address.
#[derive(Clone, Debug)]
pub struct Client {
    hardware: [u8; 6],
    /// Its client identifier (option 61), if it sends one.
    identifier: Option<Vec<u8>>,
    /// What it was given.
    pub address: Ipv4Addr,
}

impl Client {
    /// The client of a number: every other one sends a client identifier.
    pub fn new(number: u16) -> Client {
        let [high, low] = number.to_be_bytes();
        let identifier = (number % 2 == 1).then(|| format!("\0client-{number}").into_bytes());
        Client { hardware: [2, 0x4b, 0x65, 0x61, high, low], identifier, address: Ipv4Addr::UNSPECIFIED }
    }

    /// A message; relayed ones come from 127.0.0.1 for the subnet of `link`.
    fn message(&self, kind: u8, own: Ipv4Addr, link: Option<Ipv4Addr>, more: &[(u8, &[u8])]) -> Vec<u8> {
        let mut message = vec![0; 236];
        message[..4].copy_from_slice(&[1, 1, 6, u8::from(link.is_some())]);
        message[4..8].copy_from_slice(&self.hardware[2..]);
        message[12..16].copy_from_slice(&own.octets());
        if link.is_some() {
            message[24..28].copy_from_slice(&Ipv4Addr::LOCALHOST.octets());
        }
        message[28..34].copy_from_slice(&self.hardware);
        message.extend_from_slice(&[99, 130, 83, 99]);
        let mut option = |code: u8, octets: &[u8]| {
            message.extend_from_slice(&[code, u8::try_from(octets.len()).expect("a short option")]);
            message.extend_from_slice(octets);
        };
        option(53, &[kind]);
        if let Some(identifier) = &self.identifier {
            option(61, identifier);
        }
        for (code, octets) in more {
            option(*code, octets);
        }
        if let Some(link) = link {
            let [a, b, c, d] = link.octets();
            option(82, &[1, 2, b'p', b'7', 5, 4, a, b, c, d, 19, 0]);
        }
        message.push(255);
        message
    }

    /// DISCOVER and REQUEST through a relay; keeps the address.
    pub fn lease(&mut self, relay: &UdpSocket, server: SocketAddr, link: Ipv4Addr) -> Result<(), String> {
        let nobody = Ipv4Addr::UNSPECIFIED;
        let (_, offer) = ask(relay, server, &self.message(1, nobody, Some(link), &[]), &[2])?;
        let SocketAddr::V4(at) = server else { return Err("no IPv4 address".to_owned()) };
        let request: [(u8, &[u8]); 2] = [(54, &at.ip().octets()), (50, &offer.octets())];
        let request = self.message(3, nobody, Some(link), &request);
        let (kind, address) = ask(relay, server, &request, REQUEST_ANSWERS)?;
        self.address = address;
        if kind == 5 { Ok(()) } else { Err(format!("message {kind} for the offered {offer}")) }
    }

    /// Tells the server something that it does not answer: 7 is RELEASE, 4 DECLINE.
    pub fn tell(
        &self,
        relay: &UdpSocket,
        server: SocketAddr,
        link: Ipv4Addr,
        kind: u8,
    ) -> Result<(), String> {
        let SocketAddr::V4(at) = server else { return Err("no IPv4 address".to_owned()) };
        let own = if kind == 7 { self.address } else { Ipv4Addr::UNSPECIFIED };
        let said: [(u8, &[u8]); 2] = [(54, &at.ip().octets()), (50, &self.address.octets())];
        let said = if kind == 7 { &said[..1] } else { &said[..] };
        let message = self.message(kind, own, Some(link), said);
        relay.send_to(&message, server).map(drop).map_err(|why| why.to_string())
    }

    /// As after a reboot, through a relay (RFC 2131 section 4.3.2, INIT-REBOOT): the server must say yes.
    pub fn reboot(&self, relay: &UdpSocket, server: SocketAddr, link: Ipv4Addr) -> Result<(), String> {
        let message = self.message(3, Ipv4Addr::UNSPECIFIED, Some(link), &[(50, &self.address.octets())]);
        self.expects_its_own(ask(relay, server, &message, REQUEST_ANSWERS)?)
    }

    /// As after T2, through a relay (REBINDING).
    pub fn rebind(&self, relay: &UdpSocket, server: SocketAddr, link: Ipv4Addr) -> Result<(), String> {
        let message = self.message(3, self.address, Some(link), &[]);
        self.expects_its_own(ask(relay, server, &message, REQUEST_ANSWERS)?)
    }

    /// As after T1, alone with the server, from its own address (RENEWING): port 68 needs root.
    pub fn renew(&self, server: SocketAddr) -> Result<(), String> {
        let own = UdpSocket::bind(SocketAddrV4::new(self.address, 68)).map_err(|why| why.to_string())?;
        own.set_read_timeout(Some(PATIENCE)).map_err(|why| why.to_string())?;
        let message = self.message(3, self.address, None, &[]);
        self.expects_its_own(ask(&own, server, &message, REQUEST_ANSWERS)?)
    }

    fn expects_its_own(&self, (kind, address): (u8, Ipv4Addr)) -> Result<(), String> {
        if (kind, address) == (5, self.address) {
            return Ok(());
        }
        Err(format!("{:02x?} has {}: message {kind}, {address}", self.hardware, self.address))
    }
}

/// Where a relay's answers come to.
pub fn relay() -> Result<UdpSocket, String> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|why| why.to_string())?;
    socket.set_read_timeout(Some(Duration::from_secs(1))).map_err(|why| why.to_string())?;
    Ok(socket)
}

/// ACK and NAK.
const REQUEST_ANSWERS: &[u8] = &[5, 6];

/// Sends a message until it is answered by one of some kinds: which, and the address in it.
fn ask(
    socket: &UdpSocket,
    server: SocketAddr,
    message: &[u8],
    kinds: &[u8],
) -> Result<(u8, Ipv4Addr), String> {
    let begin = Instant::now();
    while begin.elapsed() < PATIENCE {
        socket.send_to(message, server).map_err(|why| why.to_string())?;
        let mut answer = [0; 1500];
        // Late answers to what was asked before are passed over.
        while let Ok((length, _)) = socket.recv_from(&mut answer) {
            let answer = &answer[..length];
            if answer.get(4..8) == message.get(4..8)
                && let Some(kind) = kind_of(answer).filter(|kind| kinds.contains(kind))
            {
                let [a, b, c, d] = *answer[16..].first_chunk::<4>().expect("longer than its header");
                return Ok((kind, Ipv4Addr::new(a, b, c, d)));
            }
        }
    }
    Err(format!("no answer from {server}"))
}

/// Option 53, which is first in what servers send, or soon after.
fn kind_of(answer: &[u8]) -> Option<u8> {
    let mut options = answer.get(240..)?;
    loop {
        match options {
            [0, rest @ ..] => options = rest,
            [53, 1, kind, ..] => return Some(*kind),
            [255, ..] | [] | [_] => return None,
            [_, length, rest @ ..] => options = rest.get(usize::from(*length)..)?,
        }
    }
}
