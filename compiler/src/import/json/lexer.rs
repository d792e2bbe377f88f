//! Text to tokens, through comments and included files.
//!
//! An included file ends like white space, so that it may hold a value, some members of a map, or all of them.

use super::{BYTES_MAX, Fault, INCLUDES_MAX, Load, Loaded, Place};

/// A word of the language.
#[derive(Clone, PartialEq, Debug)]
pub enum Token {
    /// `{`
    OpenMap,
    /// `}`
    CloseMap,
    /// `[`
    OpenList,
    /// `]`
    CloseList,
    /// `,`
    Comma,
    /// `:`
    Colon,
    /// Text in double quotes, its escapes resolved.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// `true` or `false`
    Boolean(bool),
    /// `null`
    Null,
    /// Nothing follows.
    End,
}

impl Token {
    /// What it is, for a message.
    pub fn name(&self) -> String {
        match self {
            Token::OpenMap => "`{`".to_owned(),
            Token::CloseMap => "`}`".to_owned(),
            Token::OpenList => "`[`".to_owned(),
            Token::CloseList => "`]`".to_owned(),
            Token::Comma => "`,`".to_owned(),
            Token::Colon => "`:`".to_owned(),
            Token::Text(text) => {
                let start: String = text.chars().take(40).collect();
                format!("text `{}`", start.escape_debug())
            }
            Token::Integer(_) | Token::Real(_) => "a number".to_owned(),
            Token::Boolean(value) => format!("`{value}`"),
            Token::Null => "`null`".to_owned(),
            Token::End => "the end of the file".to_owned(),
        }
    }
}

/// A file that is being read.
struct Source {
    identity: String,
    bytes: Vec<u8>,
    at: usize,
    place: Place,
}

/// Reads tokens from the front of a file.
pub struct Lexer<'l, 'c> {
    load: &'l mut Load<'c>,
    files: Vec<String>,
    /// The file that was asked for, and those that are open within it.
    open: Vec<Source>,
    bytes: usize,
}

impl<'l, 'c> Lexer<'l, 'c> {
    /// With nothing to read yet.
    pub fn new(load: &'l mut Load<'c>) -> Lexer<'l, 'c> {
        Lexer { load, files: Vec::new(), open: Vec::new(), bytes: 0 }
    }

    /// Goes on at the beginning of `file`.
    pub fn open(&mut self, file: Loaded) -> Result<(), Fault> {
        let Loaded { identity, name, bytes } = file;
        let number = u16::try_from(self.files.len()).unwrap_or(u16::MAX);
        let place = Place { file: number, line: 1, column: 1 };
        self.files.push(name);
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > BYTES_MAX {
            let message = format!("the configuration is larger than {} MiB", BYTES_MAX >> 20);
            return Err(self.fault(place, message));
        }
        let mark = if bytes.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        self.open.push(Source { identity, bytes, at: mark, place });
        Ok(())
    }

    /// The names of all files that were read.
    pub fn into_files(self) -> Vec<String> {
        self.files
    }

    /// A fault at a place.
    pub fn fault(&self, place: Place, message: impl Into<String>) -> Fault {
        let file = self.files.get(usize::from(place.file)).cloned().unwrap_or_default();
        Fault { file, line: place.line, column: place.column, message: message.into() }
    }

    fn here(&self) -> Place {
        self.open.last().map_or(Place { file: 0, line: 1, column: 1 }, |source| source.place)
    }

    fn rest(&self) -> &[u8] {
        self.open.last().map_or(&[], |source| &source.bytes[source.at..])
    }

