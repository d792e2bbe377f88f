//! Places in a packet: options and their sub-options by code or name, vendor options, fields.

use std::ops::Range;

use leasehold_schemas::artefact::{Accessor, PacketField, Term, Test};
use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::Space;

use super::lexer::{Token, syntax};
use super::parser::{Parser, Read, Value};
use super::{Fault, nearest};
use crate::check::rules::class::unknown_option_in_expression;
use crate::model::Definition;

/// Relay agent information.
const AGENT: u8 = 82;

/// Sub-options of option 82, by the names that Kea gives them.
const AGENT_OPTIONS: &[(&str, u8)] = &[
    ("circuit-id", 1),                   // RFC 3046
    ("remote-id", 2),                    // RFC 3046
    ("device-class", 4),                 // RFC 3256
    ("link-selection", 5),               // RFC 3527
    ("subscriber-id", 6),                // RFC 3993
    ("radius", 7),                       // RFC 4014
    ("auth", 8),                         // RFC 4030
    ("vendor-specific-info", 9),         // RFC 4243
    ("relay-flags", 10),                 // RFC 5010
    ("server-id-override", 11),          // RFC 5107
    ("relay-id", 12),                    // RFC 6925
    ("relay-source-port", 19),           // RFC 8357
    ("virtual-subnet-select", 151),      // RFC 6607
    ("virtual-subnet-select-ctrl", 152), // RFC 6607
];

/// `pkt.x`.
const PKT: &[(&str, PacketField)] = &[
    ("iface", PacketField::Interface),
    ("src", PacketField::Source),
    ("dst", PacketField::Destination),
    ("len", PacketField::Length),
];

/// `pkt4.x`.
const PKT4: &[(&str, PacketField)] = &[
    ("mac", PacketField::HardwareAddress),
    ("hlen", PacketField::HardwareLength),
    ("htype", PacketField::HardwareType),
    ("ciaddr", PacketField::ClientAddress),
    ("giaddr", PacketField::RelayAddress),
    ("yiaddr", PacketField::YourAddress),
    ("siaddr", PacketField::ServerAddress),
    ("msgtype", PacketField::MessageType),
    ("transid", PacketField::Transaction),
];

/// What is inside an option.
#[derive(Clone, Copy)]
enum Inside {
    /// Sub-options of option 82.
    Agent,
    /// Sub-options that an estate may define.
    Space(Space),
    /// Sub-options without names.
    Nameless,
}

/// An option that has been read: its code, what is no text about it, and how it is written.
struct Named<'t> {
    code: u8,
    typed: Option<OptionType>,
    written: &'t str,
}

