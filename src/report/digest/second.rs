//! The second pass: exact figures for what is shown, and everything that needs the texts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::super::audit::AuditRow;
use super::super::join::{self, Joined, Texts};
use super::along::Along;
use super::documents::Gallery;
use super::first::First;
use super::{
    Digest, DocumentName, Listed, PATTERN_CHARACTERS, ParagraphFigures, Scale, SiteFigures,
    SiteTemplates, TEXT_CHARACTERS, TemplateFigures, group_of, shown,
};
use crate::decide::Reason;
use crate::decide::patterns::pattern_of;
use crate::error::Result;
use crate::hash::HashMap;

pub(super) fn pass(
    audit: &Path,
    texts: Option<Texts>,
    first: First,
    scale: &Scale,
) -> Result<Digest> {
    let mut second = Second::new(first, scale);
    join::for_each(audit, texts, |joined| {
        second.add(joined);
        Ok(())
    })?;
    Ok(second.finish(texts.is_some(), scale))
}

struct Second {
    first: First,
    groups: HashMap<u64, Group>,
    templates: HashMap<(u32, u64), TemplateFigures>,
    template_order: Vec<(u32, u64)>,
    gallery: Gallery,
    positions: Vec<Vec<u64>>,
    along: Along,
    documents: u64,
    text_bytes: u64,
}

struct Group {
    rank: usize,
    figures: ParagraphFigures,
    sites: BTreeMap<u32, u64>,
}

const TENTHS: usize = 10;
const EXAMPLES: usize = 3;
const TOP_SITES: usize = 5;

impl Second {
    fn new(first: First, scale: &Scale) -> Self {
        let mut gallery = Gallery::new(scale.documents);
        let risky = &first.risky;
        for list in [&risky.fewest, &risky.nearest, &risky.longest, &first.sample.items] {
            gallery.want(list.get(..list.len().min(scale.documents / 4)).unwrap_or(list));
        }
        let group = |(rank, group)| {
            let figures = ParagraphFigures::default();
            (group, Group { rank, figures, sites: BTreeMap::new() })
        };
        let groups = first.groups.most().into_iter().take(scale.paragraphs);
        let groups = groups.enumerate().map(group).collect();
        let template_order = chosen_templates(&first, scale);
        let templates = template_order.iter().map(|key| (*key, TemplateFigures::default()));
        Self {
            groups,
            templates: templates.collect(),
            template_order,
            gallery,
            positions: vec![vec![0; first.reasons.len()]; TENTHS],
            along: Along::new(scale.keys_max),
            documents: 0,
            text_bytes: 0,
            first,
        }
    }

    fn add(&mut self, joined: &Joined) {
        let mut is_example = None;
        for row in &joined.rows {
            let group = group_of(&row.text);
            let site = self.first.sites.number(&row.site);
            if let Some(found) = self.groups.get_mut(&group)
                && found.add(row, site)
                && found.rank < 40
            {
                is_example = Some(usize::MAX / 2 + found.rank);
            }
            if let (Reason::Boilerplate, Some(template)) =
                (row.reason, self.templates.get_mut(&(site, group)))
            {
                template.add(row);
            }
        }
        self.gallery.add(joined, is_example);
        let Some(document) = &joined.document else { return };
        let length = document.text.len() as u64;
        self.documents += 1;
        self.text_bytes += length;
        let site = joined.rows.first().map_or(&document.site, |row| &row.site);
        let site = self.first.sites.number(site) as usize;
        let figures = &mut self.first.sites.figures[site];
        *figures.documents.get_or_insert(0) += 1;
        *figures.text_bytes.get_or_insert(0) += length;
        for row in &joined.rows {
            let reason = self.first.reasons.iter().position(|of| of.reason == row.reason.name());
            let middle = usize::midpoint(row.start, row.end);
            let tenth = (middle * TENTHS / document.text.len().max(1)).min(TENTHS - 1);
            if let Some(reason) = reason {
                self.positions[tenth][reason] += row.text.len() as u64;
            }
        }
        let removed = joined.rows.iter().map(|row| row.text.len() as u64).sum();
        self.along.add(&document.text, removed);
    }

    fn finish(mut self, has_texts: bool, scale: &Scale) -> Digest {
        let first = &mut self.first;
        if has_texts {
            first.totals.documents = Some(self.documents);
            first.totals.text_bytes = Some(self.text_bytes);
        }
        let templates = site_templates(first, &self.template_order, &mut self.templates);
        let mut groups: Vec<Group> = std::mem::take(&mut self.groups).into_values().collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.figures.spans), group.rank));
        let names = |site: u32| first.sites.figures[site as usize].site.clone();
        let (course, growth) = self.along.finish();
        let paragraphs = groups.into_iter().map(|group| group.finish(names)).collect();
        let (of, dropped_max) = (first.groups.len() as u64, first.groups.dropped_max());
        Digest {
            version: env!("CARGO_PKG_VERSION"),
            has_texts,
            thresholds: first.thresholds,
            totals: first.totals,
            positions: has_texts.then_some(self.positions),
            course: has_texts.then_some(course),
            growth: has_texts.then_some(growth),
            paragraphs: Listed { items: paragraphs, of, dropped_max },
            site_shares: has_texts.then(|| site_shares(&first.sites.figures)),
            templates,
            sites: sites(std::mem::take(&mut first.sites.figures), scale),
            reasons: self.first.reasons,
            risky: self.first.risky,
            documents: self.gallery.into_documents(),
            sample: self.first.sample,
        }
    }
}

