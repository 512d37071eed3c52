//! What holds of the database, whichever it is.

use crate::common::databases::{Place, on_each};
use leakwarden::database::migration::{MIGRATIONS, Migration};
use leakwarden::database::{Database, Kind, Location};
use sqlx::{Executor, Row};
use std::path::Path;
use std::time::{Duration, Instant};

async fn count(database: &Database, sql: &str) -> i64 {
    let mut read = database.read().await.expect("a connection");
    sqlx::query(sql).fetch_one(&mut *read).await.expect("answered").get(0)
}

#[test]
fn a_schema_is_made_once_and_brought_forward_and_a_newer_one_is_refused() {
    on_each(|place| async move {
        place.open().await.close().await;
        let database = place.open().await;
        assert_eq!(count(&database, "select count(*) from schema_step").await, MIGRATIONS.len() as i64);
        database.close().await;
        let next = MIGRATIONS.len() as i64 + 1;
        let newer = Migration { number: next, name: "later", sql: "create table later (id bigint);\ninsert into later (id) values (7);\n" };
        let all: Vec<Migration> = MIGRATIONS.iter().copied().chain([newer]).collect();
        let database = Database::open_with(&place.location, &all).await.expect("brought forward");
        assert_eq!(count(&database, "select id from later").await, 7);
        database.close().await;
        let refused = Database::open(&place.location).await.expect_err("refused").to_string();
        assert!(refused.contains(&format!("step {next}")) && refused.contains("newer version"), "{refused}");
        // A step that was made otherwise than it is written down here.
        let other: Vec<Migration> = MIGRATIONS.iter().copied().chain([Migration { sql: "select 1;\n", ..newer }]).collect();
        let refused = Database::open_with(&place.location, &other).await.expect_err("refused").to_string();
        assert!(refused.contains("made otherwise"), "{refused}");
    });
}

#[test]
fn a_step_that_fails_leaves_nothing_of_itself() {
    on_each(|place| async move {
        let broken = Migration {
            number: MIGRATIONS.len() as i64 + 1,
            name: "broken",
            sql: "create table half (id bigint);\ninsert into nowhere values ('s3cret');\n",
        };
        let all: Vec<Migration> = MIGRATIONS.iter().copied().chain([broken]).collect();
        let told = Database::open_with(&place.location, &all).await.expect_err("it fails").to_string();
        assert!(told.contains(&format!("step {}", broken.number)) && !told.contains("s3cret"), "{told}");
        let database = place.open().await;
        let mut read = database.read().await.expect("a connection");
        assert!(read.execute("select * from half").await.is_err(), "{}: the table of a failed step is there", place.name);
    });
}

#[test]
fn several_that_start_at_once_make_one_schema() {
    on_each(|place| async move {
        let all = (0..4).map(|_| {
            let location = place.location.clone();
            tokio::spawn(async move { Database::open(&location).await })
        });
        for opened in all.collect::<Vec<_>>() {
            let database = opened.await.expect("no panic").unwrap_or_else(|error| panic!("{}: {error}", place.name));
            assert_eq!(count(&database, "select count(*) from schema_step").await, MIGRATIONS.len() as i64);
        }
    });
}

#[test]
fn writers_take_turns_and_numbers_have_no_gaps() {
    on_each(|place| async move {
        // Two processes, as far as the database can tell.
        let (one, other) = (place.open().await, place.open().await);
        let writers = (0..24).map(|nth| {
            let database = if nth % 2 == 0 { one.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut write = database.write().await.expect("its turn");
                let number = write.next("event").await.expect("a number");
                // Every third changes its mind, and its number is given again.
                if nth % 3 == 0 {
                    return None;
                }
                write.commit().await.expect("kept");
                Some(number)
            })
        });
        let mut numbers = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            numbers.extend(writer.await.expect("no panic"));
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=16).collect::<Vec<i64>>(), "{}", place.name);
    });
}

#[test]
fn what_is_not_committed_is_not_there_and_a_reader_waits_for_no_writer() {
    on_each(|place| async move {
        let database = place.open().await;
        let mut write = database.write().await.expect("its turn");
        write.next("event").await.expect("a number");
        assert_eq!(count(&database, "select count(*) from sequence").await, 0, "{}", place.name);
        drop(write);
        let mut write = database.write().await.expect("its turn");
        assert_eq!(write.next("event").await.expect("a number"), 1);
        write.commit().await.expect("kept");
        assert_eq!(count(&database, "select last from sequence where name = 'event'").await, 1);
    });
}

/// Sessions of other clients that work, wait or hold a transaction.
fn busy(place: &Place) -> Vec<String> {
    let sql = "select state || ': ' || left(query, 60) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and state <> 'idle'";
    place.column(&sql.replace('\n', " "))
}

