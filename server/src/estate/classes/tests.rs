use proptest::prelude::*;

use super::octets;

proptest! {
    #[test]
    fn substring_ends_are_keas(start in -9_i32..9, length in proptest::option::of(-9_i32..9)) {
        let whole = b"abcdef";
        let at = if start < 0 { start + 6 } else { start };
        let expected: Vec<u8> = (0..6_i32)
            .filter(|i| (0..6).contains(&at) && match length {
                None => *i >= at,
                Some(length) if length >= 0 => *i >= at && *i < at + length,
                Some(length) => *i < at && *i >= at + length,
            })
            .map(|i| whole[usize::try_from(i).unwrap()])
            .collect();
        prop_assert_eq!(&whole[octets::substring(whole.len(), start, length)], &expected[..]);
    }
}
