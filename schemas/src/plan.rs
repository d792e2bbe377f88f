//! What `leasehold plan --format json` prints: what a change means, for programs.
//!
//! Frozen: fields may be added, never renamed, removed or given another meaning within version 1. A rollout compares
//! the two digests with what runs and what is to run, and reads `risks` for what was acknowledged.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::vocab::{Cidr, SiteCode};

/// The version of this document's shape.
pub const PLAN_VERSION: u32 = 1;

/// What a change means.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Plan {
    /// Version of this document's shape; 1.
    pub version: u32,
    /// What it is compared with.
    pub before: Side,
    /// The estate with the change.
    pub after: Side,
    /// Counts.
    pub summary: PlanSummary,
    /// What could hurt, what is not acknowledged first.
    pub risks: Vec<Risk>,
    /// What changes for whom.
    pub changes: Vec<Change>,
    /// What the change means for the leases that were given; absent without a file of leases.
    pub leases: Option<LeaseImpact>,
    /// What a reader should know about this plan itself.
    pub notes: Vec<String>,
}

/// One of the two estates that are compared.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    /// How the command named it: a folder, a file, a revision.
    pub source: String,
    /// The digest of its artefact; null where errors leave nothing to compile.
    pub digest: Option<String>,
    /// The artefact format it is written in, or would be by this release.
    pub format: u32,
    /// Errors in it.
    pub errors: u32,
    /// Count of sites.
    pub sites: u32,
    /// Count of subnets.
    pub subnets: u32,
    /// Count of reservations.
    pub reservations: u32,
}

/// Counts of what a plan holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct PlanSummary {
    /// Changes.
    pub changes: u32,
    /// Risks that nobody has acknowledged: while there is one, the change is breaking.
    pub breaking: u32,
    /// Risks that somebody has acknowledged.
    pub acknowledged: u32,
}

/// A kind of change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the variants say what changed; `text` says it in words")]
pub enum ChangeKind {
    EstateRenamed,
    ArtefactFormat,
    HighAvailability,
    SubnetSelectionSources,
    ClassRemoved,
    ClassAdded,
    ClassTest,
    ClassRenamed,
    SiteRemoved,
    SiteAdded,
    SiteCode,
    SiteName,
    NetworkRemoved,
    NetworkAdded,
    NetworkRenamed,
    Relays,
    SubnetRemoved,
    SubnetAdded,
    SubnetResized,
    SubnetMoved,
    SubnetId,
    SubnetGuard,
    PoolAddressesRemoved,
    PoolAddressesAdded,
    PoolGuard,
    /// An option, lease time, header field or behaviour, for everybody in the places named.
    Value,
    /// The same, for members of a class in the places named.
    ClassValue,
    ReservationRemoved,
    ReservationAdded,
    ReservationMoved,
    ReservationReplaced,
    ReservationHostname,
    ReservationClasses,
    ReservationValue,
    DeviceRemoved,
    DeviceAdded,
    DeviceHostname,
    DeviceClasses,
    DeviceValue,
}

/// One change, with everything it reaches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What kind.
    pub kind: ChangeKind,
    /// The change in words.
    pub text: String,
    /// What changes: `option routers`, `lease`, a client, a prefix.
    pub what: String,
    /// As it was; null: it was not there.
    pub before: Option<String>,
    /// As it will be; null: it will not be there.
    pub after: Option<String>,
    /// Members of which class; null: everybody.
    pub class: Option<String>,
    /// Sites it reaches, by code.
    pub sites: Vec<SiteCode>,
    /// Networks it reaches: `SITE/NETWORK`.
    pub networks: Vec<String>,
    /// Subnets it reaches, by prefix.
    pub subnets: Vec<Cidr>,
    /// Addresses it is about, where it is about a part of a pool.
    pub ranges: Vec<String>,
    /// Clients it is about, where it is about reservations: what each is known by.
    pub clients: Vec<String>,
    /// Active leases it reaches; null without a file of leases.
    pub leases: Option<ReachedLeases>,
}

/// Active leases that a change reaches, and by when their clients have the new value.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct ReachedLeases {
    /// How many.
    pub count: u32,
    /// By when all of them have it if every renewal succeeds (RFC 3339, UTC).
    pub by_renewal: String,
    /// By when the last of them must have it: its lease ends then.
    pub by_expiry: String,
}

/// Something that could hurt.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Risk {
    /// The rule's code, such as `L901`; unique for ever.
    pub code: String,
    /// The rule's name, such as `subnet-removed`.
    pub slug: String,
    /// What could hurt, in words.
    pub text: String,
    /// Sites it reaches, by code.
    pub sites: Vec<SiteCode>,
    /// Subnets it reaches, by prefix.
    pub subnets: Vec<Cidr>,
    /// Leases that show it, those of a file of leases.
    pub leases: Vec<String>,
    /// Where an `allow:` entry could stand: `path:line`; absent where nothing of it is left in the new estate.
    pub place: Option<String>,
    /// Who accepted it; null: nobody, and then the change is breaking.
    pub acknowledgement: Option<Acknowledgement>,
}

/// How a risk was accepted.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Acknowledgement {
    /// Where.
    pub by: AcknowledgedBy,
    /// Why.
    pub reason: String,
    /// The last day on which it holds, as YYYY-MM-DD; null: no end.
    pub until: Option<String>,
}

/// Where a risk was accepted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AcknowledgedBy {
    /// An `allow:` entry of the new estate.
    Allow,
    /// `--acknowledge RULE=REASON`.
    Argument,
}

/// What a change means for leases.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct LeaseImpact {
    /// The moment against which leases were judged (RFC 3339, UTC).
    pub at: String,
    /// Leases that are active then.
    pub active: u32,
    /// Active leases whose address this change takes out of every pool and reservation for the client.
    pub outside: Vec<StrandedLease>,
    /// Active leases that were outside before this change.
    pub outside_before: u32,
    /// Reservations of this change whose address somebody else holds.
    pub blocked: Vec<BlockedReservation>,
    /// Every client that gets something else, and by when.
    pub affected: Vec<AffectedClient>,
}

/// An active lease on an address that is no longer given out.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StrandedLease {
    /// The address.
    pub address: String,
    /// Who has it.
    pub client: String,
    /// Until when (RFC 3339, UTC).
    pub until: String,
    /// The subnet it was in.
    pub subnet: Option<Cidr>,
}

/// A reservation that waits for somebody else's lease.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BlockedReservation {
    /// The reserved address.
    pub address: String,
    /// For whom it is reserved.
    pub client: String,
    /// Who has it.
    pub holder: String,
    /// Until when (RFC 3339, UTC), unless it is renewed before this estate is served.
    pub until: String,
    /// The subnet.
    pub subnet: Cidr,
}

/// A client with an active lease that gets something else.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct AffectedClient {
    /// Its address.
    pub address: String,
    /// Who it is.
    pub client: String,
    /// By when it has the new value if its next renewal succeeds: T1, or T2 if T1 is over (RFC 3339, UTC).
    pub by_renewal: String,
    /// By when at the latest: its lease ends then.
    pub by_expiry: String,
    /// What changes for it: places in `changes`, from 0. A change for a class is here whether or not the client is in it.
    pub changes: Vec<u32>,
}