/// Waits until a server's sessions are as they should be; returns how long that took.
async fn until(what: &str, place: &Place, holds: impl Fn(&[String]) -> bool) -> Duration {
    let since = Instant::now();
    loop {
        let sessions = busy(place);
        if holds(&sessions) {
            return since.elapsed();
        }
        assert!(since.elapsed() < Duration::from_secs(25), "{what}: {sessions:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn whoever_is_cut_off_keeps_no_session_of_the_server() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let Some(place) = Place::postgres() else { return };
    runtime.block_on(async {
        let (database, other) = (place.open().await, place.open().await);
        // In the middle of a statement: of itself the server would go on to its end.
        let reader = database.clone();
        let reading = tokio::spawn(async move {
            let mut read = reader.read().await.expect("a connection");
            sqlx::query("select pg_sleep(24)").execute(&mut *read).await.map(|_| ())
        });
        until("it reads", &place, |sessions| sessions.iter().any(|one| one.contains("pg_sleep"))).await;
        reading.abort();
        let read = until("a reader that was cut off is gone", &place, <[String]>::is_empty).await;
        // While it waits for its turn, behind a writer of another process.
        let held = other.write().await.expect("its turn");
        let writer = database.clone();
        let writing = tokio::spawn(async move { writer.write().await.map(|_| ()) });
        until("it waits", &place, |sessions| sessions.iter().any(|one| one.contains("pg_advisory_xact_lock"))).await;
        writing.abort();
        let waited = until("a writer that was cut off is gone", &place, |sessions| !sessions.iter().any(|one| one.starts_with("active")));
        let waited = waited.await;
        held.commit().await.expect("kept");
        // In the middle of what it writes: nothing is held by it, and nothing of it is there.
        let writer = database.clone();
        let writing = tokio::spawn(async move {
            let mut write = writer.write().await.expect("its turn");
            sqlx::query("insert into meta (name, value) values ('cut', 'off')").execute(&mut *write).await.expect("written");
            sqlx::query("select pg_sleep(24)").execute(&mut *write).await.map(|_| ())
        });
        until("it writes", &place, |sessions| sessions.iter().any(|one| one.contains("pg_sleep"))).await;
        writing.abort();
        let wrote = until("a writer that was cut off is gone", &place, <[String]>::is_empty).await;
        for took in [read, waited, wrote] {
            assert!(took < Duration::from_secs(9), "{read:?} {waited:?} {wrote:?}: statements may take 30 s, and locks 10");
        }
        // Everybody else goes on.
        database.write().await.expect("its turn").commit().await.expect("kept");
        assert_eq!(count(&database, "select count(*) from meta where name = 'cut'").await, 0);
        eprintln!("gone after {read:?}, {waited:?} and {wrote:?}");
    });
}

#[test]
fn errors_carry_no_values() {
    on_each(|place| async move {
        let database = place.open().await;
        let mut write = database.write().await.expect("its turn");
        let insert = "insert into meta (name, value) values ($1, $2)";
        sqlx::query(insert).bind("E1003-secret").bind("1").execute(&mut *write).await.expect("kept");
        let error = sqlx::query(insert).bind("E1003-secret").bind("1").execute(&mut *write).await.expect_err("it is there");
        let error = leakwarden::database::DatabaseError::from(error);
        assert!(error.is_conflict() && !error.to_string().contains("E1003"), "{error}");
        let error = sqlx::query("select cast($1 as bigint) from meta").bind("E1003-secret").fetch_one(&mut *write).await;
        let told = error.err().map_or_else(String::new, |error| leakwarden::database::DatabaseError::from(error).to_string());
        assert!(!told.contains("E1003"), "{told}");
    });
}

#[test]
fn a_wrong_password_is_told_without_it() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let Some(place) = Place::postgres() else { return };
    let wrong = place.location.clone().with_password(Some("gu3ssed".to_owned()));
    let told = runtime.block_on(Database::open(&wrong)).expect_err("refused").to_string();
    assert!(told.contains("password is not accepted") && !told.contains("gu3ssed"), "{told}");
    let nowhere = Location::parse("postgres://me@127.0.0.1:1/desk", Path::new("")).expect("an address");
    let told = runtime.block_on(Database::open(&nowhere)).expect_err("nobody is there");
    assert!(told.is_retryable() && nowhere.kind() == Kind::Postgres, "{told}");
}

#[test]
fn a_file_of_somebody_else_is_no_database() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "not a database, and longer than the head of one would be: ".repeat(40)).expect("written");
    let told = runtime.block_on(Database::open(&Location::sqlite(&file))).expect_err("refused").to_string();
    assert!(told.contains("no SQLite database"), "{told}");
    let fresh = folder.path().join("deep/desk.sqlite");
    runtime.block_on(Database::open(&Location::sqlite(&fresh))).expect("made");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&fresh).expect("there").permissions());
    assert_eq!(mode & 0o007, 0, "others read it");
}
