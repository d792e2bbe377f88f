//! SIGTERM, SIGINT and SIGHUP as something to poll.

use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// What people tell the program.
pub struct Signals {
    stop: UnixStream,
    reload: UnixStream,
}

impl Signals {
    /// Takes the signals over.
    pub fn take() -> std::io::Result<Signals> {
        let (stop, stop_writer) = UnixStream::pair()?;
        let (reload, reload_writer) = UnixStream::pair()?;
        signal_hook::low_level::pipe::register(SIGTERM, stop_writer.try_clone()?)?;
        signal_hook::low_level::pipe::register(SIGINT, stop_writer)?;
        signal_hook::low_level::pipe::register(SIGHUP, reload_writer)?;
        stop.set_nonblocking(true)?;
        reload.set_nonblocking(true)?;
        Ok(Signals { stop, reload })
    }

    /// What to poll.
    pub fn fds(&self) -> [BorrowedFd<'_>; 2] {
        [self.stop.as_fd(), self.reload.as_fd()]
    }

    /// Whether the program was told to stop since the last call.
    pub fn stop(&mut self) -> bool {
        drain(&mut self.stop)
    }

    /// Whether the artefact is to be read again.
    pub fn reload(&mut self) -> bool {
        drain(&mut self.reload)
    }
}

fn drain(stream: &mut UnixStream) -> bool {
    let mut octets = [0; 64];
    let mut any = false;
    loop {
        match stream.read(&mut octets) {
            Ok(0) => return any,
            Ok(_) => any = true,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return any,
        }
    }
}
