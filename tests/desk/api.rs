//! The API for programs: tokens and what they may, requests that are sent again, versions, events, errors.

use crate::common::databases::on_each;
use crate::company::{MORNING, alert, caller, staffed, take};
use crate::console::{Got, PROXY_SECRET_OF_TESTS, Running, on_sqlite};
use leakwarden::console::settings::PROXY_SECRET;
use leakwarden::desk::token::{self, Scope};
use leakwarden::desk::{case, view_log, work};
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, Timestamp};
use serde_json::Value;

fn json(got: &Got) -> Value {
    serde_json::from_str(&got.body).unwrap_or_else(|error| panic!("{error}: {} {}", got.status, got.body))
}

async fn notes(running: &Running) -> usize {
    let mut read = running.console.database.read().await.expect("a connection");
    case::entries(&mut read, 1).await.expect("read").iter().filter(|entry| entry.kind == "note").count()
}

#[test]
fn a_request_that_is_sent_again_is_done_once_and_shown_again() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let version = json(&running.as_user("chen.lei", "GET", "/api/v1/cases/1", "").await)["version"].as_i64().expect("a version");
        let note = async |key: &str, version: i64, text: &str| {
            running.once("chen.lei", "POST", "/api/v1/cases/1/notes", &format!("{{\"note\":\"{text}\"}}"), version, key).await
        };
        let first = note("k1", version, "asked").await;
        let again = note("k1", version, "asked").await;
        assert_eq!((first.status, again.status, &first.body), (200, 200, &again.body), "{}", place.name);
        assert_eq!(first.header("etag"), again.header("etag"));
        assert_eq!(notes(&running).await, 1, "{}: it was done once", place.name);
        // What is shown again is written down again.
        let mut read = database.read().await.expect("a connection");
        let newest = view_log::newest(&mut read, None, i64::MAX, 1).await.expect("read").remove(0);
        drop(read);
        assert_eq!((newest.page.as_str(), newest.persons), ("answer_again", vec!["E7".to_owned()]));
        assert_eq!(note("k1", version, "another").await.status, 422, "the key is another request's");
        // A refusal changes nothing and frees its key.
        assert_eq!(note("k2", version, "stale").await.status, 412);
        assert_eq!(note("k2", version + 1, "fresh").await.status, 200);
        // Of many at once one is done.
        let many = (0..8).map(|_| note("k3", version + 2, "at once"));
        let statuses: Vec<u16> = futures_of(many).await.iter().map(|got| got.status).collect();
        assert!(statuses.contains(&200) && statuses.iter().all(|status| [200, 409].contains(status)), "{statuses:?}");
        assert_eq!(notes(&running).await, 3, "{}", place.name);
        // Another account has keys of its own.
        let other = running.once("north.lead", "POST", "/api/v1/cases/1/notes", "{\"note\":\"x\"}", version + 3, "k1").await;
        assert_eq!(other.status, 200, "{}", other.body);
    });
}

/// All of them at once, in their order.
async fn futures_of<F: Future<Output = Got>>(all: impl Iterator<Item = F>) -> Vec<Got> {
    let mut waiting: Vec<_> = all.map(Box::pin).collect();
    let mut got: Vec<Option<Got>> = waiting.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        let mut pending = false;
        for (at, one) in waiting.iter_mut().enumerate() {
            if got[at].is_none() {
                match one.as_mut().poll(context) {
                    std::task::Poll::Ready(answer) => got[at] = Some(answer),
                    std::task::Poll::Pending => pending = true,
                }
            }
        }
        if pending { std::task::Poll::Pending } else { std::task::Poll::Ready(()) }
    })
    .await;
    got.into_iter().flatten().collect()
}

