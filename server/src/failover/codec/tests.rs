use leasehold_schemas::artefact::Digest;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::failover::terms::{Agreed, Errand, Word};
use crate::leases::{Client, ClientKey, State, Version};

fn record() -> impl Strategy<Value = Binding> {
    (any::<u32>(), any::<[u64; 4]>(), vec(any::<u8>(), 1..300), 0_u8..3).prop_map(
        |(address, [epoch, told, wish, version], key, state)| {
            let client = Client {
                key: ClientKey::Identifier(key.into()),
                identifier: None,
                hardware_type: 1,
                hardware: None,
            };
            Binding {
                epoch,
                version: Version([version, 7]),
                state: match state {
                    0 => State::Free { last_client: None },
                    1 => State::Bound(client),
                    _ => State::Declined { until_wall_ms: wish },
                },
                told_wall_ms: told,
                ..Binding::unused(Ipv4Addr::from_bits(address))
            }
        },
    )
}

fn errand() -> impl Strategy<Value = Errand> {
    let digest = || any::<[u8; 32]>().prop_map(Digest);
    prop_oneof![
        (digest(), any::<u64>()).prop_map(|(digest, first)| Errand::Want { digest, first }),
        (digest(), any::<[u64; 2]>(), vec(any::<u8>(), 0..400))
            .prop_map(|(digest, [first, total], octets)| Errand::Piece { digest, first, total, octets }),
        digest().prop_map(Errand::Serve),
        (digest(), ".{0,80}").prop_map(|(digest, why)| Errand::Refused { digest, why }),
    ]
}

fn body() -> impl Strategy<Value = Body> {
    let update =
        (any::<[u64; 2]>(), record()).prop_map(|([id, wish_ms], record)| Update { id, record, wish_ms });
    let ack = (any::<u64>(), any::<bool>()).prop_map(|(id, promised)| Ack { id, promised });
    prop_oneof![
        (any::<[u64; 2]>(), any::<u32>()).prop_map(|([partner_boot_seen, lead_ms], share)| Body::Hello {
            partner_boot_seen,
            lead_ms,
            share
        }),
        Just(Body::Heartbeat),
        vec(update, 0..5).prop_map(Body::Updates),
        vec(ack, 0..9).prop_map(Body::Acks),
        vec(record(), 0..5).prop_map(Body::Ends),
        any::<[u64; 2]>().prop_map(|[sync, from]| Body::SyncRequest { sync, from }),
        (any::<[u64; 2]>(), vec(record(), 0..5)).prop_map(|([sync, first], records)| Body::Snapshot {
            sync,
            first,
            records
        }),
        any::<[u64; 2]>().prop_map(|[sync, count]| Body::Synced { sync, count }),
        Just(Body::Handover),
        any::<bool>().prop_map(|leave| Body::Maintenance { leave }),
        vec(any::<u64>(), 0..9).prop_map(Body::Seen),
        errand().prop_map(Body::Errand),
        vec(any::<u32>().prop_map(Ipv4Addr::from_bits), 0..9).prop_map(Body::Exhausted),
    ]
}

fn word() -> impl Strategy<Value = Word> {
    let agreed = any::<Option<([u8; 32], u64)>>();
    (any::<Option<[u8; 32]>>(), agreed, any::<[u8; 32]>(), any::<[bool; 2]>(), any::<u64>()).prop_map(
        |(staged, agreed, running, [prepared, ready], round)| Word {
            running: Digest(running),
            staged: staged.map(Digest),
            agreed: agreed.map(|(digest, lead_ms)| Agreed { digest: Digest(digest), lead_ms }),
            prepared,
            round,
            ready,
        },
    )
}

fn message() -> impl Strategy<Value = Message> {
    let word = proptest::option::of(word());
    (any::<[u64; 8]>(), any::<[bool; 7]>(), 0..=PairState::ALL.len(), word, body()).prop_map(
        |(
            [pair, from_boot, to_boot, sequence, epoch, clock_wall_ms, arbiter, beat],
            [standby, stale, amnesic, sole, sovereign, leaving, able],
            state,
            word,
            body,
        )| {
            let from = if standby { Side::Standby } else { Side::Primary };
            let header = Header {
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
                state: PairState::ALL.get(state).copied(),
                clock_wall_ms,
                word,
                arbiter,
                beat,
            };
            Message { header, body }
        },
    )
}

proptest! {
    #[test]
    fn what_is_said_is_heard(message in message()) {
        prop_assert_eq!(decode(&encode(&message)), Ok(message));
    }

    #[test]
    fn fields_of_a_later_release_are_skipped(message in message(), field in vec(any::<u8>(), 0..300)) {
        let mut bytes = encode(&message);
        put(&mut bytes, 200, &field);
        prop_assert_eq!(decode(&bytes), Ok(message));
    }

    #[test]
    fn any_octets_are_read_or_refused(bytes in vec(any::<u8>(), 0..600)) {
        let _ = decode(&bytes);
        let _ = decode(&[vec![VERSION], bytes].concat());
    }

    #[test]
    fn a_changed_message_is_read_or_refused(message in message(), at in any::<prop::sample::Index>(), octet: u8) {
        let mut bytes = encode(&message);
        *at.get_mut(&mut bytes) = octet;
        let _ = decode(&bytes);
    }
}

#[test]
fn what_is_too_long_is_refused() {
    for (tag, length) in [(PACKETS, 8), (NETWORKS, 4)] {
        let mut bytes = vec![VERSION];
        put(&mut bytes, tag, &vec![0; length * (ITEMS_MAX + 1)]);
        assert_eq!(decode(&bytes), Err(Unreadable::TooLong));
        let mut bytes = vec![VERSION];
        put(&mut bytes, tag, &[0; 9]);
        assert_eq!(decode(&bytes), Err(Unreadable::Field("list")));
    }
    assert_eq!(decode(&vec![VERSION; MESSAGE_MAX + 1]), Err(Unreadable::TooLong));
    let mut bytes = vec![VERSION];
    (0..=ITEMS_MAX).for_each(|_| put(&mut bytes, ITEM, &[]));
    assert_eq!(decode(&bytes), Err(Unreadable::TooLong));
}
