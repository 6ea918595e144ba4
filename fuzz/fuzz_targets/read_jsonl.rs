//! Any line: what is read is what a strict JSON reader reads, and removed spans of the text are
//! found in its literal.
#![no_main]

use dechaff::Span;
use dechaff::io::compress::Compression;
use dechaff::io::read::RecordPlace;
use dechaff::io::read::jsonl::{Fields, decode, literal_spans};
use dechaff::io::source::{Format, Place, Source};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|line: &[u8]| {
    if line.contains(&b'\n') {
        return;
    }
    let source = Source {
        key: "fuzz.jsonl".to_owned(),
        place: Place::Stdin,
        format: Format::Jsonl,
        compression: Compression::None,
    };
    let place = RecordPlace { record: 0, line: 1, offset: 1 };
    let Ok(decoded) = decode(line, place, &source, &Fields::default()) else { return };
    let text = &decoded.document.text;
    // Fields that are not asked for are passed over, not checked to the last escape.
    if let Ok(strict) = serde_json::from_slice::<serde_json::Value>(line) {
        assert_eq!(strict["text"].as_str(), Some(text.as_str()));
    }
    let inner = std::str::from_utf8(&line[decoded.text.start..decoded.text.end]).unwrap();
    let borders: Vec<usize> = (0..=text.len()).filter(|&at| text.is_char_boundary(at)).collect();
    let third = |part: usize| borders[part * (borders.len() - 1) / 3];
    let spans = [Span::new(third(0), third(1)), Span::new(third(2), third(3))];
    for (span, literal) in spans.iter().zip(literal_spans(inner, &spans)) {
        let spelled = format!("\"{}\"", literal.of(inner));
        let said: String = serde_json::from_str(&spelled).expect("a part of a literal is one");
        assert_eq!(said, span.of(text));
    }
});
