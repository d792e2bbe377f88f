//! L3: subnets, pools, exclusions, routers and relays.
//!
//! Most mistakes here have followers: a mistyped prefix puts every pool outside it. `placement` decides who is to
//! blame; the others stay silent.

pub mod exclusion_outside_pools;
pub mod exhausted_pool;
pub mod host_bits;
pub mod network_without_subnets;
pub mod no_standby_share;
pub mod overlapping_exclusions;
pub mod overlapping_pools;
pub mod overlapping_subnets;
pub mod pool_contains_relay;
pub mod pool_contains_router;
pub mod pool_outside_subnet;
pub mod pool_with_network_or_broadcast;
pub mod prefix_not_private;
pub mod relay_claimed_twice;
pub mod reversed_range;
pub mod router_outside_subnet;
pub mod same_base_other_mask;
pub mod selection_source_in_pool;
pub mod subnet_without_addresses;

pub(super) mod infrastructure;
pub(super) mod placement;
pub(super) mod prefixes;
pub(super) mod ranges;
pub(super) mod routers;
