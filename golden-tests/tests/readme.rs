//! What the README shows works.
#![expect(clippy::disallowed_methods, reason = "the test reads the README and the example estate")]

use std::fs;

use leasehold_compiler::diag::Severity;
use leasehold_compiler::source::{SourceFile, Sources};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case;

#[test]
fn the_site_in_the_readme_compiles_with_the_example_estate() {
    let readme = fs::read_to_string(case::repository().join("README.md")).expect("there is a README");
    let site = readme.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next());
    let site = site.expect("the README shows a site").as_bytes().to_vec();
    let estate = fs::read(case::repository().join("sites/estate.yaml")).expect("there is an example estate");
    let file = |path: &str, bytes| SourceFile { path: path.to_owned(), bytes };
    let sources = Sources::new("", vec![file("estate.yaml", estate), file("wales/FITS-0042.yaml", site)]);
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let errors: Vec<&str> = compilation
        .diagnostics
        .iter()
        .filter(|finding| finding.rule.severity == Severity::Error)
        .map(|finding| finding.message.as_str())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(compilation.counts().reservations, 2);
}
