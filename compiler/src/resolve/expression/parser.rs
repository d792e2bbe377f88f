//! Tokens to a test. Precedence as in Kea: `not` binds tightest, then `and`, then `or`; `==` compares two strings.

use std::ops::Range;

use leasehold_schemas::artefact::{Accessor, Term, Test};
use leasehold_schemas::source::OptionType;
use leasehold_schemas::vocab::{ClassName, HexBytes, Space};

use super::lexer::{Lexer, Token, syntax};
use super::{DEPTH_MAX, Fault, Names, is_built_in, nearest};
use crate::check::rules::class::{class_order, unknown_class_in_expression, unknown_option_in_expression};

/// What a note says where something of Kea's language is not supported.
pub const SUPPORTED: &str = "supported are `option`, `relay4`, `substring`, `member`, `known`, `unknown`, `==`, `and`, \
                             `or`, `not` and literals";

/// Words that begin a value or a test.
const WORDS: &[&str] = &["option", "relay4", "substring", "member", "known", "unknown", "not"];

/// What else Kea's language has.
const UNSUPPORTED: &[&str] = &[
    "addrtotext",
    "concat",
    "hexstring",
    "ifelse",
    "int16totext",
    "int32totext",
    "int8totext",
    "lcase",
    "match",
    "pkt",
    "pkt4",
    "pkt6",
    "relay6",
    "sand",
    "sifelse",
    "sor",
    "split",
    "ucase",
    "uint16totext",
    "uint32totext",
    "uint8totext",
    "vendor",
];

/// The test that `text` says, or everything that is wrong with it: at most one fault of form, and each unknown
/// name before it.
pub fn test(text: &str, names: Names<'_>) -> Result<Test, Vec<Fault>> {
    let mut parser = Parser { lexer: Lexer::new(text), names, depth: 0, faults: Vec::new() };
    match parser.whole() {
        Ok(test) if parser.faults.is_empty() => Ok(test),
        Ok(_) => Err(parser.faults),
        Err(fault) => {
            parser.faults.push(fault);
            Err(parser.faults)
        }
    }
}

/// Something that has been read: a test, or a string of octets.
enum Value {
    Test(Test),
    Term(Term),
}

/// A value and where it stands.
struct Read {
    value: Value,
    at: Range<usize>,
}

struct Parser<'t, 'n> {
    lexer: Lexer<'t>,
    names: Names<'n>,
    depth: u32,
    faults: Vec<Fault>,
}

