//! Layout by example; and that nothing is lost, whatever the file.

use leasehold_schemas::source::FileId;
use proptest::prelude::*;

use super::{Unformattable, format};
use crate::grammar::Document;

#[track_caller]
fn formatted(document: Document, text: &str) -> String {
    let written = match format(document, FileId(0), text.as_bytes()) {
        Ok(written) => String::from_utf8(written).unwrap(),
        Err(refused) => panic!("{refused:?} of\n{text}"),
    };
    let again = format(document, FileId(0), written.as_bytes());
    let again = again.unwrap_or_else(|refused| panic!("{refused:?} of what was written:\n{written}"));
    assert_eq!(String::from_utf8(again).unwrap(), written, "formatted twice, of\n{text}");
    written
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(formatted(Document::Site, text), expected);
}

#[track_caller]
fn check_estate(text: &str, expected: &str) {
    assert_eq!(formatted(Document::Estate, text), expected);
}

#[test]
fn keys_stand_in_the_languages_order_and_small_things_in_brackets() {
    check(
        "networks:\n- subnets:\n  - reservations:\n    - ip: 10.0.0.5\n      mac: 52-54-00-AA-bb-01\n    pools:\n    - 10.0.0.10-10.0.0.20\n    \
         subnet: 10.0.0.0/24\n  name: user\nversion: 1\nsite: A\n",
        "version: 1\nsite: A\nnetworks:\n  - name: user\n    subnets:\n      - subnet: 10.0.0.0/24\n        \
         pools: [10.0.0.10 - 10.0.0.20]\n        reservations:\n          - {mac: \"52:54:00:aa:bb:01\", ip: 10.0.0.5}\n",
    );
    check_estate(
        "profiles: {a: {lease: 3600}, b: {options: {routers: [10.0.0.1]}}}\nestate: x\nversion: 1\n",
        "version: 1\nestate: x\nprofiles:\n  a: {lease: 1h}\n  b:\n    options: {routers: [10.0.0.1]}\n",
    );
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        "# about the site\nsite: A # code\n# about the version\nversion: 1\n\n\n# networks\nnetworks: # all\n# first\n- # a dash\n  name: x # name\n  \
         # deep\n  subnets: [] # none\n  # end of x\n# end of all\n",
        "# about the version\nversion: 1\n# about the site\nsite: A # code\n\n# networks\nnetworks: # all\n  # first\n  # a dash\n  - name: x # name\n    \
         # deep\n    subnets: [] # none\n    # end of x\n# end of all\n",
    );
}

#[test]
fn a_comment_in_brackets_makes_them_a_block() {
    check(
        "networks: [{name: x, # the name\n  subnets: [ # all\n  {subnet: 10.0.0.0/24, pools: [10.0.0.1, # one\n 10.0.0.2\n # last\n]}]}]\n",
        "networks:\n  - name: x # the name\n    subnets:\n      # all\n      - subnet: 10.0.0.0/24\n        pools:\n          - 10.0.0.1 # one\n          \
         - 10.0.0.2\n          # last\n",
    );
    check("reply-to: # why\n  # and how\n  giaddr # so\n", "# and how\n# why\nreply-to: giaddr # so\n");
    check("networks: [ # none\n  ]\n", "networks: [] # none\n");
}

#[test]
fn what_introduces_a_file_stays_on_top() {
    check(
        "# yaml-language-server: $schema=x\nsite: A\nversion: 1\n",
        "# yaml-language-server: $schema=x\nversion: 1\nsite: A\n",
    );
    check("# Somebody's.\n\n# of A\nsite: A\nversion: 1\n", "# Somebody's.\n\nversion: 1\n# of A\nsite: A\n");
    check("%YAML 1.2 # old\n--- # begin\nsite: A\n...\n# after\n", "# old\n# begin\nsite: A\n# after\n");
    check("# nothing\n", "# nothing\n");
    check("", "");
}

#[test]
fn texts_of_several_lines_keep_their_lines() {
    check_estate(
        "classes:\n- match: | # either\n    a\n     b\n\n  name: x\n- name: y\n  match: >-\n      folded\n      text\n\n      more\n# end\n",
        "classes:\n  - name: x\n    match: | # either\n      a\n       b\n  - name: y\n    match: >-\n      folded\n      text\n\n      more\n# end\n",
    );
    check(
        "name: \"a\n    b \\\n  c\"  # quoted\nprofile: plain\n   text\n",
        "name: \"a\n  b \\\n  c\" # quoted\nprofile: plain\n  text\n",
    );
    check("name: |+\n  a\n\n\nsite: A\n", "site: A\nname: |+\n  a\n\n\n");
    check("name: |2\n    a\n   b\nsite: |\n  \n", "site: \"\"\nname: |2\n    a\n   b\n");
}

#[test]
fn a_scalar_keeps_its_meaning_in_brackets() {
    check(
        "reservations:\n- mac: 525400123456\n  description: a, b [c] {d} # e\n- client-id: '0x01'\n  hostname: it's\n  description: 'say \"x\"'\n- duid: ~\n  \
         description:\n",
        "reservations:\n  - mac: \"52:54:00:12:34:56\"\n    description: a, b [c] {d} # e\n  - {client-id: \"0x01\", hostname: it's, description: 'say \"x\"'}\n  \
         - {duid: null, description: null}\n",
    );
    check(
        "reservations:\n- mac: 525400123456\n  description: a, b\n",
        "reservations:\n  - {mac: \"52:54:00:12:34:56\", description: \"a, b\"}\n",
    );
}

