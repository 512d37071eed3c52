//! The database of cases and notifications: one schema and one SQL for SQLite, which needs nothing installed, and PostgreSQL, for several
//! consoles.
//!
//! Statements are written once: `$1` placeholders, times as `BIGINT` milliseconds, JSON as `TEXT`, flags as 0 and 1, `cast(… as bigint)`
//! around sums. Whoever writes holds the database's only place for writers ([`Database::write`]) on both, so that what is read
//! within it stays as it was read; readers are never held up. Errors carry no value and no secret.

pub mod error;
pub mod location;
pub mod migration;

pub use error::DatabaseError;
pub use location::{Kind, Location};

use crate::failpoint::{COMMIT, hit};
use crate::private_file::{self, Readers};
use sqlx::any::{AnyConnectOptions, AnyPoolOptions};
use sqlx::pool::PoolConnection;
use sqlx::{Any, AnyConnection, AnyPool, ConnectOptions, Connection, Executor, Row, Transaction};
use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::{Arc, Once};
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Connections at once: pages are short, and one of them writes.
const CONNECTIONS: u32 = 8;
/// How long a connection, or the place for writers, is waited for.
const WAIT: Duration = Duration::from_secs(10);
/// How long the rest of a statement is waited for whose reader was cut off, before its connection is given up.
const FINISHED: Duration = Duration::from_secs(2);
/// The lock that makes one writer of all processes at a PostgreSQL: a number of ours.
const WRITER: i64 = 0x6c65_616b_7761;
/// What every connection to SQLite begins with. A commit is on disk when it returns; what is taken out is overwritten.
const SQLITE: &[&str] = &[
    "pragma journal_mode = wal",
    "pragma synchronous = full",
    "pragma foreign_keys = on",
    "pragma busy_timeout = 10000",
    "pragma secure_delete = on",
];
/// The same of PostgreSQL: nobody keeps the writers' place who has stopped working.
const POSTGRES: &[&str] = &[
    "set synchronous_commit = on",
    "set lock_timeout = '10s'",
    "set statement_timeout = '30s'",
    "set idle_in_transaction_session_timeout = '30s'",
    "set client_min_messages = warning",
    // A statement whose reader has gone ends with it: of itself a server notices that only when it answers. Servers before 14, and some
    // systems, cannot look.
    "do $$ begin perform set_config('client_connection_check_interval', '1s', false); exception when others then null; end $$",
];

/// An open database with a schema of this version.
#[derive(Clone)]
pub struct Database {
    pool: AnyPool,
    kind: Kind,
    writer: Arc<Mutex<()>>,
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Database {
    /// Connects, makes what is missing, and brings an older schema forward. A newer one is refused.
    pub async fn open(at: &Location) -> Result<Database, DatabaseError> {
        Database::open_with(at, migration::MIGRATIONS).await
    }

    /// The same with these migrations.
    pub async fn open_with(at: &Location, migrations: &[migration::Migration]) -> Result<Database, DatabaseError> {
        static DRIVERS: Once = Once::new();
        DRIVERS.call_once(sqlx::any::install_default_drivers);
        let kind = at.kind();
        if let Some(file) = at.file() {
            let made = file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(Ok(()), private_file::folder);
            // Its journal takes over who may read it.
            made.and_then(|()| private_file::append(file, Readers::Group)).map_err(|error| DatabaseError::file(file, &error))?;
        }
        let options = AnyConnectOptions::from_str(&at.connection()).map_err(|error| DatabaseError::of("connect", &error))?;
        let setting: &'static [&'static str] = match kind {
            Kind::Sqlite => SQLITE,
            Kind::Postgres => POSTGRES,
        };
        let options = options.disable_statement_logging();
        // The pool would try again for as long as it waits, and forget why.
        let mut first = options.connect().await.map_err(|error| DatabaseError::of("connect", &error))?;
        for statement in setting {
            first.execute(*statement).await.map_err(|error| DatabaseError::of("connect", &error))?;
        }
        first.close().await.map_err(|error| DatabaseError::of("connect", &error))?;
        // A server may have gone away since; a file has not, and each reader would pay for asking.
        let asks = kind == Kind::Postgres;
        let pool = AnyPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(WAIT).test_before_acquire(asks).after_connect(
            move |connection, _| {
                Box::pin(async move {
                    for statement in setting {
                        connection.execute(*statement).await?;
                    }
                    Ok(())
                })
            },
        );
        // Whoever is cut off in the middle of a statement leaves a connection that waits for its end: as long as statements and locks may
        // take, and in the place of somebody else.
        let pool = pool.after_release(move |connection, _| {
            Box::pin(async move {
                if asks && tokio::time::timeout(FINISHED, connection.ping()).await.is_err() {
                    return Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
                }
                Ok(true)
            })
        });
        let pool = pool.connect_with(options).await;
        let pool = pool.map_err(|error| DatabaseError::of("connect", &error))?;
        let database = Database { pool, kind, writer: Arc::default() };
        migration::migrate(&database, migrations).await?;
        Ok(database)
    }

