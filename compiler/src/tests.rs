//! The phases together, on small estates.

use leasehold_schemas::artefact::{OptionValue, Reservation, Subnet};
use leasehold_schemas::vocab::{AddrRange, Date, HexBytes, Layer, OptionCode, Seconds, Space};

use crate::lower::{Parameter, Place, ValueName};
use crate::source::{SourceFile, Sources};
use crate::{Cache, Compilation, compile};

const ESTATE: &str = "\
version: 1
estate: example-justice
options:
  domain-name: example.internal
  domain-name-servers: [10.255.0.53, 10.255.1.53]
lease: {default: 8h, min: 10m, max: 24h}
option-definitions:
  delivery-optimisation: {code: 234, type: string}
classes:
  - name: win10
    match: option[77].hex == 'W10PROD'
    options: {domain-name: win.example.internal}
  - name: pxe
    match: substring(option[60].hex,0,9) == 'PXEClient'
profiles:
  court: {lease: 12h, options: {ntp-servers: [10.255.0.123]}}
";

const CARDIFF: &str = "\
version: 1
site: FITS-0042
name: Cardiff Example Court
profile: court
options: {delivery-optimisation: 00000000-0000-4000-8000-000000000042}
networks:
  - name: user
    relays: [10.42.7.1]
    subnets:
      - subnet: 10.42.8.0/23
        id: 1417
        pools: [10.42.8.20 - 10.42.9.250]
        exclude:
          - 10.42.8.100
          - {range: 10.42.8.110 - 10.42.8.119, reason: door controllers}
        lease: 4h
        options: {routers: [10.42.8.1], domain-name: null}
        classes:
          - {class: win10, options: {domain-name: cardiff.win.example.internal}}
          - {class: pxe, options: {boot-file-name: boot.efi}, lease: 30m}
        reservations:
          - {mac: \"52:54:00:12:34:56\", ip: 10.42.8.5, hostname: prn-1}
          - {circuit-id: \"0x00010203\", ip: 10.42.8.6, options: {routers: [10.42.8.2]}}
";

const BRISTOL: &str = "\
version: 1
site: FITS-0107
networks:
  - name: voice
    subnets:
      - subnet: 10.42.10.0/24
        pools: [10.42.10.20 - 10.42.10.250]
";

fn today() -> Date {
    Date::new(2026, 7, 1).unwrap()
}

fn sources(files: &[(&str, &str)]) -> Sources {
    let file = |(path, text): &(&str, &str)| SourceFile {
        path: (*path).to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    Sources::new("", files.iter().map(file).collect())
}

fn compiled(files: &[(&str, &str)]) -> Compilation {
    compile(&sources(files), &mut Cache::none(), today())
}

/// The findings as `CODE PATH:LINE`.
fn findings(files: &[(&str, &str)]) -> Vec<String> {
    let sources = sources(files);
    let compilation = compile(&sources, &mut Cache::none(), today());
    let at = |finding: &crate::diag::Diagnostic| {
        let span = finding.primary.span;
        let file = sources.file(span.file);
        let line = 1 + file.bytes[..span.start as usize].iter().filter(|byte| **byte == b'\n').count();
        format!("{} {}:{line}", finding.rule.code, file.path)
    };
    compilation.diagnostics.iter().map(at).collect()
}

fn bytes(files: &[(&str, &str)]) -> Vec<u8> {
    let compilation = compiled(files);
    assert_eq!(compilation.diagnostics.len(), 0, "{:#?}", compilation.diagnostics);
    compilation.artefact.unwrap().bytes
}

fn option(options: &[OptionValue], code: u8) -> &OptionValue {
    let here = |option: &&OptionValue| option.space == Space::Dhcp4 && option.code == OptionCode(code);
    options.iter().find(here).unwrap()
}

#[test]
fn every_place_keeps_what_it_said_and_what_it_inherits() {
    let compilation = compiled(&[("estate.yaml", ESTATE), ("a.yaml", CARDIFF)]);
    assert_eq!(compilation.diagnostics.len(), 0, "{:#?}", compilation.diagnostics);
    let estate = compilation.artefact.unwrap().estate;
    let subnet: &Subnet = &estate.sites[0].networks[0].subnets[0];
    let set = &estate.value_sets[subnet.values as usize];
    let domain_name = option(&set.options, 15);
    assert_eq!((domain_name.layer, &domain_name.value), (Layer::Subnet, &None));
    assert_eq!(option(&set.options, 6).layer, Layer::Estate);
    assert_eq!(option(&set.options, 42).layer, Layer::Profile);
    assert_eq!(option(&set.options, 234).layer, Layer::Site);
    let lease = set.parameters.lease_default_secs.unwrap();
    assert_eq!((lease.layer, lease.value), (Layer::Subnet, Some(Seconds(4 * 3600))));
    let max = set.parameters.lease_max_secs.unwrap();
    assert_eq!((max.layer, max.value), (Layer::Estate, Some(Seconds(24 * 3600))));
    assert_eq!(set.parameters.authoritative, None);

    let meanings = &estate.meanings[subnet.meanings as usize];
    let names: Vec<&str> = meanings.iter().map(|meaning| meaning.class.as_str()).collect();
    assert_eq!(names, ["win10", "pxe"]);
    let win10 = option(&estate.value_sets[meanings[0].values as usize].options, 15);
    assert_eq!(win10.value, Some(HexBytes(b"cardiff.win.example.internal".to_vec())));

    let range = |text: &str| text.parse::<AddrRange>().unwrap();
    let left = ["10.42.8.20 - 10.42.8.99", "10.42.8.101 - 10.42.8.109", "10.42.8.120 - 10.42.9.250"];
    assert_eq!(subnet.pools[0].ranges, left.map(range));
    assert_eq!(subnet.id, 1417);
    let identified = |reservation: &Reservation| format!("{:?}", reservation.identifier);
    let order: Vec<String> = subnet.reservations.iter().map(identified).collect();
    assert!(order[0].starts_with("Mac") && order[1].starts_with("CircuitId"), "{order:?}");
}

#[test]
fn only_content_decides_the_bytes() {
    let plain = bytes(&[("estate.yaml", ESTATE), ("a.yaml", CARDIFF), ("b.yaml", BRISTOL)]);
    let moved = bytes(&[("wales/z.yaml", CARDIFF), ("estate.yaml", ESTATE), ("b.yaml", BRISTOL)]);
    assert_eq!(plain, moved);
    let remarked = CARDIFF.replace(
        "site: FITS-0042\nname: Cardiff Example Court\n",
        "# Moved in 2019.\nname: Cardiff Example Court\nsite: 'FITS-0042'\n",
    );
    assert_eq!(plain, bytes(&[("estate.yaml", ESTATE), ("a.yaml", &remarked), ("b.yaml", BRISTOL)]));
    let other = CARDIFF.replace("10.42.8.100", "10.42.8.101");
    assert_ne!(plain, bytes(&[("estate.yaml", ESTATE), ("a.yaml", &other), ("b.yaml", BRISTOL)]));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let broken = CARDIFF
        .replace("profile: court", "profile: cuort")
        .replace("user", "usr")
        .replace("routers", "ruters");
    let files = [("estate.yaml", ESTATE), ("a.yaml", &broken), ("b.yaml", BRISTOL), ("c.yaml", BRISTOL)];
    let sound = [("estate.yaml", ESTATE), ("a.yaml", CARDIFF), ("b.yaml", BRISTOL)];
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| (format!("{:?}", compiled(&files).diagnostics), bytes(&sound)))
    };
    assert_eq!(with(1), with(4));
}

#[test]
fn one_mistake_is_one_finding_wherever_it_stands() {
    let check = |estate: &str, cardiff: &str| {
        findings(&[("estate.yaml", estate), ("a.yaml", cardiff), ("b.yaml", BRISTOL)])
    };
    assert_eq!(check(ESTATE, CARDIFF), [""; 0]);
    assert_eq!(check(ESTATE, &CARDIFF.replace("profile: court", "profile: cuort")), ["L201 a.yaml:4"]);
    assert_eq!(check(ESTATE, &CARDIFF.replace("class: pxe", "class: pxee")), ["L202 a.yaml:20"]);
    assert_eq!(
        check(ESTATE, &CARDIFF.replace("{routers: [10.42.8.1]", "{router: [10.42.8.1]")),
        ["L203 a.yaml:17"]
    );
    assert_eq!(check(ESTATE, &CARDIFF.replace("FITS-0042\n", "FITS-0107\n")), ["L101 b.yaml:2"]);
    assert_eq!(check(ESTATE, &CARDIFF.replace("profile: court\n", "")), ["L211 estate.yaml:16"]);
    // The broken file is the only one that uses the profile, the option and the classes.
    assert_eq!(check(ESTATE, &CARDIFF.replace("name: Cardiff", "name: \"Cardiff")).len(), 1);
    // What `estate.yaml` lost is not missed elsewhere.
    assert_eq!(check(&ESTATE.replace("type: string", "type: strnig"), CARDIFF).len(), 1);
    assert_eq!(
        check(&ESTATE.replace("estate: example-justice", "estate: [example-justice"), CARDIFF).len(),
        1
    );
}

#[test]
fn a_missing_estate_is_the_only_finding() {
    assert_eq!(findings(&[("a.yaml", CARDIFF), ("b.yaml", BRISTOL)]), ["L010 a.yaml:1"]);
}

#[test]
fn an_allow_silences_what_stands_in_its_element() {
    let allow = |what: &str| {
        ESTATE.replace("court: {", &format!("court: {{allow: [{{rule: {what}, reason: soon}}], "))
    };
    let unused = CARDIFF.replace("profile: court\n", "");
    let check = |estate: &str, cardiff: &str| findings(&[("estate.yaml", estate), ("a.yaml", cardiff)]);
    assert_eq!(check(&allow("unused-profile"), &unused), [""; 0]);
    assert_eq!(check(&allow("L211"), &unused), [""; 0]);
    assert_eq!(check(&allow("unused-profile"), CARDIFF), ["L091 estate.yaml:16"]);
    assert_eq!(check(&allow("unused-profil"), &unused), ["L092 estate.yaml:16"]);
    assert_eq!(check(&allow("duplicate-site"), CARDIFF), ["L093 estate.yaml:16"]);
    let until = |day: &str| allow(&format!("unused-profile, until: {day}"));
    assert_eq!(check(&until("2026-07-01"), &unused), [""; 0]);
    assert_eq!(check(&until("2026-06-30"), &unused), ["L090 estate.yaml:16"]);
}

#[test]
fn the_day_never_changes_the_artefact() {
    let estate =
        ESTATE.replace("court: {", "court: {allow: [{rule: L211, reason: soon, until: 2026-07-01}], ");
    let unused = CARDIFF.replace("profile: court\n", "");
    let sources = sources(&[("estate.yaml", &estate), ("a.yaml", &unused)]);
    let on = |year| compile(&sources, &mut Cache::none(), Date::new(year, 7, 1).unwrap());
    let (before, after) = (on(2026), on(2027));
    assert_eq!((before.diagnostics.len(), after.diagnostics.len()), (0, 1));
    assert_eq!(before.artefact.unwrap().bytes, after.artefact.unwrap().bytes);
}

#[test]
fn a_remembered_file_gives_what_a_new_one_gives() {
    let mut cache = Cache::default();
    let unknown = CARDIFF.replace("profile: court", "profile: cuort");
    for cardiff in [CARDIFF, &unknown, CARDIFF, CARDIFF] {
        let sources = sources(&[("estate.yaml", ESTATE), ("a.yaml", cardiff), ("b.yaml", BRISTOL)]);
        let (again, anew) =
            (compile(&sources, &mut cache, today()), compile(&sources, &mut Cache::none(), today()));
        assert_eq!(format!("{:?}", again.diagnostics), format!("{:?}", anew.diagnostics));
        assert_eq!(
            again.artefact.map(|artefact| artefact.bytes),
            anew.artefact.map(|artefact| artefact.bytes)
        );
    }
}

#[test]
fn origins_name_the_winner_and_whom_it_overrode() {
    let files = [("estate.yaml", ESTATE), ("a.yaml", CARDIFF)];
    let (sources, compilation) = (sources(&files), compiled(&files));
    let origins = compilation.origins();
    let line = |span: leasehold_schemas::source::Span| {
        let file = sources.file(span.file);
        let line = 1 + file.bytes[..span.start as usize].iter().filter(|byte| **byte == b'\n').count();
        format!("{}:{line}", file.path)
    };
    let prefix = "10.42.8.0/23".parse().unwrap();
    let subnet = Place::Subnet(prefix);
    let said = |place: &Place, class: Option<&str>, value| {
        let class = class.map(|class| class.parse().unwrap());
        let said = origins.of(place, class.as_ref(), value).into_iter();
        said.map(|origin| {
            format!("{} {}{}", origin.layer, line(origin.span), if origin.removes { " removes" } else { "" })
        })
        .collect::<Vec<_>>()
    };
    let lease = ValueName::Parameter(Parameter::LeaseDefault);
    assert_eq!(
        said(&subnet, None, lease),
        ["subnet a.yaml:16", "profile estate.yaml:16", "estate estate.yaml:6"]
    );
    let domain_name = ValueName::Option(Space::Dhcp4, OptionCode(15));
    assert_eq!(said(&subnet, None, domain_name), ["subnet a.yaml:17 removes", "estate estate.yaml:4"]);
    assert_eq!(said(&subnet, Some("win10"), domain_name), ["subnet a.yaml:19", "estate estate.yaml:12"]);
    let phone = Place::Reservation(
        prefix,
        leasehold_schemas::artefact::Identifier::CircuitId(HexBytes(vec![0, 1, 2, 3])),
    );
    let routers = ValueName::Option(Space::Dhcp4, OptionCode(3));
    assert_eq!(said(&phone, None, routers), ["reservation a.yaml:23", "subnet a.yaml:17"]);
    assert_eq!(origins.subnet(prefix).map(line), Some("a.yaml:10".to_owned()));
}
