//! `leasehold-server rollout`: takes an artefact to both servers of a pair, one after the other, through the control API
//! of one of them.
//!
//! Staged on both first; then the standby serves it, then the primary, with a look at both between. What goes wrong is
//! taken back. Invariant: exit status 0 both serve it and have confirmed it, 1 it was refused or taken back and both
//! serve what they did, 2 a server could not be asked; what is left then is said.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use clap::Args;
use leasehold_schemas::artefact::{Digest, decode};
use serde::Deserialize;
use serde_json::json;

use super::Stop;
use super::artefact_file::read_bounded;
use super::control::status::{ArtefactStatus, PairStatus, Status};
use super::ha::{Client, ControlAccess};

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often a server is told again.
const TELL_EVERY: Duration = Duration::from_secs(2);
/// Octets of a plan.
const PLAN_MAX: u64 = 256 << 20;

/// Roll an artefact out to both servers of a pair.
///
/// Staged on both; then the standby serves it, then the primary. If a server is not well with it, both go back to what
/// they served.
#[derive(Args, Debug)]
pub struct RolloutArguments {
    /// The artefact that `leasehold compile` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// What `leasehold plan --format json` said of the change: it must be from what runs to this artefact, and
    /// everything that it calls breaking must be acknowledged in it.
    #[arg(long, value_name = "PLAN.JSON")]
    plan: Option<PathBuf>,
    /// For how many seconds the first server must be well before the second follows.
    #[arg(long, value_name = "SECONDS", default_value_t = 2)]
    watch: u64,
    /// For how many seconds a step may take, such as until both servers are in step again.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    patience: u64,
    /// Which server is asked.
    #[command(flatten)]
    access: ControlAccess,
}

/// What of a plan decides.
#[derive(Deserialize)]
struct Plan {
    version: u32,
    before: Side,
    after: Side,
    risks: Vec<Risk>,
}

#[derive(Deserialize)]
struct Side {
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Risk {
    code: String,
    text: String,
    acknowledgement: Option<serde::de::IgnoredAny>,
}

/// One of the two servers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Whose {
    /// The one that is asked.
    Own,
    /// Its partner.
    Partners,
}

/// Rolls out, and says what is done.
pub fn run(arguments: &RolloutArguments) -> Result<(), Stop> {
    let RolloutArguments { file, plan, watch, patience, access } = arguments;
    let bytes = read_bounded(file, super::artefact_file::ARTEFACT_MAX).map_err(Stop::Refused)?;
    let shown = file.display();
    let (_, digest) =
        decode(&bytes).map_err(|error| Stop::Refused(format!("cannot roll out {shown}: {error}")))?;
    let plan = plan.as_deref().map(read_plan).transpose().map_err(Stop::Refused)?;
    let client = Client::new(access).map_err(Stop::Refused)?;
    let rollout = Rollout {
        client,
        new: digest.to_string(),
        watch: Duration::from_secs(*watch),
        patience: Duration::from_secs(*patience),
    };
    rollout.run(&bytes, plan.as_ref())
}

fn read_plan(path: &Path) -> Result<Plan, String> {
    let bytes = read_bounded(path, PLAN_MAX)?;
    let plan: Plan = serde_json::from_slice(&bytes).map_err(|error| {
        format!("{} is no plan: {error}; `leasehold plan --format json` prints one", path.display())
    })?;
    if plan.version != 1 {
        return Err(format!(
            "{} is a plan of version {}; this release reads 1",
            path.display(),
            plan.version
        ));
    }
    Ok(plan)
}

