//! The answer, value by value: what was sent, who said it, and whose word was overridden.

use std::net::Ipv4Addr;

use leasehold_schemas::vocab::{ClassName, HexBytes, Layer, OptionCode, Seconds, Space};
use leasehold_schemas::why::{Reply, Sayer, Unsent, UnsentReason, Value};
use leasehold_server::serve::{
    Answer, Denial, Destination, Explanation, Owner, Sayer as Said, Slot, UnsentReason as ServerReason, Used,
};
use leasehold_server::wire::{Message, OptionIndex, code, sub_options};

use super::{Ground, guarded, identifier_text, kind_name, pool_place, subnet_place};
use crate::lower::{Parameter, Place as Origin, ValueName};
use crate::resolve::option_text::{hex, readable, text};

/// The document's part about an answer to `asked`.
pub(super) fn reply(ground: &Ground<'_>, explanation: &Explanation, answer: &Answer, asked: &[u8]) -> Reply {
    let octets = &answer.outgoing.bytes;
    let (mut index, mut asked_index) = (OptionIndex::new(), OptionIndex::new());
    let message = Message::read(octets, &mut index).expect("a server's answer is a message");
    let asked = Message::read(asked, &mut asked_index).expect("what was answered is a message");
    let teller = Teller { ground, explanation, answer, message, asked };
    let order = message.option_order();
    Reply {
        kind: message.message_type().ok().flatten().map(kind_name).unwrap_or_default(),
        to: destination(answer.outgoing.to),
        denial: answer.denial.map(|denial| denied(ground, denial)),
        subnet: answer.place.map(|place| subnet_place(ground, place.subnet)),
        pool: answer.place.and_then(|place| place.pool).map(|pool| pool_place(ground, pool)),
        fields: teller.fields(),
        options: order.into_iter().flat_map(|code| teller.option(code)).collect(),
        unsent: answer.unsent.iter().filter_map(|unsent| teller.unsent(unsent)).collect(),
        octets: HexBytes(octets.clone()),
    }
}

struct Teller<'a> {
    ground: &'a Ground<'a>,
    explanation: &'a Explanation,
    answer: &'a Answer,
    message: Message<'a>,
    asked: Message<'a>,
}

