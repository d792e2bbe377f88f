//! A reader of the OpenMetrics text format (version 1.0.0) that forgives nothing: what it takes, Prometheus takes.

use std::collections::{BTreeMap, BTreeSet};

/// Samples by name and labels as they are written, such as `leasehold_leases{state="bound",home="single"}`.
pub type Samples = BTreeMap<String, f64>;

/// Reads a whole text.
///
/// # Errors
/// The first line that is not as the format has it, and why.
pub fn read(text: &str) -> Result<Samples, String> {
    let body = text.strip_suffix("# EOF\n").ok_or("it does not end with `# EOF`")?;
    let mut reader = Reader::default();
    for (at, line) in (1..).zip(body.lines()) {
        reader.line(line).map_err(|why| format!("line {at}: {why}: {line}"))?;
    }
    Ok(reader.samples)
}

#[derive(Default)]
struct Reader {
    samples: Samples,
    /// The family whose lines are being read, and its type.
    family: Option<(String, String)>,
    finished: BTreeSet<String>,
    sampled: bool,
}

impl Reader {
    fn line(&mut self, line: &str) -> Result<(), String> {
        match line.strip_prefix("# ") {
            Some(said) => self.said(said),
            None if line.starts_with('#') || line.is_empty() => Err("neither said nor counted".to_owned()),
            None => self.sample(line),
        }
    }

    fn said(&mut self, said: &str) -> Result<(), String> {
        let (what, rest) = said.split_once(' ').ok_or("nothing said")?;
        let (name, text) = rest.split_once(' ').ok_or("nothing said of it")?;
        is_name(name).then_some(()).ok_or("no name of a metric")?;
        let current = self.family.as_ref().is_some_and(|(current, _)| current == name);
        if !current || self.sampled {
            if let Some((before, _)) = self.family.take() {
                self.finished.insert(before);
            }
            self.sampled = false;
            if self.finished.contains(name) {
                return Err("its family ended before".to_owned());
            }
            self.family = Some((name.to_owned(), String::new()));
        }
        let Some((_, kind)) = &mut self.family else { return Err("no family".to_owned()) };
        match what {
            "HELP" => Ok(()),
            "UNIT" if name.ends_with(&format!("_{text}")) => Ok(()),
            "UNIT" => Err("the name does not end in the unit".to_owned()),
            "TYPE" if kind.is_empty() && ["counter", "gauge", "info"].contains(&text) => {
                text.clone_into(kind);
                Ok(())
            }
            "TYPE" => Err("no type, or a second one".to_owned()),
            _ => Err("nothing one says".to_owned()),
        }
    }

    fn sample(&mut self, line: &str) -> Result<(), String> {
        let (series, value) = line.rsplit_once(' ').ok_or("no value")?;
        let value: f64 = value.parse().map_err(|_| "no number")?;
        let (name, labels) = match series.split_once('{') {
            Some((name, labels)) => (name, labels.strip_suffix('}').ok_or("labels without an end")?),
            None => (series, ""),
        };
        let (family, kind) = self.family.as_ref().ok_or("of no family")?;
        let suffix = name.strip_prefix(family.as_str()).ok_or("of another family")?;
        let wanted = match kind.as_str() {
            "counter" => "_total",
            "gauge" => "",
            "info" => "_info",
            _ => return Err("its family has no type".to_owned()),
        };
        if suffix != wanted {
            return Err(format!("a {kind} ends in `{wanted}`"));
        }
        if kind == "counter" && (value < 0.0 || !value.is_finite()) {
            return Err("a counter does not go below 0".to_owned());
        }
        self::labels(labels)?;
        self.sampled = true;
        let twice = self.samples.insert(series.to_owned(), value).is_some();
        if twice { Err("the same twice".to_owned()) } else { Ok(()) }
    }
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_');
    first && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_')
}

/// `name="value",…`, with `\\`, `\"` and `\n` escaped.
fn labels(mut rest: &str) -> Result<(), String> {
    let mut names = BTreeSet::new();
    while !rest.is_empty() {
        let (name, behind) = rest.split_once("=\"").ok_or("a label without a value")?;
        if !is_name(name) || !names.insert(name) {
            return Err(format!("label `{name}`"));
        }
        let mut escaped = false;
        let end = behind.find(|c: char| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        });
        let end = end.ok_or("a label's value without an end")?;
        rest = &behind[end + 1..];
        if let Some(next) = rest.strip_prefix(',') {
            rest = next;
        } else if !rest.is_empty() {
            return Err("no comma between labels".to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_format_has_is_read() {
        let text = "# HELP a_seconds Since when\n# TYPE a_seconds gauge\n# UNIT a_seconds seconds\na_seconds 1.5\n\
                    # HELP b B\n# TYPE b counter\nb_total{x=\"1\",y=\"a\\\"b, c\"} 3\nb_total{x=\"2\",y=\"\"} 0\n# EOF\n";
        let samples = read(text).expect("right");
        assert_eq!(samples["b_total{x=\"1\",y=\"a\\\"b, c\"}"], 3.0);
        assert_eq!((samples.len(), samples["a_seconds"]), (3, 1.5));
    }

    #[test]
    fn what_it_does_not_have_is_refused() {
        for wrong in [
            "",
            "# TYPE a gauge\na 1\n",
            "a 1\n# EOF\n",
            "# TYPE a gauge\na one\n# EOF\n",
            "# TYPE a counter\na 1\n# EOF\n",
            "# TYPE a counter\na_total -1\n# EOF\n",
            "# TYPE a gauge\na 1\na 2\n# EOF\n",
            "# TYPE a gauge\nb 1\n# EOF\n",
            "# TYPE a gauge\na{x=1} 1\n# EOF\n",
            "# TYPE a gauge\na{x=\"1\"y=\"2\"} 1\n# EOF\n",
            "# TYPE a gauge\na{x=\"1\",x=\"2\"} 1\n# EOF\n",
            "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a gauge\n# EOF\n",
            "# TYPE a gauge\n# UNIT a seconds\na 1\n# EOF\n",
            "# TYPE a summary\na 1\n# EOF\n",
            "\n# EOF\n",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
