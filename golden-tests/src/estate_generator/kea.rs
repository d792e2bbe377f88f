//! The same estate as a configuration of Kea, for the benchmark's comparison only: what the guards, the profiles
//! and the order of classes mean is simplified, the amount of everything is not.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::model::{Identifier, Network, Pool, Reservation, Site, Subnet};
use super::yaml::{colons, hex};

/// A configuration that `kea-dhcp4 -t` accepts.
pub fn configuration(sites: &[Site]) -> Value {
    let networks: Vec<Value> = sites
        .iter()
        .flat_map(|site| site.networks.iter().map(move |network| shared(site, network)))
        .collect();
    json!({"Dhcp4": {
        "interfaces-config": {"interfaces": []},
        "lease-database": {"type": "memfile", "persist": false},
        "valid-lifetime": 28_800,
        "host-reservation-identifiers": ["circuit-id", "hw-address", "client-id"],
        "option-def": [{"name": "delivery-optimisation", "code": 234, "type": "string", "space": "dhcp4"}],
        "option-data": [
            {"name": "domain-name", "data": "example.internal"},
            {"name": "domain-name-servers", "data": "10.255.0.53, 10.255.1.53"},
        ],
        "client-classes": [
            class("win10", "option[77].hex == 'W10PROD'"),
            class("win10-test", "option[77].hex == 'W10TEST'"),
            class("pxe-bios", "substring(option[60].hex,0,20) == 'PXEClient:Arch:00000'"),
            class("pxe-uefi", "substring(option[60].hex,0,20) == 'PXEClient:Arch:00007'"),
            class("voip", "substring(option[60].hex,0,12) == 'ExampleVoice'"),
            class("camera", "substring(option[60].hex,0,13) == 'ExampleCamera'"),
            {"name": "kiosk"},
        ],
        "shared-networks": networks,
        "loggers": [{"name": "kea-dhcp4", "severity": "ERROR", "output_options": [{"output": "stderr"}]}],
    }})
}

fn class(name: &str, test: &str) -> Value {
    let domain = format!("{name}.example.internal");
    json!({"name": name, "test": test, "option-data": [{"name": "domain-name", "data": domain}]})
}

fn shared(site: &Site, network: &Network) -> Value {
    let subnets: Vec<Value> = network.subnets.iter().map(|subnet| write_subnet(site, subnet)).collect();
    json!({"name": format!("{}-{}", site.code, network.name), "subnet4": subnets})
}

fn write_subnet(site: &Site, subnet: &Subnet) -> Value {
    json!({
        "id": subnet.id.unwrap_or(subnet.first),
        "subnet": subnet.prefix(),
        "pools": subnet.pools.iter().flat_map(|pool| without_exclusions(pool, subnet)).collect::<Vec<_>>(),
        "user-context": {"site": site.code, "name": site.name},
        "require-client-classes": ["win10", "pxe-uefi"],
        "option-data": [
            {"name": "routers", "data": subnet.router().to_string()},
            {"name": "delivery-optimisation", "data": site.cache_group()},
        ],
        "reservations": subnet.reservations.iter().map(write_reservation).collect::<Vec<_>>(),
    })
}

fn without_exclusions(pool: &Pool, subnet: &Subnet) -> Vec<Value> {
    let mut pools = Vec::new();
    let mut next = pool.first;
    let mut push = |first: u32, last: u32| {
        if first <= last {
            let range = format!("{} - {}", Ipv4Addr::from(first), Ipv4Addr::from(last));
            pools.push(match pool.only {
                None => json!({"pool": range}),
                Some(class) => json!({"pool": range, "client-class": class}),
            });
        }
    };
    for exclusion in &subnet.exclusions {
        if (pool.first..=pool.last).contains(&exclusion.first) {
            push(next, exclusion.first - 1);
            next = exclusion.last + 1;
        }
    }
    push(next, pool.last);
    pools
}

fn write_reservation(reservation: &Reservation) -> Value {
    let Reservation { identifier, address, hostname, description, class, router } = reservation;
    let (kind, value) = match identifier {
        Identifier::Mac(octets) => ("hw-address", colons(octets)),
        Identifier::ClientId(text) => ("client-id", hex(text.as_bytes())),
        // Kea knows no reservation by remote ID without a library of its own.
        Identifier::CircuitId(octets) | Identifier::RemoteId(octets) => ("circuit-id", hex(octets)),
    };
    let mut entry = serde_json::Map::new();
    entry.insert(kind.to_owned(), value.into());
    entry.extend(address.map(|address| ("ip-address".to_owned(), address.to_string().into())));
    entry.extend(hostname.as_ref().map(|hostname| ("hostname".to_owned(), hostname.as_str().into())));
    entry.extend(description.as_ref().map(|text| ("user-context".to_owned(), json!({"description": text}))));
    entry.extend(class.map(|class| ("client-classes".to_owned(), json!([class]))));
    let option = |router: Ipv4Addr| json!([{"name": "routers", "data": router.to_string()}]);
    entry.extend(router.map(|router| ("option-data".to_owned(), option(router))));
    Value::Object(entry)
}
