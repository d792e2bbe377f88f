//! The smallest HTTP client: one request, one connection, the whole answer. Tests that send what no client would write
//! their own octets.
#![expect(clippy::disallowed_types, reason = "talks to a real server")]

use std::io::{Read, Write as _};
use std::net::{SocketAddr, TcpStream};

use crate::relay::PATIENCE;

/// An answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Its status code.
    pub code: u16,
    /// Its head, lines and all.
    pub head: String,
    /// Its body, whole.
    pub body: String,
}

/// Asks for a path.
///
/// # Errors
/// What went wrong.
pub fn get(server: SocketAddr, path: &str) -> Result<Answer, String> {
    ask(server, &format!("GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n"))
}

/// Sends a body to a path.
///
/// # Errors
/// What went wrong.
pub fn post(server: SocketAddr, path: &str, body: &str) -> Result<Answer, String> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\nContent-Length: {length}\r\n"
    );
    ask(server, &format!("{head}Content-Type: application/json\r\n\r\n{body}"))
}

/// Sends a request as it is written.
///
/// # Errors
/// What went wrong.
pub fn ask(server: SocketAddr, request: &str) -> Result<Answer, String> {
    let mut stream =
        TcpStream::connect(server).map_err(|why| format!("{server} cannot be reached: {why}"))?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(|why| why.to_string())?;
    // A server that refuses need not read all of it.
    let sent = stream.write_all(request.as_bytes());
    answer(&mut stream).map_err(|why| format!("{why} (sent: {sent:?})"))
}

/// Reads an answer to the end of the connection.
///
/// # Errors
/// What is not as it should be.
pub fn answer(stream: &mut impl Read) -> Result<Answer, String> {
    let mut octets = Vec::new();
    let ended = stream.read_to_end(&mut octets);
    let text = String::from_utf8_lossy(&octets).into_owned();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err(format!("no whole head but `{text}`, {ended:?}"));
    };
    let code = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    let code = code.ok_or_else(|| format!("no status line: {head}"))?;
    let chunked = head.to_ascii_lowercase().contains("transfer-encoding: chunked");
    let body = if chunked { joined(body)? } else { body.to_owned() };
    Ok(Answer { code, head: head.to_owned(), body })
}

/// The chunks of a body (RFC 9112 section 7.1) as one.
fn joined(mut rest: &str) -> Result<String, String> {
    let mut body = String::new();
    loop {
        let (size, behind) = rest.split_once("\r\n").ok_or("the last chunk is missing")?;
        let size = usize::from_str_radix(size, 16).map_err(|why| format!("chunk size `{size}`: {why}"))?;
        if size == 0 {
            return Ok(body);
        }
        let (chunk, behind) = behind.split_at_checked(size).ok_or("a chunk is cut short")?;
        body.push_str(chunk);
        rest = behind.strip_prefix("\r\n").ok_or("a chunk has no end")?;
    }
}
