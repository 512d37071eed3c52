//! How one reads: times in one's own zone, and what a form refuses in one's own language.

use crate::common::databases::on_each;
use crate::company::{alert, staffed, take};
use crate::console::Running;
use leakwarden::model::severity::Severity;

#[test]
fn times_are_told_in_the_zone_that_a_reader_chooses() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        // The morning in March is 08:34 in London and 16:34 in Shanghai, where the console is.
        let page = running.as_user("chen.lei", "GET", "/cases/1", "").await.body;
        assert!(page.contains("2026-03-02 16:34") && page.contains(">Asia/Shanghai<"), "{page}");
        let chosen = running.as_user("chen.lei", "POST", "/preferences", "zone=Europe%2FLondon&back=%2Fhelp").await;
        let cookie = chosen.header("set-cookie").and_then(|cookie| cookie.split(';').next()).expect("a cookie").to_owned();
        assert_eq!(cookie, "__Host-leakwarden-reader=en.on.Europe/London");
        let page = running.with_cookie("chen.lei", "/cases/1", &cookie).await.body;
        assert!(page.contains("2026-03-02 08:34") && page.contains(">Europe/London<") && !page.contains("16:34"), "{page}");
        assert!(page.contains("datetime=\"2026-03-02T08:34:05Z\""), "the time itself is the same");
        for path in ["/", "/cases", "/alerts/a1", "/people/E7", "/views", "/silences", "/help", "/unmaskings", "/cases/1/holds"] {
            let page = running.with_cookie("chen.lei", path, &cookie).await;
            assert!(page.status == 200 && page.body.contains(">Europe/London<"), "{path}");
        }
        // None again, and one that there is not.
        let back = running.as_user("chen.lei", "POST", "/preferences", "zone=").await;
        assert!(back.header("set-cookie").is_some_and(|cookie| cookie.starts_with("__Host-leakwarden-reader=en.on;")), "{}", place.name);
        let refused = running.as_user("chen.lei", "POST", "/preferences", "zone=Moon%2FBase").await;
        assert!(refused.status == 422 && refused.body.contains("the name of a time zone"), "{}", refused.body);
    });
}

#[test]
fn what_a_form_refuses_is_told_in_the_language_of_the_page() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        take(&database, &[alert("a1", "E7", 1, Severity::High)]).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let cookie = "__Host-leakwarden-reader=zh-CN.on";
        let refused = running.with_cookie("li.na", "/cases?state=%3Cb%3E", cookie).await;
        assert!(refused.status == 422 && refused.body.contains("状态：须为 any 或下列之一"), "{}", refused.body);
        assert!(refused.body.contains("<bdi>&lt;b&gt;</bdi>") && !refused.body.contains("must be"), "{}", refused.body);
        let others = running.with_cookie("li.na", "/cases/1/unmaskings", cookie).await;
        assert!(others.status == 403 && others.body.contains("请先领取案件"), "{}: {}", place.name, others.body);
    });
}
