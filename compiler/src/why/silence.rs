//! No answer: its reason in words, and what stands in the way.

use leasehold_schemas::vocab::ClassName;
use leasehold_schemas::why::{Note, Silence};
use leasehold_server::estate::ClassId;
use leasehold_server::serve::{Explanation, Silence as Reason};
use leasehold_server::wire::{Malformed, Message, OptionIndex, code};

use super::{Ground, Question, guarded, nearest, pool_place};

/// Refusing guards that are told; a network may have many pools.
const GUARDS_MAX: usize = 8;

/// Bytes that are no message.
pub(super) fn malformed(reason: Reason) -> Silence {
    Silence { reason: reason.name().to_owned(), words: words(reason).to_owned(), nearest: Vec::new() }
}

/// The reason why nothing is answered, and the nearest thing that would have matched.
pub(super) fn silence(
    ground: &Ground<'_>,
    explanation: &Explanation,
    reason: Reason,
    question: &Question,
) -> Silence {
    let mut index = OptionIndex::new();
    let message = Message::read(&question.octets, &mut index).expect("what was explained is a message");
    let nearest = match reason {
        Reason::NoSegment => nearest::network(ground, explanation.selection),
        Reason::Guarded => guards(ground, explanation, &message),
        Reason::NoAddress => pools(ground, explanation),
        Reason::DropClass => drop_class(ground, explanation),
        Reason::OtherServer => other_server(question, &message),
        Reason::UnknownLease => vec![note(
            "a running server answers if it has a lease of this client for the address; \
             `--server-id` asks for an address that was offered",
        )],
        Reason::Malformed(_)
        | Reason::NotARequest
        | Reason::UnknownType
        | Reason::ServerMessage
        | Reason::Bootp
        | Reason::Unidentified
        | Reason::NoRequestedAddress
        | Reason::NotAuthoritative
        | Reason::NotTheHolder
        | Reason::Duplicate
        | Reason::NoRight
        | Reason::PartnersTurn
        | Reason::ParkingFull
        | Reason::StoreOverloaded
        | Reason::StoreFailed
        | Reason::CandidatesExhausted
        | Reason::Recorded => Vec::new(),
    };
    Silence { reason: reason.name().to_owned(), words: words(reason).to_owned(), nearest }
}

fn note(text: impl Into<String>) -> Note {
    Note { text: text.into(), line: None }
}

/// Each guard that refuses the client, and each of its classes with the test that fails.
fn guards(ground: &Ground<'_>, explanation: &Explanation, message: &Message<'_>) -> Vec<Note> {
    let refusing: Vec<_> = explanation.guards.iter().filter(|guard| guard.admits.is_none()).collect();
    let mut notes = Vec::new();
    let mut told: Vec<ClassId> = Vec::new();
    for guard in refusing.iter().take(GUARDS_MAX) {
        let (layer, only, place) = guarded(ground, guard.at);
        let names: Vec<String> =
            only.iter().map(|class| format!("`{}`", ground.class_name(*class))).collect();
        notes.push(Note {
            text: format!("{layer} {} is only for {}", place.name, names.join(", ")),
            line: place.line,
        });
        for class in only {
            if !told.contains(class) {
                told.push(*class);
                notes.push(missing(ground, *class));
            }
        }
    }
    if refusing.len() > GUARDS_MAX {
        notes.push(note(format!("{} more guards refuse the client", refusing.len() - GUARDS_MAX)));
    }
    if refusing.is_empty() {
        notes.push(note("the network has no pool: only clients with a reserved address are answered"));
    }
    notes.extend(nearest::reservation(ground, explanation, message));
    notes
}

/// A class that the client is not in, and what its test asks.
fn missing(ground: &Ground<'_>, class: ClassId) -> Note {
    let name = ground.class_name(class);
    let spans = ground.lines().and_then(|lines| lines.origins.class(&name.parse::<ClassName>().ok()?));
    let (span, test) = spans.unzip();
    let test = test.flatten();
    let text = match (name, ground.lines().and_then(|lines| lines.text(test))) {
        ("KNOWN", _) => "the client is not in `KNOWN`: no reservation names it".to_owned(),
        ("UNKNOWN", _) => "the client is not in `UNKNOWN`: a reservation names it".to_owned(),
        (_, Some(test)) => format!("the client is not in `{name}`: {test} does not hold"),
        (_, None) => match name.strip_prefix("VENDOR_CLASS_") {
            Some(vendor) => format!("the client is not in `{name}`: its option 60 is not '{vendor}'"),
            None => format!("the client is not in `{name}`"),
        },
    };
    Note { text, line: ground.lines().and_then(|lines| lines.at(test.or(span))) }
}

