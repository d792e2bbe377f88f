//! Words that say that what follows is a secret, and what a secret behind them looks like.
//!
//! People write of passwords without writing them down: `password: ask the help desk`. So a word is evidence only
//! together with a value: joined to it by `=`, or by `:` and of a form that no word of prose has.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{Cidr, MacAddr};

/// What the key names, if it is a secret's: its last word, or its last two.
pub fn of_key(key: &str) -> Option<&'static str> {
    let words = words(key);
    let counted = |word: &'_ String| word.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let words: Vec<&str> =
        words.iter().map(|word| &word[..counted(word)]).filter(|word| !word.is_empty()).collect();
    let (last, before) = words.split_last()?;
    let what = match *last {
        "password" | "passwort" | "passwd" | "pwd" | "pass" => "a password",
        "passphrase" => "a passphrase",
        "passcode" => "a passcode",
        "psk" => "a pre-shared key",
        "secret" => "a secret",
        "token" => "a token",
        "credential" | "credentials" => "a credential",
        "apikey" => "an API key",
        "key" => return before.last().and_then(|before| key_of(before)),
        "community" => return before.last().filter(|before| **before == "snmp").map(|_| "an SNMP community"),
        _ => return None,
    };
    Some(what)
}

/// What a key is that is called so: `api key`, `private-key`.
pub fn key_of(word: &str) -> Option<&'static str> {
    match word {
        "api" => Some("an API key"),
        "private" | "ssh" => Some("a private key"),
        "shared" | "preshared" | "psk" | "wpa" | "wpa2" | "wep" | "wifi" | "wlan" => Some("a pre-shared key"),
        "secret" | "access" | "auth" | "authentication" | "encryption" | "tsig" | "rndc" | "omapi" => {
            Some("a secret key")
        }
        _ => None,
    }
}

/// The words of a key in lower case: parted by anything but letters and digits, and where a capital begins.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in key.chars() {
        let border = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if !c.is_alphanumeric() || border {
            words.push(String::new());
        }
        if c.is_alphanumeric() {
            words.last_mut().expect("there is a word from the start").extend(c.to_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The last word before `at`, in lower case.
pub fn word_before(text: &str, at: usize) -> Option<String> {
    let before = text[..at].trim_end_matches([' ', '-', '_']);
    words(&before[before.len() - before.chars().rev().take(16).map(char::len_utf8).sum::<usize>()..]).pop()
}

/// Whether the value of a key that names a secret is one.
pub fn is_value(value: &str) -> bool {
    let value = value.trim();
    value.chars().count() >= 3 && !is_harmless(value)
}

/// Whether what stands behind a secret's word in running text is that secret. `joins` says whether text without a sign
/// between may be one.
pub fn follows(rest: &str, joins: bool) -> bool {
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    // A word goes on: `passage`, `tokens`.
    if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') || rest.starts_with("==") {
        return false;
    }
    let rest = rest.trim_start_matches(['"', '\'', ']', ')']).trim_start();
    let (sign, rest) = if let Some(rest) = rest.strip_prefix([':', '=']) {
        if rest.starts_with('=') {
            return false;
        }
        let equals = !rest.is_empty() && !rest.starts_with(' ');
        (Some(equals), rest.trim_start_matches(['=', '>']))
    } else if let Some(rest) = rest.strip_prefix("is ").or_else(|| rest.strip_prefix("was ")) {
        (Some(false), rest)
    } else {
        (None, rest)
    };
    let rest = rest.trim_start().trim_start_matches(['"', '\'', '`']);
    let end =
        rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '&')).unwrap_or(rest.len());
    let value = rest[..end].trim_end_matches(['.', ',', ';', ')', ']', '}']);
    let alone = rest[end..].trim_matches(|c: char| !c.is_alphanumeric()).is_empty();
    if is_harmless(value) {
        return false;
    }
    match sign {
        Some(true) => value.chars().count() >= 3,
        Some(false) => value.chars().count() >= 4 && (alone || is_no_prose(value)),
        None => joins && value.chars().count() >= 8 && is_chosen(value),
    }
}

/// Whether a text has a digit or a sign that no word of prose has, or a capital inside.
fn is_no_prose(value: &str) -> bool {
    let capital_inside = value.chars().zip(value.chars().skip(1));
    value.chars().any(|c| c.is_ascii_digit() || "!@#$%^&*?+=~|\\<>".contains(c))
        || capital_inside.into_iter().any(|(a, b)| a.is_lowercase() && b.is_uppercase())
}

/// Whether a text looks like what a password's rules ask for.
fn is_chosen(value: &str) -> bool {
    let any = |of: fn(char) -> bool| value.chars().any(of);
    let (lower, upper) = (any(|c| c.is_lowercase()), any(|c| c.is_uppercase()));
    let (digit, sign) = (any(|c| c.is_ascii_digit()), any(|c| "!@#$%^&*?+=~|".contains(c)));
    digit && (lower || upper) && (sign || lower && upper)
}

/// Whether the text stands for a secret that is elsewhere, or is something else entirely.
fn is_harmless(value: &str) -> bool {
    const PROSE: &[&str] = &[
        "",
        "none",
        "null",
        "nil",
        "unset",
        "empty",
        "redacted",
        "removed",
        "hidden",
        "required",
        "rotated",
        "changed",
        "expired",
        "unknown",
        "default",
        "optional",
        "yes",
        "no",
        "true",
        "false",
        "see",
        "ask",
        "in",
        "from",
        "stored",
        "kept",
        "held",
        "vault",
        "keepass",
        "n/a",
        "tbd",
        "not",
        "per",
        "by",
        "the",
        "needed",
        "protected",
        "disabled",
        "enabled",
        "policy",
        "reset",
        "based",
        "ring",
        "server",
        "file",
    ];
    let lower = value.to_ascii_lowercase();
    let first = lower.split(['-', '_', ':', '.']).next().unwrap_or_default();
    let placeholder = lower.starts_with(['<', '$', '{', '%', '/'])
        || lower.contains("://")
        || ["env:", "file:", "ssm:", "arn:"].iter().any(|scheme| lower.starts_with(scheme))
        || lower.chars().all(|c| matches!(c, '*' | 'x' | '.' | '-' | '_' | '?' | '#' | '…' | '•'));
    // What crypt(3) makes of a password is judged as what it is.
    placeholder
        || PROSE.contains(&first)
        || value.parse::<Ipv4Addr>().is_ok()
        || value.parse::<Cidr>().is_ok()
        || value.parse::<MacAddr>().is_ok() && value.contains(':')
}

/// Whether an address (RFC 3986 section 3.2.1) names a user and a password; `rest` is what stands behind `://`.
pub fn has_user_password(rest: &str) -> bool {
    let authority = &rest[..rest.find(['/', '?', '#', ' ', '\'', '"']).unwrap_or(rest.len())];
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !is_harmless(password))
}
