//! The paragraph that explains an alert: its numbers in plain words, and never a word of guilt, intent or sale.

use crate::model::access::{Actor, UNLISTED};
use crate::model::alert::{Expected, Observed, Statute as StatuteFigures, StatuteScore};
use crate::model::identity::Identity;
use crate::model::persons::Persons;
use crate::model::shown::is_invisible;
use crate::profile::measure::Measure;
use crate::triage::Episode;
use crate::triage::writer::Writer;

/// What was seen, what is particular about it, what would have been usual, and how the counter stands.
pub fn explain(writer: &Writer<'_>, episode: &Episode, expected: &Expected, statute: &StatuteFigures) -> String {
    let peak = &episode.peak;
    let kinds: Vec<&str> = peak.observed.kinds.keys().map(|kind| kind.name()).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" (kinds: {})", kinds.join(", ")) };
    let reasons =
        if writer.explanations_configured { "" } else { " No explanations are configured, so no business reason could be checked." };
    let apart = apart(&peak.observed);
    let inferred: Vec<String> = episode.evidence.told_tables().take(TOLD_TABLES).map(plain_text).collect();
    let inferred = if inferred.is_empty() { String::new() } else { format!(" Not listed in the catalog: {}.", inferred.join("; ")) };
    format!(
        "{} touched {}{apart}{kinds} in {} within {}; {}. For comparison, {}. The model puts an innocent count like this at {}. \
         Statutory counter ({}): exposure {}; unexplained {}.{inferred}{reasons}{}",
        who(writer, peak.identity),
        people(peak.observed.persons),
        plural(peak.observed.accesses, "access", "accesses"),
        peak.window.name(),
        peak.particular,
        usual(expected, peak.measure),
        rarity(peak.bits),
        statute.jurisdiction,
        score(&statute.exposure, &writer.statute.article),
        score(&statute.unexplained, &writer.statute.article),
        claims(writer, episode),
    )
}

/// Whose the references are that were claimed in the window and cover nothing.
fn claims(writer: &Writer<'_>, episode: &Episode) -> String {
    let (window, last) = (episode.peak.window, episode.peak.learnt_to);
    let of = |measure| {
        let before = writer.profile.total(measure, last, window.days().saturating_sub(1)).1;
        before + writer.profile.day_figure(measure, last + 1)
    };
    let (other, unknown) = (of(Measure::ClaimedOther), of(Measure::ClaimedUnknown));
    let mut parts = Vec::new();
    if other > 0 {
        parts.push(format!("for {} a reference that the register gives to somebody else", plural(other, "person", "people")));
    }
    if unknown > 0 {
        parts.push(format!("for {} one that is unknown to the register", plural(unknown, "person", "people")));
    }
    if parts.is_empty() { String::new() } else { format!(" Claimed reasons: {}.", parts.join(", ")) }
}

/// How many of the people are told apart, where not all are.
fn apart(observed: &Observed) -> String {
    if observed.counted == 0 && observed.unknown_accesses == 0 {
        return String::new();
    }
    let mut parts = vec![format!("{} told apart by their ids", observed.named)];
    if observed.counted > 0 {
        parts.push(format!("up to {} counted by accesses that name nobody", observed.counted));
    }
    if observed.unknown_accesses > 0 {
        parts.push(format!("{} not told how many", plural(observed.unknown_accesses.into(), "access", "accesses")));
    }
    format!(" ({})", parts.join(", "))
}

/// How the person is known, where that is no proof.
fn known(writer: &Writer<'_>, identity: Identity) -> String {
    let login = writer.profile.claims.as_ref().and_then(|claims| claims.login());
    match (identity, login) {
        (Identity::Claimed, Some(login)) => format!(" (as the login {} claims, which is told of it as well)", plain(login)),
        (Identity::Claimed, None) => " (by a claim)".to_owned(),
        (Identity::Inferred, _) => " (by the login's name alone)".to_owned(),
        (Identity::Authenticated, _) => String::new(),
    }
}

