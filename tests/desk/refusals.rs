//! A form that is refused comes back in its page, whichever it is: what was typed is kept, the field is named and has the focus, and nothing
//! was done.

use crate::company::{MORNING, alert, caller, people, staffed, take};
use crate::console::{Running, on_sqlite};
use leakwarden::console::form::encoded;
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::{case, work};
use leakwarden::model::decision::{VerdictOutcome, VerdictReason};
use leakwarden::model::severity::Severity;

/// What somebody typed, which would act where it is not written out.
const TYPED: &str = "asked the branch <b>\"&' twice";
/// The same as a page has it.
const WRITTEN: &str = "asked the branch &lt;b&gt;&quot;&amp;' twice";

/// The opening tag of the field that has the focus.
fn focused(page: &str) -> &str {
    let at: Vec<usize> = page.match_indices(" autofocus").map(|(at, _)| at).collect();
    assert_eq!(at.len(), 1, "one thing has the focus: {page}");
    let begin = page[..at[0]].rfind('<').expect("a tag");
    &page[begin..begin + page[begin..].find('>').expect("it ends")]
}

#[test]
fn every_form_comes_back_with_what_was_typed_and_its_field_under_the_focus() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let cases = [("a1", "E7"), ("a2", "E71"), ("a3", "E72")].map(|(id, whom)| alert(id, whom, 1, Severity::High));
        take(&database, &cases).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let chen = caller(&database, "chen.lei").await;
        for case in 1..=3 {
            work::assign(&database, &people(), &chen, case, Some("li.na"), None, MORNING).await.expect("given");
        }
        // The second waits for a second person, the third is closed.
        let li = caller(&database, "li.na").await;
        let sent = |outcome, reason, id: &str| Verdict { outcome, reason, text: "x".to_owned(), cites: [(id.to_owned(), 1)].into() };
        let confirmed = sent(VerdictOutcome::Confirmed, VerdictReason::NoReasonFound, "a2");
        let proposed = verdict::give(&database, &li, 2, &confirmed, None, MORNING).await.expect("given").proposed_entry.expect("it waits");
        let innocent = sent(VerdictOutcome::Innocent, VerdictReason::Batch, "a3");
        verdict::give(&database, &li, 3, &innocent, None, MORNING).await.expect("given");
        let (typed, long) = (encoded(TYPED), "x".repeat(4_001));
        let given = format!("text={typed}&cite=a1%3A1");
        let cites = "cite=a1%3A1";
        let silence = format!("typology=bulk_extract&reason=event&text={typed}");
        let forms = [
            // Of another verdict: what it must be is said as the choices say it.
            (
                "li.na",
                "/cases/1/verdicts",
                format!("verdict=innocent&reason=no_reason_found&{given}"),
                "#reason",
                vec![
                    WRITTEN,
                    "value=\"innocent\" required data-verdict checked|value=\"innocent\" required checked",
                    "“a migration, a batch, a report”",
                    "<option value=\"no_reason_found\" selected>",
                ],
            ),
            (
                "li.na",
                "/cases/1/verdicts",
                format!("verdict=&reason=batch&{given}"),
                "name=\"verdict\"",
                vec![WRITTEN, "<option value=\"batch\" selected>"],
            ),
            (
                "li.na",
                "/cases/1/verdicts",
                format!("verdict=innocent&reason=batch&text=+&{cites}"),
                "#text",
                vec!["must be given", "<option value=\"batch\" selected>"],
            ),
            (
                "li.na",
                "/cases/1/verdicts",
                format!("verdict=innocent&reason=batch&{given}&objects=crm.%2A&max_persons=many&days=3"),
                "#max-persons",
                vec![WRITTEN, "<details id=\"explanation\" open>", "value=\"crm.*\"", "value=\"many\"", "value=\"3\""],
            ),
            (
                "li.na",
                "/cases/1/verdicts",
                format!("verdict=innocent&reason=batch&{given}&objects=crm.%2A&max_persons=4&days=91"),
                "#days",
                vec![WRITTEN, "from 1 to 90"],
            ),
            ("li.na", "/cases/1/notes", "note=+".to_owned(), "#note", vec!["must be given"]),
            ("li.na", "/cases/1/notes", format!("note={long}"), "#note", vec!["at most 4000 characters", long.as_str()]),
            ("li.na", "/cases/3/reopening", "reason=+".to_owned(), "#again", vec!["must be given"]),
            (
                "chen.lei",
                "/cases/1/assignment",
                "owner=nobody.here".to_owned(),
                "#owner",
                vec!["value=\"nobody.here\"", "may judge this case"],
            ),
            ("chen.lei", "/cases/2/countersignature", format!("entry={proposed}&agrees=no&why=+"), "#why", vec!["must be given"]),
            ("chen.lei", "/cases/1/holds", "reason=+".to_owned(), "#reason", vec!["must be given"]),
            (
                "li.na",
                "/silences",
                format!("{silence}&days=31"),
                "#days",
                vec![WRITTEN, "value=\"31\"", "<option value=\"event\" selected>", "name=\"typology\" value=\"bulk_extract\""],
            ),
            ("li.na", "/silences", format!("typology=bulk_extract&days=3&reason=&text={typed}"), "#reason", vec![WRITTEN, "value=\"3\""]),
            (
                "li.na",
                "/preferences",
                "zone=Moon%2FBase&back=%2Fhelp".to_owned(),
                "#zone",
                vec!["value=\"Moon/Base\"", "the name of a time zone"],
            ),
        ];
        for (user, path, body, field, holds) in &forms {
            let got = running.as_user(user, "POST", path, body).await;
            assert_eq!(got.status, 422, "{path} {body}: {}", got.body);
            assert!(got.body.contains("<title>Not done · ") && got.body.contains("<header id=\"top\">"), "{path}: {}", got.body);
            let tag = focused(&got.body);
            let is_it = field.strip_prefix('#').map_or_else(|| tag.contains(field), |id| tag.contains(&format!(" id=\"{id}\"")));
            assert!(is_it, "{path} {field}: {tag}");
            // A choice is not wrong by itself, but the group that it is of.
            assert!(
                tag.contains("aria-describedby=\"refused\"") && (tag.contains("radio") || tag.contains("aria-invalid=\"true\"")),
                "{path}: {tag}"
            );
            assert_eq!(got.body.matches("id=\"refused\" role=\"alert\"").count(), 1, "{path} says why, once");
            for holds in holds {
                assert!(holds.split('|').any(|one| got.body.contains(one)), "{path} has no {holds}: {}", got.body);
            }
            assert!(!got.body.contains("<b>\"&"), "{path}");
        }
        let mut read = database.read().await.expect("a connection");
        let entries = case::entries(&mut read, 1).await.expect("read");
        drop(read);
        assert!(
            entries.iter().all(|entry| ["opened", "alert", "assigned"].contains(&entry.kind.as_str())),
            "nothing was done: {entries:?}"
        );
    });
}

