//! What pages say and show: both languages, pictures with their tables, figures instead of names where names are not needed.

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, caller, later, people, staffed, take};
use crate::console::Running;
use leakwarden::desk::{LIVE, ingest, work};
use leakwarden::model::coverage::State;
use leakwarden::model::dossier::{Accesses, AlertWithDossier, DayFigures, Days, Dossier, Gauge, VERSION, Week, WhoSawWhom};
use leakwarden::model::severity::Severity;
use std::sync::Arc;

/// A dossier with one day, and a group of two who looked at one person.
fn dossier(alert: &str, revision: u32) -> Dossier {
    let day = DayFigures {
        day: "2026-03-02".to_owned(),
        persons: 40,
        unexplained: 38,
        unknown: 0,
        accesses: 40,
        held_out: false,
        seen: Some(State::Partly),
        reasons: vec!["late".to_owned()],
    };
    let days = Days { first: "2025-12-03".to_owned(), last: "2026-03-02".to_owned(), list: vec![day], ..Days::default() };
    let group = WhoSawWhom {
        employees: vec!["E7".to_owned(), "E9".to_owned()],
        subjects: vec!["p-1234".to_owned()],
        looks: vec![vec![0], vec![0]],
        days: 7,
        ..WhoSawWhom::default()
    };
    Dossier {
        version: VERSION,
        alert: alert.to_owned(),
        revision,
        made_at: MORNING.to_string(),
        zone: "Asia/Shanghai".to_owned(),
        days,
        week: Week::default(),
        accesses: Accesses::default(),
        gauge: Gauge::default(),
        group: Some(group),
    }
}

#[test]
fn alerts_and_cases_show_the_pictures_of_their_dossier_each_with_its_table() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let told = AlertWithDossier { alert: Arc::new(alert("a1", "E7", 1, Severity::High)), dossier: Some(Arc::new(dossier("a1", 1))) };
        ingest::take(&database, &people(), LIVE, &[told], MORNING).await.expect("taken in");
        take(&database, &[alert("b1", "E8", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let shown = running.as_user("li.na", "GET", "/alerts/a1", "").await.body;
        for picture in ["a-days", "a-matrix", "a-calendar", "a-gauge"] {
            assert!(shown.contains(&format!("aria-labelledby=\"{picture}-title {picture}-told\"")), "{picture}: {shown}");
        }
        assert!(shown.contains("p-1234") && shown.matches("<details>").count() >= 4, "{shown}");
        let case = running.as_user("li.na", "GET", "/cases/1", "").await.body;
        assert!(case.contains("g-days-title") && case.contains("g-matrix-title") && case.contains("/alerts/a1"), "{case}");
        // Without one it is said, and there are no empty axes.
        let without = running.as_user("li.na", "GET", "/alerts/b1", "").await.body;
        assert!(without.contains("No dossier was made for this revision") && !without.contains("<svg"), "{without}");
        // A page of a revision shows the dossier of that revision.
        take(&database, &[alert("a1", "E7", 2, Severity::High)]).await;
        let newest = running.as_user("li.na", "GET", "/alerts/a1", "").await.body;
        assert!(!newest.contains("<svg") && newest.contains("/alerts/a1?revision=1"), "{newest}");
        // What was decided on can be read as it was.
        let earlier = running.as_user("li.na", "GET", "/alerts/a1?revision=1", "").await.body;
        assert!(earlier.contains("a-days-title") && earlier.contains("an earlier revision"), "{earlier}");
        assert_eq!(running.as_user("li.na", "GET", "/alerts/a1?revision=3", "").await.status, 404);
    });
}

