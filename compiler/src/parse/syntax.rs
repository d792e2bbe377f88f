//! Says where a syntax error is and what it means, which is not always where the scanner noticed it.

use super::text::Text;
use crate::check::rules::form::yaml_syntax;
use crate::diag::Diagnostic;

/// What the scanner's message means to somebody who wrote the file: message, label, help.
struct Meaning {
    message: &'static str,
    label: &'static str,
    help: &'static str,
}

/// The finding for a scanner's error `info` at byte `at`; `bracket` is where the innermost open flow collection
/// begins, `last_scalar` the byte range of the scalar read last.
pub(super) fn explain(
    text: &Text<'_>,
    info: &str,
    at: usize,
    bracket: Option<usize>,
    last_scalar: (usize, usize),
) -> Diagnostic {
    let content = text.content;
    if info.contains("only valid inside a block")
        && let Some(open) = unclosed_above(content, at)
    {
        return unclosed_bracket(text, open, at);
    }
    if let Some(open) = bracket {
        let at_end = content[at..].trim_start().is_empty();
        if at_end
            || (content[open..at].contains('\n') && indentation(content, at) <= indentation(content, open))
        {
            return unclosed_bracket(text, open, at);
        }
    }
    if let Some((start, end)) = line_without_colon(content, info, at, last_scalar) {
        return Diagnostic::new(
            &yaml_syntax::RULE,
            text.span(start, end),
            "a line of a mapping has no `key: value`",
            "no colon with a space behind it",
        )
        .with_help("write `key: value`, or indent the line if it continues the value above");
    }
    // Inside brackets, `option[77]` ends as text at its bracket.
    let in_text = last_scalar.1 == at && content[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
    if bracket.is_some() && in_text && content[at..].starts_with(['[', '{']) {
        return Diagnostic::new(
            &yaml_syntax::RULE,
            text.span(at, at + 1),
            "a bracket stands in the middle of an unquoted text",
            "inside `{…}` or `[…]` the text ends here",
        )
        .with_help("put the whole text in double quotes");
    }
    if let Some(open) = unclosed_quote(content, info, at) {
        let noticed = text.span(at, next_character(content, at));
        return Diagnostic::new(
            &yaml_syntax::RULE,
            text.span(open, open + 1),
            "a quoted text is not closed",
            "opened here",
        )
        .with_secondary(noticed, "not understood here")
        .with_help("add the closing quote");
    }
    if info.starts_with("invalid trailing content after") {
        return behind_quotes(text, at);
    }
    // In a scalar, a tab is noticed where the scalar begins.
    let at = if info.contains("found a tab") {
        at + content[at..].find('\t').map_or(0, |tab| tab + 1)
    } else {
        at
    };
    // A tab is noticed when the scanner stands behind it.
    let tabs = content[..at].len() - content[..at].trim_end_matches('\t').len();
    let start = if info.contains("tab") { at - tabs } else { at };
    let span = text.span(start, if start < at { at } else { next_character(content, at) });
    match meaning(info) {
        Some(Meaning { message, label, help }) => {
            Diagnostic::new(&yaml_syntax::RULE, span, message, label).with_help(help)
        }
        None => {
            let reason = info.replace("`@'", "`@`").replace("`%'", "`%`").replace("``'", "backtick");
            Diagnostic::new(&yaml_syntax::RULE, span, "the file is not valid YAML", reason)
        }
    }
}

/// A bracket that opens at `open` and was meant to be closed before `at`.
fn unclosed_bracket(text: &Text<'_>, open: usize, at: usize) -> Diagnostic {
    let content = text.content;
    let message = format!("bracket `{}` is not closed properly", &content[open..=open]);
    let fault = Diagnostic::new(&yaml_syntax::RULE, text.span(open, open + 1), message, "opened here")
        .with_help("close the bracket, and part its elements by commas");
    if content[at..].trim_start().is_empty() {
        return fault;
    }
    fault.with_secondary(text.span(at, next_character(content, at)), "not understood here")
}

/// Something behind a quoted text on its line, noticed at `at`.
fn behind_quotes(text: &Text<'_>, at: usize) -> Diagnostic {
    let content = text.content;
    let line = content[..at].rfind('\n').map_or(0, |end| end + 1);
    let end = content[at..].find(['\n', '\r']).map_or(content.len(), |end| at + end);
    let behind = at + content[at..end].trim_end().len();
    let value = content[line..at].find(": ").map_or(line, |colon| line + colon + 2);
    Diagnostic::new(
        &yaml_syntax::RULE,
        text.span(at, behind.max(next_character(content, at))),
        "something stands behind a quoted text",
        "the text ends before this",
    )
    .with_secondary(text.span(value, at), "quotes at the beginning enclose a whole value")
    .with_help("put the whole value in double quotes, or write it in a block below `>-`")
}

/// The last bracket that nothing closes on its line, in the lines above.
fn unclosed_above(content: &str, at: usize) -> Option<usize> {
    const LINES_MAX: usize = 20;
    let mut end = content[..at].trim_end().len();
    for _ in 0..LINES_MAX {
        let line = content[..end].rfind('\n').map_or(0, |before| before + 1);
        let mut open = Vec::new();
        for (place, c) in content[line..end].char_indices() {
            match c {
                '{' | '[' => open.push(line + place),
                '}' | ']' => drop(open.pop()),
                _ => {}
            }
        }
        if let Some(open) = open.pop() {
            return Some(open);
        }
        end = line.checked_sub(1)?;
    }
    None
}

/// How far the line of byte `at` is indented. What stands inside brackets is indented further than the line that
/// opens them; a line that is not shows that they were meant to be closed before it.
fn indentation(content: &str, at: usize) -> usize {
    let line = content[..at].rfind('\n').map_or(0, |end| end + 1);
    content[line..].len() - content[line..].trim_start_matches(' ').len()
}

/// Where the character at `at` ends; an end of line or file has no width.
fn next_character(content: &str, at: usize) -> usize {
    match content[at..].chars().next() {
        None | Some('\n' | '\r') => at,
        Some(c) => at + c.len_utf8(),
    }
}

/// The line that lacks its colon, where the scanner only noticed one or more lines later.
fn line_without_colon(
    content: &str,
    info: &str,
    at: usize,
    last_scalar: (usize, usize),
) -> Option<(usize, usize)> {
    if info == "simple key expect ':'" {
        let before = content[..at].trim_end();
        let line = before.rfind('\n').map_or(0, |end| end + 1);
        let start = line + (before[line..].len() - before[line..].trim_start().len());
        return (start < before.len()).then_some((start, before.len()));
    }
    // `site:X` and `name: Y` under it read as one scalar of two lines, with a colon behind it.
    let (start, end) = last_scalar;
    if info != "mapping values are not allowed in this context" || end != at {
        return None;
    }
    let (first, last) = content[start..end]
        .split_once('\n')
        .map(|(first, rest)| (first.trim_end(), rest.rsplit('\n').next().unwrap_or(rest)))?;
    let line = content[..start].rfind('\n').map_or(0, |end| end + 1);
    let same_indentation = last.len() - last.trim_start().len() == start - line;
    same_indentation.then_some((start, start + first.len()))
}

/// The quote that opens a text of several lines with something behind its end: the text was meant to end on its first
/// line, and the quote that ended it opens another.
fn unclosed_quote(content: &str, info: &str, at: usize) -> Option<usize> {
    if !info.starts_with("invalid trailing content after") {
        return None;
    }
    let before = content[..at].trim_end_matches(' ');
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\''))?;
    let open = before[..before.len() - 1].rfind(quote)?;
    before[open..].contains('\n').then_some(open)
}

