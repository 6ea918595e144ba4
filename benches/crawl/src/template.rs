//! Lines with slots: `{views} views`, `Updated {date}`, and their filling.
//!
//! The English around the slots was written for this project; what fills them is invented.

use crate::lexicon::{Lexicon, capitalize};
use crate::random::Random;
use crate::story::{grouped, push_number};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
const SECTIONS: [&str; 12] = [
    "News", "World", "Politics", "Business", "Sport", "Culture", "Science", "Health", "Travel",
    "Opinion", "Weather", "Food",
];
const TEAMS: [&str; 6] = ["United", "Rovers", "City", "Athletic", "Town", "Wanderers"];
const TRADES: [&str; 8] =
    ["Steel", "Foods", "Mining", "Bank", "Motors", "Pharma", "Telecom", "Energy"];
const STREETS: [&str; 5] = ["Street", "Road", "Lane", "Avenue", "Square"];

/// What stays the same in all lines of one site.
#[derive(Debug, Clone, Default)]
pub(crate) struct Masthead {
    /// The name of the paper.
    pub name: String,
    /// Its host, such as `dorvan-courier-12.example`.
    pub host: String,
    /// The town it comes from.
    pub town: String,
    /// The names of those who write for it.
    pub staff: Vec<String>,
}

/// Everything a slot may ask for.
#[derive(Debug)]
pub(crate) struct Filler<'a> {
    /// Spells names and words.
    pub lexicon: &'a Lexicon,
    /// The site the line stands on.
    pub masthead: &'a Masthead,
    /// The title of another document, for `{headline}`.
    pub headline: &'a str,
}

impl Filler<'_> {
    /// Appends `template` with its slots filled; a slot of unknown name stays as it is.
    pub(crate) fn fill(&self, template: &str, random: &mut Random, out: &mut String) {
        let mut parts = template.split('{');
        out.push_str(parts.next().unwrap_or_default());
        for part in parts {
            if let Some((slot, rest)) = part.split_once('}') {
                if !(self.name_slot(slot, random, out) || figure_slot(slot, random, out)) {
                    out.extend(["{", slot, "}"]);
                }
                out.push_str(rest);
            }
        }
    }

    fn name_slot(&self, slot: &str, random: &mut Random, out: &mut String) -> bool {
        let crew = u32::try_from(self.masthead.staff.len()).unwrap_or(0);
        match slot {
            "site" => out.push_str(&self.masthead.name),
            "host" => out.push_str(&self.masthead.host),
            "town" => out.push_str(&self.masthead.town),
            "staff" if crew == 0 => self.lexicon.person(random, out),
            "staff" => out.push_str(&self.masthead.staff[random.below(crew) as usize]),
            "headline" => out.push_str(self.headline),
            "person" => self.lexicon.person(random, out),
            "place" => self.lexicon.place(random, out),
            "team" => self.joined(&TEAMS, random, out),
            "company" => self.joined(&TRADES, random, out),
            "street" => self.joined(&STREETS, random, out),
            "word" => out.push_str(self.lexicon.rare(random)),
            "Word" => capitalize(self.lexicon.rare(random), out),
            "words" => {
                for position in 0..random.between(5, 11) {
                    out.push_str(if position == 0 { "" } else { " " });
                    out.push_str(self.lexicon.draw(random));
                }
            }
            _ => return false,
        }
        true
    }

    fn joined(&self, endings: &[&str], random: &mut Random, out: &mut String) {
        self.lexicon.place(random, out);
        out.push(' ');
        out.push_str(random.pick(endings));
    }
}

/// Slots that need no names.
fn figure_slot(slot: &str, random: &mut Random, out: &mut String) -> bool {
    match slot {
        "views" => {
            // Counters spread over several powers of ten.
            let top = random.pick(&[40, 900, 20_000, 400_000]);
            grouped(random.between(2, top), out);
        }
        "few" => push_number(random.between(2, 30), out),
        "percent" => push_number(random.between(20, 99), out),
        "hundreds" => push_number(random.between(60, 990), out),
        "goals" => push_number(random.between(41, 128), out),
        "price" => {
            push_number(random.between(10, 700), out);
            out.push('.');
            pair(random.below(100), out);
        }
        "rate" => {
            push_number(random.below(10), out);
            out.push('.');
            push_number(random.between(1, 9), out);
        }
        "date" => date(random, out),
        "day" => out.push_str(random.pick(&DAYS)),
        "month" => out.push_str(random.pick(&MONTHS)),
        "year" => push_number(random.between(2011, 2024), out),
        "time" => time(random, out),
        "section" => out.push_str(random.pick(&SECTIONS)),
        "verb" => out.push_str(random.pick(&["rose", "fell", "climbed", "slipped", "gained"])),
        "crime" => out.push_str(random.pick(&["fire", "crash", "burglary", "robbery", "fight"])),
        "fate" => out.push_str(random.pick(&["arrested", "charged", "injured", "questioned"])),
        "sex" => out.push_str(random.pick(&["man", "woman"])),
        "agency" => out.push_str(random.pick(&["Norpress", "ZVA", "Delta Wire", "Handout", "TPN"])),
        "phone" => {
            push_number(random.between(2000, 9999), out);
            out.push(' ');
            push_number(random.between(200_000, 999_999), out);
        }
        "code" => {
            let bits = random.next();
            out.extend((0..12).map(|place| {
                let digit = bits >> (4 * place) & 15;
                char::from_digit(u32::try_from(digit).unwrap_or(0), 16).unwrap_or('0')
            }));
        }
        _ => return false,
    }
    true
}

fn date(random: &mut Random, out: &mut String) {
    out.push_str(random.pick(&MONTHS));
    out.push(' ');
    push_number(random.between(1, 28), out);
    out.push_str(", ");
    push_number(random.between(2011, 2024), out);
}

fn time(random: &mut Random, out: &mut String) {
    pair(random.below(24), out);
    out.push(':');
    pair(random.below(60), out);
}

fn pair(number: u32, out: &mut String) {
    if number < 10 {
        out.push('0');
    }
    push_number(number, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_slot_in_use_is_known() {
        let lexicon = Lexicon::new(1, 4_000);
        let masthead = Masthead { name: "Paper".into(), ..Masthead::default() };
        let filler = Filler { lexicon: &lexicon, masthead: &masthead, headline: "Head" };
        let mut random = Random::keyed(1, 1, 1, 1);
        for template in crate::site::templates().chain(crate::natural::templates()) {
            let mut out = String::new();
            filler.fill(template, &mut random, &mut out);
            assert!(!out.contains(['{', '}', '\n']), "{template} gave {out}");
        }
        let mut out = String::new();
        filler.fill("{site}: {headline} {nothing}", &mut random, &mut out);
        assert_eq!(out, "Paper: Head {nothing}");
    }
}
