//! `leasehold why` as data: `cases/why/NAME/ask.txt` asks, `expected.txt` beside it holds every answer.
//!
//! ```text
//! estate sites      the repository's example estate; without this line: the case's own folder
//! artefact          ask the artefact alone
//! why ARGUMENTS     the answer for people; `-v` as on the command line
//! json ARGUMENTS    the document, which must be what its schema says
//! ```
//!
//! Whatever is asked, a node with an empty lease table gives the same octets.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use leasehold_compiler::source::Sources;
use leasehold_compiler::why::{Described, Ground, Question, WhyLook, answer, human, witness};
use leasehold_compiler::{Cache, compile};
use leasehold_golden_tests::case::{self, Case};
use leasehold_golden_tests::expectation;
use leasehold_golden_tests::requirement::trial;
use leasehold_schemas::artefact::Estate;
use leasehold_schemas::documents::Document;
use leasehold_schemas::why::Why;
use leasehold_server::estate::Tables;
use leasehold_server::leases::Store;
use leasehold_server::leases::journal::{Completion, Identity, Sizes, recover};
use leasehold_server::node::{Action, Actions, Event, Node};
use leasehold_server::time::Now;
use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let mut trials = Vec::new();
    for case in case::find("why") {
        trials.push(trial(format!("case::{}", case.name), &[], move || run(&case)));
    }
    trials.push(trial("every_subnet_of_the_example_estate", &[], every_subnet));
    trials.push(trial("a_witness_is_its_words", &[], a_witness_is_its_words));
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn sites() -> Sources {
    let mut sources = case::estate(&case::repository().join("sites"));
    "sites/".clone_into(&mut sources.prefix);
    sources
}

