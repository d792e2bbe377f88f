//! Every packet that a finding shows is taken by `leasehold why`, which confirms what the finding says of it.

use leasehold_compiler::diag::Diagnostic;
use leasehold_compiler::why::{Described, Ground, answer};
use leasehold_compiler::{Cache, compile_to_explain};
use leasehold_golden_tests::case;
use leasehold_schemas::why::Why;

/// Cases whose findings show packets, and how many they show.
const CASES: [(&str, usize); 3] = [
    ("class-tests-that-tell-nobody-apart", 8),
    ("guards-that-nobody-passes", 8),
    ("values-that-never-win", 2),
];

#[test]
fn packets_in_notes_show_what_is_said_of_them() {
    for (name, least) in CASES {
        let folder = case::repository().join("golden-tests/cases/diagnostics").join(name);
        let sources = case::estate(&folder);
        let compilation = compile_to_explain(&sources, &mut Cache::none(), case::today());
        let ground = Ground::of_compilation(&compilation, &sources).expect("no error stands in the way");
        let mut shown = 0;
        for finding in &compilation.diagnostics {
            for note in &finding.notes {
                let Some((_, rest)) = note.split_once("`leasehold why ") else { continue };
                let (words, said) = rest.split_once('`').expect("a note closes its quotes");
                let words: Vec<&str> = words.split(' ').collect();
                let described = Described::parse(&words).expect("words that `why` takes");
                let question = described.question(ground.definitions()).expect("a packet");
                confirm(finding, said, &answer(&ground, &question));
                shown += 1;
            }
        }
        assert!(shown >= least, "{name} shows {shown} packets");
    }
}

/// Checks what the finding says of the packet.
fn confirm(finding: &Diagnostic, said: &str, why: &Why) {
    let names: Vec<&str> = finding.message.split('`').skip(1).step_by(2).collect();
    let holds = |name: &str| why.classes.iter().any(|class| class.name == name);
    let seen = format!("{}:{said}: {why:#?}", finding.message);
    match finding.rule.code {
        "L605" => assert!(!holds(names[0]), "{seen}"),
        "L606" => assert!(holds(names[0]), "{seen}"),
        "L607" => assert!(names.iter().all(|name| holds(name)), "{seen}"),
        // The message names the value first, then the class that sets it in vain.
        "L507" => assert!(holds(names[1]) && why.classes.len() > 1, "{seen}"),
        "L609" if said.ends_with("is dropped") => {
            assert!(why.silence.is_some() && why.guards.iter().all(|guard| guard.admits.is_some()), "{seen}");
        }
        "L609" => {
            let refused = why.guards.iter().find(|guard| guard.place == names[0]).expect("its guard");
            assert!(refused.admits.is_none(), "{seen}");
        }
        code => panic!("{code} shows a packet that nothing checks"),
    }
}
