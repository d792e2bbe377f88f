//! A capture file (pcap of either byte order and resolution, or pcapng), read frame by frame.
//!
//! Invariant: memory is bounded whatever the file's size, and reading ends at the frame that is asked for.

use std::fmt;
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use leasehold_compiler::why::{Captured, FrameError, LinkType, Question, captured};
use leasehold_schemas::vocab::MacAddr;
use leasehold_server::wire::{Message, OptionIndex};
use pcap_parser::pcapng::Block;
use pcap_parser::traits::{PcapNGPacketBlock as _, PcapReaderIterator};
use pcap_parser::{PcapBlockOwned, PcapError, create_reader};

use super::output::reason;

/// Room for one block of a file: capture programs keep at most 256 KiB of a frame.
const BLOCK_BYTES_MAX: usize = 1 << 20;
/// Frames that are listed when none is named.
const LISTED_MAX: usize = 50;
/// Interfaces of one section that are remembered.
const INTERFACES_MAX: usize = 4096;

/// Why a file gives no packet.
#[derive(Debug)]
pub(super) enum CaptureError {
    /// The operating system refused.
    Unreadable { path: PathBuf, error: io::Error },
    /// A folder, socket, pipe or device.
    NotAFile(PathBuf),
    /// Neither pcap nor pcapng.
    NotACapture(PathBuf),
    /// The file ends inside the frame after so many.
    CutShort { path: PathBuf, frames: u64 },
    /// What follows so many frames is none.
    Damaged { path: PathBuf, frames: u64 },
    /// There are only so many frames.
    Beyond { path: PathBuf, frames: u64 },
    /// None of so many frames is a client's DHCP message.
    NoMessage { path: PathBuf, frames: u64 },
    /// The frame's link layer is one that is not read.
    Link { path: PathBuf, frame: u64, link: i32 },
    /// The frame holds no DHCP message.
    Frame { path: PathBuf, frame: u64, error: FrameError },
}

/// What a file gives.
pub(super) enum Choice {
    /// One packet.
    Frame(Question),
    /// Several, of which one must be named.
    List {
        /// A line for each.
        text: String,
        /// What to do.
        message: String,
    },
}

/// The frame with this number, from 1; without one, the only DHCP message of a client.
pub(super) fn choose(
    path: &Path,
    wanted: Option<u64>,
    server_id: Option<Ipv4Addr>,
) -> Result<Choice, CaptureError> {
    let mut found: Option<Question> = None;
    let (mut clients, mut messages, mut text) = (0_u64, 0_usize, String::new());
    let mut failure = None;
    let frames = each_frame(path, |number, frame| match wanted {
        Some(wanted) if number < wanted => true,
        Some(_) => {
            match frame.message() {
                Ok(captured) => found = Some(captured.question(server_id)),
                Err(why) => failure = Some(why.of(path, number)),
            }
            false
        }
        None => {
            if let Ok(captured) = frame.message() {
                clients += u64::from(captured.is_clients());
                messages += 1;
                if captured.is_clients() {
                    found = Some(captured.question(server_id));
                }
                if messages <= LISTED_MAX {
                    text.push_str(&listed(number, &captured));
                }
            }
            true
        }
    })?;
    let path = path.to_owned();
    match (found, failure) {
        (_, Some(failure)) => Err(failure),
        (Some(question), None) if wanted.is_some() || clients == 1 => Ok(Choice::Frame(question)),
        (Some(_), None) => {
            if messages > LISTED_MAX {
                text.push_str(&format!("and {} more\n", messages - LISTED_MAX));
            }
            let message = format!(
                "{} holds {clients} DHCP messages of clients; name one with `--frame N`",
                path.display()
            );
            Ok(Choice::List { text, message })
        }
        (None, None) if wanted.is_some() => Err(CaptureError::Beyond { path, frames }),
        (None, None) => Err(CaptureError::NoMessage { path, frames }),
    }
}

/// `    12  DISCOVER from 52:54:00:12:34:56 by relay 10.42.8.1`
fn listed(number: u64, captured: &Captured<'_>) -> String {
    let mut index = OptionIndex::new();
    let Ok(message) = Message::read(captured.octets, &mut index) else {
        return format!("{number:>6}  no DHCP message\n");
    };
    let kind = message.message_type().ok().flatten();
    let kind = kind.map_or_else(|| "BOOTP".to_owned(), |kind| format!("{kind:?}").to_uppercase());
    let mac = MacAddr::new(message.chaddr()).map_or_else(String::new, |mac| format!(" from {mac}"));
    let relay = message.giaddr().map_or_else(String::new, |relay| format!(" by relay {relay}"));
    let (mac, relay) = if captured.is_clients() { (mac, relay) } else { (mac.replace("from", "to"), relay) };
    format!("{number:>6}  {kind}{mac}{relay}\n")
}

/// One frame as the file has it.
struct Frame<'a> {
    link: i32,
    octets: &'a [u8],
}

enum Unusable {
    Link(i32),
    Frame(FrameError),
}

impl Unusable {
    fn of(self, path: &Path, frame: u64) -> CaptureError {
        let path = path.to_owned();
        match self {
            Unusable::Link(link) => CaptureError::Link { path, frame, link },
            Unusable::Frame(error) => CaptureError::Frame { path, frame, error },
        }
    }
}