#[test]
fn a_token_does_what_its_scopes_say_and_decides_nothing() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("e1", "E2", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let made = running
            .as_user("chen.lei", "POST", "/api/v1/tokens", "{\"name\":\"soar\",\"scopes\":\"cases:read notes:write\",\"days\":30}")
            .await;
        assert_eq!(made.status, 201, "{}", made.body);
        let secret = json(&made)["secret"].as_str().expect("told once").to_owned();
        let listed = running.as_user("chen.lei", "GET", "/api/v1/tokens", "").await;
        assert!(!listed.body.contains(&secret) && json(&listed)["tokens"][0]["scopes"] == "cases:read notes:write", "{}", listed.body);
        let bearer = format!("Bearer {secret}");
        let with = async |method: &str, path: &str, body: &str, key: &str| {
            let headers =
                [("Authorization", bearer.as_str()), ("Content-Type", "application/json"), ("If-Match", "\"1\""), ("Idempotency-Key", key)];
            running.send(method, path, &headers, body).await
        };
        assert_eq!(with("GET", "/api/v1/cases/1", "", "").await.status, 200);
        assert_eq!(with("GET", "/api/v1/cases/2", "", "").await.status, 404, "a case about its own account's employee");
        assert_eq!(with("POST", "/api/v1/cases/1/notes", "{\"note\":\"from the ticket\"}", "t1").await.status, 200);
        for (method, path, body) in [
            ("GET", "/api/v1/views", ""),
            ("GET", "/api/v1/tokens", ""),
            ("POST", "/api/v1/tokens", "{\"name\":\"x\",\"scopes\":\"views:read\",\"days\":1}"),
            ("PATCH", "/api/v1/cases/1/assignment", "{\"owner\":\"chen.lei\"}"),
            ("POST", "/api/v1/cases/1/verdicts", "{}"),
            ("POST", "/api/v1/cases/1/countersignature", "{}"),
            ("POST", "/api/v1/silences", "{}"),
        ] {
            let got = with(method, path, body, "t2").await;
            assert!(
                got.status == 403 && got.header("content-type") == Some("application/problem+json"),
                "{method} {path}: {} {}",
                got.status,
                got.body
            );
        }
        // Pages know no tokens, and a token that is none is nobody, whoever the proxy names.
        assert_eq!(running.send("GET", "/cases/1", &[("Authorization", bearer.as_str())], "").await.status, 401);
        let both = [("Authorization", "Bearer lwt_guessed"), (PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", "chen.lei")];
        assert_eq!(running.send("GET", "/api/v1/cases/1", &both, "").await.status, 401);
        // The secret is in no table.
        let mut read = database.read().await.expect("a connection");
        let stored: String = sqlx::Row::get(&sqlx::query("select hash from token").fetch_one(&mut *read).await.expect("one"), 0);
        let kept: String = sqlx::Row::get(&sqlx::query("select answer from answered limit 1").fetch_one(&mut *read).await.expect("one"), 0);
        drop(read);
        assert!(!secret.contains(&stored) && !kept.contains(&secret), "{kept}");
        // Ended, it is over at once.
        let id = json(&listed)["tokens"][0]["id"].as_i64().expect("an id");
        assert_eq!(running.once("li.na", "POST", &format!("/api/v1/tokens/{id}/end"), "{}", 1, "e").await.status, 404, "another's");
        assert_eq!(running.once("chen.lei", "POST", &format!("/api/v1/tokens/{id}/end"), "{}", 1, "e").await.status, 200);
        assert_eq!(with("GET", "/api/v1/cases/1", "", "").await.status, 401);
    });
}

#[test]
fn a_token_ends_by_its_time_and_with_its_account() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let li = caller(&database, "li.na").await;
        let (_, secret) = token::add(&database, &li, "report", &[Scope::ReadCases], 2, MORNING).await.expect("made");
        let find = async |days: i64| {
            let at = Timestamp(MORNING.0 + days * DAY_MS);
            token::find(&database, &crate::company::people(), &secret, at).await.expect("read").is_some()
        };
        assert!(find(0).await && find(1).await && !find(2).await, "{}", place.name);
        leakwarden::desk::account::disable(&database, "li.na", true).await.expect("disabled");
        assert!(!find(1).await, "{}", place.name);
    });
}

