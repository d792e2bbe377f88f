//! A server that does nothing: what remains is the machine's own cost of two packets.

use crate::arguments::Reflector;
use crate::socket::Socket;

/// Sends every datagram back, until it is killed.
pub fn run(arguments: &Reflector) -> Result<(), String> {
    let mut sockets = [Socket::bind(arguments.listen)?];
    println!("leasehold-load reflecting on {}", arguments.listen);
    let mut back = Vec::with_capacity(crate::socket::BATCH);
    loop {
        back.clear();
        if sockets[0].receive(|bytes, from| back.push((bytes.to_vec(), from)))? == 0 {
            Socket::wait_for_any(&sockets, 1000);
        }
        sockets[0].send(&back)?;
    }
}
