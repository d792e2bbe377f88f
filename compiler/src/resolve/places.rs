//! Sites, networks, subnets, pools, reservations and devices.

use leasehold_schemas::artefact::Identifier;
use leasehold_schemas::source::{self, Identifiers, SiteFile, Span, Spanned};
use leasehold_schemas::vocab::Layer;

use super::Resolver;
use crate::model::{Device, Exclusion, Id, Network, Pool, Reservation, Scope, Site, Subnet};

impl Resolver<'_> {
    pub(super) fn site(&mut self, file: &SiteFile) {
        let SiteFile {
            version: _,
            site,
            name,
            profile,
            networks,
            reservations,
            classes,
            change_limits,
            settings,
            gaps: _,
            span,
        } = file;
        let profile = profile.as_ref().and_then(|name| self.profile(name));
        let parent = profile.as_ref().map(|id| self.estate.profiles[id.value].scope).or(self.estate.scope);
        self.estate.inherited.extend(parent);
        // Everything in the file is the site's, also what stands before its first key.
        let whole = Span { file: span.file, start: 0, end: u32::MAX };
        let scope = self.scope(Layer::Site, parent, *span);
        let values = self.place(settings, Some(whole));
        let meanings = self.meanings(classes);
        let entry = &mut self.estate.scopes[scope];
        (entry.values, entry.meanings) = (values, meanings);
        let (code, name) = (site.clone(), name.clone());
        let id = self.estate.sites.push(Site {
            code,
            name,
            profile,
            change_limits: change_limits.clone(),
            scope,
            networks: Vec::new(),
            devices: Vec::new(),
        });
        for device in reservations {
            self.device(device, Some(id));
        }
        for network in networks {
            self.network(network, id, scope);
        }
    }

    fn network(&mut self, network: &source::Network, site: Id<Site>, parent: Id<Scope>) {
        let source::Network { name, relays, subnets, only, classes, settings, span } = network;
        let scope = self.scope(Layer::Network, Some(parent), *span);
        let values = self.place(settings, Some(*span));
        let meanings = self.meanings(classes);
        let named = only.len();
        let only = self.guards(only);
        let entry = &mut self.estate.scopes[scope];
        entry.only_partial = only.len() < named;
        (entry.values, entry.meanings, entry.only) = (values, meanings, only);
        let relays = relays.iter().map(|relay| Spanned::new(relay.value.0, relay.span)).collect();
        let network = Network { site, name: name.clone(), relays, scope, subnets: Vec::new() };
        let id = self.estate.networks.push(network);
        self.estate.sites[site].networks.push(id);
        for subnet in subnets {
            self.subnet(subnet, id, scope);
        }
    }

    fn subnet(&mut self, subnet: &source::Subnet, network: Id<Network>, parent: Id<Scope>) {
        let source::Subnet {
            subnet: prefix,
            suspect,
            id: number,
            pools,
            exclude,
            reservations,
            only,
            classes,
            settings,
            span,
        } = subnet;
        let scope = self.scope(Layer::Subnet, Some(parent), *span);
        let values = self.place(settings, Some(*span));
        let meanings = self.meanings(classes);
        let named = only.len();
        let only = self.guards(only);
        let entry = &mut self.estate.scopes[scope];
        entry.only_partial = only.len() < named;
        (entry.values, entry.meanings, entry.only) = (values, meanings, only);
        let exclusions = exclude.iter().map(|exclusion| self.exclusion(exclusion)).collect();
        let id = self.estate.subnets.push(Subnet {
            network,
            prefix: prefix.clone(),
            suspect: *suspect,
            id: number.clone(),
            scope,
            pools: Vec::with_capacity(pools.len()),
            exclusions,
            reservations: Vec::with_capacity(reservations.len()),
        });
        self.estate.networks[network].subnets.push(id);
        for pool in pools {
            self.pool(pool, id, scope);
        }
        for reservation in reservations {
            self.reservation(reservation, id);
        }
    }

    fn exclusion(&mut self, exclusion: &source::Exclusion) -> Exclusion {
        let source::Exclusion { range, reason, allow, span } = exclusion;
        self.allow(allow, Some(*span));
        Exclusion { range: range.clone(), reason: reason.clone() }
    }

    fn pool(&mut self, pool: &source::Pool, subnet: Id<Subnet>, parent: Id<Scope>) {
        let source::Pool { range, only, classes, settings, span } = pool;
        let scope = self.scope(Layer::Pool, Some(parent), *span);
        let values = self.place(settings, Some(*span));
        let meanings = self.meanings(classes);
        let named = only.len();
        let only = self.guards(only);
        let entry = &mut self.estate.scopes[scope];
        entry.only_partial = only.len() < named;
        (entry.values, entry.meanings, entry.only) = (values, meanings, only);
        let id = self.estate.pools.push(Pool { subnet, range: range.clone(), scope });
        self.estate.subnets[subnet].pools.push(id);
    }

    fn reservation(&mut self, reservation: &source::Reservation, subnet: Id<Subnet>) {
        let source::Reservation { identifiers, ip, hostname, description: _, classes, client, allow, span } =
            reservation;
        self.allow(allow, Some(*span));
        let classes = self.guards(classes);
        let values = client.as_deref().map(|client| self.client(client)).unwrap_or_default();
        let Some(identifier) = identifier(identifiers) else { return };
        let id = self.estate.reservations.push(Reservation {
            subnet,
            identifier,
            address: ip.as_ref().map(|ip| Spanned::new(ip.value.0, ip.span)),
            hostname: hostname.clone(),
            classes,
            values,
            span: *span,
        });
        self.estate.subnets[subnet].reservations.push(id);
    }

    pub(super) fn device(&mut self, device: &source::Device, site: Option<Id<Site>>) {
        let source::Device { identifiers, hostname, description: _, classes, client, allow, span } = device;
        self.allow(allow, Some(*span));
        let classes = self.guards(classes);
        let values = client.as_deref().map(|client| self.client(client)).unwrap_or_default();
        let Some(identifier) = identifier(identifiers) else { return };
        let hostname = hostname.clone();
        let id =
            self.estate.devices.push(Device { site, identifier, hostname, classes, values, span: *span });
        if let Some(site) = site {
            self.estate.sites[site].devices.push(id);
        }
    }
}

/// The one identifier; decoding has reported none or several, and then the first stands.
fn identifier(identifiers: &Identifiers) -> Option<Spanned<Identifier>> {
    let Identifiers { mac, client_id, circuit_id, remote_id, duid } = identifiers;
    let mac = mac.as_ref().map(|mac| Spanned::new(Identifier::Mac(mac.value), mac.span));
    let octets = |text: &Option<Spanned<source::IdentifierText>>, make: fn(_) -> Identifier| {
        text.as_ref().map(|text| Spanned::new(make(text.value.0.clone()), text.span))
    };
    mac.or_else(|| octets(client_id, Identifier::ClientId))
        .or_else(|| octets(circuit_id, Identifier::CircuitId))
        .or_else(|| octets(remote_id, Identifier::RemoteId))
        .or_else(|| octets(duid, Identifier::Duid))
}