/// Why a plan does not allow the change, if it does not.
fn objection(plan: &Plan, running: &str, new: &str) -> Option<String> {
    let known = |side: &Side| side.digest.clone().unwrap_or_else(|| "nothing that compiles".to_owned());
    let (before, after) = (known(&plan.before), known(&plan.after));
    if after != new {
        return Some(format!("the plan is to {after}, and the artefact is {new}; plan the change anew"));
    }
    if before != running {
        return Some(format!(
            "the plan is from {before}, and the pair serves {running}; plan the change anew"
        ));
    }
    let open: Vec<String> = plan
        .risks
        .iter()
        .filter(|risk| risk.acknowledgement.is_none())
        .map(|risk| format!("\n  {}: {}", risk.code, risk.text))
        .collect();
    (!open.is_empty()).then(|| {
        format!(
            "the plan calls the change breaking, and nobody has acknowledged:{}\nacknowledge each by an `allow` in the \
             estate or by `leasehold plan --acknowledge RULE=REASON`, and plan anew",
            open.concat()
        )
    })
}

struct Rollout {
    client: Client,
    new: String,
    watch: Duration,
    patience: Duration,
}

impl Rollout {
    fn run(&self, bytes: &[u8], plan: Option<&Plan>) -> Result<(), Stop> {
        let status = self.status()?;
        let old = status.artefact.clone();
        let from = self.from(&status)?;
        if let Some(objection) = plan.and_then(|plan| objection(plan, &from, &self.new)) {
            return Err(Stop::Failed(objection));
        }
        if plan.is_none() {
            say("no plan was given: nobody checks what the change does to clients");
        }
        let Some(pair) = &status.pair else { return self.single(bytes, &old) };
        if old == self.new && pair.artefacts.accord == "agreed" {
            say(&format!("both servers serve {} already", self.new));
            return Ok(());
        }
        well(pair).map_err(|why| Stop::Failed(format!("not begun: {why}")))?;
        self.stage(bytes)?;
        let first = if status.role == "primary" { Whose::Partners } else { Whose::Own };
        let second = if first == Whose::Own { Whose::Partners } else { Whose::Own };
        for (whose, watch) in [(first, self.watch), (second, Duration::ZERO)] {
            if let Err(why) = self.step(whose, watch) {
                return Err(self.take_back(&from, &why));
            }
        }
        match self.wait("both servers confirm it", |status, pair| {
            let agreed = status.artefact == self.new && pair.artefacts.accord == "agreed";
            (agreed && well(pair).is_ok()).then_some(())
        }) {
            Ok(()) => {
                say(&format!("both servers serve {} and have confirmed it", self.new));
                Ok(())
            }
            Err(why) => Err(self.take_back(&from, &why)),
        }
    }

    /// What both served last, and go back to: a rollout that ended halfway is gone on with.
    fn from(&self, status: &Status) -> Result<String, Stop> {
        let Some(pair) = &status.pair else { return Ok(status.artefact.clone()) };
        let ArtefactStatus { agreed, partner_running, .. } = &pair.artefacts;
        let from = agreed.clone().unwrap_or_else(|| status.artefact.clone());
        let known = [Some(&status.artefact), partner_running.as_ref()];
        let other = known.into_iter().flatten().find(|running| **running != from && **running != self.new);
        match other {
            None => Ok(from),
            Some(other) => Err(Stop::Failed(format!(
                "not begun: one server serves {other}, and both confirmed {from} last; give both servers one of the two \
                 first: roll it out"
            ))),
        }
    }

    /// A server without a partner has it at once.
    fn single(&self, bytes: &[u8], old: &str) -> Result<(), Stop> {
        self.client.send("POST", "/v1/artefact", bytes)?;
        let staged =
            self.until("it is staged", |status| (status.staged.as_ref() == Some(&self.new)).then_some(()));
        let done = staged.and_then(|()| {
            self.tell(Whose::Own, &self.new)?;
            self.until("it is served", |status| (status.artefact == self.new).then_some(()))
        });
        done.map_err(|why| {
            // It is the same whether it can be said.
            let _ = self.client.send("DELETE", "/v1/artefact", &[]);
            Stop::Failed(format!("{why}; the server serves {old}"))
        })?;
        say(&format!("the server serves {}", self.new));
        Ok(())
    }

