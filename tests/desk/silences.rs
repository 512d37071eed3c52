//! Silences: who may ask, who agrees, what they would have hidden, and what is never hidden.

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, caller, people, staffed, take};
use leakwarden::desk::pseudonym::Pseudonyms;
use leakwarden::desk::rights::Caller;
use leakwarden::desk::silence::{self, SilenceState, Wanted};
use leakwarden::desk::{DeskError, feedback};
use leakwarden::model::alert::Alert;
use leakwarden::model::decision::SilenceReason;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;

fn wanted(matchers: &[&str], days: i64) -> Wanted {
    let matchers = matchers.iter().map(|text| silence::matcher(text).expect("a matcher")).collect();
    Wanted { matchers, to: MORNING + Span::days(days), reason: SilenceReason::Event, text: "stocktaking".to_owned() }
}

#[test]
fn a_lead_silences_at_once_and_an_investigator_asks() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let (li, chen) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await);
        let by_lead = silence::add(&database, &chen, &wanted(&["typology=off_duty", "unit=nor*"], 7), MORNING).await.expect("taken");
        assert!(by_lead.state == SilenceState::InForce && by_lead.is_in_force(MORNING) && !by_lead.is_in_force(MORNING + Span::days(7)));
        let asked = silence::add(&database, &li, &wanted(&["unit=north"], 7), MORNING).await.expect("taken");
        assert_eq!(asked.state, SilenceState::Proposed);
        let agreed = silence::decide(&database, &people(), &chen, asked.id, true, MORNING).await.expect("agreed");
        assert_eq!((agreed.state, agreed.second.as_deref()), (SilenceState::InForce, Some("chen.lei")));
        // One that names a person needs two, whoever begins; and never the same, nor somebody who manages the other.
        let named = silence::add(&database, &chen, &wanted(&["employee=E7"], 3), MORNING).await.expect("taken");
        assert_eq!(named.state, SilenceState::Proposed);
        assert!(matches!(silence::decide(&database, &people(), &chen, named.id, true, MORNING).await, Err(DeskError::NotAllowed(_))));
        let asked = silence::add(&database, &li, &wanted(&["employee=E7"], 3), MORNING).await.expect("taken");
        let wang = caller(&database, "wang.lead").await;
        assert!(
            matches!(silence::decide(&database, &people(), &wang, asked.id, true, MORNING).await, Err(DeskError::NotAllowed(_))),
            "Li Na manages Wang"
        );
        assert_eq!(
            silence::decide(&database, &people(), &chen, asked.id, false, MORNING).await.expect("declined").state,
            SilenceState::Ended
        );
        let ended = silence::end(&database, &li, by_lead.id, MORNING).await.expect("ended");
        assert_eq!(ended.ended, Some(("li.na".to_owned(), MORNING)));
        assert!(matches!(silence::end(&database, &li, by_lead.id, MORNING).await, Err(DeskError::State { .. })));
        let kinds: Vec<&str> =
            feedback::unwritten(&database).await.expect("read").iter().map(|(_, decision)| decision.what.name()).collect();
        assert_eq!(kinds, ["silence", "silence", "end"], "{}: what waits or was declined is not told", place.name);
        let mut read = database.read().await.expect("a connection");
        let listed: Vec<SilenceState> = silence::list(&mut read, &chen).await.expect("listed").iter().map(|one| one.state).collect();
        assert_eq!(listed, [SilenceState::InForce, SilenceState::Proposed, SilenceState::Ended, SilenceState::Ended]);
    });
}

