//! `sites/` is what the generator writes, and nothing else.
#![expect(clippy::disallowed_methods, reason = "tests read the example estate from disk")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use leasehold_compiler::diag::Severity;
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case;
use leasehold_golden_tests::estate_generator::{RESERVATIONS, SITES, SUBNETS, generate};
use leasehold_golden_tests::finding_list::finding_list;

fn sites() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../sites")
}

fn read(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("the example estate is in the repository") {
        let path = entry.expect("its folders can be read").path();
        if path.is_dir() {
            read(root, &path, files);
        } else {
            let name =
                path.strip_prefix(root).expect("below the root").to_str().expect("ASCII names").to_owned();
            files.insert(name, fs::read_to_string(&path).expect("files of the estate are UTF-8"));
        }
    }
}

#[test]
fn the_example_estate_is_what_the_generator_writes() {
    let mut on_disk = BTreeMap::new();
    read(&sites(), &sites(), &mut on_disk);
    let generated: BTreeMap<String, String> = generate(1, None).into_iter().collect();
    let names = |files: &BTreeMap<String, String>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&on_disk), names(&generated), "the files of sites/");
    for (path, text) in &generated {
        assert!(
            on_disk[path] == *text,
            "sites/{path} differs; write it again with \
             `cargo run -p leasehold-golden-tests --bin leasehold-example-estate -- --out sites`"
        );
    }
}

#[test]
fn the_example_estate_stays_small() {
    let bytes: usize = generate(1, None).iter().map(|(_, text)| text.len()).sum();
    assert!(bytes < 3_500_000, "{bytes} bytes");
}

/// Whatever the checker learns to find, the example stays free of it; what is meant is allowed in its place.
#[test]
fn the_example_estate_is_clean_and_compiles_to_what_it_has() {
    let sources = case::estate(&sites());
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let mut findings = compilation.diagnostics.clone();
    findings.retain(|finding| finding.rule.severity != Severity::Information);
    assert!(findings.is_empty(), "{}", finding_list(&sources, &findings));
    let artefact = compilation.artefact.expect("an estate without errors is compiled");
    let sites = &artefact.estate.sites;
    let subnets = || sites.iter().flat_map(|site| &site.networks).flat_map(|network| &network.subnets);
    let reservations: usize = subnets().map(|subnet| subnet.reservations.len()).sum();
    assert_eq!((sites.len(), subnets().count(), reservations), (SITES, SUBNETS, RESERVATIONS));
    let meant = |index: u32| artefact.estate.meanings[index as usize].len();
    assert!(
        subnets().all(|subnet| meant(subnet.meanings) >= 2),
        "two classes mean something on every subnet"
    );
}
