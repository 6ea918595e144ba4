//! Reading: what the inputs of a job hold, one step after the other.

use std::ops::Range;
use std::sync::atomic::Ordering;

use super::{CHANGED, Job};
use crate::error::{Error, Result};
use crate::io::read::{Batch, BatchReader};

/// What comes from reading, in order.
pub(super) enum Step {
    /// A batch and its number, from 0, within its input.
    Batch(usize, Box<Batch>),
    /// The end of an input.
    End(usize),
    /// An input that cannot be opened.
    Unreadable(usize, Error),
}

/// Digests of what was read, by input: a second pass must read the same.
pub(super) type Digests = std::sync::Mutex<std::collections::BTreeMap<usize, u64>>;

/// Reads inputs of a job one after the other.
pub(super) struct Steps<'a> {
    job: &'a Job<'a>,
    /// Those that were not read to their end yet.
    sources: Range<usize>,
    /// How many batches of the input at hand were read.
    batches: usize,
    reader: Option<BatchReader>,
}

impl<'a> Steps<'a> {
    /// Reads the inputs of `job` that `sources` numbers.
    pub(super) fn new(job: &'a Job<'a>, sources: Range<usize>) -> Self {
        Self { job, sources, batches: 0, reader: None }
    }

    /// What comes next; nothing at the end of the last input.
    pub(super) fn next(&mut self) -> Result<Option<Step>> {
        if self.job.monitor.stop.load(Ordering::Relaxed) {
            return Err(Error::interrupted());
        }
        let number = self.sources.start;
        if self.sources.is_empty() {
            return Ok(None);
        }
        let Some(source) = self.job.sources.sources.get(number) else { return Ok(None) };
        let reader = match &mut self.reader {
            Some(reader) => reader,
            None => match BatchReader::open(
                source,
                number,
                (&self.job.config.fields, &self.job.config.limits),
                &self.job.monitor.read_bytes,
            ) {
                Ok(reader) => {
                    self.batches = 0;
                    self.reader.insert(reader)
                }
                Err(error) => {
                    self.sources.start += 1;
                    return Ok(Some(Step::Unreadable(number, error)));
                }
            },
        };
        if let Some(batch) = reader.next_batch(&self.job.config.limits) {
            self.batches += 1;
            return Ok(Some(Step::Batch(self.batches - 1, Box::new(batch))));
        }
        let digest = reader.digest();
        self.reader = None;
        let mut digests = self.job.digests.lock().expect("no reader panicked");
        let first = *digests.entry(number).or_insert(digest);
        if first != digest {
            return Err(Error::malformed(&source.key, CHANGED));
        }
        self.sources.start += 1;
        Ok(Some(Step::End(number)))
    }
}