#[expect(clippy::disallowed_methods, reason = "a case has its questions in a file")]
fn run(case: &Case) -> Result<(), String> {
    let path = case.folder.join("ask.txt");
    let asked = std::fs::read_to_string(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let lines = || asked.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let sources = if lines().any(|line| line == "estate sites") { sites() } else { case.estate() };
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let estate = &compilation.artefact.as_ref().ok_or("the case's estate has errors")?.estate;
    let ground = if lines().any(|line| line == "artefact") {
        Ground::of_artefact(estate).map_err(|error| error.to_string())?
    } else {
        Ground::of_compilation(&compilation, &sources).ok_or("the case's estate has errors")?
    };
    let mut told = String::new();
    for line in lines().filter(|line| !matches!(*line, "estate sites" | "artefact")) {
        let shown = ask(&ground, estate, line).map_err(|why| format!("{line}: {why}"))?;
        writeln!(told, "$ {line}\n{shown}").map_err(|error| error.to_string())?;
    }
    expectation::compare(&case.folder.join("expected.txt"), &told)
}

/// What is answered to one line of a case.
fn ask(ground: &Ground<'_>, estate: &Estate, line: &str) -> Result<String, String> {
    let mut words = line.split_whitespace();
    let verb = words.next().unwrap_or_default();
    let mut words: Vec<&str> = words.collect();
    let verbose = words.first() == Some(&"-v");
    if verbose {
        words.remove(0);
    }
    let question = Described::parse(&words).and_then(|described| described.question(ground.definitions()));
    let question = match question {
        Ok(question) => question,
        Err(error) => return Ok(format!("{error}\n")),
    };
    let why = answer(ground, &question);
    same_octets(estate, &question, &why)?;
    match verb {
        "why" => Ok(human(&why, WhyLook { verbose, color: false })),
        "json" => {
            let json = serde_json::to_value(&why).map_err(|error| error.to_string())?;
            let schema = serde_json::to_value(Document::Why.schema()).map_err(|error| error.to_string())?;
            let validator = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
            validator.validate(&json).map_err(|error| format!("against its schema: {error}"))?;
            let mut text = serde_json::to_string_pretty(&why).map_err(|error| error.to_string())?;
            text.push('\n');
            Ok(text)
        }
        other => Err(format!("`{other}` is no question")),
    }
}

/// A node that nobody asked before says the same, or is silent for the same reason.
fn same_octets(estate: &Estate, question: &Question, why: &Why) -> Result<(), String> {
    let tables = Arc::new(Tables::build(estate).map_err(|error| error.to_string())?);
    let identity = Identity { estate: estate.name.clone(), node: "one".to_owned() };
    let recovered = recover(None, &[]).map_err(|why| format!("{why:?}"))?;
    let store = Store::open(identity, Sizes::default(), recovered);
    let mut node = Node::new(tables, question.config.clone(), store);
    let now = Now { boot_ms: 1_000, wall_ms: 1_795_305_600_000 };
    let mut actions = Actions::default();
    node.step(now, Event::Datagram { meta: question.meta, bytes: &question.octets }, &mut actions);
    let mut sent = None;
    loop {
        node.flush(now, &mut actions);
        let list = std::mem::take(&mut actions.list);
        if list.is_empty() {
            break;
        }
        for action in list {
            match action {
                Action::Send(outgoing) => sent = Some(outgoing.bytes),
                Action::Disk(operation) => {
                    let done = Completion { id: operation.id, result: Ok(()) };
                    node.step(now, Event::Disk(done), &mut actions);
                }
            }
        }
    }
    let told = why.reply.as_ref().map(|reply| reply.octets.0.clone());
    if sent != told {
        return Err(format!("a node says {sent:02x?}, `why` says {told:02x?}"));
    }
    let silent =
        node.counters().all_silences().find(|(_, count)| *count > 0).map(|(silence, _)| silence.name());
    if silent != why.silence.as_ref().map(|silence| silence.reason.as_str()) {
        return Err(format!("a node is silent for {silent:?}, `why` for {:?}", why.silence));
    }
    Ok(())
}

/// Everyone who asks anywhere in the example estate is answered or told why not, and each value of the estate has
/// its line. That the lines are those of the levels that the server names is asserted where they are joined.
fn every_subnet() -> Result<(), String> {
    let sources = sites();
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let ground = Ground::of_compilation(&compilation, &sources).ok_or("the example estate has errors")?;
    let estate = &compilation.artefact.as_ref().ok_or("the example estate has errors")?.estate;
    let networks = estate.sites.iter().flat_map(|site| &site.networks);
    let (mut answered, mut values) = (0, 0);
    for subnet in networks.flat_map(|network| &network.subnets) {
        let relay = std::net::Ipv4Addr::from(subnet.subnet.network().to_bits() + 1).to_string();
        let reserved = subnet.reservations.first().and_then(|entry| match &entry.identifier {
            leasehold_schemas::artefact::Identifier::Mac(mac) => Some(mac.to_string()),
            _ => None,
        });
        for mac in reserved.into_iter().chain(["02:00:00:de:30:01".to_owned()]) {
            let words = ["--mac", &mac, "--relay", &relay, "--option", "77=W10PROD"];
            let why = witness(&ground, &words).map_err(|error| error.to_string())?;
            let Some(reply) = &why.reply else { continue };
            answered += 1;
            for value in reply.fields.iter().chain(&reply.options) {
                let sayers = std::iter::once(&value.by).chain(&value.overrides);
                values += 1;
                if let Some(sayer) =
                    sayers.into_iter().find(|sayer| sayer.layer.is_some() && sayer.line.is_none())
                {
                    return Err(format!("{relay}: {}: {sayer:?} has no line", value.name));
                }
            }
        }
    }
    if answered < 1_000 || values < 10_000 {
        return Err(format!("only {answered} answers with {values} values"));
    }
    Ok(())
}

/// What a proof prints is what a person may type.
fn a_witness_is_its_words() -> Result<(), String> {
    let case =
        case::find("why").into_iter().find(|case| case.name == "no-answer").ok_or("a case is missing")?;
    let sources = case.estate();
    let compilation = compile(&sources, &mut Cache::default(), case::today());
    let ground = Ground::of_compilation(&compilation, &sources).ok_or("the case's estate has errors")?;
    let words = ["--mac", "02:00:00:00:01:11", "--relay", "10.1.0.1", "--option", "60=ExampleVoice"];
    let why = witness(&ground, &words).map_err(|error| error.to_string())?;
    let classes: Vec<&str> = why.classes.iter().map(|class| class.name.as_str()).collect();
    let guards: Vec<(&str, Option<&str>)> =
        why.guards.iter().map(|guard| (guard.place.as_str(), guard.admits.as_deref())).collect();
    let expected = [("voice", Some("voip")), ("10.1.0.0/24", Some("KNOWN"))];
    if classes != ["voip", "KNOWN"] || guards != expected || why.reply.is_none() {
        return Err(format!("{classes:?} {guards:?} {:?}", why.silence));
    }
    Ok(())
}
