//! Every site: its addresses as a map, its subnets as a table.

use std::fmt::Write as _;

use leasehold_schemas::vocab::{AddrRange, SiteCode};
use maud::{Markup, html};

use super::figures::{ROW_HEIGHT, bar, count, legend, number, percent, tooth};
use crate::report::document::{Addresses, Kind, Map, Pair, Report, Row, Site, Subnet};

/// Addresses of a row up to which single addresses can be told apart on a screen.
const TEETH_MAX: u64 = 512;

/// A link to a site.
pub fn link(site: &SiteCode) -> Markup {
    html! { a href={ "#site-" (site) } { (site) } }
}

/// All sites.
pub fn sites(report: &Report) -> Markup {
    let pair = report.pair.as_ref();
    html! {
        section #sites aria-labelledby="sites-h" {
            h2 #sites-h { "Sites" }
            (legend(pair, report.leases.is_some()))
            @for site in &report.sites { (self::site(site, pair, report.leases.is_some())) }
        }
    }
}

fn site(site: &Site, pair: Option<&Pair>, leases: bool) -> Markup {
    let Addresses { all, pool, reserved, leased, .. } = site.addresses;
    html! {
        details.site id={ "site-" (site.code) } {
            summary {
                span.code { (site.code) }
                span.name {
                    @if let Some(name) = &site.name { (name) }
                    @if let Some(profile) = &site.profile { " " span.profile { (profile) } }
                }
                (bar(&site.addresses))
                span.sum {
                    (count(site.subnets.len() as u64, "subnet")) ", " (count(all, "address")) ", "
                    (number(pool)) " in pools, " (number(reserved)) " reserved"
                    @if let Some(leased) = leased { ", pools " (percent(leased.pool, pool)) " leased" }
                }
            }
            @if !site.subnets.is_empty() {
                (map(site, pair))
                (table(site, pair.is_some(), leases))
                @if let Some(room) = site.room {
                    p.room { "Largest free prefix between one of its subnets and the next subnet of the estate: " (room) "." }
                }
            }
        }
    }
}

fn map(site: &Site, pair: Option<&Pair>) -> Markup {
    let Map { width, rows } = &site.map;
    let mut before = None;
    html! {
        figure.map tabindex="0" aria-label={ "Map of the addresses of " (site.code) } {
            @for row in rows {
                @let first = u64::from(row.first.to_bits());
                @let follows = before.is_none_or(|before| before + width == first);
                div.row.skip[!follows] {
                    span { (row.first) }
                    svg viewBox={ "0 0 " (width) " " (ROW_HEIGHT) } preserveAspectRatio="none" aria-hidden="true" {
                        (self::row(row, *width, pair))
                    }
                }
                @let _ = before.insert(first);
            }
            figcaption { "A row is " (number(*width)) " addresses; a line is where a subnet begins." }
        }
    }
}

/// A row's shapes: one path a kind.
fn row(row: &Row, width: u64, pair: Option<&Pair>) -> Markup {
    let first = row.first.to_bits();
    let phase = pair.filter(|_| width <= TEETH_MAX).map(|pair| (pair.share, first % pair.share));
    let of_kind = |kind: Kind| {
        let runs = row.runs.iter().filter(move |run| run.kind == kind);
        lines(
            first,
            runs.map(|run| run.range),
            match kind {
                Kind::End => "11",
                Kind::Pool if phase.is_none() => "7.5",
                Kind::Reserved | Kind::Excluded | Kind::Pool | Kind::OutsidePools => "6",
            },
        )
    };
    let ground = lines(first, row.runs.iter().map(|run| run.range), "6");
    let pools = of_kind(Kind::Pool);
    let leased = lines(first, row.leased.iter().copied(), "10");
    let mut starts = String::new();
    for start in &row.subnets {
        write!(starts, "M{} 0v{ROW_HEIGHT}", start.to_bits() - first).expect("a string takes every write");
    }
    html! {
        path.o d=(ground) {}
        @if !pools.is_empty() {
            @match phase.map(|(share, phase)| tooth(share, phase)) {
                None => path.w d=(pools) {},
                Some(pattern) if pattern == "t" => path.p d=(pools) {},
                Some(pattern) => path.q stroke={ "url(#" (pattern) ")" } d=(pools) {},
            }
        }
        @for (class, kind) in [("r", Kind::Reserved), ("x", Kind::Excluded), ("e", Kind::End)] {
            @let shape = of_kind(kind);
            @if !shape.is_empty() { path.(class) d=(shape) {} }
        }
        @if !leased.is_empty() { path.l d=(leased) {} }
        @if !starts.is_empty() { path.b d=(starts) {} }
    }
}

/// Ranges as lines at a height, those that touch as one: `M13 6h50`.
fn lines(first: u32, ranges: impl Iterator<Item = AddrRange>, height: &str) -> String {
    let mut joined: Vec<(u64, u64)> = Vec::new();
    for range in ranges {
        let x = u64::from(range.first().to_bits() - first);
        match joined.last_mut() {
            Some((from, length)) if *from + *length == x => *length += range.size(),
            Some(_) | None => joined.push((x, range.size())),
        }
    }
    let mut shape = String::new();
    for (x, length) in joined {
        write!(shape, "M{x} {height}h{length}").expect("a string takes every write");
    }
    shape
}

fn table(site: &Site, pair: bool, leases: bool) -> Markup {
    html! {
        div.wide {
            table {
                caption { "Subnets of " (site.code) }
                thead {
                    tr {
                        th scope="col" { "Subnet" } th scope="col" { "Network" } th scope="col" { "Id" }
                        th scope="col" { "Addresses" } th scope="col" { "In pools" }
                        @if pair { th scope="col" { "Second server's" } }
                        @if leases { th scope="col" { "Leased" } }
                        th scope="col" { "Reserved" } th scope="col" { "Excluded" } th scope="col" { "In no pool" }
                    }
                }
                tbody { @for subnet in &site.subnets { (subnet_row(subnet, pair, leases)) } }
            }
        }
    }
}

fn subnet_row(subnet: &Subnet, pair: bool, leases: bool) -> Markup {
    let Addresses { all, pool, standby, reserved, excluded, outside_pools, ends: _, leased } =
        subnet.addresses;
    html! {
        tr {
            th scope="row" { (subnet.prefix) } td.t { (subnet.network) } td { (subnet.id) }
            td { (number(all)) } td { (number(pool)) }
            @if pair { td { (number(standby)) } }
            @if leases { td { (number(leased.map_or(0, |leased| leased.all()))) } }
            td { (number(reserved)) } td { (number(excluded)) } td { (number(outside_pools)) }
        }
    }
}
