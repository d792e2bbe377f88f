//! Messages as octets: a version, then tagged fields, as the journal writes bindings. Unknown fields are skipped, so a
//! later release may add some; an unknown body is a named refusal.

use std::fmt;
use std::net::Ipv4Addr;

use super::home::Side;
use super::message::{Ack, Body, Header, Message, Update};
use super::pair::State as PairState;
use super::preface::SPOKEN;
use super::terms::Errand;
use super::watch::PacketKey;
use crate::leases::Binding;
use crate::leases::journal::codec::{self as binding, Fields, number, put, put_number};

mod artefacts;

use artefacts::Artefacts;

/// The version a message is made in; the connection it leaves by changes it to the highest that both servers speak.
const VERSION: u8 = SPOKEN.min;
/// Octets of a message, at most.
pub const MESSAGE_MAX: usize = 1 << 20;
/// Records or acks in one message, at most.
pub const ITEMS_MAX: usize = 256;

/// Octets of most records, with what a message says of them.
const RECORD_USUAL: usize = 224;

const PAIR: u8 = 1;
const FROM: u8 = 2;
const FROM_BOOT: u8 = 3;
const TO_BOOT: u8 = 4;
const SEQUENCE: u8 = 5;
const EPOCH: u8 = 6;
const FLAGS: u8 = 7;
const KIND: u8 = 8;
const ITEM: u8 = 9;
const BOOT_SEEN: u8 = 10;
const LEAD: u8 = 11;
const SHARE: u8 = 12;
const SYNC: u8 = 13;
const COUNT: u8 = 14;
const CLOCK: u8 = 15;
const STATE: u8 = 16;
const PACKETS: u8 = 17;
const NETWORKS: u8 = 18;
const ARBITER: u8 = 30;
const BEAT: u8 = 31;

const ITEM_ID: u8 = 1;
const ITEM_RECORD: u8 = 2;
const ITEM_WISH: u8 = 3;
const ITEM_PROMISED: u8 = 4;

const STALE: u64 = 1;
const AMNESIC: u64 = 2;
const SOLE: u64 = 4;
const SOVEREIGN: u64 = 8;
const LEAVING: u64 = 16;
const ABLE: u64 = 32;

/// Why octets are no message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unreadable {
    /// Longer than [`MESSAGE_MAX`], or with more than [`ITEMS_MAX`] items.
    TooLong,
    /// A version this release does not speak.
    Version(u8),
    /// A body this release does not know.
    Kind(u64),
    /// A field is wrong or missing.
    Field(&'static str),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::TooLong => write!(f, "the message is too long"),
            Unreadable::Version(version) => {
                write!(f, "the message is of version {version}; this release speaks {SPOKEN}")
            }
            Unreadable::Kind(kind) => {
                write!(f, "the message is of kind {kind}, which this release does not know")
            }
            Unreadable::Field(field) => write!(f, "the message's {field} is wrong or missing"),
        }
    }
}

impl std::error::Error for Unreadable {}

fn kind(body: &Body) -> u64 {
    match body {
        Body::Hello { .. } => 1,
        Body::Heartbeat => 2,
        Body::Updates(_) => 3,
        Body::Acks(_) => 4,
        Body::Ends(_) => 5,
        Body::SyncRequest { .. } => 6,
        Body::Snapshot { .. } => 7,
        Body::Synced { .. } => 8,
        Body::Handover => 9,
        Body::Seen(_) => 10,
        Body::Exhausted(_) => 11,
        Body::Errand(Errand::Want { .. }) => 12,
        Body::Errand(Errand::Piece { .. }) => 13,
        Body::Errand(Errand::Serve(_)) => 14,
        Body::Errand(Errand::Refused { .. }) => 15,
        Body::Maintenance { .. } => 16,
    }
}

/// A message's octets.
pub fn encode(message: &Message) -> Vec<u8> {
    let Message { header, body } = message;
    let Header {
        pair,
        from,
        from_boot,
        to_boot,
        sequence,
        epoch,
        stale,
        amnesic,
        sole,
        sovereign,
        able,
        leaving,
        state,
        clock_wall_ms,
        word,
        arbiter,
        beat,
    } = header;
    let mut out = vec![VERSION];
    put_number(&mut out, PAIR, *pair);
    put_number(&mut out, FROM, from.index() as u64);
    put_number(&mut out, FROM_BOOT, *from_boot);
    put_number(&mut out, TO_BOOT, *to_boot);
    put_number(&mut out, SEQUENCE, *sequence);
    put_number(&mut out, EPOCH, *epoch);
    let flags = (u64::from(*stale) * STALE)
        | (u64::from(*amnesic) * AMNESIC)
        | (u64::from(*sole) * SOLE)
        | (u64::from(*sovereign) * SOVEREIGN)
        | (u64::from(*leaving) * LEAVING)
        | (u64::from(*able) * ABLE)
        | artefacts::flags(word.as_ref());
    put_number(&mut out, FLAGS, flags);
    if let Some(state) = state {
        put_number(&mut out, STATE, u64::from(state.octet()));
    }
    put_number(&mut out, CLOCK, *clock_wall_ms);
    if let Some(word) = word {
        artefacts::put_word(&mut out, word);
    }
    put_number(&mut out, ARBITER, *arbiter);
    put_number(&mut out, BEAT, *beat);
    put_number(&mut out, KIND, kind(body));
    put_body(&mut out, body);
    out
}

