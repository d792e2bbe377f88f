//! Half-typed text to the places in it: which key or value stands where, and what it is by the estate's language.
//!
//! Invariant: any text is read to its end, in time that grows with its length; what is wrong in one line does not change
//! what later lines at the same depth or less are. For a text that is right it finds what the parser finds: a test compares. A
//! parser is of no use here: while somebody types, the file is wrong most of the time.

use crate::grammar::{Document, Value};

/// Deepest brackets that are followed.
const DEPTH_MAX: usize = 64;

/// A key or scalar as it is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Word {
    /// Offset of its first octet, its quote if it has one.
    pub start: usize,
    /// Offset behind its last octet.
    pub end: usize,
    /// What it says; escapes stay as they are.
    pub text: String,
}

/// The document, an entry of a mapping, or an element of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Spot {
    /// What it stands in, by number; the document stands in itself.
    pub parent: usize,
    /// The key of an entry.
    pub key: Option<Word>,
    /// Its value, if that is a scalar.
    pub scalar: Option<Word>,
    /// What its value is.
    pub value: Value,
    /// Whether no colon follows a key, or a scalar stands on a line of its own: a key may be about to be written.
    pub bare: bool,
    /// Whether it stands in brackets.
    pub in_brackets: bool,
}

/// The places of a file in their order, the document first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scan {
    /// The places.
    pub spots: Vec<Spot>,
}

impl Scan {
    /// Reads a file.
    pub fn new(text: &str, document: Document) -> Scan {
        let root = Spot {
            parent: 0,
            key: None,
            scalar: None,
            value: document.root(),
            bare: false,
            in_brackets: false,
        };
        let mut scanner =
            Scanner { text, at: 0, spots: vec![root], levels: Vec::new(), fresh: Some(0), due: None };
        while scanner.at < text.len() {
            scanner.line();
        }
        Scan { spots: scanner.spots }
    }

    /// The place whose key or scalar the offset touches, and whether it is the key.
    pub fn at(&self, offset: usize) -> Option<(usize, bool)> {
        let touches = |word: &Option<Word>| {
            word.as_ref().is_some_and(|word| word.start <= offset && offset <= word.end)
        };
        let mut spots = self.spots.iter().enumerate();
        spots.find_map(|(at, spot)| match (touches(&spot.key), touches(&spot.scalar)) {
            (true, _) => Some((at, true)),
            (_, true) => Some((at, false)),
            _ => None,
        })
    }

    /// What stands directly in a place.
    pub fn children(&self, of: usize) -> impl Iterator<Item = &Spot> {
        self.spots
            .iter()
            .enumerate()
            .filter(move |(at, spot)| *at > 0 && spot.parent == of)
            .map(|(_, spot)| spot)
    }
}

/// An open block: the column of its keys or dashes.
#[derive(Clone, Copy)]
struct Level {
    column: usize,
    is_sequence: bool,
    spot: usize,
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    spots: Vec<Spot>,
    levels: Vec<Level>,
    /// The place whose value begins here.
    fresh: Option<usize>,
    /// The place whose value may begin on a later line, and the column which that must be indented beyond.
    due: Option<(usize, usize)>,
}

impl<'t> Scanner<'t> {
    /// Reads a line, and what belongs to it on the next ones.
    fn line(&mut self) {
        let start = self.at;
        self.skip_blanks();
        let mut column = self.at - start;
        match self.peek() {
            None => return,
            Some(b'\n' | b'#') => return self.next_line(),
            Some(b'-' | b'.' | b'%') if column == 0 && self.is_document_mark() => return self.next_line(),
            Some(_) => {}
        }
        if let Some((spot, beyond)) = self.due.take() {
            // The dashes of a list may stand as far left as the key they belong to.
            let is_value =
                column > beyond || (column == beyond && self.is_dash() && self.spots[spot].key.is_some());
            self.fresh = is_value.then_some(spot);
        }
        while self.is_dash() {
            let owner = self.owner(column, true);
            let item = self.add(owner, None, false);
            self.fresh = Some(item);
            let before = self.at;
            self.at += 1;
            self.skip_blanks();
            if matches!(self.peek(), None | Some(b'\n' | b'#')) {
                self.fresh = None;
                self.due = Some((item, column));
                return self.next_line();
            }
            column += self.at - before;
        }
        self.content(column);
        self.next_line();
    }

