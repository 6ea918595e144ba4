//! Page text made safe to show: nothing in it moves a cursor, hides or reorders what surrounds it.
//!
//! What a page says is not ours. Control characters drive terminals, and bidirectional overrides
//! make a line read otherwise than it is stored; both become visible before text is shown.

use std::fmt::Write;

/// Whether `character` acts on its surroundings instead of showing: controls, bidirectional
/// marks, embeddings, overrides and isolates, and the separators that end a line in some places.
///
/// # Examples
///
/// ```
/// use dechaff::text::plain::is_hostile;
/// assert!(is_hostile('\u{1b}') && is_hostile('\u{202e}') && is_hostile('\n'));
/// assert!(!is_hostile('e') && !is_hostile('\u{5d0}'));
/// ```
pub fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(u32::from(character),
            0x061C | 0x200B..=0x200F | 0x2028..=0x202E | 0x2060..=0x206F | 0xFEFF
            | 0xFFF9..=0xFFFB | 0xE0000..=0xE007F)
}

/// `text` with what is hostile shown as a dot, line ends and tabs kept.
pub fn visible(text: &str) -> String {
    let shown = |c: char| if is_hostile(c) && c != '\n' && c != '\t' { '\u{b7}' } else { c };
    text.chars().map(shown).collect()
}

/// JSON text with what is hostile as escapes: the same value, safe to print.
pub fn escaped_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for character in json.chars() {
        // A line end outside a string is white space; inside one JSON has it escaped already.
        if is_hostile(character) && character != '\n' {
            let mut units = [0; 2];
            for unit in character.encode_utf16(&mut units) {
                let written = write!(escaped, "\\u{unit:04x}");
                debug_assert!(written.is_ok(), "writing to a string cannot fail");
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}

/// At most `characters` of `text`, what is hostile made visible, and whether there was more.
pub fn excerpt(text: &str, characters: usize) -> (String, bool) {
    let text = text.trim();
    match text.char_indices().nth(characters) {
        Some((at, _)) => (visible(text.get(..at).unwrap_or(text)), true),
        None => (visible(text), false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(visible(text), expected, "{text:?}");
    }

    #[test]
    fn what_drives_a_terminal_becomes_a_dot() {
        check("a\u{1b}[31mred\u{7}", "a\u{b7}[31mred\u{b7}");
        check("\u{202e}gpj.exe", "\u{b7}gpj.exe");
        check("\u{9b}2J", "\u{b7}2J");
        check("one\ntwo\tthree", "one\ntwo\tthree");
        check("\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{e9}", "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{e9}");
    }

    #[test]
    fn escaped_json_is_the_same_value() {
        let value = serde_json::json!({"text": "a\u{1b}b\u{202e}c\u{e0001}d\u{9b}"});
        let escaped = escaped_json(&value.to_string());
        assert!(!escaped.chars().any(is_hostile), "{escaped:?}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&escaped).unwrap(), value);
    }
}
