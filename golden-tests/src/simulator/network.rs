//! What lies between servers and clients: ways that lose, double, delay and reorder, or are cut.

use leasehold_server::serve::Outgoing;
use leasehold_server::wire::{Message, OptionIndex};

use super::Harm;
use super::client::{Heard, Sent};
use super::world::{Happening, World};

impl World {
    /// A message is lost, comes once or twice, soon or late.
    fn deliver(&mut self, way: usize, late_max: u64, happening: &Happening) {
        if self.cut[way] > self.t {
            return self.count("lost-by-cut");
        }
        if self.dice.below(1_000) < self.loss {
            return self.count("lost");
        }
        let copies = if self.dice.below(1_000) < self.doubled { 2 } else { 1 };
        for copy in 0..copies {
            if copy == 1 {
                self.count("doubled");
            }
            let mut delay = 1 + self.dice.roll() % 20;
            if self.dice.below(1_000) < self.late {
                delay = self.dice.roll() % late_max;
                self.count("late");
            }
            let (until, longer) = self.lag[way];
            if until > self.t {
                delay += longer;
            }
            self.schedule(self.t + delay, happening.clone());
        }
    }

    pub(super) fn send_partner(&mut self, at: usize, bytes: Vec<u8>) {
        self.deliver(2 + at, 50_000, &Happening::Partner { at: 1 - at, bytes });
    }

    pub(super) fn answer(&mut self, at: usize, outgoing: &Outgoing) {
        self.note_acknowledgement(at, outgoing);
        let network = self.client_of(&outgoing.bytes).map_or(0, |number| self.clients[number].place);
        // What is older than 2 s is dropped on its way.
        let bytes = outgoing.bytes.clone();
        self.deliver(4 + 2 * at + network, 2_000, &Happening::ToClient { bytes });
    }

    fn client_of(&self, bytes: &[u8]) -> Option<usize> {
        bytes.get(33).map(|number| usize::from(*number)).filter(|number| *number < self.clients.len())
    }

    pub(super) fn wake(&mut self, number: usize) {
        let t = self.t;
        if self.clients[number].next > t {
            return;
        }
        self.nobody_waits(number);
        let mut sent = Vec::new();
        let what = self.clients[number].wake(t, &mut self.dice, &mut sent);
        if let Some(what) = what {
            self.count(what);
        }
        self.send(number, sent);
    }

    pub(super) fn send(&mut self, number: usize, sent: Vec<Sent>) {
        let network = self.clients[number].place;
        for Sent { to, meta, bytes, hasty } in sent {
            let at = to.expect("every packet has a server");
            let happening = Happening::ToServer { at, meta, bytes };
            let way = 4 + 2 * at + network;
            if !hasty {
                self.clients[number].asked.get_or_insert(self.t);
                self.deliver(way, 20_000, &happening);
            } else if self.cut[way] <= self.t && self.servers[at].paused_until <= self.t {
                self.schedule(self.t + 5, happening);
            }
        }
        let next = self.clients[number].next.max(self.t + 1);
        self.clients[number].next = next;
        self.schedule(next, Happening::Client { number });
    }

    pub(super) fn reply(&mut self, bytes: &[u8]) {
        let Some(number) = self.client_of(bytes) else { return };
        let mut index = OptionIndex::new();
        let Ok(message) = Message::read(bytes, &mut index) else {
            return self.fail(Harm::Broken, "a server sent something unreadable");
        };
        let mut sent = Vec::new();
        let heard = self.clients[number].hear(self.t, &message, &mut self.dice, &mut sent);
        match heard {
            Heard::Bound(lease) => {
                self.count("leases");
                self.note(|| format!("client {number}: {lease:?}"));
                self.one_holder(number, lease);
            }
            Heard::Refused => self.count("refused"),
            Heard::Nothing => {}
        }
        self.send(number, sent);
    }
}