fn meaning(info: &str) -> Option<Meaning> {
    let meaning = |message, label, help| Some(Meaning { message, label, help });
    match info {
        "mapping values are not allowed in this context" => meaning(
            "a mapping stands where none may stand",
            "this colon makes a second key",
            "quote the value if the colon is part of it, or check the indentation",
        ),
        "invalid indentation in quoted scalar"
        | "while scanning a quoted scalar, found unexpected end of stream" => {
            meaning("a quoted text is not closed", "opened here", "add the closing quote")
        }
        "while parsing a quoted scalar, found unknown escape character" => meaning(
            "a quoted text holds an unknown escape",
            "in this text",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        "while parsing a block mapping, did not find expected key" => meaning(
            "a line is not indented as its neighbours",
            "no mapping is indented to here",
            "indent the line like the keys it belongs to",
        ),
        "while parsing a block collection, did not find expected '-' indicator" => meaning(
            "an element of a sequence does not begin with `- `",
            "a `-` was expected here",
            "begin the element with `- `, or indent the line like the keys it belongs to",
        ),
        "block sequence entries are not allowed in this context" => meaning(
            "a sequence stands where none may stand",
            "this `-` begins a sequence",
            "put the sequence on lines of its own, or quote the value",
        ),
        "while parsing node, found unknown anchor" => meaning(
            "an alias has no anchor",
            "stands for nothing",
            "quote the value if it is meant to begin with `*`",
        ),
        _ if info.starts_with("tabs disallowed")
            || info.contains("tab character")
            || info.contains("found a tab") =>
        {
            meaning("a line is indented with a tab", "this is a tab", "indent with spaces")
        }
        _ => None,
    }
}