impl<'t> Parser<'t, '_> {
    fn whole(&mut self) -> Result<Test, Fault> {
        if self.peek()?.0 == Token::End {
            let message = "class expression is empty";
            return Err(syntax(0..0, message, "expected a test such as `option[60].exists`"));
        }
        let read = self.or()?;
        match self.next()? {
            (Token::End, _) => {}
            (Token::Equal, at) => {
                let message = "`==` compares two strings of octets";
                return Err(syntax(at, message, "a comparison cannot be compared again"));
            }
            (_, at) => {
                return Err(syntax(at, "class expression goes on after its end", "expected `and` or `or`"));
            }
        }
        as_test(read)
    }

    fn or(&mut self) -> Result<Read, Fault> {
        self.joined("or", Parser::and, Test::Or)
    }

    fn and(&mut self) -> Result<Read, Fault> {
        self.joined("and", Parser::not, Test::And)
    }

    /// Operands with `word` between them; a single one stays what it is.
    fn joined(
        &mut self,
        word: &str,
        operand: fn(&mut Self) -> Result<Read, Fault>,
        join: fn(Vec<Test>) -> Test,
    ) -> Result<Read, Fault> {
        let first = operand(self)?;
        if self.peek()?.0 != Token::Word(word) {
            return Ok(first);
        }
        let start = first.at.start;
        let mut end = first.at.end;
        let mut tests = vec![as_test(first)?];
        while self.peek()?.0 == Token::Word(word) {
            self.next()?;
            let next = operand(self)?;
            end = next.at.end;
            tests.push(as_test(next)?);
        }
        Ok(Read { value: Value::Test(join(tests)), at: start..end })
    }

    fn not(&mut self) -> Result<Read, Fault> {
        let (Token::Word("not"), at) = self.peek()? else { return self.comparison() };
        self.next()?;
        let inner = self.nested(at.clone(), Parser::not)?;
        let at = at.start..inner.at.end;
        Ok(Read { value: Value::Test(Test::Not(Box::new(as_test(inner)?))), at })
    }

    fn comparison(&mut self) -> Result<Read, Fault> {
        let left = self.primary()?;
        if self.peek()?.0 != Token::Equal {
            return Ok(left);
        }
        let start = left.at.start;
        let left = as_term(left)?;
        self.next()?;
        let right = self.primary()?;
        let at = start..right.at.end;
        Ok(Read { value: Value::Test(Test::Equal(left, as_term(right)?)), at })
    }

    fn primary(&mut self) -> Result<Read, Fault> {
        let (token, at) = self.next()?;
        let value = match token {
            Token::Open => {
                let inner = self.nested(at.clone(), Parser::or)?;
                let (_, close) = self.expect(&Token::Close, "`)`")?;
                return Ok(Read { value: inner.value, at: at.start..close.end });
            }
            Token::Octets(octets) => Value::Term(Term::Literal(HexBytes(octets))),
            Token::Number(number) => {
                // Within i32 or u32, so the lower four octets are the whole of it.
                Value::Term(Term::Literal(HexBytes(number.to_be_bytes()[4..].to_vec())))
            }
            Token::Word("option") => return self.option(at.start),
            Token::Word("relay4") => {
                let code = self.sub_option_code()?;
                let none = Attribute { text: false, of: "relay4" };
                return self.attribute(at.start, Accessor::SubOption(82, code), none);
            }
            Token::Word("substring") => return self.nested(at.clone(), |parser| parser.substring(at.start)),
            Token::Word("member") => return self.member(at.start),
            Token::Word("known") => Value::Test(built_in("KNOWN")),
            Token::Word("unknown") => Value::Test(built_in("UNKNOWN")),
            Token::Word(word) => return Err(unknown_word(word, at)),
            Token::Close | Token::Bracket | Token::Dot | Token::Comma | Token::Equal | Token::End => {
                return Err(syntax(
                    at,
                    "class expression lacks a value or test",
                    "expected a value or test here",
                ));
            }
        };
        Ok(Read { value, at })
    }

    /// `option[code or name]`, perhaps a sub-option of it, and an attribute.
    fn option(&mut self, start: usize) -> Result<Read, Fault> {
        self.expect(&Token::Bracket, "`[`")?;
        let (written, at) = self.lexer.bracketed()?;
        let (code, text) = self.option_code(written, at)?;
        let mut ahead = self.lexer.clone();
        if ahead.next()?.0 == Token::Dot && ahead.next()?.0 == Token::Word("option") {
            self.lexer = ahead;
            let sub_option = self.sub_option_code()?;
            let none = Attribute { text: false, of: "a sub-option" };
            return self.attribute(start, Accessor::SubOption(code, sub_option), none);
        }
        self.attribute(start, Accessor::Option(code), Attribute { text, of: written })
    }

    /// The option's code, and whether its value is text. An unknown name is reported and read as code 0.
    fn option_code(&mut self, written: &str, at: Range<usize>) -> Result<(u8, bool), Fault> {
        let definitions = self.names.definitions;
        let mut here = definitions.values().filter(|definition| definition.space == Space::Dhcp4);
        if written.bytes().all(|b| b.is_ascii_digit()) {
            let code = option_number(written, at)?;
            let text = here.any(|d| d.code.0 == code && d.kind == OptionType::String && !d.array);
            return Ok((code, text));
        }
        if let Some(found) = here.find(|definition| definition.name == written) {
            return Ok((found.code.0, found.kind == OptionType::String && !found.array));
        }
        let message = format!("option `{written}` is unknown");
        let mut fault =
            Fault::new(&unknown_option_in_expression::RULE, at, message, "no option has this name");
        let known = definitions.values().filter(|d| d.space == Space::Dhcp4).map(|d| d.name.as_str());
        if let Some(meant) = nearest(written, known) {
            fault = fault.help(format!("did you mean `{meant}`?"));
        }
        self.faults.push(fault);
        Ok((0, true))
    }

    fn sub_option_code(&mut self) -> Result<u8, Fault> {
        self.expect(&Token::Bracket, "`[`")?;
        let (written, at) = self.lexer.bracketed()?;
        if written.is_empty() || !written.bytes().all(|b| b.is_ascii_digit()) {
            let message = format!("`{written}` is no sub-option code");
            return Err(syntax(at, message, "sub-options are named by number"));
        }
        written
            .parse()
            .map_err(|_| syntax(at, format!("`{written}` is no sub-option code"), "codes run from 0 to 255"))
    }

    /// `.hex`, `.text` or `.exists`.
    fn attribute(&mut self, start: usize, accessor: Accessor, of: Attribute<'_>) -> Result<Read, Fault> {
        self.expect(&Token::Dot, "`.hex`, `.text` or `.exists`")?;
        let (token, at) = self.next()?;
        let value = match token {
            Token::Word("hex") => Value::Term(Term::Value(accessor)),
            Token::Word("text") if of.text => Value::Term(Term::Value(accessor)),
            Token::Word("text") => {
                let message = format!("`.text` of `{}`, which is no text", of.of);
                return Err(syntax(at, message, "only options of type string have it")
                    .help("write `.hex` and compare with octets such as `0x0102`"));
            }
            Token::Word("exists") => Value::Test(Test::Exists(accessor)),
            _ => return Err(syntax(at.clone(), "unknown attribute", "expected `hex`, `text` or `exists`")),
        };
        Ok(Read { value, at: start..at.end })
    }

    /// `substring(value, start, length or all)`.
    fn substring(&mut self, begin: usize) -> Result<Read, Fault> {
        self.expect(&Token::Open, "`(`")?;
        let of = self.or()?;
        let of = Box::new(as_term(of)?);
        self.expect(&Token::Comma, "`,`")?;
        let start = self.index("the first octet, from 0")?;
        self.expect(&Token::Comma, "`,`")?;
        let length = match self.peek()?.0 {
            Token::Word("all") => {
                self.next()?;
                None
            }
            _ => Some(self.index("a count of octets, or `all`")?),
        };
        let (_, close) = self.expect(&Token::Close, "`)`")?;
        Ok(Read { value: Value::Term(Term::Substring { of, start, length }), at: begin..close.end })
    }

    fn index(&mut self, expected: &str) -> Result<i32, Fault> {
        let (token, at) = self.next()?;
        let number = match token {
            Token::Number(number) => i32::try_from(number).ok(),
            _ => None,
        };
        number.ok_or_else(|| syntax(at, "`substring` takes whole numbers", format!("expected {expected}")))
    }

    /// `member('class')`.
    fn member(&mut self, start: usize) -> Result<Read, Fault> {
        self.expect(&Token::Open, "`(`")?;
        let (token, at) = self.next()?;
        let written = match token {
            Token::Octets(octets) => String::from_utf8(octets).ok(),
            _ => None,
        };
        let Some(written) = written else {
            return Err(syntax(
                at,
                "`member` takes the name of a class",
                "expected a name such as `'win10'`",
            ));
        };
        let (_, close) = self.expect(&Token::Close, "`)`")?;
        let class = self.class(&written, at.start + 1..at.end - 1);
        Ok(Read { value: Value::Test(Test::Member(class)), at: start..close.end })
    }

    /// The class of that name; one that may not be named here is reported and read as `ALL`.
    fn class(&mut self, written: &str, at: Range<usize>) -> ClassName {
        let Names { classes, this, .. } = self.names;
        let position = classes.iter().position(|class| class.value.as_str() == written);
        let fault = match (position, written.parse()) {
            (_, Ok(name)) if is_built_in(written) => return name,
            (Some(position), Ok(name)) if position < this && written != "DROP" => return name,
            (Some(position), _) if position == this => {
                let message = format!("class `{written}` depends on itself");
                Fault::new(&class_order::RULE, at, message, "this is the class being defined")
            }
            (Some(_), _) if written == "DROP" => {
                let message = "class `DROP` in an expression";
                Fault::new(
                    &class_order::RULE,
                    at,
                    message,
                    "packets in it are dropped, so no class may ask for it",
                )
            }
            (Some(_), _) => {
                let message = format!("class `{written}` is evaluated later");
                Fault::new(
                    &class_order::RULE,
                    at,
                    message,
                    "only classes that stand before this one may be named",
                )
                .help(format!("move `{written}` before `{}`", classes[this].value))
            }
            (None, _) => {
                let message = format!("class `{written}` is unknown");
                let fault =
                    Fault::new(&unknown_class_in_expression::RULE, at, message, "no class has this name");
                match nearest(written, classes[..this.min(classes.len())].iter().map(|c| c.value.as_str())) {
                    Some(meant) => fault.help(format!("did you mean `{meant}`?")),
                    None => fault,
                }
            }
        };
        self.faults.push(fault);
        class_name("ALL")
    }

    fn nested(
        &mut self,
        at: Range<usize>,
        inner: impl FnOnce(&mut Self) -> Result<Read, Fault>,
    ) -> Result<Read, Fault> {
        if self.depth == DEPTH_MAX {
            let label = format!("deeper than {DEPTH_MAX} levels");
            return Err(syntax(at, "class expression is nested too deeply", label));
        }
        self.depth += 1;
        let read = inner(self);
        self.depth -= 1;
        read
    }

    fn next(&mut self) -> Result<(Token<'t>, Range<usize>), Fault> {
        self.lexer.next()
    }

    fn peek(&self) -> Result<(Token<'t>, Range<usize>), Fault> {
        self.lexer.clone().next()
    }

    fn expect(&mut self, wanted: &Token<'_>, shown: &str) -> Result<(Token<'t>, Range<usize>), Fault> {
        let (token, at) = self.next()?;
        if token == *wanted {
            return Ok((token, at));
        }
        let message = match token {
            Token::End => "class expression ends too early",
            _ => "class expression lacks a part",
        };
        Err(syntax(at, message, format!("expected {shown}")))
    }
}