    /// Which of the two it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A connection to read by.
    pub async fn read(&self) -> Result<PoolConnection<Any>, DatabaseError> {
        self.pool.acquire().await.map_err(|error| DatabaseError::of("read", &error))
    }

    /// A transaction to write by: the only one until it is committed or dropped, which undoes it. Whoever is dropped while it begins leaves
    /// nothing behind: a connection that nobody knows to be in a transaction would keep all others from writing.
    pub async fn write(&self) -> Result<Write, DatabaseError> {
        let place = tokio::time::timeout(WAIT, self.writer.clone().lock_owned()).await;
        let place = place.map_err(|_| DatabaseError::busy("write"))?;
        let (pool, kind) = (self.pool.clone(), self.kind);
        // Dropped with whoever waits here.
        let (waits, mut gone) = tokio::sync::oneshot::channel::<()>();
        let begun = tokio::spawn(async move {
            let begin = match kind {
                Kind::Sqlite => "begin immediate",
                Kind::Postgres => "begin",
            };
            let mut transaction = pool.begin_with(begin).await.map_err(|error| DatabaseError::of("write", &error))?;
            if kind == Kind::Postgres {
                let lock = sqlx::query("select pg_advisory_xact_lock($1)").bind(WRITER);
                // The transaction is known by now: dropped, it is undone.
                tokio::select! {
                    locked = lock.execute(&mut *transaction) => locked.map(|_| ()).map_err(|error| DatabaseError::of("write", &error))?,
                    _ = &mut gone => return Err(DatabaseError::busy("write")),
                }
            }
            Ok(Write { transaction, place })
        });
        let begun = begun.await.unwrap_or_else(|_| Err(DatabaseError::plain("write", "the program is ending", true)));
        drop(waits);
        begun
    }

    /// Closes every connection.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

/// A transaction of the only writer.
pub struct Write {
    transaction: Transaction<'static, Any>,
    place: OwnedMutexGuard<()>,
}

impl Write {
    /// Makes it last: once this returns, it is on disk. Whoever is dropped meanwhile does not stop it.
    pub async fn commit(self) -> Result<(), DatabaseError> {
        let Write { transaction, place } = self;
        let done = tokio::spawn(async move {
            hit(COMMIT[0]);
            let done = transaction.commit().await.map_err(|error| DatabaseError::of("commit", &error));
            hit(COMMIT[1]);
            drop(place);
            done
        });
        done.await.unwrap_or_else(|_| Err(DatabaseError::plain("commit", "the program is ending", true)))
    }

    /// The next number of a sequence without gaps, from 1: of what is committed none is missing.
    pub async fn next(&mut self, sequence: &str) -> Result<i64, DatabaseError> {
        self.take(sequence, 1).await
    }

    /// The first of so many next numbers, all of which must be used.
    pub async fn take(&mut self, sequence: &str, count: i64) -> Result<i64, DatabaseError> {
        let counted = "insert into sequence (name, last) values ($1, $2)
            on conflict (name) do update set last = sequence.last + excluded.last returning last";
        let row = sqlx::query(counted).bind(sequence).bind(count).fetch_one(&mut **self).await;
        let last: i64 = row.and_then(|row| row.try_get(0)).map_err(|error| DatabaseError::of("count", &error))?;
        Ok(last - count + 1)
    }
}

impl Deref for Write {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}
