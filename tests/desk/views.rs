//! What is shown to many at once is written down, each page of it, before it is shown.

use crate::common::databases::on_each;
use crate::company::{MORNING, caller, staffed};
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
