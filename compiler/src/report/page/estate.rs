//! The estate as a whole: what its addresses are for, where there is room, which pools are full.

use maud::{Markup, html};

use super::figures::{bar, bar_legend, count, number, percent};
use super::share;
use crate::report::document::{Addresses, Block, Cell, Report};

/// Columns of a block's map.
const COLUMNS: u64 = 32;

/// What the addresses of all subnets are for.
pub fn overview(report: &Report) -> Markup {
    let Addresses { all, pool, standby, reserved, excluded, outside_pools, ends, leased } = report.addresses;
    let row = |name: &str, part: u64| {
        html! { tr { th scope="row" { (name) } td { (number(part)) } td { (percent(part, all)) } } }
    };
    html! {
        section #overview aria-labelledby="overview-h" {
            h2 #overview-h { "Overview" }
            (bar(&report.addresses))
            (bar_legend(report.leases.is_some()))
            table.small {
                caption { "What the addresses of all subnets are for" }
                thead { tr { th scope="col" { "For" } th scope="col" { "Addresses" } th scope="col" { "Of all" } } }
                tbody {
                    (row("In pools", pool))
                    @if report.pair.is_some() { (row("of these, the second server's", standby)) }
                    @if let Some(leased) = leased { (row("of those in pools, leased", leased.pool)) }
                    (row("Reserved", reserved))
                    @if let Some(leased) = leased { (row("of these, leased", leased.reserved)) }
                    (row("Excluded", excluded))
                    (row("In no pool", outside_pools))
                    (row("Network and broadcast addresses", ends))
                    (row("All", all))
                }
            }
            @if let Some(pair) = &report.pair {
                p { "Served by " (pair.servers.join(" and ")) ": " (share(pair))
                    ". Only an address's home gives it to a new client." }
            }
            @if let Some(leases) = &report.leases {
                @let elsewhere = leased.map_or(0, |leased| leased.elsewhere);
                p { "Leases as of " (leases.at) ". " (count(elsewhere, "lease")) " of addresses that are neither in a pool \
                     nor reserved, " (count(leases.outside, "lease")) " in no subnet." }
            }
        }
    }
}

/// The prefixes the estate may use.
pub fn space(report: &Report) -> Markup {
    html! {
        section #space aria-labelledby="space-h" {
            h2 #space-h { "Address space" }
            @if report.space.is_empty() {
                p { "The estate names no " code { "address-space" } ", so nothing can be said of room beyond its sites." }
            }
            @for block in &report.space { (self::block(block)) }
        }
    }
}

fn block(block: &Block) -> Markup {
    let size = block.prefix.range().size();
    html! {
        h3 { (block.prefix) }
        p { (number(block.in_subnets)) " of " (number(size)) " addresses are in subnets (" (percent(block.in_subnets, size))
            "); " (number(size - block.in_subnets)) " are free." }
        @if block.in_subnets > 0 {
            (map(block))
            (free(block))
        }
    }
}

/// A block part by part.
fn map(block: &Block) -> Markup {
    let cells = 1_u64 << (block.cell_length - block.prefix.length());
    let columns = cells.min(COLUMNS);
    let rows = cells / columns;
    let place = |cell: &Cell| {
        let offset = cell.prefix.network().to_bits() - block.prefix.network().to_bits();
        let at = u64::from(offset) >> (32 - u32::from(block.cell_length));
        (at % columns, at / columns)
    };
    html! {
        figure.space tabindex="0" aria-label={ "Map of " (block.prefix) ", part by part" } {
            svg viewBox={ "0 0 " (columns * 100) " " (rows * 100) } aria-hidden="true" {
                rect width=(columns * 100) height=(rows * 100) fill="url(#g)" {}
                @for cell in &block.cells {
                    @let (x, y) = place(cell);
                    @let level = level(cell.in_subnets, cell.prefix.range().size());
                    path.c d={ "M" (x * 100 + 4) " " (y * 100 + 96 - 23 * level) "h92v" (23 * level) "h-92z" } {
                        title { (cell_title(cell)) }
                    }
                }
            }
            figcaption {
                "Each square is a /" (block.cell_length) ", row by row from " (block.prefix.network())
                "; it is filled as far as subnets fill it, in quarters."
            }
        }
    }
}

