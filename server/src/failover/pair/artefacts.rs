//! Which artefact both servers act by, while one of them, or both, serve another.
//!
//! Each remembers what its partner may act by: the artefact that both confirmed last and, at the standby, one more
//! that the primary may have agreed to since. Where what it serves says something else, addresses are frozen.
//! Invariant: both always have one artefact in common among those; so nobody begins a binding that the other's
//! artefact would let the other begin.
//!
//! The primary proposes what it serves. The standby, once it serves the same, remembers that durably and says so; then
//! the primary agrees, durably, and the standby forgets what was before. Each must have the other's records of all
//! that was done under the old artefact first. A proposal counts in one life of the primary, and while neither server
//! changes its mind: it has a number.

use leasehold_schemas::artefact::{Digest, HighAvailabilityMode};

use super::{Config, Pair, State};
use crate::failover::home::Side;
use crate::failover::message::Body;
use crate::failover::mutant::Rule;
use crate::failover::terms::{Agreed, Errand, Frozen, Terms, Word};
use crate::leases::Store;
use crate::time::Now;

/// Artefacts that are known beside the one that is served, at most.
const KNOWN_MAX: usize = 4;

/// What is known of artefacts.
#[derive(Debug, Default)]
pub(super) struct Artefacts {
    /// What is served; absent: nobody said, and nothing is frozen.
    running: Option<Terms>,
    /// Others, the newest last.
    known: Vec<Terms>,
    staged: Option<Digest>,
    /// The primary's proposal.
    round: u64,
    /// The primary's life and its proposal that this standby has confirmed.
    confirmed: Option<(u64, u64)>,
    /// What an earlier life may have given away is over.
    rested: bool,
    said_ready: bool,
    partner: Option<Word>,
    partner_lead_ms: u64,
    frozen: Frozen,
}

/// How the two servers' artefacts stand to each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Accord {
    /// Both serve what both confirmed.
    Agreed,
    /// Both serve the same, and are about to confirm it.
    Confirming,
    /// They serve different ones, or the partner is silent and served another when it was heard last.
    Different,
    /// Nothing is known of what the partner serves, nor what both confirmed.
    Unknown,
}

impl Accord {
    /// Every one.
    pub const ALL: [Accord; 4] = [Accord::Agreed, Accord::Confirming, Accord::Different, Accord::Unknown];

    /// Its name in logs, metrics and documents.
    pub fn name(self) -> &'static str {
        match self {
            Accord::Agreed => "agreed",
            Accord::Confirming => "confirming",
            Accord::Different => "different",
            Accord::Unknown => "unknown",
        }
    }
}

/// What a server says of its artefacts to whoever watches it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ArtefactStatus {
    /// How they stand to each other.
    pub accord: Accord,
    /// What this server serves.
    pub running: Option<Digest>,
    /// What it has at hand, to serve next.
    pub staged: Option<Digest>,
    /// The last that both confirmed.
    pub agreed: Option<Digest>,
    /// What the partner serves, as it said last.
    pub partner_running: Option<Digest>,
    /// What the partner has at hand.
    pub partner_staged: Option<Digest>,
    /// Count of addresses that are frozen because they mean something else; absent: every one is.
    pub frozen: Option<u64>,
    /// Those whose home changes are frozen too.
    pub homes_move: bool,
}

impl Artefacts {
    /// What the partner said before counts no more.
    pub(super) fn forget_partner(&mut self) {
        self.partner = None;
    }

    pub(super) fn partner_leads(&mut self, lead_ms: u64) {
        self.partner_lead_ms = lead_ms;
    }

    fn terms_of(&self, digest: Digest) -> Option<&Terms> {
        self.running.iter().chain(&self.known).find(|terms| terms.digest == digest)
    }
}

impl Pair {
    /// Takes up what an artefact says. What it said of the pair's numbers counts from now on, as far as both agree.
    pub fn serve(&mut self, terms: Terms, store: &mut Store) {
        self.take_in_changes(store);
        self.config = Config { ownership: terms.ownership, lead_ms: terms.lead_ms, ..self.config };
        let same = self.facts.agreed.is_some_and(|agreed| agreed.digest == terms.digest);
        if same {
            self.arrears.unmark();
        } else {
            self.arrears.mark();
        }
        let artefacts = &mut self.artefacts;
        artefacts.staged = artefacts.staged.filter(|staged| *staged != terms.digest);
        artefacts.round += 1;
        if let Some(before) = artefacts.running.replace(terms) {
            self.know_terms(before, store);
        }
        self.freeze(store);
        if self.session.addressed {
            self.say(Body::Heartbeat, None);
        }
    }