/// What of an option may be asked for.
#[derive(Clone, Copy)]
struct Attribute<'a> {
    /// Whether its value is text.
    text: bool,
    /// What it is of.
    of: &'a str,
}

fn as_test(read: Read) -> Result<Test, Fault> {
    match read.value {
        Value::Test(test) => Ok(test),
        Value::Term(term) => {
            let fault =
                syntax(read.at, "a string of octets stands where a test is wanted", "this is no test");
            Err(match term {
                Term::Value(_) => fault.help("write `.exists`, or compare it with `==`"),
                Term::Literal(_) | Term::Substring { .. } => fault.help("compare it with `==`"),
            })
        }
    }
}

fn as_term(read: Read) -> Result<Term, Fault> {
    match read.value {
        Value::Term(term) => Ok(term),
        Value::Test(_) => {
            Err(syntax(read.at, "a test stands where a string of octets is wanted", "this is true or false")
                .help("join tests with `and`, `or` and `not`"))
        }
    }
}

fn option_number(written: &str, at: Range<usize>) -> Result<u8, Fault> {
    if written.is_empty() {
        return Err(syntax(at, "`option[]` names no option", "expected a code or a name"));
    }
    written
        .parse()
        .ok()
        .filter(|code| (1..=254).contains(code))
        .ok_or_else(|| syntax(at, format!("`{written}` is no option code"), "codes run from 1 to 254"))
}

fn unknown_word(word: &str, at: Range<usize>) -> Fault {
    if UNSUPPORTED.contains(&word) {
        let message = format!("`{word}` is not supported in class expressions");
        return syntax(at, message, "not supported").note(SUPPORTED);
    }
    let fault = syntax(at, format!("`{word}` has no meaning in class expressions"), "unknown word");
    match nearest(word, WORDS.iter().copied()) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => fault,
    }
}

fn built_in(name: &str) -> Test {
    Test::Member(class_name(name))
}

fn class_name(name: &str) -> ClassName {
    name.parse().expect("the names of built-in classes are well formed")
}
