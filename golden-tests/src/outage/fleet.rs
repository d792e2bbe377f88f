//! All clients and their relay: one thread, two sockets, real time.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, IoSlice};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg};

use super::client::{Came, Client, Does};
use super::hosts::SERVERS;
use super::packet::{Answer, Ask};
use super::report::Felt;
use crate::simulated_disk::Dice;

/// Which servers a relay has as helper addresses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Group {
    /// Both.
    Both,
    /// Only the primary.
    OnlyPrimary,
    /// Only the standby.
    OnlyStandby,
}

impl Group {
    /// Every group.
    pub const ALL: [Group; 3] = [Group::Both, Group::OnlyPrimary, Group::OnlyStandby];

    fn relay(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 80, 0, 1 + self as u8)
    }

    fn helpers(self) -> &'static [Ipv4Addr] {
        match self {
            Group::Both => &SERVERS,
            Group::OnlyPrimary => &SERVERS[..1],
            Group::OnlyStandby => &SERVERS[1..],
        }
    }

    /// Clients reach only these servers, also without the relay.
    fn reaches(self, server: Ipv4Addr) -> bool {
        self.helpers().contains(&server)
    }
}

/// The fleet while it runs.
pub struct Fleet {
    stop: Arc<AtomicBool>,
    rates: Arc<[AtomicU32; 3]>,
    thread: JoinHandle<io::Result<Felt>>,
}

impl Fleet {
    /// Starts it: nothing is asked until [`Fleet::set_rate`].
    pub fn start(seed: u64) -> io::Result<Fleet> {
        let stop = Arc::new(AtomicBool::new(false));
        let rates = Arc::new([const { AtomicU32::new(0) }; 3]);
        let relay = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 67))?;
        let clients = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 68))?;
        relay.set_nonblocking(true)?;
        clients.set_nonblocking(true)?;
        let mut running = Running {
            relay,
            unicast: clients,
            clients: Vec::new(),
            groups: Vec::new(),
            due: BinaryHeap::new(),
            holders: HashMap::new(),
            felt: Felt::default(),
            dice: Dice(seed),
        };
        let (asked, wished) = (Arc::clone(&stop), Arc::clone(&rates));
        let thread = thread::spawn(move || running.run(&asked, &wished).map(|()| running.felt));
        Ok(Fleet { stop, rates, thread })
    }

    /// From now on so many clients of a group begin an exchange in a second, beside those whose leases want renewal.
    pub fn set_rate(&self, group: Group, each_second: u32) {
        self.rates[group as usize].store(each_second, Ordering::Relaxed);
    }

    /// Stops it; what it felt, with the addresses and clients that hold a lease in the end.
    pub fn stop(self) -> io::Result<Felt> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("the fleet does not panic")
    }
}

struct Running {
    relay: UdpSocket,
    unicast: UdpSocket,
    clients: Vec<Client>,
    groups: Vec<Group>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    /// Who holds an address, and until when.
    holders: HashMap<Ipv4Addr, (usize, Instant)>,
    felt: Felt,
    dice: Dice,
}

impl Running {
    fn run(&mut self, stop: &AtomicBool, rates: &[AtomicU32; 3]) -> io::Result<()> {
        let mut next = [Instant::now(); 3];
        while !stop.load(Ordering::Relaxed) {
            let now = Instant::now();
            for group in Group::ALL {
                let rate = rates[group as usize].load(Ordering::Relaxed);
                let begun = &mut next[group as usize];
                if rate == 0 {
                    *begun = now;
                    continue;
                }
                let mut begins = 0;
                while *begun <= now {
                    *begun += Duration::from_secs(1) / rate;
                    begins += 1;
                }
                for _ in 0..begins {
                    self.begin(now, group)?;
                }
            }
            while self.due.peek().is_some_and(|Reverse((at, _))| *at <= now) {
                let Reverse((at, number)) = self.due.pop().expect("one was just seen");
                if self.clients[number].next == at {
                    self.wake(now, number)?;
                }
            }
            self.listen()?;
        }
        let now = Instant::now();
        let held = self.clients.iter().filter_map(|client| client.lease.filter(|lease| lease.end > now));
        self.felt.held = held.map(|lease| lease.address).collect();
        Ok(())
    }

    /// A new client comes, or one that has a lease starts again.
    fn begin(&mut self, now: Instant, group: Group) -> io::Result<()> {
        self.felt.outcome.exchanges += 1;
        if self.dice.below(2) == 0 && !self.clients.is_empty() {
            for _ in 0..8 {
                let number = self.dice.below(self.clients.len());
                if self.groups[number] != group || !self.clients[number].is_bound() {
                    continue;
                }
                if let Some(ask) = self.clients[number].restart(now) {
                    self.arm(number);
                    return self.send(now, number, ask);
                }
            }
        }
        let number = self.clients.len();
        let stays = Duration::from_millis(20_000 + self.dice.roll() % 70_000);
        let index = u32::try_from(number).expect("a trial has fewer clients");
        self.clients.push(Client::new(index, now, stays));
        self.groups.push(group);
        self.wake(now, number)
    }

    fn arm(&mut self, number: usize) {
        self.due.push(Reverse((self.clients[number].next, number)));
    }

