//! Assembling: what was counted becomes an index, as many partitions at a time as memory allows.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use super::Job;
use crate::error::{Error, Result};
use crate::index::answers::AnswersWriter;
use crate::index::format::EncodedPartition;
use crate::index::merge::Workspace;
use crate::index::{Assembly, Builder, Index, Keep, PARTITIONS};
use crate::io::write::{Staged, temporary_beside, unnamed};

/// Writes the index of `assembly`, staged for `path`; the file is open to be read.
pub(super) fn write_index(
    assembly: &Assembly,
    partitions: impl Iterator<Item = Result<EncodedPartition>>,
    path: &Path,
    staged: &mut Staged,
) -> Result<std::fs::File> {
    let file = temporary_beside(path)?;
    let out = std::io::BufWriter::new(file);
    let out = assembly.write(out, partitions)?;
    let file = out.into_inner().map_err(|e| Error::io("write", path, e.into_error()))?;
    let open = file.reopen().map_err(|e| Error::io("open", path, e))?;
    staged.add(file, path.to_owned());
    Ok(open)
}

impl Job<'_> {
    /// The sum of `indexes` and `builder`.
    pub(super) fn assemble<'b>(
        &self,
        indexes: &[&'b Index],
        builder: Option<&'b Builder>,
        keep: Keep,
    ) -> Result<Assembly<'b>> {
        if self.config.is_forced {
            Assembly::unchecked(indexes, builder, keep)
        } else {
            Assembly::new(indexes, builder, keep)
        }
    }

    /// An index that lasts as long as the process.
    pub(super) fn map_temporary(
        &self,
        assembly: &Assembly,
        partitions: impl Iterator<Item = Result<EncodedPartition>>,
    ) -> Result<Index> {
        let file = unnamed(&self.config.temporary_folder)?;
        let out = std::io::BufWriter::new(file);
        let out = assembly.write(out, partitions)?;
        let file = out
            .into_inner()
            .map_err(|e| Error::io("write to", &self.config.temporary_folder, e.into_error()))?;
        Index::map(&file, "temporary")
    }

    /// The partitions of `assembly` in order, a few at a time in parallel.
    pub(super) fn partitions<'b>(
        &'b self,
        assembly: &'b Assembly<'b>,
    ) -> impl Iterator<Item = Result<EncodedPartition>> {
        let make = |partition| assembly.partition(partition);
        self.in_parallel(self.pace(assembly).together, make)
    }

    /// The same, their answers written as well.
    pub(super) fn answered<'b>(
        &'b self,
        assembly: &'b Assembly<'b>,
        answers: &'b mut AnswersWriter,
    ) -> impl Iterator<Item = Result<EncodedPartition>> {
        let Pace { together, grouping_bytes } = self.pace(assembly);
        let workspaces: Mutex<Vec<Workspace>> = Mutex::default();
        let made = self.in_parallel(together, move |partition| {
            let spare = || workspaces.lock().unwrap_or_else(PoisonError::into_inner);
            let mut workspace = spare().pop().unwrap_or_default();
            let made = assembly.answered(partition, grouping_bytes, &mut workspace);
            spare().push(workspace);
            made
        });
        made.map(move |made| {
            let (encoded, answered) = made?;
            answers.partition(&answered)?;
            Ok(encoded)
        })
    }

    fn pace(&self, assembly: &Assembly) -> Pace {
        let memory_bytes = self.config.memory_bytes.saturating_sub(assembly.held_bytes());
        Pace::new(memory_bytes, assembly.partition_bytes_max(), self.pool.current_num_threads())
    }

    /// What `make` makes of the numbers of all partitions, in order, `together` at a time.
    fn in_parallel<'b, T: Send + 'b>(
        &'b self,
        together: usize,
        make: impl Fn(usize) -> T + Sync + 'b,
    ) -> impl Iterator<Item = T> + 'b {
        let threads = self.pool.current_num_threads();
        // Where memory does not bind, no thread waits for the slowest of each round.
        let width = if threads > 1 && together == threads { 2 * threads } else { together };
        (0..PARTITIONS).step_by(width).flat_map(move |first| {
            let group: Vec<_> = self.pool.install(|| {
                let group = (first..PARTITIONS.min(first + width)).into_par_iter();
                group.with_max_len(1).map(&make).collect()
            });
            group
        })
    }
}

/// How partitions are made in bounded memory.
#[derive(Debug, PartialEq, Eq)]
struct Pace {
    /// How many at the same time.
    together: usize,
    /// What grouping each of them may take.
    grouping_bytes: usize,
}

/// What making a partition takes beside the grouping, in times of its counts: these, a filter, the
/// answers, and the rows twice as their buffer grows.
const MAKING: usize = 5;

impl Pace {
    /// For `threads` that share `memory_bytes`, where the counts of a partition have up to
    /// `partition_bytes`.
    fn new(memory_bytes: usize, partition_bytes: usize, threads: usize) -> Self {
        let partition_bytes = partition_bytes.max(1);
        let together = (memory_bytes / partition_bytes / (MAKING + 2)).clamp(1, threads.max(1));
        let rest = (memory_bytes / together).saturating_sub(MAKING * partition_bytes);
        // With less the counts would be read too often.
        Self { together, grouping_bytes: rest.max(partition_bytes) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_decides_how_many_partitions_are_made_together() {
        let ample = Pace::new(512 << 20, 4 << 20, 2);
        assert_eq!(ample, Pace { together: 2, grouping_bytes: (256 - 20) << 20 });
        let tight = Pace::new(100 << 20, 40 << 20, 2);
        assert_eq!(tight, Pace { together: 1, grouping_bytes: 40 << 20 });
        assert_eq!(Pace::new(0, 0, 2), Pace { together: 1, grouping_bytes: 1 });
    }
}
