//! Two texts side by side, as `diff -u` shows them.

use similar::TextDiff;

/// Lines around a change that are shown.
const CONTEXT_LINES: usize = 3;

/// What differs, as a unified diff; `path` names the file in it. Control characters of the texts stay away from terminals.
pub fn difference(path: &str, before: &str, after: &str) -> String {
    let difference = TextDiff::from_lines(before, after);
    let mut shown = difference
        .unified_diff()
        .context_radius(CONTEXT_LINES)
        .header(path, &format!("{path} (formatted)"))
        .to_string();
    if !shown.ends_with('\n') {
        shown.push('\n');
    }
    shown.replace(|c: char| c.is_control() && !matches!(c, '\n' | '\t'), "�")
}