/// What no subnet takes of a block.
fn free(block: &Block) -> Markup {
    html! {
        @if block.largest_free.is_empty() {
            p { "Every address is in a subnet." }
        } @else {
            div.side {
                table.f {
                    caption { "Largest free prefixes in " (block.prefix) }
                    thead { tr { th scope="col" { "Prefix" } th scope="col" { "Addresses" } } }
                    tbody {
                        @for free in &block.largest_free {
                            tr { th scope="row" { (free) } td { (number(free.range().size())) } }
                        }
                    }
                }
                table {
                    caption { "Free prefixes in " (block.prefix) " by length, each as large as can be" }
                    thead { tr { th scope="col" { "Length" } th scope="col" { "Prefixes" } } }
                    tbody {
                        @for (length, count) in &block.free_by_length {
                            tr { th scope="row" { "/" (length) } td { (number(*count)) } }
                        }
                    }
                }
            }
        }
    }
}

/// In quarters, and at least one.
fn level(part: u64, whole: u64) -> u64 {
    (part * 4).div_ceil(whole).clamp(1, 4)
}

/// Which part, how full, and whose.
fn cell_title(cell: &Cell) -> String {
    let sites: Vec<&str> = cell.sites.iter().take(3).map(|site| site.as_str()).collect();
    let more = match cell.sites.len().checked_sub(3) {
        None | Some(0) => String::new(),
        Some(more) => format!(" and {more} more"),
    };
    let filled = percent(cell.in_subnets, cell.prefix.range().size());
    format!("{}: {filled} in subnets of {}{more}", cell.prefix, sites.join(", "))
}

/// Room between two subnets of one site.
pub fn gaps(report: &Report) -> Markup {
    html! {
        section #gaps aria-labelledby="gaps-h" {
            h2 #gaps-h { "Room between subnets" }
            @if report.gaps.is_empty() {
                p { "No two neighbouring subnets of one site leave room between them." }
            } @else {
                table.f {
                    caption { "The largest prefixes that fit between two neighbouring subnets of one site" }
                    thead {
                        tr {
                            th scope="col" { "Prefix" } th scope="col" { "Addresses" } th.t scope="col" { "Site" }
                            th.t scope="col" { "Behind" } th.t scope="col" { "Before" }
                        }
                    }
                    tbody {
                        @for gap in &report.gaps {
                            tr {
                                th scope="row" { (gap.prefix) } td { (number(gap.prefix.range().size())) }
                                td.n { (super::sites::link(&gap.site)) } td.n { (gap.after) } td.n { (gap.before) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The fullest pools.
pub fn busiest(report: &Report) -> Markup {
    html! {
        section #pools aria-labelledby="pools-h" {
            h2 #pools-h { "Busiest pools" }
            @if report.leases.is_none() {
                p { "Made without leases. " code { "leasehold report --leases FILE" } " shows how full pools are." }
            } @else if report.busiest.is_empty() {
                p { "No address of a pool is leased." }
            } @else {
                table.f {
                    caption { "Pools by the part of their addresses that is leased, the fullest first" }
                    thead {
                        tr {
                            th scope="col" { "Pool" } th.t scope="col" { "Site" } th.t scope="col" { "Network" }
                            th scope="col" { "Leased" } th scope="col" { "Of" } th scope="col" { "Left" }
                            th scope="col" { "Full" } th scope="col" { span.sr { "As a bar" } }
                        }
                    }
                    tbody {
                        @for pool in &report.busiest {
                            tr {
                                th scope="row" { (pool.pool) } td.n { (super::sites::link(&pool.site)) } td.t { (pool.network) }
                                td { (number(pool.leased)) } td { (number(pool.size)) }
                                td { (number(pool.size - pool.leased)) } td { (percent(pool.leased, pool.size)) }
                                td { (full(pool.leased, pool.size)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn full(part: u64, whole: u64) -> Markup {
    let filled = u128::from(part) * 1000 / u128::from(whole.max(1));
    html! {
        svg.bar viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true" { path.l d={ "M0 5h" (filled) } {} }
    }
}
