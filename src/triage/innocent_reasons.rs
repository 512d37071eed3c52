//! What the directory and the peers say for innocence, tested and told with its figures: a feed of the personnel office that came late, a new
//! place, peers of whom the same is said, days on which reasons were not kept.

use crate::classify::directory::Employee;
use crate::model::alert::InnocentReason;
use crate::model::typology::Typology;
use crate::profile::lapses::Lapse;
use crate::profile::window::{day_number, day_of};
use crate::triage::Episode;
use crate::triage::case::features::Circumstance;
use crate::triage::writer::Writer;

/// Days after which a place of work is not new any more.
const NEW_FOR: u32 = 28;
/// So many times their usual is more than the others do on other days.
const MORE: f64 = 1.25;
/// The share of a peer group that makes it everybody's.
const MOST_OF_THEM: f64 = 0.5;

/// Whether the directory, as it stands now, says of somebody who was not employed that they were: from a day to another.
pub fn was_employed(spell: Option<&Employee>, first: u32, last: u32) -> bool {
    let Some(spell) = spell else { return false };
    let (hired, left) = (spell.hired.map_or(0, day_number), spell.left.map_or(u32::MAX, day_number));
    hired <= first && last <= left
}

impl Writer<'_> {
    /// What is tested beside known reasons and the usual.
    pub(super) fn circumstances(&self, episode: &Episode) -> Vec<InnocentReason> {
        [self.late_feed(episode), self.new_here(episode), self.of_peers(episode), self.lapse(episode), self.rise(episode)]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Dates that a reload brought after the alert had opened.
    fn late_feed(&self, episode: &Episode) -> Option<InnocentReason> {
        let (first, last) = (episode.first_day(), episode.last_day());
        if episode.typology != Typology::GhostLeaver {
            return None;
        }
        let date = |date: Option<crate::model::time::Day>| date.map_or("an open date".to_owned(), |day| day.to_string());
        let told =
            self.employee.map_or("nothing".to_owned(), |spell| format!("employment from {} to {}", date(spell.hired), date(spell.left)));
        Some(InnocentReason {
            reason: "late_personnel_feed".to_owned(),
            tested: self.employee.is_some(),
            holds: was_employed(self.employee, first, last),
            detail: format!("the directory now says {told}, the accesses are of {} to {}", day_of(first), day_of(last)),
        })
    }

    /// A new job, unit or house needs what was never needed before.
    fn new_here(&self, episode: &Episode) -> Option<InnocentReason> {
        let hired = self.employee?.hired?;
        let (since, first) = (day_number(hired), episode.first_day());
        Some(InnocentReason {
            reason: "new_in_the_place".to_owned(),
            tested: true,
            holds: since <= first && first - since < NEW_FOR,
            detail: format!("in this unit and role since {hired}, the first finding is of {}", day_of(first)),
        })
    }

    /// What is said of most of the peers says little of one of them.
    fn of_peers(&self, episode: &Episode) -> Option<InnocentReason> {
        let features = &self.case.features;
        let share = features.get(Circumstance::GroupShare).max(features.get(Circumstance::UnitShare));
        (features.loudest() == Some(episode.typology)).then(|| InnocentReason {
            reason: "shared_by_peers".to_owned(),
            tested: self.group.members > 1,
            holds: share >= MOST_OF_THEM,
            detail: format!("the same is found of {:.0} per cent of the peer group or unit in these days", share * 100.0),
        })
    }

    /// What all others do more of as well is the work's: a quota, a campaign, the end of a month.
    fn rise(&self, episode: &Episode) -> Option<InnocentReason> {
        let peak = &episode.peak;
        let rise = self.rises.over(peak.learnt_to + 1, peak.window.days().max(1), peak.days);
        peak.measure.rises_together().then(|| InnocentReason {
            reason: "others_did_more".to_owned(),
            tested: self.group.members > 1,
            holds: rise.of(peak.measure) >= MORE,
            detail: format!(
                "the others of the peer group or unit had {:.0} per cent of their usual number of people in these days, and {:.0} per cent of \
                 that without a known reason",
                rise.people * 100.0,
                rise.open * 100.0
            ),
        })
    }

    /// A day on which the tool that keeps reasons is down is the unit's, not the conduct of one of them.
    fn lapse(&self, episode: &Episode) -> Option<InnocentReason> {
        let peak = &episode.peak;
        let mut lapses: Vec<&Lapse> = self.lapses.among(peak.learnt_to + 1, peak.window.days().max(1)).collect();
        lapses.sort_unstable_by_key(|lapse| lapse.day);
        peak.measure.rests_on_reasons().then(|| InnocentReason {
            reason: "reasons_not_kept".to_owned(),
            tested: self.explanations_configured,
            holds: !lapses.is_empty(),
            detail: of_lapses(&lapses),
        })
    }
}

/// Which days were whose, and of how many.
fn of_lapses(lapses: &[&Lapse]) -> String {
    if lapses.is_empty() {
        return "on none of these days did most others of the unit or peer group work without known reasons".to_owned();
    }
    let of = |Lapse { day, of_unit, others, lapsed }: &Lapse| {
        let whose = if *of_unit { "unit" } else { "peer group" };
        format!("{} by {lapsed} of {others} others of the {whose}", day_of(*day))
    };
    let days: Vec<String> = lapses.iter().map(|lapse| of(lapse)).collect();
    format!("most people were looked at without a known reason, as never before, on {}", days.join(", on "))
}
