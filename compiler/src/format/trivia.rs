//! What stands between the words of a file: comments, brackets and dashes.
//!
//! The parser's tree has the place of every scalar, so that what lies between two of them can only be white space,
//! structure and comments; no `#` in there belongs to a text.

/// A comment, from its `#` to the end of its line, blanks there left out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Comment<'a> {
    pub text: &'a str,
    /// Octets before it on its line.
    pub column: usize,
    /// Nothing else stands on its line.
    pub own_line: bool,
    /// The line above is empty.
    pub blank: bool,
}

/// Something between two scalars.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Mark<'a> {
    Comment(Comment<'a>),
    /// `-` of an element of a block sequence, and where it stands.
    Dash(usize),
    /// `[` or `{`.
    Open,
    /// `]` or `}`.
    Close,
    /// `|` or `>`, which begins a block scalar.
    Block {
        folded: bool,
    },
}

/// The marks in `text[from..to]`.
pub(super) fn marks(text: &str, from: usize, to: usize) -> Vec<Mark<'_>> {
    let octets = text.as_bytes();
    let mut found = Vec::new();
    let mut at = from;
    while at < to {
        match octets[at] {
            b'#' => {
                found.push(Mark::Comment(comment(text, from, at)));
                at = line_end(text, at);
                continue;
            }
            b'-' | b'.' if is_line_start(octets, at) && is_document_mark(&octets[at..]) => at += 3,
            // A directive may have a comment behind it.
            b'%' if is_line_start(octets, at) => {
                let end = line_end(text, at);
                at = text[at..end].find(" #").map_or(end, |comment| at + comment);
                continue;
            }
            b'-' => found.push(Mark::Dash(at)),
            b'[' | b'{' => found.push(Mark::Open),
            b']' | b'}' => found.push(Mark::Close),
            b'|' | b'>' => {
                found.push(Mark::Block { folded: octets[at] == b'>' });
                at += octets[at + 1..]
                    .iter()
                    .take_while(|octet| matches!(octet, b'0'..=b'9' | b'+' | b'-'))
                    .count();
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// Whether the line above the one of `at` is empty, and lies behind `from`.
pub(super) fn is_blank_above(text: &str, from: usize, at: usize) -> bool {
    let Some(end) = text[from..at].rfind('\n').map(|end| from + end) else { return false };
    let begin = match text[from..end].rfind('\n') {
        Some(before) => from + before + 1,
        None if from == 0 || text.as_bytes()[from - 1] == b'\n' => from,
        None => return false,
    };
    text[begin..end].chars().all(char::is_whitespace)
}

/// Where the line of `at` begins.
pub(super) fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Where the line of `at` ends, its line feed excluded.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    text[at..].find('\n').map_or(text.len(), |end| at + end)
}

fn comment(text: &str, from: usize, at: usize) -> Comment<'_> {
    let start = line_start(text, at);
    Comment {
        text: text[at..line_end(text, at)].trim_end(),
        column: at - start,
        own_line: text[start..at].chars().all(char::is_whitespace),
        blank: is_blank_above(text, from, at),
    }
}

fn is_line_start(octets: &[u8], at: usize) -> bool {
    at == 0 || octets[at - 1] == b'\n'
}

/// `---` or `...`, with nothing or a blank behind it.
fn is_document_mark(octets: &[u8]) -> bool {
    (octets.starts_with(b"---") || octets.starts_with(b"..."))
        && octets.get(3).is_none_or(|octet| octet.is_ascii_whitespace())
}
