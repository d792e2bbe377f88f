//! A plan for a comment on a pull request: worst first, and never longer than such a comment may be.

use leasehold_schemas::plan::Plan;

use super::text::{
    acknowledgement_text, how_to_accept, leases_text, risk_text, section_of, side_text, verdict,
};
use super::words::count;

/// Characters in the whole text; what does not fit is counted.
pub const MARKDOWN_CHARS_MAX: usize = 60_000;
/// Characters in one line.
const LINE_CHARS_MAX: usize = 600;
/// Room kept for the lines that count what is left out.
const RESERVE_CHARS: usize = 1_000;
/// Lines of a list of leases.
const LEASES_MAX: usize = 50;

/// A text that grows until it is full.
struct Page {
    text: String,
    chars: usize,
}

impl Page {
    /// Adds a line if there is room for it.
    fn add(&mut self, line: &str) -> bool {
        let chars = line.chars().count() + 1;
        if self.chars + chars > MARKDOWN_CHARS_MAX - RESERVE_CHARS {
            return false;
        }
        self.close(line, chars);
        true
    }

    /// Adds a line from the reserve.
    fn close(&mut self, line: &str, chars: usize) {
        self.text.push_str(line);
        self.text.push('\n');
        self.chars += chars;
    }

    /// Adds the items of a list, at most `max`, and says how many are left out.
    fn list(&mut self, items: impl Iterator<Item = String>, max: usize, noun: &str) {
        let mut left_out = 0_u64;
        for (at, item) in items.enumerate() {
            if left_out > 0 || at >= max || !self.add(&format!("- {}", short(&item))) {
                left_out += 1;
            }
        }
        if left_out > 0 {
            let line = format!("- … and {}", count(left_out, &format!("more {noun}")));
            self.close(&line, line.chars().count() + 1);
        }
    }
}

/// The plan as Markdown, at most [`MARKDOWN_CHARS_MAX`] characters.
pub fn markdown(plan: &Plan) -> String {
    let mut page = Page { text: String::new(), chars: 0 };
    page.add(&format!("### Leasehold plan: {}", verdict(plan)));
    page.add("");
    page.list(
        [("before", &plan.before), ("after", &plan.after)]
            .into_iter()
            .map(|(which, side)| format!("{which}: {}", escaped(&side_text(side)))),
        2,
        "side",
    );
    page.list(plan.notes.iter().map(|note| format!("note: {}", escaped(note))), 20, "note");
    let risk = |risk: &leasehold_schemas::plan::Risk| {
        let text = escaped(&risk_text(risk));
        let behind = match &risk.acknowledgement {
            Some(acknowledgement) => acknowledgement_text(acknowledgement),
            None => how_to_accept(risk),
        };
        let leases: Vec<String> = risk.leases.iter().take(5).map(|lease| escaped(lease)).collect();
        let leases = match risk.leases.len() {
            0 => String::new(),
            all => format!(
                " ({}: {}{})",
                count(all as u64, "lease"),
                leases.join("; "),
                if all > 5 { "; …" } else { "" }
            ),
        };
        format!("**{} {}**: {text}{leases}. _{}_", risk.code, risk.slug, escaped(&behind))
    };
    let breaking = plan.risks.iter().filter(|risk| risk.acknowledgement.is_none());
    section(&mut page, "Breaking", "risk", breaking.map(risk));
    if let Some(leases) = &plan.leases {
        let outside = leases.outside.iter().map(|lease| {
            let (address, client, until) = (&lease.address, &lease.client, &lease.until);
            format!("{address} {} until {until}", escaped(client))
        });
        section(&mut page, "Active leases now outside every pool", "lease", outside.take(LEASES_MAX * 100));
        let blocked = leases.blocked.iter().map(|one| {
            let (client, holder) = (escaped(&one.client), escaped(&one.holder));
            format!("{client} waits for {}: {holder} has it until {}", one.address, one.until)
        });
        section(&mut page, "Reservations that wait for a lease", "reservation", blocked);
    }
    let accepted = plan.risks.iter().filter(|risk| risk.acknowledgement.is_some());
    section(&mut page, "Acknowledged", "risk", accepted.map(risk));
    changes(&mut page, plan);
    page.text
}

fn section(page: &mut Page, heading: &str, noun: &str, items: impl Iterator<Item = String>) {
    let mut items = items.peekable();
    if items.peek().is_some() {
        page.add(&format!("\n#### {heading}\n"));
        page.list(items, LEASES_MAX, noun);
    }
}

/// Every change under its site, as far as there is room.
fn changes(page: &mut Page, plan: &Plan) {
    let mut heading: Option<String> = None;
    for (at, change) in plan.changes.iter().enumerate() {
        let (section, text) = section_of(change);
        let line = format!("- {}", short(&escaped(&format!("{text}{}", leases_text(change)))));
        let head = (heading.as_ref() != Some(&section)).then(|| format!("\n#### {}\n", escaped(&section)));
        let room = head.as_ref().is_none_or(|head| page.add(head)) && page.add(&line);
        if !room {
            let left_out = format!("\n… and {}", count((plan.changes.len() - at) as u64, "more change"));
            page.close(&left_out, left_out.chars().count() + 1);
            return;
        }
        heading = Some(section);
    }
}

fn short(text: &str) -> String {
    if text.chars().count() <= LINE_CHARS_MAX {
        return text.to_owned();
    }
    text.chars().take(LINE_CHARS_MAX).chain("…".chars()).collect()
}

/// Names are people's, and clients': none of them makes a heading, a link or a mention.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|' | '~' => escaped.extend(['\\', c]),
            '@' => escaped.push_str("&#64;"),
            '&' => escaped.push_str("&amp;"),
            c if c.is_control() => escaped.push('?'),
            c => escaped.push(c),
        }
    }
    escaped
}