fn put_body(out: &mut Vec<u8>, body: &Body) {
    match body {
        Body::Hello { partner_boot_seen, lead_ms, share } => {
            put_number(out, BOOT_SEEN, *partner_boot_seen);
            put_number(out, LEAD, *lead_ms);
            put_number(out, SHARE, u64::from(*share));
        }
        Body::Heartbeat | Body::Handover => {}
        Body::Updates(updates) => updates.iter().for_each(|Update { id, record, wish_ms }| {
            put_item(out, |item| {
                put_number(item, ITEM_ID, *id);
                put_number(item, ITEM_WISH, *wish_ms);
                put_record(item, record);
            });
        }),
        Body::Acks(acks) => acks.iter().for_each(|Ack { id, promised }| {
            put_item(out, |item| {
                put_number(item, ITEM_ID, *id);
                put_number(item, ITEM_PROMISED, u64::from(*promised));
            });
        }),
        Body::Ends(records) => {
            for record in records {
                put_item(out, |item| put_record(item, record));
            }
        }
        Body::Seen(packets) => {
            put(out, PACKETS, &packets.iter().flat_map(|key| key.to_le_bytes()).collect::<Vec<_>>());
        }
        Body::Exhausted(networks) => {
            put(out, NETWORKS, &networks.iter().flat_map(Ipv4Addr::octets).collect::<Vec<_>>());
        }
        Body::Errand(errand) => artefacts::put_errand(out, errand),
        Body::Maintenance { leave } => put_number(out, COUNT, u64::from(*leave)),
        Body::SyncRequest { sync, from } => {
            put_number(out, SYNC, *sync);
            put_number(out, COUNT, *from);
        }
        Body::Snapshot { sync, first, records } => {
            put_number(out, SYNC, *sync);
            put_number(out, COUNT, *first);
            for record in records {
                put_item(out, |item| put_record(item, record));
            }
        }
        Body::Synced { sync, count } => {
            put_number(out, SYNC, *sync);
            put_number(out, COUNT, *count);
        }
    }
}

fn put_item(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let mut item = Vec::with_capacity(RECORD_USUAL);
    write(&mut item);
    put(out, ITEM, &item);
}

fn put_record(item: &mut Vec<u8>, record: &Binding) {
    let mut octets = Vec::with_capacity(RECORD_USUAL);
    binding::encode(record, &mut octets);
    put(item, ITEM_RECORD, &octets);
}

/// One element of a list, before it is known of which.
#[derive(Default)]
struct Item {
    id: u64,
    wish_ms: u64,
    promised: bool,
    record: Option<Binding>,
}

impl Item {
    fn read(octets: &[u8]) -> Result<Item, Unreadable> {
        let mut item = Item::default();
        for field in Fields(octets) {
            let (tag, value) = field.map_err(|why| Unreadable::Field(why.field))?;
            match tag {
                ITEM_ID => item.id = read_number(value, "id")?,
                ITEM_WISH => item.wish_ms = read_number(value, "wish")?,
                ITEM_PROMISED => item.promised = read_number(value, "promise")? != 0,
                ITEM_RECORD => {
                    let record = binding::decode(value).map_err(|why| Unreadable::Field(why.field))?;
                    item.record = Some(record);
                }
                _ => {}
            }
        }
        Ok(item)
    }

    fn record(self) -> Result<Binding, Unreadable> {
        self.record.ok_or(Unreadable::Field("record"))
    }
}

fn read_number(value: &[u8], field: &'static str) -> Result<u64, Unreadable> {
    number(value, field).map_err(|why| Unreadable::Field(why.field))
}

/// What the fields say, before they are put together.
#[derive(Default)]
struct Read {
    pair: u64,
    from: u64,
    from_boot: u64,
    to_boot: u64,
    sequence: u64,
    epoch: u64,
    flags: u64,
    kind: u64,
    boot_seen: u64,
    lead: u64,
    share: u64,
    sync: u64,
    count: u64,
    clock: u64,
    arbiter: u64,
    beat: u64,
    /// 0: none.
    state: u64,
    packets: Vec<PacketKey>,
    networks: Vec<Ipv4Addr>,
    artefacts: Artefacts,
    items: Vec<Item>,
}

