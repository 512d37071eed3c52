//! Two people stand between a pseudonym and an identity, for a day: from the case to the identities and until they are gone, in a browser.

use crate::accessible::objections;
use crate::bank::{at_the_bank, now};
use crate::common::dossier::dossier_of_looks;
use crate::company::alert;
use crate::driver::Setup;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::model::severity::Severity;
use leakwarden::model::time::{DAY_MS, MINUTE_MS};
use std::sync::Arc;

/// An alert about somebody who looked at one person.
fn told(employee: &str, pseudonym: &str) -> AlertWithDossier {
    let alert = alert(&format!("alert-{employee}"), employee, 1, Severity::High);
    let dossier = dossier_of_looks(&alert, now(), "crm.log", &[(pseudonym.to_owned(), 2)]);
    AlertWithDossier { alert: Arc::new(alert), dossier: Some(Arc::new(dossier)) }
}

#[test]
fn two_people_until_it_is_over() {
    at_the_bank(|bank| async move {
        bank.take_with_dossiers(&[told("E160", "p-e160")]).await;
        let case = bank.case_of("E160").await;
        let set = async |sql: &'static str, value: i64| {
            let mut write = bank.database().write().await.expect("its turn");
            sqlx::query(sql).bind(value).execute(&mut *write).await.expect("set");
            write.commit().await.expect("kept");
        };
        let mut wrong = Vec::new();
        // Whoever works on the case asks; on the case itself one finds where.
        let first = bank.sign_in("li.na", Setup::default()).await;
        first.go(&bank.address(&format!("/cases/{case}"))).await;
        first.click("button[data-take]").await;
        first.click(&format!("a[href='/cases/{case}/unmaskings']")).await;
        wrong.extend(objections(&first).await);
        first.fill("#purpose", "whom to warn").await;
        first.find("input[name=pseudonym]").await.click().await.expect("chosen");
        first.click("#ask button.first").await;
        let request = first.path().await;
        assert!(request.starts_with("/unmaskings/") && first.text().await.contains("waits for a data protection officer"));
        assert_eq!(first.count("#show").await + first.count("#decide").await, 0, "nobody agrees with themselves");
        wrong.extend(objections(&first).await);
        // A browser at a time: there are few.
        first.close().await;
        // A second person finds it in their list, and agrees.
        let second = bank.sign_in("qian", Setup { language: "zh-CN", ..Setup::default() }).await;
        second.go(&bank.address("/unmaskings")).await;
        wrong.extend(objections(&second).await);
        second.click(&format!("#requests a[href='{request}']")).await;
        wrong.extend(objections(&second).await);
        second.click("#decide button[value=yes]").await;
        assert_eq!(second.count("#decide").await + second.count("#show").await, 0, "and is shown nobody");
        second.close().await;
        let first = bank.sign_in("li.na", Setup::default()).await;
        first.go(&bank.address(&request)).await;
        first.click("#show").await;
        assert!(first.find("#identities").await.text().await.expect("read").contains("customer behind p-e160"));
        wrong.extend(objections(&first).await);
        // A quarter of an hour after signing in one signs in again.
        set("update session set created_at = created_at - $1 where account = 'li.na'", 16 * MINUTE_MS).await;
        first.client().refresh().await.expect("asked again");
        assert_eq!(first.count("#identities").await, 0);
        wrong.extend(objections(&first).await);
        first.click("#again").await;
        bank.enter(&first, "li.na").await;
        assert!(
            first.find("#identities").await.text().await.expect("read").contains("customer behind p-e160"),
            "one is back where one was"
        );
        // The day is over.
        set("update unmasking set expires_at = expires_at - $1 where purpose = 'whom to warn' and asked_by = 'li.na'", DAY_MS + MINUTE_MS)
            .await;
        first.client().refresh().await.expect("asked again");
        assert!(first.count("#identities").await == 0 && !first.text().await.contains("customer behind"));
        first.go(&bank.address(&request)).await;
        assert!(first.find("#state").await.text().await.expect("read").contains("over") && first.count("#show").await == 0);
        first.close().await;
        assert_eq!(wrong, Vec::<String>::new());
    });
}

#[test]
fn a_hold_is_asked_for_set_and_lifted() {
    at_the_bank(|bank| async move {
        let case = bank.case("E161", Severity::Medium).await;
        let holds = bank.address(&format!("/cases/{case}/holds"));
        let first = bank.sign_in("li.na", Setup::default()).await;
        first.go(&bank.address(&format!("/cases/{case}"))).await;
        first.click("button[data-take]").await;
        first.click(&format!(".actions a[href='/cases/{case}/holds']")).await;
        first.fill("#reason", "a court asked").await;
        first.click("#new-hold button.first").await;
        assert!(first.text().await.contains("asked for: keeps the case"));
        let mut wrong = objections(&first).await;
        first.close().await;
        let second = bank.sign_in("qian", Setup { dark: true, ..Setup::default() }).await;
        second.go(&holds).await;
        wrong.extend(objections(&second).await);
        second.click("#holds form[action$='/decision'] button").await;
        assert!(second.text().await.contains("keeps the case"));
        second.click("#holds form[action$='/lifting'] button").await;
        assert!(second.text().await.contains("lifted"));
        second.close().await;
        assert_eq!(wrong, Vec::<String>::new());
    });
}
