//! The loop: sends what is due, takes what came, until the time is over and nothing waits.

use std::net::SocketAddrV4;
use std::time::Instant;

use crate::arguments::Run;
use crate::exchange::{Exchanges, Outgoing};
use crate::packet::{self, Template};
use crate::report;
use crate::socket::{BATCH, Socket};

/// How often a search doubles the rate, and then halves the step.
const DOUBLINGS_MAX: u32 = 12;
const HALVINGS: u32 = 4;

/// Runs what the arguments say and prints the report.
pub fn run(run: &Run) -> Result<(), String> {
    if run.dora + run.renew + run.reboot == 0 {
        return Err("nothing to send: --dora, --renew and --reboot are all 0".to_owned());
    }
    let mut relays = Relays::open(run)?;
    if run.search {
        return search(run, &mut relays);
    }
    let step = relays.step(run)?;
    if let Some(path) = &run.leases {
        let lines = step.exchanges.leases().map(|(client, address)| report::lease_line(client, address));
        let text: String = std::iter::once("mac,address\n".to_owned()).chain(lines).collect();
        std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    }
    report::print(run, &step);
    Ok(())
}

/// What one step of load gave.
pub struct Step {
    /// Exchanges a second that were to be begun; 0 in a closed loop.
    pub rate: u32,
    /// Seconds in which exchanges were begun.
    pub seconds: f64,
    /// What was counted.
    pub exchanges: Exchanges,
}

fn search(run: &Run, relays: &mut Relays) -> Result<(), String> {
    let mut run = run.clone();
    let mut best: Option<Step> = None;
    let mut attempt = |run: &mut Run, rate: u32| -> Result<(bool, Step), String> {
        run.rate = rate;
        let step = relays.step(run)?;
        run.first_client = step.exchanges.clients_end();
        report::progress(&step);
        let kept_up = f64::from(rate) * step.seconds * 0.97 <= step.exchanges.tally.begun as f64;
        Ok((kept_up && step.exchanges.tally.loss_percent() <= run.loss, step))
    };
    let mut low = 0;
    let mut high = run.rate;
    for _ in 0..DOUBLINGS_MAX {
        let (good, step) = attempt(&mut run, high)?;
        if !good {
            break;
        }
        (low, best) = (high, Some(step));
        high *= 2;
    }
    for _ in 0..HALVINGS {
        let middle = low + (high - low) / 2;
        if middle == low {
            break;
        }
        let (good, step) = attempt(&mut run, middle)?;
        if good {
            (low, best) = (middle, Some(step));
        } else {
            high = middle;
        }
    }
    match best {
        Some(step) => report::print(&run, &step),
        None => println!("no rate from {} down kept the loss at {} % or less", run.rate, run.loss),
    }
    Ok(())
}

struct Relays {
    sockets: Vec<Socket>,
    outgoing: Vec<Vec<(Vec<u8>, SocketAddrV4)>>,
    template: Template,
}

impl Relays {
    fn open(run: &Run) -> Result<Relays, String> {
        let bind = |relay: &std::net::Ipv4Addr| Socket::bind(SocketAddrV4::new(*relay, run.relay_port));
        let sockets = run.relays.iter().map(bind).collect::<Result<Vec<_>, _>>()?;
        let outgoing = sockets.iter().map(|_| Vec::with_capacity(2 * BATCH)).collect();
        let template = Template { options: run.options.clone(), relay_port: run.relay_port != 67 };
        Ok(Relays { sockets, outgoing, template })
    }

    /// One step of load at one rate.
    fn step(&mut self, run: &Run) -> Result<Step, String> {
        let mut exchanges = Exchanges::new(run);
        let begin = Instant::now();
        let mut answers = Vec::with_capacity(BATCH);
        loop {
            let elapsed = begin.elapsed();
            let sending = elapsed < run.duration;
            if !sending && (exchanges.under_way() == 0 || elapsed > run.duration + 2 * run.drop_after) {
                break;
            }
            if sending {
                self.begin_due(run, &mut exchanges, begin);
            }
            self.flush()?;
            let mut received = 0;
            for at in 0..self.sockets.len() {
                answers.clear();
                received += self.sockets[at].receive(|bytes, _| {
                    answers.push(match run.reflector {
                        true => packet::transaction(bytes).map(|xid| (xid, None)),
                        false => packet::read(bytes).map(|(xid, answer)| (xid, Some(answer))),
                    });
                })?;
                let now_ns = nanoseconds(begin);
                for (xid, answer) in answers.drain(..).flatten() {
                    let next = match answer {
                        Some(answer) => exchanges.answer(xid, answer, now_ns),
                        None => exchanges.reflected(xid, now_ns),
                    };
                    if let Some(next) = next {
                        self.queue(run, &next);
                    }
                }
            }
            self.flush()?;
            exchanges.expire(nanoseconds(begin));
            if received == 0 {
                Socket::wait_for_any(&self.sockets, 1);
            }
        }
        let rate = if run.outstanding.is_some() { 0 } else { run.rate };
        Ok(Step { rate, seconds: run.duration.as_secs_f64(), exchanges })
    }

    fn begin_due(&mut self, run: &Run, exchanges: &mut Exchanges, begin: Instant) {
        let due = match run.outstanding {
            Some(outstanding) => (outstanding as usize).saturating_sub(exchanges.under_way()) as u64,
            None => {
                let due = begin.elapsed().as_secs_f64() * f64::from(run.rate);
                (due as u64).saturating_sub(exchanges.tally.begun)
            }
        };
        // A generator that fell behind catches up in batches, so that it goes on listening meanwhile.
        for _ in 0..due.min(BATCH as u64) {
            let Some(next) = exchanges.begin(nanoseconds(begin)) else { break };
            self.queue(run, &next);
        }
    }

    fn queue(&mut self, run: &Run, next: &Outgoing) {
        let relay = next.path as usize % self.sockets.len();
        let link = run.links.get(next.path as usize % run.links.len().max(1)).copied();
        let mut bytes = Vec::with_capacity(320);
        self.template.write(&mut bytes, next.message, next.xid, next.client, run.relays[relay], link);
        self.outgoing[relay].push((bytes, run.server));
    }

    fn flush(&mut self) -> Result<(), String> {
        for (socket, outgoing) in self.sockets.iter_mut().zip(&mut self.outgoing) {
            socket.send(outgoing)?;
            outgoing.clear();
        }
        Ok(())
    }
}

fn nanoseconds(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_nanos()).expect("a run ends long before 2^64 ns")
}
