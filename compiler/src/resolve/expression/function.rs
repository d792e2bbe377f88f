//! Functions of class expressions: their arguments and types.

use std::ops::Range;

use leasehold_schemas::artefact::{NumberKind, Term, Test};

use super::Fault;
use super::lexer::{Token, syntax};
use super::parser::{Parser, Read, Value};
use super::pattern::pattern;
use super::strict;

/// How each function is written.
const FORMS: &[(&str, &str)] = &[
    ("substring", "substring(value, start, length)"),
    ("split", "split(value, delimiters, field)"),
    ("concat", "concat(value, value)"),
    ("ifelse", "ifelse(test, value, value)"),
    ("sifelse", "sifelse(test, value, value)"),
    ("lcase", "lcase(value)"),
    ("ucase", "ucase(value)"),
    ("hexstring", "hexstring(value, separator)"),
    ("addrtotext", "addrtotext(value)"),
    ("int8totext", "int8totext(value)"),
    ("int16totext", "int16totext(value)"),
    ("int32totext", "int32totext(value)"),
    ("uint8totext", "uint8totext(value)"),
    ("uint16totext", "uint16totext(value)"),
    ("uint32totext", "uint32totext(value)"),
    ("match", "match('regular expression', value)"),
];

/// The names of all functions.
pub fn names() -> impl Iterator<Item = &'static str> {
    FORMS.iter().map(|(name, _)| *name)
}

impl<'t> Parser<'t, '_> {
    /// The function of this name, if there is one, with its arguments.
    pub fn function(&mut self, name: &str, start: usize) -> Result<Option<Read>, Fault> {
        let Some((_, form)) = FORMS.iter().find(|(known, _)| *known == name) else { return Ok(None) };
        let call = Call { name, form };
        let (token, at) = self.next()?;
        if token != Token::Open {
            return Err(syntax(at, format!("`{name}` is a function"), "expected `(`").help(call.help()));
        }
        let value = if name == "match" {
            let (written, at) = self.text(&call)?;
            let written = pattern(written, at.start + 1)?;
            self.comma(&call)?;
            Value::Test(Test::Match(written, self.string()?))
        } else {
            Value::Term(self.made(&call, at)?)
        };
        let end = self.close(&call)?;
        Ok(Some(Read { value, at: start..end }))
    }

    /// The arguments of a function that makes a string.
    fn made(&mut self, call: &Call<'_>, at: Range<usize>) -> Result<Term, Fault> {
        if let "ifelse" | "sifelse" = call.name {
            let mut test = self.condition()?;
            self.comma(call)?;
            let then = Box::new(self.string()?);
            self.comma(call)?;
            let otherwise = Box::new(self.string()?);
            if call.name == "sifelse" {
                test = strict::after_looks([&then, &otherwise], at, test)?;
            }
            return Ok(Term::IfElse { test: Box::new(test), then, otherwise });
        }
        let of = self.string()?;
        let boxed = Box::new;
        Ok(match call.name {
            "substring" => {
                self.comma(call)?;
                let start = self.index(call, "the first octet, from 0")?;
                self.comma(call)?;
                let length = match self.peek()?.0 {
                    Token::Word("all") => {
                        self.next()?;
                        None
                    }
                    _ => Some(self.index(call, "a count of octets, or `all`")?),
                };
                Term::Substring { of: boxed(of), start, length }
            }
            "split" => {
                self.comma(call)?;
                let delimiters = boxed(self.string()?);
                self.comma(call)?;
                let field = self.index(call, "the number of a field, from 1")?;
                Term::Split { of: boxed(of), delimiters, field }
            }
            "concat" => {
                self.comma(call)?;
                Term::Concat(vec![of, self.string()?])
            }
            "hexstring" => {
                self.comma(call)?;
                Term::HexText { of: boxed(of), separator: boxed(self.string()?) }
            }
            "lcase" => Term::Lower(boxed(of)),
            "ucase" => Term::Upper(boxed(of)),
            "addrtotext" => Term::AddressText(boxed(of)),
            "int8totext" => Term::NumberText(NumberKind::Int8, boxed(of)),
            "int16totext" => Term::NumberText(NumberKind::Int16, boxed(of)),
            "int32totext" => Term::NumberText(NumberKind::Int32, boxed(of)),
            "uint8totext" => Term::NumberText(NumberKind::Uint8, boxed(of)),
            "uint16totext" => Term::NumberText(NumberKind::Uint16, boxed(of)),
            "uint32totext" => Term::NumberText(NumberKind::Uint32, boxed(of)),
            name => unreachable!("`{name}` is not in the table of functions"),
        })
    }

    fn text(&mut self, call: &Call<'_>) -> Result<(&'t str, Range<usize>), Fault> {
        match self.next()? {
            (Token::Text(text), at) => Ok((text, at)),
            (_, at) => {
                let message = format!("`{}` takes a regular expression in quotes", call.name);
                Err(syntax(at, message, "expected a text such as `'PXEClient:.*'`").help(call.help()))
            }
        }
    }

    fn index(&mut self, call: &Call<'_>, expected: &str) -> Result<i32, Fault> {
        let (token, at) = self.next()?;
        let number = match token {
            Token::Number(number) => i32::try_from(number).ok(),
            _ => None,
        };
        number.ok_or_else(|| {
            syntax(at, format!("`{}` takes whole numbers", call.name), format!("expected {expected}"))
        })
    }

    fn comma(&mut self, call: &Call<'_>) -> Result<(), Fault> {
        match self.next()? {
            (Token::Comma, _) => Ok(()),
            (Token::Close, at) => Err(call.wrong(at, "expected `,` and another argument")),
            (Token::End, at) => Err(syntax(at, "class expression ends too early", "expected `,`")),
            (_, at) => Err(call.wrong(at, "expected `,`")),
        }
    }

    fn close(&mut self, call: &Call<'_>) -> Result<usize, Fault> {
        match self.next()? {
            (Token::Close, at) => Ok(at.end),
            (Token::Comma, at) => Err(call.wrong(at, "one argument too many")),
            (Token::End, at) => Err(syntax(at, "class expression ends too early", "expected `)`")),
            (_, at) => Err(call.wrong(at, "expected `)`")),
        }
    }
}

/// A function that is being read.
struct Call<'a> {
    name: &'a str,
    form: &'a str,
}

impl Call<'_> {
    fn help(&self) -> String {
        format!("write `{}`", self.form)
    }

    fn wrong(&self, at: Range<usize>, label: &str) -> Fault {
        syntax(at, format!("arguments of `{}` are wrong", self.name), label).help(self.help())
    }
}
