//! The queue of today says by itself what has happened, and shows it when its reader asks: nothing moves under a hand or an eye.

use crate::bank::{Bank, at_a_bank, now};
use crate::company::people;
use crate::driver::{Browser, Setup};
use leakwarden::desk::account;
use leakwarden::desk::verdict::{self, Verdict};
use leakwarden::desk::work;
use leakwarden::model::decision::{VerdictOutcome, VerdictReason};
use leakwarden::model::severity::Severity;
use sqlx::Row;
use std::time::{Duration, Instant};

/// How long what happens may take to be told on a machine that does other things.
const PATIENCE: Duration = Duration::from_secs(60);

/// Waits until an expression of the page is true.
async fn until(browser: &Browser, expression: &str) {
    let deadline = Instant::now() + PATIENCE;
    while browser.run(&format!("return !!({expression})")).await != true {
        assert!(Instant::now() < deadline, "{expression} never comes true:\n{}", browser.text().await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn told(browser: &Browser) -> String {
    browser.run("return document.querySelector('#news').textContent").await.as_str().unwrap_or_default().to_owned()
}

/// How often somebody was shown today's queue.
async fn looks(bank: &Bank) -> i64 {
    let mut read = bank.database().read().await.expect("a connection");
    sqlx::query("select count(*) from view where page = 'today'").fetch_one(&mut *read).await.expect("read").get(0)
}

/// Somebody else takes a case and closes it.
async fn closed_by_somebody_else(bank: &Bank, case: i64, alert: &str) {
    let mut read = bank.database().read().await.expect("a connection");
    let lead = account::caller(&mut read, &people(), "chen.lei").await.expect("read").expect("an account");
    drop(read);
    work::assign(bank.database(), &people(), &lead, case, Some("chen.lei"), None, now()).await.expect("taken");
    let (outcome, reason) = (VerdictOutcome::Innocent, VerdictReason::Batch);
    let sent = Verdict { outcome, reason, text: "the nightly batch".to_owned(), cites: [(alert.to_owned(), 1)].into() };
    verdict::give(bank.database(), &lead, case, &sent, None, now()).await.expect("given");
}

#[test]
fn what_happens_is_told_at_once_and_shown_when_it_is_asked_for() {
    at_a_bank(|folder| async move {
        let bank = Bank::open(folder).await;
        let first = bank.case("E201", Severity::Medium).await;
        let browser = bank.sign_in("li.na", Setup::default()).await;
        until(&browser, "document.querySelector('#age').dataset.says === 'follows'").await;
        // Somebody is at a row, and has marked a word of it.
        let row = format!("a[data-row][href='/cases/{first}']");
        browser
            .run(&format!(
                "document.querySelector(\"{row}\").focus();
                 getSelection().selectAllChildren(document.querySelector(\"{row}\").closest('tr').cells[1]);
                 window.place = [document.activeElement, document.querySelector('table.queue'), document.querySelector('table.queue').getBoundingClientRect().top]"
            ))
            .await;
        let marked = browser.run("return String(getSelection())").await;
        assert!(marked.as_str().is_some_and(|text| !text.is_empty()), "{marked}");
        let before = looks(&bank).await;

        let second = bank.case("E202", Severity::High).await;
        until(&browser, "!document.querySelector('#show-news').hidden").await;
        assert_eq!(told(&browser).await, "1 new");
        let stays = "return document.activeElement === place[0] && document.querySelector('table.queue') === place[1]
            && document.querySelector('table.queue').getBoundingClientRect().top === place[2]";
        assert_eq!(browser.run(stays).await, true, "focus, list and its place are what they were");
        assert_eq!(browser.run("return String(getSelection())").await, marked);
        assert_eq!(browser.count(&format!("a[href='/cases/{second}']")).await, 0, "it comes when it is asked for");
        assert_eq!(looks(&bank).await, before, "what nobody asked for is nothing that they looked at");

        browser.press("n").await;
        until(&browser, &format!("document.querySelector(\"a[href='/cases/{second}']\")")).await;
        let at = "return document.activeElement.getAttribute('href')";
        assert_eq!(browser.run(at).await, format!("/cases/{first}"), "whoever was at a row is at it");
        let fresh = "return [...document.querySelectorAll('.fresh')].map(mark => mark.closest('tr').dataset.case).join()";
        assert_eq!(browser.run(fresh).await, second.to_string(), "what is new says so in a word");
        assert_eq!((told(&browser).await, looks(&bank).await), (String::new(), before + 1));

        // Somebody else decides the first: it changes, and goes.
        closed_by_somebody_else(&bank, first, "alert-E201").await;
        until(&browser, "document.querySelector('#news').textContent === '1 no longer here'").await;
        browser.find("#show-news").await.click().await.expect("clicked");
        until(&browser, &format!("!document.querySelector(\"a[href='/cases/{first}']\")")).await;
        assert!(browser.find("#show-news").await.attr("hidden").await.expect("asked").is_some());
        assert_eq!(
            browser.run("return document.querySelector('#queue').contains(document.activeElement)").await,
            true,
            "one goes on at the list"
        );
        browser.close().await;
        bank.close().await;
    });
}

#[test]
fn what_happened_while_the_console_was_away_is_told_when_it_is_back() {
    at_a_bank(|folder| async move {
        let bank = Bank::open(folder.clone()).await;
        let browser = bank.sign_in("li.na", Setup::default()).await;
        until(&browser, "document.querySelector('#age').dataset.says === 'follows'").await;
        let address = bank.socket();
        bank.close().await;
        until(&browser, "document.querySelector('#age').dataset.says === 'lost'").await;
        assert!(browser.find("#look-again").await.is_displayed().await.expect("asked"), "it says how to see what there is now");
        let bank = Bank::over(folder, address).await;
        bank.case("E203", Severity::High).await;
        until(&browser, "document.querySelector('#news').textContent === '1 new'").await;
        until(&browser, "document.querySelector('#age').dataset.says === 'follows'").await;

        // Whoever is signed out is told that they are told no more.
        let mut write = bank.database().write().await.expect("its turn");
        sqlx::query("delete from session").execute(&mut *write).await.expect("deleted");
        write.commit().await.expect("kept");
        until(&browser, "document.querySelector('#age').dataset.says === 'lost'").await;
        browser.close().await;
        bank.close().await;
    });
}

#[test]
fn without_script_the_queue_says_of_when_it_is_and_offers_to_look_again() {
    at_a_bank(|folder| async move {
        let bank = Bank::open(folder).await;
        let browser = bank.sign_in("li.na", Setup { script: false, ..Setup::default() }).await;
        let age = browser.find("#age").await.text().await.expect("read");
        assert!(age.starts_with("As of 20") && age.contains("not on this page") && !age.contains("told here"), "{age}");
        assert!(!browser.find("#show-news").await.is_displayed().await.expect("asked"));
        let case = bank.case("E204", Severity::High).await;
        browser.click("#look-again").await;
        assert_eq!(browser.count(&format!("a[data-row][href='/cases/{case}']")).await, 1);
        browser.close().await;
        bank.close().await;
    });
}
