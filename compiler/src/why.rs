//! Why a client is told what it is told: the answer to one packet, each value with the line that says it and the
//! lines it overrides.
//!
//! Invariant: the answer comes from the server's own code ([`leasehold_server::serve::explain`]); this module joins
//! it with the estate's lines and decides nothing. It is for an empty lease table, and knows no server that runs.

mod capture;
mod description;
mod human;
mod lines;
mod nearest;
mod reply;
mod silence;

use leasehold_schemas::artefact::{self, Identifier};
use leasehold_schemas::vocab::{ClassName, HexBytes, Layer, MacAddr, OptionCode, Space};
use leasehold_schemas::why::{
    Class, Guard, Network, Packet, Place, Reservation, SelectedBy, WHY_VERSION, Why,
};
use leasehold_server::estate::{ClassId, PoolId, ReservationId, SubnetId, TableError, Tables};
use leasehold_server::serve::{Config, Explanation, Guarded, Meta, Selection, explain};
use leasehold_server::wire::{Message, MessageType, OptionIndex, code};

use crate::Compilation;
use crate::lower::Place as Origin;
use crate::model::Definition;
use crate::resolve::{definitions, option_text};
use crate::source::Sources;
use lines::Lines;

pub use capture::{Captured, FrameError, LinkType, captured};
pub use description::{Described, DescriptionError, Kind};
pub use human::{WhyLook, human};

/// One packet and the server that hears it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Question {
    /// How the packet comes.
    pub meta: Meta,
    /// Who the server is to clients.
    pub config: Config,
    /// The message.
    pub octets: Vec<u8>,
}

/// An estate of which packets can be asked, with its lines or, from an artefact alone, without.
#[derive(Debug)]
pub struct Ground<'a> {
    estate: &'a artefact::Estate,
    tables: Tables,
    /// The estate's own options, then the standard ones.
    definitions: Vec<Definition>,
    lines: Option<Lines<'a>>,
}

impl<'a> Ground<'a> {
    /// Of an estate with its lines; nothing, if it was not compiled or has an error.
    ///
    /// # Panics
    /// If the compiler wrote an artefact that no server loads.
    pub fn of_compilation(compilation: &'a Compilation, sources: &'a Sources) -> Option<Ground<'a>> {
        let artefact = compilation.artefact.as_ref()?;
        let tables = Tables::build(&artefact.estate).expect("servers load what the compiler wrote");
        // In the model the estate's own stand last.
        let mut definitions: Vec<Definition> = compilation.estate.definitions.values().cloned().collect();
        definitions.sort_by_key(|definition| definition.span.is_none());
        let lines = Some(Lines::new(compilation, sources));
        Some(Ground { estate: &artefact.estate, tables, definitions, lines })
    }

    /// Of an artefact alone: layers and owners instead of lines.
    ///
    /// # Errors
    /// If it is one that no compiler wrote.
    pub fn of_artefact(estate: &'a artefact::Estate) -> Result<Ground<'a>, TableError> {
        let tables = Tables::build(estate)?;
        Ok(Ground { estate, tables, definitions: definitions::standard(), lines: None })
    }

    /// Options by name, the estate's own first.
    pub fn definitions(&self) -> &[Definition] {
        &self.definitions
    }

    fn definition(&self, space: Space, code: u8) -> Option<&Definition> {
        self.definitions.iter().find(|known| (known.space, known.code) == (space, OptionCode(code)))
    }

    fn lines(&self) -> Option<&Lines<'a>> {
        self.lines.as_ref()
    }

    fn class_name(&self, id: ClassId) -> &str {
        self.tables.classes().name(id)
    }

    /// The reservation's or device entry's place in the estate.
    fn origin_of(&self, explanation: &Explanation, id: ReservationId) -> Option<Origin> {
        let entry = self.tables.registry().get(id);
        let identifier = entry.identifier.clone();
        if let Some(subnet) = entry.subnet {
            return Some(Origin::Reservation(self.tables.subnet(subnet).prefix, identifier));
        }
        if explanation.known.scopes[1] == Some(id) {
            let site = self.site_of(explanation)?;
            return Some(Origin::SiteDevice(site.code.clone(), identifier));
        }
        Some(Origin::Device(identifier))
    }

    fn site_of(&self, explanation: &Explanation) -> Option<&'a artefact::Site> {
        let code = &self.tables.segment(explanation.segment?).site;
        self.estate.sites.iter().find(|site| site.code.as_str() == &**code)
    }
}

