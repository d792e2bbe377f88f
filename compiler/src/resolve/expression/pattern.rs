//! Regular expressions of `match`: judged here, with the place of what is wrong, and run by the server.

use leasehold_server::estate::{Pattern, PatternError};
use regex_syntax::{Error, ParserBuilder, ast, hir};

use super::Fault;
use super::lexer::syntax;

/// The pattern, which stands at `start` of the expression, or what is wrong with it.
pub fn pattern(written: &str, start: usize) -> Result<String, Fault> {
    let whole = start..start + written.len();
    // The server's own settings, so that both read the same language.
    let parsed =
        ParserBuilder::new().unicode(false).utf8(false).crlf(true).nest_limit(32).build().parse(written);
    if let Err(error) = parsed {
        let (span, why, help) = match &error {
            Error::Parse(error) => (error.span(), error.kind().to_string(), help(error.kind())),
            Error::Translate(error) => (error.span(), error.kind().to_string(), not_octets(error.kind())),
            _ => return Err(syntax(whole, "regular expression cannot be read", error.to_string())),
        };
        let at = start + span.start.offset..start + span.end.offset;
        let fault = syntax(at, "regular expression cannot be read", why);
        return Err(match help {
            Some(help) => fault.help(help),
            None => fault,
        });
    }
    match Pattern::new(written) {
        Ok(_) => Ok(written.to_owned()),
        Err(PatternError::TooLarge) => Err(syntax(
            whole,
            "regular expression is too large",
            "its repetitions make a machine of over 64 KiB",
        )
        .help("repeat less, or use `substring` to look at a part")),
        Err(PatternError::Malformed) => {
            Err(syntax(whole, "regular expression cannot be read", "not as a part of another")
                .help("end comments inside it"))
        }
    }
}

fn help(kind: &ast::ErrorKind) -> Option<&'static str> {
    match kind {
        ast::ErrorKind::UnsupportedLookAround | ast::ErrorKind::UnsupportedBackreference => Some(
            "matching takes time in proportion to the text, so write it with `and`, `or` and `not` instead",
        ),
        _ => None,
    }
}

fn not_octets(kind: &hir::ErrorKind) -> Option<&'static str> {
    match kind {
        hir::ErrorKind::UnicodeNotAllowed => Some("patterns match octets: write `\\xHH` for each"),
        _ => None,
    }
}