    fn stage(&self, bytes: &[u8]) -> Result<(), Stop> {
        say(&format!("staging {} on both servers", self.new));
        self.client.send("POST", "/v1/artefact", bytes)?;
        let staged = self.wait("both servers have it at hand", |status, pair| {
            let own = status.staged.as_ref() == Some(&self.new) || status.artefact == self.new;
            let partners = [&pair.artefacts.partner_staged, &pair.artefacts.partner_running];
            let partner = partners.iter().any(|digest| digest.as_ref() == Some(&self.new));
            (own && partner).then_some(())
        });
        staged.map_err(|why| {
            let left = match self.client.send("DELETE", "/v1/artefact", &[]) {
                Ok(_) => "nothing was changed",
                Err(_) => "no server was told to serve it",
            };
            Stop::Failed(format!("{why}; {left}"))
        })
    }

    /// One server serves it, and both are well for a while.
    fn step(&self, whose: Whose, watch: Duration) -> Result<(), String> {
        let name = self.serve(whose, &self.new)?;
        say(&format!("{name} serves it"));
        let begun = Instant::now();
        self.wait("both servers are in step again", |_, pair| well(pair).is_ok().then_some(()))?;
        while begun.elapsed() < watch {
            thread::sleep(LOOK_EVERY);
            let status = self.status().map_err(|why| why.text().to_owned())?;
            let pair = status.pair.ok_or("the server has no partner any more")?;
            well(&pair).map_err(|why| format!("since {name} serves it, {why}"))?;
        }
        Ok(())
    }

    /// Tells a server to serve an artefact until it does; gives its name.
    fn serve(&self, whose: Whose, digest: &str) -> Result<String, String> {
        let mut told: Option<Instant> = None;
        let what = match whose {
            Whose::Own => "the server serves it",
            Whose::Partners => "the partner serves it",
        };
        self.wait(what, |status, pair| {
            let (running, name) = match whose {
                Whose::Own => (Some(&status.artefact), &status.node),
                Whose::Partners => (pair.artefacts.partner_running.as_ref(), &pair.partner.name),
            };
            if running.is_some_and(|running| running == digest) {
                return Some(name.clone());
            }
            if told.is_none_or(|told| told.elapsed() >= TELL_EVERY) {
                told = Some(Instant::now());
                // If it could not be told now, it is told again.
                let _ = self.tell(whose, digest);
            }
            None
        })
    }

    fn tell(&self, whose: Whose, digest: &str) -> Result<(), String> {
        let body = json!({ "artefact": digest, "partner": whose == Whose::Partners }).to_string();
        let told = self.client.send("POST", "/v1/artefact/serve", body.as_bytes());
        told.map(drop).map_err(|why| why.text().to_owned())
    }

    /// Both serve again what they did.
    fn take_back(&self, from: &str, why: &str) -> Stop {
        say(&format!("taking it back: {why}"));
        let mut left = Vec::new();
        for whose in [Whose::Own, Whose::Partners] {
            if let Err(why) = self.serve(whose, from) {
                left.push(why);
            }
        }
        // What is staged and not served hurts nobody.
        let _ = self.client.send("DELETE", "/v1/artefact", &[]);
        if left.is_empty() {
            return Stop::Failed(format!("rolled back: {why}; both servers serve {from}"));
        }
        Stop::Refused(format!(
            "{why}; and it could not be taken back on both servers: {}; put the artefact {from} in the place of the file \
             that server is started with (its data directory has it as agreed.json), and send it SIGHUP or start it",
            left.join("; ")
        ))
    }

    fn status(&self) -> Result<Status, Stop> {
        self.client.status()
    }