impl<'a> Frame<'a> {
    fn message(&self) -> Result<Captured<'a>, Unusable> {
        let link = LinkType::from_number(self.link).ok_or(Unusable::Link(self.link))?;
        captured(link, self.octets).map_err(Unusable::Frame)
    }
}

/// Shows every frame with its number until `visit` has seen enough; the count of those shown.
fn each_frame(path: &Path, mut visit: impl FnMut(u64, &Frame<'_>) -> bool) -> Result<u64, CaptureError> {
    let owned = || path.to_owned();
    let mut reader = open(path)?;
    let mut links: Vec<i32> = Vec::new();
    let mut frames = 0;
    loop {
        let (length, go_on) = match reader.next() {
            Ok((length, block)) => {
                let frame = frame_of(&block, &mut links);
                frames += u64::from(frame.is_some());
                (length, frame.is_none_or(|frame| visit(frames, &frame)))
            }
            Err(PcapError::Eof) => return Ok(frames),
            Err(PcapError::Incomplete(_)) => {
                reader.refill().map_err(|_| unreadable(path, io::ErrorKind::Other.into()))?;
                continue;
            }
            Err(PcapError::UnexpectedEof) => return Err(CaptureError::CutShort { path: owned(), frames }),
            Err(PcapError::ReadError) => return Err(unreadable(path, io::ErrorKind::Other.into())),
            Err(
                PcapError::BufferTooSmall
                | PcapError::HeaderNotRecognized
                | PcapError::NomError(..)
                | PcapError::OwnedNomError(..),
            ) => return Err(CaptureError::Damaged { path: owned(), frames }),
        };
        if !go_on {
            return Ok(frames);
        }
        reader.consume(length);
    }
}

fn open(path: &Path) -> Result<Box<dyn PcapReaderIterator + Send>, CaptureError> {
    // Opening a pipe that nobody writes to would wait for ever.
    if !std::fs::metadata(path).map_err(|error| unreadable(path, error))?.is_file() {
        return Err(CaptureError::NotAFile(path.to_owned()));
    }
    let file = File::open(path).map_err(|error| unreadable(path, error))?;
    create_reader(BLOCK_BYTES_MAX, file).map_err(|_| CaptureError::NotACapture(path.to_owned()))
}

/// The frame in a block, if it is one; `links` are the interfaces of the section so far.
fn frame_of<'a>(block: &'a PcapBlockOwned<'_>, links: &mut Vec<i32>) -> Option<Frame<'a>> {
    match block {
        PcapBlockOwned::LegacyHeader(header) => *links = vec![header.network.0],
        PcapBlockOwned::Legacy(frame) => {
            return Some(Frame { link: *links.first()?, octets: frame.data });
        }
        PcapBlockOwned::NG(Block::SectionHeader(_)) => links.clear(),
        PcapBlockOwned::NG(Block::InterfaceDescription(interface)) if links.len() < INTERFACES_MAX => {
            links.push(interface.linktype.0);
        }
        PcapBlockOwned::NG(Block::EnhancedPacket(frame)) => {
            // A frame of no interface is of no link layer.
            let link = links.get(frame.if_id as usize).copied().unwrap_or(-1);
            return Some(Frame { link, octets: frame.packet_data() });
        }
        PcapBlockOwned::NG(Block::SimplePacket(frame)) => {
            return Some(Frame { link: links.first().copied().unwrap_or(-1), octets: frame.packet_data() });
        }
        PcapBlockOwned::NG(_) => {}
    }
    None
}

fn unreadable(path: &Path, error: io::Error) -> CaptureError {
    CaptureError::Unreadable { path: path.to_owned(), error }
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaptureError::Unreadable { path, error } => {
                write!(f, "cannot read {}: {}; check the name and its rights", path.display(), reason(error))
            }
            CaptureError::NotAFile(path) => {
                write!(f, "{} is no regular file; save the capture to a file first", path.display())
            }
            CaptureError::NotACapture(path) => write!(
                f,
                "{} is no capture; `tcpdump -w FILE` and Wireshark write pcap and pcapng",
                path.display()
            ),
            CaptureError::CutShort { path, frames: 0 } => {
                write!(f, "{} is cut short in its first frame; copy it again", path.display())
            }
            CaptureError::CutShort { path, frames } => write!(
                f,
                "{} is cut short behind frame {frames}; name a frame before with `--frame N`, or copy it again",
                path.display()
            ),
            CaptureError::Damaged { path, frames: 0 } => {
                write!(f, "{} is damaged in its first frame; copy it again", path.display())
            }
            CaptureError::Damaged { path, frames } => write!(
                f,
                "{} is damaged behind frame {frames}; name a frame before with `--frame N`, or copy it again",
                path.display()
            ),
            CaptureError::Beyond { path, frames } => {
                let plural = if *frames == 1 { "" } else { "s" };
                write!(f, "{} has {frames} frame{plural}; name one of them, from 1", path.display())
            }
            CaptureError::NoMessage { path, frames } => write!(
                f,
                "none of the {frames} frames of {} is a DHCP message of a client; capture UDP ports 67 and 68",
                path.display()
            ),
            CaptureError::Link { path, frame, link } => write!(
                f,
                "frame {frame} of {} is of link type {link}, which is not read; capture on an Ethernet interface",
                path.display()
            ),
            CaptureError::Frame { path, frame, error } => {
                write!(f, "frame {frame} of {} {error}", path.display())
            }
        }
    }
}
