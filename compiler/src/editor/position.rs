//! Places as editors count them: lines from 0, and UTF-16 code units in them.

use std::ops::Range;

/// A place in a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Place {
    /// The line, from 0.
    pub line: u32,
    /// UTF-16 code units before it on its line.
    pub unit: u32,
}

/// Where the lines of a text begin.
#[derive(Clone, Debug)]
pub struct Lines {
    starts: Vec<usize>,
}

impl Lines {
    /// Reads a text once. Lines end with a line feed; a carriage return before it belongs to the end.
    pub fn new(text: &str) -> Lines {
        let behind = text.bytes().enumerate().filter(|(_, octet)| *octet == b'\n').map(|(at, _)| at + 1);
        Lines { starts: std::iter::once(0).chain(behind).collect() }
    }

    /// The place of an offset; one inside a character is that character's, one beyond the text is its end.
    pub fn place(&self, text: &str, offset: usize) -> Place {
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let units = text[self.starts[line]..offset].chars().map(char::len_utf16).sum();
        Place { line: number(line), unit: number(units) }
    }

    /// The offset of a place; one beyond its line is the line's end, one beyond the text is the text's.
    pub fn offset(&self, text: &str, place: Place) -> usize {
        let Some(start) = self.starts.get(place.line as usize).copied() else { return text.len() };
        let end = self.starts.get(place.line as usize + 1).map_or(text.len(), |next| next - 1);
        let line = text[start..end].strip_suffix('\r').unwrap_or(&text[start..end]);
        let mut units = 0;
        for (at, c) in line.char_indices() {
            if units >= place.unit {
                return start + at;
            }
            units += number(c.len_utf16());
        }
        start + line.len()
    }
}

/// Replaces what stands between two places; they are put in order.
pub fn replace(text: &str, (from, to): (Place, Place), with: &str) -> String {
    let lines = Lines::new(text);
    let (from, to) = (lines.offset(text, from), lines.offset(text, to));
    let (from, to) = (from.min(to), from.max(to));
    [&text[..from], with, &text[to..]].concat()
}

/// The lines that differ: their offsets in the old text, and what stands there in the new one.
pub fn difference<'n>(old: &str, new: &'n str) -> Option<(Range<usize>, &'n str)> {
    if old == new {
        return None;
    }
    let alike = |(a, b): &(&str, &str)| a == b;
    let length = |(line, _): (&str, &str)| line.len();
    let head: usize =
        old.split_inclusive('\n').zip(new.split_inclusive('\n')).take_while(alike).map(length).sum();
    let (old_rest, new_rest) = (&old[head..], &new[head..]);
    let backwards = old_rest.split_inclusive('\n').rev().zip(new_rest.split_inclusive('\n').rev());
    let tail: usize = backwards.take_while(alike).map(length).sum();
    Some((head..old.len() - tail, &new_rest[..new_rest.len() - tail]))
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_those_of_utf16() {
        let text = "a\r\nxé€😀z\n";
        let lines = Lines::new(text);
        let z = text.find('z').unwrap();
        assert_eq!(lines.place(text, z), Place { line: 1, unit: 5 });
        assert_eq!(lines.offset(text, Place { line: 1, unit: 5 }), z);
        assert_eq!(lines.offset(text, Place { line: 0, unit: 9 }), 1);
        assert_eq!(lines.offset(text, Place { line: 9, unit: 0 }), text.len());
    }

    #[test]
    fn only_lines_that_differ_are_replaced() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), Some((2..4, "x\ny\n")));
        assert_eq!(difference("a\n", "a\na\n"), Some((2..2, "a\n")));
        assert_eq!(difference("a\n", "a\n"), None);
    }

    proptest! {
        #[test]
        fn places_lead_back(text in "[a-cé€😀\n]{0,40}", offset in 0_usize..60) {
            let lines = Lines::new(&text);
            let place = lines.place(&text, offset);
            prop_assert!(lines.offset(&text, place) <= offset.min(text.len()));
            prop_assert_eq!(lines.place(&text, lines.offset(&text, place)), place);
        }

        #[test]
        fn any_replacement_is_made(text in "[aé😀\r\n]{0,20}", a in (0_u32..6, 0_u32..9), b in (0_u32..6, 0_u32..9)) {
            let place = |(line, unit)| Place { line, unit };
            replace(&text, (place(a), place(b)), "é\n");
        }

        #[test]
        fn a_difference_makes_the_new_text(old in "[ab\n]{0,20}", new in "[ab\n]{0,20}") {
            match difference(&old, &new) {
                None => prop_assert_eq!(old, new),
                Some((range, text)) => prop_assert_eq!([&old[..range.start], text, &old[range.end..]].concat(), new),
            }
        }
    }
}
