//! Where is listened: a TCP address or a Unix socket.

use std::fmt;
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::str::FromStr;

/// Where is listened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Place {
    /// A TCP address; port 0: any.
    Tcp(SocketAddr),
    /// A Unix socket: who may write to it may use it.
    Unix(PathBuf),
}

impl From<SocketAddr> for Place {
    fn from(address: SocketAddr) -> Place {
        Place::Tcp(address)
    }
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            let named = !path.is_empty();
            return named.then(|| Place::Unix(path.into())).ok_or_else(|| "`unix:` wants a path".to_owned());
        }
        let address = text.parse().map(Place::Tcp);
        address.map_err(|_| "expected ADDR:PORT, such as 127.0.0.1:8648, or unix:PATH".to_owned())
    }
}

impl Place {
    /// Whether only this machine reaches it.
    pub fn is_local(&self) -> bool {
        match self {
            Place::Tcp(address) => address.ip().is_loopback(),
            Place::Unix(_) => true,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Tcp(address) => address.fmt(f),
            Place::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

/// A socket that listens.
pub enum Socket {
    /// A TCP socket.
    Tcp(TcpListener),
    /// A Unix socket.
    Unix(UnixListener),
}

/// A place that is listened at.
pub struct Opened {
    /// Where, its port chosen.
    pub name: Place,
    /// The socket; it does not block.
    pub socket: Socket,
}

impl Opened {
    /// Listens there; `flag` is what named the place.
    pub fn open(place: &Place, flag: &str) -> Result<Opened, String> {
        let refused = |error: &dyn fmt::Display| {
            format!("cannot listen on {place}: {error}; give {flag} an address of this machine that is free")
        };
        match place {
            Place::Tcp(address) => {
                let listener = TcpListener::bind(address).map_err(|error| refused(&error))?;
                listener.set_nonblocking(true).map_err(|error| refused(&error))?;
                let name = Place::Tcp(listener.local_addr().map_err(|error| refused(&error))?);
                Ok(Opened { name, socket: Socket::Tcp(listener) })
            }
            Place::Unix(path) => {
                forget_former(path).map_err(|error| refused(&error))?;
                let listener = UnixListener::bind(path).map_err(|error| refused(&error))?;
                // Its user and group, whatever the umask.
                fs::set_permissions(path, fs::Permissions::from_mode(0o660))
                    .map_err(|error| refused(&error))?;
                listener.set_nonblocking(true).map_err(|error| refused(&error))?;
                Ok(Opened { name: place.clone(), socket: Socket::Unix(listener) })
            }
        }
    }
}

/// Removes the socket of a server that is gone; what is no socket, or is answered at, stays.
fn forget_former(path: &PathBuf) -> io::Result<()> {
    let Ok(found) = fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() || UnixStream::connect(path).is_ok() {
        return Err(io::ErrorKind::AddrInUse.into());
    }
    fs::remove_file(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_an_address_with_a_port_or_a_path() {
        let place = |text: &str| text.parse::<Place>();
        assert!(place("127.0.0.1:8648").is_ok_and(|place| place.is_local()));
        assert!(place("[::1]:8648").is_ok_and(|place| place.is_local()));
        assert!(place("0.0.0.0:8648").is_ok_and(|place| !place.is_local()));
        assert!(
            place("unix:/run/x").is_ok_and(|place| place.is_local() && place.to_string() == "unix:/run/x")
        );
        for wrong in ["", "8648", "127.0.0.1", "localhost:8648", "unix:", "http://127.0.0.1:8648"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