impl<'t> Parser<'t, '_> {
    /// The place that begins with this word, if the word begins one.
    pub fn accessor(&mut self, word: &str, start: usize) -> Result<Option<Read>, Fault> {
        match word {
            "option" => self.option(start),
            "relay4" => self.relay4(start),
            "vendor" => self.vendor(start),
            "vendor-class" => self.vendor_class(start),
            "pkt" => self.field(start, word, PKT),
            "pkt4" => self.field(start, word, PKT4),
            _ => return Ok(None),
        }
        .map(Some)
    }

    /// `option[code or name]`, perhaps the way to a sub-option, and an attribute.
    fn option(&mut self, start: usize) -> Result<Read, Fault> {
        let (written, at) = self.brackets()?;
        let option = self.option_code(written, at)?;
        let inside = match option.code {
            AGENT => Inside::Agent,
            43 => Inside::Space(Space::Vendor43),
            _ => Inside::Nameless,
        };
        let (path, last) = self.way_down(inside, option)?;
        match path.split_first() {
            Some((code, [])) => self.attribute(start, Accessor::Option(*code), &last),
            Some((code, rest)) => self.attribute(start, Accessor::SubOption(*code, rest.to_vec()), &last),
            None => unreachable!("the way begins with the option itself"),
        }
    }

    /// `relay4[code or name]`: a sub-option of option 82.
    fn relay4(&mut self, start: usize) -> Result<Read, Fault> {
        let (written, at) = self.brackets()?;
        let option = self.sub_option_code(Inside::Agent, "relay4", written, at)?;
        let (path, last) = self.way_down(Inside::Nameless, option)?;
        self.attribute(start, Accessor::SubOption(AGENT, path), &last)
    }

    /// `vendor[id or *]` with `.exists` or a sub-option, or `vendor.enterprise`.
    fn vendor(&mut self, start: usize) -> Result<Read, Fault> {
        if let Some(end) = self.enterprise("vendor")? {
            return Ok(term(Accessor::VendorEnterprise, start..end));
        }
        let enterprise = self.enterprise_id("vendor")?;
        if !self.goes_down()? {
            return self.existence(start, Accessor::Vendor(enterprise), "`.exists` or `.option[code]`");
        }
        let inside = match enterprise {
            Some(enterprise) => Inside::Space(Space::Vendor125(enterprise)),
            None => Inside::Nameless,
        };
        let (written, at) = self.brackets()?;
        let option = self.sub_option_code(inside, "vendor[]", written, at)?;
        let (path, last) = self.way_down(Inside::Nameless, option)?;
        self.attribute(start, Accessor::VendorOption(enterprise, path), &last)
    }

    /// `vendor-class[id or *]` with `.exists`, `.data` or `.data[n]`, or `vendor-class.enterprise`.
    fn vendor_class(&mut self, start: usize) -> Result<Read, Fault> {
        if let Some(end) = self.enterprise("vendor-class")? {
            return Ok(term(Accessor::VendorClassEnterprise, start..end));
        }
        let enterprise = self.enterprise_id("vendor-class")?;
        let mut ahead = self.lexer.clone();
        ahead.next()?;
        let (Token::Word("data"), at) = ahead.next()? else {
            let accessor = Accessor::VendorClass(enterprise);
            return self.existence(start, accessor, "`.exists` or `.data`");
        };
        self.lexer = ahead;
        let (mut item, mut end) = (0, at.end);
        if self.peek()?.0 == Token::Bracket {
            let (written, at) = self.brackets()?;
            item = written.parse().map_err(|_| {
                syntax(at.clone(), format!("`{written}` is no item"), "items are counted from 0 to 255")
            })?;
            end = at.end + 1;
        }
        Ok(term(Accessor::VendorClassData(enterprise, item), start..end))
    }

    /// `.enterprise`, if it comes next, and where it ends.
    fn enterprise(&mut self, of: &str) -> Result<Option<usize>, Fault> {
        let (token, at) = self.peek()?;
        match token {
            Token::Bracket => Ok(None),
            Token::Dot => {
                self.next()?;
                match self.next()? {
                    (Token::Word("enterprise"), at) => Ok(Some(at.end)),
                    (_, at) => Err(syntax(at, "unknown attribute", "expected `enterprise`")
                        .help(format!("write `{of}.enterprise`, or `{of}[number]` for one enterprise"))),
                }
            }
            _ => {
                let label = "expected `[` and an enterprise number, or `.enterprise`";
                Err(syntax(at, format!("`{of}` lacks a part"), label))
            }
        }
    }

    /// The number of an enterprise; `*` and 0 mean any.
    fn enterprise_id(&mut self, of: &str) -> Result<Option<u32>, Fault> {
        let (written, at) = self.brackets()?;
        let id = match written {
            "*" => Ok(0),
            _ if written.bytes().all(|b| b.is_ascii_digit()) => written.parse::<u32>().map_err(|_| ()),
            _ => Err(()),
        };
        let id = id.map_err(|()| {
            let label = "expected a number of the IANA registry, or `*` for any";
            syntax(at, format!("`{written}` is no enterprise number"), label)
                .help(format!("write `{of}[4491]` or `{of}[*]`"))
        })?;
        Ok(Some(id).filter(|id| *id != 0))
    }

    fn existence(&mut self, start: usize, accessor: Accessor, expected: &str) -> Result<Read, Fault> {
        self.expect(&Token::Dot, expected)?;
        match self.next()? {
            (Token::Word("exists"), at) => {
                Ok(Read { value: Value::Test(Test::Exists(accessor)), at: start..at.end })
            }
            (_, at) => Err(syntax(at, "unknown attribute", format!("expected {expected}"))),
        }
    }

    /// `pkt.x` or `pkt4.x`.
    fn field(&mut self, start: usize, of: &str, fields: &[(&str, PacketField)]) -> Result<Read, Fault> {
        self.expect(&Token::Dot, "`.` and a field")?;
        let (token, at) = self.next()?;
        let Token::Word(word) = token else {
            return Err(syntax(at, format!("`{of}.` lacks a field"), fields_shown(fields)));
        };
        if let Some((_, field)) = fields.iter().find(|(name, _)| *name == word) {
            return Ok(term(Accessor::Packet(*field), start..at.end));
        }
        let fault = syntax(at, format!("`{of}.{word}` is no field"), fields_shown(fields));
        Err(match nearest(word, fields.iter().map(|(name, _)| *name)) {
            Some(meant) => fault.help(format!("did you mean `{of}.{meant}`?")),
            None => fault,
        })
    }

    /// What stands in brackets, and where.
    fn brackets(&mut self) -> Result<(&'t str, Range<usize>), Fault> {
        self.expect(&Token::Bracket, "`[`")?;
        self.lexer.bracketed()
    }

    /// Reads `.option`, if it comes next.
    fn goes_down(&mut self) -> Result<bool, Fault> {
        let mut ahead = self.lexer.clone();
        let down = ahead.next()?.0 == Token::Dot && matches!(ahead.next(), Ok((Token::Word("option"), _)));
        if down {
            self.lexer = ahead;
        }
        Ok(down)
    }

    /// The codes from an option down to the sub-option that is meant, and the last of them.
    fn way_down(&mut self, mut inside: Inside, first: Named<'t>) -> Result<(Vec<u8>, Named<'t>), Fault> {
        let (mut path, mut last) = (vec![first.code], first);
        while self.goes_down()? {
            let (written, at) = self.brackets()?;
            last = self.sub_option_code(inside, last.written, written, at)?;
            path.push(last.code);
            inside = Inside::Nameless;
        }
        Ok((path, last))
    }

    /// The option's code. An unknown name is reported and read as code 0.
    fn option_code(&mut self, written: &'t str, at: Range<usize>) -> Result<Named<'t>, Fault> {
        if !written.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')) {
            let label = "expected a code or a name, without quotes";
            return Err(syntax(at, format!("`{written}` is neither code nor name of an option"), label));
        }
        let mut here = self.names.definitions.values().filter(|known| known.space == Space::Dhcp4);
        if written.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
            let code = option_number(written, at)?;
            let typed = here.find(|known| known.code.0 == code).and_then(no_text);
            return Ok(Named { code, typed, written });
        }
        if let Some(found) = here.find(|definition| definition.name == written) {
            return Ok(Named { code: found.code.0, typed: no_text(found), written });
        }
        let here = self.names.definitions.values().filter(|known| known.space == Space::Dhcp4);
        let nearest = nearest(written, here.map(|known| known.name.as_str()));
        self.unknown(format!("option `{written}` is unknown"), nearest, at);
        Ok(Named { code: 0, typed: None, written })
    }

    fn sub_option_code(
        &mut self,
        inside: Inside,
        of: &str,
        written: &'t str,
        at: Range<usize>,
    ) -> Result<Named<'t>, Fault> {
        let definitions = self.names.definitions;
        let in_space = |space| definitions.values().filter(move |known: &&Definition| known.space == space);
        if !written.is_empty() && written.bytes().all(|b| b.is_ascii_digit()) {
            let label = "codes run from 0 to 255";
            let message = format!("`{written}` is no sub-option code");
            let code = written.parse().map_err(|_| syntax(at, message, label))?;
            let typed = match inside {
                Inside::Space(space) => in_space(space).find(|known| known.code.0 == code).and_then(no_text),
                Inside::Agent | Inside::Nameless => None,
            };
            return Ok(Named { code, typed, written });
        }
        let (found, meant) = match inside {
            Inside::Agent => {
                let found = AGENT_OPTIONS.iter().find(|(name, _)| *name == written);
                let names = AGENT_OPTIONS.iter().map(|(name, _)| *name);
                (found.map(|(_, code)| Named { code: *code, typed: None, written }), nearest(written, names))
            }
            Inside::Space(space) => {
                let found = in_space(space).find(|known| known.name == written);
                let names = in_space(space).map(|known| known.name.as_str());
                let named = |known: &Definition| Named { code: known.code.0, typed: no_text(known), written };
                (found.map(named), nearest(written, names))
            }
            Inside::Nameless => {
                let message = format!("`{written}` is no sub-option code");
                return Err(syntax(at, message, "sub-options have no names here: a number from 0 to 255"));
            }
        };
        Ok(found.unwrap_or_else(|| {
            self.unknown(format!("sub-option `{written}` of `{of}` is unknown"), meant, at);
            Named { code: 0, typed: None, written }
        }))
    }

    fn unknown(&mut self, message: String, meant: Option<&str>, at: Range<usize>) {
        let fault = Fault::new(&unknown_option_in_expression::RULE, at, message, "no option has this name");
        self.faults.push(match meant {
            Some(meant) => fault.help(format!("did you mean `{meant}`?")),
            None => fault,
        });
    }

    /// `.hex`, `.text` or `.exists`.
    fn attribute(&mut self, start: usize, accessor: Accessor, of: &Named<'_>) -> Result<Read, Fault> {
        self.expect(&Token::Dot, "`.hex`, `.text` or `.exists`")?;
        let (token, at) = self.next()?;
        let value = match (token, of.typed) {
            (Token::Word("hex"), _) | (Token::Word("text"), None) => Value::Term(Term::Value(accessor)),
            (Token::Word("text"), Some(kind)) => {
                let message = format!("`.text` of `{}`, which is no text", of.written);
                return Err(syntax(at, message, "options of its type are octets").help(instead(kind)));
            }
            (Token::Word("exists"), _) => Value::Test(Test::Exists(accessor)),
            (Token::Word(word), _) => {
                let fault = syntax(at, "unknown attribute", "expected `hex`, `text` or `exists`");
                return Err(match nearest(word, ["hex", "text", "exists"].into_iter()) {
                    Some(meant) => fault.help(format!("did you mean `.{meant}`?")),
                    None => fault,
                });
            }
            _ => return Err(syntax(at, "unknown attribute", "expected `hex`, `text` or `exists`")),
        };
        Ok(Read { value, at: start..at.end })
    }
}

