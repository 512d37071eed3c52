//! What people decided, by pattern: how a detector does, within the reach of whoever asks. Nobody who decided is named or counted.

use crate::database::Database;
use crate::desk::DeskError;
use crate::desk::case::CaseState;
use crate::desk::list::{Argument, Filter, Statement, matching};
use crate::desk::rights::Caller;
use crate::desk::verdict::Verdict;
use crate::model::decision::{VerdictOutcome, VerdictReason};
use crate::model::time::HOUR_MS;
use sqlx::Row;
use std::collections::BTreeMap;

/// Cases that are looked at: the newest.
const MOST: i64 = 20_000;
/// The normal quantile of 95 %.
const Z: f64 = 1.959_964;

/// What was decided of one pattern.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Decided {
    /// Cases by outcome, in the order of [`VerdictOutcome::ALL`].
    pub outcomes: [u64; 3],
    /// Innocent ones of which it was said that the detector is wrong.
    pub detector_wrong: u64,
    /// Cases that nobody has closed.
    pub open: u64,
    /// Hours from the opening of a case to its verdict, ascending.
    pub hours: Vec<f64>,
}

impl Decided {
    /// The share that was confirmed, of confirmed and innocent ones, with Wilson's interval of 95 %.
    pub fn share(&self) -> Option<(f64, (f64, f64))> {
        let [confirmed, innocent, _] = self.outcomes.map(|count| count as f64);
        let all = confirmed + innocent;
        (all > 0.0).then(|| {
            let share = confirmed / all;
            let middle = (share + Z * Z / (2.0 * all)) / (1.0 + Z * Z / all);
            let half = Z / (1.0 + Z * Z / all) * (share * (1.0 - share) / all + Z * Z / (4.0 * all * all)).sqrt();
            (share, ((middle - half).max(0.0), (middle + half).min(1.0)))
        })
    }

    /// The median of hours to the verdict.
    pub fn median_hours(&self) -> Option<f64> {
        self.hours.get(self.hours.len() / 2).copied()
    }

    /// Whether anything was decided.
    pub fn is_decided(&self) -> bool {
        self.outcomes.iter().any(|count| *count > 0)
    }

    fn join(&mut self, other: &Decided) {
        self.outcomes.iter_mut().zip(other.outcomes).for_each(|(sum, count)| *sum += count);
        self.detector_wrong += other.detector_wrong;
        self.open += other.open;
        self.hours.extend(&other.hours);
        self.hours.sort_by(f64::total_cmp);
    }
}

/// By the pattern of a case's gravest alert, and of all together.
pub async fn decided(database: &Database, caller: &Caller) -> Result<(BTreeMap<String, Decided>, Decided), DeskError> {
    let mut statement = Statement::default();
    let rules = matching(caller, &Filter::default(), &mut statement);
    let most = statement.bind(Argument::Number(MOST));
    statement.text = format!(
        "select c.typology, c.state, c.opened_at, c.closed_at, e.body from case_file c
         left join entry e on e.id = c.proposed_entry and c.state = 'closed' where {rules} order by c.id desc limit {most}"
    );
    let mut read = database.read().await?;
    let rows = statement.query().fetch_all(&mut *read).await?;
    drop(read);
    let mut of: BTreeMap<String, Decided> = BTreeMap::new();
    for row in rows {
        let one = of.entry(row.try_get(0)?).or_default();
        if row.try_get::<String, _>(1)? != CaseState::Closed.name() {
            one.open += 1;
            continue;
        }
        let body: Option<String> = row.try_get(4)?;
        let verdict = body.and_then(|body| serde_json::from_str(&body).ok()).and_then(|body| Verdict::of(&body));
        let Some(verdict) = verdict else { continue };
        let place = VerdictOutcome::ALL.iter().position(|outcome| *outcome == verdict.outcome);
        place.into_iter().for_each(|place| one.outcomes[place] += 1);
        one.detector_wrong += u64::from(verdict.reason == VerdictReason::DetectorWrong);
        let (opened, closed): (i64, Option<i64>) = (row.try_get(2)?, row.try_get(3)?);
        one.hours.extend(closed.map(|closed| (closed - opened) as f64 / HOUR_MS as f64));
    }
    let mut all = Decided::default();
    for one in of.values_mut() {
        one.hours.sort_by(f64::total_cmp);
        all.join(one);
    }
    Ok((of, all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let of = |confirmed, innocent| Decided { outcomes: [confirmed, innocent, 7], ..Decided::default() };
        // Newcombe 1998, table I: 81 of 263.
        let (share, (low, high)) = of(81, 182).share().expect("some");
        assert!((share - 0.3080).abs() < 1e-4 && (low - 0.2553).abs() < 1e-4 && (high - 0.3662).abs() < 1e-4, "{share} {low} {high}");
        let (_, (low, high)) = of(0, 20).share().expect("some");
        assert!(low == 0.0 && (high - 0.1611).abs() < 1e-4, "{low} {high}");
        assert_eq!(of(0, 0).share(), None);
    }
}
