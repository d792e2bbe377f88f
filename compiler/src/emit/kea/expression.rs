//! A class's test in Kea's language. What the other has beyond it is put in other words, where that is possible.

use std::net::Ipv4Addr;

use leasehold_schemas::artefact::{Accessor, NumberKind, Term, Test};
use leasehold_schemas::vocab::Cidr;

use super::Target;

/// What a release of Kea has no words for.
pub(super) type Missing = String;

/// The test as Kea reads it.
pub(super) fn test_text(test: &Test, target: Target) -> Result<String, Missing> {
    Writer { target }.test(test)
}

/// Whether an address that `term` gives, in Kea's words, lies in the prefix.
pub(super) fn within(term: &str, prefix: Cidr) -> String {
    let octets = prefix.network().octets();
    let whole = usize::from(prefix.length() / 8);
    let rest = prefix.length() % 8;
    if prefix.length() == 0 {
        return format!("not ({term} == '')");
    }
    if prefix.length() == 32 {
        return format!("{term} == {}", Ipv4Addr::from(octets));
    }
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
    if rest == 0 {
        return format!("substring({term}, 0, {whole}) == 0x{}", hex(&octets[..whole]));
    }
    // Digits of four bits: at most eight of them, where octets would be up to 128.
    let digits = usize::from(prefix.length() / 4);
    let text = hex(&octets);
    let rest = prefix.length() % 4;
    let same = |digits: &str| format!("substring(hexstring({term}, ''), 0, {}) == '{digits}'", digits.len());
    if rest == 0 {
        return same(&text[..digits]);
    }
    let first = u32::from_str_radix(&text[digits..=digits], 16).expect("a hexadecimal digit");
    let parts = (first..first + (1 << (4 - rest))).map(|last| same(&format!("{}{last:x}", &text[..digits])));
    format!("({})", parts.collect::<Vec<_>>().join(" or "))
}

