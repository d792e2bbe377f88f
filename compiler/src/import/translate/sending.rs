//! Which options are sent unasked, or never.
//!
//! In Kea each option carries a flag, and the flags of all scopes that bear on a client add up; besides, Kea sends
//! routers, name servers and the domain's name to everybody. An estate has lists, of which the nearest counts whole. So
//! every list here is what Kea's flags come to in its place.

use std::collections::BTreeSet;

use leasehold_schemas::vocab::{OptionCode, Space};

use super::{At, Classes, Tree};
use crate::import::draft::Key;
use crate::import::kea::options::Datum;
use crate::import::kea::scope::Scope;
use crate::import::kea::{Network, Server};
use crate::import::yaml::Yaml;
use crate::resolve::definitions::is_protocol_owned;

/// Options that Kea sends to everybody who asks for anything: routers, name servers, the domain's name.
const UNASKED: [u8; 3] = [3, 6, 15];

/// Codes of a scope's flags. A sub-option goes with its container whatever its flag.
pub fn flagged(options: &[Datum<'_>], flag: fn(&Datum<'_>) -> bool) -> BTreeSet<u8> {
    let own = options.iter().filter(|datum| flag(datum) && datum.space == Space::Dhcp4);
    own.map(|datum| datum.code).filter(|code| !is_protocol_owned(OptionCode(*code))).collect()
}

/// Writes both lists where they differ from what is inherited.
pub fn fill(tree: &mut Tree<'_, '_>) {
    let always = Lists { key: Key::AlwaysSend, flag: |datum| datum.always, base: tree.unasked.clone() };
    always.fill(tree);
    let never = Lists { key: Key::NeverSend, flag: |datum| datum.never, base: BTreeSet::new() };
    never.fill(tree);
}

/// What is always sent everywhere: what Kea sends unasked as far as anybody says it, and what is flagged wherever it is
/// said.
pub fn unasked(server: &Server<'_>, classes: &Classes<'_>) -> BTreeSet<u8> {
    let networks = server.networks.iter();
    let networks = networks.flat_map(|network| std::iter::once(&network.scope).chain(in_subnets(network)));
    let of_classes = classes.kea.iter().flatten().map(|class| &class.scope);
    let devices = server.hosts.iter().map(|host| &host.scope);
    let scopes = std::iter::once(&server.scope).chain(networks).chain(of_classes).chain(devices);
    let (mut said, mut flagged_once, mut unflagged) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for datum in scopes.flat_map(|scope| &scope.options).filter(|datum| datum.space == Space::Dhcp4) {
        said.insert(datum.code);
        if datum.always {
            flagged_once.insert(datum.code)
        } else {
            unflagged.insert(datum.code)
        };
    }
    let everywhere = flagged_once.difference(&unflagged).copied();
    let own = everywhere.filter(|code| !is_protocol_owned(OptionCode(*code)));
    UNASKED.into_iter().filter(|code| said.contains(code)).chain(own).collect()
}

/// What subnets, pools and reservations of a network say.
fn in_subnets<'s, 'b>(network: &'s Network<'b>) -> impl Iterator<Item = &'s Scope<'b>> {
    network.subnets.iter().flat_map(|subnet| {
        let pools = subnet.pools.iter().map(|pool| &pool.scope);
        let hosts = subnet.hosts.iter().map(|host| &host.scope);
        std::iter::once(&subnet.scope).chain(pools).chain(hosts)
    })
}

/// One of the two lists.
struct Lists {
    key: Key,
    flag: fn(&Datum<'_>) -> bool,
    base: BTreeSet<u8>,
}

impl Lists {
    fn fill(&self, tree: &mut Tree<'_, '_>) {
        let of_classes = self.of_classes(tree);
        let flags = |class: usize| {
            let kea = tree.classes.kea[class].as_ref();
            kea.map(|kea| (class, flagged(&kea.scope.options, self.flag))).filter(|(_, own)| !own.is_empty())
        };
        let flagging: Vec<(usize, BTreeSet<u8>)> = (0..tree.classes.kea.len()).filter_map(flags).collect();
        for at in tree.places() {
            let here = self.at(tree, at);
            let around = at.around().map(|around| self.at(tree, around));
            if around.as_ref() != Some(&here) && !(around.is_none() && here.is_empty()) {
                let list = self.list(tree, &here);
                tree.draft_mut(at).say(self.key, list);
            }
            for (class, own) in &flagging {
                let class = *class;
                let inherited =
                    at.chain().skip(1).find_map(|at| tree.draft(at).says.get(&(Some(class), self.key)));
                if !tree.counts(class, at) || (inherited.is_none() && own.is_subset(&here)) {
                    continue;
                }
                // A client may be in several classes, and the first one's list counts whole.
                let list = self.list(tree, &here.union(&of_classes).copied().collect());
                if inherited != Some(&list) {
                    tree.draft_mut(at).says.insert((Some(class), self.key), list);
                }
            }
        }
    }

    /// What the flags of a place and of those around it come to.
    fn at(&self, tree: &Tree<'_, '_>, at: At) -> BTreeSet<u8> {
        let own = at.chain().flat_map(|at| flagged(&tree.scope(at).options, self.flag));
        own.chain(self.base.iter().copied()).collect()
    }

    fn of_classes(&self, tree: &Tree<'_, '_>) -> BTreeSet<u8> {
        tree.classes.kea.iter().flatten().flat_map(|class| flagged(&class.scope.options, self.flag)).collect()
    }

    fn list(&self, tree: &Tree<'_, '_>, codes: &BTreeSet<u8>) -> Yaml {
        Yaml::texts(codes.iter().map(|code| option_name(tree, *code)))
    }
}

fn option_name(tree: &Tree<'_, '_>, code: u8) -> String {
    let ours = tree.server.definitions.ours(Space::Dhcp4, code);
    ours.map_or_else(|| code.to_string(), |definition| definition.name)
}

/// A reservation's lists: what holds where it stands, with its own flags. Nothing if it has none of its own.
pub fn of_host(tree: &Tree<'_, '_>, at: At, options: &[Datum<'_>]) -> Vec<(Key, Yaml)> {
    if !options.iter().any(|datum| datum.always || datum.never) {
        return Vec::new();
    }
    let lists = [
        Lists { key: Key::AlwaysSend, flag: |datum| datum.always, base: tree.unasked.clone() },
        Lists { key: Key::NeverSend, flag: |datum| datum.never, base: BTreeSet::new() },
    ];
    let list = |lists: &Lists| {
        let own = flagged(options, lists.flag);
        let here = lists.at(tree, at);
        if own.is_subset(&here) {
            return None;
        }
        let whole: BTreeSet<u8> = own.into_iter().chain(here).chain(lists.of_classes(tree)).collect();
        Some((lists.key, lists.list(tree, &whole)))
    };
    lists.iter().filter_map(list).collect()
}
