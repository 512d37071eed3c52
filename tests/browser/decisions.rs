//! What people decide, and what is refused.

use crate::accessible::objections;
use crate::bank::{Bank, at_a_bank, at_the_bank, now, told};
use crate::common::line::access;
use crate::common::play::Play;
use crate::common::world::World;
use crate::company::alert;
use crate::driver::{Browser, Setup};
use leakwarden::desk::feedback;
use leakwarden::model::alert::Alert;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, MINUTE_MS, Timestamp};
use std::net::SocketAddr;

/// Takes the case whose page is shown, and fills in a verdict.
async fn judged(browser: &Browser, outcome: &str, reason: &str) {
    if browser.count("button[data-take]").await > 0 {
        browser.click("button[data-take]").await;
    }
    browser.find(&format!("input[name=verdict][value={outcome}]")).await.click().await.expect("chosen");
    browser.choose("#verdict #reason", reason).await;
    browser.fill("#verdict #text", "asked the branch").await;
}

fn closed(verdict: &str) -> (String, Option<String>) {
    ("closed".to_owned(), Some(verdict.to_owned()))
}

#[test]
fn a_stale_verdict_is_refused_and_the_new_one_is_taken() {
    at_the_bank(|bank| async move {
        let case = bank.case("E111", Severity::Medium).await;
        let browser = bank.sign_in("li.na", Setup::default()).await;
        browser.go(&bank.address(&format!("/cases/{case}"))).await;
        judged(&browser, "innocent", "batch").await;
        // While it is read, another revision settles.
        bank.take(&[alert("alert-E111", "E111", 2, Severity::High)]).await;
        browser.click("#verdict button.first").await;
        assert!(browser.text().await.contains("Your verdict was not taken"), "{}", browser.text().await);
        assert_ne!(bank.state(case).await.0, "closed");
        // It is shown what is new, and what was written is there to be sent again.
        assert_eq!(browser.run("return document.activeElement.id").await, "refused");
        assert_eq!(browser.run("return document.querySelector('#verdict #text').value").await, "asked the branch");
        assert_eq!(objections(&browser).await, Vec::<String>::new());
        browser.click("#verdict button.first").await;
        assert_eq!(bank.state(case).await, closed("innocent"));
        browser.close().await;
    });
}

#[test]
fn a_reason_of_another_verdict_comes_back_with_what_was_typed_and_the_focus_on_it() {
    at_the_bank(|bank| async move {
        for script in [true, false] {
            let case = bank.case(if script { "E113" } else { "E114" }, Severity::Medium).await;
            let browser = bank.sign_in("li.na", Setup { script, ..Setup::default() }).await;
            browser.go(&bank.address(&format!("/cases/{case}"))).await;
            judged(&browser, "innocent", "no_reason_found").await;
            browser.click("#verdict button.first").await;
            let told = browser.find("#refused").await.text().await.expect("read");
            assert!(told.starts_with("Reason: ") && told.contains("“a migration, a batch, a report”"), "{told}");
            let focus = browser.client().active_element().await.expect("a focus");
            assert_eq!(focus.attr("id").await.expect("asked").as_deref(), Some("reason"));
            assert_eq!(focus.attr("aria-invalid").await.expect("asked").as_deref(), Some("true"));
            assert_eq!(browser.find("#verdict #text").await.prop("value").await.expect("asked").as_deref(), Some("asked the branch"));
            assert_eq!(browser.count("input[name=verdict][value=innocent]:checked").await, 1);
            if script {
                assert_eq!(objections(&browser).await, Vec::<String>::new());
            }
            browser.choose("#verdict #reason", "batch").await;
            browser.click("#verdict button.first").await;
            assert_eq!(bank.state(case).await, closed("innocent"));
            browser.close().await;
        }
    });
}

#[test]
fn what_is_confirmed_needs_a_second_person() {
    at_the_bank(|bank| async move {
        let case = bank.case("E112", Severity::High).await;
        let place = bank.address(&format!("/cases/{case}"));
        let first = bank.sign_in("li.na", Setup::default()).await;
        first.go(&place).await;
        judged(&first, "confirmed", "no_reason_found").await;
        first.click("#verdict button.first").await;
        assert_eq!(bank.state(case).await.0, "proposed");
        assert_eq!(first.count("#second").await, 0, "who proposes does not agree");
        first.close().await;
        let second = bank.sign_in("chen.lei", Setup::default()).await;
        second.go(&place).await;
        second.click("#second button[value=yes]").await;
        assert_eq!(bank.state(case).await, closed("confirmed"));
        second.close().await;
    });
}

#[test]
fn a_group_is_one_case_with_all_its_people() {
    at_the_bank(|bank| async move {
        let of = |employee: &str| Alert {
            case: "group-of-three".to_owned(),
            related: ["E121", "E122", "E123"].iter().filter(|other| **other != employee).map(|other| (*other).to_owned()).collect(),
            ..alert(&format!("alert-{employee}"), employee, 1, Severity::High)
        };
        bank.take(&[of("E121"), of("E122"), of("E123")]).await;
        let case = bank.case_of("E121").await;
        let browser = bank.sign_in("li.na", Setup::default()).await;
        browser.go(&bank.address(&format!("/cases/{case}"))).await;
        let text = browser.text().await;
        assert!(["E121", "E122", "E123"].iter().all(|person| text.contains(person)), "{text}");
        judged(&browser, "innocent", "batch").await;
        assert_eq!(browser.count("#verdict input[name=cite]").await, 3, "one verdict about all that was read");
        browser.click("#verdict button.first").await;
        assert_eq!(bank.state(case).await, closed("innocent"));
        browser.close().await;
    });
}

