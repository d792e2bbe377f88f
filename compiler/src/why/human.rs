//! An answer for people: what was decided, then each value with who said it and where, then whose word it overrides.
//!
//! Invariant: everything shown is in the document; nothing that a file or packet says can steer a terminal.

use std::fmt::Write as _;

use leasehold_schemas::vocab::Space;
use leasehold_schemas::why::{
    Class, Guard, Line, Note, Packet, Reply, Reservation, Sayer, SelectedBy, Silence, Unsent, UnsentReason,
    Value, Why,
};

/// Columns are at most this wide; what is longer moves the rest of its row.
const WIDTH_MAX: usize = 44;

/// How an answer is shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct WhyLook {
    /// Whether the options are named too that are set and not sent.
    pub verbose: bool,
    /// Whether colours tell what came of it, and weight sets headings apart.
    pub color: bool,
}

/// The document as text.
pub fn human(why: &Why, look: WhyLook) -> String {
    let WhyLook { verbose, color } = look;
    let Why { version: _, estate, packet, network, reservations, classes, guards, reply, silence, notes } =
        why;
    let mut page = Page { text: String::new(), color };
    page.line(&format!("{}, in estate {estate}", asked(packet)));
    page.styled(if reply.is_some() { "1;32" } else { "1;31" }, &outcome(reply.as_ref(), silence.as_ref()));
    let mut rows = Vec::new();
    if let Some(network) = network {
        let name = network.site_name.as_ref().map_or_else(String::new, |name| format!(", {name}"));
        rows.push(Row::new("network", &format!("{} of {}{name}", network.name, network.site), &network.line));
        let by = match network.selected_by {
            SelectedBy::LinkSelection => "link selection",
            SelectedBy::SubnetSelection => "subnet selection",
            SelectedBy::Relay => "relay",
            SelectedBy::ClientAddress => "client address",
            SelectedBy::Source => "source",
            SelectedBy::Interface => "interface",
        };
        let lies = match network.subnet {
            Some(subnet) => format!("lies in {subnet}"),
            None => "is named by the network".to_owned(),
        };
        rows.push(Row::new("", &format!("{by} {} {lies}", network.address), &None));
    }
    rows.extend(reservations.iter().map(reservation));
    rows.extend(classes.iter().map(class));
    rows.extend(guards.iter().filter(|guard| guard.admits.is_some()).map(guard_row));
    for (what, place) in reply.iter().flat_map(|reply| [("subnet", &reply.subnet), ("pool", &reply.pool)]) {
        rows.extend(place.iter().map(|place| Row::new(what, &place.name, &place.line)));
    }
    page.table(&rows);
    if let Some(silence) = silence {
        page.notes(&silence.nearest);
    }
    page.notes(notes);
    if let Some(reply) = reply {
        values(&mut page, reply);
        unsent(&mut page, &reply.unsent, verbose);
    }
    page.text
}

fn asked(packet: &Packet) -> String {
    let Packet { kind, mac, client_id, relay, octets: _ } = packet;
    let mut text = kind.clone().unwrap_or_else(|| "a message without a type".to_owned());
    match (mac, client_id) {
        (Some(mac), _) => write!(text, " from {mac}"),
        (None, Some(client)) => write!(text, " from client {}", super::octets_text(&client.0)),
        (None, None) => Ok(()),
    }
    .expect("a string takes all that is written to it");
    if let Some(relay) = relay {
        write!(text, " by relay {relay}").expect("a string takes all that is written to it");
    }
    text
}

fn outcome(reply: Option<&Reply>, silence: Option<&Silence>) -> String {
    match (reply, silence) {
        (Some(reply), _) => {
            let address = reply.fields.iter().find(|field| field.name == "yiaddr");
            let address = address.map_or_else(String::new, |field| format!(" of {}", field.value));
            let lease = reply.options.iter().find(|option| option.name == "dhcp-lease-time");
            let lease = lease.map_or_else(String::new, |option| format!(" for {}", option.value));
            let because = reply.denial.as_ref().map_or_else(String::new, |why| format!(": {why}"));
            format!("-> {}{address}{lease} to {}, while nobody has a lease{because}", reply.kind, reply.to)
        }
        (None, Some(silence)) => format!("-> no answer ({}): {}", silence.reason, silence.words),
        (None, None) => "-> no answer".to_owned(),
    }
}

fn reservation(reservation: &Reservation) -> Row {
    let Reservation { scope, identifier, subnet: _, address, hostname, line } = reservation;
    let mut text = identifier.clone();
    for part in [address.map(|address| address.to_string()), hostname.clone()].into_iter().flatten() {
        write!(text, ", {part}").expect("a string takes all that is written to it");
    }
    let what = if scope == "network" { "reservation".to_owned() } else { format!("device of {scope}") };
    Row::new(what, &text, line)
}

fn class(class: &Class) -> Row {
    let Class { name, built_in, reserved, test, line } = class;
    let because = match (built_in, reserved, test) {
        (_, true, _) => ", by its reservation".to_owned(),
        (true, false, _) => ", built in".to_owned(),
        (false, false, Some(test)) => format!(": {test}"),
        (false, false, None) => String::new(),
    };
    Row::new("class", &format!("{name}{because}"), line)
}

