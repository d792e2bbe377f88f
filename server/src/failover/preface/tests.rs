use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn versions() -> impl Strategy<Value = Versions> {
    (1_u8.., any::<u8>())
        .prop_map(|(one, other)| Versions { min: one.min(other.max(1)), max: one.max(other) })
}

fn word() -> impl Strategy<Value = String> {
    "[A-Za-z][A-Za-z0-9._-]{0,63}"
}

fn preface() -> impl Strategy<Value = Preface> {
    (versions(), any::<bool>(), any::<u64>(), word(), word()).prop_map(|(versions, data, pair, from, to)| {
        Preface { versions, lane: Lane::ALL[usize::from(data)], pair, from, to }
    })
}

fn welcome() -> impl Strategy<Value = Welcome> {
    let refused = [Refused::Version, Refused::Pair, Refused::To, Refused::From, Refused::Other];
    let verdict = prop_oneof![(1_u8..).prop_map(Ok), prop::sample::select(refused.to_vec()).prop_map(Err)];
    (versions(), word(), verdict).prop_map(|(versions, from, verdict)| Welcome { versions, from, verdict })
}

fn parts(octets: &[u8]) -> (Result<usize, NotOurs>, &[u8]) {
    let (first, rest) = octets.split_first_chunk::<HEAD>().expect("a whole head");
    (head(first), rest)
}

proptest! {
    #[test]
    fn what_is_said_is_heard(preface in preface(), welcome in welcome()) {
        let octets = preface.encode();
        let (length, fields) = parts(&octets);
        prop_assert_eq!(length, Ok(fields.len()));
        prop_assert_eq!(Preface::decode(fields), Ok(preface));
        let octets = welcome.encode();
        let (length, fields) = parts(&octets);
        prop_assert_eq!(length, Ok(fields.len()));
        prop_assert_eq!(Welcome::decode(fields), Ok(welcome));
    }

    #[test]
    fn fields_of_a_later_release_are_skipped(preface in preface(), field in vec(any::<u8>(), 0..100)) {
        let octets = preface.encode();
        let mut fields = octets[HEAD..].to_vec();
        put(&mut fields, 200, &field);
        prop_assert_eq!(Preface::decode(&fields), Ok(preface));
    }

    #[test]
    fn any_octets_are_read_or_refused(octets in vec(any::<u8>(), 0..300), first: [u8; HEAD]) {
        let _ = (head(&first), Preface::decode(&octets), Welcome::decode(&octets));
        let _ = next_frame(&octets);
    }

    #[test]
    fn both_ends_choose_the_same_version(one in versions(), other in versions()) {
        let common = one.common(other);
        prop_assert_eq!(common, other.common(one));
        let spoken: Vec<u8> = (0..=255).filter(|v| one.contains(*v) && other.contains(*v)).collect();
        prop_assert_eq!(common, spoken.last().copied());
    }

    #[test]
    fn frames_come_out_as_they_went_in(
        messages in vec(vec(any::<u8>(), 0..40), 0..9), version: u8, cut in any::<prop::sample::Index>()
    ) {
        let mut octets = Vec::new();
        messages.iter().for_each(|message| put_frame(&mut octets, version, message));
        let mut rest = &octets[..];
        for message in &messages {
            let found = next_frame(rest).expect("short").expect("whole");
            prop_assert_eq!(found.message.get(1..), message.get(1..));
            prop_assert_eq!(found.message.first().copied(), message.first().map(|_| version));
            rest = found.rest;
        }
        prop_assert_eq!(next_frame(rest), Ok(None));
        // Whatever has come so far, nothing is made up.
        let mut rest = &octets[..cut.index(octets.len() + 1)];
        while let Some(found) = next_frame(rest).expect("short") {
            rest = found.rest;
        }
    }
}

#[test]
fn what_else_may_knock_is_told_apart() {
    assert_eq!(head(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03"), Err(NotOurs::Encrypted));
    assert_eq!(head(b"GET / HTTP"), Err(NotOurs::Strange));
    assert_eq!(head(b"LEASEHLD\xff\xff"), Err(NotOurs::Field("length")));
    assert_eq!(next_frame(&[0, 0, 0x10, 1, 7]), Err(TooLong));
    assert_eq!(next_frame(&[0, 0, 0x10, 0, 7]), Ok(None));
}

#[test]
fn only_the_partner_of_this_pair_is_welcome() {
    let versions = Versions { min: 2, max: 3 };
    let preface = Preface {
        versions: Versions { min: 1, max: 2 },
        lane: Lane::Control,
        pair: 7,
        from: "b".to_owned(),
        to: "a".to_owned(),
    };
    let verdict = |preface: &Preface| preface.judge(versions, 7, "a", "b").verdict;
    assert_eq!(verdict(&preface), Ok(2));
    assert_eq!(verdict(&Preface { to: "c".to_owned(), ..preface.clone() }), Err(Refused::To));
    assert_eq!(verdict(&Preface { from: "a".to_owned(), ..preface.clone() }), Err(Refused::From));
    assert_eq!(verdict(&Preface { pair: 8, ..preface.clone() }), Err(Refused::Pair));
    let old = Versions { min: 1, max: 1 };
    assert_eq!(verdict(&Preface { versions: old, ..preface }), Err(Refused::Version));
}
