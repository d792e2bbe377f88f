//! What a server may do with an address: total functions from its standing, the moment and the record.
//!
//! Each refusal and each right has a name, so that they can be counted. Nothing here changes anything.

use std::net::Ipv4Addr;

use super::clock::{Clock, Moment, Padding};
use super::home::{Ownership, Side};
use super::mutant::Rule;
use crate::leases::{Binding, ClientKey, State, Version};
use crate::time::Now;

/// Whether a server shares its addresses with another.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Standing {
    /// A single server: every right is its own.
    #[default]
    Alone,
    /// One of a pair.
    Paired(Paired),
}

/// What a server of a pair is, until its state machine says something else.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Paired {
    /// Which of the two.
    pub me: Side,
    /// How addresses are shared.
    pub ownership: Ownership,
    /// Maximum client lead time in milliseconds: how far beyond the partner's promise a lease may reach.
    pub lead_ms: u64,
    /// How long the partner may let one reach, padded: what is waited for before its addresses are used.
    pub fence_ms: u64,
    /// How durations are padded.
    pub padding: Padding,
    /// What tells the time.
    pub clock: Clock,
    /// The epoch that changes are written in.
    pub epoch: u64,
    /// It has begun, and has not given its rights up.
    pub serving: bool,
    /// It knows of a higher epoch, or has lost its disk, and the partner's snapshot has not come (R10, R11).
    pub stale: bool,
    /// Not stale, and a Hello exchanged at this epoch since it started, or SOLE powers held: nobody else can have
    /// taken over.
    pub sovereign: bool,
    /// The partner is heard and both are in step: addresses are freed by agreement (R3).
    pub normal: bool,
    /// Both wall clocks agree: by a clock that was set nothing is freed (R12).
    pub agreed: bool,
    /// The partner's word can be waited for.
    pub heard: bool,
    /// SOLE powers are held, to be used from then on (R8, R9).
    pub powers_from_wall_ms: Option<u64>,
    /// They could be used when this was concluded: what cannot be granted is not offered.
    pub waited: bool,
    /// Own free addresses rest until then (R11).
    pub rest_until_wall_ms: u64,
}

/// Which rule lets a grant be.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Right {
    /// R2: the same client, counted from now on.
    ExtendFromNow,
    /// R2: the same client, counted from what the partner has promised.
    ExtendFromPotential,
    /// R1: a new client, at one of this server's own addresses.
    BindHome,
    /// R9: a new client at one of the partner's addresses, alone and after the wait.
    BindPartners,
}

impl Right {
    /// Every right, in the order of counters.
    pub const ALL: [Right; 4] =
        [Right::ExtendFromNow, Right::ExtendFromPotential, Right::BindHome, Right::BindPartners];
}

/// Why nothing is granted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Refusal {
    /// The server has just started, or has given up its rights.
    NotServing,
    /// Somebody else's, however long ago it expired: only R3 and R9 free an address.
    OtherClient,
    /// A client declined it.
    Declined,
    /// Its home has begun to free it.
    Ending,
    /// What the partner has promised, and the lead time, are used up.
    BeyondPotential,
    /// Whoever is stale binds nobody new.
    Stale,
    /// Whoever is not sovereign binds nobody new.
    NotSovereign,
    /// The partner's address.
    NotHome,
    /// SOLE powers are held and the wait is not over.
    BeforePowers,
    /// An earlier life of this server may have given the address away.
    Resting,
    /// The address means something else in what the partner may act by.
    Frozen,
}

impl Refusal {
    /// Every refusal, in the order of counters.
    pub const ALL: [Refusal; 11] = [
        Refusal::NotServing,
        Refusal::OtherClient,
        Refusal::Declined,
        Refusal::Ending,
        Refusal::BeyondPotential,
        Refusal::Stale,
        Refusal::NotSovereign,
        Refusal::NotHome,
        Refusal::BeforePowers,
        Refusal::Resting,
        Refusal::Frozen,
    ];
}

/// A right, and how far it reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Granted {
    /// By which rule.
    pub right: Right,
    /// The latest expiry the client may be told, in milliseconds since 1970 UTC on this server's clock.
    pub limit_wall_ms: u64,
}

impl Paired {
    /// What time it is.
    pub fn moment(&self, now: Now) -> Moment {
        self.clock.at(now)
    }

    /// Whether SOLE powers may be used.
    pub fn has_powers(&self, moment: Moment) -> bool {
        self.powers_from_wall_ms.is_some_and(|from| from <= moment.early_wall_ms)
    }

    /// Whether it may bind anybody new to anything.
    pub fn may_bind_at_all(&self) -> Result<(), Refusal> {
        let bound = Rule::OnlySovereignsBind.holds();
        if !self.serving {
            return Err(Refusal::NotServing);
        }
        if self.stale && bound {
            return Err(Refusal::Stale);
        }
        if !self.sovereign && bound {
            return Err(Refusal::NotSovereign);
        }
        Ok(())
    }

    /// R1 and R9: whether a free address may be bound to a client that did not have it.
    pub fn may_bind(&self, moment: Moment, address: Ipv4Addr) -> Result<Right, Refusal> {
        self.may_bind_at_all()?;
        if self.rest_until_wall_ms > moment.early_wall_ms {
            return Err(Refusal::Resting);
        }
        if self.ownership.home(address) == self.me || !Rule::OnlyTheHomeBinds.holds() {
            return Ok(Right::BindHome);
        }
        match self.powers_from_wall_ms {
            Some(from) if from <= moment.early_wall_ms => Ok(Right::BindPartners),
            Some(_) => Err(Refusal::BeforePowers),
            None => Err(Refusal::NotHome),
        }
    }
}

