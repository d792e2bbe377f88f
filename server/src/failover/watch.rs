//! Which packets the partner took up, as far as it said so, and which wait in vain: a server can hang behind a link
//! that lives. Bounded; what is forgotten costs a client one more try.

use std::collections::{HashMap, VecDeque};

/// Names one packet to both servers: relay, transaction, hardware address and type.
pub type PacketKey = u64;

/// How many packets are remembered; the oldest go first.
pub const WATCHED_MAX: usize = 65_536;
/// How long a packet is remembered, in milliseconds: clients ask again within a minute (RFC 2131 section 4.1).
const REMEMBERED_MS: u64 = 60_000;
/// How long a word that the partner took a packet up is about the copy that comes now, in milliseconds: less than the
/// pause of any client that asks again (RFC 2131 section 4.1: 4 s and 1 s less).
const SEEN_MS: u64 = 2_000;
/// How long a client has waited by what it says, in seconds, when its second packet is a sign.
const WAITED_SECS: u16 = 4;
/// How long the first packet must have been heard before the second at the least, in milliseconds: relays in redundant
/// pairs send each packet twice, and the partner's word takes its time.
const APART_MS: u64 = 1_000;
/// How long apart two packets are a sign whatever the client says, in milliseconds: the shortest pause of RFC 2131
/// section 4.1. Many clients count no seconds.
const WAITED_MS: u64 = 3_000;

#[derive(Clone, Copy, Debug)]
struct Watched {
    /// When a copy came that the partner had not taken up.
    unseen_boot_ms: Option<u64>,
    /// When the partner said last that it took one up.
    seen_boot_ms: Option<u64>,
    /// Which entry of the order is this one's.
    since_boot_ms: u64,
}

/// All that are remembered.
#[derive(Debug, Default)]
pub struct Watch {
    by_key: HashMap<PacketKey, Watched>,
    order: VecDeque<(u64, PacketKey)>,
}

/// What a packet is that the partner ought to answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sign {
    /// The partner has taken it up.
    Seen,
    /// Not yet, as far as is known.
    Unseen,
    /// The client has asked before and got no answer: the partner's service hangs.
    InVain,
}

impl Watch {
    /// A packet that the partner ought to answer has come; `secs` is what its client says it has waited.
    pub fn came(&mut self, now_boot_ms: u64, key: PacketKey, secs: u16) -> Sign {
        let watched = self.of(now_boot_ms, key);
        if watched.seen_boot_ms.is_some_and(|seen| now_boot_ms < seen + SEEN_MS) {
            return Sign::Seen;
        }
        let Some(first) = watched.unseen_boot_ms else {
            watched.unseen_boot_ms = Some(now_boot_ms);
            return Sign::Unseen;
        };
        let apart = now_boot_ms.saturating_sub(first);
        if apart >= WAITED_MS || (apart >= APART_MS && in_order(secs) >= WAITED_SECS) {
            Sign::InVain
        } else {
            Sign::Unseen
        }
    }

    /// The partner says that it took a packet up.
    pub fn seen(&mut self, now_boot_ms: u64, key: PacketKey) {
        let watched = self.of(now_boot_ms, key);
        watched.seen_boot_ms = Some(now_boot_ms);
        watched.unseen_boot_ms = None;
    }

    /// Whether the partner has taken a packet up since then.
    pub fn was_seen_since(&self, since_boot_ms: u64, key: PacketKey) -> bool {
        let seen = self.by_key.get(&key).and_then(|watched| watched.seen_boot_ms);
        seen.is_some_and(|seen| seen >= since_boot_ms)
    }

    /// Count of packets that are remembered.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.by_key.is_empty()
    }

    fn of(&mut self, now_boot_ms: u64, key: PacketKey) -> &mut Watched {
        while let Some((since, oldest)) = self.order.front().copied() {
            let over = since + REMEMBERED_MS <= now_boot_ms;
            if !over && self.order.len() < WATCHED_MAX {
                break;
            }
            self.order.pop_front();
            if self.by_key.get(&oldest).is_some_and(|watched| watched.since_boot_ms == since) {
                self.by_key.remove(&oldest);
            }
        }
        self.by_key.entry(key).or_insert_with(|| {
            self.order.push_back((now_boot_ms, key));
            Watched { unseen_boot_ms: None, seen_boot_ms: None, since_boot_ms: now_boot_ms }
        })
    }
}

/// `secs` as it was meant: some clients write it in the order of their own octets, and nobody waits for hours.
fn in_order(secs: u16) -> u16 {
    if secs & 0xff == 0 { secs.swap_bytes() } else { secs }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_packet_is_no_sign_and_a_second_after_four_seconds_is() {
        let mut watch = Watch::default();
        assert_eq!(watch.came(10_000, 1, 9), Sign::Unseen, "the first may have been under way for long");
        assert_eq!(watch.came(10_010, 1, 9), Sign::Unseen, "a second relay's copy");
        assert_eq!(watch.came(12_000, 1, 3), Sign::Unseen);
        assert_eq!(watch.came(12_000, 1, 4), Sign::InVain);
        assert_eq!(watch.came(12_000, 1, 4 << 8), Sign::InVain, "in the order of its own octets");
        assert_eq!(watch.came(14_000, 1, 0), Sign::InVain, "a client that counts no seconds");
        assert_eq!(watch.came(14_000, 2, 0), Sign::Unseen, "another packet");
    }

    #[test]
    fn what_the_partner_took_up_is_its_own_until_the_client_asks_again() {
        let mut watch = Watch::default();
        watch.seen(9_990, 1);
        assert_eq!(watch.came(10_000, 1, 0), Sign::Seen, "its word was quicker than the packet");
        assert_eq!(watch.came(14_000, 1, 4), Sign::Unseen);
        watch.seen(14_100, 1);
        assert_eq!(watch.came(18_000, 1, 8), Sign::Unseen);
        assert_eq!(watch.came(22_000, 1, 12), Sign::InVain);
    }

    #[test]
    fn it_does_not_grow_without_end() {
        let mut watch = Watch::default();
        (0..100_000).for_each(|key| {
            watch.came(key / 100, key, 0);
        });
        assert!(watch.len() <= WATCHED_MAX && watch.order.len() <= WATCHED_MAX);
        watch.came(200_000, 1, 0);
        assert_eq!(watch.len(), 1);
    }
}
