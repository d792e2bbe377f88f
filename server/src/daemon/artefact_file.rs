//! From the artefact's file to tables that can be served, or one line that says why not.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use leasehold_schemas::artefact::{Digest, Estate, PeerRole, decode};
use leasehold_server::estate::Tables;

/// Octets of an artefact, at most: a hundred times the largest estate that is known.
pub const ARTEFACT_MAX: u64 = 256 << 20;

/// An artefact that was verified whole.
pub struct Loaded {
    /// Its bytes, to be kept as the last good ones.
    pub bytes: Arc<[u8]>,
    /// What it is.
    pub digest: Digest,
    /// Ready to be served.
    pub tables: Arc<Tables>,
    /// This server's part: `primary`, or `single server` where there is no pair.
    pub role: &'static str,
}

/// What a file must fit.
#[derive(Clone)]
pub struct Wanted {
    /// Where it is.
    pub path: PathBuf,
    /// The name of this server.
    pub node: String,
}

impl Wanted {
    /// Reads and verifies the file.
    pub fn load(&self) -> Result<Loaded, String> {
        self.load_from(&self.path)
    }

    /// Reads and verifies another file in its place.
    pub fn load_from(&self, path: &Path) -> Result<Loaded, String> {
        let shown = path.display();
        let bytes = std::fs::read(path).map_err(|error| {
            format!("cannot read artefact {shown}: {error}; `leasehold compile ESTATE -o FILE` writes one")
        })?;
        self.load_bytes(bytes.into(), &shown.to_string())
    }

    /// Verifies bytes that came another way; `shown` names them.
    pub fn load_bytes(&self, bytes: Arc<[u8]>, shown: &str) -> Result<Loaded, String> {
        let (estate, digest) = decode(&bytes).map_err(|error| format!("cannot serve {shown}: {error}"))?;
        let role = self.role(&estate).map_err(|why| format!("cannot serve {shown}: {why}"))?;
        let tables = Tables::build(&estate)
            .map_err(|error| format!("cannot serve {shown}: {error}; compile the estate again"))?
            .with_digest(digest);
        Ok(Loaded { bytes, digest, tables: Arc::new(tables), role })
    }

    fn role(&self, estate: &Estate) -> Result<&'static str, String> {
        let Some(pair) = &estate.high_availability else { return Ok("single server") };
        let Some(me) = pair.servers.iter().find(|server| server.name == self.node) else {
            let names: Vec<String> = pair.servers.iter().map(|server| format!("`{}`", server.name)).collect();
            let names = names.join(" and ");
            return Err(format!(
                "it names no server `{}`; its servers are {names}: give --node one",
                self.node
            ));
        };
        Ok(role_name(me.role))
    }
}

/// What is in a file, if it is one and no longer than `max` octets.
pub fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, String> {
    let shown = path.display();
    let cannot = |error: std::io::Error| format!("cannot read {shown}: {error}");
    let file = File::open(path).map_err(cannot)?;
    let metadata = file.metadata().map_err(cannot)?;
    if !metadata.is_file() || metadata.len() > max {
        return Err(format!("{shown} is no file of at most {} MiB; give another", max >> 20));
    }
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes).map_err(cannot)?;
    Ok(bytes)
}

/// A part in a pair, as it is written.
pub fn role_name(role: PeerRole) -> &'static str {
    match role {
        PeerRole::Primary => "primary",
        PeerRole::Standby => "standby",
        PeerRole::Secondary => "secondary",
        PeerRole::Backup => "backup",
    }
}
