//! Everyday YAML, read without a general scanner: what people and generators write in an estate.
//!
//! That is block mappings and sequences, flow collections that end on their line, plain scalars, quoted scalars
//! without escapes, and comments. Whatever is not certain to be that is left to the general scanner, which costs
//! many times as much: tabs, block scalars, scalars and brackets over several lines, anchors, tags, documents, and
//! every fault.
//!
//! Invariant: a file that is read here gives the tree that the general scanner gives, spans included. A test
//! compares both on arbitrary text.

use std::borrow::Cow;

use super::builder::Builder;

/// Longest key that is read here; YAML allows 1024 characters (1.2.2, 7.4.2).
const KEY_OCTETS_MAX: usize = 1000;

/// Reads a whole file into the builder. `None`: it is not everyday YAML, and the builder is of no more use.
pub(super) fn read(builder: &mut Builder<'_, '_>) -> Option<()> {
    let content = builder.content();
    // Tabs and carriage returns part words and lines; a byte order mark, which begins with 0xEF, is a fault.
    let is_simple =
        content.bytes().fold(true, |simple, octet| simple & !matches!(octet, b'\t' | b'\r' | 0xef));
    if !is_simple {
        return None;
    }
    Reader { builder, content, at: 0, levels: Vec::new(), due: None, begun: false }.lines()
}

struct Reader<'b, 't, 'a> {
    builder: &'b mut Builder<'t, 'a>,
    content: &'a str,
    at: usize,
    /// The open block collections, outermost first.
    levels: Vec<Level>,
    /// Behind the colon of a key that stands at the end of its line: its value is on the next lines, or null.
    due: Option<usize>,
    /// Whether the document's outermost collection has been opened.
    begun: bool,
}

/// A block collection, and the column in which its elements begin.
#[derive(Clone, Copy)]
struct Level {
    column: usize,
    is_sequence: bool,
}

/// A scalar on one line: the text, and its place with quotes.
struct Scalar<'a> {
    text: &'a str,
    quoted: bool,
    start: usize,
    end: usize,
}

impl<'a> Reader<'_, '_, 'a> {
    fn lines(&mut self) -> Option<()> {
        while self.at < self.content.len() {
            let begin = self.at;
            self.skip_spaces();
            match self.peek(0) {
                None => break,
                Some(b'\n') => {}
                Some(b'#') => self.skip_line(),
                Some(_) if self.content[begin..].starts_with("...") => return None,
                Some(_) => self.line(self.at - begin)?,
            }
            // Every line has been read up to its end.
            self.at += 1;
        }
        self.settle_due()?;
        while self.levels.pop().is_some() {
            self.builder.close(0);
        }
        self.begun.then_some(())
    }

    /// A line with content, which begins in this column.
    fn line(&mut self, mut column: usize) -> Option<()> {
        let mut opens = self.make_way(column)?;
        let mut is_element = false;
        while self.is_item() {
            self.element_of(Level { column, is_sequence: true }, opens)?;
            let before = self.at;
            self.at += 1;
            self.skip_spaces();
            column += self.at - before;
            (opens, is_element) = (true, true);
        }
        if matches!(self.peek(0), Some(b'[' | b'{')) {
            return if is_element { self.value() } else { None };
        }
        let scalar = self.scalar(false)?;
        if !self.is_colon() {
            return if is_element { self.last_scalar(&scalar) } else { None };
        }
        self.element_of(Level { column, is_sequence: false }, opens)?;
        self.key(&scalar)?;
        let behind = self.at;
        self.skip_spaces();
        match self.peek(0) {
            None | Some(b'\n') => self.due = Some(behind),
            Some(b'#') if self.at > behind => {
                self.skip_line();
                self.due = Some(behind);
            }
            Some(_) => self.value()?,
        }
        Some(())
    }

    /// Ends what a line that begins in this column does not continue; whether the line begins a collection.
    fn make_way(&mut self, column: usize) -> Option<bool> {
        let is_item = self.is_item();
        if let (Some(_), Some(level)) = (self.due, self.levels.last()) {
            // The elements of a sequence may stand as far left as the key they belong to.
            if column > level.column || (column == level.column && is_item) {
                self.due = None;
                return Some(true);
            }
            self.settle_due()?;
        }
        let ends = |level: &mut Level| {
            level.column > column || (level.column == column && level.is_sequence && !is_item)
        };
        while self.levels.pop_if(ends).is_some() {
            self.builder.close(0);
        }
        Some(!std::mem::replace(&mut self.begun, true))
    }

    /// Where a collection begins, it is this one; else the innermost one must be.
    fn element_of(&mut self, level: Level, opens: bool) -> Option<()> {
        if opens {
            self.builder.open(self.at, self.at, !level.is_sequence, false).ok()?;
            self.levels.push(level);
            return Some(());
        }
        let inner = self.levels.last()?;
        (inner.column == level.column && inner.is_sequence == level.is_sequence).then_some(())
    }

    fn settle_due(&mut self) -> Option<()> {
        let Some(behind) = self.due.take() else { return Some(()) };
        self.builder.take_scalar(Cow::Borrowed(""), false, behind, behind).ok()
    }

    /// A key, up to behind its colon.
    fn key(&mut self, scalar: &Scalar<'a>) -> Option<()> {
        if scalar.end - scalar.start > KEY_OCTETS_MAX {
            return None;
        }
        self.at += 1;
        self.take(scalar)
    }

