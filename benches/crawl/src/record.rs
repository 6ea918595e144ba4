//! A document and its gold labels, and how both are written as JSON lines.

/// What a document is in the crawl.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// A story of its own.
    #[default]
    Original,
    /// Another site's story, word for word.
    Syndicated,
    /// Another site's story, some paragraphs lightly edited.
    Edited,
    /// The same page fetched again: same site, same address, new counters.
    Recrawled,
}

impl Kind {
    /// The name of the kind in the gold labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Original => "orig",
            Self::Syndicated => "synd",
            Self::Edited => "synd-edit",
            Self::Recrawled => "recrawl",
        }
    }
}

/// One document with its labels; the generator fills the same one again and again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// `d` and the number of the document in the crawl, at least seven digits.
    pub id: String,
    /// The address.
    pub url: String,
    /// The host, without `www.`.
    pub site: String,
    /// The paragraphs, joined by newlines.
    pub text: String,
    /// What the document is.
    pub kind: Kind,
    /// One letter a paragraph (`H V R S I 1 2 3 B K b`).
    pub letters: String,
    /// The paragraphs that belong to a family of copies, and the number of the family.
    pub families: Vec<(usize, u64)>,
}

impl Document {
    /// Empties all fields and keeps their memory.
    pub(crate) fn clear(&mut self) {
        self.id.clear();
        self.url.clear();
        self.site.clear();
        self.text.clear();
        self.kind = Kind::default();
        self.letters.clear();
        self.families.clear();
    }

    /// Begins a paragraph; what is appended to `text` until the next call is its text.
    pub(crate) fn begin(&mut self, letter: char, family: Option<u64>) {
        if let Some(family) = family {
            self.families.push((self.letters.len(), family));
        }
        if !self.letters.is_empty() {
            self.text.push('\n');
        }
        self.letters.push(letter);
    }

    /// Appends the record, `{"id","url","site","text"}` and a newline.
    pub fn write_record(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"id\": \"");
        escape(&self.id, out);
        out.extend_from_slice(b"\", \"url\": \"");
        escape(&self.url, out);
        out.extend_from_slice(b"\", \"site\": \"");
        escape(&self.site, out);
        out.extend_from_slice(b"\", \"text\": \"");
        escape(&self.text, out);
        out.extend_from_slice(b"\"}\n");
    }

    /// Appends the gold line: id, kind, letters, and the family of each paragraph that has one.
    pub fn write_gold(&self, out: &mut Vec<u8>) {
        let line = format!(
            "{{\"id\": \"{}\", \"k\": \"{}\", \"l\": \"{}\", \"f\": {{",
            self.id,
            self.kind.name(),
            self.letters
        );
        out.extend_from_slice(line.as_bytes());
        for (place, (paragraph, family)) in self.families.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            out.extend_from_slice(format!("{comma}\"{paragraph}\": {family}").as_bytes());
        }
        out.extend_from_slice(b"}}\n");
    }
}

/// The generator writes no control characters but the newline, so three escapes suffice.
fn escape(text: &str, out: &mut Vec<u8>) {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')) {
        let (plain, from) = rest.split_at(at);
        out.extend_from_slice(plain);
        match from.split_first() {
            Some((b'\n', after)) => {
                out.extend_from_slice(b"\\n");
                rest = after;
            }
            Some((byte, after)) => {
                out.extend_from_slice(&[b'\\', *byte]);
                rest = after;
            }
            None => rest = from,
        }
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_and_gold_are_spelled_as_the_scorer_reads_them() {
        let mut document = Document {
            id: "d0000007".into(),
            url: "u".into(),
            site: "s".into(),
            ..Document::default()
        };
        document.begin('H', None);
        document.text.push_str("a \"b\"");
        document.begin('B', Some(71));
        document.text.push_str("c\\é");
        let (mut record, mut gold) = (Vec::new(), Vec::new());
        document.write_record(&mut record);
        document.write_gold(&mut gold);
        assert_eq!(
            String::from_utf8(record).unwrap(),
            "{\"id\": \"d0000007\", \"url\": \"u\", \"site\": \"s\", \"text\": \"a \\\"b\\\"\\nc\\\\é\"}\n"
        );
        assert_eq!(
            String::from_utf8(gold).unwrap(),
            "{\"id\": \"d0000007\", \"k\": \"orig\", \"l\": \"HB\", \"f\": {\"1\": 71}}\n"
        );
    }
}
