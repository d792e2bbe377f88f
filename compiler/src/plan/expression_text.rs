//! A class's test as an expression: as it is written where there are files, else put into words again.

use leasehold_schemas::artefact::{Accessor, Class, NumberKind, Term, Test};

use super::effective::Effective;

/// The expression; `None` for a class without one.
pub fn expression(side: &Effective, class: &Class) -> Option<String> {
    let test = class.test.as_ref()?;
    Some(side.expressions.get(&class.name).cloned().unwrap_or_else(|| test_text(test)))
}

/// The test in words.
pub fn test_text(test: &Test) -> String {
    match test {
        Test::Constant(true) => "true".to_owned(),
        Test::Constant(false) => "false".to_owned(),
        Test::And(tests) => tests.iter().map(part_text).collect::<Vec<String>>().join(" and "),
        Test::Or(tests) => tests.iter().map(part_text).collect::<Vec<String>>().join(" or "),
        Test::Not(test) => match &**test {
            Test::Equal(left, right) => format!("{} != {}", term_text(left), term_text(right)),
            test => format!("not {}", part_text(test)),
        },
        Test::Equal(left, right) => format!("{} == {}", term_text(left), term_text(right)),
        Test::In(term, list) => {
            let list: Vec<String> = list.iter().map(term_text).collect();
            format!("{} in ({})", term_text(term), list.join(", "))
        }
        Test::Within(term, prefixes) => {
            let prefixes: Vec<String> = prefixes.iter().map(ToString::to_string).collect();
            format!("{} in ({})", term_text(term), prefixes.join(", "))
        }
        Test::Match(pattern, term) => format!("match('{pattern}', {})", term_text(term)),
        Test::Exists(accessor) => format!("{accessor}.exists"),
        Test::Member(class) => format!("member('{class}')"),
    }
}

/// A test within another: in brackets where it would be read otherwise.
fn part_text(test: &Test) -> String {
    match test {
        Test::And(_) | Test::Or(_) => format!("({})", test_text(test)),
        Test::Constant(_)
        | Test::Not(_)
        | Test::Equal(..)
        | Test::In(..)
        | Test::Within(..)
        | Test::Match(..)
        | Test::Exists(_)
        | Test::Member(_) => test_text(test),
    }
}

fn term_text(term: &Term) -> String {
    match term {
        Term::Literal(octets) => {
            let is_text = |octet: &u8| matches!(octet, b' '..=b'~') && *octet != b'\'';
            match std::str::from_utf8(&octets.0).ok().filter(|_| octets.0.iter().all(is_text)) {
                Some(text) => format!("'{text}'"),
                None => format!("0x{octets}"),
            }
        }
        Term::Value(accessor) => value_text(accessor),
        Term::Substring { of, start, length } => {
            let length = length.map_or_else(|| "all".to_owned(), |length| length.to_string());
            format!("substring({}, {start}, {length})", term_text(of))
        }
        Term::Split { of, delimiters, field } => {
            format!("split({}, {}, {field})", term_text(of), term_text(delimiters))
        }
        Term::Concat(parts) => parts.iter().map(term_text).collect::<Vec<String>>().join(" + "),
        Term::IfElse { test, then, otherwise } => {
            format!("ifelse({}, {}, {})", test_text(test), term_text(then), term_text(otherwise))
        }
        Term::Lower(of) => format!("lcase({})", term_text(of)),
        Term::Upper(of) => format!("ucase({})", term_text(of)),
        Term::HexText { of, separator } => format!("hexstring({}, {})", term_text(of), term_text(separator)),
        Term::AddressText(of) => format!("addrtotext({})", term_text(of)),
        Term::NumberText(kind, of) => {
            let name = match kind {
                NumberKind::Int8 => "int8totext",
                NumberKind::Int16 => "int16totext",
                NumberKind::Int32 => "int32totext",
                NumberKind::Uint8 => "uint8totext",
                NumberKind::Uint16 => "uint16totext",
                NumberKind::Uint32 => "uint32totext",
            };
            format!("{name}({})", term_text(of))
        }
    }
}

fn value_text(accessor: &Accessor) -> String {
    match accessor {
        Accessor::Option(_)
        | Accessor::SubOption(..)
        | Accessor::Vendor(_)
        | Accessor::VendorOption(..)
        | Accessor::VendorClass(_) => format!("{accessor}.hex"),
        Accessor::VendorEnterprise
        | Accessor::VendorClassData(..)
        | Accessor::VendorClassEnterprise
        | Accessor::Packet(_) => accessor.to_string(),
    }
}