/// A literal as Kea reads it.
fn literal(octets: &[u8]) -> String {
    let is_text = |octet: &u8| matches!(octet, b' '..=b'~') && *octet != b'\'';
    if octets.iter().all(is_text) {
        return format!("'{}'", String::from_utf8_lossy(octets));
    }
    format!("0x{}", octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
}

struct Writer {
    target: Target,
}

impl Writer {
    fn test(&self, test: &Test) -> Result<String, Missing> {
        let joined = |tests: &[Test], word: &str| -> Result<String, Missing> {
            let parts: Result<Vec<String>, Missing> = tests.iter().map(|test| self.part(test)).collect();
            Ok(parts?.join(word))
        };
        Ok(match test {
            Test::Constant(true) => "member('ALL')".to_owned(),
            Test::Constant(false) => "not member('ALL')".to_owned(),
            Test::And(tests) => joined(tests, " and ")?,
            Test::Or(tests) => joined(tests, " or ")?,
            Test::Not(test) => format!("not {}", self.part(test)?),
            Test::Equal(left, right) => format!("{} == {}", self.term(left)?, self.term(right)?),
            Test::In(term, list) => {
                let term = self.term(term)?;
                let one = |other: &Term| Ok(format!("{term} == {}", self.term(other)?));
                let parts: Result<Vec<String>, Missing> = list.iter().map(one).collect();
                parts?.join(" or ")
            }
            Test::Within(term, prefixes) => {
                let term = self.term(term)?;
                prefixes.iter().map(|prefix| within(&term, *prefix)).collect::<Vec<_>>().join(" or ")
            }
            Test::Match(pattern, term) => {
                self.since_3("`match`")?;
                format!("match('{pattern}', {})", self.term(term)?)
            }
            Test::Exists(accessor) => format!("{}.exists", self.place(accessor)?),
            Test::Member(class) => format!("member('{class}')"),
        })
    }

    /// A test within another, in brackets.
    fn part(&self, test: &Test) -> Result<String, Missing> {
        Ok(format!("({})", self.test(test)?))
    }

    fn since_3(&self, what: &str) -> Result<(), Missing> {
        match self.target {
            Target::Kea22 => Err(format!("Kea 2.2 has no {what}")),
            Target::Kea30 => Ok(()),
        }
    }

    fn term(&self, term: &Term) -> Result<String, Missing> {
        Ok(match term {
            Term::Literal(octets) => literal(&octets.0),
            Term::Value(accessor) => self.value(accessor)?,
            Term::Substring { of, start, length } => {
                let length = length.map_or_else(|| "all".to_owned(), |length| length.to_string());
                format!("substring({}, {start}, {length})", self.term(of)?)
            }
            Term::Split { of, delimiters, field } => {
                format!("split({}, {}, {field})", self.term(of)?, self.term(delimiters)?)
            }
            Term::Concat(parts) => {
                let mut parts = parts.iter().rev();
                let mut text = parts.next().map_or_else(|| Ok("''".to_owned()), |last| self.term(last))?;
                for part in parts {
                    text = format!("concat({}, {text})", self.term(part)?);
                }
                text
            }
            Term::IfElse { test, then, otherwise } => {
                format!("ifelse({}, {}, {})", self.test(test)?, self.term(then)?, self.term(otherwise)?)
            }
            Term::Lower(of) => {
                self.since_3("`lcase`")?;
                format!("lcase({})", self.term(of)?)
            }
            Term::Upper(of) => {
                self.since_3("`ucase`")?;
                format!("ucase({})", self.term(of)?)
            }
            Term::HexText { of, separator } => {
                format!("hexstring({}, {})", self.term(of)?, self.term(separator)?)
            }
            Term::AddressText(of) => format!("addrtotext({})", self.term(of)?),
            Term::NumberText(kind, of) => format!("{}({})", number_function(*kind), self.term(of)?),
        })
    }

    fn value(&self, accessor: &Accessor) -> Result<String, Missing> {
        let place = self.place(accessor)?;
        Ok(match accessor {
            Accessor::Option(_) | Accessor::SubOption(..) | Accessor::VendorOption(..) => {
                format!("{place}.hex")
            }
            Accessor::VendorClass(id) => {
                let id = id.map_or("*".to_owned(), |id| id.to_string());
                format!("vendor-class[{id}].data")
            }
            Accessor::Vendor(_) => {
                return Err("Kea can ask for a sub-option of `vendor[…]`, not for all of it".to_owned());
            }
            Accessor::VendorEnterprise
            | Accessor::VendorClassData(..)
            | Accessor::VendorClassEnterprise
            | Accessor::Packet(_) => place,
        })
    }

    fn place(&self, accessor: &Accessor) -> Result<String, Missing> {
        match accessor {
            Accessor::SubOption(43, _) => {
                Err("Kea reads option 43 only after it has put clients into classes".to_owned())
            }
            Accessor::SubOption(_, path) | Accessor::VendorOption(_, path) if path.len() > 1 => {
                self.since_3("sub-options of sub-options")?;
                Ok(accessor.to_string())
            }
            Accessor::Option(_)
            | Accessor::SubOption(..)
            | Accessor::Vendor(_)
            | Accessor::VendorOption(..)
            | Accessor::VendorEnterprise
            | Accessor::VendorClass(_)
            | Accessor::VendorClassData(..)
            | Accessor::VendorClassEnterprise
            | Accessor::Packet(_) => Ok(accessor.to_string()),
        }
    }
}

fn number_function(kind: NumberKind) -> &'static str {
    match kind {
        NumberKind::Int8 => "int8totext",
        NumberKind::Int16 => "int16totext",
        NumberKind::Int32 => "int32totext",
        NumberKind::Uint8 => "uint8totext",
        NumberKind::Uint16 => "uint16totext",
        NumberKind::Uint32 => "uint32totext",
    }
}

#[cfg(test)]
mod tests {
    use leasehold_schemas::vocab::HexBytes;

    use super::*;

    #[test]
    fn a_prefix_is_the_octets_that_its_addresses_begin_with() {
        let prefix = |text: &str| text.parse().expect("a prefix");
        assert_eq!(within("pkt4.giaddr", prefix("10.1.2.0/24")), "substring(pkt4.giaddr, 0, 3) == 0x0a0102");
        assert_eq!(
            within("x", prefix("10.1.2.0/23")),
            "(substring(hexstring(x, ''), 0, 6) == '0a0102' or substring(hexstring(x, ''), 0, 6) == '0a0103')"
        );
        assert_eq!(within("x", prefix("10.1.32.0/20")), "substring(hexstring(x, ''), 0, 5) == '0a012'");
        assert_eq!(within("x", prefix("10.1.2.3/32")), "x == 10.1.2.3");
    }

    #[test]
    fn what_2_2_has_no_words_for_is_named() {
        let lower = Term::Lower(Box::new(Term::Value(Accessor::Option(60))));
        let test = Test::Equal(lower, Term::Literal(HexBytes(b"pxe".to_vec())));
        assert!(test_text(&test, Target::Kea22).is_err());
        assert_eq!(test_text(&test, Target::Kea30).as_deref(), Ok("lcase(option[60].hex) == 'pxe'"));
        let list = Test::Not(Box::new(Test::In(
            Term::Value(Accessor::SubOption(82, vec![1])),
            vec![Term::Literal(HexBytes(vec![0])), Term::Literal(HexBytes(b"a".to_vec()))],
        )));
        assert_eq!(
            test_text(&list, Target::Kea22).as_deref(),
            Ok("not (relay4[1].hex == 0x00 or relay4[1].hex == 'a')")
        );
    }
}