    fn first(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Goes over `count` bytes.
    fn skip(&mut self, count: usize) {
        let Some(source) = self.open.last_mut() else { return };
        let end = source.bytes.len().min(source.at + count);
        for byte in &source.bytes[source.at..end] {
            match byte {
                b'\n' => (source.place.line, source.place.column) = (source.place.line + 1, 1),
                // What continues a character of UTF-8 is no column.
                0x80..=0xbf => {}
                _ => source.place.column += 1,
            }
        }
        source.at = end;
    }

    /// The next token and where it begins.
    pub fn next(&mut self) -> Result<(Token, Place), Fault> {
        self.skip_blank()?;
        let place = self.here();
        let Some(first) = self.first() else { return Ok((Token::End, place)) };
        let symbol = match first {
            b'{' => Some(Token::OpenMap),
            b'}' => Some(Token::CloseMap),
            b'[' => Some(Token::OpenList),
            b']' => Some(Token::CloseList),
            b',' => Some(Token::Comma),
            b':' => Some(Token::Colon),
            _ => None,
        };
        if let Some(symbol) = symbol {
            self.skip(1);
            return Ok((symbol, place));
        }
        let token = match first {
            b'"' => self.quoted(place)?,
            b'-' | b'+' | b'.' | b'0'..=b'9' => self.number(place)?,
            b'a'..=b'z' | b'A'..=b'Z' => self.word(place)?,
            b'\'' => {
                return Err(self.fault(place, "text stands in double quotes in JSON, not in single ones"));
            }
            _ => {
                let shown = String::from_utf8_lossy(&self.rest()[..self.rest().len().min(4)]).into_owned();
                let shown = shown.chars().next().unwrap_or('?').escape_debug().to_string();
                return Err(self.fault(place, format!("`{shown}` begins no value")));
            }
        };
        Ok((token, place))
    }

    /// White space, comments, and the ends and beginnings of included files.
    fn skip_blank(&mut self) -> Result<(), Fault> {
        loop {
            let rest = self.rest();
            let blank = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')).count();
            if blank > 0 {
                self.skip(blank);
            } else if rest.is_empty() {
                if self.open.len() < 2 {
                    return Ok(());
                }
                self.open.pop();
            } else if rest.starts_with(b"#") || rest.starts_with(b"//") {
                let line = rest.iter().take_while(|byte| **byte != b'\n').count();
                self.skip(line);
            } else if rest.starts_with(b"/*") {
                let Some(length) = rest.windows(2).skip(2).position(|pair| pair == b"*/") else {
                    return Err(self.fault(self.here(), "the comment that begins here is not closed by `*/`"));
                };
                self.skip(length + 4);
            } else if rest.starts_with(b"<?") {
                self.include()?;
            } else {
                return Ok(());
            }
        }
    }

    /// `<?include "file"?>`
    fn include(&mut self) -> Result<(), Fault> {
        let place = self.here();
        let rest = self.rest();
        let wrong = "expected `<?include \"file\"?>`";
        let Some(length) = rest.windows(2).position(|pair| pair == b"?>") else {
            return Err(self.fault(place, wrong));
        };
        let inner = String::from_utf8_lossy(&rest[2..length]).into_owned();
        let name = inner.trim().strip_prefix("include").map(str::trim);
        let name = name.and_then(|name| name.strip_prefix('"')?.strip_suffix('"'));
        let Some(name) = name.filter(|name| !name.is_empty() && !name.contains(['"', '\n'])) else {
            return Err(self.fault(place, wrong));
        };
        self.skip(length + 2);
        if self.open.len() > INCLUDES_MAX {
            let message = format!("files are included more than {INCLUDES_MAX} deep");
            return Err(self.fault(place, message));
        }
        let from = self.open.last().map(|source| source.identity.clone()).unwrap_or_default();
        let loaded = (self.load)(name, &from)
            .map_err(|reason| self.fault(place, format!("cannot include `{name}`: {reason}")))?;
        if self.open.iter().any(|source| source.identity == loaded.identity) {
            return Err(self.fault(place, format!("`{name}` includes itself")));
        }
        self.open(loaded)
    }

    fn word(&mut self, place: Place) -> Result<Token, Fault> {
        let length =
            self.rest().iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
        let word = String::from_utf8_lossy(&self.rest()[..length]).into_owned();
        let token = match word.as_str() {
            "true" => Token::Boolean(true),
            "false" => Token::Boolean(false),
            "null" => Token::Null,
            _ => {
                let lower = word.to_ascii_lowercase();
                let message = match lower.as_str() {
                    "true" | "false" | "null" => format!("write `{lower}` in lower case"),
                    _ => format!("`{word}` is no value; text stands in double quotes"),
                };
                return Err(self.fault(place, message));
            }
        };
        self.skip(length);
        Ok(token)
    }

    fn number(&mut self, place: Place) -> Result<Token, Fault> {
        let belongs = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest().iter().take_while(belongs).count();
        let text = String::from_utf8_lossy(&self.rest()[..length]).into_owned();
        let plain = text.strip_prefix('-').unwrap_or(&text);
        let token = if plain.bytes().all(|byte| byte.is_ascii_digit()) && !plain.is_empty() {
            text.parse().ok().map(Token::Integer)
        } else {
            // Kea writes `.5` in its own examples.
            text.parse().ok().filter(|number: &f64| number.is_finite()).map(Token::Real)
        };
        let token = token.ok_or_else(|| self.fault(place, format!("`{text}` is no number")))?;
        self.skip(length);
        Ok(token)
    }

    fn quoted(&mut self, place: Place) -> Result<Token, Fault> {
        let mut text = Vec::new();
        self.skip(1);
        loop {
            let run = self.rest().iter().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20)).count();
            text.extend_from_slice(&self.rest()[..run]);
            self.skip(run);
            match self.first() {
                Some(b'"') => {
                    self.skip(1);
                    break;
                }
                Some(b'\\') => self.escape(&mut text)?,
                Some(control @ 0..0x20) if control != b'\n' => {
                    let message = format!(
                        "text holds the control character {control:#04x}; write it as `\\u{control:04x}`"
                    );
                    return Err(self.fault(self.here(), message));
                }
                Some(_) => {
                    return Err(
                        self.fault(place, "the text that begins here is not closed by `\"` on its line")
                    );
                }
                None => {
                    let message =
                        "the text that begins here is not closed by `\"`: the file may be cut short";
                    return Err(self.fault(place, message));
                }
            }
        }
        match String::from_utf8(text) {
            Ok(text) => Ok(Token::Text(text)),
            Err(_) => Err(self.fault(place, "the text that begins here is not UTF-8")),
        }
    }

    fn escape(&mut self, text: &mut Vec<u8>) -> Result<(), Fault> {
        let place = self.here();
        let plain = match self.rest().get(1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(place, text),
            _ => {
                return Err(self.fault(place, "`\\` begins no escape; write `\\\\` for the character itself"));
            }
        };
        self.skip(2);
        text.extend_from_slice(plain.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// `\u0041`, or two of them for a character beyond 16 bits.
    fn unicode(&mut self, place: Place, text: &mut Vec<u8>) -> Result<(), Fault> {
        let unit = |rest: &[u8]| {
            let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
            let all = digits.iter().all(u8::is_ascii_hexdigit);
            all.then(|| u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()).flatten()
        };
        let Some(first) = unit(self.rest()) else {
            return Err(self.fault(place, "expected four hexadecimal digits behind `\\u`"));
        };
        let second =
            unit(self.rest().get(6..).unwrap_or_default()).filter(|low| (0xdc00..0xe000).contains(low));
        let (code, length) = match (first, second) {
            (0xd800..0xdc00, Some(low)) => (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 12),
            _ => (first, 6),
        };
        let Some(character) = char::from_u32(code) else {
            return Err(self.fault(place, "half a character stands behind `\\u`"));
        };
        self.skip(length);
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }
}
