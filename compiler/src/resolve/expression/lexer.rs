//! Text to tokens, one at a time, each with its place.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use leasehold_schemas::vocab::{Cidr, CidrError};

use super::Fault;
use crate::check::rules::class::class_expression;

/// A word of the language.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Token<'t> {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `[`
    Bracket,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `==`
    Equal,
    /// `!=`
    Unequal,
    /// `+`
    Plus,
    /// `'text'`, without its quotes.
    Text(&'t str),
    /// Octets: `0x0102` or an address.
    Octets(Vec<u8>),
    /// `10.42.0.0/16`
    Prefix(Cidr),
    /// A whole number.
    Number(i64),
    /// A name.
    Word(&'t str),
    /// Nothing follows.
    End,
}

/// Reads tokens from the front of an expression.
#[derive(Clone, Debug)]
pub struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    /// At the beginning of `text`.
    pub fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0 }
    }

    /// The next token and its place.
    pub fn next(&mut self) -> Result<(Token<'t>, Range<usize>), Fault> {
        self.skip_space();
        let start = self.at;
        let bytes = self.text.as_bytes();
        let Some(first) = bytes.get(start) else { return Ok((Token::End, start..start)) };
        let token = match first {
            b'(' => self.symbol(1, Token::Open),
            b')' => self.symbol(1, Token::Close),
            b'[' => self.symbol(1, Token::Bracket),
            b'.' => self.symbol(1, Token::Dot),
            b',' => self.symbol(1, Token::Comma),
            b'+' => self.symbol(1, Token::Plus),
            b'=' if bytes[start..].starts_with(b"==") => self.symbol(2, Token::Equal),
            b'!' if bytes[start..].starts_with(b"!=") => self.symbol(2, Token::Unequal),
            b'\'' => self.quoted()?,
            b'0' if matches!(bytes.get(start + 1), Some(b'x' | b'X')) => self.hexadecimal()?,
            b'0'..=b'9' | b'-' => self.number()?,
            b':' => self.number()?,
            b'a'..=b'f' | b'A'..=b'F' if self.is_address() => self.number()?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => Token::Word(self.word()),
            _ => return Err(self.stray()),
        };
        Ok((token, start..self.at))
    }

    /// What stands up to the closing bracket, which is read too.
    pub fn bracketed(&mut self) -> Result<(&'t str, Range<usize>), Fault> {
        self.skip_space();
        let start = self.at;
        let Some(length) = self.text[start..].find(']') else {
            let end = self.text.len();
            return Err(syntax(end..end, "a bracket is not closed", "expected `]`"));
        };
        self.at = start + length + 1;
        let inner = self.text[start..start + length].trim_end();
        Ok((inner, start..start + inner.len()))
    }

    fn skip_space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|b| b.is_ascii_whitespace()).count();
    }

    fn symbol(&mut self, length: usize, token: Token<'t>) -> Token<'t> {
        self.at += length;
        token
    }

    fn run(&mut self, belongs: fn(u8) -> bool) -> &'t str {
        let start = self.at;
        self.at += self.text.as_bytes()[start..].iter().take_while(|b| belongs(**b)).count();
        &self.text[start..self.at]
    }

    fn quoted(&mut self) -> Result<Token<'t>, Fault> {
        let start = self.at + 1;
        let Some(length) = self.text[start..].find('\'') else {
            return Err(syntax(self.at..self.text.len(), "a text is not closed", "expected `'` at its end"));
        };
        self.at = start + length + 1;
        Ok(Token::Text(&self.text[start..start + length]))
    }

    /// Letters, digits and `_`; a hyphen only between letters, as in `vendor-class`.
    fn word(&mut self) -> &'t str {
        let start = self.at;
        let bytes = self.text.as_bytes();
        loop {
            self.run(|b| b.is_ascii_alphanumeric() || b == b'_');
            match bytes.get(self.at..self.at + 2) {
                Some([b'-', next]) if next.is_ascii_alphabetic() => self.at += 1,
                _ => return &self.text[start..self.at],
            }
        }
    }

    /// Whether hexadecimal digits lead to a colon: an IPv6 address that begins with a letter.
    fn is_address(&self) -> bool {
        let mut rest = self.text.as_bytes()[self.at..].iter().skip_while(|b| b.is_ascii_hexdigit());
        rest.next() == Some(&b':')
    }

    /// An odd count of digits has a zero before it, as in Kea.
    fn hexadecimal(&mut self) -> Result<Token<'t>, Fault> {
        let start = self.at;
        self.at += 2;
        let digits = self.run(|b| b.is_ascii_alphanumeric());
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            let message = format!("`0x{digits}` is no hexadecimal number");
            return Err(syntax(start..self.at, message, "expected `0x` and hexadecimal digits"));
        }
        let digit = |b: u8| (b as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
        let (odd, pairs) = digits.as_bytes().split_at(digits.len() % 2);
        let mut octets: Vec<u8> = odd.iter().map(|b| digit(*b)).collect();
        octets.extend(pairs.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
        Ok(Token::Octets(octets))
    }

    /// A whole number; with a dot or a colon in it an address, and with a slash a prefix.
    fn number(&mut self) -> Result<Token<'t>, Fault> {
        let start = self.at;
        if self.text.as_bytes()[start] == b'-' {
            self.at += 1;
        }
        self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b':' | b'/'));
        let written = &self.text[start..self.at];
        let at = start..self.at;
        if written.contains('/') {
            return prefix(written, at);
        }
        if let Some(octets) = mac_address(written) {
            return Err(syntax(at, format!("`{written}` is no value of this language"), "a MAC address")
                .help(format!("write it as octets: `0x{octets}`")));
        }
        if written.contains(':') {
            let address = written.parse::<Ipv6Addr>().map(|address| address.octets().to_vec());
            return address.map(Token::Octets).map_err(|_| {
                syntax(
                    at,
                    format!("`{written}` is no IPv6 address"),
                    "expected an address such as `2001:db8::1`",
                )
            });
        }
        if written.contains('.') {
            let address = written.parse::<Ipv4Addr>().map(|address| address.octets().to_vec());
            return address.map(Token::Octets).map_err(|_| {
                let expected = "expected an address such as `10.42.8.1`";
                let fault = syntax(at, format!("`{written}` is no IPv4 address"), expected);
                match plain_address(written) {
                    Some(meant) => fault.help(format!("write `{meant}`, without leading zeros")),
                    None => fault,
                }
            });
        }
        let number = written.parse().ok().filter(|n| (i64::from(i32::MIN)..=i64::from(u32::MAX)).contains(n));
        number.map(Token::Number).ok_or_else(|| {
            syntax(at, format!("`{written}` is no whole number of four octets"), "expected 0 to 4294967295")
        })
    }

    /// A character that begins no token.
    fn stray(&self) -> Fault {
        let rest = &self.text[self.at..];
        let character = rest.chars().next().unwrap_or(' ');
        let at = self.at..self.at + character.len_utf8();
        match character {
            '"' => syntax(at, "a text stands in double quotes", "expected `'`")
                .help("write texts in single quotes: `'text'`"),
            '=' => syntax(at, "`=` is no operator", "expected `==`").help("write `==` to compare"),
            '!' => syntax(at, "`!` is no operator", "unknown here").help("write `not`, or `!=` to compare"),
            '&' => syntax(at, "`&` is no operator", "unknown here").help("write `and`"),
            '|' => syntax(at, "`|` is no operator", "unknown here").help("write `or`"),
            _ => {
                let message = format!("`{}` has no meaning here", character.escape_debug());
                syntax(at, message, "unexpected character")
            }
        }
    }
}

