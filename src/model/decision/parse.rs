//! A line of the decisions' file, or a message of their topic, read strictly.

use crate::model::decision::fields::{Fields, check_glob};
use crate::model::decision::{
    Assignment, CitedAlert, Decision, DecisionKind, Explanation, ExplanationReason, Grantee, KINDS, LONGEST_EXPLANATION,
    LONGEST_MAINTENANCE, LONGEST_SILENCE, MOST_ALERTS, MOST_BYTES, Maintained, Maintenance, MatchedField, Matcher, NEVER_SILENCED, Silence,
    SilenceReason, Verdict, VerdictOutcome, VerdictReason,
};
use crate::model::problem::Problem;
use crate::model::time::{Span, Timestamp};
use serde_json::Value;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Line {
    /// A decision.
    Decision(Decision),
    /// The service has taken a decision in when its hour had passed.
    Taken(Taken),
}

/// When a decision that came late came into force: the service writes it down before, so that a replay of the file comes to the same.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Taken {
    /// The id of the decision.
    pub of: String,
    /// The full hour from which on it is in force.
    pub from: Timestamp,
}

/// Reads a line. The place of a problem begins with a colon and names the field.
pub fn line(text: &str) -> Result<Line, Problem> {
    if text.len() > MOST_BYTES {
        return Err(Problem::new(":", format!("must be at most {MOST_BYTES} bytes"), text.len()));
    }
    let value: Value = serde_json::from_str(text).map_err(|error| Problem::new(":", "must be one JSON object", error))?;
    let mut fields = Fields::of("", value)?;
    let kind = fields.text("kind")?;
    if kind == "taken" {
        let taken = Taken { of: fields.id("of")?, from: fields.time("from")? };
        fields.end()?;
        return Ok(Line::Taken(taken));
    }
    let (id, at, by) = (fields.id("id")?, fields.time("at")?, fields.text("by")?);
    let what = match kind.as_str() {
        "verdict" => DecisionKind::Verdict(verdict(&mut fields, at)?),
        "silence" => DecisionKind::Silence(silence(&mut fields, at)?),
        "explanation" => DecisionKind::Explanation(explanation(&mut fields, at)?),
        "assignment" => DecisionKind::Assignment(assignment(&mut fields, at)?),
        "maintenance" => DecisionKind::Maintenance(maintenance(&mut fields, at)?),
        "end" => DecisionKind::End { of: fields.id("of")? },
        _ => return Err(fields.problem("kind", format!("must be one of {}", KINDS.join(", ")), kind)),
    };
    fields.end()?;
    Ok(Line::Decision(Decision { id, at, by, what }))
}

fn verdict(fields: &mut Fields, at: Timestamp) -> Result<Verdict, Problem> {
    let outcome = fields.code("outcome", &VerdictOutcome::ALL, VerdictOutcome::name)?;
    let reason = fields.code("reason", VerdictReason::ALL, VerdictReason::name)?;
    if reason.outcome() != outcome {
        let fitting: Vec<&str> = VerdictReason::ALL.iter().filter(|of| of.outcome() == outcome).map(|of| of.name()).collect();
        let rule = format!("must go with the outcome {}: {}", outcome.name(), fitting.join(", "));
        return Err(fields.problem("reason", rule, reason.name()));
    }
    let cited = match fields.required("alerts")? {
        Value::Array(cited) if (1..=MOST_ALERTS).contains(&cited.len()) => cited,
        other => {
            let found = other.as_array().map_or_else(|| other.to_string(), |cited| cited.len().to_string());
            return Err(fields.problem("alerts", format!("must be a list of 1 to {MOST_ALERTS} alerts"), found));
        }
    };
    let mut alerts: Vec<CitedAlert> = Vec::with_capacity(cited.len());
    for (index, value) in cited.into_iter().enumerate() {
        let mut of = Fields::of(&format!("alerts[{index}]."), value)?;
        let cited = CitedAlert { id: of.id("id")?, revision: of.number("revision", 1, u64::from(u32::MAX))? as u32 };
        if alerts.iter().any(|known| known.id == cited.id) {
            return Err(of.problem("id", "must be cited once", cited.id));
        }
        of.end()?;
        alerts.push(cited);
    }
    let explanation = match fields.value("explanation") {
        None => None,
        Some(value) if outcome != VerdictOutcome::Innocent => {
            return Err(fields.problem("explanation", "goes with the outcome innocent alone", value));
        }
        Some(value) => {
            let mut of = Fields::of("explanation.", value)?;
            let explanation = explanation_of(&mut of, at, "reason")?;
            of.end()?;
            Some(explanation)
        }
    };
    Ok(Verdict { outcome, reason, alerts, explanation })
}

fn explanation(fields: &mut Fields, at: Timestamp) -> Result<Explanation, Problem> {
    explanation_of(fields, at, "reason")
}

