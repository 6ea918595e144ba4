//! Sketches as bytes, so that a second pass need not read the text again.
//!
//! All is kept but the fingerprints of shingles: of each only the top byte, which is all that
//! finding what is known of it takes when one asks in the order of counting.

use super::affix::{AFFIXES, Affix};
use super::look::Look;
use super::repeat::Repeat;
use super::shingle::Fingerprint;
use super::sketch::{CONTEXTS, Ending, ParagraphSketch, Shape, Shingle, Sketch};
use crate::document::Span;
use crate::varint::{push_varint, take_u32, take_varint};

/// Appends `sketch` to `bytes`.
pub(crate) fn push_sketch(bytes: &mut Vec<u8>, sketch: &Sketch) {
    bytes.extend_from_slice(&sketch.identity.to_le_bytes());
    bytes.extend_from_slice(sketch.contexts.map(u32::to_le_bytes).as_flattened());
    bytes.push(sketch.look as u8);
    push_varint(bytes, sketch.paragraphs.len() as u64);
    push_varint(bytes, sketch.shingles.len() as u64);
    let mut end = 0;
    for paragraph in &sketch.paragraphs {
        push_paragraph(bytes, paragraph, end);
        end = paragraph.span.end;
    }
    for paragraph in &sketch.paragraphs {
        let shingles = sketch.shingles_of(paragraph);
        let mut last = 0;
        push_varint(bytes, shingles.len() as u64);
        for shingle in shingles {
            push_varint(bytes, u64::from(shingle.token - last));
            bytes.push(shingle.fingerprint.0.to_le_bytes()[7]);
            last = shingle.token;
        }
    }
}

/// Takes a sketch off the front of `bytes`; nothing where they are not what was pushed.
pub(crate) fn take_sketch(bytes: &mut &[u8]) -> Option<Sketch> {
    let identity = u64::from_le_bytes(take(bytes)?);
    let contexts: [u8; 4 * CONTEXTS] = take(bytes)?;
    let (contexts, _) = contexts.as_chunks::<4>();
    let contexts = contexts.first_chunk::<CONTEXTS>()?.map(u32::from_le_bytes);
    let looks = [Look::Article, Look::Doubtful, Look::Page];
    let look = *looks.get(usize::from(take::<1>(bytes)?[0]))?;
    let (paragraphs, shingles) = (take_u32(bytes)? as usize, take_u32(bytes)? as usize);
    let mut sketch = Sketch {
        identity,
        contexts,
        paragraphs: Vec::with_capacity(paragraphs.min(bytes.len())),
        shingles: Vec::with_capacity(shingles.min(bytes.len())),
        look,
    };
    let mut end = 0;
    for _ in 0..paragraphs {
        let paragraph = take_paragraph(bytes, end)?;
        end = paragraph.span.end;
        sketch.paragraphs.push(paragraph);
    }
    for paragraph in &mut sketch.paragraphs {
        let first = u32::try_from(sketch.shingles.len()).ok()?;
        let count = take_u32(bytes)?;
        let mut token = 0_u32;
        for _ in 0..count {
            token = token.checked_add(take_u32(bytes)?)?;
            let top = u64::from(take::<1>(bytes)?[0]) << 56;
            sketch.shingles.push(Shingle { fingerprint: Fingerprint(top), token });
        }
        paragraph.shingles = (first, first + count);
    }
    Some(sketch)
}

fn take<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (first, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(*first)
}

/// Set in a paragraph's flags; the lowest two bits are how it ends.
const CAPITALS: u8 = 1 << 2;
const QUOTE: u8 = 1 << 3;
const END_MARK: u8 = 1 << 4;
const REPEAT: u8 = 1 << 5;
const STRICT: u8 = 1 << 6;
const SMALL: u8 = 1 << 7;

