//! The model as people would have written it, in the estate language's canonical layout.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use super::model::{Exclusion, Identifier, Network, Pool, Reservation, Role, Site, SiteKind, Subnet};

const ESTATE: &str = include_str!("estate.yaml");

/// `estate.yaml`: the same at every scale.
pub(super) fn estate_file() -> String {
    ESTATE.to_owned()
}

/// One site's file.
pub(super) fn site_file(site: &Site) -> String {
    let mut out = String::with_capacity(32 * 1024);
    out.push_str("# yaml-language-server: $schema=../../schemas/site.schema.json\n");
    out.push_str("version: 1\n");
    line(&mut out, 0, format_args!("site: {}", site.code));
    line(&mut out, 0, format_args!("name: {}", site.name));
    if site.number > 0 {
        line(&mut out, 0, format_args!("profile: {}", profile(site.kind)));
        site_settings(&mut out, site);
    }
    line(&mut out, 0, format_args!("networks:"));
    for network in &site.networks {
        write_network(&mut out, site, network);
    }
    out
}

fn line(out: &mut String, depth: usize, text: std::fmt::Arguments<'_>) {
    writeln!(out, "{:1$}{text}", "", depth * 2).expect("a string takes every write");
}

fn profile(kind: SiteKind) -> &'static str {
    match kind {
        SiteKind::Campus => "campus",
        SiteKind::CourtCentre => "court-centre",
        SiteKind::Court => "court",
        SiteKind::Office => "office",
        SiteKind::Depot => "depot",
    }
}

fn site_settings(out: &mut String, site: &Site) {
    line(out, 0, format_args!("options:"));
    line(out, 1, format_args!("delivery-optimisation: {}", site.cache_group()));
    if matches!(site.kind, SiteKind::Campus | SiteKind::CourtCentre) {
        line(out, 1, format_args!("domain-name: {}.example.internal", site.label));
    }
    if site.number.is_multiple_of(47) {
        line(
            out,
            0,
            format_args!("reply-port: source # the provider's relay answers only on the port it sent from"),
        );
    }
    let servers = site.networks.iter().find(|network| network.role == Role::Servers);
    let boot_server = servers
        .and_then(|network| network.subnets.first())
        .and_then(|subnet| subnet.reservations.first())
        .and_then(|reservation| reservation.address);
    if let Some(address) = boot_server {
        line(out, 0, format_args!("classes:"));
        line(out, 1, format_args!("- {{class: pxe-bios, next-server: {address}}}"));
        line(out, 1, format_args!("- {{class: pxe-uefi, next-server: {address}}}"));
    }
}

fn write_network(out: &mut String, site: &Site, network: &Network) {
    line(out, 1, format_args!("- name: {}", network.name));
    if let Some(relay) = network.relay {
        line(out, 2, format_args!("relays: [{relay}]"));
    }
    match network.role {
        Role::Voice => {
            line(out, 2, format_args!("lease: {{default: 3d, max: 3d}}"));
            line(out, 2, format_args!("options: {{tftp-server-name: voice.example.internal}}"));
        }
        Role::Printers => line(out, 2, format_args!("options: {{domain-name: print.example.internal}}")),
        Role::Cameras => {
            line(out, 2, format_args!("lease: {{default: 7d, max: 7d}}"));
            line(out, 2, format_args!("options: {{ntp-servers: [10.255.7.123]}}"));
        }
        Role::Guest => {
            line(out, 2, format_args!("lease: {{default: 1h, max: 2h}}"));
            line(out, 2, format_args!("renew-after: 20m"));
            line(out, 2, format_args!("options:"));
            line(out, 3, format_args!("domain-name: guest.example.internal"));
            line(out, 3, format_args!("domain-name-servers: [10.255.9.53]"));
            line(out, 3, format_args!("delivery-optimisation: null"));
        }
        Role::Courtroom => line(out, 2, format_args!("identity: mac")),
        Role::Staff if site.kind == SiteKind::Campus => {
            let label = &site.label;
            line(out, 2, format_args!("classes:"));
            line(out, 3, format_args!("- class: win10"));
            line(out, 4, format_args!("options: {{domain-name: {label}.win.example.internal}}"));
        }
        Role::Staff | Role::Wireless | Role::Servers | Role::Doors | Role::Kiosks | Role::Load => {}
    }
    line(out, 2, format_args!("subnets:"));
    for subnet in &network.subnets {
        write_subnet(out, network.role, subnet);
    }
}