impl Teller<'_> {
    /// The header's fields that say something.
    fn fields(&self) -> Vec<Value> {
        let mut fields = Vec::new();
        let address = |name: &str, address: Ipv4Addr, by: Option<&Used>| {
            let by = by.map(|used| self.sayers(used));
            field(name, address.to_string(), &address.octets(), by)
        };
        let message = &self.message;
        let addresses = [
            ("ciaddr", message.ciaddr(), None),
            ("yiaddr", message.yiaddr(), self.used(Slot::Address)),
            ("siaddr", message.siaddr(), self.used(Slot::Parameter("next-server"))),
        ];
        let said = addresses.into_iter().filter(|(_, address, _)| !address.is_unspecified());
        fields.extend(said.map(|(name, value, by)| address(name, value, by)));
        let texts =
            [("sname", message.sname(), "server-hostname"), ("file", message.file(), "boot-file-name")];
        for (name, octets, key) in texts {
            let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
            // A field that nobody said holds options, if anything (RFC 2132 section 9.3).
            if let Some(used) = self.used(Slot::Parameter(key)).filter(|_| end > 0) {
                let value = text(&octets[..end]).unwrap_or_else(|| hex(&octets[..end]));
                fields.push(field(name, value, &octets[..end], Some(self.sayers(used))));
            }
        }
        fields
    }

    fn used(&self, slot: Slot) -> Option<&Used> {
        self.answer.used.iter().find(|used| used.slot == slot)
    }

    /// One option, and behind it the sub-options that it holds.
    fn option(&self, code: u8) -> Vec<Value> {
        let octets = self.message.option(code).unwrap_or_default();
        let used = match code {
            code::LEASE_TIME => self.lease(),
            code::RENEWAL_TIME => self.used(Slot::Parameter("renew-after")),
            code::REBINDING_TIME => self.used(Slot::Parameter("rebind-after")),
            other => self.used(Slot::Option(Space::Dhcp4, other)),
        };
        let inner = self.inner(code, octets);
        let sayers = match used {
            Some(used) => self.sayers(used),
            None => vec![protocol(self.protocol(code, !inner.is_empty()))],
        };
        let mut values = vec![self.value(Space::Dhcp4, code, octets, sayers)];
        values.extend(inner);
        values
    }

    fn value(&self, space: Space, code: u8, octets: &[u8], sayers: Vec<Sayer>) -> Value {
        let definition = self.ground.definition(space, code);
        let name = definition.map_or_else(|| unnamed(space, code), |known| known.name.clone());
        let value = match (space, code) {
            (Space::Dhcp4, code::MESSAGE_TYPE) => self.message.message_type().ok().flatten().map(kind_name),
            (Space::Dhcp4, code::LEASE_TIME | code::RENEWAL_TIME | code::REBINDING_TIME) => duration(octets),
            (Space::Dhcp4, code::AGENT_INFORMATION) => Some(agent(octets)),
            (Space::Dhcp4, code::SERVER_IDENTIFIER) if octets == [0; 4] => Some("its own address".to_owned()),
            _ => None,
        };
        let typed = || match definition {
            Some(definition) => readable(definition, octets),
            None => text(octets).map_or_else(|| hex(octets), |text| format!("'{text}'")),
        };
        let mut sayers = sayers.into_iter();
        Value {
            name,
            code: Some(OptionCode(code)),
            space: Some(space),
            value: value.unwrap_or_else(typed),
            octets: HexBytes(octets.to_vec()),
            by: sayers.next().unwrap_or_else(|| protocol("protocol")),
            overrides: sayers.collect(),
        }
    }

    /// The sub-options of a container that the server assembled.
    fn inner(&self, container: u8, octets: &[u8]) -> Vec<Value> {
        let held = |space: Space| match space {
            Space::Vendor43 => container == code::VENDOR_SPECIFIC,
            Space::Vendor125(_) => container == code::VENDOR_IDENTIFYING,
            Space::Dhcp4 => false,
        };
        let found = self.answer.used.iter().filter_map(|used| match used.slot {
            Slot::Option(space, code) if held(space) => Some((space, code, used)),
            Slot::Option(..) | Slot::Parameter(_) | Slot::Address => None,
        });
        let value = |(space, code, used): (Space, u8, &Used)| {
            let octets = inner_octets(space, code, octets);
            self.value(space, code, &octets, self.sayers(used))
        };
        found.map(value).collect()
    }

    /// Who decided the lease time: the default, or the bound that what the client asks for meets.
    fn lease(&self) -> Option<&Used> {
        let given = self.message.u32_option(code::LEASE_TIME);
        let key = match (self.asked.u32_option(code::LEASE_TIME), given) {
            (Some(asked), Some(given)) if asked == given => return None,
            (Some(asked), Some(given)) if asked < given => "lease.min",
            (Some(_), Some(_)) => "lease.max",
            (None, _) | (_, None) => "lease.default",
        };
        // A bound that nobody says is the default lease time.
        self.used(Slot::Parameter(key)).or_else(|| self.used(Slot::Parameter("lease.default")))
    }

    /// Who else than the estate gives an option.
    fn protocol(&self, code: u8, is_container: bool) -> &'static str {
        let asks_time = self.asked.u32_option(code::LEASE_TIME).is_some();
        match code {
            code::MESSAGE_TYPE | code::OVERLOAD | code::RAPID_COMMIT => "protocol",
            code::SERVER_IDENTIFIER => "server",
            code::LEASE_TIME if asks_time => "client",
            code::LEASE_TIME => "default: 8 hours",
            code::RENEWAL_TIME => "default: half of the lease time",
            code::REBINDING_TIME => "default: seven eighths of the lease time",
            code::CLIENT_IDENTIFIER | code::CLIENT_FQDN | code::SUBNET_SELECTION => "client",
            code::AGENT_INFORMATION => "relay",
            _ if is_container => "sub-options",
            _ => "protocol",
        }
    }

    fn unsent(&self, unsent: &leasehold_server::serve::Unsent) -> Option<Unsent> {
        let Slot::Option(space, code) = unsent.slot else { return None };
        let definition = self.ground.definition(space, code);
        Some(Unsent {
            name: definition.map_or_else(|| unnamed(space, code), |known| known.name.clone()),
            code: OptionCode(code),
            space,
            reason: match unsent.reason {
                ServerReason::Removed => UnsentReason::Removed,
                ServerReason::NeverSent => UnsentReason::NeverSent,
                ServerReason::NotAskedFor => UnsentReason::NotAskedFor,
                ServerReason::NoRoom => UnsentReason::NoRoom,
            },
            said: self.said(unsent.slot, &unsent.sayers),
        })
    }

    /// Everyone who says a value that was used, the one whose word holds first.
    fn sayers(&self, used: &Used) -> Vec<Sayer> {
        let said = self.said(used.slot, &used.sayers);
        if !said.is_empty() {
            return said;
        }
        vec![match (used.slot, used.owner) {
            (Slot::Address, Owner::Reservation(id)) => self.reserved(id),
            (Slot::Address, _) => match self.answer.place.and_then(|place| place.pool) {
                Some(pool) => Sayer {
                    who: if self.asks_for(self.message.yiaddr()) {
                        "pool, as the client asks".to_owned()
                    } else {
                        "pool, its first free address".to_owned()
                    },
                    line: pool_place(self.ground, pool).line,
                    ..protocol("")
                },
                None => protocol("protocol"),
            },
            (Slot::Option(Space::Dhcp4, code::SUBNET_MASK), _) => match self.answer.place {
                Some(place) => Sayer {
                    who: "the subnet's prefix".to_owned(),
                    line: subnet_place(self.ground, place.subnet).line,
                    ..protocol("")
                },
                None => protocol("protocol"),
            },
            (Slot::Option(..) | Slot::Parameter(_), _) => protocol("protocol"),
        }]
    }

    fn asks_for(&self, address: Ipv4Addr) -> bool {
        self.asked.ciaddr() == address || self.asked.address_option(code::REQUESTED_ADDRESS) == Some(address)
    }

    /// The reservation whose address is given.
    fn reserved(&self, id: leasehold_server::estate::ReservationId) -> Sayer {
        let ground = self.ground;
        let origin = ground.origin_of(self.explanation, id);
        Sayer {
            who: "reservation".to_owned(),
            layer: Some(Layer::Reservation),
            reservation: Some(identifier_text(&ground.tables.registry().get(id).identifier)),
            line: origin.and_then(|origin| ground.lines()?.entry(&origin)),
            ..protocol("")
        }
    }

    /// With lines, each place that says the value has its own; without, one owner stands for all its places.
    fn said(&self, slot: Slot, sayers: &[Said]) -> Vec<Sayer> {
        let mut named = Vec::new();
        let mut all = Vec::new();
        for said in sayers {
            let is_name = match said.owner {
                Owner::Reservation(id) if slot == Slot::Option(Space::Dhcp4, code::HOST_NAME) => {
                    let first = !named.contains(&id);
                    named.push(id);
                    first && self.ground.tables.registry().get(id).hostname.is_some()
                }
                Owner::Reservation(_) | Owner::Class(..) | Owner::Place(_) | Owner::Server => false,
            };
            let lines = self.with_lines(slot, said, is_name);
            if lines.is_empty() {
                all.push(self.sayer(said, said.layer, said.removes, None));
            } else {
                all.extend(lines);
            }
        }
        all
    }

    fn with_lines(&self, slot: Slot, said: &Said, is_name: bool) -> Vec<Sayer> {
        let Some(lines) = self.ground.lines() else { return Vec::new() };
        let (origin, class) = match said.owner {
            Owner::Reservation(id) => (self.ground.origin_of(self.explanation, id), None),
            Owner::Class(class, _) => (self.place(), self.ground.class_name(class).parse::<ClassName>().ok()),
            Owner::Place(_) => (self.place(), None),
            Owner::Server => (None, None),
        };
        let Some(origin) = origin else { return Vec::new() };
        if is_name {
            let line = lines.at(lines.origins.hostname(&origin));
            return vec![self.sayer(said, Layer::Reservation, false, line)];
        }
        let Some(value) = value_name(slot) else { return Vec::new() };
        let own = matches!(said.owner, Owner::Reservation(_));
        let said_here = lines.said(&origin, class.as_ref(), value).into_iter();
        // A reservation's place inherits from its subnet; that is the subnet's word, and is asked for by itself.
        let said_here: Vec<_> =
            said_here.filter(|(origin, _)| (origin.layer == Layer::Reservation) == own).collect();
        debug_assert!(
            said_here
                .first()
                .is_some_and(|(origin, _)| (origin.layer, origin.removes) == (said.layer, said.removes)),
            "estate and artefact agree who says {slot:?}: {said:?}, {said_here:?}"
        );
        let said_here = said_here.into_iter();
        said_here.map(|(origin, line)| self.sayer(said, origin.layer, origin.removes, line)).collect()
    }

    /// The place whose values hold: the pool of the address, else its subnet.
    fn place(&self) -> Option<Origin> {
        let place = self.answer.place?;
        match place.pool {
            Some(pool) => super::pool_origin(self.ground, pool),
            None => Some(Origin::Subnet(self.ground.tables.subnet(place.subnet).prefix)),
        }
    }

    fn sayer(
        &self,
        said: &Said,
        layer: Layer,
        removes: bool,
        line: Option<leasehold_schemas::why::Line>,
    ) -> Sayer {
        let (class, reservation) = match said.owner {
            Owner::Class(class, _) => (Some(self.ground.class_name(class).to_owned()), None),
            Owner::Reservation(id) => {
                (None, Some(identifier_text(&self.ground.tables.registry().get(id).identifier)))
            }
            Owner::Place(_) | Owner::Server => (None, None),
        };
        let who = match &class {
            Some(class) => format!("class {class}, {layer}"),
            None => layer.to_string(),
        };
        Sayer { who, layer: Some(layer), class, reservation, removes, line }
    }
}

