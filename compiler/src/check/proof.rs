//! What class tests can and cannot do together, proved: no guesses, and a packet for whatever is possible.
//!
//! Exact for equality and parts cut with constant bounds against constants, presence, `member` and `known`, through
//! `and`, `or` and `not`; a class holds by its test or because a reservation names it. Everything else is
//! [`Verdict::Unknown`] and says why.
//!
//! Invariant: the server's evaluator never contradicts a verdict: no packet makes what is `Never` hold, and the
//! packet of what is `Possible` makes it hold. It knows nothing of places, findings or severities.

mod canonical;
mod formula;
mod octets;
mod packet;
mod phrase;
mod place;
mod search;
mod senders;

pub use canonical::{canonical, families, is_free_of, looks_at};
pub use formula::{Claim, ClassNumber, ClassTests, Defined, Doubt, Formula};
pub use octets::{Cut, Demand};
pub use packet::{Kind, Packet};
pub use phrase::Phrase;
pub use search::{Contents, Sender, Verdict, ask};
pub use senders::{Senders, listed};
