//! From a place in an expression to the place in the file.
//!
//! YAML quotes, folds and escapes; but what it never changes is the order of the characters that are no space.
//! So the n-th such character of the expression is the n-th of its source, unless there are escapes: then the whole
//! scalar is shown.

use std::ops::Range;

use leasehold_schemas::source::Span;

/// The bytes of the file that bytes `at` of `text` were read from. `raw` is the scalar's source, which stands at
/// `span`.
pub fn locate(text: &str, raw: &[u8], span: Span, at: Range<usize>) -> Span {
    let Some(places) = places(raw, text) else { return span };
    let solid = |range: &[u8]| range.iter().filter(|b| !b.is_ascii_whitespace()).count();
    let before = solid(&text.as_bytes()[..at.start]);
    let within = solid(&text.as_bytes()[at.start..at.end]);
    let offset = |place: usize| span.start + u32::try_from(place).unwrap_or(0);
    match (places.get(before), within.checked_sub(1).and_then(|last| places.get(before + last))) {
        (Some(first), Some(last)) => Span { file: span.file, start: offset(*first), end: offset(*last + 1) },
        (Some(first), None) => Span { file: span.file, start: offset(*first), end: offset(*first) },
        // Behind the last character: what is missing belongs there.
        (None, _) => {
            let end = places.last().map_or(span.end, |last| offset(*last + 1));
            Span { file: span.file, start: end, end }
        }
    }
}

/// Where each character of `text` that is no space stands in `raw`; `None` if they are not the same.
fn places(raw: &[u8], text: &str) -> Option<Vec<usize>> {
    // A block's source is its content, which may begin and end with quotes of the expression itself.
    if let Some(places) = same((0..raw.len()).collect(), raw, text) {
        return Some(places);
    }
    let inner = match raw {
        [b'"', inner @ .., b'"'] => inner,
        [b'\'', inner @ .., b'\''] => return same(unquoted(inner), raw, text),
        [b'|' | b'>', ..] => {
            let header = raw.iter().position(|b| *b == b'\n')?;
            &raw[header..]
        }
        _ => raw,
    };
    let start = inner.as_ptr() as usize - raw.as_ptr() as usize;
    same((start..start + inner.len()).collect(), raw, text)
}

/// Places inside single quotes, of a doubled quote only the first.
fn unquoted(inner: &[u8]) -> Vec<usize> {
    let mut places = Vec::with_capacity(inner.len());
    let mut at = 0;
    while at < inner.len() {
        places.push(at + 1);
        at += if inner[at..].starts_with(b"''") { 2 } else { 1 };
    }
    places
}

fn same(mut places: Vec<usize>, raw: &[u8], text: &str) -> Option<Vec<usize>> {
    places.retain(|place| !raw[*place].is_ascii_whitespace());
    let solid = text.bytes().filter(|b| !b.is_ascii_whitespace());
    places.iter().map(|place| raw[*place]).eq(solid).then_some(places)
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::source::FileId;

    use super::*;

    /// What of `raw` is shown for the first occurrence of `part` in `text`.
    fn shown<'r>(raw: &'r str, text: &str, part: &str) -> &'r str {
        let start = text.find(part).unwrap();
        let span = Span { file: FileId(0), start: 100, end: 100 + u32::try_from(raw.len()).unwrap() };
        let place = locate(text, raw.as_bytes(), span, start..start + part.len());
        &raw[place.start as usize - 100..place.end as usize - 100]
    }

    #[test]
    fn every_style_of_scalar() {
        let text = "option[77].hex == 'W10'";
        assert_eq!(shown(text, text, "'W10'"), "'W10'");
        assert_eq!(shown("\"option[77].hex == 'W10'\"", text, "hex =="), "hex ==");
        assert_eq!(shown("'option[77].hex == ''W10'''", text, "77"), "77");
        assert_eq!(shown(">-\n  option[77].hex\n  == 'W10'\n", text, "== 'W"), "== 'W");
        assert_eq!(shown("option[77].hex\n    == 'W10'", text, "=="), "==");
        assert_eq!(shown("'a' ==\n    'b'", "'a' ==\n'b'", "=="), "==");
    }

    #[test]
    fn escapes_show_the_whole_scalar() {
        let raw = r#""option[77]\u002ehex""#;
        assert_eq!(shown(raw, "option[77].hex", "77"), raw);
    }

    #[test]
    fn what_is_missing_is_behind_the_last_character() {
        let span = Span { file: FileId(0), start: 7, end: 12 };
        assert_eq!(locate("a ==", b"a == ", span, 4..4), Span { file: FileId(0), start: 11, end: 11 });
    }
}
