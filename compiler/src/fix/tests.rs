use proptest::prelude::*;

use super::*;

const ESTATE: &str = "version: 1\nestate: x\nprofiles:\n  court: {lease: 12h}   # the usual\n";

fn fixed(site: &str) -> Fixed {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.into() };
    let sources = Sources::new("", vec![file("a.yaml", site), file("estate.yaml", ESTATE)]);
    fix(sources, Date::new(2026, 11, 1).unwrap(), |_| true)
}

#[track_caller]
fn check_fix(before: &str, after: &str) {
    let head = "version: 1\nsite: A\nnetworks:\n  - name: user\n    subnets:\n";
    let fixed = fixed(&format!("{head}{before}"));
    let text = String::from_utf8(fixed.sources.file(FileId(0)).bytes.clone()).unwrap();
    assert_eq!(text, format!("{head}{after}"));
    assert_eq!(fixed.changed.contains(&FileId(0)), before != after);
}

#[test]
fn what_can_only_mean_one_thing_is_mended_and_comments_stay() {
    check_fix(
        "      - subnet: 10.1.0.7/24   # wired\r\n        pool: [10.1.0.20 .. 10.1.0.60]  # all\r\n",
        "      - subnet: 10.1.0.0/24   # wired\r\n        pools: [10.1.0.20 - 10.1.0.60]  # all\r\n",
    );
    check_fix(
        "      - subnet: 10.1.0.0/255.255.255.0\n        pools: 10.1.0.20 - 10.1.0.60\n        lease: 8 hours\n",
        "      - subnet: 10.1.0.0/24\n        pools: [10.1.0.20 - 10.1.0.60]\n        lease: 8h\n",
    );
}

#[test]
fn what_could_mean_something_else_is_left_alone() {
    for text in [
        // The mask may be wrong, not the address.
        "      - subnet: 10.1.1.0/23\n        pools: [10.1.1.20 - 10.1.1.60]\n",
        // Which of the two ends is mistyped?
        "      - subnet: 10.1.0.0/24\n        pools: [10.1.0.60 - 10.1.0.20]\n",
        // Octal or decimal?
        "      - subnet: 10.1.0.0/24\n        pools: [10.1.0.020 - 10.1.0.60]\n",
        // A pool that is cut gives fewer clients an address.
        "      - subnet: 10.1.0.0/24\n        pools: [10.1.0.20 - 10.1.1.60]\n",
        // Both cannot be `pools`.
        "      - subnet: 10.1.0.0/24\n        pool: [10.1.0.20 - 10.1.0.60]\n        poools: [10.1.0.70]\n",
    ] {
        check_fix(text, text);
    }
}

#[test]
fn entries_that_do_nothing_go_with_the_lines_they_have_for_themselves() {
    let subnet = "      - subnet: 10.1.0.0/24\n        pools: [10.1.0.20 - 10.1.0.60]\n";
    let unused = "{rule: reservation-in-pool, reason: once}";
    check_fix(&format!("{subnet}        allow: [{unused}]\n"), subnet);
    check_fix(&format!("{subnet}        allow:\n          - {unused}\n"), subnet);
    let beside = format!("{subnet}        allow: [{unused}]   # since 2024\n");
    check_fix(&beside, &beside);
    let printer = "          - {mac: \"52:54:00:12:34:56\", ip: 10.1.0.9, hostname: prn-1}\n";
    let other = "          - {mac: \"52:54:00:12:34:57\", ip: 10.1.0.8}\n";
    check_fix(
        &format!("{subnet}        reservations:\n{printer}{other}{printer}"),
        &format!("{subnet}        reservations:\n{printer}{other}"),
    );
}

/// The comments of a text in which no value holds a `#`.
fn comments(text: &str) -> Vec<&str> {
    let mut found: Vec<&str> = text.lines().filter_map(|line| line.find('#').map(|at| &line[at..])).collect();
    found.sort_unstable();
    found
}

fn lines() -> impl Strategy<Value = String> {
    let subnet = prop::sample::select(vec![
        "      - subnet: 10.1.0.0/24",
        "      - subnet: 10.1.0.9/24",
        "      - subnt: 10.2.0.0/24",
        "      - subnet: 10.3.0.0/255.255.255.0",
        "      - {subnet: 10.4.0.0/24, pool: [10.4.0.9]}",
    ]);
    let inner = prop::sample::select(vec![
        "        pool: [10.1.0.20..10.1.0.60]",
        "        pools: 10.1.0.70 - 10.1.0.80",
        "        lease: 8 hours",
        "        id: \"7\"",
        "        allow: [{rule: reservation-in-pool, reason: once}]",
        "        allow: [{rule: reservation-in-pol, reason: once}, {rule: exhausted-pool, reason: x}]",
        "        authoritative: yes",
        "        options: {routers: [10.1.0.1], domain-nam: a.example}",
        "",
        "        reservations:\n          - {mac: 52-54-00-12-34-56, ip: 10.1.0.9}\n          - {mac: 52-54-00-12-34-56, ip: 10.1.0.9}",
    ]);
    let comment = prop::sample::select(vec!["", "", "   # why", "  #x"]);
    let entry = (subnet, comment.clone(), prop::collection::vec((inner, comment), 0..5));
    prop::collection::vec(entry, 1..4).prop_map(|entries| {
        let mut text =
            "version: 1\nsite: A\nprofile: cuort # usual\nnetworks:\n  - name: user\n    subnets:\n"
                .to_owned();
        for (subnet, comment, inner) in entries {
            text += &format!("{subnet}{comment}\n");
            for (line, comment) in inner {
                text += &format!("{line}{comment}\n");
            }
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn fixed_text_parses_no_worse_keeps_its_comments_and_stays(text in lines()) {
        let once = fixed(&text);
        let result = String::from_utf8(once.sources.file(FileId(0)).bytes.clone()).unwrap();
        prop_assert_eq!(comments(&text), comments(&result));
        prop_assert!(faults(FileId(0), result.as_bytes()) <= faults(FileId(0), text.as_bytes()));
        prop_assert_eq!(result != text, !once.applied.is_empty());
        let twice = fixed(&result);
        prop_assert!(twice.changed.is_empty(), "{:?}", twice.applied);
    }
}
