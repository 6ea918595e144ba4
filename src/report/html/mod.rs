//! One page of HTML that shows a digest: no network, no text of a page in its markup.
//!
//! The digest is embedded as JSON that no HTML parser can mistake for markup; the script builds
//! every element from it by `textContent`. The content security policy allows exactly this
//! script and this style sheet, by their hashes, and nothing from anywhere else.

use sha2::{Digest as _, Sha256};

use super::digest::Digest;

const PAGE: &str = include_str!("report.html");
const STYLE: &str = include_str!("report.css");
const SCRIPT: &str = include_str!("report.js");

/// The page that shows `digest`.
///
/// # Panics
///
/// Never: a digest is made of strings and numbers, which have a JSON form.
pub fn page(digest: &Digest) -> String {
    let data = serde_json::to_string(digest).expect("strings and numbers have a JSON form");
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    let mut page = String::with_capacity(PAGE.len() + STYLE.len() + SCRIPT.len() + data.len());
    let mut rest = PAGE;
    let embedded = embedded(&data);
    let parts = [
        ("{policy}", policy.as_str()),
        ("{style}", STYLE),
        ("{data}", &embedded),
        ("{script}", SCRIPT),
    ];
    for (mark, part) in parts {
        let (before, after) = rest.split_once(mark).expect("the page has each mark, in this order");
        page.push_str(before);
        page.push_str(part);
        rest = after;
    }
    page.push_str(rest);
    page
}

/// JSON without a character that could end or open markup.
fn embedded(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for character in json.chars() {
        match character {
            '<' => safe.push_str("\\u003c"),
            '>' => safe.push_str("\\u003e"),
            '&' => safe.push_str("\\u0026"),
            other => safe.push(other),
        }
    }
    safe
}

/// SHA-256 in Base64, as a content security policy spells it.
fn hash(text: &str) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut spelled = String::new();
    for group in Sha256::digest(text.as_bytes()).chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for digit in 0..4_usize {
            let value = (bits >> (18 - 6 * digit)) & 63;
            let is_there = digit <= group.len();
            spelled.push(if is_there { char::from(ALPHABET[value as usize]) } else { '=' });
        }
    }
    spelled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_spelled_as_browsers_expect_them() {
        assert_eq!(hash(""), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
        assert_eq!(hash("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    }

    #[test]
    fn embedded_json_is_the_same_value_without_markup() {
        let value = serde_json::json!({"text": "</script><!-- & <b>"});
        let embedded = embedded(&value.to_string());
        assert!(!embedded.contains(['<', '>', '&']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&embedded).unwrap(), value);
    }

    #[test]
    fn the_page_loads_nothing() {
        for part in [PAGE, STYLE, SCRIPT] {
            for word in ["src=", "href=\"http", "url(", "@import", "fetch(", "innerHTML", "eval("] {
                assert!(!part.contains(word), "{word}");
            }
        }
    }
}
