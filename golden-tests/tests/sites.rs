//! `sites/` is what the generator writes, and nothing else.
#![expect(clippy::disallowed_methods, reason = "tests read the example estate from disk")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use leasehold_golden_tests::estate_generator::generate;

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