#[test]
fn every_page_is_there_in_both_languages_and_the_choice_stays() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 1, Some("chen.lei"), None, later(1)).await.expect("taken");
        let running = Running::behind_a_proxy(database.clone()).await;
        let chosen = running.as_user("chen.lei", "POST", "/preferences", "language=zh-CN&keys=off&back=%2Fcases%3Fstate%3Dany").await;
        assert_eq!((chosen.status, chosen.header("location")), (303, Some("/cases?state=any")));
        let cookie = chosen.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        let elsewhere = running.as_user("chen.lei", "POST", "/preferences", "language=en&back=%2F%2Fevil.example").await;
        assert_eq!(elsewhere.header("location"), Some("/"));
        assert_eq!(running.as_user("chen.lei", "POST", "/preferences", "language=tlh").await.status, 422);
        for page in [
            "/",
            "/cases",
            "/cases/1",
            "/alerts/a1",
            "/people/E7",
            "/silences",
            "/silences?typology=off_duty",
            "/coverage",
            "/quality",
            "/views",
            "/help",
        ] {
            let english = running.as_user("chen.lei", "GET", page, "").await.body;
            let chinese = running.with_cookie("chen.lei", page, &cookie).await.body;
            assert!(english.contains("<html lang=\"en\">") && english.contains("/keys.js"), "{page}");
            assert!(chinese.contains("<html lang=\"zh-CN\">") && !chinese.contains("/keys.js"), "{page}: keys are switched off");
            assert!(chinese.contains("今日") && !chinese.contains("Sign out") && !english.contains("退出"), "{page}: {chinese}");
            assert!(english.len() < 150_000 && chinese.len() < 150_000, "{page}: {}", english.len());
        }
        let missing = running.with_cookie("chen.lei", "/cases/99", &cookie).await;
        assert!(missing.status == 404 && missing.body.contains("此处没有"), "{}", missing.body);
    });
}

#[test]
fn an_innocent_verdict_proposes_an_explanation_and_somebody_else_puts_it_into_force() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("b1", "E1", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let post = async |user: &str, path: &str, body: &str| running.as_user(user, "POST", path, body).await;
        assert_eq!(post("li.na", "/cases/1/assignment", "owner=li.na").await.status, 303);
        let verdict = |reason: &str, objects: &str, days: u32| {
            let outcome = if reason == "records_missing" { "unclear" } else { "innocent" };
            format!(
                "verdict={outcome}&reason={reason}&text=the+migration&cite=a1%3A1&objects={objects}&max_persons=40&days={days}&whom=unit"
            )
        };
        // Only a business reason proposes one, and it is checked before the verdict is taken.
        for (body, rule) in [
            (verdict("records_missing", "crm.*", 30), "must be left empty"),
            (verdict("detector_wrong", "crm.*", 30), "must be left empty"),
            (verdict("batch", "crm.*", 91), "must be from 1 to 90"),
            (verdict("batch", "crm.%5B", 30), "objects"),
        ] {
            let refused = post("li.na", "/cases/1/verdicts", &body).await;
            assert!(refused.status == 422 && refused.body.contains(rule), "{body}: {} {}", refused.status, refused.body);
        }
        // Both or neither: where the one cannot be written down, the other is not.
        let rename = async |from: &str, to: &str| {
            let mut write = database.write().await.expect("its turn");
            sqlx::query(&format!("alter table {from} rename to {to}")).execute(&mut *write).await.expect("renamed");
            write.commit().await.expect("kept");
        };
        rename("explanation", "explanation_away").await;
        let failed = post("li.na", "/cases/1/verdicts", &verdict("batch", "crm.*", 30)).await;
        assert!(failed.status >= 500, "{}: {}", place.name, failed.status);
        rename("explanation_away", "explanation").await;
        assert!(running.as_user("li.na", "GET", "/api/v1/cases/1", "").await.body.contains("\"state\":\"assigned\""), "{}", place.name);
        assert_eq!(post("li.na", "/cases/1/verdicts", &verdict("batch", "crm.*", 30)).await.status, 303);
        let page = running.as_user("chen.lei", "GET", "/silences", "").await.body;
        assert!(page.contains("crm.*") && page.contains("waits for a lead") && page.contains("/explanations/1/decision"), "{page}");
        assert_eq!(post("li.na", "/explanations/1/decision", "agrees=yes").await.status, 404, "an investigator puts nothing into force");
        assert_eq!(post("south.lead", "/explanations/1/decision", "agrees=yes").await.status, 404, "it is of another unit");
        assert_eq!(post("wang.lead", "/explanations/1/decision", "agrees=yes").await.status, 403, "Li Na manages Wang");
        assert_eq!(post("chen.lei", "/explanations/1/decision", "agrees=yes").await.status, 303);
        assert_eq!(post("chen.lei", "/explanations/1/decision", "agrees=yes").await.status, 409);
        assert_eq!(post("li.na", "/explanations/1/end", "").await.status, 303);
        let decisions: Vec<String> = leakwarden::desk::feedback::unwritten(&database)
            .await
            .expect("read")
            .iter()
            .map(|(_, decision)| decision.what.name().to_owned())
            .collect();
        assert_eq!(decisions, ["assignment", "verdict", "end", "explanation", "end"], "{}", place.name);
        // What was decided is counted by pattern, within one's reach.
        let quality = running.as_user("chen.lei", "GET", "/quality", "").await.body;
        assert!(quality.contains("many people at once") && quality.contains("0 % (0 to 79 %)"), "{quality}");
        let south = running.as_user("south.lead", "GET", "/quality", "").await.body;
        assert!(!south.contains("many people at once"), "{south}");
        // E1 is Li Na: whoever is managed by her has no such person.
        assert_eq!(running.as_user("wang.lead", "GET", "/people/E1", "").await.status, 404);
        assert!(running.as_user("chen.lei", "GET", "/people/E1", "").await.body.contains("/alerts/b1"));
    });
}

