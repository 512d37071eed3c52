//! What is shown to many at once is written down, each page of it, before it is shown.

use crate::common::databases::on_each;
use crate::company::{MORNING, caller, staffed};
use crate::console::Running;
use leakwarden::console::writers::{self, Files};
use leakwarden::database::DatabaseError;
use leakwarden::desk::view_log::{self, View};
use leakwarden::desk::view_recorder::ViewRecorder;

fn view(nth: usize) -> View<'static> {
    View { page: "case", object: nth.to_string(), persons: vec![format!("E{nth}")], rows: 1 }
}

#[test]
fn what_many_are_shown_at_once_is_one_unbroken_chain() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let reader = caller(&database, "li.na").await;
        // Two consoles, as far as the database can tell.
        let consoles = [ViewRecorder::new(database.clone()), ViewRecorder::new(place.open().await)];
        let shown: Vec<_> = (0..60)
            .map(|nth| {
                let (recorder, reader) = (consoles[nth % 2].clone(), reader.clone());
                let told = tokio::spawn(async move { recorder.record(&reader, &view(nth), MORNING).await });
                // Some do not wait for their page.
                if nth % 7 == 0 {
                    told.abort();
                }
                (nth, told)
            })
            .collect();
        let mut expected = Vec::new();
        for (nth, told) in shown {
            if nth % 7 != 0 {
                assert_eq!(told.await.expect("no panic"), Ok::<(), DatabaseError>(()), "{}", place.name);
                expected.push(nth.to_string());
            }
        }
        let mut read = database.read().await.expect("a connection");
        let records = view_log::newest(&mut read, None, i64::MAX, 1_000).await.expect("read");
        for nth in expected {
            assert_eq!(records.iter().filter(|record| record.object == nth).count(), 1, "{}: {nth}", place.name);
        }
        assert_eq!(view_log::first_broken(&mut read).await.expect("followed"), None, "{}", place.name);
        drop(read);
        // Records without a commitment end where those with one begin: nobody passes off another viewer as one of them.
        let mut write = database.write().await.expect("its turn");
        let forged =
            "update view set viewer = 'somebody else', object = '', persons = '[]', salt = null, commitment = 'of before' where number = 5";
        sqlx::query(forged).execute(&mut *write).await.expect("forged");
        write.commit().await.expect("kept");
        let mut read = database.read().await.expect("a connection");
        assert_eq!(view_log::first_broken(&mut read).await.expect("followed"), Some(5), "{}", place.name);
    });
}

#[test]
fn an_end_that_was_cut_off_and_a_name_that_was_taken_out_by_nobody_are_told() {
    on_each(|place| async move {
        let database = place.open().await;
        staffed(&database).await;
        let running = Running::behind_a_proxy(database.clone()).await;
        let folder = tempfile::tempdir().expect("a folder");
        let files = Files { decisions: None, views: Some(folder.path().join("views.jsonl")) };
        let reader = caller(&database, "li.na").await;
        let change = async |statement: &str| {
            let mut write = database.write().await.expect("its turn");
            sqlx::query(statement).execute(&mut *write).await.expect("changed");
            write.commit().await.expect("kept");
        };
        let broken = async || {
            let mut read = database.read().await.expect("a connection");
            view_log::first_broken(&mut read).await.expect("followed")
        };
        let look = async |nth: usize| view_log::record(&database, &reader, &view(nth), MORNING).await.expect("recorded");
        for nth in 1..=5 {
            look(nth).await;
        }
        writers::step(&running.console, &files).await.expect("written");
        writers::step(&running.console, &files).await.expect("nothing is left");
        assert_eq!(broken().await, None, "{}", place.name);
        // As erasing does it, but nothing says that it was.
        change("update view set object = '', persons = '[]', salt = null where number = 2").await;
        assert_eq!(broken().await, Some(2), "{}", place.name);
        change("delete from view where number = 2").await;
        assert_eq!(broken().await, Some(2));
        change("delete from view where number < 3").await;
        let hash = "(select previous from view where number = 3)";
        change(&format!("insert into meta (name, value) values ('view_anchor', '2 ' || {hash})")).await;
        assert_eq!(broken().await, None, "by age alone");
        // The newest two are gone, and the next is written under their number: the chain by itself holds.
        change("delete from view where number > 3").await;
        change("update sequence set last = 3 where name = 'view'").await;
        look(6).await;
        assert_eq!(broken().await, None);
        let told = running.as_user("zhao", "GET", "/views", "").await.body;
        assert!(told.contains("Every record is there"), "{told}");
        writers::step(&running.console, &files).await.expect("written");
        assert_eq!(broken().await, Some(6), "{}: a record says that some are missing", place.name);
        writers::step(&running.console, &files).await.expect("written");
        let mut read = database.read().await.expect("a connection");
        let records = view_log::newest(&mut read, None, i64::MAX, 100).await.expect("read");
        drop(read);
        assert_eq!(records.iter().filter(|record| record.page == "missing").count(), 1, "once: {records:?}");
        let told = running.as_user("zhao", "GET", "/views", "").await.body;
        assert!(told.contains("broken at record 6") && told.contains("are missing"), "{told}");
        let text = std::fs::read_to_string(folder.path().join("views.jsonl")).expect("there");
        assert!(!text.contains("leakwarden.missing") && text.contains("\"E6\""), "what the service says of itself is no look: {text}");
    });
}
