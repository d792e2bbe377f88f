//! Numbers in words, bars, and what colours and textures mean.

use maud::{Markup, html};

use crate::report::document::{Addresses, Pair};

/// Height of a row of a map, in its own units.
pub const ROW_HEIGHT: u32 = 12;

/// `14,404`
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 site`, `14,404 sites`
pub fn count(count: u64, noun: &str) -> String {
    let plural = match noun {
        "address" => "addresses".to_owned(),
        noun => format!("{noun}s"),
    };
    if count == 1 { format!("1 {noun}") } else { format!("{} {plural}", number(count)) }
}

/// `12.5 %` on one line, cut off, so that nothing is full that is not.
pub fn percent(part: u64, whole: u64) -> String {
    let Some(tenths) = (u128::from(part) * 1000).checked_div(u128::from(whole)) else {
        return "–".to_owned();
    };
    format!("{}.{}\u{a0}%", tenths / 10, tenths % 10)
}

/// What addresses are for, as parts of a bar; the numbers stand beside it.
pub fn bar(addresses: &Addresses) -> Markup {
    let Addresses { all, pool, standby: _, reserved, excluded, outside_pools: _, ends: _, leased } =
        addresses;
    let leased = leased.map_or(0, |leased| leased.pool);
    // In the order in which they stand; the rest is in no pool.
    let parts = [("l", leased), ("p", pool - leased), ("r", *reserved), ("x", *excluded)];
    let scaled = |part: u64| {
        u64::try_from(u128::from(part) * 1000 / u128::from((*all).max(1))).expect("a part of the whole")
    };
    let mut from = 0;
    let mut drawn = Vec::new();
    for (kind, part) in parts {
        let to = from + part;
        let (x, width) = (scaled(from), scaled(to) - scaled(from));
        if width > 0 {
            drawn.push((kind, x, width));
        }
        from = to;
    }
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" {
            @for (kind, x, width) in drawn {
                path.(kind) d={ "M" (x) " 5h" (width) } {}
            }
        }
    }
}

/// What the maps are drawn with. Of a pool, the second server's addresses reach higher, as teeth: one pattern for each
/// remainder with which a row can begin.
pub fn patterns(pair: Option<&Pair>) -> Markup {
    let share = pair.map(|pair| pair.share);
    html! {
        svg.defs width="0" height="0" aria-hidden="true" {
            defs {
                @if let Some(share) = share {
                    @for phase in phases(share) {
                        (teeth(&tooth(share, phase), share, (share - 1 + share - phase) % share))
                    }
                }
                pattern #x width="4" height="12" patternUnits="userSpaceOnUse" {
                    rect.xb width="4" height="12" {}
                    path.xl d="M0 12L4 0" {}
                }
                pattern #g width="100" height="100" patternUnits="userSpaceOnUse" {
                    rect.cell x="4" y="4" width="92" height="92" {}
                }
            }
        }
    }
}

/// The remainders by the share with which the first address of a row of 256 can begin.
fn phases(share: u32) -> std::ops::Range<u32> {
    if 256_u32.is_multiple_of(share) { 0..1 } else { 0..share }
}

/// The name of the pattern for a row whose first address leaves `phase`.
pub fn tooth(share: u32, phase: u32) -> String {
    if 256_u32.is_multiple_of(share) { "t".to_owned() } else { format!("t{phase}") }
}

fn teeth(id: &str, width: u32, tooth: u32) -> Markup {
    html! {
        pattern id=(id) width=(width) height=(ROW_HEIGHT) patternUnits="userSpaceOnUse" {
            rect.pb y="3" width=(width) height="9" {}
            rect.pt x=(tooth) width="1" height=(ROW_HEIGHT) {}
        }
    }
}

/// What the colours of bars mean.
pub fn bar_legend(leases: bool) -> Markup {
    let sample = |kind: &str| {
        html! {
            svg.bar viewBox="0 0 24 10" preserveAspectRatio="none" aria-hidden="true" { path.(kind) d="M0 5h24" {} }
        }
    };
    html! {
        ul.legend aria-label="Colours of bars, from left to right" {
            @if leases { li { (sample("l")) "in pools, leased" } }
            li { (sample("p")) "in pools" @if leases { ", not leased" } }
            li { (sample("r")) "reserved" }
            li { (sample("x")) "excluded" }
            li { (sample("o")) "in no pool, network and broadcast addresses" }
        }
    }
}

/// What the textures mean.
pub fn legend(pair: Option<&Pair>, leases: bool) -> Markup {
    let sample = |shapes: &[(&str, &str)]| {
        html! {
            svg viewBox="0 0 24 12" preserveAspectRatio="none" aria-hidden="true" {
                @for (kind, line) in shapes { path.(kind) d=(line) {} }
            }
        }
    };
    let whole = "M0 6h24";
    html! {
        ul.legend aria-label="Legend" {
            li { (sample(&[("o", whole), ("w", "M0 7.5h24")])) "in a pool" }
            @if let Some(pair) = pair {
                @let second = pair.servers.get(1).map_or("second server", String::as_str);
                li { (sample(&[("o", whole), ("p", whole)])) "teeth: home of " (second) }
            }
            @if leases { li { (sample(&[("o", whole), ("p", whole), ("l", "M0 10h24")])) "leased" } }
            li { (sample(&[("r", whole)])) "reserved" }
            li { (sample(&[("x", whole)])) "excluded" }
            li { (sample(&[("o", whole)])) "in no pool" }
            li { (sample(&[("o", whole), ("e", "M0 11h24")])) "network or broadcast address" }
            li { (sample(&[])) "in no subnet of the site" }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!([number(7), number(1_000), number(4_294_967_296)], ["7", "1,000", "4,294,967,296"]);
        assert_eq!([count(1, "address"), count(2, "address")], ["1 address", "2 addresses"]);
        assert_eq!(
            [percent(1, 3), percent(999_999, 1_000_000), percent(0, 0)],
            ["33.3\u{a0}%", "99.9\u{a0}%", "–"]
        );
    }
}
