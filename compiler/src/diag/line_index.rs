//! From byte offsets to lines and columns.
//!
//! Invariant: a lookup costs the logarithm of the file's size, whatever the length of its lines, so that a file
//! of one line and a hundred thousand findings is rendered in time that grows with both added, not multiplied.

/// What a column counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Column {
    /// Octets of UTF-8.
    Bytes,
    /// Characters: Unicode scalar values.
    Characters,
    /// UTF-16 code units, as editors count.
    Utf16,
}

/// A place as people name it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Position {
    /// The line, from 1; lines end with a line feed.
    pub line: u32,
    /// The column in it, from 1.
    pub column: u32,
}

/// Lines and wide characters of one file.
#[derive(Clone, Debug)]
pub struct LineIndex {
    /// Offset at which each line begins.
    starts: Vec<u32>,
    /// For every character of more than one octet: the offset behind it, and by how much characters and UTF-16
    /// units lag behind octets from there on. Empty for ASCII.
    wide: Vec<Wide>,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
struct Wide {
    behind: u32,
    characters: u32,
    utf16: u32,
}

impl LineIndex {
    /// Reads the bytes once. What is not UTF-8 is counted by its leading octets.
    pub fn new(bytes: &[u8]) -> LineIndex {
        let mut starts = vec![0];
        let mut wide: Vec<Wide> = Vec::new();
        for (offset, &octet) in (0..).zip(bytes) {
            let continues = octet & 0xc0 == 0x80;
            if octet == b'\n' {
                starts.push(offset + 1);
            } else if continues {
                let last = wide.last().copied().unwrap_or(Wide { behind: 0, characters: 0, utf16: 0 });
                // The fourth octet of a character makes it two units of UTF-16 (a surrogate pair).
                let in_same = last.behind == offset;
                let fourth = offset >= 3 && bytes[offset as usize - 3] & 0xf8 == 0xf0;
                let lag = Wide {
                    behind: offset + 1,
                    characters: last.characters + 1,
                    utf16: last.utf16 + u32::from(!fourth),
                };
                match wide.last_mut() {
                    Some(entry) if in_same => *entry = lag,
                    Some(_) | None => wide.push(lag),
                }
            }
        }
        LineIndex { starts, wide, length: u32::try_from(bytes.len()).unwrap_or(u32::MAX) }
    }

    /// Count of lines; a line feed at the end begins one more.
    pub fn lines(&self) -> u32 {
        u32::try_from(self.starts.len()).unwrap_or(u32::MAX)
    }

    /// Offsets of a line's first octet and behind its last, the line feed excluded. `line` counts from 1 and is
    /// limited to the lines there are.
    pub fn line(&self, line: u32) -> (u32, u32) {
        let at = (line.clamp(1, self.lines()) - 1) as usize;
        let end = self.starts.get(at + 1).map_or(self.length, |next| next - 1);
        (self.starts[at], end)
    }

    /// The place of a byte offset; one beyond the file is its end.
    pub fn position(&self, offset: u32, column: Column) -> Position {
        let offset = offset.min(self.length);
        let line = self.starts.partition_point(|&start| start <= offset) - 1;
        let start = self.starts[line];
        let lag = self.lag(offset, column) - self.lag(start, column);
        Position { line: u32::try_from(line + 1).unwrap_or(u32::MAX), column: offset - start - lag + 1 }
    }

    /// By how much `column` lags behind octets before `offset`.
    fn lag(&self, offset: u32, column: Column) -> u32 {
        let before = self.wide.partition_point(|wide| wide.behind <= offset);
        let Some(last) = before.checked_sub(1).map(|at| self.wide[at]) else { return 0 };
        match column {
            Column::Bytes => 0,
            Column::Characters => last.characters,
            Column::Utf16 => last.utf16,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Column, LineIndex, Position};

    #[test]
    fn columns_count_what_they_say() {
        let text = "a\nxé€😀z\n";
        let index = LineIndex::new(text.as_bytes());
        let z = u32::try_from(text.find('z').unwrap()).unwrap();
        let at = |column| index.position(z, column);
        assert_eq!(at(Column::Bytes), Position { line: 2, column: 11 });
        assert_eq!(at(Column::Characters), Position { line: 2, column: 5 });
        assert_eq!(at(Column::Utf16), Position { line: 2, column: 6 });
        assert_eq!(index.lines(), 3);
        assert_eq!(index.line(1), (0, 1));
        assert_eq!(index.line(3), (14, 14));
        assert_eq!(index.position(99, Column::Bytes), Position { line: 3, column: 1 });
    }

    proptest! {
        #[test]
        fn agrees_with_counting(text in "[a-cé€😀\n\r]{0,60}") {
            let index = LineIndex::new(text.as_bytes());
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let line = &text[text[..offset].rfind('\n').map_or(0, |end| end + 1)..offset];
                let lines = text[..offset].matches('\n').count() + 1;
                for (column, count) in [
                    (Column::Bytes, line.len()),
                    (Column::Characters, line.chars().count()),
                    (Column::Utf16, line.encode_utf16().count()),
                ] {
                    let position = index.position(u32::try_from(offset).unwrap(), column);
                    prop_assert_eq!((position.line as usize, position.column as usize), (lines, count + 1));
                }
            }
        }

        #[test]
        fn takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..80), offset in 0_u32..100) {
            let index = LineIndex::new(&bytes);
            for column in [Column::Bytes, Column::Characters, Column::Utf16] {
                prop_assert!(index.position(offset, column).column >= 1);
            }
        }
    }
}