#[test]
fn settled_days_come_by_the_sink_and_are_shown_as_they_were_last_told() {
    use leakwarden::model::coverage::{Counts, Reason, Reasons, SettledDays};
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        assert!(running.as_user("sun", "GET", "/coverage", "").await.body.contains("has not written any day down yet"));
        let counts = |fully: u64, partly: u64| {
            let mut counts = Counts::default();
            (0..fully).for_each(|_| counts.add((State::Fully, Reasons::default())));
            (0..partly).for_each(|_| counts.add((State::Partly, Reasons::default().with(Reason::Late, true))));
            counts
        };
        let told = |part: &str, counts: Counts| SettledDays {
            part: part.to_owned(),
            days: vec![("2026-03-02".to_owned(), counts)],
            tables: vec![("<b>tmp".to_owned(), 1_234)],
        };
        // Two tasks; one of them tells again, with a late record.
        for settled in [told("0", counts(1_500, 0)), told("1", counts(400, 0)), told("0", counts(1_499, 1))] {
            leakwarden::desk::coverage::take(&database, &settled, MORNING).await.expect("taken");
        }
        let page = running.as_user("sun", "GET", "/coverage", "").await.body;
        assert!(page.contains("1,900 employee-days of the last 1 day(s): 1,899 were evaluated fully, 1 partly, 0 not."), "{page}");
        assert!(
            page.contains("2,468") && page.contains("&lt;b&gt;tmp") && page.contains("records came after the day had closed"),
            "{page}"
        );
        // Deliveries are the operator's, and name nobody.
        assert!(running.as_user("sun", "GET", "/deliveries", "").await.body.contains("no [[notify]] is configured"));
        assert_eq!(running.as_user("li.na", "GET", "/deliveries", "").await.status, 404);
    });
}

/// What is long is cut off and counted: a page stays below 150 KB, also where a case has hundreds of alerts and of notes.
#[test]
fn a_case_of_hundreds_of_alerts_is_a_page_of_less_than_150_kilobytes() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let alerts: Vec<_> = (0..400).map(|at| alert(&format!("{at:032x}"), "E7", 1, Severity::High)).collect();
        take(&database, &alerts).await;
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &people(), &chen, 1, Some("chen.lei"), None, later(1)).await.expect("taken");
        for at in 0..150 {
            work::note(&database, &chen, 1, &format!("note {at}"), later(2)).await.expect("noted");
        }
        let running = Running::behind_a_proxy(database.clone()).await;
        for page in ["/cases/1", "/people/E7", "/", "/views"] {
            let got = running.as_user("chen.lei", "GET", page, "").await;
            assert!(got.status == 200 && got.body.len() < 150_000, "{page}: {}", got.body.len());
        }
        let case = running.as_user("chen.lei", "GET", "/cases/1", "").await.body;
        assert!(case.contains("note 149") && !case.contains("note 29<") && case.contains("earlier entries"), "the newest are listed");
        assert_eq!(case.matches("name=\"cite\"").count(), 400, "every alert is cited all the same");
    });
}
