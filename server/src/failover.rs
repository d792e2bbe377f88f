//! A pair of servers: what each may grant, and how they keep each other's word.
//!
//! Safety is apart from failure detection. What a server may *grant* depends only on durable rights, address by
//! address ([`grant`]); so both may answer any packet at any time, and a wrong guess about the partner costs a
//! duplicate reply, never a duplicate address. An address has one home ([`Ownership`]), which alone may begin a
//! binding; whatever a server told a client is in its own durable record; what it told beyond its partner's promise
//! ends with the maximum client lead time; using the address again needs both servers' word ([`accept_end`]) or the
//! passing of everything the other could have promised alone ([`may_free_alone`]).
//!
//! Rules are named R1 to R13 where they are kept. Who answers is manners, and apart from them ([`turn`]). Nothing here
//! knows packets, subnets or sockets.

mod clock;
mod home;

pub mod arbiter;
mod merge;
pub mod mutant;
mod rights;
mod terms;

mod duty;
mod hash;
mod watch;

mod message;

mod codec;
pub mod preface;

pub mod pair;

pub use duty::{Asked, Manners, Partner, Turn, turn};
pub use hash::bucket;
pub use watch::{PacketKey, Sign, WATCHED_MAX, Watch};

pub use clock::{Clock, Moment, Padding};
pub use codec::{MESSAGE_MAX, Unreadable, decode, encode};
pub use home::{Ownership, Side};
pub use merge::{Forgotten, Merged, Verdict, merge};
pub use message::{Ack, Body, Header, Message, Update, received, sent};
pub use rights::{
    EndRefusal, Granted, Paired, Refusal, Right, Standing, accept_end, grant, may_begin_end, may_free_alone,
};
pub use terms::{Agreed, Errand, Frozen, PIECE_MAX, Terms, WHY_MAX, Word};