    /// What stands on a line behind its dashes.
    fn content(&mut self, column: usize) {
        if matches!(self.peek(), Some(b'[' | b'{')) {
            let spot = self.fresh.take().unwrap_or(0);
            return self.brackets(spot, column, 0);
        }
        let word = self.word(false, column);
        self.skip_blanks();
        if !self.is_colon() {
            return self.bare(word, column);
        }
        self.at += 1;
        let owner = self.owner(column, false);
        let entry = self.add(owner, Some(word), false);
        self.fresh = None;
        self.skip_blanks();
        match self.peek() {
            None | Some(b'\n' | b'#') => self.due = Some((entry, column)),
            Some(b'[' | b'{') => self.brackets(entry, column, 0),
            Some(b'|' | b'>') => self.block_scalar(entry, column),
            Some(_) => {
                let word = self.word(false, column);
                self.spots[entry].scalar = Some(word);
            }
        }
    }

    /// A word without a colon: a value, or a key that is being typed.
    fn bare(&mut self, word: Word, column: usize) {
        if let Some(spot) = self.fresh.take() {
            if self.spots[spot].scalar.is_none() {
                self.spots[spot].scalar = Some(word);
                self.spots[spot].bare = true;
            }
            return;
        }
        let continues = self.levels.last().is_some_and(|level| level.column < column);
        if !continues {
            let owner = self.owner(column, false);
            let spot = self.add(owner, Some(word), false);
            self.spots[spot].bare = true;
        }
    }

    /// The place whose list or mapping has its dashes or keys in this column.
    fn owner(&mut self, column: usize, is_sequence: bool) -> usize {
        if let Some(spot) = self.fresh.take() {
            // What a value replaces has ended.
            self.levels.retain(|level| {
                level.column < column || (is_sequence && level.column == column && !level.is_sequence)
            });
            self.levels.push(Level { column, is_sequence, spot });
            return spot;
        }
        while let Some(level) = self.levels.last() {
            let ends = level.column > column || (level.column == column && level.is_sequence && !is_sequence);
            if !ends {
                return level.spot;
            }
            self.levels.pop();
        }
        self.levels.push(Level { column, is_sequence, spot: 0 });
        0
    }

    fn add(&mut self, parent: usize, key: Option<Word>, in_brackets: bool) -> usize {
        let of = self.spots[parent].value;
        let value = key.as_ref().map_or_else(|| of.element(), |key| of.under(&key.text));
        self.spots.push(Spot { parent, key, scalar: None, value, bare: false, in_brackets });
        self.spots.len() - 1
    }

    /// A collection in brackets that is a place's value. Where a line begins that cannot be in it, it ends.
    fn brackets(&mut self, spot: usize, column: usize, depth: usize) {
        let is_mapping = self.peek() == Some(b'{');
        self.at += 1;
        while self.skip_in_brackets(column) {
            match self.peek() {
                None => return,
                Some(b']' | b'}') => {
                    self.at += 1;
                    return;
                }
                Some(b',' | b':') => self.at += 1,
                Some(_) if depth == DEPTH_MAX => self.at = self.text.len(),
                Some(b'[' | b'{') => {
                    let item = self.add(spot, None, true);
                    self.brackets(item, column, depth + 1);
                }
                Some(_) => {
                    let word = self.word(true, column);
                    self.skip_blanks();
                    let has_colon = self.peek() == Some(b':');
                    if is_mapping || has_colon {
                        let owner = if is_mapping { spot } else { self.add(spot, None, true) };
                        let entry = self.add(owner, Some(word), true);
                        self.entry_in_brackets(entry, has_colon, column, depth);
                    } else {
                        let item = self.add(spot, None, true);
                        self.spots[item].scalar = Some(word);
                    }
                }
            }
        }
    }

    /// What stands behind a key in brackets.
    fn entry_in_brackets(&mut self, entry: usize, has_colon: bool, column: usize, depth: usize) {
        if !has_colon {
            self.spots[entry].bare = true;
            return;
        }
        self.at += 1;
        if !self.skip_in_brackets(column) {
            return;
        }
        match self.peek() {
            None | Some(b',' | b']' | b'}') => {}
            Some(b'[' | b'{') if depth < DEPTH_MAX => self.brackets(entry, column, depth + 1),
            Some(_) => {
                let word = self.word(true, column);
                self.spots[entry].scalar = Some(word);
            }
        }
    }

