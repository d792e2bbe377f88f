//! What is remembered is as good as new: after any edit a check that remembers finds what a first check finds, in the same
//! order, and compiles to the same bytes. And a rule that says it looks at one site finds in an estate what it finds
//! in each part.

use std::cell::Cell;

use leasehold_compiler::check::rules::{LooksAt, REGISTRY};
use leasehold_compiler::diag::{Diagnostic, Fix, Label, Sink};
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, Compilation, check, compile, compile_to_compare};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::estate_generator::generate;

/// Edits of each case, one after the other.
const EDITS: usize = 16;

/// A finding, all of it, but the rule's page.
type Shown<'a> =
    (&'static str, &'a str, &'a Label, &'a [Label], &'a [String], Option<&'a str>, Option<&'a Fix>);

fn shown(finding: &Diagnostic) -> Shown<'_> {
    let Diagnostic { rule, severity: _, message, primary, secondary, notes, help, fix, redundant: _ } =
        finding;
    (rule.code, message, primary, secondary, notes, help.as_deref(), fix.as_ref())
}

fn assert_same(warm: &Compilation, cold: &Compilation, after: &str) {
    let [warm_shown, cold_shown] =
        [warm, cold].map(|compilation| compilation.diagnostics.iter().map(shown).collect::<Vec<_>>());
    assert_eq!(warm_shown, cold_shown, "findings {after}");
    let digest = |compilation: &Compilation| compilation.artefact.as_ref().map(|artefact| artefact.digest);
    assert_eq!(digest(warm), digest(cold), "the artefact {after}");
    assert_eq!(warm.counts(), cold.counts(), "what there is {after}");
}

/// Numbers that look random (xorshift); the same seed gives the same ones.
struct Dice(Cell<u64>);

impl Dice {
    fn below(&self, end: usize) -> usize {
        let mut x = self.0.get();
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        self.0.set(x);
        usize::try_from(x % (end.max(1) as u64)).expect("below a length")
    }
}

/// One edit of the kind that people make, and programs that write files piece by piece.
fn edit(files: &mut Vec<SourceFile>, original: &[SourceFile], dice: &Dice) -> String {
    let at = dice.below(files.len());
    let path = files[at].path.clone();
    let text = String::from_utf8_lossy(&files[at].bytes).into_owned();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let line = dice.below(lines.len());
    let what = match dice.below(9) {
        0 if !lines.is_empty() => format!("without `{}`", lines.remove(line)),
        1 if !lines.is_empty() => {
            lines.insert(line, lines[line].clone());
            format!("with `{}` twice", lines[line])
        }
        2 if !lines.is_empty() => {
            let other = &original[dice.below(original.len())];
            let other = String::from_utf8_lossy(&other.bytes).into_owned();
            let words: Vec<&str> = other.split_whitespace().collect();
            let word = words.get(dice.below(words.len())).copied().unwrap_or_default().to_owned();
            let own: Vec<&str> = lines[line].split_whitespace().collect();
            let replaced = own.get(dice.below(own.len())).copied().unwrap_or_default().to_owned();
            lines[line] = lines[line].replacen(&replaced, &word, 1);
            format!("with `{word}` for `{replaced}`")
        }
        3 => {
            lines.insert(line, "# a comment".to_owned());
            "with a comment".to_owned()
        }
        4 if !lines.is_empty() => {
            lines[line].push_str(": [");
            "with a broken line".to_owned()
        }
        5 if files.len() > 1 => {
            files.remove(at);
            return format!("without {path}");
        }
        6 => {
            let bytes = files[at].bytes.clone();
            let copy = format!("{}{path}", ["a-", "m-", "z/"][dice.below(3)]);
            files.retain(|file| file.path != copy);
            files.push(SourceFile { path: copy.clone(), bytes });
            return format!("with a copy {copy}");
        }
        _ => {
            let whole = &original[dice.below(original.len())];
            files.retain(|file| file.path != whole.path);
            files.push(whole.clone());
            return format!("with {} as it was", whole.path);
        }
    };
    files[at].bytes = (lines.join("\n") + "\n").into_bytes();
    format!("{path} {what}")
}

