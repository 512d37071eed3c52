//! What people read: in both languages, without script, on paper, and whatever somebody is called.

use crate::bank::{Bank, HOSTILE, at_the_bank};
use crate::company::alert;
use crate::driver::{Browser, Setup};
use leakwarden::console::routes::ROUTES;
use leakwarden::model::alert::Alert;
use leakwarden::model::severity::Severity;

/// Every page that there is, of a case and its people; a new page is in it by itself, or this fails.
pub fn pages(case: i64, alert: &str, person: &str) -> Vec<String> {
    let is_page =
        |path: &str| !path.starts_with("/api/") && !path.ends_with(".css") && !path.ends_with(".js") && !path.starts_with("/sign-in");
    let paths = ROUTES.iter().filter(|route| route.method == "GET" && is_page(route.path)).map(|route| {
        let path = match route.path {
            "/cases/{id}" => format!("/cases/{case}"),
            "/alerts/{id}" => format!("/alerts/{alert}"),
            "/people/{name}" => format!("/people/{person}"),
            "/cases/{id}/unmaskings" => format!("/cases/{case}/unmaskings"),
            "/cases/{id}/holds" => format!("/cases/{case}/holds"),
            // That of the bank, which was agreed to.
            "/unmaskings/{id}" => "/unmaskings/1".to_owned(),
            "/unmaskings/{id}/identities" => "/unmaskings/1/identities".to_owned(),
            path => path.to_owned(),
        };
        assert!(!path.contains('{'), "say here what to show of {path}");
        path
    });
    paths.collect()
}

/// The newest alert of somebody's case.
pub async fn alert_of(bank: &Bank, person: &str) -> String {
    let mut read = bank.database().read().await.expect("a connection");
    let sql = "select id from alert where about = $1 order by score desc limit 1";
    sqlx::Row::get(&sqlx::query(sql).bind(person).fetch_one(&mut *read).await.expect("an alert"), 0)
}

#[test]
fn both_languages_are_whole_and_one_switches_between_them() {
    at_the_bank(|bank| async move {
        let case = bank.case_of("E20").await;
        let browser = bank.sign_in("chen.lei", Setup { language: "zh-CN", ..Setup::default() }).await;
        for path in pages(case, &alert_of(bank, "E20").await, "E20") {
            browser.go(&bank.address(&path)).await;
            assert_eq!(browser.run("return document.documentElement.lang").await, "zh-CN", "{path}");
            let heading = browser.find("h1").await.text().await.expect("read");
            assert!(heading.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{path}: {heading}");
        }
        browser.go(&bank.address(&format!("/cases/{case}"))).await;
        browser.click("#language button[lang=en]").await;
        assert_eq!(browser.path().await, format!("/cases/{case}"), "one stays where one was");
        assert_eq!(browser.run("return document.documentElement.lang").await, "en");
        browser.go(&bank.address("/")).await;
        assert!(browser.find("h1").await.text().await.expect("read").starts_with("Today"), "it is kept");
        browser.close().await;
    });
}

#[test]
fn without_script_everything_works() {
    at_the_bank(|bank| async move {
        let case = bank.case("E131", Severity::Medium).await;
        let browser = bank.sign_in("li.na", Setup { script: false, ..Setup::default() }).await;
        browser.click(&format!("table.queue a[href='/cases/{case}']")).await;
        browser.click("button[data-take]").await;
        browser.find("#verdict input[value=innocent]").await.click().await.expect("chosen");
        browser.choose("#verdict #reason", "batch").await;
        browser.fill("#verdict #text", "asked the branch").await;
        browser.click("#verdict button.first").await;
        assert_eq!(bank.state(case).await, ("closed".to_owned(), Some("innocent".to_owned())));
        browser.close().await;
    });
}

#[test]
fn a_name_that_would_act_stands_on_every_page_and_does_nothing() {
    at_the_bank(|bank| async move {
        let hostile = Alert {
            unit: Some(HOSTILE.to_owned()),
            role: Some(HOSTILE.to_owned()),
            related: vec![HOSTILE.to_owned()],
            explanation: HOSTILE.to_owned(),
            ..alert("alert-hostile", HOSTILE, 1, Severity::Critical)
        };
        bank.take(&[hostile]).await;
        let case = bank.case_of(HOSTILE).await;
        let encoded: String = HOSTILE.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let browser = bank.sign_in("chen.lei", Setup::default()).await;
        let mut named = 0;
        let filtered = format!("/cases?state=any&about={encoded}");
        for path in pages(case, "alert-hostile", &encoded).into_iter().chain([filtered, format!("/silences?unit={encoded}")]) {
            browser.go(&bank.address(&path)).await;
            let title = browser.client().title().await.expect("a title");
            assert_ne!(title, "acted", "{path}");
            let foreign = browser.run("return document.querySelectorAll('img, main script, iframe, [onerror]').length").await;
            assert_eq!(foreign, 0, "{path}");
            let text = browser.run("return document.documentElement.textContent").await;
            let text = text.as_str().expect("a text");
            assert!(!text.contains('\u{202e}'), "{path}: what turns the direction is written out");
            named += usize::from(text.contains("<script>document.title="));
        }
        assert!(named >= 4, "it stands on {named} pages");
        browser.close().await;
    });
}

/// Makes the page as it is printed.
async fn as_printed(browser: &Browser) {
    browser.devtools("Emulation.setEmulatedMedia", &serde_json::json!({"media": "print"})).await;
}

#[test]
fn on_paper_there_is_what_was_read_and_no_buttons() {
    at_the_bank(|bank| async move {
        let alert = alert_of(bank, "E20").await;
        let browser = bank.sign_in("chen.lei", Setup::default()).await;
        browser.go(&bank.address(&format!("/alerts/{alert}"))).await;
        assert!(!browser.find(".printed").await.is_displayed().await.expect("asked"), "who printed is nobody's business on the screen");
        as_printed(&browser).await;
        for gone in ["nav", "header", "form"] {
            let shown = format!("return [...document.querySelectorAll('{gone}')].filter(e => e.getClientRects().length).length");
            assert_eq!(browser.run(&shown).await, 0, "{gone}");
        }
        let printed = browser.find(".printed").await;
        assert!(printed.is_displayed().await.expect("asked"));
        assert!(printed.text().await.expect("read").contains("chen.lei"), "who printed it");
        let closed = "return [...document.querySelectorAll('figure details table')].filter(e => !e.getClientRects().length).length";
        assert_eq!(browser.run(closed).await, 0, "every picture's table is printed");
        let pdf = browser.client().print(fantoccini::wd::PrintConfiguration::builder().build().expect("valid")).await.expect("printed");
        assert!(pdf.starts_with(b"%PDF-") && pdf.len() > 10_000, "{} bytes", pdf.len());
        browser.close().await;
    });
}