    /// Learns what another artefact says, in case that the partner may act by it.
    pub fn know_terms(&mut self, terms: Terms, store: &mut Store) {
        let needed = [self.facts.agreed, self.facts.prepared];
        let needed = |known: &Terms| needed.iter().flatten().any(|agreed| agreed.digest == known.digest);
        let artefacts = &mut self.artefacts;
        artefacts.known.retain(|known| known.digest != terms.digest);
        if artefacts.known.len() >= KNOWN_MAX {
            let over = artefacts.known.iter().position(|known| !needed(known)).unwrap_or(0);
            artefacts.known.remove(over);
        }
        artefacts.known.push(terms);
        self.freeze(store);
    }

    /// Says which artefact this server has at hand, to serve next.
    pub fn stage(&mut self, staged: Option<Digest>) {
        self.artefacts.staged = staged;
        if self.session.addressed {
            self.say(Body::Heartbeat, None);
        }
    }

    /// Asks or tells the partner something about an artefact.
    pub fn errand(&mut self, errand: Errand) {
        self.say(Body::Errand(errand), None);
    }

    /// An artefact that the partner may act by and of which this server does not know what it says.
    pub fn unknown_terms(&self) -> Option<Digest> {
        self.artefacts.running.as_ref()?;
        let agreed = [self.facts.agreed, self.facts.prepared].into_iter().flatten();
        agreed.map(|agreed| agreed.digest).find(|digest| self.artefacts.terms_of(*digest).is_none())
    }

    /// What it says of its artefacts.
    pub(super) fn word(&self) -> Option<Word> {
        let Artefacts { running, staged, round, confirmed, .. } = &self.artefacts;
        let confirmed =
            confirmed.filter(|(boot, _)| *boot == self.session.boot).map_or(0, |(_, round)| round);
        Some(Word {
            running: running.as_ref()?.digest,
            staged: *staged,
            agreed: self.facts.agreed,
            prepared: self.facts.prepared.is_some(),
            round: if self.config.me == Side::Primary { *round } else { confirmed },
            ready: self.is_ready(),
        })
    }

    /// Whether the partner lacks nothing of what was done under what was served before.
    fn is_ready(&self) -> bool {
        let paid = self.arrears.has_paid_marked() || !Rule::RecordsBeforeArtefacts.holds();
        paid && self.artefacts.rested
    }

    /// How far beyond the partner's promise this server may let a lease reach, in milliseconds: as little as any
    /// artefact says that the partner may act by.
    pub(super) fn lead_ms(&self) -> u64 {
        self.leads().fold(self.config.lead_ms, u64::min)
    }

    /// How long what the partner granted alone may last, padded, in milliseconds: as long as any of them says.
    pub(super) fn fence_ms(&self) -> u64 {
        let most = self.leads().chain([self.artefacts.partner_lead_ms]).fold(self.config.lead_ms, u64::max);
        self.config.padding.pad(most)
    }

    fn leads(&self) -> impl Iterator<Item = u64> {
        [self.facts.agreed, self.facts.prepared].into_iter().flatten().map(|agreed| agreed.lead_ms)
    }

    /// Who answers: both go by what both confirmed, so that no client is left to a partner that leaves it to this one.
    pub(super) fn mode(&self) -> HighAvailabilityMode {
        let agreed = self.facts.agreed.and_then(|agreed| self.artefacts.terms_of(agreed.digest));
        agreed.map_or(self.config.mode, |terms| terms.mode)
    }

    /// The partner said what it serves.
    pub(super) fn hear_word(&mut self, word: Word) {
        let before = self.artefacts.partner.replace(word);
        if before.is_none_or(|before| before.running != word.running) {
            // What it confirmed before it changed its mind counts no more.
            self.artefacts.round += 1;
        }
    }

    /// One step towards an artefact that both confirm, if there is one to make.
    pub(super) fn agree(&mut self, now: Now, store: &mut Store) {
        self.artefacts.rested = self.facts.rest_until_wall_ms <= self.moment(now).early_wall_ms;
        let (Some(running), Some(word)) = (&self.artefacts.running, self.artefacts.partner) else { return };
        if self.state != State::Normal {
            return;
        }
        let mine = Agreed { digest: running.digest, lead_ms: running.lead_ms };
        match self.config.me {
            Side::Primary => self.propose(mine, word, store),
            Side::Standby => self.confirm(mine, word, store),
        }
        let ready = self.is_ready();
        if std::mem::replace(&mut self.artefacts.said_ready, ready) != ready {
            self.say(Body::Heartbeat, None);
        }
    }

