//! What Kea, or a release of it, takes otherwise wherever it is said.

use std::collections::BTreeSet;

use leasehold_schemas::artefact::{Accessor, Identifier, Part, Term, Test};
use leasehold_schemas::vocab::{ClassName, Space};

use super::lifetime::{is_said, networks};
use super::network::{Spot, reserved_classes};
use super::place::Source;
use super::{Exporter, Target};
use crate::lower::{Parameter, ValueName};

impl Exporter<'_> {
    /// Looks for it in the whole estate.
    pub(super) fn limits(&mut self) {
        if let Some(source) = self.model.subnet_selection_sources.first() {
            let what = "Kea lets everybody choose a subnet by option 118, not only who is listed";
            self.losses.change(source.span, "subnet4", what, "and everybody else");
        }
        match self.target {
            Target::Kea22 => {
                self.strict_tests();
                self.remembered_relay();
                self.enterprises();
            }
            Target::Kea30 => {}
        }
        self.dependent_classes();
    }

    /// Kea 2.2 looks at every part of a test, and one that has no value fails all of it.
    fn strict_tests(&mut self) {
        let estate = self.estate;
        for class in &estate.classes {
            let Some(test) = &class.test else { continue };
            let (mut chooses, mut can_fail) = (false, false);
            test.walk(&mut |part| match part {
                Part::Test(Test::And(_) | Test::Or(_)) | Part::Term(Term::IfElse { .. }) => chooses = true,
                Part::Term(Term::AddressText(_) | Term::NumberText(..)) => can_fail = true,
                Part::Test(_) | Part::Term(_) | Part::Accessor(_) => {}
            });
            if chooses && can_fail {
                let span = self.class_span(&class.name);
                let what = "Kea 2.2 looks at every part of a test, also where another decides it already";
                let becomes = "an address or number of a wrong length in any part fails the whole test";
                self.losses.change(span, &format!("client-classes, `{}`", class.name), what, becomes);
            }
        }
    }

    /// Kea 2.2 knows option 82 from relayed packets only.
    fn remembered_relay(&mut self) {
        let estate = self.estate;
        let what = "Kea 2.2 does not remember option 82: a client that renews past its relay has none";
        for class in &estate.classes {
            let Some(test) = &class.test else { continue };
            let mut asks = false;
            test.walk(&mut |part| match part {
                Part::Accessor(Accessor::Option(82) | Accessor::SubOption(82, _)) => asks = true,
                Part::Test(_) | Part::Term(_) | Part::Accessor(_) => {}
            });
            if asks {
                let span = self.class_span(&class.name);
                let becomes = "a renewal is classified without it";
                self.losses.change(span, &format!("client-classes, `{}`", class.name), what, becomes);
            }
        }
        let circuits = networks(&estate.sites).flat_map(|(_, network)| &network.subnets).find_map(|subnet| {
            let is_circuit = |identifier: &Identifier| matches!(identifier, Identifier::CircuitId(_));
            let found = subnet.reservations.iter().find(|one| is_circuit(&one.identifier))?;
            Some(super::origins::Place::Reservation(subnet.subnet, found.identifier.clone()))
        });
        if let Some(place) = circuits {
            let span = self.place_span(&place);
            let becomes =
                "its client is not known when it renews; so are all that are known by their circuit";
            self.losses.change(span, "reservations", what, becomes);
        }
    }

    /// Kea 2.2 answers with one enterprise's option 125.
    fn enterprises(&mut self) {
        let estate = self.estate;
        for (site, network) in networks(&estate.sites) {
            for subnet in &network.subnets {
                let mut said: BTreeSet<u32> = BTreeSet::new();
                let meanings = estate.meanings[subnet.meanings as usize].iter().map(|meaning| meaning.values);
                for set in meanings.chain([subnet.values]) {
                    said.extend(estate.value_sets[set as usize].options.iter().filter_map(|one| {
                        match one.space {
                            Space::Vendor125(enterprise) => Some(enterprise),
                            Space::Dhcp4 | Space::Vendor43 => None,
                        }
                    }));
                }
                if said.len() > 1 {
                    let spot = Spot { site, network, subnet };
                    let span = self.place_span(&spot.place());
                    let what = "Kea 2.2 answers with option 125 of one enterprise, and here are several";
                    self.losses.lose(span, &spot.path(), what, "only the first enterprise's is sent");
                }
            }
        }
    }

    /// Inside a shared network a reservation's classes come after all tests.
    fn dependent_classes(&mut self) {
        let estate = self.estate;
        let mut reserved: BTreeSet<&ClassName> = BTreeSet::new();
        for (_, network) in networks(&estate.sites).filter(|(_, network)| network.subnets.len() > 1) {
            reserved.extend(reserved_classes(network));
        }
        for class in &estate.classes {
            let Some(test) = &class.test else { continue };
            let mut asks = None;
            test.walk(&mut |part| match part {
                Part::Test(Test::Member(name)) => asks = asks.or(reserved.get(name).copied()),
                Part::Test(_) | Part::Term(_) | Part::Accessor(_) => {}
            });
            if let Some(asked) = asks {
                let what = format!(
                    "in a network of several subnets Kea tests classes before it knows those of reservations, and \
                     a reservation there gives `{asked}`"
                );
                let span = self.class_span(&class.name);
                let becomes = "such a client is not seen in it by this test";
                self.losses.lose(span, &format!("client-classes, `{}`", class.name), &what, becomes);
            }
        }
    }

    /// What a class says in a place, beside options and header fields.
    pub(super) fn class_parameters(
        &mut self,
        spot: &Spot<'_>,
        place: &super::origins::Place,
        sources: &[Source<'_>],
    ) {
        let reserved = reserved_classes(spot.network);
        for source in sources {
            let Some(class) = source.class else { continue };
            let said = &source.values.parameters;
            let timers = [
                (Parameter::RenewAfter, said.renew_after_secs.is_some()),
                (Parameter::RebindAfter, said.rebind_after_secs.is_some()),
            ];
            for (parameter, _) in timers.into_iter().filter(|(_, is_said)| *is_said) {
                let value = ValueName::Parameter(parameter);
                let what = "Kea's classes have no timers";
                self.lose_value(
                    &spot.path(),
                    place,
                    Some(class),
                    value,
                    what,
                    "the subnet's hold for its members",
                );
            }
            if is_said(said) && spot.network.subnets.len() > 1 && reserved.contains(class) {
                let what = "in a network of several subnets Kea knows the lease time before the classes of reservations";
                self.lose_lease(&spot.path(), place, Some(class), what);
            }
        }
    }
}
