//! What a run would change, as a unified diff for a terminal.

use std::fmt::Write;

use anstyle::{AnsiColor, Effects, Style};

use super::join::Joined;
use super::summary::one_line;
use crate::document::Span;

/// How much a diff shows.
#[derive(Debug, Clone, Copy)]
pub struct DiffScale {
    /// Changed documents.
    pub documents: usize,
    /// Lines of a document.
    pub lines: usize,
    /// Characters of a line.
    pub characters: usize,
}

impl Default for DiffScale {
    fn default() -> Self {
        Self { documents: 100, lines: 200, characters: 160 }
    }
}

const CONTEXT: usize = 2;
const REMOVED: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
const PLACE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));
const NAME: Style = Style::new().effects(Effects::BOLD);
const REASON: Style = Style::new().effects(Effects::DIMMED);

/// One line of a document.
struct Line<'a> {
    text: &'a str,
    /// Why it goes.
    reason: Option<&'static str>,
}

/// The unified diff of one document; empty when nothing goes.
///
/// Colours are ANSI escapes, for the printing stream to take out where they are not wanted. Each
/// line that goes names its reason at the first of its span.
pub fn diff(joined: &Joined, scale: &DiffScale) -> String {
    let (Some(document), Some(first)) = (&joined.document, joined.rows.first()) else {
        return String::new();
    };
    let lines = lines(&document.text, joined);
    let name = format!("{} record {} {}", first.file, first.record, first.id);
    let name = one_line(&name, scale.characters);
    let mut shown = String::new();
    let mut put = |style: Style, line: String| {
        let written = writeln!(shown, "{style}{line}{style:#}");
        debug_assert!(written.is_ok(), "writing to a string cannot fail");
    };
    put(NAME, format!("--- {name}"));
    put(NAME, format!("+++ {name} (cleaned)"));
    let mut left = scale.lines;
    for hunk in hunks(&lines) {
        let removed =
            |upto: usize| lines[..upto].iter().filter(|line| line.reason.is_some()).count();
        let old = hunk.len();
        let new = old - (removed(hunk.end) - removed(hunk.start));
        let start = |kept: usize, count: usize| kept + usize::from(count > 0);
        put(
            PLACE,
            format!(
                "@@ -{},{old} +{},{new} @@",
                start(hunk.start, old),
                start(hunk.start - removed(hunk.start), new)
            ),
        );
        let mut before = None;
        for line in &lines[hunk.clone()] {
            if left == 0 {
                put(REASON, format!("... of {} lines", lines.len()));
                return shown;
            }
            left -= 1;
            let text = one_line(line.text, scale.characters);
            match line.reason {
                Some(reason) if before != line.reason => {
                    put(REMOVED, format!("-{text}{REMOVED:#}  {REASON}[{reason}]{REASON:#}"));
                }
                Some(_) => put(REMOVED, format!("-{text}")),
                None => put(Style::new(), format!(" {text}")),
            }
            before = line.reason;
        }
    }
    shown
}

/// The lines of `text`; one goes when what it says does.
fn lines<'a>(text: &'a str, joined: &Joined) -> Vec<Line<'a>> {
    let mut rows = joined.rows.iter().peekable();
    let mut at = 0;
    let mut lines = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        let start = at + (line.len() - line.trim_start().len());
        // A blank line goes with the span that covers its line end.
        let place = if content.is_empty() { at + line.len() - 1 } else { start };
        while rows.next_if(|row| row.end <= place).is_some() {}
        let own = rows.peek().filter(|row| Span::new(row.start, row.end).start <= place);
        lines.push(Line { text: line.trim_end(), reason: own.map(|row| row.reason.name()) });
        at += line.len();
    }
    lines
}

/// Ranges of lines around what goes.
fn hunks(lines: &[Line]) -> Vec<std::ops::Range<usize>> {
    let mut hunks: Vec<std::ops::Range<usize>> = Vec::new();
    for (at, _) in lines.iter().enumerate().filter(|(_, line)| line.reason.is_some()) {
        let (start, end) = (at.saturating_sub(CONTEXT), (at + CONTEXT + 1).min(lines.len()));
        match hunks.last_mut() {
            Some(last) if last.end >= start => last.end = end,
            _ => hunks.push(start..end),
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Reason;
    use crate::document::Document;
    use crate::report::AuditRow;
    use crate::report::audit::EvidenceRow;

    fn check(text: &str, gone: &[(usize, usize)], expected: &str) {
        let row = |&(start, end): &(usize, usize)| AuditRow {
            id: "1".to_owned(),
            site: String::new(),
            start,
            end,
            reason: Reason::Rule,
            text: Span::new(start, end).of(text).to_owned(),
            evidence: EvidenceRow::default(),
            file: "a.jsonl".to_owned(),
            record: 0,
            raw: None,
            dropped: None,
            offset: None,
        };
        let document = Some(Document::new("1", "", text));
        let joined = Joined { document, rows: gone.iter().map(row).collect() };
        let plain = anstream::adapter::strip_str(&diff(&joined, &DiffScale::default())).to_string();
        assert_eq!(plain, expected);
    }

    #[test]
    fn what_goes_is_shown_among_its_neighbours() {
        check("a\nb\nc\nd\ne\n", &[], "");
        check(
            "a\nb\nc\nGone\n\nd\ne\nf\n",
            &[(6, 12)],
            "--- a.jsonl record 0 1\n+++ a.jsonl record 0 1 (cleaned)\n@@ -2,6 +2,4 @@\n b\n c\n\
             -Gone  [rule]\n-\n d\n e\n",
        );
        check(
            "kept\nlast \u{1b}[2J",
            &[(4, 14)],
            "--- a.jsonl record 0 1\n+++ a.jsonl record 0 1 (cleaned)\n@@ -1,2 +1,1 @@\n\
             \x20kept\n-last \u{b7}[2J  [rule]\n",
        );
    }
}
