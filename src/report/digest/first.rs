//! The first pass: counts over all rows, and which rows are worth showing.

use std::collections::BTreeMap;
use std::path::Path;

use super::super::audit::AuditRow;
use super::super::count::{Counter, Least, shuffled};
use super::super::join;
use super::super::summary::Removed;
use super::{
    ReasonFigures, RemovalView, Risky, Sample, Scale, SiteFigures, Thresholds, Totals, group_of,
    scope_of,
};
use crate::decide::Reason;
use crate::error::Result;
use crate::hash::HashMap;
use crate::text::plain::visible;

/// What the first pass found out.
pub(super) struct First {
    pub(super) totals: Totals,
    pub(super) thresholds: Thresholds,
    pub(super) reasons: Vec<ReasonFigures>,
    /// Sites in the order of the audit.
    pub(super) sites: Sites,
    /// Groups of equal paragraphs.
    pub(super) groups: Counter<u64>,
    /// Groups of boilerplate on a site.
    pub(super) templates: Counter<(u32, u64)>,
    pub(super) risky: Risky,
    pub(super) sample: Sample,
}

/// Sites by name, with figures that rows add up to.
#[derive(Default)]
pub(super) struct Sites {
    numbers: HashMap<String, u32>,
    pub(super) figures: Vec<SiteFigures>,
    /// Bytes of boilerplate.
    pub(super) boilerplate: Vec<u64>,
}

impl Sites {
    /// The number of a site, a new one where it was not seen before.
    pub(super) fn number(&mut self, site: &str) -> u32 {
        if let Some(&number) = self.numbers.get(site) {
            return number;
        }
        let number = u32::try_from(self.figures.len()).unwrap_or(u32::MAX);
        self.numbers.insert(site.to_owned(), number);
        self.figures.push(SiteFigures { site: visible(site), ..SiteFigures::default() });
        self.boilerplate.push(0);
        number
    }
}

/// Less is riskier: by what ranks it, then the longer first, then the earlier.
type Rank = (u64, std::cmp::Reverse<usize>, u64);

/// The riskiest of each kind and reason.
struct RiskFinder {
    thresholds: Thresholds,
    scale: Scale,
    fewest: BTreeMap<Reason, Least<Rank, RemovalView>>,
    longest: Least<Rank, RemovalView>,
    nearest: BTreeMap<Reason, Least<Rank, RemovalView>>,
}

impl RiskFinder {
    fn add(&mut self, row: &AuditRow, number: u64, group: u64) {
        let rank = |by: u64| (by, std::cmp::Reverse(row.text.len()), number);
        let view = || RemovalView::new(row, number);
        let most = self.scale.risky;
        if let Some(witnesses) = witnesses(row) {
            let least = self.fewest.entry(row.reason).or_insert_with(|| Least::new(most));
            least.add(rank(witnesses), group, view);
        }
        if let Some(margin) = self.margin(row) {
            let least = self.nearest.entry(row.reason).or_insert_with(|| Least::new(most));
            least.add(rank(margin), group, view);
        }
        self.longest.add(rank(0), group, view);
    }

    /// How far above its threshold the containment lies, in ten-thousandths.
    fn margin(&self, row: &AuditRow) -> Option<u64> {
        let (containment, least) = match row.reason {
            Reason::Duplicate => (row.evidence.containment?, self.thresholds.duplicate),
            Reason::Repeat => (row.evidence.containment?, self.thresholds.repeat),
            Reason::Boilerplate => (row.evidence.score?, self.thresholds.boilerplate),
            _ => return None,
        };
        let margin = ((containment - least) * 10_000.0).round();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it lies in 0..=10,000"
        )]
        (0.0..=10_000.0).contains(&margin).then_some(margin as u64)
    }

    fn finish(self) -> Risky {
        let all = |least: BTreeMap<Reason, Least<Rank, RemovalView>>| {
            least.into_values().flat_map(Least::into_values).collect()
        };
        Risky {
            fewest: all(self.fewest),
            longest: self.longest.into_values().collect(),
            nearest: all(self.nearest),
        }
    }
}

/// How many documents speak against the paragraph, where that is what it went for.
fn witnesses(row: &AuditRow) -> Option<u64> {
    match row.reason {
        Reason::Boilerplate => row.evidence.contexts.map(u64::from),
        Reason::Duplicate => row.evidence.documents,
        _ => None,
    }
}

pub(super) fn pass(audit: &Path, thresholds: Thresholds, scale: &Scale) -> Result<First> {
    let mut counts = Counts {
        first: First {
            totals: Totals::default(),
            thresholds,
            reasons: Vec::new(),
            sites: Sites::default(),
            groups: Counter::new(scale.keys_max),
            templates: Counter::new(scale.keys_max),
            risky: Risky { fewest: Vec::new(), longest: Vec::new(), nearest: Vec::new() },
            sample: Sample { seed: scale.seed, of: 0, items: Vec::new() },
        },
        reasons: BTreeMap::new(),
        risk: RiskFinder {
            thresholds,
            scale: *scale,
            fewest: BTreeMap::new(),
            longest: Least::new(2 * scale.risky),
            nearest: BTreeMap::new(),
        },
        sample: Least::new(scale.sample),
    };
    join::for_each(audit, None, |joined| {
        counts.add(&joined.rows, scale.seed);
        Ok(())
    })?;
    Ok(counts.finish())
}

/// What the first pass adds up.
struct Counts {
    first: First,
    /// Spans and bytes, and documents, by reason.
    reasons: BTreeMap<Reason, (Removed, u64)>,
    risk: RiskFinder,
    sample: Least<(u64, u64), RemovalView>,
}

impl Counts {
    fn add(&mut self, rows: &[AuditRow], seed: u64) {
        let first = &mut self.first;
        first.totals.changed += 1;
        for (at, row) in rows.iter().enumerate() {
            let number = first.totals.spans;
            let group = group_of(&row.text);
            first.totals.spans += 1;
            first.totals.bytes += row.text.len() as u64;
            let (removed, documents) = self.reasons.entry(row.reason).or_default();
            removed.add(row.text.len());
            *documents += u64::from(rows[..at].iter().all(|before| before.reason != row.reason));
            let site = first.sites.number(&row.site);
            let figures = &mut first.sites.figures[site as usize];
            figures.spans += 1;
            figures.bytes += row.text.len() as u64;
            figures.changed += u64::from(at == 0);
            *figures.reasons.entry(row.reason.name()).or_default() += row.text.len() as u64;
            first.groups.add(group, number);
            if row.reason == Reason::Boilerplate {
                first.sites.boilerplate[site as usize] += row.text.len() as u64;
                first.templates.add((site, group), number);
            }
            self.risk.add(row, number, group);
            let view = || RemovalView::new(row, number);
            self.sample.add((shuffled(number, seed), number), number, view);
        }
    }

    fn finish(self) -> First {
        let mut first = self.first;
        first.reasons = Reason::ALL
            .into_iter()
            .filter_map(|reason| {
                let (removed, documents) = self.reasons.get(&reason)?;
                Some(ReasonFigures {
                    reason: reason.name(),
                    scope: scope_of(reason),
                    spans: removed.spans,
                    bytes: removed.bytes,
                    documents: *documents,
                })
            })
            .collect();
        first.risky = self.risk.finish();
        first.sample.of = first.totals.spans;
        first.sample.items = self.sample.into_values().collect();
        first
    }
}