fn prefix<'t>(written: &str, at: Range<usize>) -> Result<Token<'t>, Fault> {
    written.parse::<Cidr>().map(Token::Prefix).map_err(|error| {
        let message = format!("`{written}` is no prefix");
        match error {
            CidrError::Malformed => syntax(at, message, "expected a prefix such as `10.42.8.0/23`"),
            CidrError::HostBits(meant) => {
                syntax(at, message, "bits behind the prefix are set").help(format!("write `{meant}`"))
            }
        }
    })
}

/// The digits of a MAC address in its common spelling, which would otherwise be taken for half an IPv6 address.
fn mac_address(written: &str) -> Option<String> {
    let octets: Vec<&str> = written.split(':').collect();
    let pair = |octet: &&str| octet.len() == 2 && octet.bytes().all(|b| b.is_ascii_hexdigit());
    (octets.len() == 6 && octets.iter().all(pair)).then(|| octets.concat().to_ascii_lowercase())
}

/// The address whose octets are written with leading zeros.
fn plain_address(written: &str) -> Option<Ipv4Addr> {
    let octets: Vec<u8> = written.split('.').map(|octet| octet.parse().ok()).collect::<Option<_>>()?;
    <[u8; 4]>::try_from(octets).ok().map(Ipv4Addr::from)
}

/// A fault of form.
pub fn syntax(at: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Fault {
    Fault::new(&class_expression::RULE, at, message, label)
}