/// Answers a question.
pub fn answer(ground: &Ground<'_>, question: &Question) -> Why {
    let Question { meta, config, octets } = question;
    let mut why = Why {
        version: WHY_VERSION,
        estate: ground.estate.name.clone(),
        packet: packet(octets),
        network: None,
        reservations: Vec::new(),
        classes: Vec::new(),
        guards: Vec::new(),
        reply: None,
        silence: None,
        notes: Vec::new(),
    };
    let explanation = match explain(&ground.tables, config, *meta, octets) {
        Ok(explanation) => explanation,
        Err(malformed) => {
            why.silence = Some(silence::malformed(malformed));
            return why;
        }
    };
    why.network = network(ground, &explanation);
    why.reservations = reservations(ground, &explanation);
    why.classes = classes(ground, &explanation);
    why.guards = guards(ground, &explanation);
    match &explanation.answer {
        Ok(answer) => why.reply = Some(reply::reply(ground, &explanation, answer, octets)),
        Err(reason) => why.silence = Some(silence::silence(ground, &explanation, *reason, question)),
    }
    why.notes = nearest::reserved_elsewhere(ground, &explanation, octets);
    why
}

/// For tests and other programs: what a witness packet leads to, described by the words that stand behind
/// `leasehold why [TARGET]` on the command line.
///
/// The classes that hold are in [`Why::classes`], the verdicts of all guards of its network in [`Why::guards`], the
/// answer in [`Why::reply`] or its absence in [`Why::silence`]. Pure: nothing is read and no clock is asked.
///
/// # Errors
/// The first word that describes nothing.
pub fn witness(ground: &Ground<'_>, words: &[&str]) -> Result<Why, DescriptionError> {
    let question = Described::parse(words)?.question(ground.definitions())?;
    Ok(answer(ground, &question))
}

fn packet(octets: &[u8]) -> Packet {
    let whole = HexBytes(octets.to_vec());
    let mut index = OptionIndex::new();
    let Ok(message) = Message::read(octets, &mut index) else {
        return Packet { kind: None, mac: None, client_id: None, relay: None, octets: whole };
    };
    Packet {
        kind: message.message_type().ok().flatten().map(kind_name),
        mac: MacAddr::new(message.chaddr()).map(|mac| mac.to_string()),
        client_id: message.option(code::CLIENT_IDENTIFIER).map(|octets| HexBytes(octets.to_vec())),
        relay: message.giaddr(),
        octets: whole,
    }
}

/// `DISCOVER`, `OFFER` and so on.
fn kind_name(kind: MessageType) -> String {
    format!("{kind:?}").to_uppercase()
}

fn network(ground: &Ground<'_>, explanation: &Explanation) -> Option<Network> {
    let segment = ground.tables.segment(explanation.segment?);
    let address = explanation.selection.address()?;
    let subnet = ground.tables.subnet_of(address).map(|id| ground.tables.subnet(id));
    let subnet = subnet.filter(|subnet| Some(subnet.segment) == explanation.segment);
    let prefix = segment.subnets.first().map(|id| ground.tables.subnet(*id).prefix);
    let line = ground.lines().zip(prefix).and_then(|(lines, prefix)| {
        lines.at(lines.origins.relay(prefix, address).or_else(|| lines.origins.network(prefix)))
    });
    Some(Network {
        site: segment.site.to_string(),
        site_name: ground.site_of(explanation).and_then(|site| site.name.clone()),
        name: segment.name.to_string(),
        selected_by: match explanation.selection {
            Selection::Link(_) => SelectedBy::LinkSelection,
            Selection::Subnet(_) => SelectedBy::SubnetSelection,
            Selection::Relay(_) => SelectedBy::Relay,
            Selection::Client(_) => SelectedBy::ClientAddress,
            Selection::Source(_) => SelectedBy::Source,
            Selection::Interface(_) | Selection::Nothing => SelectedBy::Interface,
        },
        address,
        subnet: subnet.map(|subnet| subnet.prefix),
        line,
    })
}

fn reservations(ground: &Ground<'_>, explanation: &Explanation) -> Vec<Reservation> {
    let scopes = explanation.known.scopes.into_iter().zip(["network", "site", "estate"]);
    let named = scopes.filter_map(|(id, scope)| Some((id?, scope))).map(|(id, scope)| {
        let entry = ground.tables.registry().get(id);
        let line = ground.lines().and_then(|lines| lines.entry(&ground.origin_of(explanation, id)?));
        Reservation {
            scope: scope.to_owned(),
            identifier: identifier_text(&entry.identifier),
            subnet: entry.subnet.map(|subnet| ground.tables.subnet(subnet).prefix),
            address: entry.address,
            hostname: entry.hostname.as_deref().map(str::to_owned),
            line,
        }
    });
    named.collect()
}