    fn wake(&mut self, now: Instant, number: usize) -> io::Result<()> {
        let gives_back = self.dice.below(2) == 0;
        let client = &mut self.clients[number];
        let held = client.lease;
        let does = client.wake(now, gives_back);
        if !client.is_gone() {
            self.arm(number);
        }
        match does {
            Does::Ask(ask) => self.send(now, number, ask),
            Does::Wait => Ok(()),
            Does::GivesUp(ask) => {
                self.felt.outcome.unanswered += 1;
                ask.map_or(Ok(()), |ask| self.send(now, number, ask))
            }
            Does::Goes(Some(release)) => {
                if let Some(held) = held {
                    self.holders.remove(&held.address);
                }
                self.send(now, number, release)
            }
            // Who only goes still has its address until the lease ends.
            Does::Goes(None) => Ok(()),
        }
    }

    fn send(&mut self, now: Instant, number: usize, ask: Ask) -> io::Result<()> {
        let (client, group) = (&self.clients[number], self.groups[number]);
        let octets = ask.octets(client.number, client.xid(), client.waited(now), group.relay());
        let to = |server: Ipv4Addr| SocketAddrV4::new(server, 67);
        if ask.is_relayed() {
            for server in group.helpers() {
                lossy(self.relay.send_to(&octets, to(*server)))?;
            }
            return Ok(());
        }
        let (own, server) = match ask {
            Ask::Release { address, server } => (address, server),
            Ask::Renew { address } => {
                (address, client.lease.map_or(Ipv4Addr::UNSPECIFIED, |lease| lease.server))
            }
            Ask::Discover | Ask::Select { .. } | Ask::Reboot { .. } | Ask::Rebind { .. } => {
                unreachable!("these are relayed")
            }
        };
        if !group.reaches(server) {
            return Ok(());
        }
        let from = nix::libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: nix::libc::in_addr { s_addr: u32::from(own).to_be() },
            ipi_addr: nix::libc::in_addr { s_addr: 0 },
        };
        let sent = sendmsg(
            self.unicast.as_raw_fd(),
            &[IoSlice::new(&octets)],
            &[ControlMessage::Ipv4PacketInfo(&from)],
            MsgFlags::empty(),
            Some(&SockaddrIn::from(to(server))),
        );
        lossy(sent.map_err(io::Error::from))
    }

    fn listen(&mut self) -> io::Result<()> {
        let mut fds =
            [&self.relay, &self.unicast].map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN));
        // Short enough for a hundred a second.
        poll(&mut fds, PollTimeout::from(2_u8)).map_err(io::Error::from)?;
        let mut buffer = [0; 1_500];
        for relayed in [true, false] {
            loop {
                let socket = if relayed { &self.relay } else { &self.unicast };
                match socket.recv(&mut buffer) {
                    Ok(length) => {
                        if let Some(answer) = Answer::read(&buffer[..length]) {
                            self.hear(&answer)?;
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // What an earlier packet met: a server that is off.
                    Err(_) => {}
                }
            }
        }
        Ok(())
    }

    fn hear(&mut self, answer: &Answer) -> io::Result<()> {
        let now = Instant::now();
        let number = usize::try_from(answer.xid >> 8).expect("usize is at least as wide");
        let Some(client) = self.clients.get_mut(number) else { return Ok(()) };
        let held = client.lease;
        match client.hear(now, answer) {
            Came::Nothing => Ok(()),
            Came::Ask(ask) => {
                self.arm(number);
                self.send(now, number, ask)
            }
            Came::Leased(lease) => {
                let took = now - client.begun;
                if client.began_anew {
                    self.felt.outcome.began_anew += 1;
                    self.felt.outcome.longest_wait_anew = self.felt.outcome.longest_wait_anew.max(took);
                } else {
                    self.felt.outcome.longest_wait = self.felt.outcome.longest_wait.max(took);
                }
                self.felt.acks.push((now, self.groups[number]));
                if let Some(before) = held.filter(|before| before.address != lease.address) {
                    self.holders.remove(&before.address);
                }
                if let Some((other, end)) = self.holders.insert(lease.address, (number, lease.end))
                    && other != number
                    && end > now
                {
                    self.felt.outcome.duplicates.push(format!(
                        "{} was client {other}'s for {:.1} s more when {} gave it to client {number}",
                        lease.address,
                        (end - now).as_secs_f64(),
                        lease.server
                    ));
                }
                self.arm(number);
                Ok(())
            }
            Came::Denied { lost } => {
                if let Some(held) = held {
                    self.holders.remove(&held.address);
                    if lost {
                        let by = answer.server;
                        let how = format!("of client {number} was denied by {by}");
                        self.felt.outcome.lost.push((held.address, how));
                    }
                }
                self.arm(number);
                Ok(())
            }
        }
    }
}

/// A packet that cannot be sent is lost, as packets are.
fn lossy(sent: io::Result<usize>) -> io::Result<()> {
    match sent {
        Ok(_) => Ok(()),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::ConnectionRefused
                    | io::ErrorKind::HostUnreachable
                    | io::ErrorKind::NetworkUnreachable
                    | io::ErrorKind::WouldBlock
            ) =>
        {
            Ok(())
        }
        Err(error) => Err(error),
    }
}
