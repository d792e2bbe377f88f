mod meaning;

use super::*;

/// Imports a text, as one file.
fn imported(text: &str) -> Imported {
    let file =
        Loaded { identity: "k".to_owned(), name: "kea.json".to_owned(), bytes: text.as_bytes().to_vec() };
    let wishes = Wishes { name: "example".to_owned(), grouping: Grouping::Auto };
    kea(file, Vec::new(), &mut |name, _| Err(format!("no {name}")), &wishes)
        .unwrap_or_else(|fault| panic!("{fault}"))
}

fn shown(imported: &Imported) -> String {
    let file = |file: &SourceFile| format!("--- {}\n{}", file.path, String::from_utf8_lossy(&file.bytes));
    imported.files.iter().map(file).collect()
}

#[test]
fn a_small_configuration_is_a_small_estate() {
    let imported = imported(
        r#"{"Dhcp4": {"valid-lifetime": 3600, "subnet4": [{"subnet": "10.0.0.0/24", "id": 7,
            "pools": [{"pool": "10.0.0.10-10.0.0.20"}], "option-data": [{"name": "routers", "data": "10.0.0.1"}]}]}}"#,
    );
    let expected = "--- estate.yaml\nversion: 1\nestate: example\nlease: 1h\nalways-send: [routers]\nauthoritative: false\n\
                    --- example.yaml\nversion: 1\nsite: example\nnetworks:\n  - name: 10.0.0.0/24\n    subnets:\n      \
                    - subnet: 10.0.0.0/24\n        id: 7\n        pools: [10.0.0.10 - 10.0.0.20]\n        \
                    options: {routers: [10.0.0.1]}\n";
    assert_eq!(shown(&imported), expected);
    assert_eq!(imported.items, []);
}
