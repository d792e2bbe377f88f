//! Shapes that only a secret has: tokens whose issuers mark them, keys in armour, signed claims, password hashes.

/// A kind of token, known by how it begins.
#[derive(Clone, Copy, Debug)]
pub enum Token {
    /// A private key in PEM (RFC 7468 section 10), or any other that says so.
    Pem,
    /// Signed claims (RFC 7519): header and claims are JSON objects in base64, which begins `eyJ`.
    Jwt,
    /// An access key of Amazon's: sixteen capitals and digits.
    Aws,
    /// What crypt(3) makes of a password.
    Hash,
    /// So many letters, digits, `_` and `-` behind a mark of its issuer's.
    Issued {
        /// What it is, for a finding.
        what: &'static str,
        /// The fewest characters behind the mark.
        chars_min: usize,
    },
}

impl Token {
    pub const fn github() -> Token {
        Token::Issued { what: "a GitHub token", chars_min: 16 }
    }

    pub const fn gitlab() -> Token {
        Token::Issued { what: "a GitLab token", chars_min: 16 }
    }

    pub const fn slack() -> Token {
        Token::Issued { what: "a Slack token", chars_min: 10 }
    }

    /// What the token is, if one stands in `text` behind its mark, which ends at `from` and begins at `at`.
    pub fn judge(self, text: &str, at: usize, from: usize, mark: &str) -> Option<&'static str> {
        let joined = text[..at].ends_with(|c: char| c.is_ascii_alphanumeric());
        let rest = &text[from..];
        // Words are found in any case; an issuer's mark has one.
        if joined || &text[at..from] != mark {
            return None;
        }
        match self {
            Token::Pem => {
                let armour = rest.split_once("-----").map_or("", |(armour, _)| armour);
                armour.contains("PRIVATE KEY").then_some("a private key")
            }
            Token::Jwt => {
                let mut parts = rest.splitn(3, '.').map(|part| run(part, is_base64));
                let long = |part: Option<&str>| part.is_some_and(|part| part.len() >= 8);
                let (header, claims, seal) = (parts.next(), parts.next(), parts.next());
                let whole = claims.is_some_and(|claims| claims.starts_with("eyJ"));
                (whole && long(header) && long(claims) && long(seal)).then_some("a signed token")
            }
            Token::Aws => {
                let key = run(rest, |c| c.is_ascii_alphanumeric());
                let fits = key.len() == 16 && !key.contains(|c: char| c.is_ascii_lowercase());
                fits.then_some("an AWS access key")
            }
            Token::Hash => {
                let salted = run(rest, |c| c.is_ascii_alphanumeric() || "./$=,+-".contains(c));
                (salted.len() >= 22 && salted.contains('$') || salted.len() >= 50)
                    .then_some("a password's hash")
            }
            Token::Issued { what, chars_min } => {
                let body = run(rest, |c| is_base64(c) || c == '/');
                let mixed = body.contains(|c: char| c.is_ascii_digit())
                    && body.contains(|c: char| c.is_ascii_alphabetic());
                (body.len() >= chars_min && mixed).then_some(what)
            }
        }
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// The characters from the beginning on that are all `of`.
fn run(text: &str, of: impl Fn(char) -> bool) -> &str {
    &text[..text.find(|c| !of(c)).unwrap_or(text.len())]
}