/// The pools that are open to the client and have no address for it.
fn pools(ground: &Ground<'_>, explanation: &Explanation) -> Vec<Note> {
    let Some(segment) = explanation.segment else { return Vec::new() };
    let subnets = ground.tables.segment(segment).subnets.iter();
    let pools = subnets.flat_map(|subnet| ground.tables.subnet(*subnet).pools.iter());
    let refused = |pool| {
        let mut guards = explanation.guards.iter();
        guards.any(|guard| guard.admits.is_none() && guard.at == leasehold_server::serve::Guarded::Pool(pool))
    };
    let open = pools.filter(|pool| !refused(**pool)).take(GUARDS_MAX).map(|pool| {
        let place = pool_place(ground, *pool);
        let text = format!("every address of pool {} is reserved for somebody else", place.name);
        Note { text, line: place.line }
    });
    open.collect()
}

fn drop_class(ground: &Ground<'_>, explanation: &Explanation) -> Vec<Note> {
    let Some(class) = ground.tables.drop_class() else { return Vec::new() };
    let entries = explanation.known.scopes.iter().flatten();
    let entries = entries.filter(|id| ground.tables.registry().get(**id).classes.contains(&class));
    let mut notes: Vec<Note> = entries
        .map(|id| Note {
            text: "a reservation or device entry puts the client in class `DROP`".to_owned(),
            line: ground.origin_of(explanation, *id).and_then(|origin| ground.lines()?.entry(&origin)),
        })
        .collect();
    let spans = ground.lines().and_then(|lines| lines.origins.class(&"DROP".parse::<ClassName>().ok()?));
    if let Some((lines, (span, test))) = ground.lines().zip(spans).filter(|_| notes.is_empty()) {
        notes.push(Note {
            text: format!("class `DROP`: {} holds", lines.text(test).unwrap_or_default()),
            line: lines.at(test.or(Some(span))),
        });
    }
    notes
}

fn other_server(question: &Question, message: &Message<'_>) -> Vec<Note> {
    let named = message.address_option(code::SERVER_IDENTIFIER);
    let own = question.config.identifier(question.meta.local);
    named
        .map(|named| note(format!("the client names server {named}; this one is {own}")))
        .into_iter()
        .collect()
}

/// The reason as a sentence.
fn words(reason: Reason) -> &'static str {
    match reason {
        Reason::Malformed(Malformed::Length) => "the bytes are no DHCP message: they are too few or too many",
        Reason::Malformed(Malformed::Cookie) => "the bytes are no DHCP message: the magic cookie is missing",
        Reason::Malformed(Malformed::HardwareLength) => {
            "the bytes are no DHCP message: the hardware address is longer than its field"
        }
        Reason::NotARequest => "the message is a server's, not a client's",
        Reason::UnknownType => "the message type is none that a client may send",
        Reason::ServerMessage => "OFFER, ACK and NAK are what servers say",
        Reason::Bootp => "the message has no type: BOOTP is not answered",
        Reason::Unidentified => "the client says neither a client identifier nor a hardware address",
        Reason::NoSegment => "no network of the estate is meant by the packet's addresses",
        Reason::DropClass => "the client is in class DROP, whose members get no answer",
        Reason::Guarded => "no subnet or pool of the network is open to the client",
        Reason::NoAddress => "no address is left for the client",
        Reason::OtherServer => "the client chose another server",
        Reason::NoRequestedAddress => "the message names no address",
        Reason::UnknownLease => {
            "the client restarted with an address of which an empty lease table knows nothing (RFC 2131 section 4.3.2)"
        }
        Reason::NotAuthoritative => {
            "the address is wrong, but the network is not authoritative, and another server may know better"
        }
        Reason::NotTheHolder => "the client gives back an address that it does not hold",
        Reason::Duplicate => "the same message is being answered at this moment",
        Reason::NoRight => "this server of a pair has no right to grant or deny it at this moment",
        Reason::PartnersTurn => "the partner is to answer",
        Reason::ParkingFull => "too many exchanges wait for the store",
        Reason::StoreOverloaded => "the store has too many changes waiting",
        Reason::StoreFailed => "the store failed",
        Reason::CandidatesExhausted => "every address tried was taken by others",
        Reason::Recorded => "the message was recorded; nothing is to be answered",
    }
}
