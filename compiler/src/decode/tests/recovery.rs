//! What is lost with a fault, and what is not.

use super::*;
use crate::parse::limits::FAULTS_MAX;

#[test]
fn one_bad_element_never_hides_its_siblings() {
    let text = "
version: 1
site: [bad]
networks:
  - name: user
    subnets:
      - subnet: 10.42.8.0/40
        reservations: [{mac: nonsense}]
      - subnet: 10.42.10.0/24
        pools: [10.42.10.1 - x, 10.42.10.20 - 10.42.10.30]
        reservations:
          - {mac: 52:54:00:12:34:56, ip: here}
          - {ip: 10.42.10.9}
          - {mac: 52:54:00:12:34:57, ip: 10.42.10.10}
";
    let mut sink = Sink::default();
    let tree = parse::parse(FileId(0), text.as_bytes(), &mut sink);
    let site = crate::decode::site("a.yaml", &tree, &mut sink).unwrap();
    assert_eq!(sink.into_sorted().len(), 6);
    assert!(site.gaps.incomplete);
    let [subnet] = &site.networks[0].subnets[..] else { panic!("one subnet is readable") };
    assert_eq!((subnet.pools.len(), subnet.reservations.len()), (1, 2));
    assert!(subnet.reservations[0].ip.is_none());
}

#[test]
fn a_site_without_its_code_is_known_by_its_path() {
    let code = |path: &str| {
        let mut sink = Sink::default();
        let tree = parse::parse(FileId(7), b"version: 1\nnetworks: []\n", &mut sink);
        crate::decode::site(path, &tree, &mut sink).unwrap().site.value.to_string()
    };
    assert_eq!(code("b.yaml"), "unnamed-site-b.yaml");
    let long = format!("{}.yaml", "w\u{177}/".repeat(40));
    let codes = [code("wales/b.yaml"), code("wales-b.yaml"), code(&long), code(&long[4..])];
    assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), 4, "{codes:?}");
}

#[test]
fn what_is_lost_is_known() {
    let gaps = |line: &str, by: &str| {
        let text = estate_with(line, by);
        let mut sink = Sink::default();
        let tree = parse::parse(FileId(0), text.as_bytes(), &mut sink);
        crate::decode::estate(&tree, &mut sink).unwrap().gaps
    };
    assert_eq!(gaps("code: 234", "code: 999").option_names, ["delivery-optimisation"]);
    assert!(gaps("  - name: 7", "  - nam: 7").classes);
    assert!(gaps("profiles:", "profile:").profiles);
    assert!(!gaps("lease: 24h", "lease: soon").profiles);
    assert!(gaps("option-definitions:", "option-def:").option_definitions);
    assert!(!gaps("estate: example-justice", "estate: other").incomplete);
}

#[test]
fn documents_that_are_none_are_one_fault() {
    for text in ["", "# nothing\n", "text", "[a, b]", "version: 3\nfoo: bar\n"] {
        for kind in [Kind::Estate, Kind::Site] {
            assert_eq!(findings(&kind, text).len(), 1, "{text}");
        }
    }
}

#[test]
fn a_file_of_nothing_but_faults_has_so_many_findings_and_no_more() {
    let keys = |count| (0..count).map(|key| format!("qq{key}: 1\n")).collect::<String>();
    let elements = "      - subnet: x\n".repeat(10_000);
    for text in
        [keys(200_000), format!("version: 1\nsite: x\nnetworks:\n  - name: n\n    subnets:\n{elements}")]
    {
        let found = findings(&Kind::Site, &text);
        assert_eq!(found.len(), FAULTS_MAX);
        let last = found.iter().max_by_key(|finding| finding.primary.span).unwrap();
        assert!(last.notes.iter().any(|note| note.contains("not shown")), "{last:?}");
    }
}