    /// A value that is the last thing on its line.
    fn value(&mut self) -> Option<()> {
        if matches!(self.peek(0), Some(b'[' | b'{')) {
            self.flow()?;
            return self.end_of_line();
        }
        let scalar = self.scalar(false)?;
        self.last_scalar(&scalar)
    }

    fn last_scalar(&mut self, scalar: &Scalar<'a>) -> Option<()> {
        self.take(scalar)?;
        self.end_of_line()
    }

    /// A collection in brackets. It recurses as deep as the builder allows.
    fn flow(&mut self) -> Option<()> {
        let is_mapping = self.peek(0) == Some(b'{');
        let closing = if is_mapping { b'}' } else { b']' };
        self.builder.open(self.at, self.at + 1, is_mapping, false).ok()?;
        self.at += 1;
        self.skip_spaces();
        let mut is_empty = self.peek(0) == Some(closing);
        while !is_empty {
            if is_mapping {
                let key = self.scalar(true)?;
                if !self.is_colon() {
                    return None;
                }
                self.key(&key)?;
                self.skip_spaces();
            }
            if matches!(self.peek(0), Some(b'[' | b'{')) {
                self.flow()?;
            } else {
                let scalar = self.scalar(true)?;
                self.take(&scalar)?;
            }
            self.skip_spaces();
            match self.peek(0)? {
                b',' => self.at += 1,
                octet if octet == closing => is_empty = true,
                _ => return None,
            }
            if !is_empty {
                self.skip_spaces();
            }
        }
        self.builder.close(self.at);
        self.at += 1;
        Some(())
    }

    /// A scalar on one line, up to behind its last character.
    fn scalar(&mut self, in_flow: bool) -> Option<Scalar<'a>> {
        let quote = self.peek(0)?;
        if matches!(quote, b'"' | b'\'') {
            return self.quoted(quote);
        }
        if is_indicator(quote) || quote == b'\n' {
            return None;
        }
        let octets = self.content.as_bytes();
        let mut at = self.at;
        loop {
            at += octets[at..].iter().take_while(|&&octet| !may_end_plain(octet)).count();
            match octets.get(at) {
                None | Some(b'\n') => break,
                Some(b':') => match octets.get(at + 1) {
                    None | Some(b' ' | b'\n') => break,
                    Some(b',' | b'[' | b']' | b'{' | b'}') if in_flow => break,
                    Some(_) => {}
                },
                Some(b'#') if octets[at - 1] == b' ' => break,
                Some(b',' | b'[' | b']' | b'{' | b'}') if in_flow => break,
                Some(_) => {}
            }
            at += 1;
        }
        let text = self.content[self.at..at].trim_end_matches(' ');
        let (start, end) = (self.at, self.at + text.len());
        self.at = end;
        Some(Scalar { text, quoted: false, start, end })
    }

    fn quoted(&mut self, quote: u8) -> Option<Scalar<'a>> {
        let start = self.at;
        let rest = &self.content[start + 1..];
        let ends = |octet: u8| octet == quote || matches!(octet, b'\\' | b'\n');
        let length = rest.bytes().position(ends)?;
        let end = start + 1 + length + 1;
        let is_simple = rest.as_bytes()[length] == quote && self.content.as_bytes().get(end) != Some(&b'\'');
        self.at = end;
        is_simple.then_some(Scalar { text: &rest[..length], quoted: true, start, end })
    }

    fn take(&mut self, scalar: &Scalar<'a>) -> Option<()> {
        self.builder.take_scalar(Cow::Borrowed(scalar.text), scalar.quoted, scalar.start, scalar.end).ok()
    }

    /// Nothing but spaces and a comment may follow on the line.
    fn end_of_line(&mut self) -> Option<()> {
        let before = self.at;
        self.skip_spaces();
        match self.peek(0) {
            None | Some(b'\n') => Some(()),
            Some(b'#') if self.at > before => {
                self.skip_line();
                Some(())
            }
            Some(_) => None,
        }
    }

    fn skip_line(&mut self) {
        let rest = &self.content.as_bytes()[self.at..];
        self.at += rest.iter().position(|&octet| octet == b'\n').unwrap_or(rest.len());
    }

    fn skip_spaces(&mut self) {
        let rest = &self.content.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|&&octet| octet == b' ').count();
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.content.as_bytes().get(self.at + ahead).copied()
    }

    /// Whether an element of a block sequence begins here, with its content on the same line.
    fn is_item(&self) -> bool {
        self.peek(0) == Some(b'-') && self.peek(1) == Some(b' ')
    }

    /// Whether what was read is a key.
    fn is_colon(&self) -> bool {
        self.peek(0) == Some(b':') && matches!(self.peek(1), None | Some(b' ' | b'\n'))
    }
}

/// Characters with which no plain scalar begins (1.2.2, 5.3); some may, before certain others.
fn is_indicator(octet: u8) -> bool {
    matches!(
        octet,
        b'-' | b'?'
            | b':'
            | b','
            | b'['
            | b']'
            | b'{'
            | b'}'
            | b'#'
            | b'&'
            | b'*'
            | b'!'
            | b'|'
            | b'>'
            | b'%'
            | b'@'
            | b'`'
    )
}

/// Characters at which a plain scalar may end, all of them where it stands in brackets.
fn may_end_plain(octet: u8) -> bool {
    matches!(octet, b'\n' | b':' | b'#' | b',' | b'[' | b']' | b'{' | b'}')
}
