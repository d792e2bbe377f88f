//! One string of octets and what is demanded of it: whether there is such a string, and one that is readable.
//!
//! Exact for parts cut out with constant bounds and compared with constants. It tries every length at which the
//! demands can differ: beyond twice the farthest octet that any of them reaches, all lengths are alike.

use std::collections::BTreeMap;

/// Farthest octet, from the front or the back, that a demand may reach; what reaches farther is not decided.
pub const REACH_OCTETS_MAX: usize = 512;

/// A part of a string, as `substring` cuts it: first octet (negative: from the end) and count (negative: those
/// before the first; absent: all that follow).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cut {
    /// First octet.
    pub start: i32,
    /// Count of octets.
    pub length: Option<i32>,
}

impl Cut {
    /// The octets, from and up to, that the cut takes of a string of `len` octets.
    pub fn range(self, len: usize) -> (usize, usize) {
        let whole = i64::try_from(len).unwrap_or(i64::MAX);
        let start = i64::from(self.start) + if self.start < 0 { whole } else { 0 };
        if start < 0 || start >= whole {
            return (0, 0);
        }
        let (from, to) = match self.length.map(i64::from) {
            None => (start, whole),
            Some(length) if length >= 0 => (start, (start + length).min(whole)),
            Some(length) => ((start + length).max(0), start),
        };
        let at = |place: i64| usize::try_from(place).unwrap_or(0);
        (at(from), at(to))
    }

    fn reach(self) -> usize {
        let length = self.length.map_or(0, i32::unsigned_abs);
        (self.start.unsigned_abs() as usize).saturating_add(length as usize)
    }
}

/// Cuts, each of what the one before it gave.
fn range(cuts: &[Cut], len: usize) -> (usize, usize) {
    cuts.iter().fold((0, len), |(from, to), cut| {
        let (start, end) = cut.range(to - from);
        (from + start, from + end)
    })
}

/// What is demanded of the value at one place of a packet.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Demand {
    /// It is there, or it is not.
    Present(bool),
    /// A part of it is, or is not, these octets. What is absent has no octets.
    Part {
        /// Which part; none: the whole.
        cuts: Vec<Cut>,
        /// The octets.
        octets: Vec<u8>,
        /// Whether it is them.
        is: bool,
    },
}

/// What holds of a place in every packet that reaches the classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Nature {
    /// Whether it is in every packet.
    pub always: bool,
    /// Whether it counts as absent if it has no octets.
    pub empty_is_absent: bool,
    /// Whether zeros at its end are no part of it.
    pub zeros_cut: bool,
    /// Shortest, in octets, where it is present.
    pub len_min: usize,
    /// Longest, in octets.
    pub len_max: usize,
    /// The length that reads best.
    pub len_usual: usize,
    /// Octets that always stand first.
    pub head: &'static [u8],
    /// Which octets can stand behind them; empty: any.
    pub alphabet: &'static [u8],
}

/// What the demands leave.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// No value.
    Nothing,
    /// It was not decided.
    Doubt,
    /// The place may be empty.
    Absent,
    /// These octets are one value.
    Octets(Vec<u8>),
}

/// A value that meets the demands.
pub fn find(nature: &Nature, demands: &[&Demand]) -> Found {
    let said = |wanted: bool| demands.iter().any(|demand| **demand == Demand::Present(wanted));
    let (present, absent) = (nature.always || said(true), said(false));
    if present && absent {
        return Found::Nothing;
    }
    let mut parts: Vec<Compared<'_>> = demands.iter().filter_map(|demand| Compared::of(demand)).collect();
    if nature.zeros_cut {
        parts.push(Compared { cuts: &LAST, octets: &[0], is: false });
    }
    if !present && at_length(nature, &parts, 0) == Found::Octets(Vec::new()) {
        return Found::Absent;
    }
    if absent {
        return Found::Nothing;
    }
    let Some(lengths) = lengths(nature, &parts) else { return Found::Doubt };
    let mut doubt = false;
    for len in lengths {
        match at_length(nature, &parts, len) {
            Found::Nothing | Found::Absent => {}
            Found::Doubt => doubt = true,
            Found::Octets(octets) => return Found::Octets(octets),
        }
    }
    if doubt { Found::Doubt } else { Found::Nothing }
}

/// A part compared with octets.
#[derive(Clone, Copy)]
struct Compared<'a> {
    cuts: &'a [Cut],
    octets: &'a [u8],
    is: bool,
}

const LAST: [Cut; 1] = [Cut { start: -1, length: None }];