fn field(name: &str, value: String, octets: &[u8], sayers: Option<Vec<Sayer>>) -> Value {
    let mut sayers = sayers.unwrap_or_default().into_iter();
    Value {
        name: name.to_owned(),
        code: None,
        space: None,
        value,
        octets: HexBytes(octets.to_vec()),
        by: sayers.next().unwrap_or_else(|| protocol("client")),
        overrides: sayers.collect(),
    }
}

/// Somebody who is no line of the estate.
fn protocol(who: &str) -> Sayer {
    Sayer { who: who.to_owned(), layer: None, class: None, reservation: None, removes: false, line: None }
}

fn value_name(slot: Slot) -> Option<ValueName> {
    let parameter = match slot {
        Slot::Option(space, code) => return Some(ValueName::Option(space, OptionCode(code))),
        Slot::Address => return None,
        Slot::Parameter(key) => match key {
            "lease.default" => Parameter::LeaseDefault,
            "lease.min" => Parameter::LeaseMin,
            "lease.max" => Parameter::LeaseMax,
            "renew-after" => Parameter::RenewAfter,
            "rebind-after" => Parameter::RebindAfter,
            "next-server" => Parameter::NextServer,
            "server-hostname" => Parameter::ServerHostname,
            "boot-file-name" => Parameter::BootFileName,
            _ => return None,
        },
    };
    Some(ValueName::Parameter(parameter))
}

