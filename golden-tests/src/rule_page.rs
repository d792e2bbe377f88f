//! The examples on a rule's page: fenced blocks whose info string is `yaml fails PATH` or `yaml passes PATH`.
//!
//! All `fails` blocks of a page form one estate, all `passes` blocks another; where a page shows no
//! `estate.yaml`, the smallest one is added. A rule of change also shows what both are compared with: `yaml before
//! PATH`.

use leasehold_compiler::source::{SourceFile, Sources};

const SMALLEST_ESTATE: &str = "version: 1\nestate: example\n";

/// The estates of a page; `None` where it shows no such block.
#[derive(Clone, Debug, Default)]
pub struct Examples {
    /// What a rule of change compares the others with.
    pub before: Option<Sources>,
    /// What the rule finds fault with.
    pub fails: Option<Sources>,
    /// What it does not.
    pub passes: Option<Sources>,
}

/// The examples of a page.
///
/// # Errors
/// A block that does not end, is no YAML of either kind, or lacks its path.
pub fn examples(page: &str) -> Result<Examples, String> {
    let (mut before, mut fails, mut passes) = (Vec::new(), Vec::new(), Vec::new());
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```") else { continue };
        let mut text = String::new();
        loop {
            match lines.next() {
                Some("```") => break,
                Some(line) => {
                    text.push_str(line);
                    text.push('\n');
                }
                None => return Err(format!("the block `{info}` does not end")),
            }
        }
        let file = |path: &str| SourceFile { path: path.to_owned(), bytes: text.clone().into_bytes() };
        match info.split(' ').collect::<Vec<_>>()[..] {
            ["yaml", "before", path] => before.push(file(path)),
            ["yaml", "fails", path] => fails.push(file(path)),
            ["yaml", "passes", path] => passes.push(file(path)),
            ["text" | "console", ..] => {}
            _ => {
                return Err(format!(
                    "a block says `{info}`, not `yaml fails PATH`, `yaml passes PATH` or `yaml before PATH`"
                ));
            }
        }
    }
    // The page about a missing `estate.yaml` means what it shows.
    let complete = !page.starts_with("# missing-estate ");
    Ok(Examples {
        before: estate(before, complete),
        fails: estate(fails, complete),
        passes: estate(passes, complete),
    })
}

fn estate(mut files: Vec<SourceFile>, complete: bool) -> Option<Sources> {
    if files.is_empty() {
        return None;
    }
    if complete && files.iter().all(|file| file.path != "estate.yaml") {
        files.push(SourceFile { path: "estate.yaml".to_owned(), bytes: SMALLEST_ESTATE.into() });
    }
    Some(Sources::new("", files))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_kind_form_an_estate() {
        let page = "# x (L001)\n```yaml fails a.yaml\na: 1\n```\n```yaml fails b.yaml\n```\n";
        let found = examples(page).expect("well formed");
        let fails = found.fails.expect("two blocks");
        let paths: Vec<&str> = fails.iter().map(|(_, file)| file.path.as_str()).collect();
        assert_eq!(paths, ["a.yaml", "b.yaml", "estate.yaml"]);
        assert!(found.passes.is_none());
    }

    #[test]
    fn blocks_that_would_not_run_are_faults_of_the_page() {
        assert!(examples("```yaml\na: 1\n```\n").is_err());
        assert!(examples("```yaml fails a.yaml\n").is_err());
    }
}
