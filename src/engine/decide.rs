//! Decisions come into force: what each changes in the global stage, and what goes to the keyed stages.

use crate::engine::context::Context;
use crate::engine::decisions::{Decided, line_of, line_of_assignment, line_of_maintenance};
use crate::engine::global_stage::GlobalStage;
use crate::model::decision::outcome::{DecisionNote, DecisionOutcome, Judgement};
use crate::model::decision::{Assignment, Decision, DecisionKind, Maintained, Maintenance, Silence, Verdict};
use crate::model::time::{HOUR_MS, Timestamp};
use crate::triage::budget::{Cited, OpenOnes};

impl GlobalStage {
    /// Takes a decision in; `earliest` is the first hour that has not been dealt with. Returns what becomes of it, and the hour from which
    /// on it is in force. One that came late must have been written down with that hour before more is settled.
    pub fn take_decision(&mut self, decision: Decision, from: Option<Timestamp>, earliest: i64) -> (DecisionOutcome, i64) {
        let (id, kind) = (decision.id.clone(), decision.what.name());
        let (outcome, hour) = self.decisions.take(decision, from.map(|from| from.0.div_euclid(HOUR_MS)), earliest);
        self.notes.push(DecisionNote { id, kind, outcome, hour, judged: Vec::new() });
        (outcome, hour)
    }

    /// The hour from which on a decision would be in force were it taken in now, if its own has passed; `None` where it is in time or known.
    pub fn is_late(&self, decision: &Decision, from: Option<Timestamp>, earliest: i64) -> Option<i64> {
        let due = decision.hour().max(from.map_or(i64::MIN, |from| from.0.div_euclid(HOUR_MS)));
        (due < earliest && !self.decisions.is_known(&decision.id)).then_some(earliest)
    }

    /// Whether a decision of that id was taken in.
    pub fn knows_decision(&self, id: &str) -> bool {
        self.decisions.is_known(id)
    }

    /// The first hour at which a decision comes into force.
    pub fn next_decision(&self) -> Option<i64> {
        self.decisions.next_hour()
    }

    /// What became of decisions since this was last asked for.
    pub fn take_notes(&mut self) -> Vec<DecisionNote> {
        std::mem::take(&mut self.notes)
    }

    /// Brings the decisions of the hours up to one into force, as of `now`.
    pub(super) fn decide(&mut self, hour: i64, now: Timestamp, context: &Context) -> Decided {
        let mut decided = Decided::default();
        while let Some(decision) = self.decisions.next_due(hour) {
            let (id, kind) = (decision.id.clone(), decision.what.name());
            let mut judged = Vec::new();
            let outcome = self.apply(decision, now, context, &mut decided, &mut judged);
            self.notes.push(DecisionNote { id, kind, outcome, hour, judged });
        }
        self.decisions.forget_before(now);
        decided
    }

    fn apply(
        &mut self,
        decision: Decision,
        now: Timestamp,
        context: &Context,
        decided: &mut Decided,
        judged: &mut Vec<Judgement>,
    ) -> DecisionOutcome {
        let Decision { id, at, what, .. } = decision;
        match what {
            DecisionKind::Verdict(verdict) => {
                let outcome = self.close(&id, &verdict, now, context, decided);
                if outcome == DecisionOutcome::InForce {
                    let typologies = self.budget.note_verdict(&verdict.alerts, verdict.outcome);
                    judged.extend(typologies.into_iter().map(|typology| (typology, verdict.outcome)));
                }
                outcome
            }
            DecisionKind::Silence(silence) => self.silence(&id, &silence, now),
            DecisionKind::Explanation(explanation) => self.grant(&id, line_of(&explanation), explanation.to, now, decided),
            DecisionKind::Assignment(assignment) => self.assign(&id, &assignment, at, now, decided),
            DecisionKind::Maintenance(window) => self.maintain(&id, &window, at, now, decided),
            DecisionKind::End { of } => {
                let ended = self.budget.end_silence(&of) | self.decisions.end(&of, &mut decided.effects);
                if ended { DecisionOutcome::InForce } else { DecisionOutcome::Unknown }
            }
        }
    }

    fn close(&mut self, id: &str, verdict: &Verdict, now: Timestamp, context: &Context, decided: &mut Decided) -> DecisionOutcome {
        match self.budget.cited(&verdict.alerts) {
            Cited::Unknown => DecisionOutcome::Unknown,
            Cited::Stale => DecisionOutcome::Stale,
            Cited::Known(OpenOnes { of_people, of_sources }) => {
                // Two verdicts of one hour may cite an alert: it is closed once.
                decided.effects.close.extend(of_people.into_iter().filter(|of| !decided.effects.close.contains(of)).collect::<Vec<_>>());
                decided.revisions.extend(self.monitor.close(&of_sources, now, context));
                if let Some(explanation) = &verdict.explanation {
                    self.grant(id, line_of(explanation), explanation.to, now, decided);
                }
                DecisionOutcome::InForce
            }
        }
    }

    fn silence(&mut self, id: &str, silence: &Silence, now: Timestamp) -> DecisionOutcome {
        if silence.to <= now {
            return DecisionOutcome::Over;
        }
        self.budget.begin_silence(id, silence, now);
        DecisionOutcome::InForce
    }

    fn grant(&mut self, id: &str, line: String, to: Timestamp, now: Timestamp, decided: &mut Decided) -> DecisionOutcome {
        if to < now {
            return DecisionOutcome::Over;
        }
        self.decisions.grant(id, line, to, &mut decided.effects);
        DecisionOutcome::InForce
    }

    fn assign(&mut self, id: &str, assignment: &Assignment, at: Timestamp, now: Timestamp, decided: &mut Decided) -> DecisionOutcome {
        let people = self.budget.people_of(&assignment.case);
        if people.is_empty() {
            return DecisionOutcome::Unknown;
        }
        self.grant(id, line_of_assignment(assignment, at, &people), assignment.to, now, decided)
    }

    fn maintain(&mut self, id: &str, window: &Maintenance, at: Timestamp, now: Timestamp, decided: &mut Decided) -> DecisionOutcome {
        if window.to < now {
            return DecisionOutcome::Over;
        }
        match &window.on {
            Maintained::Source(_) => {
                self.decisions.maintain(id, window);
                DecisionOutcome::InForce
            }
            Maintained::Objects { objects, employee } => {
                let line = line_of_maintenance(objects, employee, window.from.max(at), window.to);
                self.grant(id, line, window.to, now, decided)
            }
        }
    }
}