fn term(accessor: Accessor, at: Range<usize>) -> Read {
    Read { value: Value::Term(Term::Value(accessor)), at }
}

/// The type of an option whose value is no text; one that has no structure may be.
fn no_text(definition: &Definition) -> Option<OptionType> {
    match definition.kind {
        OptionType::String | OptionType::Binary if !definition.array => None,
        _ if definition.array => Some(OptionType::Binary),
        kind => Some(kind),
    }
}

/// What to write instead of `.text`.
fn instead(kind: OptionType) -> String {
    let function = match kind {
        OptionType::Ipv4Address => "addrtotext",
        OptionType::Uint8 => "uint8totext",
        OptionType::Uint16 => "uint16totext",
        OptionType::Uint32 => "uint32totext",
        OptionType::Int8 => "int8totext",
        OptionType::Int16 => "int16totext",
        OptionType::Int32 => "int32totext",
        OptionType::Binary
        | OptionType::Boolean
        | OptionType::Empty
        | OptionType::Fqdn
        | OptionType::String
        | OptionType::Tuple
        | OptionType::Record
        | OptionType::ClasslessRoute => {
            return "write `.hex` and compare with octets such as `0x0102`".to_owned();
        }
    };
    format!("write `.hex` inside `{function}()`, or compare `.hex` with octets such as `0x0102`")
}

fn fields_shown(fields: &[(&str, PacketField)]) -> String {
    let names: Vec<String> = fields.iter().map(|(name, _)| format!("`{name}`")).collect();
    format!("expected {}", names.join(", "))
}

fn option_number(written: &str, at: Range<usize>) -> Result<u8, Fault> {
    if written.is_empty() {
        return Err(syntax(at, "`option[]` names no option", "expected a code or a name"));
    }
    written
        .parse()
        .map_err(|_| syntax(at, format!("`{written}` is no option code"), "codes run from 0 to 255"))
}