fn explanation_of(fields: &mut Fields, at: Timestamp, reason: &str) -> Result<Explanation, Problem> {
    let whom = match (fields.optional_text("employee")?, fields.optional_text("unit")?) {
        (Some(employee), None) => Grantee::Employee(employee),
        (None, Some(unit)) => Grantee::Unit(unit),
        (_, given) => return Err(fields.problem("employee", "or unit must be given, and one of them alone", given.unwrap_or_default())),
    };
    let objects = fields.glob("objects")?;
    let from = fields.optional_time("from")?.unwrap_or(at).max(at);
    let to = until(fields, from, LONGEST_EXPLANATION)?;
    let reason = fields.code(reason, ExplanationReason::ALL, ExplanationReason::name)?;
    let (reference, max_persons) = (fields.optional_text("ref")?, fields.number("max_persons", 1, 1_000_000)?);
    Ok(Explanation { whom, objects, from, to, reason, reference, max_persons })
}

/// The end of something that begins at a time and lasts no longer than that.
fn until(fields: &mut Fields, from: Timestamp, longest: Span) -> Result<Timestamp, Problem> {
    let to = fields.time("to")?;
    let last = from + longest;
    if (from..=last).contains(&to) {
        return Ok(to);
    }
    Err(fields.problem("to", format!("must be within {} days of {from}", longest.0 / Span::DAY.0), to))
}

fn silence(fields: &mut Fields, at: Timestamp) -> Result<Silence, Problem> {
    let mut of = Fields::of("match.", fields.required("match")?)?;
    let mut matchers = Vec::new();
    for field in MatchedField::ALL.iter().copied() {
        if let Some(glob) = of.optional_text(field.name())? {
            check_glob(&glob).map_err(|rule| of.problem(field.name(), rule, &glob))?;
            matchers.push(Matcher { field, glob });
        }
    }
    if let Some(objects) = of.value("objects") {
        let rule = "cannot be matched: an alert names no tables; an explanation is about tables";
        return Err(of.problem("objects", rule, objects));
    }
    let never = |matcher: &Matcher| matcher.field == MatchedField::Typology && NEVER_SILENCED.iter().any(|of| of.name() == matcher.glob);
    if let Some(matcher) = matchers.iter().find(|matcher| never(matcher)) {
        return Err(of.problem("typology", "must not be one that is never silenced: canary, log_gap, tampering", &matcher.glob));
    }
    of.end()?;
    if matchers.is_empty() {
        let names: Vec<&str> = MatchedField::ALL.iter().map(|field| field.name()).collect();
        return Err(Problem::plain(": match", format!("must name at least one of {}", names.join(", "))));
    }
    let to = until(fields, at, LONGEST_SILENCE)?;
    Ok(Silence { matchers, to, reason: fields.code("reason", SilenceReason::ALL, SilenceReason::name)? })
}

fn assignment(fields: &mut Fields, at: Timestamp) -> Result<Assignment, Problem> {
    let (reviewer, case) = (fields.text("reviewer")?, fields.id("case")?);
    Ok(Assignment { reviewer, case, to: until(fields, at, LONGEST_EXPLANATION)? })
}

