//! Silences in force: which alerts are written and not shown.
//!
//! A silence never hides what is critical, a planted record, a gap of the log or what is done to the record itself; and of a case that
//! becomes graver than it was when it was first silenced nothing is silenced any more.

use crate::model::decision::{NEVER_SILENCED, Silence};
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::triage::traits::AlertTraits;
use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All that are in force.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Saved>", into = "BTreeMap<String, Saved>")]
pub struct Silences {
    /// By the ids of their decisions.
    of: BTreeMap<String, SilenceInForce>,
}

#[derive(Clone, Debug)]
struct SilenceInForce {
    saved: Saved,
    /// `None` where a glob is none: then nothing matches.
    globs: Vec<Option<GlobMatcher>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Saved {
    silence: Silence,
    /// How grave each case was when it was first silenced; `None` once it was graver.
    cases: BTreeMap<String, Option<Severity>>,
}

impl From<BTreeMap<String, Saved>> for Silences {
    fn from(saved: BTreeMap<String, Saved>) -> Silences {
        Silences { of: saved.into_iter().map(|(id, saved)| (id, SilenceInForce::of(saved))).collect() }
    }
}

impl From<Silences> for BTreeMap<String, Saved> {
    fn from(silences: Silences) -> BTreeMap<String, Saved> {
        silences.of.into_iter().map(|(id, silence)| (id, silence.saved)).collect()
    }
}

/// What silences say of an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Heard {
    /// It is shown as any other.
    Shown,
    /// It is not shown.
    Silenced,
    /// It would not be, and its case has just become graver: the silence is over for it.
    Graver,
}

impl SilenceInForce {
    fn of(saved: Saved) -> SilenceInForce {
        let glob = |glob: &str| GlobBuilder::new(glob).build().ok().map(|glob| glob.compile_matcher());
        let globs = saved.silence.matchers.iter().map(|matcher| glob(&matcher.glob)).collect();
        SilenceInForce { saved, globs }
    }

    /// Whether each condition holds. Of an alert with several sources all of them must match.
    fn matches(&self, alert: &AlertTraits) -> bool {
        self.saved.silence.matchers.iter().zip(&self.globs).all(|(matcher, glob)| {
            let values = alert.values(matcher.field);
            !values.is_empty() && glob.as_ref().is_some_and(|glob| values.iter().all(|value| glob.is_match(value)))
        })
    }
}

impl Silences {
    /// A silence comes into force.
    pub fn begin(&mut self, id: &str, silence: &Silence) {
        let saved = Saved { silence: silence.clone(), cases: BTreeMap::new() };
        self.of.insert(id.to_owned(), SilenceInForce::of(saved));
    }

    /// A silence is over. False where there was none.
    pub fn end(&mut self, id: &str) -> bool {
        self.of.remove(id).is_some()
    }

    /// Forgets those that have run out.
    pub fn forget_before(&mut self, now: Timestamp) {
        self.of.retain(|_, silence| silence.saved.silence.to > now);
    }