    /// The primary's part: it alone agrees to another artefact, so it has never more than one in mind.
    fn propose(&mut self, mine: Agreed, word: Word, store: &mut Store) {
        if let (None, Some(known), false) = (self.facts.agreed, word.agreed, word.prepared) {
            self.count("artefact-remembered");
            self.remember(Some(known), None, store);
        }
        let agreed = self.facts.agreed.is_some_and(|agreed| agreed.digest == mine.digest);
        let confirmed = word.running == mine.digest && word.round == self.artefacts.round;
        if !agreed && confirmed && self.is_ready() {
            self.count("artefact-agreed");
            self.remember(Some(mine), None, store);
        }
    }

    /// The standby's part.
    fn confirm(&mut self, mine: Agreed, word: Word, store: &mut Store) {
        let proposal = Some((self.session.boot, word.round));
        if let Some(agreed) = word.agreed {
            // What it confirmed may still be agreed to, unless the proposal was given up.
            let pending = self.artefacts.confirmed == proposal;
            let prepared = self.facts.prepared.filter(|prepared| pending && prepared.digest != agreed.digest);
            if self.facts.agreed != Some(agreed) || self.facts.prepared != prepared {
                self.count(if self.facts.agreed == Some(agreed) {
                    "artefact-given-up"
                } else {
                    "artefact-agreed"
                });
                self.remember(Some(agreed), prepared, store);
            }
        }
        let wanted =
            word.running == mine.digest && word.agreed.is_none_or(|agreed| agreed.digest != mine.digest);
        if wanted && word.ready && self.is_ready() && self.artefacts.confirmed != proposal {
            self.count("artefact-confirmed");
            self.artefacts.confirmed = proposal;
            let other = self.facts.agreed.is_none_or(|agreed| agreed.digest != mine.digest);
            self.remember(self.facts.agreed, Some(mine).filter(|_| other), store);
        }
    }

    /// What the partner may act by has changed: durably, before anything is done or said that rests on it.
    fn remember(&mut self, agreed: Option<Agreed>, prepared: Option<Agreed>, store: &mut Store) {
        (self.facts.agreed, self.facts.prepared) = (agreed, prepared);
        self.keep_facts(store);
        let moved = self.artefacts.frozen.moves_homes();
        self.freeze(store);
        self.look_at_all();
        if moved {
            // Whose home was another, its new home has to bring to its end.
            let ending = store.bindings().iter().filter(|binding| binding.ending);
            self.arrears.owe_all(ending.map(|binding| binding.address));
        }
        self.say(Body::Heartbeat, None);
    }

    /// R11: nobody knows what the partner may act by.
    pub(super) fn forget_agreement(&mut self, store: &mut Store) {
        (self.facts.agreed, self.facts.prepared) = (None, None);
        self.artefacts.forget_partner();
        self.freeze(store);
    }

    /// Concludes anew what is frozen.
    fn freeze(&mut self, store: &mut Store) {
        let artefacts = &self.artefacts;
        let Some(running) = &artefacts.running else { return };
        let terms_of = |agreed: Agreed| artefacts.terms_of(agreed.digest);
        let frozen = match self.facts.agreed {
            None => Frozen::between(running, [None].into_iter()),
            Some(agreed) => {
                let others = [Some(agreed), self.facts.prepared].into_iter().flatten();
                Frozen::between(running, others.map(terms_of))
            }
        };
        if self.artefacts.frozen != frozen {
            self.count(if frozen.is_empty() { "thawed" } else { "frozen" });
            self.artefacts.frozen = frozen.clone();
            store.set_frozen(frozen);
        }
    }

    /// What it says of its artefacts to whoever watches it.
    pub fn artefact_status(&self) -> ArtefactStatus {
        let Artefacts { running, staged, partner, frozen, .. } = &self.artefacts;
        let running = running.as_ref().map(|running| running.digest);
        let agreed = self.facts.agreed.map(|agreed| agreed.digest);
        let partner_running = partner.map(|word| word.running);
        let accord = match (partner_running, agreed) {
            (Some(partner), _) if Some(partner) != running => Accord::Different,
            (_, Some(_)) if agreed == running && self.facts.prepared.is_none() => Accord::Agreed,
            (Some(_), _) => Accord::Confirming,
            (None, Some(_)) => Accord::Different,
            (None, None) => Accord::Unknown,
        };
        ArtefactStatus {
            accord,
            running,
            staged: *staged,
            agreed,
            partner_running,
            partner_staged: partner.and_then(|word| word.staged),
            frozen: (!frozen.is_everything()).then(|| frozen.addresses()),
            homes_move: frozen.moves_homes(),
        }
    }
}
