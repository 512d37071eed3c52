//! What the global stage learns: what a peer group usually does, learnt from small summaries of each employee's closed days.
//!
//! It reads summaries only, in the order of their actors, so its result does not depend on how records interleave.

pub mod comparison;
pub mod finding_calibration;
pub mod group_activity;
mod histogram;
pub mod homes;
pub mod long_run;
pub mod lookup;
pub mod lookups;
pub mod meetings;
pub mod past_looks;
pub mod peer_access;
pub mod rise;
mod shipped_strengths;
pub mod sources;
pub mod summary;
pub mod survey;
pub mod volume;
pub mod week_shape;

use crate::model::week_hours::WeekHours;
use crate::profile::baseline::{GroupMoments, GroupShare};
use crate::profile::history::{AllMoments, Moments};
use crate::profile::measure::Measure;
use finding_calibration::FindingCalibration;
use histogram::Histogram;
use peer_access::PeerAccessProfile;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
pub use summary::Summary;
use week_shape::WeekShape;

/// The usual conduct of one group.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupModel {
    /// Members with days to learn from.
    pub members: u32,
    /// Of each measure.
    pub measures: [GroupMeasure; Measure::COUNT],
    /// Of each share.
    pub shares: [GroupShare; Share::COUNT],
    /// Places and kinds that its members touch.
    pub access_profile: PeerAccessProfile,
    /// The hours of the week in which its members work, once that is known.
    pub week: Option<WeekHours>,
}

/// A part of a measure, compared as a share.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Share {
    /// People of other territories among those with a known one.
    Foreign,
    /// People without a known reason among all.
    Unexplained,
    /// People with business that followed among those looked at under a purpose.
    Followed,
    /// People under a reference that is on no file among those looked at under a purpose.
    ClaimedUnknown,
    /// People of public interest among those looked up one by one.
    Vips,
    /// People under somebody else's reference among those looked at under a purpose.
    ClaimedOther,
    /// Changes of protection that a look followed among people looked up one by one without a known reason.
    Controls,
}

impl Share {
    /// How many shares there are.
    pub const COUNT: usize = 7;
    /// Every share; `ALL[s as usize] == s`.
    pub const ALL: [Share; Share::COUNT] =
        [Share::Foreign, Share::Unexplained, Share::Followed, Share::ClaimedUnknown, Share::Vips, Share::ClaimedOther, Share::Controls];

    /// The part and the whole.
    pub fn of(self) -> (Measure, Measure) {
        match self {
            Share::Foreign => (Measure::Foreign, Measure::Owned),
            Share::Unexplained => (Measure::Unexplained, Measure::Persons),
            Share::Followed => (Measure::Followed, Measure::Purposed),
            Share::ClaimedUnknown => (Measure::ClaimedUnknown, Measure::Purposed),
            Share::Vips => (Measure::VipsSingly, Measure::Singly),
            Share::ClaimedOther => (Measure::ClaimedOther, Measure::Purposed),
            Share::Controls => (Measure::Controls, Measure::Singly),
        }
    }

    /// Part and whole of somebody's days.
    pub fn sums(self, moments: &AllMoments) -> (f64, f64) {
        let (part, whole) = self.of();
        let sum = |measure: Measure| moments[measure as usize].days * moments[measure as usize].mean;
        (sum(part), sum(whole))
    }
}

/// The usual daily count of one measure in a group.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupMeasure {
    /// Moments for prediction.
    pub moments: GroupMoments,
    /// Median of the members' days.
    pub median: u32,
    /// 99th percentile of the members' days.
    pub p99: u32,
}

/// All groups, at one version.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Models {
    /// Names the days learnt from and a hash of what was learnt.
    pub version: String,
    groups: BTreeMap<Arc<str>, GroupModel>,
    everyone: GroupModel,
    /// How findings are calibrated here.
    pub calibration: FindingCalibration,
}

/// The peers are judged by a day from so many days after it on (docs/contract.md §9), also where it has closed before: what comes late is not held
/// against what its author did in between.
pub const LEARNT_AFTER: u32 = 2;

/// Fewer members than this are judged together with everyone.
pub const SMALLEST_GROUP: u32 = 8;

/// Learns the models. Kept between ticks: the histograms of days, and the shapes of weeks.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Population {
    days: BTreeMap<Arc<str>, [Histogram; Measure::COUNT]>,
    weeks: BTreeMap<Arc<str>, WeekShape>,
    last: u32,
    /// The day of the first tick with somebody to learn from; 0 before.
    first: u32,
    /// What was learnt at the last tick of a day that had just ended.
    waiting: Option<Models>,
}

impl Models {
    /// Before anything was learnt.
    pub fn prior() -> Models {
        let measure = GroupMeasure { moments: GroupMoments::PRIOR, median: 0, p99: 0 };
        let everyone = GroupModel {
            members: 0,
            measures: [measure; Measure::COUNT],
            shares: [GroupShare::PRIOR; Share::COUNT],
            access_profile: PeerAccessProfile::default(),
            week: None,
        };
        Models { version: "prior".to_owned(), groups: BTreeMap::new(), everyone, calibration: FindingCalibration::default() }
    }

