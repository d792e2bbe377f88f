//! An address's record and times as the model keeps them: counted from now, so that states that differ only in what
//! time it is are one.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::MacAddr;
use leasehold_server::failover::{Clock, Moment};
use leasehold_server::leases::{Binding, Client, ClientKey, State, Version};
use leasehold_server::time::Now;

/// The one address: the primary's.
pub const ADDRESS: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 4);
/// What time it always is.
pub const NOW: Now = Now { boot_ms: 1_000_000, wall_ms: 1_000_000_000 };
/// What lies so far back has no consequence: the lead time, padded, is no more.
const FORGOTTEN_MS: i64 = 2_000;
/// How much time passes at once.
pub const TICK_MS: i64 = 1_000;

/// A moment, in milliseconds from now on; absent: never, or longer ago than matters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct When(pub Option<i64>);

impl When {
    pub fn of(wall_ms: u64) -> When {
        if wall_ms == 0 {
            return When(None);
        }
        let from_now = i64::try_from(wall_ms).expect("small") - i64::try_from(NOW.wall_ms).expect("small");
        When(Some(from_now).filter(|from_now| *from_now > -FORGOTTEN_MS))
    }

    pub fn wall_ms(self) -> u64 {
        self.0.map_or(0, |from_now| NOW.wall_ms.saturating_add_signed(from_now))
    }

    pub fn tick(&mut self) {
        self.0 = self.0.map(|from_now| from_now - TICK_MS).filter(|from_now| *from_now > -FORGOTTEN_MS);
    }

    /// The same, where only what is to come has a consequence.
    pub fn to_come(self) -> When {
        When(self.0.filter(|from_now| *from_now > 0))
    }

    pub fn is_to_come(self) -> bool {
        self.0.is_some_and(|from_now| from_now > 0)
    }
}

pub fn moment() -> Moment {
    clock().at(NOW)
}

pub fn clock() -> Clock {
    Clock::new(NOW, 0)
}

pub fn client(number: u8) -> Client {
    let hardware = MacAddr::new(&[2, 0, 0, 0, 0, number]).expect("six octets");
    Client {
        key: ClientKey::Hardware(1, hardware),
        identifier: None,
        hardware_type: 1,
        hardware: Some(hardware),
    }
}

fn number(client: &Client) -> u8 {
    client.hardware.expect("every client of the model has one").octets()[5]
}

/// A record.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Record {
    pub epoch: u64,
    pub version: [u64; 2],
    pub born: [u64; 2],
    pub bound: bool,
    /// Who holds it or held it last.
    pub client: Option<u8>,
    pub released: bool,
    pub ending: bool,
    pub told: When,
    pub partner_told: When,
    pub potential: When,
    pub promised: When,
}

impl Record {
    pub fn of(binding: &Binding) -> Record {
        Record {
            epoch: binding.epoch,
            version: binding.version.0,
            born: binding.born.0,
            bound: match binding.state {
                State::Free { .. } => false,
                State::Bound(_) => true,
                State::Declined { .. } => {
                    unreachable!("nobody declines in the model, and no conflict comes here")
                }
            },
            client: binding.client().map(number),
            released: binding.released,
            ending: binding.ending,
            told: When::of(binding.told_wall_ms),
            partner_told: When::of(binding.partner_told_wall_ms),
            potential: When::of(binding.potential_wall_ms),
            promised: When::of(binding.promised_wall_ms),
        }
    }

    pub fn binding(&self) -> Binding {
        let holder = self.client.map(client);
        Binding {
            epoch: self.epoch,
            version: Version(self.version),
            born: Version(self.born),
            state: match holder {
                Some(client) if self.bound => State::Bound(client),
                last_client => State::Free { last_client },
            },
            released: self.released,
            ending: self.ending,
            told_wall_ms: self.told.wall_ms(),
            partner_told_wall_ms: self.partner_told.wall_ms(),
            potential_wall_ms: self.potential.wall_ms(),
            promised_wall_ms: self.promised.wall_ms(),
            ..Binding::unused(ADDRESS)
        }
    }

    pub fn tick(&mut self) {
        for when in [&mut self.told, &mut self.partner_told, &mut self.potential, &mut self.promised] {
            when.tick();
        }
    }
}

/// A record on its way: durations in milliseconds, which no time shortens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct OnItsWay {
    record: Record,
    durations: [u64; 4],
}

impl OnItsWay {
    pub fn of(sent: &Binding) -> OnItsWay {
        let durations =
            [sent.told_wall_ms, sent.partner_told_wall_ms, sent.potential_wall_ms, sent.promised_wall_ms];
        let record = Record::of(&Binding {
            told_wall_ms: 0,
            partner_told_wall_ms: 0,
            potential_wall_ms: 0,
            promised_wall_ms: 0,
            ..sent.clone()
        });
        OnItsWay { record, durations }
    }

    pub fn sent(&self) -> Binding {
        let [told_wall_ms, partner_told_wall_ms, potential_wall_ms, promised_wall_ms] = self.durations;
        Binding {
            told_wall_ms,
            partner_told_wall_ms,
            potential_wall_ms,
            promised_wall_ms,
            ..self.record.binding()
        }
    }
}
