//! The report as one HTML page.
//!
//! What people named is escaped by the template; and were it not, the page's policy (CSP) runs no script but the one whose
//! digest it names. Everything is in the markup: without scripts only searching and moving about in the maps are missing.

mod estate;
mod figures;
mod sites;
mod usage;

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use super::document::{Pair, Report};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use figures::{count, number};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");

/// The whole page.
pub fn html(report: &Report) -> String {
    let title = format!("Addresses of {}", report.estate);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#sites" { "Skip to the sites" }
                (figures::patterns(report.pair.as_ref()))
                header {
                    h1 { (title) }
                    p { (size(report)) }
                    (search())
                    nav aria-label="Sections" {
                        ul {
                            @for (id, name) in SECTIONS {
                                li { a href={ "#" (id) } { (name) } }
                            }
                        }
                    }
                }
                main {
                    (estate::overview(report))
                    (estate::space(report))
                    (estate::gaps(report))
                    (estate::busiest(report))
                    (usage::classes(report))
                    (usage::options(report))
                    (sites::sites(report))
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Sections in the order of the page.
const SECTIONS: [(&str, &str); 7] = [
    ("overview", "Overview"),
    ("space", "Address space"),
    ("gaps", "Room between subnets"),
    ("pools", "Busiest pools"),
    ("classes", "Classes"),
    ("options", "Options"),
    ("sites", "Sites"),
];

/// Nothing is loaded and nothing runs but what stands in the page.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn size(report: &Report) -> String {
    let counts = report.counts;
    let mut parts = vec![
        count(counts.sites as u64, "site"),
        count(counts.networks as u64, "network"),
        count(counts.subnets as u64, "subnet"),
        count(counts.pools as u64, "pool"),
        count(counts.reservations as u64, "reservation"),
    ];
    if counts.devices > 0 {
        parts.push(format!("{} known without an address", count(counts.devices as u64, "device")));
    }
    let mut text = parts.join(", ");
    if let Some(leases) = &report.leases {
        text.push_str(&format!("; {} at {}", count(leases.active, "active lease"), leases.at));
    }
    text
}

fn search() -> Markup {
    html! {
        div.search role="search" {
            label for="q" { "Search" }
            input #q type="search" autocomplete="off" spellcheck="false" aria-describedby="q-help"
                placeholder="site, network, prefix, address, option";
            output #found for="q" {}
            button #open type="button" { "Open all sites" }
            button #close type="button" { "Close all sites" }
        }
        p.help #q-help {
            kbd { "/" } " to search, " kbd { "Esc" } " to clear. An address finds its subnet. Among sites "
            kbd { "↑" } kbd { "↓" } " move and " kbd { "Enter" } " opens; in a map " kbd { "←" } kbd { "→" }
            " go from address to address. What is open is printed."
        }
    }
}

/// What a section needs of the pair: who the second server is, and which addresses are its home.
fn share(pair: &Pair) -> String {
    let second = pair.servers.get(1).map_or("the second server", String::as_str);
    format!("every {} address, by its number, is the home of {second}", ordinal(pair.share))
}

/// `2nd`, `8th`
fn ordinal(number_of: u32) -> String {
    let suffix = match (number_of % 10, number_of % 100) {
        (1, tens) if tens != 11 => "st",
        (2, tens) if tens != 12 => "nd",
        (3, tens) if tens != 13 => "rd",
        _ => "th",
    };
    format!("{}{suffix}", number(u64::from(number_of)))
}