fn unnamed(space: Space, code: u8) -> String {
    match space {
        Space::Dhcp4 => format!("option {code}"),
        Space::Vendor43 | Space::Vendor125(_) => format!("sub-option {code}"),
    }
}

fn duration(octets: &[u8]) -> Option<String> {
    let seconds = Seconds(u32::from_be_bytes(octets.try_into().ok()?));
    Some(if seconds == Seconds::INFINITE { "without end".to_owned() } else { seconds.to_string() })
}

/// The sub-options of option 82: `1=0x0a0b, 5=10.1.1.0`.
fn agent(octets: &[u8]) -> String {
    let shown: Vec<String> = sub_options(octets)
        .map(|(inner, octets)| match (inner, <[u8; 4]>::try_from(octets)) {
            (code::AGENT_LINK_SELECTION | code::AGENT_SERVER_OVERRIDE, Ok(address)) => {
                format!("{inner}={}", Ipv4Addr::from(address))
            }
            (inner, _) => {
                let value = text(octets).map_or_else(|| hex(octets), |text| format!("'{text}'"));
                format!("{inner}={value}")
            }
        })
        .collect();
    shown.join(", ")
}

/// A sub-option's octets in its container, its parts joined.
fn inner_octets(space: Space, code: u8, container: &[u8]) -> Vec<u8> {
    let of = |payload: &[u8]| -> Vec<u8> {
        sub_options(payload).filter(|(found, _)| *found == code).flat_map(|(_, part)| part.to_vec()).collect()
    };
    let Space::Vendor125(enterprise) = space else { return of(container) };
    // Enterprise number, length, sub-options, and so on (RFC 3925 section 4).
    let (mut rest, mut found) = (container, Vec::new());
    while let Some((head, tail)) = rest.split_first_chunk::<5>() {
        let Some((block, behind)) = tail.split_at_checked(usize::from(head[4])) else { break };
        if head[..4] == enterprise.to_be_bytes() {
            found.extend(of(block));
        }
        rest = behind;
    }
    found
}

fn destination(to: Destination) -> String {
    match to {
        Destination::Unicast(to) => to.to_string(),
        Destination::Broadcast { interface: _ } => "broadcast, port 68".to_owned(),
        Destination::Frame { interface: _, hardware, address } => {
            format!("{address}:68 in a frame to {hardware}")
        }
    }
}

/// Why the client may not have the address it asks for.
fn denied(ground: &Ground<'_>, denial: Denial) -> String {
    let prefix = |id| ground.tables.subnet(id).prefix;
    match denial {
        Denial::NoSubnet => "the address it asks for lies in no subnet of the estate".to_owned(),
        Denial::OtherNetwork(id) => {
            let segment = ground.tables.segment(ground.tables.subnet(id).segment);
            format!(
                "the address it asks for lies in {} of network `{}` of {}",
                prefix(id),
                segment.name,
                segment.site
            )
        }
        Denial::NoPool(id) => format!("the address it asks for lies in no pool of {}", prefix(id)),
        Denial::Reserved(id) => {
            format!("the address it asks for, in {}, is reserved for another client", prefix(id))
        }
        Denial::Guarded(at) => {
            let (layer, only, place) = guarded(ground, at);
            let only: Vec<String> =
                only.iter().map(|class| format!("`{}`", ground.class_name(*class))).collect();
            format!(
                "{layer} {}, where the address it asks for lies, is only for {}",
                place.name,
                only.join(", ")
            )
        }
        Denial::MustMove(address) => format!("{address} is reserved for it, and it asks for another"),
    }
}
