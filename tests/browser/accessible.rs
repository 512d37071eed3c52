//! axe-core finds nothing to object to, on any page or in any state, in both languages, light and dark.

use crate::bank::{Bank, at_the_bank};
use crate::driver::{Browser, Setup, driver};
use crate::reading::{alert_of, pages};
use leakwarden::model::severity::Severity;
use serde_json::Value;

/// What axe-core objects to on the page that is shown: the rule, and where.
pub async fn objections(browser: &Browser) -> Vec<String> {
    const AXE: &str = include_str!("axe/axe.min.js");
    browser.run(AXE).await;
    let ask = "const done = arguments[arguments.length - 1];
        axe.run(document, {resultTypes: ['violations']}).then(
            found => done(found.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target.join(' ') + ' ' + (n.any[0] || n.all[0] || n.none[0] || {}).message).slice(0, 4).join(' | '))),
            error => done(['axe: ' + error]))";
    let found = browser.client().execute_async(ask, Vec::new()).await.expect("axe runs");
    found
        .as_array()
        .map(|all| all.iter().map(|one| one.as_str().unwrap_or_default().to_owned()).collect())
        .unwrap_or_else(|| vec![found.to_string()])
}

/// Every page and state, each by its address; what is found on each.
async fn walk(bank: &Bank, setup: Setup, state: &str) {
    let case = bank.case_of("E20").await;
    let (open, proposed) = (format!("E17{state}"), format!("E18{state}"));
    bank.case(&open, Severity::Medium).await;
    let closed = bank.case(&proposed, Severity::High).await;
    let mut wrong = Vec::new();
    let mut seen = 0;
    let mut look = async |browser: &Browser, what: &str| {
        seen += 1;
        wrong.extend(objections(browser).await.into_iter().map(|one| format!("{what}: {one}")));
    };
    let browser = driver().expect("was asked before").open(setup).await;
    browser.go(&bank.address("/sign-in")).await;
    look(&browser, "the sign-in").await;
    browser.fill("#account", "nobody").await;
    browser.fill("#password", "not the password").await;
    browser.click("form button.first").await;
    look(&browser, "a sign-in that is refused").await;
    bank.enter(&browser, "chen.lei").await;
    for path in pages(case, &alert_of(bank, "E20").await, "E20") {
        browser.go(&bank.address(&path)).await;
        look(&browser, &path).await;
    }
    for (path, what) in [
        ("/cases?state=closed&about=nobody", "an empty list"),
        ("/cases?state=nonsense", "what is refused"),
        ("/silences?unit=north", "what a silence would hide"),
        ("/nothing", "what is not there"),
    ] {
        browser.go(&bank.address(path)).await;
        look(&browser, what).await;
    }
    // A verdict on its way: given, waiting for the second person, in force.
    browser.go(&bank.address(&format!("/cases/{closed}"))).await;
    browser.click("button[data-take]").await;
    look(&browser, "a case of one's own").await;
    browser.find("#verdict input[value=innocent]").await.click().await.expect("chosen");
    browser.choose("#verdict #reason", "batch").await;
    browser.fill("#verdict #text", "asked").await;
    browser.click("#verdict button.first").await;
    look(&browser, "a closed case").await;
    browser.close().await;
    assert!(wrong.is_empty(), "of {seen} pages:\n{}", wrong.join("\n"));
    assert!(seen > 15, "{seen} pages");
}

#[test]
fn nothing_is_objected_to_in_english() {
    at_the_bank(|bank| async move { walk(bank, Setup::default(), "1").await });
}

#[test]
fn nothing_is_objected_to_in_chinese_and_in_the_dark() {
    at_the_bank(|bank| async move { walk(bank, Setup { language: "zh-CN", dark: true, ..Setup::default() }, "2").await });
}

#[test]
fn a_case_that_waits_for_a_second_person_is_as_accessible() {
    at_the_bank(|bank| async move {
        let case = bank.case("E190", Severity::Critical).await;
        let first = bank.sign_in("li.na", Setup::default()).await;
        first.go(&bank.address(&format!("/cases/{case}"))).await;
        first.click("button[data-take]").await;
        first.find("#verdict input[value=innocent]").await.click().await.expect("chosen");
        first.choose("#verdict #reason", "batch").await;
        first.fill("#verdict #text", "asked").await;
        first.click("#verdict button.first").await;
        let mut found = objections(&first).await;
        first.close().await;
        let second = bank.sign_in("chen.lei", Setup { size: (390, 844), ..Setup::default() }).await;
        second.go(&bank.address(&format!("/cases/{case}"))).await;
        second.find("#second").await;
        found.extend(objections(&second).await);
        let wide: Value = second.run("return document.documentElement.scrollWidth - document.documentElement.clientWidth").await;
        second.close().await;
        assert_eq!(found, Vec::<String>::new());
        assert_eq!(wide, 0, "on a telephone nothing is to be pushed sideways but wide tables of their own");
    });
}
