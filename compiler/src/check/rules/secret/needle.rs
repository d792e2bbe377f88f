//! Where a text may hold a secret: every place at which a word or a prefix stands that betrays one.
//!
//! Invariant: the search costs a table's look-up an octet, so that a file in which nothing is suspicious, nearly
//! every one, is read through once and then left alone.

use super::token::Token;

/// What stands at a place.
#[derive(Clone, Copy, Debug)]
pub enum Clue {
    /// The beginning of a token.
    Token(Token),
    /// A word for a secret; what it is called in a finding.
    Word(&'static str),
    /// `key`, which is a secret's word only behind some others.
    Key,
    /// `://`, behind which a password may stand.
    Address,
}

/// A text that betrays a secret, at least three ASCII characters, found in any case.
#[derive(Clone, Copy, Debug)]
pub struct Needle {
    /// The text, in lower case where it is a word.
    pub text: &'static str,
    /// What it betrays.
    pub clue: Clue,
}

const fn word(text: &'static str, what: &'static str) -> Needle {
    Needle { text, clue: Clue::Word(what) }
}

const fn token(text: &'static str, token: Token) -> Needle {
    Needle { text, clue: Clue::Token(token) }
}

/// Everything that is looked for. Of words with one beginning the longer come first.
static NEEDLES: &[Needle] = &[
    word("passphrase", "a passphrase"),
    word("password", "a password"),
    word("passcode", "a passcode"),
    word("passwd", "a password"),
    word("passwort", "a password"),
    word("pass", "a password"),
    word("pwd", "a password"),
    word("psk", "a pre-shared key"),
    word("secret", "a secret"),
    word("token", "a token"),
    word("credentials", "a credential"),
    word("credential", "a credential"),
    word("apikey", "an API key"),
    word("community", "an SNMP community"),
    word("bearer", "a token"),
    Needle { text: "key", clue: Clue::Key },
    Needle { text: "://", clue: Clue::Address },
    token("-----BEGIN ", Token::Pem),
    token("eyJ", Token::Jwt),
    token("AKIA", Token::Aws),
    token("ASIA", Token::Aws),
    token("ghp_", Token::github()),
    token("gho_", Token::github()),
    token("ghu_", Token::github()),
    token("ghs_", Token::github()),
    token("ghr_", Token::github()),
    token("github_pat_", Token::github()),
    token("glpat-", Token::gitlab()),
    token("gldt-", Token::gitlab()),
    token("glrt-", Token::gitlab()),
    token("glptt-", Token::gitlab()),
    token("glcbt-", Token::gitlab()),
    token("xoxa-", Token::slack()),
    token("xoxb-", Token::slack()),
    token("xoxe-", Token::slack()),
    token("xoxo-", Token::slack()),
    token("xoxp-", Token::slack()),
    token("xoxr-", Token::slack()),
    token("xoxs-", Token::slack()),
    token("xapp-", Token::slack()),
    token("hooks.slack.com/services/", Token::Issued { what: "a Slack hook", chars_min: 16 }),
    token("AIza", Token::Issued { what: "a Google API key", chars_min: 30 }),
    token("sk_live_", Token::Issued { what: "a Stripe key", chars_min: 16 }),
    token("sk_test_", Token::Issued { what: "a Stripe key", chars_min: 16 }),
    token("rk_live_", Token::Issued { what: "a Stripe key", chars_min: 16 }),
    token("npm_", Token::Issued { what: "an npm token", chars_min: 30 }),
    token("pypi-", Token::Issued { what: "a PyPI token", chars_min: 40 }),
    token("hvs.", Token::Issued { what: "a Vault token", chars_min: 20 }),
    token("dop_v1_", Token::Issued { what: "a DigitalOcean token", chars_min: 32 }),
    token("dckr_pat_", Token::Issued { what: "a Docker token", chars_min: 20 }),
    token("AGE-SECRET-KEY-1", Token::Issued { what: "an age key", chars_min: 40 }),
    token("$1$", Token::Hash),
    token("$5$", Token::Hash),
    token("$6$", Token::Hash),
    token("$y$", Token::Hash),
    token("$2a$", Token::Hash),
    token("$2b$", Token::Hash),
    token("$2y$", Token::Hash),
    token("$argon2", Token::Hash),
];

/// How many windows there are: the low five bits of three octets, which tell letters apart and their cases not.
const WINDOWS: usize = 1 << 15;

/// Which windows begin a needle.
static BEGINNINGS: [bool; WINDOWS] = beginnings();

const fn beginnings() -> [bool; WINDOWS] {
    let mut table = [false; WINDOWS];
    let mut at = 0;
    while at < NEEDLES.len() {
        let text = NEEDLES[at].text.as_bytes();
        table[window(text[0], text[1], text[2])] = true;
        at += 1;
    }
    table
}

const fn window(first: u8, second: u8, third: u8) -> usize {
    (first as usize & 0x1f) << 10 | (second as usize & 0x1f) << 5 | third as usize & 0x1f
}

/// Every place of a needle, in order; at each place the first that fits.
pub fn clues(text: &[u8]) -> impl Iterator<Item = (usize, Needle)> {
    let begins = |octets: &[u8]| BEGINNINGS[window(octets[0], octets[1], octets[2])];
    let suspicious = text.windows(3).enumerate().filter(move |(_, octets)| begins(octets));
    suspicious.filter_map(|(start, _)| {
        let stands = |needle: &&Needle| {
            text[start..]
                .get(..needle.text.len())
                .is_some_and(|found| found.eq_ignore_ascii_case(needle.text.as_bytes()))
        };
        NEEDLES.iter().find(stands).map(|needle| (start, *needle))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_needle_is_found_where_it_stands() {
        for needle in NEEDLES {
            for text in [needle.text.to_owned(), needle.text.to_ascii_uppercase()] {
                let (at, found) = clues(format!("= {text} 1").as_bytes()).next().unwrap();
                assert_eq!((at, found.text.len() <= needle.text.len()), (2, true), "{text}");
            }
        }
        assert_eq!(clues(b"a window of 52:54:00:12:34:56 in 10.42.8.0/23").count(), 0);
    }
}