fn write_subnet(out: &mut String, role: Role, subnet: &Subnet) {
    line(out, 3, format_args!("- subnet: {}", subnet.prefix()));
    if let Some(id) = subnet.id {
        line(out, 4, format_args!("id: {id}"));
    }
    write_pools(out, &subnet.pools);
    if !subnet.exclusions.is_empty() {
        line(out, 4, format_args!("exclude:"));
        subnet.exclusions.iter().for_each(|exclusion| write_exclusion(out, exclusion));
    }
    if let Some(lease) = subnet.lease {
        line(out, 4, format_args!("lease: {lease}"));
    }
    line(out, 4, format_args!("options: {{routers: [{}]}}", subnet.router()));
    if role == Role::Kiosks {
        line(out, 4, format_args!("classes:"));
        line(out, 5, format_args!("- {{class: kiosk, lease: 12h}}"));
    }
    if let Some(reason) = subnet.in_pool {
        line(out, 4, format_args!("allow:"));
        line(out, 5, format_args!("- {{rule: reservation-in-pool, reason: {reason}, until: 2036-03-31}}"));
    }
    if !subnet.reservations.is_empty() {
        line(out, 4, format_args!("reservations:"));
        subnet.reservations.iter().for_each(|reservation| write_reservation(out, reservation));
    }
}

fn range(first: u32, last: u32) -> String {
    let (first, last) = (Ipv4Addr::from(first), Ipv4Addr::from(last));
    if first == last { first.to_string() } else { format!("{first} - {last}") }
}

fn write_pools(out: &mut String, pools: &[Pool]) {
    match pools {
        [] => {}
        [Pool { first, last, only: None }] => {
            line(out, 4, format_args!("pools: [{}]", range(*first, *last)));
        }
        _ => {
            line(out, 4, format_args!("pools:"));
            for Pool { first, last, only } in pools {
                let addresses = range(*first, *last);
                match only {
                    None => line(out, 5, format_args!("- {addresses}")),
                    Some(class) => line(out, 5, format_args!("- {{range: {addresses}, only: [{class}]}}")),
                }
            }
        }
    }
}

fn write_exclusion(out: &mut String, exclusion: &Exclusion) {
    let addresses = range(exclusion.first, exclusion.last);
    match exclusion.reason {
        None => line(out, 5, format_args!("- {addresses}")),
        Some(reason) => line(out, 5, format_args!("- {{range: {addresses}, reason: {reason}}}")),
    }
}

fn write_reservation(out: &mut String, reservation: &Reservation) {
    let Reservation { identifier, address, hostname, description, class, router } = reservation;
    let mut fields = vec![match identifier {
        Identifier::Mac(octets) => format!("mac: \"{}\"", colons(octets)),
        Identifier::ClientId(text) => format!("client-id: {text}"),
        Identifier::CircuitId(octets) => format!("circuit-id: \"0x{}\"", hex(octets)),
        Identifier::RemoteId(octets) => format!("remote-id: \"0x{}\"", hex(octets)),
    }];
    fields.extend(address.map(|address| format!("ip: {address}")));
    fields.extend(hostname.as_ref().map(|hostname| format!("hostname: {hostname}")));
    fields.extend(description.as_ref().map(|text| format!("description: {text}")));
    fields.extend(class.map(|class| format!("classes: [{class}]")));
    fields.extend(router.map(|router| format!("options: {{routers: [{router}]}}")));
    line(out, 5, format_args!("- {{{}}}", fields.join(", ")));
}

/// Octets in hexadecimal with colons between them.
pub(super) fn colons(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
}

/// Octets in hexadecimal.
pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}
