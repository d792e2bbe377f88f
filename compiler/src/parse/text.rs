//! Bytes to text that may be parsed: UTF-8, of bounded size, without control characters.
//!
//! Invariant: offsets given to diagnostics are bytes of the file as it is on disk, byte order mark included,
//! although the scanner below counts characters.

use leasehold_schemas::source::{FileId, Span};

use super::limits::FILE_BYTES_MAX;
use crate::check::rules::form::{not_utf8, too_large, yaml_syntax};
use crate::diag::Diagnostic;

const BYTE_ORDER_MARK: &str = "\u{feff}";

/// One file's text and the way from its characters back to its bytes.
pub(super) struct Text<'a> {
    pub(super) file: FileId,
    /// The text without a byte order mark.
    pub(super) content: &'a str,
    /// Offset of `content` in the file.
    base: u32,
    /// For every character of more than one octet: its number among the characters, and how far bytes run
    /// ahead of characters behind it. Empty for ASCII.
    wide: Vec<(u32, u32)>,
}

impl<'a> Text<'a> {
    /// Accepts the bytes, or says why not.
    pub(super) fn new(file: FileId, bytes: &'a [u8]) -> Result<Text<'a>, Box<Diagnostic>> {
        if bytes.len() > FILE_BYTES_MAX {
            return Err(Box::new(too_many_bytes(file)));
        }
        let whole = std::str::from_utf8(bytes).map_err(|error| Box::new(not_text(file, bytes, error)))?;
        let content = whole.strip_prefix(BYTE_ORDER_MARK).unwrap_or(whole);
        let base = offset(whole.len() - content.len());
        let text = Text { file, content, base, wide: wide_characters(content) };
        match text.content.bytes().position(is_control).or_else(|| text.wide_control()) {
            None => Ok(text),
            Some(at) => Err(Box::new(text.control_character(at))),
        }
    }

    /// The byte of `content` at which its character number `index` begins.
    pub(super) fn byte(&self, index: usize) -> usize {
        if self.wide.is_empty() {
            return index.min(self.content.len());
        }
        let before = self.wide.partition_point(|&(character, _)| (character as usize) < index);
        let ahead = if before == 0 { 0 } else { self.wide[before - 1].1 };
        (index + ahead as usize).min(self.content.len())
    }

    /// Bytes `start` to `end` of `content`, as a span of the file.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: self.base + offset(start), end: self.base + offset(end.max(start)) }
    }

    /// A control character of two octets (U+0080 to U+009F without U+0085), which YAML forbids (1.2.2, 5.1).
    fn wide_control(&self) -> Option<usize> {
        if self.wide.is_empty() {
            return None;
        }
        let control = |&(_, c): &(usize, char)| matches!(c, '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}');
        self.content.char_indices().find(control).map(|(at, _)| at)
    }

    fn control_character(&self, at: usize) -> Diagnostic {
        let c = self.content[at..].chars().next().expect("the position is one of a character");
        Diagnostic::new(
            &yaml_syntax::RULE,
            self.span(at, at + c.len_utf8()),
            "YAML text holds a control character",
            format!("character U+{:04X} is not allowed", u32::from(c)),
        )
        .with_help("remove the character, or write it as an escape in double quotes")
    }
}

/// ASCII control characters other than tab, line feed and carriage return (YAML 1.2.2, 5.1).
fn is_control(octet: u8) -> bool {
    (octet < 0x20 && !matches!(octet, b'\t' | b'\n' | b'\r')) || octet == 0x7f
}

fn wide_characters(content: &str) -> Vec<(u32, u32)> {
    if content.is_ascii() {
        return Vec::new();
    }
    let mut ahead = 0;
    let mut wide = Vec::new();
    for (number, c) in (0..).zip(content.chars()) {
        if !c.is_ascii() {
            ahead += offset(c.len_utf8() - 1);
            wide.push((number, ahead));
        }
    }
    wide
}

fn offset(bytes: usize) -> u32 {
    u32::try_from(bytes).expect("a file that is read is at most FILE_BYTES_MAX long")
}

fn too_many_bytes(file: FileId) -> Diagnostic {
    Diagnostic::new(
        &too_large::RULE,
        Span { file, start: 0, end: 0 },
        format!("the file is larger than {} MiB", FILE_BYTES_MAX >> 20),
        "not read",
    )
    .with_help("divide what it says among several sites, or move the file out of the estate's folder")
}

fn not_text(file: FileId, bytes: &[u8], error: std::str::Utf8Error) -> Diagnostic {
    let start = error.valid_up_to();
    let end = error.error_len().map_or(bytes.len(), |length| start + length);
    let utf16 = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    let label = if utf16 {
        "this byte order mark says UTF-16".to_owned()
    } else {
        format!("octet 0x{:02X} begins no character", bytes[start])
    };
    let span = Span { file, start: offset(start), end: offset(end) };
    Diagnostic::new(&not_utf8::RULE, span, "the file is not UTF-8 text", label)
        .with_help("save the file with the encoding UTF-8")
}