#[test]
fn events_are_heard_from_the_last_one_on_and_only_of_what_one_may_see() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let first = running.as_user("li.na", "GET", "/api/v1/events", "").await;
        assert!(first.header("content-type") == Some("text/event-stream") && first.body.contains("event: reset"), "{}", first.body);
        let follow = async |user: &str| running.as_user(user, "GET", "/api/v1/events?after=0", "").await.body;
        let (heard, ()) = tokio::join!(follow("li.na"), async {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            // One about Li Na's manager, and one that she may see.
            take(&database, &[alert("m1", "E90", 1, Severity::High), alert("a1", "E7", 1, Severity::High)]).await;
        });
        assert!(heard.contains("\"id\":\"2\"") && !heard.contains("\"id\":\"1\"") && !heard.contains("E7"), "{heard}");
        let lead = follow("chen.lei").await;
        assert!(lead.contains("\"id\":\"2\"") && lead.contains("\"id\":\"1\""), "{lead}");
        assert_eq!(running.as_user("li.na", "GET", "/api/v1/events?after=x", "").await.status, 422);
    });
}

#[test]
fn a_page_asks_by_how_many_rows_the_queue_differs_within_ones_reach() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let differs = async |user: &str, rows: &str| {
            let body = json(&running.as_user(user, "GET", &format!("/api/v1/queue?rows={rows}"), "").await);
            ["new", "changed", "gone"].map(|kind| body[kind].as_i64().expect("a count"))
        };
        // The second is about Li Na's manager: for her there is none, whatever she asks.
        take(&database, &[alert("a1", "E7", 1, Severity::High), alert("m1", "E90", 1, Severity::High)]).await;
        assert_eq!((differs("li.na", "").await, differs("chen.lei", "").await), ([1, 0, 0], [2, 0, 0]));
        assert_eq!(differs("li.na", "1:1").await, [0, 0, 0]);
        assert_eq!((differs("li.na", "1:1,2:1").await, differs("li.na", "1:1,9:1").await), ([0, 0, 1], [0, 0, 1]), "hidden is not there");
        take(&database, &[alert("a1", "E7", 2, Severity::Critical)]).await;
        assert_eq!(differs("li.na", "1:1").await, [0, 1, 0]);
        let chen = caller(&database, "chen.lei").await;
        work::assign(&database, &crate::company::people(), &chen, 1, Some("chen.lei"), None, MORNING).await.expect("taken");
        assert_eq!(differs("li.na", "1:2").await, [0, 0, 1], "it is somebody else's now");
        let refused = running.as_user("li.na", "GET", "/api/v1/queue?rows=1", "").await;
        assert!(refused.status == 422 && json(&refused)["place"] == "rows", "{}", refused.body);
        let views = running.as_user("zhao", "GET", "/api/v1/views", "").await;
        assert_eq!(json(&views)["views"].as_array().map(Vec::len), Some(0), "counts show nobody: {}", views.body);
    });
}

#[test]
fn errors_of_the_api_are_problems_whatever_went_wrong() {
    on_sqlite(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let user = [(PROXY_SECRET, PROXY_SECRET_OF_TESTS), ("X-User", "chen.lei")];
        let with = |more: &[(&'static str, &'static str)]| user.iter().chain(more).copied().collect::<Vec<_>>();
        for (method, path, headers, body, status) in [
            ("GET", "/api/v1/nothing", with(&[]), "", 404),
            ("DELETE", "/api/v1/cases", with(&[]), "", 405),
            ("GET", "/api/v1/cases", vec![], "", 401),
            ("GET", "/api/v1/cases", with(&[("Host", "evil.example")]), "", 421),
            ("GET", "/api/v1/cases?a=%zz", with(&[]), "", 400),
            ("GET", "/api/v1/cases?owner=%00", with(&[]), "", 400),
            ("GET", "/api/v1/cases/%00", with(&[]), "", 404),
            ("GET", "/api/v1/cases/%ff", with(&[]), "", 404),
            ("POST", "/api/v1/silences", with(&[("Content-Type", "text/plain")]), "{}", 415),
            ("POST", "/api/v1/silences", with(&[("Content-Type", "application/json")]), "[", 400),
            ("POST", "/api/v1/silences", with(&[("Content-Type", "application/json")]), "{}", 403),
            ("POST", "/api/v1/silences", with(&[("Content-Type", "application/json"), ("Origin", "http://evil.example")]), "{}", 403),
        ] {
            let got = running.send(method, path, &headers, body).await;
            assert_eq!(
                (got.status, got.header("content-type")),
                (status, Some("application/problem+json")),
                "{method} {path}: {}",
                got.body
            );
            assert_eq!(json(&got)["status"], status, "{method} {path}");
        }
    });
}
