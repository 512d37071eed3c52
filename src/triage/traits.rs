//! What is known of the alerts that people may still decide about: by it silences match, and verdicts are held against what they cite.

use crate::model::access::Actor;
use crate::model::alert::Alert;
use crate::model::decision::MatchedField;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::triage::case::CaseView;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An alert as of its last settled revision.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct AlertTraits {
    /// The number of that revision.
    pub revision: u32,
    /// UTC day of that revision.
    pub day: i64,
    /// The pattern.
    pub typology: Typology,
    /// The grade.
    pub severity: Severity,
    /// Whom it is about; `None` of a source.
    pub actor: Option<Actor>,
    unit: Option<String>,
    role: Option<String>,
    /// The source that it is about, or those in which its records stand.
    sources: Vec<String>,
    /// The case that it belongs to, and the expected share of true ones among cases like it.
    pub case: String,
    /// That share, before verdicts are taken into account.
    pub probability: f64,
    /// Whether a verdict about it was given already.
    pub is_judged: bool,
}

impl AlertTraits {
    /// Those of a revision.
    pub fn of(alert: &Alert, view: &CaseView, day: i64) -> AlertTraits {
        let actor = |name: &Option<String>, actor: fn(Arc<str>) -> Actor| name.as_deref().map(|name| actor(Arc::from(name)));
        let source = |range: &crate::model::alert::SourceRange| source_of(&range.source).to_owned();
        let mut sources: Vec<String> = match &alert.source {
            Some(source) => vec![source.clone()],
            None => alert.evidence.sources.iter().map(source).collect(),
        };
        sources.dedup();
        AlertTraits {
            revision: alert.revision,
            day,
            typology: alert.typology,
            severity: alert.severity,
            actor: actor(&alert.employee, Actor::Employee).or_else(|| actor(&alert.account, Actor::Account)),
            unit: alert.unit.clone(),
            role: alert.role.clone(),
            sources,
            case: view.id.clone(),
            probability: view.probability,
            is_judged: false,
        }
    }

    /// What of it a silence is held against. Where its records stand in several sources, each.
    pub fn values(&self, field: MatchedField) -> Vec<&str> {
        match field {
            MatchedField::Typology => vec![self.typology.name()],
            MatchedField::Unit => self.unit.as_deref().into_iter().collect(),
            MatchedField::Role => self.role.as_deref().into_iter().collect(),
            MatchedField::Employee => self.actor.iter().map(|actor| &**actor.name()).collect(),
            MatchedField::Source => self.sources.iter().map(String::as_str).collect(),
        }
    }
}

/// `topic/3` is of `topic`.
fn source_of(partition: &str) -> &str {
    match partition.rsplit_once('/') {
        Some((source, number)) if !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()) => source,
        Some(_) | None => partition,
    }
}
