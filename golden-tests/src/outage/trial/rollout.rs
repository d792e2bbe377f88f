//! The artefacts of a trial, and how they reach the servers.

use std::fs;
use std::process::Command;

use leasehold_compiler::{Cache, compile};

use super::Stage;
use crate::case;

impl Stage<'_> {
    pub(super) fn write_artefact(&self, name: &str, file: &str) -> Result<(), String> {
        let sources = case::estate(&case::repository().join("golden-tests/cases/outage").join(name));
        let output = compile(&sources, &mut Cache::default(), case::today());
        let artefact = output.artefact.ok_or_else(|| format!("the estate `{name}` has findings"))?;
        // The server reads a whole file or the former one.
        let (unfinished, file) = (self.path("artefact.new"), self.path(file));
        fs::write(&unfinished, artefact.bytes)
            .and_then(|()| fs::rename(unfinished, file))
            .map_err(|error| error.to_string())
    }

    /// Takes an artefact to both servers, as an operator does.
    pub(super) fn roll_out(&self, file: &str) -> Result<(), String> {
        let mut command = Command::new(&self.programs.server);
        command.args(["rollout", "--control", &self.control(0)]).arg(self.path(file));
        let output = command.output().map_err(|error| error.to_string())?;
        let said = String::from_utf8_lossy(&output.stderr);
        if output.status.success() { Ok(()) } else { Err(format!("rollout: {said}")) }
    }

    /// Where a server's control API is.
    pub(super) fn control(&self, at: usize) -> String {
        format!("unix:{}", self.path(&format!("control{at}")).display())
    }
}