impl<'a> Compared<'a> {
    fn of(demand: &'a Demand) -> Option<Compared<'a>> {
        match demand {
            Demand::Part { cuts, octets, is } => Some(Compared { cuts, octets, is: *is }),
            Demand::Present(_) => None,
        }
    }

    fn reach(&self) -> usize {
        self.cuts.iter().fold(self.octets.len(), |sum, cut| sum.saturating_add(cut.reach()))
    }
}

/// The lengths of a present value worth trying, the usual one first and none last; `None`: too many.
fn lengths(nature: &Nature, parts: &[Compared<'_>]) -> Option<Vec<usize>> {
    let least = nature.len_min.max(usize::from(nature.empty_is_absent));
    let whole = parts.iter().find(|part| part.is && part.cuts.is_empty());
    let (first, last) = match whole {
        Some(whole) => (whole.octets.len().max(least), whole.octets.len().min(nature.len_max)),
        None => {
            let reach = parts.iter().map(Compared::reach).max().unwrap_or(0);
            if reach > REACH_OCTETS_MAX {
                return None;
            }
            (least, (2 * reach + 1).max(nature.len_usual).max(least).min(nature.len_max))
        }
    };
    let mut lengths: Vec<usize> = (first..=last).collect();
    lengths.sort_by_key(|len| (*len == 0, *len != nature.len_usual, *len));
    Some(lengths)
}

/// A value of `len` octets.
fn at_length(nature: &Nature, parts: &[Compared<'_>], len: usize) -> Found {
    let mut octets: Vec<Option<u8>> = vec![None; len];
    octets.iter_mut().zip(nature.head).for_each(|(octet, head)| *octet = Some(*head));
    for part in parts.iter().filter(|part| part.is) {
        let (from, to) = range(part.cuts, len);
        if to - from != part.octets.len() {
            return Found::Nothing;
        }
        for (octet, wanted) in octets[from..to].iter_mut().zip(part.octets) {
            let allowed = nature.alphabet.is_empty() || nature.alphabet.contains(wanted);
            match octet {
                Some(octet) if octet == wanted => {}
                None if allowed => *octet = Some(*wanted),
                Some(_) | None => return Found::Nothing,
            }
        }
    }
    let refused = parts.iter().filter(|part| !part.is).filter_map(|part| {
        let (from, to) = range(part.cuts, len);
        (to - from == part.octets.len()).then_some(Refused { from, octets: part.octets })
    });
    fill(nature, octets, refused.collect())
}

/// Octets that must not stand at `from`, all of them together.
#[derive(Clone, Copy)]
struct Refused<'a> {
    from: usize,
    octets: &'a [u8],
}

impl<'a> Refused<'a> {
    /// The places that are not decided yet, with what is refused there; `None`: another octet stands somewhere.
    fn open(self, octets: &[Option<u8>]) -> Option<Vec<(usize, u8)>> {
        let mut open = Vec::new();
        for (at, refused) in (self.from..).zip(self.octets) {
            match octets[at] {
                None => open.push((at, *refused)),
                Some(octet) if octet == *refused => {}
                Some(_) => return None,
            }
        }
        Some(open)
    }
}

/// Puts octets where none are demanded, so that nothing refused stands anywhere.
fn fill(nature: &Nature, mut octets: Vec<Option<u8>>, mut refused: Vec<Refused<'_>>) -> Found {
    let mut allowed: BTreeMap<usize, [bool; 256]> = BTreeMap::new();
    let any = || {
        let mut set = [nature.alphabet.is_empty(); 256];
        nature.alphabet.iter().for_each(|octet| set[usize::from(*octet)] = true);
        set
    };
    // Where only one place is left to differ, it must; that may leave it one octet, which decides others.
    loop {
        let before = refused.len();
        let mut many = Vec::new();
        for one in refused {
            let Some(open) = one.open(&octets) else { continue };
            match open[..] {
                [] => return Found::Nothing,
                [(at, octet)] => {
                    let set = allowed.entry(at).or_insert_with(any);
                    set[usize::from(octet)] = false;
                    let mut left = (0..=u8::MAX).filter(|octet| set[usize::from(*octet)]);
                    match (left.next(), left.next()) {
                        (None, _) => return Found::Nothing,
                        (Some(only), None) => octets[at] = Some(only),
                        (Some(_), Some(_)) => {}
                    }
                }
                _ => many.push(one),
            }
        }
        let done = many.len() == before;
        refused = many;
        if done {
            break;
        }
    }
    // An octet that nobody refuses, in every open place, lets all the others differ.
    for one in &refused {
        for (at, octet) in one.open(&octets).unwrap_or_default() {
            allowed.entry(at).or_insert_with(any)[usize::from(octet)] = false;
        }
    }
    let mut value = Vec::with_capacity(octets.len());
    for (at, octet) in octets.into_iter().enumerate() {
        let set = allowed.get(&at).copied().unwrap_or_else(any);
        match octet.or_else(|| readable(&set)) {
            Some(octet) => value.push(octet),
            None => return Found::Doubt,
        }
    }
    Found::Octets(value)
}

/// The octet of the set that reads best.
fn readable(set: &[bool; 256]) -> Option<u8> {
    let plain = (b'a'..=b'z').rev().skip(2).chain(b'0'..=b'9');
    plain.chain(1..=u8::MAX).chain([0]).find(|octet| set[usize::from(*octet)])
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANY: Nature = Nature {
        always: false,
        empty_is_absent: false,
        zeros_cut: false,
        len_min: 0,
        len_max: 65_000,
        len_usual: 1,
        head: &[],
        alphabet: &[],
    };

    fn part(start: i32, length: Option<i32>, octets: &[u8], is: bool) -> Demand {
        Demand::Part { cuts: vec![Cut { start, length }], octets: octets.to_vec(), is }
    }

    fn found(nature: &Nature, demands: &[Demand]) -> Found {
        find(nature, &demands.iter().collect::<Vec<_>>())
    }

    fn octets(text: &[u8]) -> Found {
        Found::Octets(text.to_vec())
    }

    #[test]
    fn parts_fit_together_or_do_not() {
        let prefix = part(0, Some(3), b"PXE", true);
        assert_eq!(found(&ANY, &[prefix.clone(), part(2, Some(2), b"EC", true)]), octets(b"PXEC"));
        assert_eq!(found(&ANY, &[prefix.clone(), part(2, Some(2), b"XC", true)]), Found::Nothing);
        assert_eq!(found(&ANY, &[prefix.clone(), part(0, None, b"PXE", false)]), octets(b"PXEx"));
        assert_eq!(found(&ANY, &[prefix.clone(), part(-2, None, b"ab", true)]), octets(b"PXEab"));
        assert_eq!(found(&ANY, &[prefix, part(-4, None, b"aPXE", true)]), octets(b"PXEaPXE"));
        assert_eq!(found(&ANY, &[part(0, Some(3), b"PXEC", true)]), Found::Nothing);
        assert_eq!(found(&ANY, &[part(0, Some(4), b"PXE", true)]), octets(b"PXE"));
    }

    #[test]
    fn what_is_absent_is_empty() {
        let empty = part(0, None, b"", true);
        assert_eq!(found(&ANY, std::slice::from_ref(&empty)), Found::Absent);
        assert_eq!(found(&ANY, &[empty.clone(), Demand::Present(true)]), octets(b""));
        let text = Nature { empty_is_absent: true, ..ANY };
        assert_eq!(found(&text, &[empty, Demand::Present(true)]), Found::Nothing);
        assert_eq!(found(&ANY, &[part(0, None, b"", false), Demand::Present(false)]), Found::Nothing);
        assert_eq!(found(&ANY, &[Demand::Present(false), Demand::Present(true)]), Found::Nothing);
        assert_eq!(found(&text, &[Demand::Present(true)]), octets(b"x"));
    }

    #[test]
    fn every_octet_of_a_small_alphabet_can_be_refused() {
        let kind = Nature { always: true, len_min: 1, len_max: 1, alphabet: &[1, 3], ..ANY };
        let number = Nature { len_min: 4, len_max: 4, head: &[0, 0, 0], ..kind };
        assert_eq!(found(&number, &[part(0, None, &[0, 0, 0, 3], true)]), octets(&[0, 0, 0, 3]));
        assert_eq!(found(&number, &[part(0, None, &[0, 0, 0, 2], true)]), Found::Nothing);
        let not = |octet: u8| part(0, None, &[octet], false);
        assert_eq!(found(&kind, &[not(1)]), octets(&[3]));
        assert_eq!(found(&kind, &[not(1), not(3)]), Found::Nothing);
        assert_eq!(found(&kind, &[part(0, None, &[0, 0, 0, 1], true)]), Found::Nothing);
        let all: Vec<Demand> = (0..=255).map(|octet| part(0, Some(1), &[octet], false)).collect();
        assert_eq!(found(&ANY, &[&all[..], &[part(0, None, b"", false)]].concat()), Found::Nothing);
        assert_eq!(found(&ANY, &[&all[1..], &[part(0, Some(1), b"", false)]].concat()), octets(&[0]));
    }

    #[test]
    fn what_reaches_too_far_is_not_decided() {
        assert_eq!(found(&ANY, &[part(5000, Some(1), b"x", true)]), Found::Doubt);
        let sub_option = Nature { len_max: 255, ..ANY };
        assert_eq!(found(&sub_option, &[part(300, Some(1), b"x", true)]), Found::Nothing);
    }
}
