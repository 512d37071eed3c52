//! How many people each labelled insider had disclosed by a given time. Where `leaked.csv` does not say, it is estimated as the
//! replay passes the records: people whom the employee sees for the first time within the labelled time, without a known reason.
//!
//! Ordinary work that no reason explains is counted too, so the estimate is rather too high than too low; a reason with a cap is
//! used up by the labelled employees only.

use crate::classify::explanations::Grantee;
use crate::engine::context::Context;
use crate::evaluate::labels::{Label, Leak};
use crate::model::access::Access;
use crate::model::time::{Day, Span, Timestamp};
use crate::pipeline::replay::Tap;
use crate::profile::justification::{self, ReasonUsage, Reasons};
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// People disclosed over time, for each label.
#[derive(Default, Debug)]
pub struct LeakProgress {
    /// Labels by employee.
    by_employee: BTreeMap<String, Vec<usize>>,
    /// One for each label.
    by_label: Vec<LabelProgress>,
    who: BTreeMap<(String, Option<Day>), Grantee>,
    usage: ReasonUsage,
}

#[derive(Default, Debug)]
struct LabelProgress {
    from: Timestamp,
    to: Timestamp,
    /// When the employee first saw each person; before `from` for people known already.
    first: BTreeMap<u64, Timestamp>,
    /// Acts of which only the number of people is known.
    unnamed: Vec<(Timestamp, u64)>,
    ids: BTreeSet<u64>,
    /// The acts of `leaked.csv`, which replace the estimate.
    given: Option<Vec<(Timestamp, u64)>>,
}

impl LeakProgress {
    /// Starts with nothing disclosed. The acts of `leaked.csv` replace the estimate for their label.
    pub fn new(labels: &[Label], given: &[Leak]) -> LeakProgress {
        let mut leaks = LeakProgress::default();
        // Files give whole seconds.
        let second = Span::seconds(1);
        for (at, label) in labels.iter().enumerate() {
            leaks.by_employee.entry(label.employee.clone()).or_default().push(at);
            let same = |leak: &&Leak| leak.employee == label.employee && leak.typology == label.typology;
            let within = |leak: &&Leak| leak.time >= label.from - second && leak.time <= label.to + second;
            let acts: Vec<_> = given.iter().filter(same).filter(within).map(|leak| (leak.time, leak.people)).collect();
            let given = (!acts.is_empty()).then_some(acts);
            leaks.by_label.push(LabelProgress { from: label.from, to: label.to, given, ..LabelProgress::default() });
        }
        leaks
    }

    /// The share of a label's people that had been disclosed up to and including `by`; `None` if the label disclosed nobody.
    pub fn share(&self, label: usize, by: Timestamp) -> Option<f64> {
        let acts = self.by_label.get(label)?;
        let sum = |until: Timestamp| -> u64 {
            let reached = |time: Timestamp| time.seconds() <= until.seconds();
            match &acts.given {
                Some(given) => given.iter().filter(|(time, _)| reached(*time)).map(|(_, people)| people).sum(),
                None => {
                    let named = acts.first.values().filter(|time| **time >= acts.from && reached(**time)).count() as u64;
                    named + acts.unnamed.iter().filter(|(time, _)| reached(*time)).map(|(_, people)| people).sum::<u64>()
                }
            }
        };
        let all = sum(acts.to + Span::seconds(1));
        (all > 0).then(|| sum(by.min(acts.to + Span::seconds(1))) as f64 / all as f64)
    }
}

impl Tap for LeakProgress {
    fn observe(&mut self, access: &Access, context: &Context) {
        let Some(labels) = self.by_employee.get(&**access.actor.name()) else { return };
        if access.persons.is_nobody() || labels.iter().all(|at| self.by_label[*at].given.is_some()) {
            return;
        }
        let spell = context.classifier.directory.employee_at(access.actor.name(), access.time);
        let key = (access.actor.name().to_string(), spell.and_then(|spell| spell.hired));
        let who = *self.who.entry(key).or_insert_with(|| context.who(&access.actor, spell));
        let justification =
            justification::justify(Reasons { filed: &context.explanations, granted: None }, &mut self.usage, who, access, access.unnamed());
        for at in labels {
            let acts = &mut self.by_label[*at];
            if access.time > acts.to {
                continue;
            }
            let open = access
                .subjects
                .iter()
                .enumerate()
                .filter(|(place, _)| access.time < acts.from || justification.unexplained.is_unexplained(*place));
            for (_, subject) in open {
                match acts.first.entry(subject.0) {
                    Entry::Vacant(free) => {
                        free.insert(access.time);
                    }
                    Entry::Occupied(mut known) => *known.get_mut() = access.time.min(*known.get()),
                }
            }
            let again = access.id.as_ref().is_some_and(|id| !justification.unexplained_unnamed.is_nobody() && !acts.ids.insert(id.print));
            if access.time >= acts.from && !justification.unexplained_unnamed.is_nobody() && !again {
                // Of an act of unknown size no more is known than that it may have shown somebody.
                acts.unnamed.push((access.time, justification.unexplained_unnamed.figure().unwrap_or(1)));
            }
        }
    }
}
