//! Content that looks like boilerplate and is none: look-alikes, and short lines people repeat.

use crate::random::Random;

/// Skeletons shared by the whole crawl; names, numbers and facts differ each time.
const LOOKALIKES: [&str; 8] = [
    "{team} beat {team} {goals}-{goals} on {day} night as {person} scored {few} points and {person} added {few} in front of {views} fans in {place}.",
    "Shares in {company} {verb} {rate} percent to ${price} after the company reported quarterly sales of ${hundreds} million, against ${hundreds} million a year earlier.",
    "Police said a {percent}-year-old {sex} from {place} was {fate} on {month} {few} after a {crime} near {street} at about {time}, and asked {person} to come forward.",
    "{company} {price} {rate} {price} {views} {hundreds} {rate}",
    "{place} {hundreds} votes, {person} {rate} percent, {person} {rate} percent, turnout {percent} percent of {views} registered.",
    "{person}, {percent}, of {street}, {place}, was fined ${hundreds} on {day} for driving at {percent} miles an hour near {place} on {month} {few}.",
    "{place}: {few} degrees at {time}, wind {few}, rain {rate}, pressure {hundreds}, visibility {few} miles from {place} to {place}.",
    "{few}. {person} ({team}) {time}.{percent}, {few}. {person} ({team}) {time}.{percent}, {few}. {person} ({team}) {time}.{percent}",
];

/// Short lines that recur everywhere and are speech or typography.
const SHORT: [&str; 14] = [
    "Thank you.",
    "Thank you.",
    "Thank you very much.",
    "Yes.",
    "No.",
    "Right.",
    "Exactly.",
    "[Applause]",
    "[Laughter]",
    "___",
    "* * *",
    "Why?",
    "Of course.",
    "Next question.",
];

/// A skeleton for a look-alike; two thirds are of the first three kinds.
pub(crate) fn lookalike(random: &mut Random) -> &'static str {
    let pool = if random.chance(500) { &LOOKALIKES[..3] } else { &LOOKALIKES[..] };
    random.pick(pool)
}

/// A short natural line.
pub(crate) fn short(random: &mut Random) -> &'static str {
    random.pick(&SHORT)
}

/// All templates of this module, for the test that knows all slots.
#[cfg(test)]
pub(crate) fn templates() -> impl Iterator<Item = &'static str> {
    LOOKALIKES.into_iter().chain(SHORT)
}