/// R1, R2, R9: whether `address`, whose record is `record`, may be granted to the client, and until when.
pub fn grant(
    paired: &Paired,
    moment: Moment,
    record: Option<&Binding>,
    address: Ipv4Addr,
    key: &ClientKey,
) -> Result<Granted, Refusal> {
    if !paired.serving {
        return Err(Refusal::NotServing);
    }
    let state = record.map(|binding| (&binding.state, binding));
    match state {
        None | Some((State::Free { .. }, _)) => {
            let right = paired.may_bind(moment, address)?;
            Ok(Granted { right, limit_wall_ms: moment.late_wall_ms.saturating_add(paired.lead_ms) })
        }
        Some((State::Declined { .. }, _)) => Err(Refusal::Declined),
        Some((State::Bound(holder), _)) if holder.key != *key => Err(Refusal::OtherClient),
        Some((State::Bound(_), binding)) => extend(paired, moment, binding),
    }
}

/// R2: the same client, either server, any state.
fn extend(paired: &Paired, moment: Moment, binding: &Binding) -> Result<Granted, Refusal> {
    if binding.ending && Rule::EndingIsFrozen.holds() {
        return Err(Refusal::Ending);
    }
    let sovereign = paired.sovereign || !Rule::FencedExtendWithinPromise.holds();
    let now = if sovereign { moment.late_wall_ms } else { 0 };
    let right =
        if binding.potential_wall_ms > now { Right::ExtendFromPotential } else { Right::ExtendFromNow };
    let limit_wall_ms = binding.potential_wall_ms.max(now).saturating_add(paired.lead_ms);
    // A lease is told in whole seconds.
    if limit_wall_ms < moment.late_wall_ms.saturating_add(1_000) {
        return Err(Refusal::BeyondPotential);
    }
    let limit_wall_ms = if Rule::LeasesAreBounded.holds() { limit_wall_ms } else { u64::MAX };
    Ok(Granted { right, limit_wall_ms })
}

/// When everything both servers told the client about an address has passed, or its probation.
fn over_wall_ms(binding: &Binding) -> Option<u64> {
    match binding.state {
        State::Free { .. } => None,
        State::Bound(_) if binding.released => Some(0),
        State::Bound(_) => Some(binding.expires_wall_ms()),
        State::Declined { until_wall_ms } => Some(until_wall_ms.max(binding.expires_wall_ms())),
    }
}

/// R3, its first half: whether the home may mark the address as ending and ask for its end.
pub fn may_begin_end(paired: &Paired, moment: Moment, binding: &Binding) -> bool {
    paired.normal
        && paired.serving
        && paired.sovereign
        && paired.agreed
        && paired.ownership.home(binding.address) == paired.me
        && over_wall_ms(binding).is_some_and(|over| over <= moment.early_wall_ms)
}

/// Why an END is refused.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum EndRefusal {
    /// It was sent before something that this server has done since, or is for another life of the address.
    NotCovered,
    /// This server, or the partner as far as it knows, told the client more.
    NotOver,
    /// This server is stale or has lost its disk: it does not know what it told.
    Stale,
    /// The servers' clocks disagree.
    Stepped,
}

impl EndRefusal {
    /// Every refusal, in the order of counters.
    pub const ALL: [EndRefusal; 4] =
        [EndRefusal::NotCovered, EndRefusal::NotOver, EndRefusal::Stale, EndRefusal::Stepped];
}

/// R3, its second half: whether the partner agrees that the address is free. `asked` is the version of the END;
/// `binding` is this server's record, with all it learned from the END.
pub fn accept_end(
    paired: &Paired,
    moment: Moment,
    asked: (u64, Version),
    binding: &Binding,
) -> Result<(), EndRefusal> {
    let (epoch, version) = asked;
    if !Rule::EndsAreJudged.holds() {
        return Ok(());
    }
    if paired.stale || !paired.sovereign {
        return Err(EndRefusal::Stale);
    }
    if epoch != binding.epoch || version != binding.version || !binding.ending {
        return Err(EndRefusal::NotCovered);
    }
    if !paired.agreed {
        return Err(EndRefusal::Stepped);
    }
    match over_wall_ms(binding) {
        Some(over) if over <= moment.early_wall_ms => Ok(()),
        Some(_) => Err(EndRefusal::NotOver),
        None => Err(EndRefusal::NotCovered),
    }
}

/// R9: whether a server with SOLE powers may free an address without the partner's word. A release is no help: the
/// partner may have told the client more since.
pub fn may_free_alone(paired: &Paired, moment: Moment, binding: &Binding) -> bool {
    let promised = if Rule::PromisesCount.holds() { binding.promised_wall_ms } else { 0 };
    let far = binding.expires_wall_ms().max(promised);
    let far = match binding.state {
        State::Free { .. } => return false,
        State::Bound(_) => far,
        State::Declined { until_wall_ms } => far.max(until_wall_ms),
    };
    let lead = if Rule::LeadIsWaited.holds() { paired.fence_ms } else { 0 };
    paired.has_powers(moment)
        && !paired.stale
        && !moment.stepped
        && far.saturating_add(lead) <= moment.early_wall_ms
}
