//! Small estates that use much of the language, each from its number alone.
//!
//! They keep to what a configuration of Kea 2.2 can say: what it cannot is shown by cases of `export` instead.

use std::fmt::Write as _;

use leasehold_compiler::source::{SourceFile, Sources};

use crate::estate_generator::random::Random;

/// The network behind whose relay one client says when all others have been answered.
pub const SENTINEL: &str = "version: 1\nsite: SENTINEL\nnetworks:\n  - name: sentinel\n    subnets:\n      - subnet: \
                            10.255.255.0/24\n        pools: [10.255.255.20 - 10.255.255.30]\n";

/// What an estate of this number consists of.
pub fn sources(number: u64) -> Sources {
    let mut random = Random::new(number.wrapping_mul(7919).wrapping_add(17));
    let mut writer = Writer { random: &mut random, text: String::new(), next: 0 };
    let estate = writer.estate();
    let mut files = vec![file("estate.yaml", estate), file("sentinel.yaml", SENTINEL.to_owned())];
    let sites = writer.random.between(1, 3);
    for site in 0..sites {
        let text = writer.site(site);
        files.push(file(&format!("site-{site}.yaml"), text));
    }
    Sources::new("", files)
}

fn file(path: &str, text: String) -> SourceFile {
    SourceFile { path: path.to_owned(), bytes: text.into_bytes() }
}

struct Writer<'r> {
    random: &'r mut Random,
    text: String,
    next: u32,
}

/// Classes that a packet decides, and their tests; a class may look back at the ones before it.
const TESTS: [&str; 10] = [
    "option[77].hex == 'U0'",
    "option[77].hex == 'U1'",
    "substring(option[60].hex,0,9) == 'PXEClient'",
    "substring(option[60].hex,0,20) == 'PXEClient:Arch:00007'",
    "option[93].exists",
    "relay4[1].hex == 'port-1'",
    "substring(pkt4.mac,5,1) == 0x07 or option[77].hex in ('U1', 'U2')",
    "member('KNOWN') and option[77].exists",
    "not member('c0') and option[60].exists",
    "pkt4.giaddr in 10.1.0.0/17",
];

