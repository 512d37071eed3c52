//! What people are told: that a case was shown, that it became graver, that it is over. Counts, patterns and a link; nobody's name unless
//! a sink is configured to name whom it concerns, and never a subject.

use crate::model::persons::Persons;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use serde::{Deserialize, Serialize};

/// What happened to a case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// It was shown.
    Shown,
    /// It is graver than what was told before.
    Rose,
    /// It was shown again: by another pattern, or ten times as many people.
    Again,
    /// All that was shown of it is closed.
    Closed,
    /// What was shown before it settled did not settle.
    Retracted,
    /// It goes on in another case.
    Joined,
    /// Nothing happened: `leakwarden notify --test`.
    Test,
}

impl What {
    /// The name in bodies of messages.
    pub fn name(self) -> &'static str {
        match self {
            What::Shown => "shown",
            What::Rose => "rose",
            What::Again => "again",
            What::Closed => "closed",
            What::Retracted => "retracted",
            What::Joined => "joined",
            What::Test => "test",
        }
    }

    /// Whether the case is over by it.
    pub fn is_end(self) -> bool {
        match self {
            What::Closed | What::Retracted | What::Joined => true,
            What::Shown | What::Rose | What::Again | What::Test => false,
        }
    }
}

/// Something that happened to a case.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Event {
    /// The case.
    pub case: String,
    /// Numbers what is told of the case, up from 1.
    pub number: u32,
    /// What happened.
    pub what: What,
    /// When it was noted, by the clock.
    pub at: i64,
    /// The gravest severity of what was shown.
    pub severity: Severity,
    /// The severity that was told before, where it rose.
    pub before: Option<Severity>,
    /// 0 to 100: so many of a hundred cases like it are expected to be true.
    pub score: f64,
    /// The patterns of its open alerts; of one that is over, those that it had last. The gravest first.
    pub typologies: Vec<Typology>,
    /// Its open alerts; of one that is over, those that it had last.
    pub alerts: u32,
    /// People in the window of the gravest alert.
    pub persons: Persons,
    /// Accesses there.
    pub accesses: u64,
    /// Whether what stands behind it has settled.
    pub settled: bool,
    /// Event time of the access that opened it, RFC 3339.
    pub since: String,
    /// Event time of its last access, RFC 3339.
    pub last: String,
    /// Unit of the person, by which sinks and contacts are chosen.
    pub unit: Option<String>,
    /// Employee, account or source.
    pub whom: Option<String>,
    /// The case in which it goes on.
    pub into: Option<String>,
}

impl Event {
    /// Tells this from everything else that is told: receivers know repeats by it.
    pub fn id(&self) -> String {
        format!("{}:{}:{}", self.case, self.number, self.what.name())
    }

    /// The same without names.
    #[must_use]
    pub fn nameless(self) -> Event {
        Event { unit: None, whom: None, ..self }
    }

    /// When it was noted.
    pub fn at(&self) -> Timestamp {
        Timestamp(self.at)
    }

    /// A marked event that says nothing of anybody.
    pub fn test(at: i64) -> Event {
        let time = Timestamp(at).to_string();
        Event {
            case: "test".to_owned(),
            number: u32::try_from(at / 1_000).unwrap_or(1),
            what: What::Test,
            at,
            severity: Severity::Low,
            before: None,
            score: 0.0,
            typologies: vec![Typology::BulkExtract],
            alerts: 0,
            persons: Persons::NOBODY,
            accesses: 0,
            settled: true,
            since: time.clone(),
            last: time,
            unit: None,
            whom: None,
            into: None,
        }
    }
}

/// An event as one sink tells it.
#[derive(Clone, PartialEq, Debug)]
pub struct Message {
    /// What happened; without names, unless the sink is configured to give them.
    pub event: Event,
    /// Where more is to be seen.
    pub link: Option<String>,
    /// Whom to call.
    pub contact: Option<String>,
}

/// What is told of a case to who was told nothing of these events yet; `None` where there is nothing to tell any more.
pub fn merged(events: &[Event]) -> Option<Event> {
    let (first, last) = (events.first()?, events.last()?);
    // Whoever hears of a rise or an end first was told before that it was shown.
    let knows = first.what != What::Shown;
    if last.what.is_end() {
        if last.what == What::Closed || (knows && !events[..events.len() - 1].iter().any(|event| event.what.is_end())) {
            return Some(last.clone());
        }
        // What came and went in between was worth a word; what was taken back unheard is not.
        let closed = events.iter().rev().find(|event| event.what == What::Closed);
        let ended = events.iter().find(|event| knows && event.what.is_end());
        return closed.or(ended).cloned();
    }
    if !knows || events.iter().any(|event| event.what.is_end()) {
        return Some(Event { what: if last.what == What::Test { What::Test } else { What::Shown }, before: None, ..last.clone() });
    }
    let rose = events.iter().find(|event| event.what == What::Rose);
    match rose {
        Some(rose) => Some(Event { what: What::Rose, before: rose.before, ..last.clone() }),
        None => Some(last.clone()),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An event of a case.
    pub(crate) fn event(case: &str, number: u32, what: What) -> Event {
        Event {
            case: case.to_owned(),
            number,
            what,
            at: 1_772_442_845_000 + i64::from(number) * 1_000,
            severity: Severity::High,
            before: (what == What::Rose).then_some(Severity::Medium),
            score: 38.2,
            typologies: vec![Typology::BulkExtract, Typology::OffDuty],
            alerts: 2,
            persons: Persons::AtMost(7_991),
            accesses: 812,
            settled: false,
            since: "2026-03-02T09:14:05Z".to_owned(),
            last: "2026-03-02T10:40:11Z".to_owned(),
            unit: Some("Hangzhou".to_owned()),
            whom: Some("E0042".to_owned()),
            into: None,
        }
    }

    fn told(whats: &[What]) -> Option<What> {
        let events: Vec<Event> = whats.iter().zip(1..).map(|(what, number)| event("c", number, *what)).collect();
        merged(&events).map(|event| event.what)
    }

    #[test]
    fn of_what_was_not_told_yet_only_the_last_state_is() {
        use What::*;
        for (events, told_of) in [
            (&[Shown][..], Some(Shown)),
            (&[Shown, Rose, Again], Some(Shown)),
            (&[Shown, Rose, Closed], Some(Closed)),
            (&[Shown, Retracted], None),
            (&[Shown, Joined], None),
            (&[Rose, Again], Some(Rose)),
            (&[Again], Some(Again)),
            (&[Rose, Closed], Some(Closed)),
            (&[Rose, Retracted], Some(Retracted)),
            (&[Closed, Shown], Some(Shown)),
            (&[Closed, Shown, Retracted], Some(Closed)),
            (&[Retracted, Shown, Retracted], Some(Retracted)),
            (&[Shown, Closed, Shown, Retracted], Some(Closed)),
            (&[Test], Some(Test)),
            (&[], None),
        ] {
            assert_eq!(told(events), told_of, "{events:?}");
        }
        let rose = merged(&[event("c", 1, Rose), Event { before: Some(Severity::High), ..event("c", 2, Rose) }]).expect("told");
        assert_eq!((rose.number, rose.before), (2, Some(Severity::Medium)), "from where it was when it was last told");
    }
}