/// Reads a message; total on any octets.
pub fn decode(bytes: &[u8]) -> Result<Message, Unreadable> {
    if bytes.len() > MESSAGE_MAX {
        return Err(Unreadable::TooLong);
    }
    let (&version, fields) = bytes.split_first().ok_or(Unreadable::Field("version"))?;
    if !SPOKEN.contains(version) {
        return Err(Unreadable::Version(version));
    }
    let mut read = Read::default();
    for field in Fields(fields) {
        let (tag, value) = field.map_err(|why| Unreadable::Field(why.field))?;
        let place = match tag {
            PAIR => &mut read.pair,
            FROM => &mut read.from,
            FROM_BOOT => &mut read.from_boot,
            TO_BOOT => &mut read.to_boot,
            SEQUENCE => &mut read.sequence,
            EPOCH => &mut read.epoch,
            FLAGS => &mut read.flags,
            KIND => &mut read.kind,
            BOOT_SEEN => &mut read.boot_seen,
            LEAD => &mut read.lead,
            SHARE => &mut read.share,
            SYNC => &mut read.sync,
            COUNT => &mut read.count,
            CLOCK => &mut read.clock,
            ARBITER => &mut read.arbiter,
            BEAT => &mut read.beat,
            STATE => &mut read.state,
            ITEM if read.items.len() == ITEMS_MAX => return Err(Unreadable::TooLong),
            ITEM => {
                read.items.push(Item::read(value)?);
                continue;
            }
            PACKETS => {
                read.packets = list(value, u64::from_le_bytes)?;
                continue;
            }
            NETWORKS => {
                read.networks = list(value, Ipv4Addr::from)?;
                continue;
            }
            _ => {
                read.artefacts.field(tag, value)?;
                continue;
            }
        };
        *place = read_number(value, "number")?;
    }
    read.message()
}

/// Values of one length, one behind the other.
fn list<const LENGTH: usize, T>(
    octets: &[u8],
    value: impl Fn([u8; LENGTH]) -> T,
) -> Result<Vec<T>, Unreadable> {
    let (values, []) = octets.as_chunks() else { return Err(Unreadable::Field("list")) };
    if values.len() > ITEMS_MAX {
        return Err(Unreadable::TooLong);
    }
    Ok(values.iter().map(|octets| value(*octets)).collect())
}

impl Read {
    fn message(self) -> Result<Message, Unreadable> {
        let from = match self.from {
            0 => Side::Primary,
            1 => Side::Standby,
            _ => return Err(Unreadable::Field("sender")),
        };
        let header = Header {
            pair: self.pair,
            from,
            from_boot: self.from_boot,
            to_boot: self.to_boot,
            sequence: self.sequence,
            epoch: self.epoch,
            stale: self.flags & STALE != 0,
            amnesic: self.flags & AMNESIC != 0,
            sole: self.flags & SOLE != 0,
            sovereign: self.flags & SOVEREIGN != 0,
            able: self.flags & ABLE != 0,
            leaving: self.flags & LEAVING != 0,
            state: PairState::ALL.into_iter().find(|state| u64::from(state.octet()) == self.state),
            clock_wall_ms: self.clock,
            word: self.artefacts.word(self.flags),
            arbiter: self.arbiter,
            beat: self.beat,
        };
        Ok(Message { header, body: self.body()? })
    }

    fn body(self) -> Result<Body, Unreadable> {
        let items = self.items.into_iter();
        let update = |item: Item| {
            let (id, wish_ms) = (item.id, item.wish_ms);
            item.record().map(|record| Update { id, record, wish_ms })
        };
        Ok(match self.kind {
            1 => Body::Hello {
                partner_boot_seen: self.boot_seen,
                lead_ms: self.lead,
                share: u32::try_from(self.share).map_err(|_| Unreadable::Field("share"))?,
            },
            2 => Body::Heartbeat,
            3 => Body::Updates(items.map(update).collect::<Result<_, _>>()?),
            4 => Body::Acks(items.map(|item| Ack { id: item.id, promised: item.promised }).collect()),
            5 => Body::Ends(items.map(Item::record).collect::<Result<_, _>>()?),
            6 => Body::SyncRequest { sync: self.sync, from: self.count },
            7 => Body::Snapshot {
                sync: self.sync,
                first: self.count,
                records: items.map(Item::record).collect::<Result<_, _>>()?,
            },
            8 => Body::Synced { sync: self.sync, count: self.count },
            9 => Body::Handover,
            10 => Body::Seen(self.packets),
            11 => Body::Exhausted(self.networks),
            12..=15 => Body::Errand(self.artefacts.errand(self.kind, [self.count, self.sync])?),
            16 => Body::Maintenance { leave: self.count != 0 },
            kind => return Err(Unreadable::Kind(kind)),
        })
    }
}

#[cfg(test)]
mod tests;
