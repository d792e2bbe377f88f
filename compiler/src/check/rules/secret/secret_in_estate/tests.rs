use leasehold_schemas::source::FileId;

use super::*;
use crate::diag::Sink;
use crate::parse;

fn found(yaml: &str) -> Vec<String> {
    let mut sink = Sink::default();
    let tree = parse::parse(FileId(0), yaml.as_bytes(), &mut sink);
    assert!(sink.is_empty(), "{yaml}");
    find(yaml.as_bytes(), &tree).into_iter().map(|finding| finding.message).collect()
}

/// Marks that issuers give are put together here, so that no scanner takes this file's for real ones.
#[test]
fn secrets_are_found() {
    let (body, mixed) = ("0123456789abcdefghij0123456789abcdef", "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MDEyMzQ1Njc4");
    for value in [
        format!("gh{}_{body}", 'p'),
        format!("see gh{}_{body} for more", 's'),
        format!("glp{}-{}", "at", &body[..20]),
        format!("xo{}-1234567890-abcdefghij", "xb"),
        format!("AK{}IOSFODNN7EXAMPLE", "IA"),
        format!("ey{}.ey{}.{mixed}", "JhbGciOiJIUzI1NiJ9", "JzdWIiOiIxIn0"),
        format!("AI{}{}", "za", &mixed[..35]),
        "$6$rounds$0123456789abcdef.0123456789abcdef".to_owned(),
        "admin password: Rosebud1941".to_owned(),
        "password=rosebud".to_owned(),
        "wifi password: rosebud".to_owned(),
        "Passwort: Rosebud1941, bitte merken".to_owned(),
        "console password is R0sebud on both".to_owned(),
        "dbPassword=rosebud&user=x".to_owned(),
        "root password Rosebud-1941!".to_owned(),
        "PSK: rosebud1941".to_owned(),
        "api-key: 0a1b2c3d".to_owned(),
        "snmp community: r0sebud".to_owned(),
        "http://boot.example/x?token=rosebud".to_owned(),
        "ftp://user:rosebud@10.0.0.1/boot".to_owned(),
        "Authorization: Bearer Rosebud1941Rosebud".to_owned(),
    ] {
        assert_eq!(found(&format!("description: '{value}'")).len(), 1, "{value}");
        assert_eq!(found(&format!("options: {{'240': ['{value}']}}")).len(), 1, "{value}");
    }
    let armour = format!("text: |\n  -----BEGIN {} KEY-----\n  MIIEvQ\n", "RSA PRIVATE");
    assert_eq!(found(&armour), ["what looks like a private key stands in `text`"]);
}

#[test]
fn a_key_says_what_its_value_is() {
    for (key, what) in [
        ("wifi-psk", "a pre-shared key"),
        ("adminPassword", "a password"),
        ("password2", "a password"),
        ("api_key", "an API key"),
        ("tsig-key", "a secret key"),
        ("enrolment-token", "a token"),
    ] {
        let message = format!("what looks like {what} stands in `{key}`");
        for value in ["rosebud", "[rosebud]", "{hex: 726f7365627564}", "00000000-0000-4000-8000-000000000042"]
        {
            assert_eq!(found(&format!("{key}: {value}")), [message.as_str()], "{key}: {value}");
        }
        for value in [
            "",
            "null",
            "true",
            "10.0.0.1",
            "{code: 240, type: string}",
            "/etc/leasehold/x",
            "$WIFI",
            "'<to be set>'",
        ] {
            assert_eq!(found(&format!("{key}: {value}")), [""; 0], "{key}: {value}");
        }
    }
    for key in
        ["token-server", "password-policy", "keyboard", "monkey", "public-key", "community", "passages"]
    {
        assert_eq!(found(&format!("{key}: rosebud1941")), [""; 0], "{key}");
    }
}

#[test]
fn what_is_only_disorderly_is_no_secret() {
    for value in [
        "00000000-0000-4000-8000-000000000042",
        "7f3c9a52-1b0e-4d7c-9d53-2f1b8e4a6c90",
        "52:54:00:12:34:56",
        "0x0004f3a1b2c3d4e5f60718293a4b5c6d7e8f",
        "SN 5CG1234XYZ / FDO2216A0BC",
        "Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5MDEyMzQ1Njc4",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "boot/x86_64/keys/ipxe.efi",
        "tftp://10.0.0.1/pass/boot.efi",
        "http://boot.example:8080/menu?mac=${net0/mac}",
        "ssh://git@forge.example/estate",
        "password: ask the help desk",
        "password: see the vault",
        "its password is kept in the vault",
        "passwords are rotated in March 2027",
        "password reset kiosk 2",
        "password required",
        "token ring 802.5",
        "token-ring: 802.5 bridge",
        "secret: ${SECRET}",
        "password=********",
        "secretary's printer: room 4b",
        "key: 1234 at the reception",
        "door key cabinet: 10.42.8.7",
        "passport control: gate 4",
        "community centre: room 12",
        "task-force printer",
        "option[240].hex == 'token'",
        "member('secret') and option[77].hex == 'x1'",
    ] {
        assert_eq!(found(&format!("description: \"{value}\"")), [""; 0], "{value}");
    }
}

#[test]
fn findings_on_a_secret_stay_silent_unless_it_is_allowed() {
    use crate::source::{SourceFile, Sources};
    let codes = |allow: &str| {
        let estate = format!(
            "version: 1\nestate: example\napi-token: rosebud1941\n{allow}identity: secret=rosebud1941\n"
        );
        let file = SourceFile { path: "estate.yaml".to_owned(), bytes: estate.into_bytes() };
        let sources = Sources::new(String::new(), vec![file]);
        let today = "2027-01-31".parse().unwrap();
        let findings = crate::check(&sources, &mut crate::Cache::none(), today).diagnostics;
        assert!(findings.iter().all(|finding| finding.rule.code == "L801" || !allow.is_empty()));
        findings.iter().map(|finding| finding.rule.code).collect::<Vec<_>>()
    };
    assert_eq!(codes(""), ["L801", "L801"]);
    assert_eq!(codes("allow: [{rule: secret-in-estate, reason: a test}]\n"), ["L003", "L005"]);
}
