//! Every order of events with one address, two clients and two servers, within bounds: never two holders.
//!
//! The rules are the production functions; the network loses, doubles and reorders whatever it carries. Bounds: how
//! often a record is changed, how many messages are under way, how often a server stops, loses its disk or goes on
//! alone. Clocks run alike here: what their rates do is the simulator's.

#[path = "failover_model/record.rs"]
mod record;
#[path = "failover_model/server.rs"]
mod server;

use std::collections::BTreeSet;

use leasehold_server::failover::Side;
use record::{NOW, When};
use server::{Body, Header, Server};
use stateright::{Checker as _, Expectation, Model, Property};

const SIDES: [Side; 2] = [Side::Primary, Side::Standby];

/// How far the model goes.
#[derive(Clone, Debug)]
struct Bounds {
    /// Changes that the primary, the address's home, and the standby make to the record.
    changes: [u64; 2],
    /// Messages under way at once.
    messages: usize,
    /// Ends of a server's life.
    stops: u8,
    /// Of which with the loss of the disk.
    lost_disks: u8,
    /// Times an operator says that a partner is off.
    alone: u64,
}

/// A message under way: it may come at any time, again and again, or never.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
struct Message {
    from: usize,
    /// It is meant for the present life of who hears it.
    meant: bool,
    header: Header,
    body: Body,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Whole {
    servers: [Server; 2],
    /// Until when each client believes that it has the address.
    clients: [When; 2],
    network: BTreeSet<Message>,
    stops: u8,
    lost_disks: u8,
    contradiction: bool,
    /// What has been seen on the way here that some runs must come by.
    freed_alone: bool,
    freed_together: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Happening {
    TimePasses,
    /// A client asks a server, and hears the answer or not.
    Ask {
        client: u8,
        at: usize,
        heard: bool,
    },
    Release {
        client: u8,
        at: usize,
    },
    Say {
        at: usize,
        what: What,
    },
    Come(Message),
    Vanish(Message),
    FreeAlone {
        at: usize,
    },
    Stop {
        at: usize,
        disk_lost: bool,
    },
    Start {
        at: usize,
    },
    PartnerDown {
        at: usize,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    Hello,
    Update,
    End,
    Snapshot,
}

impl Bounds {
    fn allow(&self, whole: &Whole) -> bool {
        let changes = whole.servers.iter().all(|server| {
            let version = server.record.version;
            version[0] <= self.changes[0] && version[1] <= self.changes[1] && server.epoch <= self.alone
        });
        changes && whole.network.len() <= self.messages
    }
}

impl Whole {
    fn holders(&self) -> usize {
        self.clients.iter().filter(|until| until.is_to_come()).count()
    }

    fn say(&mut self, at: usize, body: Body) {
        let header = self.servers[at].header();
        if matches!(body, Body::Snapshot(_)) {
            // Only the sync that was asked for last counts.
            self.network.retain(|message| message.from != at || !matches!(message.body, Body::Snapshot(_)));
        }
        let meant = self.servers[at].knows_life;
        self.network.insert(Message { from: at, meant, header, body });
    }

    fn tick(&mut self) {
        self.servers.iter_mut().for_each(Server::tick);
        for until in &mut self.clients {
            until.tick();
            *until = until.to_come();
        }
        let network = std::mem::take(&mut self.network);
        self.network = network
            .into_iter()
            .map(|mut message| {
                if let Body::Update(_, _, potential) | Body::Ack { potential, .. } = &mut message.body {
                    potential.tick();
                }
                message
            })
            .collect();
    }

    fn happen(&mut self, happening: &Happening) -> bool {
        match happening {
            Happening::TimePasses => self.tick(),
            Happening::Ask { client, at, heard } => {
                let told = self.servers[*at].ask(SIDES[*at], *client);
                if let Some(told) = told.filter(|_| *heard) {
                    self.clients[usize::from(*client)] = When::of(NOW.wall_ms + told);
                }
                return told.is_some();
            }
            Happening::Release { client, at } => {
                self.clients[usize::from(*client)] = When::default();
                self.servers[*at].release(SIDES[*at], *client);
            }
            Happening::Say { at, what } => {
                let server = &mut self.servers[*at];
                let body = match what {
                    What::Hello => Some(Body::Hello),
                    What::Update => server.update(),
                    What::End => server.end(SIDES[*at]),
                    What::Snapshot => server.snapshot(),
                };
                let Some(body) = body else { return false };
                self.say(*at, body);
            }
            Happening::Come(message) => return self.come(message),
            Happening::Vanish(message) => return self.network.remove(message),
            Happening::FreeAlone { at } => {
                let freed = self.servers[*at].free_alone(SIDES[*at]);
                self.freed_alone |= freed;
                return freed;
            }
            Happening::Stop { at, disk_lost } => {
                self.stops += 1;
                self.lost_disks += u8::from(*disk_lost);
                self.servers[*at].stop(*disk_lost);
                self.servers[1 - *at].knows_life = false;
                // What an earlier life said or was told is dropped (R13).
                self.network.clear();
            }
            Happening::Start { at } => self.servers[*at].start(),
            Happening::PartnerDown { at } => return self.servers[*at].go_on_alone(),
        }
        true
    }

    fn come(&mut self, message: &Message) -> bool {
        let at = 1 - message.from;
        self.servers[at].meet();
        if !message.meant {
            return true;
        }
        let bound = self.servers[at].record.bound;
        match self.servers[at].hear(SIDES[at], message.header, &message.body) {
            Ok(said) => {
                self.freed_together |=
                    bound && !self.servers[at].record.bound && matches!(message.body, Body::End(_));
                if let Some(said) = said {
                    self.say(at, said);
                }
            }
            Err(_) => self.contradiction = true,
        }
        if matches!(message.body, Body::Snapshot(_)) {
            // A sync that is finished is not finished again.
            self.network.remove(message);
        }
        true
    }
}

impl Model for Bounds {
    type State = Whole;
    type Action = Happening;

    fn init_states(&self) -> Vec<Whole> {
        vec![Whole {
            servers: [Server::new(), Server::new()],
            clients: [When::default(); 2],
            network: BTreeSet::new(),
            stops: 0,
            lost_disks: 0,
            contradiction: false,
            freed_alone: false,
            freed_together: false,
        }]
    }

    fn actions(&self, whole: &Whole, actions: &mut Vec<Happening>) {
        actions.push(Happening::TimePasses);
        for message in &whole.network {
            if whole.servers[1 - message.from].on {
                actions.push(Happening::Come(message.clone()));
            }
            actions.push(Happening::Vanish(message.clone()));
        }
        for at in 0..2 {
            let (server, partner) = (&whole.servers[at], &whole.servers[1 - at]);
            if !server.on {
                actions.push(Happening::Start { at });
                continue;
            }
            for client in 0..2 {
                for heard in [true, false] {
                    actions.push(Happening::Ask { client, at, heard });
                }
                if whole.clients[usize::from(client)].is_to_come() {
                    actions.push(Happening::Release { client, at });
                }
            }
            for what in [What::Hello, What::Update, What::End, What::Snapshot] {
                actions.push(Happening::Say { at, what });
            }
            actions.push(Happening::FreeAlone { at });
            if whole.stops < self.stops {
                actions.push(Happening::Stop { at, disk_lost: false });
                // With both memories lost an operator has to say what was granted.
                if whole.lost_disks < self.lost_disks && !partner.amnesic {
                    actions.push(Happening::Stop { at, disk_lost: true });
                }
            }
            // Who says that the partner is off says the truth.
            if !partner.on && server.epoch < self.alone {
                actions.push(Happening::PartnerDown { at });
            }
        }
    }

    fn next_state(&self, whole: &Whole, happening: Happening) -> Option<Whole> {
        let mut next = whole.clone();
        (next.happen(&happening) && self.allow(&next)).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Bounds>> {
        vec![
            Property::always("one holder", |_, whole: &Whole| whole.holders() <= 1),
            Property::always("no contradiction", |_, whole: &Whole| !whole.contradiction),
            Property::sometimes("freed together", |_, whole: &Whole| whole.freed_together),
            Property::sometimes("freed alone", |_, whole: &Whole| whole.freed_alone),
        ]
    }
}

fn check(bounds: &Bounds, expected: &[&str]) {
    let checker = bounds.clone().checker().threads(2).spawn_bfs().join();
    println!("{bounds:?}: {} states, {} deep", checker.unique_state_count(), checker.max_depth());
    for property in bounds.properties() {
        match checker.discovery(property.name) {
            Some(path) if property.expectation == Expectation::Always => {
                panic!(
                    "not always {}: {:#?}\n{:#?}",
                    property.name,
                    path.clone().into_actions(),
                    path.last_state()
                )
            }
            None if expected.contains(&property.name) => panic!("never {}", property.name),
            Some(_) | None => {}
        }
    }
}

#[test]
fn one_holder_while_both_run() {
    check(&Bounds { changes: [2, 2], messages: 1, stops: 0, lost_disks: 0, alone: 0 }, &["freed together"]);
}

#[test]
fn one_holder_while_one_is_alone() {
    check(&Bounds { changes: [1, 1], messages: 1, stops: 1, lost_disks: 0, alone: 1 }, &["freed alone"]);
}

#[test]
fn one_holder_after_a_disk_is_lost() {
    check(&Bounds { changes: [1, 1], messages: 1, stops: 1, lost_disks: 1, alone: 0 }, &[]);
}
