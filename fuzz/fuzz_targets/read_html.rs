//! Any page: lines that are not blank, and the same again when the text is a page of its own.
#![no_main]

use dechaff::io::read::html::text;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &str| {
    let read = text(page);
    assert!(read.is_empty() || read.ends_with('\n'));
    assert!(read.lines().all(|line| !line.trim().is_empty()));
    let escaped = read.replace('&', "&amp;").replace('<', "&lt;").replace('\n', "<br>");
    // At the very start a byte order mark would be none of the text.
    assert_eq!(text(&format!("<br>{escaped}")), read);
});
