//! Alerts about what reviewers looked at reach data protection officers and auditors, and nobody else.

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, caller, later, people, staffed};
use leakwarden::desk::ingest::{self, Intake};
use leakwarden::desk::list::{self, Filter};
use leakwarden::desk::rights::Action;
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{LIVE, case, work};
use leakwarden::model::alert::{Alert, SourceRange};
use leakwarden::model::decision::{VerdictOutcome, VerdictReason};
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::notify::outbox::Outbox;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

fn from(source: &str, alert: Alert) -> AlertWithDossier {
    let mut alert = alert;
    alert.evidence.sources = vec![SourceRange { source: source.to_owned(), first: 1, last: 9 }];
    AlertWithDossier { alert: Arc::new(alert), dossier: None }
}

#[test]
fn what_reviewers_looked_at_is_for_data_protection_officers_and_auditors() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let (people, outbox) = (people(), Outbox::default());
        let views = BTreeSet::from(["views.jsonl".to_owned()]);
        let intake = Intake { people: &people, outbox: &outbox, views: &views };
        // E50 looked at customers and, as a reviewer, at people of cases: two cases, though the engine has one name for both.
        let told = [from("crm.log", alert("c1", "E50", 1, Severity::High)), from("views.jsonl", alert("v1", "E50", 1, Severity::High))];
        ingest::take_and_tell(&database, intake, LIVE, &told, MORNING).await.expect("taken in");
        for (name, customers, views) in [
            ("li.na", true, false),
            ("chen.lei", true, false),
            ("north.lead", true, false),
            ("zhao", true, true),
            ("qian", false, true),
            ("sun", false, false),
        ] {
            let who = caller(&database, name).await;
            let mut read = database.read().await.expect("a connection");
            for (id, wanted) in [(1, customers), (2, views)] {
                let found = case::read_for(&mut read, &who, id, Action::Read).await;
                assert_eq!(found.is_ok(), wanted, "{}: case {id} by {name}", place.name);
            }
            drop(read);
            let listed = list::cases(&database, &who, &Filter::default(), None, 10).await.expect("read").cases;
            assert_eq!(listed.len(), usize::from(customers) + usize::from(views), "{}: {name}", place.name);
            let counted = list::count(&database, &who, &Filter::default()).await.expect("read");
            assert_eq!(counted, listed.len() as i64, "{}: {name}", place.name);
        }
        // The data protection officer works on it, and nobody gives it to a lead.
        let qian = caller(&database, "qian").await;
        assert!(work::assign(&database, &people, &qian, 2, Some("chen.lei"), None, MORNING).await.is_err());
        work::assign(&database, &people, &qian, 2, Some("qian"), None, MORNING).await.expect("taken");
        work::note(&database, &qian, 2, "asked", later(1)).await.expect("noted");
        let given = Verdict {
            outcome: VerdictOutcome::Unclear,
            reason: VerdictReason::NobodyToAsk,
            text: "on leave".to_owned(),
            cites: BTreeMap::from([("v1".to_owned(), 1)]),
        };
        verdict::give(&database, &qian, 2, &given, None, later(2)).await.expect("judged");
        // An alert that comes to be about that takes its case along.
        let later_on = from("views.jsonl", alert("c1", "E50", 2, Severity::High));
        ingest::take_and_tell(&database, intake, LIVE, &[later_on], later(3)).await.expect("taken in");
        let mut read = database.read().await.expect("a connection");
        let chen = caller(&database, "chen.lei").await;
        assert!(case::read_for(&mut read, &chen, 1, Action::Read).await.is_err(), "{}", place.name);
    });
}
