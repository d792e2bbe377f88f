use super::*;

fn read(text: &str) -> Result<Document, Fault> {
    read_with(text, &mut |name, _| Err(format!("there is no `{name}`")))
}

fn read_with(text: &str, load: &mut Load<'_>) -> Result<Document, Fault> {
    Document::read(file("a.json", text), load)
}

fn file(name: &str, text: &str) -> Loaded {
    Loaded { identity: name.to_owned(), name: name.to_owned(), bytes: text.as_bytes().to_vec() }
}

#[track_caller]
fn check_read(text: &str, expected: &str) {
    let document = read(text).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(document.text(document.root()), expected);
}

#[track_caller]
fn check_fault(text: &str, expected: &str) {
    assert_eq!(read(text).expect_err("the text is wrong").to_string(), expected);
}

#[test]
fn comments_and_a_last_comma_are_no_fault() {
    check_read(
        "# one\n{ // two\n \"a\": [1, .5, -2,], /* three\n */ \"b\": {\"c\": true,},}\n#end",
        r#"{"a":[1,0.5,-2],"b":{"c":true}}"#,
    );
    check_read(r#""\u0041\n\ud83d\ude00 // no comment""#, "\"A\\n\u{1f600} // no comment\"");
}

#[test]
fn an_included_file_may_hold_any_tokens() {
    let mut load = |name: &str, _: &str| {
        Ok(match name {
            "members" => file("members", "\"b\": 2, \"c\": <?include \"value\"?>"),
            _ => file("value", "// only a value\n[3]"),
        })
    };
    let text = "{\"a\": 1, <?include \"members\"?>, \"d\": <?include  \"value\" ?>}";
    let document = read_with(text, &mut load).unwrap();
    assert_eq!(document.text(document.root()), r#"{"a":1,"b":2,"c":[3],"d":[3]}"#);
    assert_eq!(document.files, ["a.json", "members", "value", "value"]);
}

#[test]
fn a_file_that_includes_itself_is_a_fault() {
    let mut load = |name: &str, _: &str| Ok(file(name, "<?include \"b\"?>"));
    let fault = read_with("[<?include \"b\"?>]", &mut load).expect_err("a loop");
    assert_eq!(fault.to_string(), "b:1:1: `b` includes itself");
    let mut deeper = |name: &str, _: &str| Ok(file(&format!("{name}x"), &format!("<?include \"{name}x\"?>")));
    let fault = read_with("[<?include \"b\"?>]", &mut deeper).expect_err("no end");
    assert!(fault.message.contains("more than 10 deep"), "{fault}");
    check_fault("[<?include \"none\"?>]", "a.json:1:2: cannot include `none`: there is no `none`");
}

#[test]
fn the_last_of_two_values_counts_and_both_places_are_known() {
    let document = read("{\"a\": 1,\n \"b\": 2,\n \"a\": 3}").unwrap();
    assert_eq!(document.text(document.root()), r#"{"a":3,"b":2}"#);
    let (later, earlier) = document.repeated[0];
    assert_eq!((document.path(later), document.place(later).line, earlier.line), ("a".to_owned(), 3, 1));
}

#[test]
fn a_value_has_its_path() {
    let document = read(r#"{"Dhcp4": {"subnet4": [{}, {"odd key": [7]}]}}"#).unwrap();
    let last = NodeId(u32::try_from(document.len() - 1).unwrap());
    assert_eq!(document.path(last), "Dhcp4.subnet4[1].\"odd key\"[0]");
    assert_eq!(document.path(document.root()), "");
}

#[test]
fn what_is_cut_short_or_wrong_is_told_at_its_place() {
    check_fault("", "a.json:1:1: the file is empty; name a configuration of Kea's");
    let shortened = "the map that begins here is not closed by `}`: the file may be cut short";
    check_fault(
        "\n {\"a\": [1",
        "a.json:2:8: the list that begins here is not closed by `]`: the file may be cut short",
    );
    check_fault("{\"a\": {", &format!("a.json:1:7: {shortened}"));
    check_fault("{\"a\":", &format!("a.json:1:1: {shortened}"));
    check_fault("{\"a\": \"b\n", "a.json:1:7: the text that begins here is not closed by `\"` on its line");
    check_fault("{} {}", "a.json:1:4: expected the end of the file, found `{`");
    check_fault("{\"a\" 1}", "a.json:1:6: expected `:` behind key `a`, found a number");
    check_fault("[1,,2]", "a.json:1:4: expected a value, found `,`");
    check_fault("{a: 1}", "a.json:1:2: `a` is no value; text stands in double quotes");
    check_fault("[True]", "a.json:1:2: write `true` in lower case");
    check_fault("/* x", "a.json:1:1: the comment that begins here is not closed by `*/`");
    check_fault("[1.2.3]", "a.json:1:2: `1.2.3` is no number");
    check_fault("[\u{e9}]", "a.json:1:2: `\u{e9}` begins no value");
    let deep = "[".repeat(100);
    assert!(read(&deep).expect_err("too deep").message.contains("more than 64 deep"));
}

proptest::proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{},:\"a1 #/*<?>\\\\\\n.-]{0,60}") {
        let _ = read(&text);
    }
}