#[test]
fn what_is_counted_for_a_silence_comes_back_where_it_was_typed() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database).await;
        let got = running.as_user("li.na", "GET", "/silences?typology=bulk_extract&unit=%5Bnorth", "").await;
        assert_eq!(got.status, 422, "{}", got.body);
        let tag = focused(&got.body);
        assert!(tag.contains("id=\"unit\"") && tag.contains("value=\"[north\"") && tag.contains("aria-invalid"), "{tag}");
        assert!(got.body.contains("must be a glob") && got.body.contains("value=\"bulk_extract\""), "{}", got.body);
    });
}

#[test]
fn what_has_changed_meanwhile_is_shown_as_it_stands_and_no_word_is_lost() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("a2", "E90", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let post = async |user: &str, path: &str, body: &str| running.as_user(user, "POST", path, body).await;
        assert_eq!(post("li.na", "/cases/1/assignment", "owner=li.na").await.status, 303);
        take(&database, &[alert("a1", "E7", 2, Severity::High)]).await;
        let body = format!("verdict=innocent&reason=batch&text={}&cite=a1%3A1", encoded(TYPED));
        let stale = post("li.na", "/cases/1/verdicts", &body).await;
        assert!(stale.status == 409 && stale.body.contains("a1: revision 2") && stale.body.contains(WRITTEN), "{}", stale.body);
        assert!(stale.body.contains("value=\"a1:2\"") && !stale.body.contains("value=\"a1:1\""), "it cites what it shows: {}", stale.body);
        assert!(focused(&stale.body).contains("id=\"refused\""), "the news first");
        // Closed meanwhile: there is no form any more, and what was written is told.
        assert_eq!(post("li.na", "/cases/1/verdicts", &body.replace("a1%3A1", "a1%3A2")).await.status, 303);
        let closed = post("li.na", "/cases/1/verdicts", &body.replace("a1%3A1", "a1%3A2")).await;
        assert!(
            closed.status == 409 && closed.body.contains("You had written:") && closed.body.contains("asked the branch"),
            "{}",
            closed.body
        );
        assert!(focused(&closed.body).contains("id=\"refused\"") && !closed.body.contains("id=\"verdict\""), "{}", closed.body);
        // Of what is not theirs nobody learns more by a form than by a link.
        let (hidden, none) = (post("li.na", "/cases/2/notes", "note=+").await, post("li.na", "/cases/99/notes", "note=+").await);
        assert_eq!((hidden.status, hidden.body), (none.status, none.body));
    });
}