    /// Whether any is in force.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// Whether an alert is shown at a time, and its case is so grave.
    pub fn hear(&mut self, alert: &AlertTraits, of_case: Severity, at: Timestamp) -> Heard {
        if alert.severity == Severity::Critical || NEVER_SILENCED.contains(&alert.typology) {
            return Heard::Shown;
        }
        let mut heard = Heard::Shown;
        for silence in self.of.values_mut() {
            if at >= silence.saved.silence.to || !silence.matches(alert) {
                continue;
            }
            match silence.saved.cases.entry(alert.case.clone()).or_insert(Some(of_case)) {
                Some(then) if of_case <= *then => return Heard::Silenced,
                over @ Some(_) => (*over, heard) = (None, Heard::Graver),
                None => {}
            }
        }
        heard
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::Alert;
    use crate::model::decision::{MatchedField, Matcher, SilenceReason};
    use crate::model::typology::Typology;
    use crate::sink::tests::alert;
    use crate::triage::case::CaseView;
    use crate::triage::case::features::CaseFeatures;

    const NOON: Timestamp = Timestamp(1_772_452_800_000);

    fn silence(matchers: &[(MatchedField, &str)]) -> Silences {
        let matchers = matchers.iter().map(|(field, glob)| Matcher { field: *field, glob: (*glob).to_owned() }).collect();
        let mut all = Silences::default();
        all.begin("S", &Silence { matchers, to: Timestamp(NOON.0 + 1), reason: SilenceReason::Event });
        all
    }

    fn traits(change: impl FnOnce(&mut Alert)) -> AlertTraits {
        let mut alert = Alert::clone(&alert("a"));
        (alert.typology, alert.severity, alert.unit) = (Typology::BulkExtract, Severity::Medium, Some("Hangzhou".to_owned()));
        change(&mut alert);
        let view = CaseView { id: "c".to_owned(), features: CaseFeatures::default(), ..CaseView::default() };
        AlertTraits::of(&alert, &view, 0)
    }

    #[test]
    fn all_conditions_must_hold_and_what_an_alert_does_not_say_matches_nothing() {
        let mut all = silence(&[(MatchedField::Typology, "bulk_*"), (MatchedField::Unit, "Hangzhou")]);
        let mut hear = |alert: &AlertTraits| all.hear(alert, Severity::Medium, NOON);
        assert_eq!(hear(&traits(|_| ())), Heard::Silenced);
        assert_eq!(hear(&traits(|alert| alert.typology = Typology::Enumeration)), Heard::Shown);
        assert_eq!(hear(&traits(|alert| alert.unit = Some("Ningbo".to_owned()))), Heard::Shown);
        assert_eq!(hear(&traits(|alert| alert.unit = None)), Heard::Shown);
        assert_eq!(all.hear(&traits(|_| ()), Severity::Medium, Timestamp(NOON.0 + 1)), Heard::Shown, "it has run out");
        all.forget_before(Timestamp(NOON.0 + 1));
        assert!(all.is_empty() && !all.end("S"));
    }

    #[test]
    fn records_of_another_source_are_not_silenced_with_those_of_one() {
        let mut all = silence(&[(MatchedField::Source, "crm")]);
        let of = |sources: &[&str]| {
            let range = |source: &&str| crate::model::alert::SourceRange { source: (*source).to_owned(), first: 1, last: 2 };
            traits(|alert| alert.evidence.sources = sources.iter().map(range).collect())
        };
        assert_eq!(all.hear(&of(&["crm/0", "crm/1"]), Severity::Medium, NOON), Heard::Silenced);
        assert_eq!(all.hear(&of(&["crm/0", "core/1"]), Severity::Medium, NOON), Heard::Shown);
    }

    #[test]
    fn what_is_critical_planted_or_done_to_the_record_is_never_silenced() {
        let mut all = silence(&[(MatchedField::Unit, "Hang*")]);
        assert_eq!(all.hear(&traits(|alert| alert.severity = Severity::Critical), Severity::Critical, NOON), Heard::Shown);
        for typology in NEVER_SILENCED {
            assert_eq!(all.hear(&traits(|alert| alert.typology = typology), Severity::Medium, NOON), Heard::Shown, "{typology:?}");
        }
    }

    #[test]
    fn a_case_that_becomes_graver_is_heard_of_again_also_after_a_restart() {
        let mut all = silence(&[(MatchedField::Unit, "Hang*")]);
        assert_eq!(all.hear(&traits(|_| ()), Severity::Medium, NOON), Heard::Silenced);
        let mut all: Silences = postcard::from_bytes(&postcard::to_stdvec(&all).expect("stores")).expect("restores");
        assert_eq!(all.hear(&traits(|alert| alert.severity = Severity::High), Severity::High, NOON), Heard::Graver);
        assert_eq!(all.hear(&traits(|_| ()), Severity::High, NOON), Heard::Shown);
        let mut another = traits(|_| ());
        another.case = "d".to_owned();
        assert_eq!(all.hear(&another, Severity::High, NOON), Heard::Silenced, "others stay silenced");
    }
}