fn edit_again_and_again(case: &Case, seed: u64) {
    let original: Vec<SourceFile> = case.estate().iter().map(|(_, file)| file.clone()).collect();
    let dice = Dice(Cell::new(seed));
    let (mut files, mut cache, mut history) = (original.clone(), Cache::default(), Vec::new());
    for number in 0..EDITS {
        let sources = Sources::new("", files.clone());
        let run = if number % 4 == 3 { compile } else { check };
        let warm = run(&sources, &mut cache, case::today());
        let cold = run(&sources, &mut Cache::none(), case::today());
        assert_same(&warm, &cold, &format!("of {} after {history:#?}", case.name));
        history.push(edit(&mut files, &original, &dice));
    }
}

#[test]
fn a_check_after_any_edit_finds_what_a_first_check_finds() {
    for (seed, case) in (1..).zip(case::find("diagnostics")) {
        edit_again_and_again(&case, 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
    }
}

#[test]
fn a_large_estate_is_checked_again_as_it_was_at_first() {
    let original: Vec<SourceFile> = generate(1, None)
        .into_iter()
        .map(|(path, text)| SourceFile { path, bytes: text.into_bytes() })
        .collect();
    let dice = Dice(Cell::new(7));
    let (mut files, mut cache, mut history) = (original.clone(), Cache::default(), Vec::new());
    for _ in 0..6 {
        let sources = Sources::new("", files.clone());
        let warm = check(&sources, &mut cache, case::today());
        assert_same(&warm, &check(&sources, &mut Cache::none(), case::today()), &format!("{history:#?}"));
        history.push(edit(&mut files, &original, &dice));
    }
}

#[test]
fn sides_that_are_compared_are_what_each_is_alone() {
    for (seed, case) in (1..).zip(case::find("diagnostics")) {
        let original: Vec<SourceFile> = case.estate().iter().map(|(_, file)| file.clone()).collect();
        let dice = Dice(Cell::new(0xD1B5_4A32_D192_ED03_u64.wrapping_mul(seed)));
        let mut files = original.clone();
        let history = [edit(&mut files, &original, &dice), edit(&mut files, &original, &dice)];
        let sides = [Sources::new("", original), Sources::new("", files)];
        let together = compile_to_compare(&[&sides[0], &sides[1]], &mut Cache::default(), case::today());
        for (side, one) in sides.iter().zip(&together) {
            let alone = compile(side, &mut Cache::none(), case::today());
            assert_same(one, &alone, &format!("of {} with {history:?}", case.name));
        }
    }
}

#[test]
fn a_rule_that_looks_at_one_site_finds_in_an_estate_what_it_finds_in_each_part() {
    for case in case::find("diagnostics") {
        let sources = case.estate();
        let found = check(&sources, &mut Cache::none(), case::today());
        // What is allowed or hidden is not among the findings.
        let hidden = found.diagnostics.iter().any(|finding| finding.rule.is_about_secrets());
        if hidden || !found.estate.allows.is_empty() {
            continue;
        }
        for registered in REGISTRY {
            match registered.looks_at {
                LooksAt::Site(_) | LooksAt::Lines(_) => {}
                LooksAt::Nothing | LooksAt::Repeats(..) | LooksAt::Estate(_) | LooksAt::Classes(_) => {
                    continue;
                }
            }
            let mut sink = Sink::default();
            registered.looks_at.ask(&found.estate, &mut sink);
            let whole = sink.into_sorted();
            let of_rule = |finding: &&Diagnostic| finding.rule.code == registered.rule.code;
            let parts: Vec<_> = found.diagnostics.iter().filter(of_rule).collect();
            // What may be removed is proposed when everything is found.
            let words = |finding: &Diagnostic| {
                let (code, message, primary, secondary, notes, help, _) = shown(finding);
                (
                    code,
                    message.to_owned(),
                    primary.clone(),
                    secondary.to_vec(),
                    notes.to_vec(),
                    help.map(str::to_owned),
                )
            };
            let whole: Vec<_> = whole.iter().map(words).collect();
            let parts: Vec<_> = parts.into_iter().map(words).collect();
            assert_eq!(whole, parts, "{} in {}", registered.rule.slug, case.name);
        }
    }
}
