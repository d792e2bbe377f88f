//! Messages on standard input and output: a header with the length, and JSON.
//!
//! Invariant: what cannot be read is skipped, as far as its length is known, and reading goes on behind it. A length is
//! never trusted beyond [`MESSAGE_BYTES_MAX`].

use std::io::{self, BufRead, Read, Write as _};
use std::sync::mpsc::Sender;

use lsp_server::{Message, Notification};
use serde_json::{Value as Json, json};

/// Largest message that is read, in octets: a file of the largest size, written as JSON with an escape for each octet.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

/// Longest line of a header.
const HEADER_BYTES_MAX: u64 = 4096;

/// What was read.
pub(super) enum Incoming {
    Message(Message),
    /// Something that is no message, and why.
    Malformed(String),
    /// Nothing more will come.
    End,
}

/// Reads messages until there is nobody to send any or nobody to hear of them.
pub(super) fn read_all(to: &Sender<Incoming>) {
    let mut input = io::stdin().lock();
    loop {
        let next = read(&mut input).unwrap_or(Incoming::End);
        let is_end = matches!(next, Incoming::End);
        if to.send(next).is_err() || is_end {
            return;
        }
    }
}

fn read(input: &mut impl BufRead) -> io::Result<Incoming> {
    let mut length: Option<u64> = None;
    let mut garbage = false;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(HEADER_BYTES_MAX).read_until(b'\n', &mut line)? == 0 {
            return Ok(Incoming::End);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end_matches(['\r', '\n']);
        if text.is_empty() && line.ends_with(b"\n") {
            break;
        }
        match text.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().ok();
                garbage |= length.is_none();
            }
            Some(_) => {}
            None => garbage = true,
        }
    }
    let Some(length) = length else {
        return Ok(Incoming::Malformed("a message has no readable `Content-Length`".to_owned()));
    };
    if length > MESSAGE_BYTES_MAX {
        io::copy(&mut input.take(length), &mut io::sink())?;
        return Ok(Incoming::Malformed(format!("a message is larger than {} MiB", MESSAGE_BYTES_MAX >> 20)));
    }
    let mut body = Vec::new();
    let read = input.take(length).read_to_end(&mut body)?;
    if (read as u64) < length {
        return Ok(Incoming::End);
    }
    match serde_json::from_slice::<Message>(&body) {
        Ok(message) if !garbage => Ok(Incoming::Message(message)),
        Ok(_) => Ok(Incoming::Malformed("the header of a message is not understood".to_owned())),
        Err(error) => Ok(Incoming::Malformed(error.to_string())),
    }
}

/// Where messages go. An editor that has gone away is told nothing more; the end of input ends the program.
#[derive(Default)]
pub(super) struct Outgoing;

impl Outgoing {
    pub(super) fn send(&self, message: impl Into<Message>) {
        // Nobody is left to be told that nobody listens.
        let _ = message.into().write(&mut io::stdout().lock());
    }

    pub(super) fn notify(&self, method: &str, params: Json) {
        self.send(Notification { method: method.to_owned(), params });
    }

    /// Says that something was no message. Whose it was is not known, so it has no id (JSON-RPC 2.0, section 5).
    pub(super) fn send_malformed(&self, why: &str) {
        let error = json!({ "code": lsp_server::ErrorCode::ParseError as i32, "message": why });
        let text = json!({ "jsonrpc": "2.0", "id": null, "error": error }).to_string();
        let mut output = io::stdout().lock();
        let _ = write!(output, "Content-Length: {}\r\n\r\n{text}", text.len()).and_then(|()| output.flush());
    }
}

#[cfg(test)]
mod tests {
    use lsp_server::Response;

    use super::*;

    fn all(mut input: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            match read(&mut input).unwrap() {
                Incoming::Message(Message::Notification(note)) => found.push(note.method),
                Incoming::Message(_) => found.push("other".to_owned()),
                Incoming::Malformed(_) => found.push("malformed".to_owned()),
                Incoming::End => return found,
            }
        }
    }

    fn framed(body: &str) -> String {
        format!("Content-Length: {}\r\n\r\n{body}", body.len())
    }

    #[test]
    fn what_is_no_message_is_skipped() {
        let good = framed(r#"{"jsonrpc":"2.0","method":"a"}"#);
        let text = [
            good.as_str(),
            &framed("{not json"),
            &framed("[1, 2]"),
            "Nonsense\r\n\r\n",
            "Content-Length: x\r\n\r\n",
            &good,
            "content-length:31\n\n{\"jsonrpc\":\"2.0\",\"method\":\"a\"} ",
            "Content-Length: 500\r\n\r\n{",
        ]
        .concat();
        let expected = ["a", "malformed", "malformed", "malformed", "malformed", "a", "a"];
        assert_eq!(all(text.as_bytes()), expected);
    }

    #[test]
    fn a_length_is_not_believed() {
        assert_eq!(all(b"Content-Length: 99999999999999\r\n\r\nabc"), ["malformed"]);
    }

    #[test]
    fn an_answer_is_one_message() {
        let answer = Response::new_ok(1.into(), Json::Null);
        let mut written = Vec::new();
        Message::from(answer).write(&mut written).unwrap();
        assert_eq!(all(&written), ["other"]);
    }
}
