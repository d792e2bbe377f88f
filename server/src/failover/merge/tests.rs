use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;
use crate::leases::{Client, ClientKey};

fn client(number: u8) -> Client {
    Client {
        key: ClientKey::Identifier([number].into()),
        identifier: Some([number].into()),
        hardware_type: 1,
        hardware: None,
    }
}

fn state(number: u8) -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Free { last_client: Some(client(number)) }),
        Just(State::Bound(client(number))),
        (1_u64..9).prop_map(|until_wall_ms| State::Declined { until_wall_ms }),
    ]
}

/// A record of one client's life; versions meet often.
fn record(number: u8) -> impl Strategy<Value = Binding> {
    (0_u64..2, [0_u64..3, 0_u64..3], state(number), any::<[bool; 2]>(), [0_u64..50, 0_u64..50, 0_u64..50])
        .prop_map(|(epoch, version, state, [released, ending], [told, potential, promised])| Binding {
            epoch,
            version: Version(version),
            state,
            released,
            ending,
            told_wall_ms: told,
            potential_wall_ms: potential,
            promised_wall_ms: promised,
            ..Binding::unused(Ipv4Addr::new(10, 0, 0, 1))
        })
}

/// Records of equal epoch and version say the same: a change raises the version.
fn sound(a: &Binding, mut b: Binding) -> Binding {
    if (a.epoch, a.version) == (b.epoch, b.version) {
        b.state = a.state.clone();
        b.released = a.released;
        b.ending = a.ending;
    }
    b
}

/// What both servers must agree on.
fn shared(binding: &Binding) -> (u64, Version, Version, State, bool, bool) {
    let Binding { epoch, version, born, mut state, released, ending, .. } = binding.clone();
    if let State::Declined { until_wall_ms } = &mut state {
        // Each keeps its own end of a probation.
        *until_wall_ms = 0;
    }
    (epoch, version, born, state, released, ending)
}

proptest! {
    #[test]
    fn both_servers_come_to_the_same(a in record(1), b in record(1)) {
        let b = sound(&a, b);
        let at_primary = merge(Side::Primary, Some(&a), &b, None);
        let at_standby = merge(Side::Standby, Some(&b), &a, None);
        prop_assert_eq!(shared(&at_primary.binding), shared(&at_standby.binding));
        prop_assert_ne!(at_primary.verdict, Verdict::Conflict);
    }

    #[test]
    fn to_hear_it_twice_changes_nothing(a in record(1), b in record(1)) {
        let b = sound(&a, b);
        let once = merge(Side::Primary, Some(&a), &b, None).binding;
        let twice = merge(Side::Primary, Some(&once), &b, None).binding;
        prop_assert_eq!(once, twice);
    }

    #[test]
    fn the_order_of_three_does_not_matter_to_version_and_epoch(
        a in record(1), b in record(1), c in record(1),
    ) {
        let b = sound(&a, b);
        let c = sound(&b, sound(&a, c));
        let step = |x: &Binding, y: &Binding| merge(Side::Primary, Some(x), y, None).binding;
        let left = step(&step(&a, &b), &c);
        let right = step(&a, &step(&b, &c));
        prop_assert_eq!((left.epoch, left.version), (right.epoch, right.version));
    }

    #[test]
    fn no_message_gives_a_right_or_takes_what_was_told(a in record(1), b in record(1)) {
        let merged = merge(Side::Primary, Some(&a), &b, None).binding;
        prop_assert!(merged.potential_wall_ms <= a.potential_wall_ms);
        if a.is_bound() && merged.is_bound() {
            prop_assert_eq!(merged.told_wall_ms, a.told_wall_ms);
            prop_assert_eq!(merged.promised_wall_ms, a.promised_wall_ms);
        }
    }

    #[test]
    fn a_conflict_is_two_clients_at_one_time(a in record(1), b in record(2)) {
        let merged = merge(Side::Primary, Some(&a), &b, None);
        let concurrent = a.epoch == b.epoch && !covers(a.version, b.version) && !covers(b.version, a.version);
        let named = a.client().is_some() && b.client().is_some();
        prop_assert_eq!(merged.verdict == Verdict::Conflict, concurrent && named);
    }

    #[test]
    fn who_forgot_supposes_the_most_it_can_have_said(b in record(1)) {
        let forgotten = Forgotten { told_at_least_wall_ms: 40, lead_ms: 10 };
        let merged = merge(Side::Primary, None, &b, Some(forgotten)).binding;
        if !matches!(merged.state, State::Free { .. }) {
            prop_assert!(merged.told_wall_ms >= 40.max(b.promised_wall_ms + 10));
            prop_assert!(merged.promised_wall_ms >= b.potential_wall_ms);
            prop_assert_eq!(merged.potential_wall_ms, 0);
            prop_assert!(!merged.released);
        }
    }

    #[test]
    fn who_forgot_believes_the_partner_about_whom_an_address_is_with(a in record(1), b in record(2)) {
        prop_assume!(b.epoch >= a.epoch);
        let forgotten = Forgotten { told_at_least_wall_ms: 40, lead_ms: 10 };
        let merged = merge(Side::Primary, Some(&a), &b, Some(forgotten)).binding;
        prop_assert_eq!(merged.client(), b.client());
        prop_assert!(covers(merged.version, a.version) && covers(merged.version, b.version));
    }
}