/// As text, if it is text that is no hexadecimal, else in hexadecimal.
fn octets_text(octets: &[u8]) -> String {
    let plain = option_text::text(octets).filter(|text| !text.starts_with("0x") && !text.contains(' '));
    plain.unwrap_or_else(|| option_text::hex(octets))
}

/// `mac 52:54:00:12:34:56`, `client-id 0x0102`.
fn identifier_text(identifier: &Identifier) -> String {
    match identifier {
        Identifier::Mac(mac) => format!("mac {mac}"),
        Identifier::ClientId(octets) => format!("client-id {}", octets_text(&octets.0)),
        Identifier::CircuitId(octets) => format!("circuit-id {}", octets_text(&octets.0)),
        Identifier::RemoteId(octets) => format!("remote-id {}", octets_text(&octets.0)),
        Identifier::Duid(octets) => format!("duid {}", octets_text(&octets.0)),
    }
}

fn classes(ground: &Ground<'_>, explanation: &Explanation) -> Vec<Class> {
    let reserved = |class: ClassId| {
        let mut entries = explanation.known.scopes.iter().flatten();
        entries.any(|id| ground.tables.registry().get(*id).classes.contains(&class))
    };
    let class = |id: &ClassId| {
        let name = ground.class_name(*id).to_owned();
        let spans = ground.lines().and_then(|lines| lines.origins.class(&name.parse::<ClassName>().ok()?));
        let (span, test) = spans.unzip();
        let test = test.flatten();
        Class {
            built_in: ground.tables.classes().is_built_in(*id),
            reserved: reserved(*id),
            test: ground.lines().and_then(|lines| lines.text(test)),
            line: ground.lines().and_then(|lines| lines.at(test.or(span))),
            name,
        }
    };
    explanation.classes.iter().map(class).collect()
}

fn guards(ground: &Ground<'_>, explanation: &Explanation) -> Vec<Guard> {
    let guard = |guard: &leasehold_server::serve::Guard| {
        let (layer, only, place) = guarded(ground, guard.at);
        Guard {
            layer,
            place: place.name,
            only: only.iter().map(|class| ground.class_name(*class).to_owned()).collect(),
            admits: guard.admits.map(|class| ground.class_name(class).to_owned()),
            line: place.line,
        }
    };
    explanation.guards.iter().map(guard).collect()
}

/// A guarded place: its level, its guard's classes, its name and where the guard stands.
fn guarded<'g>(ground: &'g Ground<'_>, at: Guarded) -> (Layer, &'g [ClassId], Place) {
    let tables = &ground.tables;
    match at {
        Guarded::Segment(id) => {
            let segment = tables.segment(id);
            let prefix = segment.subnets.first().map(|id| tables.subnet(*id).prefix);
            let line = ground
                .lines()
                .zip(prefix)
                .and_then(|(lines, prefix)| lines.at(lines.origins.network_guard(prefix)));
            (Layer::Network, &segment.only, Place { name: segment.name.to_string(), line })
        }
        Guarded::Subnet(id) => {
            let subnet = tables.subnet(id);
            let line = ground.lines().and_then(|lines| lines.guard(&Origin::Subnet(subnet.prefix)));
            (Layer::Subnet, &subnet.only, Place { name: subnet.prefix.to_string(), line })
        }
        Guarded::Pool(id) => {
            let pool = tables.pool(id);
            let line = pool_origin(ground, id).and_then(|origin| ground.lines()?.guard(&origin));
            (Layer::Pool, &pool.only, Place { name: pool_name(ground, id), line })
        }
    }
}

fn pool_origin(ground: &Ground<'_>, id: PoolId) -> Option<Origin> {
    let pool = ground.tables.pool(id);
    let first = pool.ranges.first()?.first();
    Some(Origin::Pool(ground.tables.subnet(pool.subnet).prefix, first))
}

/// From its first address to its last, exclusions left out of sight.
fn pool_name(ground: &Ground<'_>, id: PoolId) -> String {
    let ranges = &ground.tables.pool(id).ranges;
    match (ranges.first(), ranges.last()) {
        (Some(first), Some(last)) => format!("{} - {}", first.first(), last.last()),
        (None, _) | (_, None) => "of no address".to_owned(),
    }
}

fn subnet_place(ground: &Ground<'_>, id: SubnetId) -> Place {
    let prefix = ground.tables.subnet(id).prefix;
    let line = ground.lines().and_then(|lines| lines.at(lines.origins.subnet(prefix)));
    Place { name: prefix.to_string(), line }
}

fn pool_place(ground: &Ground<'_>, id: PoolId) -> Place {
    let line = pool_origin(ground, id).and_then(|origin| ground.lines()?.entry(&origin));
    Place { name: pool_name(ground, id), line }
}
