//! What changes along a run: shares removed, and how much of the text is new.

use std::collections::BTreeSet;

use super::{Course, Growth};

const STEPS_MAX: usize = 100;

/// Adds up documents in the order of the run.
pub(super) struct Along {
    course: Course,
    growth: Vec<(u64, u64)>,
    documents: u64,
    different: Different,
}

impl Along {
    /// At most `keys_max` different lines are held at a time.
    pub(super) fn new(keys_max: usize) -> Self {
        let different = Different { held: BTreeSet::new(), level: 0, held_max: keys_max };
        let course = Course { width: 1, steps: Vec::new() };
        Self { course, growth: Vec::new(), documents: 0, different }
    }

    /// Adds a document; when there are too many steps, each two become one.
    pub(super) fn add(&mut self, text: &str, removed: u64) {
        if self.documents.is_multiple_of(self.course.width) {
            if self.course.steps.len() == STEPS_MAX {
                self.course.steps = by_two(&self.course.steps);
                self.growth = by_two(&self.growth);
                self.course.width *= 2;
            }
            self.course.steps.push((0, 0));
            self.growth.push((0, 0));
        }
        self.documents += 1;
        let lines = text.split('\n').map(str::trim).filter(|line| !line.is_empty());
        let (mut all, mut new) = (0, 0);
        for line in lines {
            all += 1;
            new += self.different.add(crate::hash::stable(line.as_bytes()));
        }
        let steps = self.course.steps.last_mut().zip(self.growth.last_mut());
        let (course, growth) = steps.expect("a step was added with the first document");
        *course = (course.0 + text.len() as u64, course.1 + removed);
        *growth = (growth.0 + all, growth.1 + new);
    }

    pub(super) fn finish(self) -> (Course, Growth) {
        (self.course, Growth { steps: self.growth, is_exact: self.different.level == 0 })
    }
}

fn by_two(steps: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let sum = |pair: &[(u64, u64)]| {
        pair.iter().fold((0, 0), |sum, step| (sum.0 + step.0, sum.1 + step.1))
    };
    steps.chunks(2).map(sum).collect()
}

/// A sample of all different hashes (Gibbons 2001): those that end in `level` zero bits. Each stands
/// for two to the power of `level`; the level rises when too many are held.
struct Different {
    held: BTreeSet<u64>,
    level: u32,
    held_max: usize,
}

impl Different {
    /// For how many new hashes this one stands.
    fn add(&mut self, hash: u64) -> u64 {
        if hash.trailing_zeros() < self.level || !self.held.insert(hash) {
            return 0;
        }
        let stands_for = 1 << self.level;
        while self.held.len() > self.held_max {
            self.level += 1;
            self.held.retain(|hash| hash.trailing_zeros() >= self.level);
        }
        stands_for
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines and new lines of a run of `documents` with a line of their own and a shared one.
    fn counted(documents: u64, keys_max: usize) -> (u64, u64, bool) {
        let mut along = Along::new(keys_max);
        for document in 0..documents {
            along.add(&format!("Line {document}.\n\n  The same line. \n"), 0);
        }
        let (course, growth) = along.finish();
        assert_eq!(course.steps.len(), growth.steps.len());
        let sum = by_two(&growth.steps).iter().fold((0, 0), |sum, s| (sum.0 + s.0, sum.1 + s.1));
        (sum.0, sum.1, growth.is_exact)
    }

    #[test]
    fn new_lines_are_counted_once() {
        assert_eq!(counted(3, 100), (6, 4, true));
        assert_eq!(counted(1001, 10_000), (2002, 1002, true));
    }

    #[test]
    fn beyond_what_is_held_a_sample_stands_for_all() {
        let (lines, new, is_exact) = counted(20_000, 1000);
        assert_eq!((lines, is_exact), (40_000, false));
        assert!((18_000..22_000).contains(&new), "{new}");
    }
}
