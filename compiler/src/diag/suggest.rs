//! "Did you mean": the word that was probably intended.

/// The candidate that `word` can only be a slip for: no other is near, at most two letters differ, and no digit. A
/// number is never mended: `win12` may be a class that is still to be written.
pub fn only_slip<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const WORD_CHARACTERS_MIN: usize = 4;
    const SLIPS_MAX: usize = 2;
    if word.chars().count() < WORD_CHARACTERS_MIN {
        return None;
    }
    let mut near = candidates.into_iter().filter(|candidate| nearest(word, [*candidate]).is_some());
    let (meant, other) = (near.next()?, near.next());
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
    let slips = strsim::damerau_levenshtein(&plain(word), &plain(meant));
    (other.is_none() && slips <= SLIPS_MAX && digits(word) == digits(meant)).then_some(meant)
}

fn plain(text: &str) -> String {
    text.to_lowercase().replace('_', "-")
}

/// The candidate nearest to `word`, if it is near enough to be a slip: a third of the word's letters may differ.
/// Case, `_` for `-`, and the order of two letters count little. Of equals the first wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const WORD_BYTES_MAX: usize = 64;
    if word.is_empty() || word.len() > WORD_BYTES_MAX {
        return None;
    }
    let word = plain(word);
    let slips_max = (word.chars().count() / 3).max(1);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        if candidate.len() > WORD_BYTES_MAX {
            continue;
        }
        let slips = strsim::damerau_levenshtein(&word, &plain(candidate));
        if slips <= slips_max && slips < candidate.len() && best.is_none_or(|(fewest, _)| slips < fewest) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended_and_other_words_left_alone() {
        let keys = ["pools", "exclude", "reservations", "client-id", "mac"];
        assert_eq!(nearest("pool", keys), Some("pools"));
        assert_eq!(nearest("resevrations", keys), Some("reservations"));
        assert_eq!(nearest("Client_ID", keys), Some("client-id"));
        assert_eq!(nearest("mca", keys), Some("mac"));
        assert_eq!(nearest("colour", keys), None);
        assert_eq!(nearest("", keys), None);
        assert_eq!(only_slip("pool", keys), Some("pools"));
        assert_eq!(only_slip("mca", keys), None, "too short to be sure of");
        assert_eq!(only_slip("court", ["courts", "count"]), None, "it may be either");
        assert_eq!(only_slip("win12", ["win10"]), None, "a number is no slip");
        assert_eq!(nearest(&"x".repeat(100_000), keys), None);
    }
}
