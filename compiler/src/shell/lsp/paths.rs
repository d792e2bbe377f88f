//! Editors name files by URI (RFC 8089), the estate by path.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// The path of a `file` URI on this machine.
pub(super) fn path(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    if !rest.starts_with('/') {
        return None;
    }
    let octets = rest.as_bytes();
    let mut decoded = Vec::with_capacity(octets.len());
    let mut at = 0;
    while at < octets.len() {
        let digits = (octets[at] == b'%').then(|| rest.get(at + 1..at + 3)).flatten();
        match digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(octet) => {
                decoded.push(octet);
                at += 3;
            }
            None => {
                decoded.push(octets[at]);
                at += 1;
            }
        }
    }
    Some(PathBuf::from(OsStr::from_bytes(&decoded)))
}

/// The URI of an absolute path.
pub(super) fn uri(path: &Path) -> String {
    let mut uri = "file://".to_owned();
    for octet in path.as_os_str().as_bytes() {
        match octet {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(*octet));
            }
            _ => write!(uri, "%{octet:02X}").expect("a string takes all that is written to it"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_uris_lead_to_each_other() {
        for text in ["/a/b.yaml", "/a b/é#?.yaml", "/c:/100%.yaml"] {
            assert_eq!(path(&uri(Path::new(text))), Some(PathBuf::from(text)), "{text}");
        }
        assert_eq!(path("file://localhost/a%20b"), Some(PathBuf::from("/a b")));
        assert_eq!(path("file:///a%zz%4"), Some(PathBuf::from("/a%zz%4")));
        assert_eq!(path("untitled:Untitled-1"), None);
        assert_eq!(path("file://host/share"), None);
    }
}