impl Group {
    /// Adds a row; whether it is the first.
    fn add(&mut self, row: &AuditRow, site: u32) -> bool {
        let figures = &mut self.figures;
        let is_first = figures.spans == 0;
        if is_first {
            figures.text = shown(&row.text);
            figures.pattern = pattern_of(&row.text, PATTERN_CHARACTERS);
        }
        figures.spans += 1;
        figures.bytes += row.text.len() as u64;
        *figures.reasons.entry(row.reason.name()).or_default() += 1;
        *self.sites.entry(site).or_default() += 1;
        if figures.examples.len() < EXAMPLES {
            let name = DocumentName::new(row);
            if figures.examples.last() != Some(&name) {
                figures.examples.push(name);
            }
        }
        is_first
    }

    fn finish(self, name: impl Fn(u32) -> String) -> ParagraphFigures {
        let mut sites: Vec<(u32, u64)> = self.sites.into_iter().collect();
        sites.sort_by_key(|(site, spans)| (std::cmp::Reverse(*spans), *site));
        let top = sites.iter().take(TOP_SITES).map(|(site, spans)| (name(*site), *spans));
        ParagraphFigures { top_sites: top.collect(), sites: sites.len() as u64, ..self.figures }
    }
}

impl TemplateFigures {
    fn add(&mut self, row: &AuditRow) {
        if self.spans == 0 {
            self.text = pattern_of(&row.text, TEXT_CHARACTERS).unwrap_or_else(|| shown(&row.text));
            self.pattern = pattern_of(&row.text, PATTERN_CHARACTERS);
        }
        self.spans += 1;
        self.bytes += row.text.len() as u64;
        self.documents = self.documents.max(row.evidence.documents.unwrap_or(0));
        self.rate = self.rate.max(row.evidence.rate.unwrap_or(0.0));
    }
}

/// The most frequent templates of the sites that lost most boilerplate.
fn chosen_templates(first: &First, scale: &Scale) -> Vec<(u32, u64)> {
    let mut sites: Vec<usize> = (0..first.sites.figures.len()).collect();
    sites.retain(|site| first.sites.boilerplate[*site] > 0);
    sites.sort_by_key(|site| std::cmp::Reverse(first.sites.boilerplate[*site]));
    sites.truncate(scale.template_sites);
    let mut left: BTreeMap<usize, usize> =
        sites.iter().map(|site| (*site, scale.templates)).collect();
    let mut chosen = first.templates.most();
    chosen.retain(|(site, _)| {
        let left = left.get_mut(&(*site as usize)).filter(|left| **left > 0);
        left.map(|left| *left -= 1).is_some()
    });
    let place = |site: u32| sites.iter().position(|of| *of == site as usize);
    chosen.sort_by_key(|(site, _)| place(*site));
    chosen
}

fn site_templates(
    first: &First,
    order: &[(u32, u64)],
    templates: &mut HashMap<(u32, u64), TemplateFigures>,
) -> Listed<SiteTemplates> {
    let mut of: BTreeMap<u32, u64> = BTreeMap::new();
    for (site, _) in first.templates.most() {
        *of.entry(site).or_default() += 1;
    }
    let sites = order.chunk_by(|a, b| a.0 == b.0).map(|keys| SiteTemplates {
        site: first.sites.figures[keys[0].0 as usize].site.clone(),
        templates: keys.iter().filter_map(|key| templates.remove(key)).collect(),
        of: of.get(&keys[0].0).copied().unwrap_or(0),
    });
    let items = sites.collect();
    Listed { items, of: of.len() as u64, dropped_max: first.templates.dropped_max() }
}

/// The sites that lost most bytes and, where that is known, the greatest shares.
fn sites(figures: Vec<SiteFigures>, scale: &Scale) -> Listed<SiteFigures> {
    let of = figures.len() as u64;
    let by = |rank: &dyn Fn(&SiteFigures) -> u64, most: usize| {
        let mut order: Vec<usize> = (0..figures.len()).collect();
        order.sort_by_key(|site| std::cmp::Reverse(rank(&figures[*site])));
        order.into_iter().take(most).collect::<BTreeSet<usize>>()
    };
    let mut chosen = by(&|site| site.bytes, scale.sites);
    chosen.extend(by(&share, scale.sites / 2));
    let items = figures.into_iter().enumerate();
    let mut items: Vec<SiteFigures> =
        items.filter(|(at, _)| chosen.contains(at)).map(|(_, site)| site).collect();
    items.sort_by_key(|site| std::cmp::Reverse((share(site), site.bytes)));
    Listed { items, of, dropped_max: 0 }
}

/// Share of a site's text that went, in millionths; 0 where that is not known.
fn share(site: &SiteFigures) -> u64 {
    let text = u128::from(site.text_bytes.unwrap_or(0));
    let share = (u128::from(site.bytes) * 1_000_000).checked_div(text).unwrap_or(0);
    u64::try_from(share).unwrap_or(u64::MAX)
}

/// Number of sites by twentieths of their share.
fn site_shares(figures: &[SiteFigures]) -> Vec<u64> {
    let mut shares = vec![0; 20];
    for site in figures {
        let twentieth = usize::try_from(share(site) / 50_000).unwrap_or(usize::MAX);
        shares[twentieth.min(19)] += 1;
    }
    shares
}