#[test]
fn long_rows_become_blocks() {
    let long = "x".repeat(180);
    check(
        &format!("reservations: [{{mac: 525400123456, description: {long}}}]\n"),
        &format!("reservations:\n  - mac: \"52:54:00:12:34:56\"\n    description: {long}\n"),
    );
    let relays: Vec<String> = (0..10).map(|at| format!("10.0.0.{at}")).collect();
    check(
        &format!("networks: [{{name: a, relays: [{}], subnets: []}}]\n", relays.join(", ")),
        &format!("networks:\n  - name: a\n    relays: [{}]\n    subnets: []\n", relays.join(", ")),
    );
    let relays: Vec<String> = (100..114).map(|at| format!("10.0.0.{at}")).collect();
    check(
        &format!("networks: [{{name: a, relays: [{}], subnets: []}}]\n", relays.join(", ")),
        &format!(
            "networks:\n  - name: a\n    relays:\n      - {}\n    subnets: []\n",
            relays.join("\n      - ")
        ),
    );
}

#[test]
fn line_ends_and_marks() {
    check("\u{feff}site: A", "site: A\n");
    check("site: A\r\nversion: 1 # x\r\n", "version: 1 # x\r\nsite: A\r\n");
    check("site: A\t# x\t\n", "site: A # x\n");
    check("a: 1\r# c\rb: 2", "a: 1\n# c\nb: 2\n");
}

#[test]
fn what_cannot_be_read_is_refused_with_its_findings() {
    for text in ["a: [", "a: &x 1", "a: 1\na: 2", "a: 1\n---\nb: 2", "\u{1}"] {
        match format(Document::Site, FileId(3), text.as_bytes()) {
            Err(Unformattable::Faulty(faults)) => {
                assert!(faults.iter().all(|fault| fault.primary.span.file == FileId(3)), "{text}");
                assert!(!faults.is_empty(), "{text}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(format(Document::Site, FileId(0), b"\xff"), Err(Unformattable::Faulty(_))));
}

#[test]
fn unknown_keys_stay_behind_the_known_ones() {
    check("zzz: {b: 1, a: [x]}\nsite: A\naaa: 1\n", "site: A\nzzz: {b: 1, a: [x]}\naaa: 1\n");
}

/// Bits of YAML, of which most sequences are wrong and many are not.
fn soup() -> impl Strategy<Value = String> {
    let bit = prop::sample::select(vec![
        "a: ",
        "b:",
        "options: ",
        "mac: 525400123456",
        "- ",
        "-\n",
        "\n",
        "\n",
        "\n  ",
        "\n    ",
        "\n# c\n",
        " # c\n",
        "  # c\n",
        "[",
        "]",
        "{",
        "}",
        ", ",
        "x",
        "y z",
        "'q'",
        "\"r\"",
        "\"s\n t\"",
        "|\n",
        ">-\n",
        "|+\n",
        "\n\n",
        "? ",
        "~",
        "\t",
        "networks:",
        "subnets:\n",
        "lease: 60",
        "x: y",
        "-x",
        "#n",
        ":",
        "é",
        "- - z",
        "---\n",
        "|2\n",
    ]);
    prop::collection::vec(bit, 0..24).prop_map(|bits| bits.concat())
}

/// Files as people write them, with comments and blanks in odd places.
fn scribbled() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "version: 1",
        "site: A",
        "networks:",
        "  - name: x",
        "    subnets:",
        "      - subnet: 10.0.0.0/24",
        "        pools: [10.0.0.1,",
        "          10.0.0.2]",
        "        options: {routers: [10.0.0.1]}",
        "        options:",
        "          routers: [10.0.0.1]",
        "          domain-name: x",
        "        reservations:",
        "          - {mac: 525400123456, ip: 10.0.0.3}",
        "          - mac: 525400123457",
        "            ip: 10.0.0.4",
        "- a",
        "name: >-",
        "  folded",
        "  more",
        "description: |",
        "  # no comment",
        "",
        "lease: 8h",
        "profile:",
    ]);
    let comment = prop::sample::select(vec![
        "",
        "",
        "",
        " # c",
        "\n# c",
        "\n  # c",
        "\n    # c",
        "\n          # c",
        "\n\n# c",
        "\n",
    ]);
    prop::collection::vec((line, comment), 0..16)
        .prop_map(|lines| lines.iter().map(|(line, comment)| format!("{line}{comment}\n")).collect())
}

/// Formats what can be read, and holds it to what is promised; `sure`: it may not be left alone.
fn keeps_everything(text: &str, sure: bool) {
    for document in [Document::Site, Document::Estate] {
        match format(document, FileId(0), text.as_bytes()) {
            Err(Unformattable::Faulty(_)) => {}
            Err(Unformattable::Unsure) => assert!(!sure, "not sure of {text:?}"),
            Ok(written) => {
                let written = String::from_utf8(written).unwrap();
                assert_eq!(formatted(document, &written), written);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    // What no estate has, such as a key of several lines or a tab in a word, may be left alone, which is said.
    #[test]
    fn any_text_is_kept(text in soup()) {
        keeps_everything(&text, false);
    }

    #[test]
    fn any_estate_is_kept(text in scribbled()) {
        keeps_everything(&text, true);
    }
}