fn push_paragraph(bytes: &mut Vec<u8>, paragraph: &ParagraphSketch, end: usize) {
    let shape = paragraph.shape;
    let has_strict = paragraph.strict != paragraph.masked;
    let facts = [
        (shape.is_capitals, CAPITALS),
        (shape.is_quote, QUOTE),
        (shape.ends_in_mark, END_MARK),
        (shape.begins_small, SMALL),
        (paragraph.repeat.is_some(), REPEAT),
        (has_strict, STRICT),
    ];
    let flags = facts.iter().filter(|(is, _)| *is).fold(0, |all, (_, fact)| all | fact);
    bytes.push(flags | paragraph.ending as u8);
    for value in [paragraph.span.start - end, paragraph.span.len()] {
        push_varint(bytes, value as u64);
    }
    push_varint(bytes, u64::from(paragraph.tokens));
    push_varint(bytes, u64::from(paragraph.slots));
    push_varint(bytes, paragraph.slot_positions.len() as u64);
    paragraph.slot_positions.iter().for_each(|&at| push_varint(bytes, u64::from(at)));
    bytes.extend_from_slice(&paragraph.masked.0.to_le_bytes());
    if has_strict {
        bytes.extend_from_slice(&paragraph.strict.0.to_le_bytes());
    }
    if let Some(repeat) = paragraph.repeat {
        push_varint(bytes, u64::from(repeat.of));
        bytes.extend_from_slice(&repeat.containment.to_le_bytes());
    }
    let mut kinds = 0;
    for (at, affix) in paragraph.affixes.iter().enumerate() {
        kinds |= u8::from(affix.fingerprint.is_some()) << at;
        kinds |= u8::from(affix.is_marked) << (AFFIXES + at);
    }
    bytes.push(kinds);
    for fingerprint in paragraph.affixes.iter().filter_map(|affix| affix.fingerprint) {
        bytes.extend_from_slice(&fingerprint.0.to_le_bytes());
    }
}

/// The paragraph, its shingles aside.
fn take_paragraph(bytes: &mut &[u8], end: usize) -> Option<ParagraphSketch> {
    let [flags] = take(bytes)?;
    let is = |fact: u8| flags & fact != 0;
    let mut place = || usize::try_from(take_varint(bytes)?).ok();
    let start = end.checked_add(place()?)?;
    let span = Span { start, end: start.checked_add(place()?)? };
    let (tokens, slots, positions) = (take_u32(bytes)?, take_u32(bytes)?, take_u32(bytes)?);
    let slot_positions: Option<Vec<u32>> = (0..positions).map(|_| take_u32(bytes)).collect();
    let masked = Fingerprint(u64::from_le_bytes(take(bytes)?));
    let strict = if is(STRICT) { Fingerprint(u64::from_le_bytes(take(bytes)?)) } else { masked };
    let repeat = if is(REPEAT) {
        Some(Repeat { of: take_u32(bytes)?, containment: f64::from_le_bytes(take(bytes)?) })
    } else {
        None
    };
    let [kinds] = take(bytes)?;
    let mut affixes = [Affix::default(); AFFIXES];
    for (at, affix) in affixes.iter_mut().enumerate() {
        affix.is_marked = kinds >> (AFFIXES + at) & 1 == 1;
        if kinds >> at & 1 == 1 {
            affix.fingerprint = Some(Fingerprint(u64::from_le_bytes(take(bytes)?)));
        }
    }
    let endings = [Ending::Sentence, Ending::Question, Ending::Colon, Ending::Open];
    Some(ParagraphSketch {
        span,
        tokens,
        slots,
        slot_positions: slot_positions?,
        strict,
        masked,
        affixes,
        ending: *endings.get(usize::from(flags & 3))?,
        shape: Shape {
            is_capitals: is(CAPITALS),
            is_quote: is(QUOTE),
            ends_in_mark: is(END_MARK),
            begins_small: is(SMALL),
        },
        repeat,
        shingles: (0, 0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document::Document;
    use crate::text::Sketcher;
    use proptest::prelude::*;

    /// The sketch with what is not kept left out.
    fn without_shingle_bits(mut sketch: Sketch) -> Sketch {
        for shingle in &mut sketch.shingles {
            shingle.fingerprint.0 &= 0xFF << 56;
        }
        sketch
    }

    proptest! {
        #[test]
        fn a_sketch_comes_back(texts in proptest::collection::vec(
            "(([a-c]{1,2} |[0-9]{1,3}[.?:] |\\PC |See: ){0,20}\n){0,9}", 1..4,
        )) {
            let mut sketcher = Sketcher::default();
            let sketch = |text| sketcher.sketch(&Document::new("1", "", text));
            let sketches: Vec<Sketch> = texts.into_iter().map(sketch).collect();
            let mut bytes = Vec::new();
            for sketch in &sketches {
                push_sketch(&mut bytes, sketch);
            }
            let mut rest = bytes.as_slice();
            for sketch in sketches {
                prop_assert_eq!(take_sketch(&mut rest), Some(without_shingle_bits(sketch)));
            }
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn other_bytes_are_no_sketch_or_any(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            drop(take_sketch(&mut bytes.as_slice()));
        }
    }
}
