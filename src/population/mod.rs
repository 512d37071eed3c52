//! The second stage: what a peer group usually does, learnt from small summaries of each employee's closed days.
//!
//! It reads summaries only, in the order of their actors, so its result does not depend on how records interleave.

mod histogram;

use crate::model::access::Actor;
use crate::profile::baseline::GroupMoments;
use crate::profile::history::{ClosedDay, Moments};
use crate::profile::measure::Measure;
use histogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One employee's contribution to the peer group at a tick.
#[derive(Clone, Debug)]
pub struct Summary {
    /// Whose it is.
    pub actor: Actor,
    /// The peer group.
    pub group: Arc<str>,
    /// Discounted moments of each measure over the days that may be learnt from.
    pub moments: [Moments; Measure::COUNT],
    /// Days that became old enough since the last tick.
    pub days: Vec<ClosedDay>,
}

/// The usual conduct of one group.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GroupModel {
    /// Members with days to learn from.
    pub members: u32,
    /// Of each measure.
    pub measures: [GroupMeasure; Measure::COUNT],
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
}

/// Fewer members than this are judged together with everyone.
pub const SMALLEST_GROUP: u32 = 8;

/// Learns the models. Kept between ticks: the histograms of days.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Population {
    days: BTreeMap<Arc<str>, [Histogram; Measure::COUNT]>,
    last: u32,
}

impl Models {
    /// Before anything was learnt.
    pub fn prior() -> Models {
        let measure = GroupMeasure { moments: GroupMoments::PRIOR, median: 0, p99: 0 };
        Models {
            version: "prior".to_owned(),
            groups: BTreeMap::new(),
            everyone: GroupModel { members: 0, measures: [measure; Measure::COUNT] },
        }
    }

    /// The model by which a member of the group is judged.
    pub fn of(&self, group: &str) -> &GroupModel {
        self.groups.get(group).filter(|model| model.members >= SMALLEST_GROUP).unwrap_or(&self.everyone)
    }
}

/// The group of all.
const EVERYONE: &str = "";

impl Population {
    /// Learns from the summaries of a tick on day `today`.
    pub fn learn(&mut self, today: u32, mut summaries: Vec<Summary>) -> Models {
        summaries.sort_by(|a, b| a.actor.cmp(&b.actor));
        let passed = today.saturating_sub(self.last).min(1_000);
        self.last = today;
        for histogram in self.days.values_mut().flatten() {
            histogram.discount(passed);
        }
        let mut groups: BTreeMap<Arc<str>, Vec<&Summary>> = BTreeMap::new();
        let everyone: Arc<str> = Arc::from(EVERYONE);
        for summary in &summaries {
            for group in [&summary.group, &everyone] {
                groups.entry(group.clone()).or_default().push(summary);
                let histograms = self.days.entry(group.clone()).or_default();
                for day in summary.days.iter().filter(|day| !day.held_out) {
                    for (histogram, figure) in histograms.iter_mut().zip(day.figures) {
                        histogram.add(figure);
                    }
                }
            }
        }
        let mut models: BTreeMap<Arc<str>, GroupModel> =
            groups.iter().map(|(group, members)| (group.clone(), self.model(group, members))).collect();
        let prior = Models::prior();
        let everyone = models.remove(EVERYONE).filter(|model| model.members > 0).unwrap_or(prior.everyone);
        let version = version(today, &models, &everyone);
        Models { version, groups: models, everyone }
    }

    fn model(&self, group: &str, members: &[&Summary]) -> GroupModel {
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
        GroupModel { members: learnt, measures }
    }
}

/// Empirical-Bayes moments: mean and variance of the members' means (less what sampling adds), pooled overdispersion.
fn group_moments(members: impl Iterator<Item = Moments> + Clone) -> GroupMoments {
    let n = members.clone().count() as f64;
    if n == 0.0 {
        return GroupMoments::PRIOR;
    }
    let mean = members.clone().map(|m| m.mean).sum::<f64>() / n;
    let spread = members.clone().map(|m| (m.mean - mean).powi(2)).sum::<f64>() / n;
    let sampling = members.clone().map(|m| m.variance / m.days.max(1.0)).sum::<f64>() / n;
    let excess: f64 = members.clone().map(|m| m.days * (m.variance - m.mean)).sum();
    let squares: f64 = members.map(|m| m.days * m.mean * m.mean).sum();
    let dispersion = if squares > 0.0 { (excess / squares).max(0.02) } else { 1.0 };
    // A handful of members says little about how far members differ: stay wide until there are more.
    let few = 1.0 + 4.0 / n;
    GroupMoments { mean, between: (spread - sampling).max(0.0) * few, dispersion }
}

fn version(today: u32, models: &BTreeMap<Arc<str>, GroupModel>, everyone: &GroupModel) -> String {
    let bytes = postcard::to_stdvec(&(models, everyone)).expect("models are plain data");
    let day = crate::profile::window::day_of(today.saturating_sub(LEARNT_AFTER));
    format!("{day}:{}", &blake3::hash(&bytes).to_hex()[..12])
}

/// A day is learnt from by the group two days later, when it has closed in every time zone (SPEC §9).
pub const LEARNT_AFTER: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, mean: f64) -> Summary {
        let moments = Moments { days: 20.0, mean, variance: mean * 2.0 };
        let day = ClosedDay { day: 5, figures: [mean as u32; Measure::COUNT], held_out: false };
        Summary { actor: Actor::Employee(name.into()), group: "teller".into(), moments: [moments; Measure::COUNT], days: vec![day] }
    }

    #[test]
    fn the_order_of_summaries_does_not_matter() {
        let summaries: Vec<Summary> = (0..20).map(|n| member(&format!("E{n}"), f64::from(n))).collect();
        let reversed: Vec<Summary> = summaries.iter().rev().cloned().collect();
        assert_eq!(Population::default().learn(9, summaries), Population::default().learn(9, reversed));
    }

    #[test]
    fn a_group_too_small_is_judged_with_everyone() {
        let mut summaries: Vec<Summary> = (0..20).map(|n| member(&format!("E{n}"), 10.0)).collect();
        summaries.push(Summary { group: "chief".into(), ..member("X", 500.0) });
        let models = Population::default().learn(9, summaries);
        assert_eq!(models.of("teller").members, 20);
        assert_eq!(models.of("chief").members, 21);
        assert_eq!(models.of("teller").measures[0].median, 10);
    }
}
