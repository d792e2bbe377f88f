//! L608: class names that only a slip tells apart.

use std::collections::BTreeMap;

use crate::diag::{Diagnostic, Rule, Severity, Sink};
use crate::model::Estate;
use crate::resolve::BUILT_IN_CLASSES;

/// A class's name is that of another but for a slip.
pub static RULE: Rule = Rule {
    code: "L608",
    slug: "class-names-alike",
    severity: Severity::Warning,
    allowable: true,
    page: include_str!("names_alike.md"),
};

/// Reports each class whose name is that of a class before it, or of a built-in one, but for case and separators,
/// two neighbouring letters exchanged, a letter doubled, or a letter beside a digit that looks like one.
pub fn check(estate: &Estate, sink: &mut Sink) {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut looks: BTreeMap<String, usize> = BTreeMap::new();
    let classes: Vec<_> = estate.classes.values().collect();
    for (at, class) in classes.iter().enumerate() {
        let name = class.name.value.as_str();
        let plain = plain(name);
        let built_in = BUILT_IN_CLASSES
            .into_iter()
            .find(|built_in| *built_in != name && built_in.to_lowercase() == plain);
        if let Some(built_in) = built_in {
            let message = format!("class `{name}` is not the built-in class `{built_in}`");
            let diagnostic = Diagnostic::new(&RULE, class.name.span, message, "only its case differs");
            sink.push(diagnostic.with_help(format!("write `{built_in}`, or choose another name")));
            continue;
        }
        let look = look(&plain);
        let slip = slips(&plain).into_iter().find_map(|slip| seen.get(&slip).copied());
        let slip = slip.or_else(|| looks.get(&look).copied());
        if let Some(earlier) =
            slip.map(|at| classes[at]).filter(|earlier| earlier.name.value.as_str() != name)
        {
            let message = format!("classes `{}` and `{name}` have names alike", earlier.name.value);
            let label = "easily taken for the other";
            sink.push(
                Diagnostic::new(&RULE, class.name.span, message, label)
                    .with_secondary(earlier.name.span, "the other")
                    .with_help("give one of the two another name, or remove it if it is a slip"),
            );
            continue;
        }
        seen.entry(plain).or_insert(at);
        looks.entry(look).or_insert(at);
    }
}

/// With digits for the letters that look like them where they stand beside one: `win1o` is read as `win10`.
fn look(plain: &str) -> String {
    let mut look = plain.as_bytes().to_vec();
    for at in 0..look.len() {
        let before = at.checked_sub(1).and_then(|at| look.get(at)).is_some_and(u8::is_ascii_digit);
        if before || look.get(at + 1).is_some_and(u8::is_ascii_digit) {
            look[at] = match look[at] {
                b'o' => b'0',
                b'l' => b'1',
                other => other,
            };
        }
    }
    String::from_utf8(look).expect("only letters of ASCII were exchanged")
}

/// Without what the eye does not see: case, and separators that do not keep numbers apart.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    let octets = name.as_bytes();
    let digit = |at: Option<usize>| at.and_then(|at| octets.get(at)).is_some_and(u8::is_ascii_digit);
    let kept = |at: usize| {
        !matches!(octets[at], b'-' | b'_' | b'.') || (digit(at.checked_sub(1)) && digit(at.checked_add(1)))
    };
    name.char_indices().filter(|(at, _)| kept(*at)).map(|(_, letter)| letter).collect()
}

/// The name itself, and every name that one slip makes of it or of which one slip makes it. Digits are no slips:
/// `win12` is not `win21`.
fn slips(plain: &str) -> Vec<String> {
    const LENGTH_MIN: usize = 4;
    let octets = plain.as_bytes();
    let letter = |at: usize| octets.get(at).is_some_and(u8::is_ascii_alphabetic);
    let mut slips = vec![plain.to_owned()];
    for at in (0..octets.len()).filter(|at| letter(*at) && octets.len() >= LENGTH_MIN) {
        let (before, behind) = plain.split_at(at);
        let doubled = octets.get(at + 1) == Some(&octets[at]);
        if letter(at + 1) && !doubled {
            slips.push(format!("{before}{}{}{}", &behind[1..2], &behind[..1], &behind[2..]));
        }
        slips.push(if doubled {
            format!("{before}{}", &behind[1..])
        } else {
            format!("{before}{}{behind}", &behind[..1])
        });
    }
    slips
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alike(one: &str, other: &str) -> bool {
        slips(&plain(other)).contains(&plain(one))
    }

    #[test]
    fn letters_that_look_like_digits() {
        let alike = |one: &str, other: &str| look(&plain(one)) == look(&plain(other));
        assert!(alike("win1O", "win10") && alike("floor-l2", "floor-12") && alike("bo0k", "b00k"));
        assert!(!alike("pool", "poo1x") && !alike("solo", "so10") && !alike("pool-1", "pool-11"));
    }

    #[test]
    fn slips_and_other_names() {
        assert!(alike("pxe-bios", "PXE_bios"));
        assert!(alike("camera", "camrea"));
        assert!(alike("printer", "printter") && alike("printter", "printer"));
        assert!(alike("win10", "win-10") && alike("win-10", "win10"));
        assert!(!alike("floor-1-1", "floor-11") && !alike("a", "aa"));
        assert!(!alike("win10", "win11") && !alike("win12", "win21"));
        assert!(!alike("pxe-bios", "pxe-uefi") && !alike("lan", "wlan") && !alike("voip", "void"));
    }
}