impl Writer<'_> {
    fn line(&mut self, depth: usize, text: impl AsRef<str>) {
        writeln!(self.text, "{:1$}{2}", "", depth * 2, text.as_ref()).expect("a string takes every write");
    }

    fn once_in(&mut self, of: u32) -> bool {
        self.random.once_in(of)
    }

    fn estate(&mut self) -> String {
        self.line(0, "version: 1");
        self.line(0, "estate: random");
        self.line(0, "address-space: [10.0.0.0/8]");
        self.line(0, "lease: {default: 8h, min: 10m, max: 24h}");
        self.line(0, "option-definitions:");
        self.line(1, "own-text: {code: 234, type: string}");
        self.line(1, "own-number: {code: 235, type: uint16}");
        self.line(1, "own-servers: {code: 236, type: ipv4-address, array: true}");
        self.line(1, "own-record: {code: 237, type: record, fields: [uint8, ipv4-address]}");
        self.line(1, "vendor-name: {code: 1, type: string, space: 43}");
        self.line(1, "vendor-server: {code: 2, type: ipv4-address, space: 43}");
        self.line(1, "enterprise-name: {code: 5, type: string, space: 125/9999}");
        self.line(0, "options:");
        self.line(1, "domain-name: estate.example");
        self.options(1, 4);
        self.line(0, "classes:");
        for (at, test) in TESTS.iter().enumerate() {
            self.line(1, format!("- name: c{at}"));
            self.line(2, format!("match: \"{test}\""));
            if !self.once_in(3) {
                self.meaning(2, true);
            }
        }
        self.line(1, "- name: r0");
        self.meaning(2, false);
        if self.once_in(2) {
            self.line(0, "profiles:");
            self.line(1, "p0:");
            self.line(2, "options:");
            self.options(3, 2);
            self.line(3, "log-servers: [10.250.0.14]");
        } else {
            self.line(0, "profiles:");
            self.line(1, "p0: {lease: 12h}");
        }
        if self.once_in(3) {
            self.line(0, "reservations:");
            let mac = self.mac();
            self.line(
                1,
                format!("- {{mac: \"{mac}\", classes: [r0], options: {{log-servers: [10.250.0.77]}}}}"),
            );
        }
        std::mem::take(&mut self.text)
    }

    fn site(&mut self, site: u32) -> String {
        self.line(0, "version: 1");
        self.line(0, format!("site: SITE-{site}"));
        if self.once_in(2) {
            self.line(0, "profile: p0");
        }
        self.place(0, true);
        if self.once_in(3) {
            self.line(0, "reservations:");
            let mac = self.mac();
            self.line(1, format!("- {{mac: \"{mac}\", hostname: device-{site}, next-server: 10.250.0.9}}"));
        }
        self.line(0, "networks:");
        let networks = self.random.between(1, 4);
        for network in 0..networks {
            self.network(site, network);
        }
        std::mem::take(&mut self.text)
    }

    fn network(&mut self, site: u32, network: u32) {
        let subnets = if self.once_in(3) { 2 } else { 1 };
        self.line(1, format!("- name: n{network}"));
        if self.once_in(2) {
            self.line(2, format!("relays: [10.200.{site}.{}]", network + 1));
        }
        self.place(2, true);
        match self.random.below(8) {
            0 => self.line(2, "identity: mac"),
            1 => self.line(2, "authoritative: false"),
            2 => self.line(2, "renew-after: 4m"),
            _ => {}
        }
        self.line(2, "subnets:");
        for subnet in 0..subnets {
            self.subnet(site, network * 4 + subnet, subnets > 1);
        }
    }

    fn subnet(&mut self, site: u32, at: u32, shared: bool) {
        let base = format!("10.{}.{}", site + 1, at * 16);
        self.line(3, format!("- subnet: {base}.0/24"));
        if self.once_in(2) {
            self.line(4, format!("id: {}", 1000 * (site + 1) + at));
        }
        self.line(4, "options:");
        self.line(5, format!("routers: [{base}.1]"));
        self.options(5, 2);
        if !shared && self.once_in(3) {
            let lease = self.random.pick(&["4h", "{default: 2h, max: 12h}", "{default: 1h, max: 2h}"]);
            self.line(4, format!("lease: {lease}"));
        }
        self.fields(4);
        self.meanings(4, false);
        self.line(4, "pools:");
        match self.random.below(4) {
            0 => self.line(5, format!("- {base}.20 - {base}.119")),
            1 => {
                self.line(5, format!("- range: {base}.20 - {base}.119"));
                self.line(6, "options: {smtp-server: [10.250.0.25]}");
            }
            2 => {
                let class = self.random.pick(&["c0", "c1", "c2", "c4", "c7"]);
                self.line(5, format!("- {{range: {base}.20 - {base}.79, only: [{class}]}}"));
                self.line(5, format!("- {base}.80 - {base}.119"));
            }
            _ => {
                let list = if shared { "c3, c5" } else { "r0, c5" };
                self.line(5, format!("- {base}.20 - {base}.99"));
                self.line(5, format!("- {{range: {base}.100 - {base}.119, only: [{list}]}}"));
            }
        }
        if self.once_in(2) {
            self.line(4, format!("exclude: [{base}.40, {base}.50 - {base}.59]"));
        }
        self.line(4, "reservations:");
        let reservations = self.random.between(3, 12);
        for host in 0..reservations {
            self.reservation(&base, 130 + host);
        }
    }

    fn reservation(&mut self, base: &str, host: u32) {
        self.next += 1;
        let number = self.next;
        let mut fields = vec![match self.random.below(6) {
            0 => format!("client-id: \"0x00{number:06x}77\""),
            1 => format!("circuit-id: circuit-{number}"),
            2 => format!("duid: \"0x0001{number:06x}\""),
            _ => format!("mac: \"{}\"", self.mac()),
        }];
        let host = if self.once_in(6) { host - 50 } else { host };
        if !self.once_in(6) {
            fields.push(format!("ip: {base}.{host}"));
        }
        if self.once_in(2) {
            fields.push(format!("hostname: host-{number}"));
        }
        if self.once_in(3) {
            fields.push("classes: [r0]".to_owned());
        }
        match self.random.below(5) {
            0 => fields
                .push(format!("options: {{domain-name: own-{number}.example, ntp-servers: [10.250.1.1]}}")),
            1 => fields.push("options: {own-number: 7}".to_owned()),
            2 => fields.push("next-server: 10.250.0.3, boot-file-name: own.efi".to_owned()),
            _ => {}
        }
        self.line(5, format!("- {{{}}}", fields.join(", ")));
    }

    fn mac(&mut self) -> String {
        self.next += 1;
        let [_, a, b, c] = self.next.to_be_bytes();
        format!("02:aa:00:{a:02x}:{b:02x}:{c:02x}")
    }

    /// What a site or network may say.
    fn place(&mut self, depth: usize, meanings: bool) {
        if self.once_in(2) {
            self.line(depth, "options:");
            self.options(depth + 1, 2);
            self.line(depth + 1, "swap-server: 10.250.0.16");
        }
        if self.once_in(5) {
            self.line(depth, "lease: 6h");
        }
        self.fields(depth);
        match self.random.below(8) {
            0 => self.line(depth, "always-send: [ntp-servers, own-text]"),
            1 => self.line(depth, "never-send: [time-servers, tftp-server-name]"),
            _ => {}
        }
        if meanings {
            self.meanings(depth, true);
        }
    }

    fn meanings(&mut self, depth: usize, lease: bool) {
        if !self.once_in(2) {
            return;
        }
        self.line(depth, "classes:");
        let first = self.random.below(5);
        let second = self.random.between(5, 9);
        for class in [first, second] {
            self.line(depth + 1, format!("- class: c{class}"));
            self.meaning(depth + 2, lease);
        }
        if self.once_in(2) {
            self.line(depth + 1, "- class: r0");
            self.meaning(depth + 2, false);
        }
    }

    /// What a class means: at least one option.
    fn meaning(&mut self, depth: usize, lease: bool) {
        self.line(depth, "options:");
        let count = self.random.between(1, 4);
        self.options(depth + 1, count);
        let number = self.random.below(100);
        self.line(depth + 1, format!("nis-domain: class-{number}.example"));
        if lease && self.once_in(4) {
            let lease = self.random.pick(&["30m", "1h", "45m"]);
            self.line(depth, format!("lease: {lease}"));
        }
        self.fields(depth);
        match self.random.below(10) {
            0 => self.line(depth, "always-send: [ntp-servers, own-number, vendor-encapsulated-options]"),
            1 => self.line(depth, "never-send: [time-servers, interface-mtu]"),
            _ => {}
        }
    }

    fn fields(&mut self, depth: usize) {
        if self.once_in(5) {
            let number = self.random.between(1, 9);
            self.line(depth, format!("next-server: 10.250.0.{number}"));
        }
        if self.once_in(7) {
            let number = self.random.below(9);
            self.line(depth, format!("server-hostname: boot-{number}.example"));
        }
        if self.once_in(6) {
            let name = self.random.pick(&["pxe.0", "ipxe.efi", "null", "snp.efi"]);
            self.line(depth, format!("boot-file-name: {name}"));
        }
    }

    /// Some options, none twice.
    fn options(&mut self, depth: usize, count: u32) {
        let mut left: Vec<u32> = (0..17).collect();
        for _ in 0..count {
            let at = self.random.below(u32::try_from(left.len()).expect("a short list"));
            let which = left.remove(at as usize);
            let number = self.random.between(1, 250);
            let takes_away = self.random.once_in(9);
            let name_value = option(which, number);
            let (name, value) = name_value;
            self.line(depth, format!("{name}: {}", if takes_away { "null" } else { &value }));
        }
    }
}