    /// Looks until something is so; what a server refused ends it.
    fn until<T>(&self, what: &str, mut is_so: impl FnMut(&Status) -> Option<T>) -> Result<T, String> {
        let (begun, mut looks) = (Instant::now(), 0_u32);
        loop {
            let (mut unheard, first) = (None, looks == 0);
            looks += 1;
            match self.status() {
                Ok(status) => {
                    if let Some(it) = is_so(&status) {
                        return Ok(it);
                    }
                    // What was refused before this step is no word about it.
                    if let Some(why) = status.artefact_refused.as_ref().filter(|_| !first) {
                        return Err(format!("{} refuses it: {why}", status.node));
                    }
                    if let Some((pair, why)) = refused_by_partner(&status).filter(|_| !first) {
                        return Err(format!("{} refuses it: {why}", pair.partner.name));
                    }
                }
                Err(why) => unheard = Some(why.text().to_owned()),
            }
            if begun.elapsed() > self.patience {
                let also = unheard.map(|why| format!(" ({why})")).unwrap_or_default();
                return Err(format!("waited {} s in vain until {what}{also}", self.patience.as_secs()));
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn wait<T>(
        &self,
        what: &str,
        mut is_so: impl FnMut(&Status, &PairStatus) -> Option<T>,
    ) -> Result<T, String> {
        self.until(what, |status| status.pair.as_ref().and_then(|pair| is_so(status, pair)))
    }
}

fn refused_by_partner(status: &Status) -> Option<(&PairStatus, &String)> {
    let pair = status.pair.as_ref()?;
    Some((pair, pair.artefacts.partner_refused.as_ref()?))
}

/// Whether both servers are in step and answer.
fn well(pair: &PairStatus) -> Result<(), String> {
    let partner = &pair.partner;
    if !partner.heard {
        return Err(format!("the partner {} is not heard; start it, or mend the link", partner.name));
    }
    for (whose, state) in [("the server", Some(&pair.state)), ("the partner", partner.state.as_ref())] {
        if state.is_none_or(|state| state != "normal") {
            let state = state.map_or("unknown", String::as_str);
            return Err(format!(
                "{whose} is in state `{state}`, not `normal`; `leasehold-server ha status` says why"
            ));
        }
    }
    if pair.conflicts > 0 {
        return Err("a server has counted a conflict: see its log".to_owned());
    }
    Ok(())
}

fn say(what: &str) {
    // Whoever started it need not read this.
    let _ = writeln!(std::io::stdout().lock(), "{what}");
}

/// A digest as it is written in documents.
pub fn digest_of(text: &str) -> Option<Digest> {
    let hex = text.strip_prefix("sha256:").filter(|hex| hex.len() == 64 && hex.is_ascii())?;
    let mut digest = [0; 32];
    for (octet, two) in digest.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *octet = u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok()?;
    }
    Some(Digest(digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(before: &str, after: &str, acknowledged: bool) -> Plan {
        let acknowledgement =
            if acknowledged { json!({"by": "allow", "reason": "r", "until": null}) } else { json!(null) };
        let risk = json!({"code": "L901", "slug": "s", "text": "a pool shrinks", "acknowledgement": acknowledgement});
        let plan = json!({
            "version": 1, "before": {"digest": before}, "after": {"digest": after}, "risks": [risk], "changes": []
        });
        serde_json::from_value(plan).expect("a plan")
    }

    #[test]
    fn a_plan_allows_the_change_it_is_about_once_its_risks_are_acknowledged() {
        assert_eq!(objection(&plan("a", "b", true), "a", "b"), None);
        let of = |plan, running, new| objection(&plan, running, new).expect("an objection");
        assert!(of(plan("a", "b", true), "c", "b").contains("the plan is from a, and the pair serves c"));
        assert!(of(plan("a", "b", true), "a", "c").contains("the plan is to b, and the artefact is c"));
        assert!(
            of(plan("a", "b", false), "a", "b").contains("nobody has acknowledged:\n  L901: a pool shrinks")
        );
    }

    #[test]
    fn a_digest_reads_back_as_it_was_written() {
        let digest = Digest::of(b"artefact");
        assert_eq!(digest_of(&digest.to_string()), Some(digest));
        assert_eq!(digest_of("sha256:12"), None);
        assert_eq!(digest_of(&format!("sha256:{}", "zz".repeat(32))), None);
    }
}