    /// The model by which a member of the group is judged.
    pub fn of(&self, group: &str) -> &GroupModel {
        self.groups.get(group).filter(|model| model.members >= SMALLEST_GROUP).unwrap_or(&self.everyone)
    }
}

/// Groups of fewer members have too few days to say how rare what they never do is.
const FEW_MEMBERS: u32 = 24;

/// The group of all.
const EVERYONE: &str = "";

impl Population {
    /// Learns from the summaries of a tick on day `today`, which come in the order of their actors. `last` is the last day that has closed. What
    /// was learnt of a day holds from the second day after it on.
    pub fn learn(&mut self, today: u32, last: u32, summaries: &[Summary]) -> Models {
        let passed = today.saturating_sub(self.last).min(1_000);
        self.last = today;
        for histogram in self.days.values_mut().flatten() {
            histogram.discount(passed);
        }
        self.weeks.values_mut().for_each(|week| week.discount(passed));
        let mut groups: BTreeMap<Arc<str>, Vec<&Summary>> = BTreeMap::new();
        let everyone: Arc<str> = Arc::from(EVERYONE);
        if self.first == 0 && !summaries.is_empty() {
            self.first = today;
        }
        let mut calibration = FindingCalibration::at_age(today.saturating_sub(self.first));
        for summary in summaries {
            calibration.add(&summary.group, summary.unit.as_ref(), &summary.strengths);
            for group in [&summary.group, &everyone] {
                groups.entry(group.clone()).or_default().push(summary);
                let week = self.weeks.entry(group.clone()).or_default();
                summary.hours.iter().for_each(|day| week.add(*day));
                let histograms = self.days.entry(group.clone()).or_default();
                for day in summary.days.iter().filter(|day| !day.held_out) {
                    for (histogram, figure) in histograms.iter_mut().zip(day.figures) {
                        histogram.add(figure);
                    }
                }
            }
        }
        let mut models: BTreeMap<Arc<str>, GroupModel> =
            groups.iter().map(|(group, members)| (group.clone(), self.model(group, members, today))).collect();
        let prior = Models::prior();
        let everyone = models.remove(EVERYONE).filter(|model| model.members > 0).unwrap_or(prior.everyone);
        for (group, model) in models.iter_mut().filter(|(_, model)| model.members < FEW_MEMBERS) {
            for measure in Measure::ALL {
                let never_seen = groups[group].iter().all(|member| member.moments[measure as usize].mean == 0.0);
                let (own, all) = (&mut model.measures[measure as usize].moments, everyone.measures[measure as usize].moments);
                // What a dozen never did is as rare with them as with everybody, and not only as rare as their few days can say.
                if never_seen && all.mean < own.mean {
                    *own = all;
                }
            }
        }
        let version = version(last, &models, &everyone);
        let models = Models { version, groups: models, everyone, calibration };
        if last + LEARNT_AFTER > today {
            return self.waiting.replace(models).unwrap_or_else(Models::prior);
        }
        self.waiting = None;
        models
    }

    fn model(&self, group: &str, members: &[&Summary], today: u32) -> GroupModel {
        let learnt = members.iter().filter(|summary| summary.moments[0].days > 0.0).count() as u32;
        let measures = Measure::ALL.map(|measure| {
            let moments = members.iter().map(|summary| summary.moments[measure as usize]).filter(|moments| moments.days > 0.0);
            let histogram = self.days.get(group).map(|all| &all[measure as usize]);
            GroupMeasure {
                moments: group_moments(moments),
                median: histogram.map_or(0, |histogram| histogram.quantile(0.5)),
                p99: histogram.map_or(0, |histogram| histogram.quantile(0.99)),
            }
        });
        let shares = Share::ALL.map(|share| group_share(members.iter().map(|summary| share.sums(&summary.moments))));
        let mut access_profile = PeerAccessProfile::default();
        members.iter().for_each(|member| access_profile.add(&member.familiar, today));
        let everybody = self.weeks.get(EVERYONE);
        let week = self.weeks.get(group).zip(everybody).and_then(|(week, everybody)| week.usual(everybody));
        GroupModel { members: learnt, measures, shares, access_profile, week }
    }
}

/// Draws that a member's share rests on at the least.
const FEWEST_DRAWS: f64 = 20.0;

/// Mean and variance of the members' shares, less what drawing adds.
fn group_share(members: impl Iterator<Item = (f64, f64)>) -> GroupShare {
    let members: Vec<(f64, f64)> = members.filter(|(_, whole)| *whole >= FEWEST_DRAWS).collect();
    if members.len() < 3 {
        return GroupShare::PRIOR;
    }
    let n = members.len() as f64;
    let rate = members.iter().map(|(part, whole)| part / whole).sum::<f64>() / n;
    let spread = members.iter().map(|(part, whole)| (part / whole - rate).powi(2)).sum::<f64>() / n;
    let drawing = members.iter().map(|(_, whole)| rate * (1.0 - rate) / whole).sum::<f64>() / n;
    GroupShare { rate, between: (spread - drawing).max(1e-4) * (1.0 + 4.0 / n) }
}