/// An option with a value that depends on a number.
fn option(which: u32, number: u32) -> (&'static str, String) {
    match which {
        0 => ("domain-name-servers", format!("[10.250.2.{number}, 10.250.3.{number}]")),
        1 => ("ntp-servers", format!("[10.250.4.{number}]")),
        2 => ("time-servers", format!("[10.250.5.{number}]")),
        3 => ("tftp-server-name", format!("tftp-{number}.example")),
        4 => ("\"boot-file-name\"", format!("file-{number}.img")),
        5 => ("interface-mtu", (1000 + number).to_string()),
        6 => ("own-text", format!("\"text {number}, with commas\"")),
        7 => ("own-number", number.to_string()),
        8 => ("own-servers", format!("[10.250.6.{number}, 10.250.7.{number}]")),
        9 => ("own-record", format!("[{number}, 10.250.8.{number}]")),
        10 => ("domain-search", format!("[a{number}.example, b.a{number}.example]")),
        11 => ("time-offset", format!("-{number}")),
        12 => ("tftp-server-address", format!("[10.250.9.{number}]")),
        13 => ("vendor-name", format!("vendor-{number}")),
        14 => ("vendor-server", format!("10.250.10.{number}")),
        15 => ("root-path", format!("/srv/{number}")),
        _ => ("netbios-node-type", "8".to_owned()),
    }
}