fn who(writer: &Writer<'_>, identity: Identity) -> String {
    let name = match &writer.profile.actor {
        Actor::Employee(id) => format!("Employee {}{}", plain(id), known(writer, identity)),
        Actor::Account(id) if **id == *UNLISTED => "Logins that accounts.csv does not list, taken together,".to_owned(),
        Actor::Account(id) => format!("Account {} (not resolved to one person)", plain(id)),
    };
    let place = [writer.employee.and_then(|e| e.role.as_deref()), writer.employee.and_then(|e| e.unit.as_deref())];
    let place: Vec<String> = place.into_iter().flatten().map(plain).collect();
    if place.is_empty() { name } else { format!("{name} ({})", place.join(", ")) }
}

fn usual(expected: &Expected, measure: Measure) -> String {
    let unit = measure.words();
    let own = expected.own.as_ref().map_or("no closed days of their own yet".to_owned(), |own| {
        let days = plural(u64::from(own.days), "day gives", "days give");
        format!("their own {days} a median of {} and a 99th percentile of {} {unit}", own.median, own.p99)
    });
    let peers = expected.peers.as_ref().map_or("no peer group yet".to_owned(), |peers| {
        format!("{} peers a median of {} and a 99th percentile of {}", peers.members, peers.median, peers.p99)
    });
    format!("{own}; {peers}")
}

/// Both readings with their bands; one band where it is the same.
fn score(score: &StatuteScore, article: &str) -> String {
    let more = if score.incomplete || score.at_least { "at least " } else { "" };
    let (b, a) = (comparable(&score.band, article), comparable(&score.band_a, article));
    match (b == a, score.b == score.a) {
        (true, true) => format!("{more}{} under both readings, {b}", score.b),
        (true, false) => format!("{more}{} (reading B) to {more}{} (reading A), {b}", score.b, score.a),
        (false, _) => format!("{more}{} under reading B, {b}, and {more}{} under reading A, {a}", score.b, score.a),
    }
}

fn comparable(band: &str, article: &str) -> String {
    match band {
        "below" => format!("below the figures of {article}"),
        band => format!("arithmetically comparable with {article}, \"{}\"", band.replace('_', " ")),
    }
}

/// No model is to be trusted with the far tail: beyond what could ever be checked, the figure is a bound.
pub(super) fn rarity(bits: f64) -> String {
    if bits > 60.0 { "less than 1 in 2^60".to_owned() } else { format!("about 1 in 2^{bits:.0}") }
}

fn people(persons: Persons) -> String {
    let one = persons.figure() == Some(1);
    format!("{persons} {}", if one { "person" } else { "people" })
}

pub(super) fn plural(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Tables that the paragraph names of those that the catalog does not list.
const TOLD_TABLES: usize = 3;

/// A name from a log or file as part of a sentence: without control and direction characters, cut short.
pub(super) fn plain(name: impl AsRef<str>) -> String {
    shown(name.as_ref(), 64)
}

/// The same of a text that holds several names.
pub(super) fn plain_text(text: impl AsRef<str>) -> String {
    shown(text.as_ref(), 300)
}

fn shown(name: &str, longest: usize) -> String {
    name.chars().filter(|c| !is_invisible(*c)).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_bands_are_told_where_they_differ() {
        let figures = |b, a, band: &str, band_a: &str| StatuteScore {
            b,
            a,
            band: band.to_owned(),
            band_a: band_a.to_owned(),
            ..StatuteScore::default()
        };
        let text = score(&figures(2_007, 7_997, "below", "serious"), "art. 5");
        assert_eq!(
            text,
            "2007 under reading B, below the figures of art. 5, and 7997 under reading A, arithmetically comparable with art. 5, \"serious\""
        );
        assert_eq!(score(&figures(7, 7, "below", "below"), "art. 5"), "7 under both readings, below the figures of art. 5");
    }

    #[test]
    fn names_cannot_act_on_the_reader() {
        assert_eq!(plain("E\u{1b}[31m1\u{202e}\n"), "E[31m1");
        assert_eq!(people(Persons::Exact(1)), "1 person");
        assert_eq!(people(Persons::AtMost(7)), "at most 7 people");
    }
}