fn guard_row(guard: &Guard) -> Row {
    let Guard { layer, place, only, admits, line } = guard;
    let verdict = match admits {
        Some(class) => format!("lets in {class}"),
        None => "refuses".to_owned(),
    };
    Row::new("guard", &format!("{layer} {place}, only {}: {verdict}", only.join(", ")), line)
}

fn values(page: &mut Page, reply: &Reply) {
    let rows = |values: &[Value]| -> Vec<Row> { values.iter().flat_map(value).collect() };
    if !reply.fields.is_empty() {
        page.heading("header");
        page.table(&rows(&reply.fields));
    }
    page.heading("options, in the order sent");
    page.table(&rows(&reply.options));
}

/// The value's row, and one for each word that it overrides.
fn value(value: &Value) -> Vec<Row> {
    let what = match (value.code, value.space) {
        (Some(code), Some(Space::Dhcp4)) => format!("{:>3} {}", code.0, value.name),
        (Some(code), Some(Space::Vendor43 | Space::Vendor125(_)) | None) => {
            format!("    .{code} {}", value.name)
        }
        (None, _) => value.name.clone(),
    };
    let own = Row {
        cells: [what, printable(&value.value), printable(&value.by.who)],
        place: value.by.line.as_ref().map(at),
        text: None,
    };
    std::iter::once(own).chain(value.overrides.iter().map(|sayer| said("overrides", sayer))).collect()
}

fn said(how: &str, sayer: &Sayer) -> Row {
    let removes = if sayer.removes { " (null)" } else { "" };
    Row {
        cells: [String::new(), format!("  {how}"), format!("{}{removes}", printable(&sayer.who))],
        place: sayer.line.as_ref().map(at),
        text: sayer.line.as_ref().map(|line| line.text.clone()),
    }
}

fn unsent(page: &mut Page, unsent: &[Unsent], verbose: bool) {
    if unsent.is_empty() {
        return;
    }
    if !verbose {
        page.line("");
        let (count, verb) = (unsent.len(), if unsent.len() == 1 { "is" } else { "are" });
        return page.line(&format!("{count} more {verb} set and not sent; `-v` says which"));
    }
    page.heading("set and not sent");
    let mut rows = Vec::new();
    for Unsent { name, code, space, reason, said: sayers } in unsent {
        let what = match space {
            Space::Dhcp4 => format!("{:>3} {name}", code.0),
            Space::Vendor43 | Space::Vendor125(_) => format!("    .{code} {name}"),
        };
        let reason = match reason {
            UnsentReason::Removed => "removed by the nearest word",
            UnsentReason::NeverSent => "`never-send` names it",
            UnsentReason::NotAskedFor => "the client does not ask for it",
            UnsentReason::NoRoom => "the message has no room for it",
        };
        let mut sayers = sayers.iter().map(|sayer| said("overrides", sayer));
        let first = sayers.next();
        let (who, place) = first.map_or((String::new(), None), |row| {
            let [_, _, who] = row.cells;
            (who, row.place)
        });
        rows.push(Row { cells: [what, reason.to_owned(), who], place, text: None });
        rows.extend(sayers);
    }
    page.table(&rows);
}

fn at(line: &Line) -> String {
    format!("{}:{}", printable(&line.path), line.line)
}

/// Without what would steer a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// One row: what, a value, who, and where.
struct Row {
    cells: [String; 3],
    place: Option<String>,
    /// What stands in that line, where it is not shown otherwise.
    text: Option<String>,
}

impl Row {
    fn new(what: impl Into<String>, value: &str, line: &Option<Line>) -> Row {
        Row {
            cells: [what.into(), printable(value), String::new()],
            place: line.as_ref().map(at),
            text: None,
        }
    }
}

struct Page {
    text: String,
    color: bool,
}

impl Page {
    fn line(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// A line in the terminal's style of this number (ECMA-48 section 8.3.117).
    fn styled(&mut self, style: &str, line: &str) {
        if self.color {
            self.line(&format!("\u{1b}[{style}m{}\u{1b}[0m", line.trim_end()));
        } else {
            self.line(line);
        }
    }

    fn heading(&mut self, text: &str) {
        self.line("");
        self.styled("1", text);
    }

    fn notes(&mut self, notes: &[Note]) {
        for Note { text, line } in notes {
            let place = line.as_ref().map_or_else(String::new, |line| format!("  {}", at(line)));
            self.line(&format!("   {}{place}", printable(text)));
        }
    }

    fn table(&mut self, rows: &[Row]) {
        if rows.is_empty() {
            return;
        }
        let width = |cell: usize| {
            let widths = rows.iter().map(|row| row.cells[cell].chars().count());
            widths.filter(|width| *width <= WIDTH_MAX).max().unwrap_or(0)
        };
        let [what, value, who] = [0, 1, 2].map(width);
        for Row { cells: [a, b, c], place, text } in rows {
            let place = place.as_deref().unwrap_or_default();
            let mut line = format!("{a:<what$}  {b:<value$}  ");
            if who > 0 {
                write!(line, "{c:<who$}  ").expect("a string takes all that is written to it");
            }
            line.push_str(place);
            if let Some(text) = text {
                write!(line, "  {text}").expect("a string takes all that is written to it");
            }
            self.line(&line);
        }
    }
}