/// The day of a Tuesday that is not before the day after tomorrow; the day after it is louder.
const LOUD: i64 = 28;

/// At the bank E150 has read three people an hour for weeks; then a hundred on a day, and twenty thousand on the next.
struct Quiet {
    play: Play,
    begin: i64,
}

impl Quiet {
    fn new() -> Quiet {
        let employees = "employee,unit,role\nE150,north,teller\nE151,south,teller\n";
        let mut play = Play::new(&World::bank().with("employees.csv", employees).context());
        play.believe_all = true;
        // The loud days are the next Tuesday but today and tomorrow, and the Wednesday after it, whenever this runs: the silence is in force by
        // then, and on a weekend the same would be off duty. The first day of 1970 was a Thursday.
        let tuesday = (now().0 / DAY_MS + 2..).find(|day| day % 7 == 5).expect("one in seven");
        Quiet { play, begin: (tuesday - LOUD) * DAY_MS }
    }

    fn at(&self, day: i64, minute: i64) -> Timestamp {
        Timestamp(self.begin + day * DAY_MS + minute * MINUTE_MS)
    }

    /// What settles of a day on which each of so many accesses shows so many people.
    fn day(&mut self, day: i64, accesses: i64, people: u64) -> Vec<leakwarden::engine::output::Revision> {
        let before = self.play.revisions.len();
        let line = |n: i64| {
            let from = (day as u64) * 100_000 + (n as u64) * people;
            // As customers come, and not in the order of their numbers.
            let who = (from..from + people).map(|nth| nth * 2_654_435_761 % 1_000_000_007);
            access("E150").at(self.at(day, 600 + n)).reads("crm.customers", &["name", "phone"]).of(who).to_string()
        };
        let mut lines: Vec<String> = (0..accesses).map(line).collect();
        // A colleague's look two hours later: by then it has settled.
        lines.push(access("E151").at(self.at(day, 600 + accesses + 120)).reads("crm.customers", &["name"]).of([1]).to_string());
        self.play.take(&lines);
        self.play.revisions.split_off(before)
    }
}

#[test]
fn a_silence_hides_a_case_and_ends_by_itself_when_it_becomes_graver() {
    at_the_bank(|bank| async move {
        let browser = bank.sign_in("chen.lei", Setup::default()).await;
        browser.go(&bank.address("/silences")).await;
        browser.fill("#new-silence #typology", "bulk_extract").await;
        browser.fill("#new-silence #unit", "north").await;
        browser.click("#new-silence button").await;
        assert!(
            browser.find("#ask-silence [role=status]").await.text().await.expect("read").contains("30"),
            "it says what it would have hidden"
        );
        browser.fill("#ask-silence #days", "20").await;
        browser.choose("#ask-silence #reason", "event").await;
        browser.fill("#ask-silence #text", "stocktaking in the north").await;
        browser.click("#ask-silence button.first").await;
        assert!(browser.text().await.contains("stocktaking in the north"));

        let mut quiet = Quiet::new();
        let decisions = feedback::unwritten(bank.database()).await.expect("read");
        let silence = decisions.iter().rev().map(|(_, decision)| decision).find(|decision| decision.what.name() == "silence");
        // The last of them lies before today.
        for day in 0..20 {
            let told = quiet.day(day, 6 + day % 4, 2 + day as u64 % 3);
            assert!(told.iter().all(|revision| revision.alert.employee.as_deref() != Some("E150")), "quiet on day {day}: {told:?}");
        }
        quiet.play.engine.take_decision(silence.expect("it goes to the engine").clone(), None);
        let loud = quiet.day(LOUD, 5, 20);
        assert!(loud.iter().any(|revision| revision.alert.severity < Severity::Critical), "{loud:?}");
        assert!(loud.iter().all(|revision| revision.alert.shown_at.is_none()), "{loud:?}");
        bank.take_with_dossiers(&told(loud)).await;
        let case = bank.case_of("E150").await;
        let row = format!("table.queue a[href='/cases/{case}']");
        browser.go(&bank.address("/")).await;
        assert_eq!(browser.count(&row).await, 0, "it is silenced");
        browser.go(&bank.address("/cases?shown=no&about=E150")).await;
        assert_eq!(browser.count(&row).await, 1, "and written all the same");

        bank.take_with_dossiers(&told(quiet.day(LOUD + 1, 100, 200))).await;
        browser.go(&bank.address("/")).await;
        assert_eq!(browser.count(&row).await, 1, "it has become graver: {}", browser.text().await);
        browser.close().await;
    });
}

#[test]
fn whoever_was_cut_off_goes_on_where_they_were() {
    at_a_bank(|folder| async move {
        let bank = Bank::open(folder.clone()).await;
        let case = bank.case("E141", Severity::Medium).await;
        let browser = bank.sign_in("li.na", Setup::default()).await;
        browser.go(&bank.address(&format!("/cases/{case}"))).await;
        judged(&browser, "innocent", "batch").await;
        let address: SocketAddr = bank.socket();
        bank.close().await;
        // The console is away for a moment and comes back, over the same database: what was typed is sent once more.
        let bank = Bank::over(folder, address).await;
        browser.click("#verdict button.first").await;
        assert_eq!(browser.path().await, format!("/cases/{case}"));
        assert_eq!(bank.state(case).await, closed("innocent"));
        browser.close().await;
        bank.close().await;
    });
}