#[test]
fn what_must_not_be_silenced_is_refused() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let chen = caller(&database, "chen.lei").await;
        for wrong in [
            wanted(&["typology=canary"], 7),
            wanted(&["typology=log_gap"], 7),
            wanted(&["unit=north"], 31),
            wanted(&[], 7),
            wanted(&["unit=["], 7),
            wanted(&["unit=*"], 7),
        ] {
            let refused = silence::add(&database, &chen, &wrong, MORNING).await;
            assert!(matches!(refused, Err(DeskError::Refused { place: "silence", .. })), "{wrong:?}: {refused:?}");
        }
        let wordless = Wanted { text: String::new(), ..wanted(&["unit=north"], 7) };
        assert!(matches!(silence::add(&database, &chen, &wordless, MORNING).await, Err(DeskError::Refused { place: "text", .. })));
        // Not about oneself or a manager, by a name or by a glob that is one; nor beyond one's unit; nor by who has no such right.
        for about in ["employee=E2", "employee=E91", "employee=E*"] {
            assert!(silence::add(&database, &chen, &wanted(&[about], 7), MORNING).await.is_err(), "{about}");
        }
        let north = caller(&database, "north.lead").await;
        for beyond in [&["typology=off_duty"][..], &["unit=south"], &["unit=n*"]] {
            assert!(
                matches!(silence::add(&database, &north, &wanted(beyond, 7), MORNING).await, Err(DeskError::NotAllowed(_))),
                "{beyond:?}"
            );
        }
        assert!(silence::add(&database, &north, &wanted(&["unit=north"], 7), MORNING).await.is_ok());
        for nobody in ["zhao", "qian", "sun"] {
            let who = caller(&database, nobody).await;
            assert!(
                matches!(silence::add(&database, &who, &wanted(&["unit=north"], 7), MORNING).await, Err(DeskError::NotAllowed(_))),
                "{nobody}"
            );
        }
        let south = caller(&database, "south.lead").await;
        assert_eq!(silence::end(&database, &south, 1, MORNING).await.expect_err("not theirs"), DeskError::NotFound);
        assert_eq!(feedback::unwritten(&database).await.expect("read").len(), 1, "{}", place.name);
    });
}

#[test]
fn it_says_before_what_it_would_have_hidden() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let of = |id: &str, severity, typology| Alert { typology, ..alert(id, "E7", 1, severity) };
        let old = Alert { raised_at: (MORNING + Span(-40 * Span::DAY.0)).to_string(), ..of("o1", Severity::High, Typology::BulkExtract) };
        take(
            &database,
            &[
                of("a1", Severity::Low, Typology::BulkExtract),
                of("a2", Severity::High, Typology::BulkExtract),
                of("a3", Severity::Critical, Typology::BulkExtract),
            ],
        )
        .await;
        take(&database, &[of("a4", Severity::High, Typology::OffDuty), of("a5", Severity::High, Typology::Canary), old]).await;
        let mut read = database.read().await.expect("a connection");
        let preview = silence::preview(&mut read, &wanted(&["unit=nor*", "employee=E7"], 7).matchers, MORNING).await.expect("counted");
        assert_eq!((preview.alerts, preview.hidden(), preview.is_cut), ([1, 0, 2, 1], 3, false));
        let preview =
            silence::preview(&mut read, &wanted(&["typology=bulk_extract", "role=teller"], 7).matchers, MORNING).await.expect("counted");
        assert_eq!(preview.alerts, [1, 0, 1, 1]);
        let none = silence::preview(&mut read, &wanted(&["unit=north", "role=nurse"], 7).matchers, MORNING).await.expect("counted");
        assert_eq!(none.hidden(), 0, "{}: all must match", place.name);
    });
}

#[test]
fn whom_a_silence_names_is_for_whoever_asked_and_whoever_decides() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let (li, chen, zhao) = (caller(&database, "li.na").await, caller(&database, "chen.lei").await, caller(&database, "zhao").await);
        let asked = silence::add(&database, &li, &wanted(&["employee=E7", "unit=north"], 3), MORNING).await.expect("taken");
        let covered = Pseudonyms::of(&database).await.expect("a key");
        let said = |caller: &Caller, pseudonyms| -> Vec<String> {
            asked.wanted.matchers.iter().map(|one| asked.said(one, caller, pseudonyms).to_owned()).collect()
        };
        for (caller, expected) in [(&li, "E7"), (&chen, "E7"), (&zhao, "(…)")] {
            assert_eq!(said(caller, covered), [expected, "north"], "{}", place.name);
            assert_eq!(said(caller, Pseudonyms::default()), ["E7", "north"]);
        }
    });
}
