//! The page as text: nothing is loaded, nothing named by people is markup.

use crate::source::{SourceFile, Sources};
use crate::{Cache, check};
use leasehold_schemas::vocab::Date;

fn page(estate: &str, site: &str) -> String {
    let file = |path: &str, text: &str| SourceFile { path: path.to_owned(), bytes: text.as_bytes().to_vec() };
    let sources = Sources::new("", vec![file("estate.yaml", estate), file("a.yaml", site)]);
    let compilation = check(&sources, &mut Cache::none(), Date::new(2026, 11, 1).unwrap());
    assert!(compilation.is_sound(), "{:?}", compilation.diagnostics);
    super::html(&super::report(&compilation.estate, None))
}

#[test]
fn what_people_name_is_text() {
    let hostile = "</title></script><script>alert(1)</script><img src=x onerror=alert(1)> \\\" '";
    let estate = "version: 1\nestate: plain\nclasses:\n  - {name: c, match: \"option[60].hex == '<b>'\"}\n";
    let site = format!(
        "version: 1\nsite: A\nname: \"{hostile}\"\nnetworks:\n  - name: \"{hostile}\"\n    subnets: [{{subnet: 10.0.0.0/24, \
         pools: [10.0.0.10 - 10.0.0.20]}}]\n"
    );
    let page = page(estate, &site);
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("<img").count(), 0);
    assert!(page.contains("&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&lt;img"));
    assert!(page.contains("option[60].hex == '&lt;b&gt;'"));
}

#[test]
fn the_page_loads_nothing() {
    let page = page(
        "version: 1\nestate: e\naddress-space: [10.0.0.0/8]\n",
        "version: 1\nsite: A\nnetworks: [{name: n, subnets: [{subnet: 10.0.0.0/24, pools: [10.0.0.10 - 10.0.0.20]}]}]\n",
    );
    assert!(page.contains("default-src 'none'; style-src 'sha256-"));
    for loads in ["src=\"", "@import", "<link", "<iframe", "https://", "style=\""] {
        assert!(!page.contains(loads), "{loads}");
    }
    // A namespace is a name, not a place.
    assert_eq!(page.matches("http://").count(), page.matches("http://www.w3.org/2000/svg").count());
}
