//! By keyboard alone.

use crate::bank::at_the_bank;
use crate::company::PASSWORD;
use crate::driver::{Browser, Setup, driver};
use fantoccini::key::Key;
use leakwarden::model::severity::Severity;

/// What has the focus: the value of an attribute of it.
async fn focused(browser: &Browser, attribute: &str) -> String {
    let script = format!("return document.activeElement.getAttribute('{attribute}') || ''");
    browser.run(&script).await.as_str().unwrap_or_default().to_owned()
}

async fn key(browser: &Browser, key: Key) {
    browser.press(&String::from(char::from(key))).await;
}

/// Presses a key until what is asked for has the focus.
async fn press_until(browser: &Browser, keys: &str, attribute: &str, value: &str) {
    for _ in 0..120 {
        if focused(browser, attribute).await == value {
            return;
        }
        browser.press(keys).await;
    }
    panic!("{keys:?} never comes to {attribute} {value}:\n{}", browser.text().await);
}

#[test]
fn from_the_queue_to_a_verdict_by_keyboard_alone() {
    at_the_bank(|bank| async move {
        let case = bank.case("E101", Severity::High).await;
        let browser = driver().expect("was asked before").open(Setup::default()).await;
        let tab = String::from(char::from(Key::Tab));
        browser.go(&bank.address("/")).await;
        assert_eq!(focused(&browser, "name").await, "account", "whoever comes types at once");
        browser.press("li.na").await;
        press_until(&browser, &tab, "name", "password").await;
        browser.press(PASSWORD).await;
        browser.leave(key(&browser, Key::Enter)).await;

        // The queue: to the row, and the case is mine.
        let place = format!("/cases/{case}");
        press_until(&browser, "j", "href", &place).await;
        browser.press("k").await;
        browser.press("j").await;
        press_until(&browser, "j", "href", &place).await;
        browser.leave(browser.press("a")).await;
        assert_eq!(browser.path().await, place);

        // The verdict: one of the three, a reason, words.
        browser.press("v").await;
        assert_eq!(focused(&browser, "name").await, "verdict");
        for _ in 0..4 {
            if browser.count("input[name=verdict][value=innocent]:checked").await == 1 {
                break;
            }
            key(&browser, Key::Down).await;
        }
        assert_eq!(browser.count("input[name=verdict][value=innocent]:checked").await, 1);
        press_until(&browser, &tab, "name", "reason").await;
        for _ in 0..40 {
            if browser.run("return document.querySelector('#reason').value").await == "batch" {
                break;
            }
            key(&browser, Key::Down).await;
        }
        press_until(&browser, &tab, "name", "text").await;
        browser.press("the migration of the tenth; asked the branch").await;
        press_until(&browser, &tab, "class", "first").await;
        browser.leave(key(&browser, Key::Enter)).await;
        assert_eq!(browser.path().await, place);
        assert_eq!(bank.state(case).await, ("closed".to_owned(), Some("innocent".to_owned())), "{}", browser.text().await);
        browser.close().await;
    });
}

#[test]
fn keys_help_and_can_be_switched_off() {
    at_the_bank(|bank| async move {
        bank.case("E102", Severity::Medium).await;
        let browser = bank.sign_in("chen.lei", Setup::default()).await;
        browser.press("?").await;
        browser.find("dialog[open]").await;
        key(&browser, Key::Escape).await;
        assert_eq!(browser.count("dialog[open]").await, 0);
        browser.press("j").await;
        assert!(focused(&browser, "href").await.starts_with("/cases/"));
        browser.go(&bank.address("/help")).await;
        browser.click("button[name=keys][value=off]").await;
        browser.go(&bank.address("/")).await;
        browser.press("j").await;
        assert_eq!(focused(&browser, "href").await, "");
        assert_eq!(browser.count("script[src='/keys.js']").await, 0, "whoever wants no keys is sent none of their script");
        browser.close().await;
    });
}