fn maintenance(fields: &mut Fields, at: Timestamp) -> Result<Maintenance, Problem> {
    let on = match (fields.optional_text("source")?, fields.value("objects")) {
        (Some(source), None) => Maintained::Source(source),
        (None, Some(objects)) => {
            let objects = objects.as_str().unwrap_or_default().to_owned();
            check_glob(&objects).map_err(|rule| fields.problem("objects", rule, &objects))?;
            // Whoever else is there meanwhile has no reason for it.
            Maintained::Objects { objects, employee: fields.text("employee")? }
        }
        (source, _) => return Err(fields.problem("source", "or objects must be given, and one of them alone", source.unwrap_or_default())),
    };
    let from = fields.optional_time("from")?.unwrap_or(at);
    Ok(Maintenance { on, from, to: until(fields, from, LONGEST_MAINTENANCE)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn refused(value: &Value) -> String {
        line(&value.to_string()).expect_err(&value.to_string()).to_string()
    }

    fn with(mut value: Value, field: &str, to: Value) -> Value {
        value[field] = to;
        value
    }

    fn verdict() -> Value {
        json!({"id": "D-1", "at": "2026-03-02T10:00:00Z", "by": "zh.wei", "kind": "verdict", "outcome": "innocent", "reason": "campaign",
            "alerts": [{"id": "820f0df6", "revision": 3}],
            "explanation": {"employee": "E1", "objects": "crm.*", "to": "2026-04-02T10:00:00Z", "reason": "campaign", "max_persons": 900}})
    }

    fn silence() -> Value {
        json!({"id": "D-2", "at": "2026-03-02T10:00:00Z", "by": "zh.wei", "kind": "silence", "match": {"typology": "bulk_extract", "unit": "Hang*"},
            "to": "2026-03-09T00:00:00Z", "reason": "event"})
    }

    #[test]
    fn every_kind_is_read_and_written_alike() {
        let head = |kind: &str, rest: Value| {
            let mut value = json!({"id": "D-3", "at": "2026-03-02T10:00:00Z", "by": "li", "kind": kind});
            value.as_object_mut().expect("an object").extend(rest.as_object().expect("an object").clone());
            value
        };
        let all = [
            verdict(),
            silence(),
            head(
                "explanation",
                json!({"unit": "Hangzhou", "objects": "crm.customers", "from": 1_772_500_000_000_i64,
                "to": "2026-03-09T00:00:00Z", "reason": "batch", "ref": "CHG-7", "max_persons": 1}),
            ),
            head("assignment", json!({"reviewer": "E9", "case": "c1", "to": "2026-03-09T00:00:00Z"})),
            head("maintenance", json!({"source": "crm", "from": "2026-03-03T00:00:00Z", "to": "2026-03-03T06:00:00Z"})),
            head("maintenance", json!({"objects": "crm.*", "employee": "svc", "to": "2026-03-03T06:00:00Z"})),
            head("end", json!({"of": "D-2"})),
        ];
        for value in all {
            let Ok(Line::Decision(decision)) = line(&value.to_string()) else { panic!("{value}: {:?}", line(&value.to_string())) };
            assert_eq!(line(&decision.to_line()), Ok(Line::Decision(decision.clone())), "{value}");
            let stored = postcard::to_stdvec(&decision).expect("stores");
            assert_eq!(postcard::from_bytes::<Decision>(&stored).expect("restores"), decision);
        }
        let taken = Taken { of: "D-1".to_owned(), from: Timestamp(1_772_445_600_000) };
        assert_eq!(line(&taken.to_line()), Ok(Line::Taken(taken)));
    }

    #[test]
    fn what_is_not_understood_to_the_letter_is_refused_with_place_and_rule() {
        for (value, place, rule) in [
            (json!({"id": "D", "at": 1, "by": "a", "kind": "verdict"}), ": at", "RFC 3339"),
            (with(verdict(), "kind", json!("guess")), ": kind", "verdict, silence"),
            (with(verdict(), "id", json!("a b")), ": id", "letters, digits"),
            (with(verdict(), "by", json!("")), ": by", "1 to 256"),
            (with(verdict(), "note", json!("free text")), ": note", "no field"),
            (with(verdict(), "reason", json!("no_reason_found")), ": reason", "go with the outcome innocent"),
            (with(verdict(), "reason", json!("guilty")), ": reason", "one of no_reason_found"),
            (with(verdict(), "alerts", json!([])), ": alerts", "1 to 1000"),
            (with(verdict(), "alerts", json!([{"id": "a"}])), ": alerts[0].revision", "must be given"),
            (with(verdict(), "alerts", json!([{"id": "a", "revision": 1}, {"id": "a", "revision": 2}])), ": alerts[1].id", "once"),
            (with(silence(), "match", json!({})), ": match", "at least one"),
            (with(silence(), "match", json!({"unit": "*"})), ": match.unit", "matches everything"),
            (with(silence(), "match", json!({"unit": "[a"})), ": match.unit", "glob"),
            (with(silence(), "match", json!({"typology": "canary"})), ": match.typology", "never silenced"),
            (with(silence(), "match", json!({"objects": "crm.*"})), ": match.objects", "names no tables"),
            (with(silence(), "match", json!({"severity": "low"})), ": match.severity", "no field"),
            (with(silence(), "to", json!("2026-04-09T00:00:00Z")), ": to", "within 30 days"),
            (with(silence(), "to", json!("2026-03-01T00:00:00Z")), ": to", "within 30 days"),
        ] {
            let text = refused(&value);
            assert!(text.starts_with(place) && text.contains(rule), "{value}: {text}");
        }
    }

    #[test]
    fn an_explanation_names_whom_what_how_long_and_how_many() {
        let explained = |field: &str, to: Value| {
            let mut value = verdict();
            value["explanation"][field] = to;
            refused(&value)
        };
        assert!(explained("objects", json!("**")).starts_with(": explanation.objects"));
        assert!(explained("objects", Value::Null).contains("must be given"));
        assert!(explained("max_persons", Value::Null).contains("must be given"));
        assert!(explained("max_persons", json!(0)).contains("from 1"));
        assert!(explained("unit", json!("U")).contains("one of them alone"));
        assert!(explained("to", json!("2026-06-30T10:00:00Z")).contains("within 90 days"));
        let confirmed = with(with(verdict(), "outcome", json!("confirmed")), "reason", json!("no_reason_found"));
        assert!(refused(&confirmed).starts_with(": explanation goes with the outcome innocent alone"));
        let mut early = verdict();
        early["explanation"]["from"] = json!("2026-01-01T00:00:00Z");
        let Ok(Line::Decision(Decision { what: DecisionKind::Verdict(early), at, .. })) = line(&early.to_string()) else {
            panic!("is valid")
        };
        assert_eq!(early.explanation.expect("is there").from, at, "what was before the decision was judged");
    }

    #[test]
    fn it_holds_from_the_first_full_hour_on() {
        let hour = |at: &str| match line(&with(verdict(), "at", json!(at)).to_string()) {
            Ok(Line::Decision(decision)) => decision.hour(),
            other => panic!("{other:?}"),
        };
        let ten = hour("2026-03-02T10:00:00Z");
        assert_eq!((hour("2026-03-02T09:59:59.999Z"), hour("2026-03-02T10:00:00.001Z")), (ten, ten + 1));
    }
}