    /// Skips blanks, line ends and comments in brackets; `false` where a line begins that cannot be in them.
    fn skip_in_brackets(&mut self, column: usize) -> bool {
        loop {
            self.skip_blanks();
            match self.peek() {
                Some(b'#')
                    if self.at == 0 || matches!(self.text.as_bytes()[self.at - 1], b' ' | b'\t' | b'\n') =>
                {
                    self.skip_to_line_end();
                }
                Some(b'\n') => {
                    let rest = &self.text[self.at + 1..];
                    let content = rest.trim_start_matches([' ', '\t', '\n', '\r']);
                    let line = rest[..rest.len() - content.len()].rfind('\n').map_or(0, |end| end + 1);
                    let indentation = rest.len() - content.len() - line;
                    if indentation <= column && !content.starts_with([']', '}', '#']) {
                        return false;
                    }
                    self.at += 1;
                }
                Some(b'\r') => self.at += 1,
                None | Some(_) => return true,
            }
        }
    }

    /// A scalar, at least one character of it.
    fn word(&mut self, in_brackets: bool, column: usize) -> Word {
        let start = self.at;
        if let Some(quote @ (b'"' | b'\'')) = self.peek()
            && let Some(end) = self.closing_quote(quote, column)
        {
            self.at = end;
            return Word { start, end, text: self.text[start + 1..end - 1].to_owned() };
        }
        let octets = self.text.as_bytes();
        let mut at = start;
        while let Some(octet) = octets.get(at) {
            let ends = match octet {
                b'\n' => true,
                b'#' => at > start && matches!(octets[at - 1], b' ' | b'\t'),
                b':' => match octets.get(at + 1) {
                    None | Some(b' ' | b'\t' | b'\n' | b'\r') => true,
                    Some(next) => in_brackets && matches!(next, b',' | b'[' | b']' | b'{' | b'}'),
                },
                b',' | b'[' | b']' | b'{' | b'}' => in_brackets,
                _ => false,
            };
            if ends && at > start {
                break;
            }
            at += 1;
            if ends {
                break;
            }
        }
        // A character may have several octets; only those of one octet end a word.
        let end = start + self.text[start..at].trim_end().len();
        self.at = at;
        Word { start, end, text: self.text[start..end].to_owned() }
    }

    /// Behind the quote that closes the one here, unless a line comes before it that cannot be in the text.
    fn closing_quote(&self, quote: u8, column: usize) -> Option<usize> {
        let octets = self.text.as_bytes();
        let mut at = self.at + 1;
        loop {
            match octets.get(at)? {
                b'\\' if quote == b'"' => at += 1,
                octet if *octet == quote && quote == b'\'' && octets.get(at + 1) == Some(&b'\'') => at += 1,
                octet if *octet == quote => return Some(at + 1),
                b'\n' => {
                    let rest = &self.text[at + 1..];
                    let content = rest.trim_start_matches([' ', '\t']);
                    let is_empty = content.is_empty() || content.starts_with(['\n', '\r']);
                    if !is_empty && rest.len() - content.len() <= column {
                        return None;
                    }
                }
                _ => {}
            }
            at += 1;
        }
    }

    /// The lines of a block scalar: those indented beyond its key, and empty ones.
    fn block_scalar(&mut self, spot: usize, column: usize) {
        let start = self.at;
        self.skip_to_line_end();
        let mut end = self.at;
        while self.at < self.text.len() {
            let rest = &self.text[self.at + 1..];
            let line = rest.split('\n').next().unwrap_or(rest);
            let content = line.trim_start_matches(' ');
            if !content.trim().is_empty() && line.len() - content.len() <= column {
                break;
            }
            self.at += 1 + line.len();
            if !content.trim().is_empty() {
                end = self.at;
            }
        }
        self.spots[spot].scalar = Some(Word { start, end, text: self.text[start..end].to_owned() });
    }

    fn is_document_mark(&self) -> bool {
        let rest = &self.text[self.at..];
        rest.starts_with('%')
            || ["---", "..."].iter().any(|mark| {
                rest.strip_prefix(mark)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']))
            })
    }

    fn is_dash(&self) -> bool {
        let octets = self.text.as_bytes();
        self.peek() == Some(b'-')
            && matches!(octets.get(self.at + 1), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
    }

    fn is_colon(&self) -> bool {
        let octets = self.text.as_bytes();
        self.peek() == Some(b':')
            && matches!(octets.get(self.at + 1), None | Some(b' ' | b'\t' | b'\r' | b'\n'))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        let rest = &self.text[self.at..];
        // A carriage return belongs to its line's end, a byte order mark to nothing.
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\u{feff}']).len();
    }

    fn skip_to_line_end(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    fn next_line(&mut self) {
        self.skip_to_line_end();
        self.at = (self.at + 1).min(self.text.len());
    }
}