/// People of a burst that may come about innocently and was not seen yet: a morning's work.
const BURST: f64 = 20.0;

/// Empirical-Bayes moments: mean and variance of the members' means (less what sampling adds), pooled overdispersion.
pub fn group_moments(members: impl Iterator<Item = Moments> + Clone) -> GroupMoments {
    let n = members.clone().count() as f64;
    if n == 0.0 {
        return GroupMoments::PRIOR;
    }
    let mean = members.clone().map(|m| m.mean).sum::<f64>() / n;
    let spread = members.clone().map(|m| (m.mean - mean).powi(2)).sum::<f64>() / n;
    let sampling = members.clone().map(|m| m.variance / m.days.max(1.0)).sum::<f64>() / n;
    let days: f64 = members.clone().map(|m| m.days).sum();
    let excess: f64 = members.clone().map(|m| m.days * (m.variance - m.mean)).sum();
    let squares: f64 = members.map(|m| m.days * m.mean * m.mean).sum();
    // What was not seen in so many days may still happen in one of as many: one burst is taken as seen.
    let unseen = BURST / (days + BURST);
    let mean = mean + unseen;
    let dispersion = ((excess + BURST * BURST) / (squares + days * (mean * mean - (mean - unseen).powi(2)))).max(0.02);
    // A handful of members says little about how far members differ: stay wide until there are more.
    let few = 1.0 + 4.0 / n;
    GroupMoments { mean, between: (spread - sampling).max(0.0) * few, dispersion }
}

fn version(last: u32, models: &BTreeMap<Arc<str>, GroupModel>, everyone: &GroupModel) -> String {
    let bytes = postcard::to_stdvec(&(models, everyone)).expect("models are plain data");
    let day = crate::profile::window::day_of(last);
    format!("{day}:{}", &blake3::hash(&bytes).to_hex()[..12])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::Actor;
    use crate::profile::history::ClosedDay;
    use summary::Excess;

    fn member(name: &str, mean: f64) -> Summary {
        let moments = Moments { days: 20.0, mean, variance: mean * 2.0 };
        let day = ClosedDay { day: 5, figures: [mean as u32; Measure::COUNT], held_out: false };
        Summary {
            actor: Actor::Employee(name.into()),
            group: "teller".into(),
            unit: None,
            employer: None,
            moments: [moments; Measure::COUNT],
            days: vec![day],
            hours: Vec::new(),
            familiar: Vec::new(),
            touched: Vec::new(),
            excess: Excess::default(),
            long_run: crate::profile::long_run::Stretches::default(),
            strengths: Vec::new(),
        }
    }

    #[test]
    fn a_group_too_small_is_judged_with_everyone() {
        let mut summaries: Vec<Summary> = (0..20).map(|n| member(&format!("E{n}"), 10.0)).collect();
        summaries.push(Summary { group: "chief".into(), ..member("X", 500.0) });
        let models = Population::default().learn(9, 7, &summaries);
        assert_eq!(models.of("teller").members, 20);
        assert_eq!(models.of("chief").members, 21);
        assert_eq!(models.of("teller").measures[0].median, 10);
    }

    #[test]
    fn peers_are_judged_by_a_day_from_the_second_day_after_it_on() {
        let of = |mean: f64| (0..20).map(|n| member(&format!("E{n}"), mean)).collect::<Vec<_>>();
        let mean = |models: &Models| models.of("teller").measures[0].moments.mean;
        let mut early = Population::default();
        assert_eq!(early.learn(6, 5, &of(10.0)), Models::prior(), "the day has just closed");
        let after = early.learn(7, 6, &of(500.0));
        assert_eq!(after, Population::default().learn(7, 5, &of(10.0)), "what the newest day holds is not known yet");
        assert!(mean(&early.learn(8, 7, &of(500.0))) > mean(&after) + 100.0);
        // Somebody who lags behind has joined: days close later from now on, and no day is passed over.
        assert!(mean(&early.learn(9, 7, &of(500.0))) > mean(&after) + 100.0);
    }

    #[test]
    fn what_a_dozen_never_did_is_as_rare_as_everywhere() {
        let quiet = |group: &str, n: usize| {
            let mut summary = Summary { group: group.into(), ..member(&format!("{group}{n}"), 10.0) };
            summary.moments[Measure::Dossiers as usize] = Moments { days: 20.0, mean: 0.0, variance: 0.0 };
            summary
        };
        let dozen = || (0..12).map(|n| quiet("notary", n));
        let alone = Population::default().learn(9, 7, &dozen().collect::<Vec<_>>());
        let among: Vec<Summary> = dozen().chain((0..300).map(|n| quiet("teller", n))).collect();
        let among = Population::default().learn(9, 7, &among);
        let bits = |models: &Models| {
            let group = models.of("notary").measures[Measure::Dossiers as usize].moments;
            crate::profile::baseline::predict(Moments::default(), group, 1.0).bits(2)
        };
        assert!(bits(&among) > bits(&alone) + 2.0, "{} {}", bits(&among), bits(&alone));
    }
}
