//! Pages to text: one paragraph a block element, as browsers show it without style.
//!
//! Only the tokenizer of html5ever runs, so the work is linear in the page and its nesting costs
//! nothing. What is left out: scripts, styles, the head, forms' choices, drawings.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// The text of a page, a line a paragraph.
///
/// # Examples
///
/// ```
/// use dechaff::io::read::html::text;
/// let page = "<h1>Rain</h1><p>It fell <b>all</b>\n night.<br>The river rose.<script>x()</script>";
/// assert_eq!(text(page), "Rain\nIt fell all night.\nThe river rose.\n");
/// ```
pub fn text(page: &str) -> String {
    let tokenizer = Tokenizer::new(Sink::default(), TokenizerOpts::default());
    let input = BufferQueue::default();
    // A tendril holds at most 4 GiB; pages are bounded by the record limit, which may be larger.
    let mut rest = page;
    while !rest.is_empty() {
        let mut border = rest.len().min(1 << 20);
        while !rest.is_char_boundary(border) {
            border -= 1;
        }
        let (head, tail) = rest.split_at(border);
        input.push_back(StrTendril::from_slice(head));
        rest = tail;
        while let html5ever::TokenizerResult::Script(()) = tokenizer.feed(&input) {}
    }
    tokenizer.end();
    let mut written = tokenizer.sink.0.into_inner();
    written.end_paragraph();
    written.text
}

/// Elements that end the paragraph before them and begin one.
const BLOCKS: [&str; 49] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "p",
    "pre",
    "search",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
    "optgroup",
    "textarea",
];
/// Elements whose text is not shown.
const HIDDEN: [&str; 10] = [
    "canvas", "datalist", "head", "noscript", "object", "select", "svg", "template", "audio",
    "video",
];

#[derive(Default)]
struct Sink(RefCell<Written>);

#[derive(Default)]
struct Written {
    text: String,
    /// Where the paragraph at hand starts.
    start: usize,
    /// White space was met since the last character.
    is_spaced: bool,
    /// The hidden element that is open, and how many of its name are.
    hidden: Option<(String, usize)>,
}

impl Written {
    fn push(&mut self, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        for character in text.chars() {
            // A no-break space is text; what HTML collapses is ASCII. Separators that would split a
            // line are white space on a page.
            let is_separator = matches!(character, '\u{b}' | '\u{85}' | '\u{2028}' | '\u{2029}');
            if character.is_ascii_whitespace() || is_separator {
                self.is_spaced = true;
                continue;
            }
            if self.is_spaced && self.text.len() > self.start {
                self.text.push(' ');
            }
            self.is_spaced = false;
            self.text.push(character);
        }
    }

    fn end_paragraph(&mut self) {
        self.is_spaced = false;
        let is_blank = self.text.get(self.start..).unwrap_or("").trim().is_empty();
        if is_blank {
            self.text.truncate(self.start);
        } else {
            self.text.push('\n');
            self.start = self.text.len();
        }
    }

    /// Keeps count of the hidden element that is open.
    fn hide(&mut self, name: &str, is_start: bool) {
        // A head need not be closed, nor a body opened.
        let is_head = self.hidden.as_ref().is_some_and(|(hidden, _)| hidden == "head");
        if is_start && (name == "body" || is_head && name != "html" && BLOCKS.contains(&name)) {
            self.hidden = None;
        }
        match &mut self.hidden {
            Some((hidden, open)) if hidden == name => {
                *open = if is_start { *open + 1 } else { *open - 1 };
                if *open == 0 {
                    self.hidden = None;
                }
            }
            None if is_start && HIDDEN.contains(&name) => {
                self.hidden = Some((name.to_owned(), 1));
            }
            _ => {}
        }
    }
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut written = self.0.borrow_mut();
        match token {
            Token::CharacterTokens(text) => written.push(&text),
            Token::TagToken(tag) => return written.tag(&tag),
            _ => {}
        }
        TokenSinkResult::Continue
    }
}

impl Written {
    fn tag(&mut self, tag: &Tag) -> TokenSinkResult<()> {
        let name: &str = &tag.name;
        let is_start = tag.kind == TagKind::StartTag;
        if BLOCKS.contains(&name) {
            self.end_paragraph();
        } else if matches!(name, "td" | "th" | "option" | "button" | "img") {
            self.is_spaced = true;
        }
        let raw = match name {
            "script" => Some(RawKind::ScriptData),
            "style" | "xmp" | "iframe" | "noembed" | "noframes" => Some(RawKind::Rawtext),
            "title" | "textarea" => Some(RawKind::Rcdata),
            _ => None,
        };
        if raw.is_some() && !matches!(name, "textarea" | "xmp") && self.hidden.is_none() {
            // Their end tag is the next tag there is.
            self.hidden = is_start.then(|| (name.to_owned(), 1));
        } else if !(is_start && tag.self_closing) {
            self.hide(name, is_start);
        }
        match raw {
            Some(kind) if is_start => TokenSinkResult::RawData(kind),
            _ if is_start && name == "plaintext" => TokenSinkResult::Plaintext,
            _ => TokenSinkResult::Continue,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::text;

    #[test]
    fn pages_become_lines() {
        let check = |page: &str, expected: &str| assert_eq!(text(page), expected, "{page}");
        check("", "");
        check("no markup &amp; an entity", "no markup & an entity\n");
        check("<title>T</title><div>a<div>b</div>c</div>", "a\nb\nc\n");
        check("<head><meta charset=x><title>T</title></head><body>a", "a\n");
        check("<head><title>T</title><body>a", "a\n");
        check("<html><head><title>T</title><p>a", "a\n");
        check("<table><tr><td>Rain<td>3 mm<tr><td>Snow</table>", "Rain 3 mm\nSnow\n");
        check("<ul><li>a <i>b</i><li> c</ul>", "a b\nc\n");
        check("a<style>p {}</style><script>if (a<b) '</p>'</script>b", "ab\n");
        check("a<svg><svg><text>x</text></svg>y</svg>b", "ab\n");
        check("<select><option>x</select>a<noscript>y</noscript>", "a\n");
        check("<datalist><option>x</datalist>a", "a\n");
        check("<p>a<!-- <p>x --><p>\u{a0}<p>b", "a\nb\n");
        check("<p>a</script>b", "ab\n");
        // Found by fuzzing: a separator beside a space gave two spaces.
        check("<p>a &#x2028;b\u{85}", "a b\n");
    }

    #[test]
    fn nesting_costs_nothing() {
        let page = format!("{}deep{}", "<div><b>".repeat(200_000), "</b></div>".repeat(200_000));
        assert_eq!(text(&page), "deep\n");
    }
}
