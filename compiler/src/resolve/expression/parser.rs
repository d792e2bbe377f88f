//! Tokens to a test. Precedence as in Kea: `not` binds tightest, then `and`, then `or`; comparisons stand between two
//! strings, and `+` joins strings before they are compared.

use std::ops::Range;

use leasehold_schemas::artefact::{Accessor, Term, Test};
use leasehold_schemas::vocab::{Cidr, ClassName, HexBytes};

use super::lexer::{Lexer, Token, syntax};
use super::strict;
use super::{DEPTH_MAX, Fault, Names, is_built_in, nearest};
use crate::check::rules::class::{class_order, unknown_class_in_expression};

/// Option 60 (RFC 2132 section 9.13).
const VENDOR_CLASS: u8 = 60;
/// What the built-in class of a vendor begins with.
const VENDOR_PREFIX: &str = "VENDOR_CLASS_";

/// Words that begin a value or a test.
const WORDS: &[&str] = &[
    "option",
    "relay4",
    "vendor",
    "vendor-class",
    "pkt",
    "pkt4",
    "member",
    "known",
    "unknown",
    "match",
    "not",
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
pub enum Value {
    /// True or false.
    Test(Test),
    /// Octets.
    Term(Term),
}

/// A value and where it stands.
pub struct Read {
    /// The value.
    pub value: Value,
    /// Its place in the text.
    pub at: Range<usize>,
}

/// Reads one expression.
pub struct Parser<'t, 'n> {
    /// What is still to be read.
    pub lexer: Lexer<'t>,
    /// What may be named.
    pub names: Names<'n>,
    /// How deep the parser is.
    depth: u32,
    /// Unknown names so far.
    pub faults: Vec<Fault>,
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
            (Token::Equal | Token::Unequal | Token::Word("in"), at) => {
                let message = "comparisons compare two strings of octets";
                return Err(syntax(at, message, "a comparison cannot be compared again"));
            }
            (Token::Close, at) => {
                return Err(syntax(at, "`)` without `(`", "nothing is open here"));
            }
            (_, at) => {
                let expected = match read.value {
                    Value::Test(_) => "expected `and` or `or`",
                    Value::Term(_) => "expected `==`, `!=`, `in` or `+`",
                };
                return Err(syntax(at, "class expression goes on after its end", expected));
            }
        }
        as_test(read)
    }

    fn or(&mut self) -> Result<Read, Fault> {
        self.joined(["or", "sor"], Parser::and, Test::Or)
    }

    fn and(&mut self) -> Result<Read, Fault> {
        self.joined(["and", "sand"], Parser::not, Test::And)
    }

    /// Operands with one of two words between them, of which the second is strict; a single one stays what it is.
    fn joined(
        &mut self,
        words: [&str; 2],
        operand: fn(&mut Self) -> Result<Read, Fault>,
        join: fn(Vec<Test>) -> Test,
    ) -> Result<Read, Fault> {
        let first = operand(self)?;
        let joins = |token: &Token<'_>| matches!(token, Token::Word(said) if words.contains(said));
        if !joins(&self.peek()?.0) {
            return Ok(first);
        }
        let start = first.at.start;
        let mut end = first.at.end;
        let mut tests = vec![as_test(first)?];
        while joins(&self.peek()?.0) {
            let (said, _) = self.next()?;
            let next = operand(self)?;
            end = next.at.end;
            let at = next.at.clone();
            let next = as_test(next)?;
            tests.push(next.clone());
            if said == Token::Word(words[1]) {
                tests = vec![strict::after_a_look(&next, at, join(tests))?];
            }
        }
        let test = if tests.len() == 1 { tests.remove(0) } else { join(tests) };
        Ok(Read { value: Value::Test(test), at: start..end })
    }

    fn not(&mut self) -> Result<Read, Fault> {
        let (Token::Word("not"), at) = self.peek()? else { return self.comparison() };
        self.next()?;
        let inner = self.nested(at.clone(), Parser::not)?;
        let at = at.start..inner.at.end;
        Ok(Read { value: Value::Test(negated(as_test(inner)?)), at })
    }

    fn comparison(&mut self) -> Result<Read, Fault> {
        let left = self.sum()?;
        let start = left.at.start;
        let (token, at) = self.peek()?;
        let (test, end) = match token {
            Token::Equal | Token::Unequal => {
                let left = as_term(left)?;
                self.next()?;
                let right = self.sum()?;
                let end = right.at.end;
                let equal = Test::Equal(left, as_term(right)?);
                (if token == Token::Equal { equal } else { negated(equal) }, end)
            }
            Token::Word("in") => {
                let left = as_term(left)?;
                self.next()?;
                self.nested_list(at, left)?
            }
            Token::Word("not") => {
                let mut ahead = self.lexer.clone();
                ahead.next()?;
                if ahead.next()?.0 != Token::Word("in") {
                    return Ok(left);
                }
                let left = as_term(left)?;
                self.lexer = ahead;
                let (test, end) = self.nested_list(at, left)?;
                (negated(test), end)
            }
            _ => return Ok(left),
        };
        Ok(Read { value: Value::Test(test), at: start..end })
    }

    fn nested_list(&mut self, at: Range<usize>, left: Term) -> Result<(Test, usize), Fault> {
        let read = self.nested(at, |parser| parser.list(left))?;
        Ok((as_test(Read { value: read.value, at: read.at.clone() })?, read.at.end))
    }

    /// `10.42.0.0/16`, or values or prefixes in parentheses. An address among prefixes stands for itself alone.
    fn list(&mut self, left: Term) -> Result<Read, Fault> {
        let (token, at) = self.next()?;
        let start = at.start;
        match token {
            Token::Prefix(prefix) => {
                return Ok(Read { value: Value::Test(Test::Within(left, vec![prefix])), at });
            }
            Token::Open => {}
            _ => {
                let message = "`in` wants a list or a prefix";
                return Err(syntax(at, message, "expected `(` or a prefix such as `10.42.0.0/16`")
                    .help("write `in ('a', 'b')` or `in 10.42.0.0/16`"));
            }
        }
        let (mut values, mut prefixes): (Vec<Read>, Vec<Cidr>) = (Vec::new(), Vec::new());
        let end = loop {
            if let (Token::Prefix(prefix), _) = self.peek()? {
                self.next()?;
                prefixes.push(prefix);
            } else {
                values.push(self.sum()?);
            }
            match self.next()? {
                (Token::Comma, _) => {}
                (Token::Close, close) => break close.end,
                (Token::End, at) => return Err(syntax(at, "a list is not closed", "expected `)`")),
                (_, at) => return Err(syntax(at, "a list lacks a part", "expected `,` or `)`")),
            }
        };
        let test = if prefixes.is_empty() {
            Test::In(left, values.into_iter().map(as_term).collect::<Result<_, _>>()?)
        } else {
            for value in values {
                prefixes.push(as_address(value)?);
            }
            Test::Within(left, prefixes)
        };
        Ok(Read { value: Value::Test(test), at: start..end })
    }

    /// Strings with `+` between them.
    fn sum(&mut self) -> Result<Read, Fault> {
        let first = self.primary()?;
        if self.peek()?.0 != Token::Plus {
            return Ok(first);
        }
        let start = first.at.start;
        let mut end = first.at.end;
        let mut parts = vec![as_term(first)?];
        while self.peek()?.0 == Token::Plus {
            self.next()?;
            let next = self.primary()?;
            end = next.at.end;
            parts.push(as_term(next)?);
        }
        Ok(Read { value: Value::Term(Term::Concat(parts)), at: start..end })
    }

    /// A string that is an argument or an operand.
    pub fn string(&mut self) -> Result<Term, Fault> {
        let read = self.or()?;
        as_term(read)
    }

    /// A test that is an argument.
    pub fn condition(&mut self) -> Result<Test, Fault> {
        let read = self.or()?;
        as_test(read)
    }

    fn primary(&mut self) -> Result<Read, Fault> {
        let (token, at) = self.next()?;
        let value = match token {
            Token::Open => {
                let inner = self.nested(at.clone(), Parser::or)?;
                let (_, close) = self.expect(&Token::Close, "`)`")?;
                return Ok(Read { value: inner.value, at: at.start..close.end });
            }
            Token::Text(text) => Value::Term(literal(text.as_bytes().to_vec())),
            Token::Octets(octets) => Value::Term(literal(octets)),
            Token::Number(number) => Value::Term(literal(four_octets(number, &at)?)),
            Token::Prefix(prefix) => {
                let message = format!("prefix `{prefix}` is no value");
                return Err(syntax(at, message, "an address is in it or not")
                    .help(format!("write `in {prefix}` behind an address")));
            }
            Token::Word("member") => return self.member(at.start),
            Token::Word("known") => Value::Test(Test::Member(class_name("KNOWN"))),
            Token::Word("unknown") => Value::Test(Test::Member(class_name("UNKNOWN"))),
            Token::Word(word) => {
                if let Some(read) = self.accessor(word, at.start)? {
                    return Ok(read);
                }
                let read = self.nested(at.clone(), |parser| parser.function(word, at.start))?;
                return read.ok_or_else(|| unknown_word(word, at));
            }
            Token::Close
            | Token::Bracket
            | Token::Dot
            | Token::Comma
            | Token::Equal
            | Token::Unequal
            | Token::Plus
            | Token::End => {
                let message = "class expression lacks a value or test";
                return Err(syntax(at, message, "expected a value or test here"));
            }
        };
        Ok(Read { value, at })
    }

    /// `member('class')`.
    fn member(&mut self, start: usize) -> Result<Read, Fault> {
        self.expect(&Token::Open, "`(`")?;
        let (Token::Text(written), at) = self.peek()? else {
            let (_, at) = self.peek()?;
            let message = "`member` takes the name of a class";
            return Err(syntax(at, message, "expected a name in quotes such as `'win10'`"));
        };
        self.next()?;
        let (_, close) = self.expect(&Token::Close, "`)`")?;
        let vendor = written.strip_prefix(VENDOR_PREFIX).filter(|vendor| !vendor.is_empty());
        let test = match vendor {
            // A vendor's text may hold what no class's name does; no reservation can name such a class.
            Some(vendor) if written.parse::<ClassName>().is_err() => {
                Test::Equal(Term::Value(Accessor::Option(VENDOR_CLASS)), literal(vendor.as_bytes().to_vec()))
            }
            Some(_) | None => Test::Member(self.class(written, at.start + 1..at.end - 1)),
        };
        Ok(Read { value: Value::Test(test), at: start..close.end })
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
            (_, _) if written == "DROP" => {
                let label = "packets in it are dropped, so no class may ask for it";
                Fault::new(&class_order::RULE, at, "class `DROP` in an expression", label)
            }
            (Some(_), _) => {
                let message = format!("class `{written}` is evaluated later");
                let label = "only classes that stand before this one may be named";
                let help = format!("move `{written}` before `{}`", classes[this].value);
                Fault::new(&class_order::RULE, at, message, label).help(help)
            }
            (None, _) => {
                let message = format!("class `{written}` is unknown");
                let label = "no class has this name";
                let fault = Fault::new(&unknown_class_in_expression::RULE, at, message, label);
                let before = classes[..this.min(classes.len())].iter().map(|class| class.value.as_str());
                match nearest(written, before.chain(["ALL", "KNOWN", "UNKNOWN"])) {
                    Some(meant) => fault.help(format!("did you mean `{meant}`?")),
                    None => fault,
                }
            }
        };
        self.faults.push(fault);
        class_name("ALL")
    }

    /// Goes one level deeper.
    pub fn nested<T>(
        &mut self,
        at: Range<usize>,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth == DEPTH_MAX {
            let label = format!("deeper than {DEPTH_MAX} levels");
            return Err(syntax(at, "class expression is nested too deeply", label));
        }
        self.depth += 1;
        let read = inner(self);
        self.depth -= 1;
        read
    }

    /// The next token.
    pub fn next(&mut self) -> Result<(Token<'t>, Range<usize>), Fault> {
        self.lexer.next()
    }

    /// The next token, which stays.
    pub fn peek(&self) -> Result<(Token<'t>, Range<usize>), Fault> {
        self.lexer.clone().next()
    }

    /// The next token, which must be this one.
    pub fn expect(&mut self, wanted: &Token<'_>, shown: &str) -> Result<(Token<'t>, Range<usize>), Fault> {
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

fn literal(octets: Vec<u8>) -> Term {
    Term::Literal(HexBytes(octets))
}

fn negated(test: Test) -> Test {
    Test::Not(Box::new(test))
}

/// A number is four octets, whatever it is compared with.
fn four_octets(number: i64, at: &Range<usize>) -> Result<Vec<u8>, Fault> {
    // Within i32 or u32, so the lower four octets are the whole of it.
    let octets = number.to_be_bytes()[4..].to_vec();
    if number < 0 {
        let message = format!("`{number}` is negative");
        let help = format!("write the four octets it stands for: `0x{}`", HexBytes(octets));
        return Err(syntax(at.clone(), message, "numbers in expressions are not").help(help));
    }
    Ok(octets)
}

/// A value as a test, or a fault that says how to make one of it.
fn as_test(read: Read) -> Result<Test, Fault> {
    match read.value {
        Value::Test(test) => Ok(test),
        Value::Term(term) => {
            let fault =
                syntax(read.at, "a string of octets stands where a test is wanted", "this is no test");
            Err(match term {
                Term::Value(_) => fault.help("write `.exists`, or compare it with `==`"),
                _ => fault.help("compare it with `==`"),
            })
        }
    }
}

/// A value as a string.
pub fn as_term(read: Read) -> Result<Term, Fault> {
    match read.value {
        Value::Term(term) => Ok(term),
        Value::Test(_) => {
            Err(syntax(read.at, "a test stands where a string of octets is wanted", "this is true or false")
                .help("join tests with `and`, `or` and `not`"))
        }
    }
}

/// An address as the prefix that holds it alone.
fn as_address(read: Read) -> Result<Cidr, Fault> {
    let octets = match &read.value {
        Value::Term(Term::Literal(octets)) => <[u8; 4]>::try_from(octets.0.as_slice()).ok(),
        Value::Term(_) | Value::Test(_) => None,
    };
    octets.and_then(|octets| Cidr::containing(octets.into(), 32)).ok_or_else(|| {
        syntax(read.at, "a list holds prefixes and other values", "this is neither a prefix nor an address")
            .help("join two comparisons with `or`")
    })
}

fn unknown_word(word: &str, at: Range<usize>) -> Fault {
    if let "pkt6" | "relay6" = word {
        return syntax(at, format!("`{word}` is of DHCPv6"), "this estate serves DHCPv4");
    }
    if let "and" | "or" | "sand" | "sor" | "in" = word {
        let label = format!("expected one before `{word}`");
        return syntax(at, "class expression lacks a value or test", label);
    }
    let fault = syntax(at, format!("`{word}` has no meaning in class expressions"), "unknown word");
    match nearest(word, WORDS.iter().copied().chain(super::function::names())) {
        Some(meant) => fault.help(format!("did you mean `{meant}`?")),
        None => fault,
    }
}

fn class_name(name: &str) -> ClassName {
    name.parse().expect("the names of built-in classes are well formed")
}
