//! A table in a PostgreSQL of one's own: a row for each event, inserted and never changed, and a view of the last one of each case.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::secret::Secret;
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError, words};
use crate::settings::{Entry, Section, SettingsTable, settings};
use sqlx::postgres::{PgConnectOptions, PgConnection, PgSslMode};
use sqlx::{Connection, Executor};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;
use tokio::runtime::Handle;

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "postgresql", doc: PostgresqlKeys::DOC, keys: PostgresqlKeys::KEYS, parse };

settings! {
    /// A table in a PostgreSQL: a row for each event, by (case_id, revision), never changed; the view `…_heads` shows the last of each case.
    pub struct PostgresqlKeys {
        /// File with the address, `postgres://USER:PASSWORD@HOST/DATABASE`, which is a secret.
        url_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        url_env: Option<String> = None => RESTART;
        /// The table, with its schema where it has one.
        table: String = "leakwarden_cases".to_owned() => RESTART;
        /// Makes table and view where they are missing; a role that may only insert does without.
        create: bool = true => RESTART;
    }
}

#[derive(Debug)]
struct Configured {
    keys: PostgresqlKeys,
    url: Secret,
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = PostgresqlKeys::read(section)?;
    let is_name = |name: &str| {
        name.len() <= 50
            && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    if keys.table.split('.').count() > 2 || !keys.table.split('.').all(is_name) {
        section.wrong(
            "table",
            "must be a name of small letters, digits and _, or two with a full stop between",
            format!("{:?}", keys.table),
        );
    }
    let url = Secret::of(section, "url", keys.url_file.clone(), keys.url_env.clone())?;
    Some(Box::new(Configured { keys, url }))
}

impl NotifierConfig for Configured {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        self.keys.entries()
    }

    fn describe(&self) -> String {
        format!("to the table {} of a PostgreSQL (address: {:?})", self.keys.table, self.url)
    }

    fn pace(&self) -> Pace {
        Pace { gather: 200, journal: true, ..Pace::default() }
    }

    fn check(&self) -> Result<(), String> {
        options(&self.url).map(drop)
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        Ok(Box::new(Table {
            url: self.url.clone(),
            table: self.keys.table.clone(),
            create: self.keys.create,
            runtime: common.runtime.clone(),
            timeout: common.timeout,
        }))
    }
}

/// The address as the client wants it: a server elsewhere proves who it is, unless the address says otherwise.
fn options(url: &Secret) -> Result<PgConnectOptions, String> {
    let address = url.read()?;
    let is_ours = address.starts_with("postgres://") || address.starts_with("postgresql://");
    let options = PgConnectOptions::from_str(&address).ok().filter(|_| is_ours);
    let options = options.ok_or_else(|| format!("the address ({url:?}) must be postgres://USER:PASSWORD@HOST/DATABASE"))?;
    let is_near = ["localhost", "127.0.0.1", "::1"].contains(&options.get_host())
        || options.get_host().starts_with('/')
        || options.get_socket().is_some();
    let says = address.contains("sslmode=");
    Ok(if says || is_near { options } else { options.ssl_mode(PgSslMode::VerifyFull) })
}

struct Table {
    url: Secret,
    table: String,
    create: bool,
    runtime: Handle,
    timeout: Duration,
}

/// The columns, in the order of [`Table::insert`].
const COLUMNS: &str = "case_id, revision, event, at, severity, score, typologies, alerts, persons, persons_figure, accesses, settled, \
                       first_access, last_access, concerns, unit, contact, link";

impl Notifier for Table {
    fn send(&mut self, messages: &[Message], _: Timestamp) -> Result<String, SendError> {
        let work = async {
            let mut connection = self.connected().await?;
            let mut transaction = connection.begin().await.map_err(|error| failed(&error))?;
            let mut new = 0;
            for message in messages {
                new += self.insert(&mut transaction, message).await?;
            }
            transaction.commit().await.map_err(|error| failed(&error))?;
            // It is committed; how it is left matters no more.
            let _ = connection.close().await;
            Ok(format!("{new} of {} rows are new", messages.len()))
        };
        self.within(work)
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        let work = async {
            let mut connection = self.connected().await?;
            let columns = format!("select {COLUMNS} from {} limit 0", self.table);
            connection.execute(columns.as_str()).await.map_err(|error| failed(&error))?;
            Ok("the table is there".to_owned())
        };
        self.within(work)
    }
}

impl Table {
    fn within(&self, work: impl Future<Output = Result<String, SendError>>) -> Result<String, SendError> {
        let timeout = self.timeout;
        self.runtime.block_on(async {
            tokio::time::timeout(timeout, work).await.unwrap_or_else(|_| Err(SendError::transient("it did not answer in time")))
        })
    }

    async fn connected(&self) -> Result<PgConnection, SendError> {
        let options = options(&self.url).map_err(SendError::transient)?.application_name("leakwarden");
        let mut connection = PgConnection::connect_with(&options).await.map_err(|error| failed(&error))?;
        if self.create {
            let there = sqlx::query("select 1 where to_regclass($1) is not null").bind(&self.table).fetch_optional(&mut connection).await;
            if there.map_err(|error| failed(&error))?.is_none() {
                for statement in schema(&self.table) {
                    connection.execute(statement.as_str()).await.map_err(|error| failed(&error))?;
                }
            }
        }
        Ok(connection)
    }

    /// Inserts a row; what is there already stays as it is.
    async fn insert(&self, connection: &mut PgConnection, message: &Message) -> Result<u64, SendError> {
        let event = &message.event;
        let statement = format!(
            "insert into {} ({COLUMNS}) values ($1, $2, $3, to_timestamp($4::float8 / 1000), $5, $6, $7, $8, $9, $10, $11, $12, \
             $13::text::timestamptz, $14::text::timestamptz, $15, $16, $17, $18) on conflict do nothing",
            self.table
        );
        let typologies: Vec<String> = event.typologies.iter().map(|typology| typology.name().to_owned()).collect();
        let figure = event.persons.figure().and_then(|figure| i64::try_from(figure).ok());
        let done = sqlx::query(&statement)
            .bind(&event.case)
            .bind(i64::from(event.number))
            .bind(event.what.name())
            .bind(event.at as f64)
            .bind(event.severity.name())
            .bind(event.score)
            .bind(typologies)
            .bind(i64::from(event.alerts))
            .bind(event.persons.to_string())
            .bind(figure)
            .bind(i64::try_from(event.accesses).unwrap_or(i64::MAX))
            .bind(event.settled)
            .bind(&event.since)
            .bind(&event.last)
            .bind(event.whom.as_deref().map(words::name))
            .bind(event.unit.as_deref().map(words::name))
            .bind(message.contact.as_deref().map(|contact| contact.replace('\0', "")))
            .bind(message.link.as_deref())
            .execute(connection)
            .await;
        done.map(|done| done.rows_affected()).map_err(|error| failed(&error))
    }
}

/// What makes table and view. `docs/operate/notifications.md` shows it for those who make them themselves.
pub fn schema(table: &str) -> [String; 2] {
    [
        format!(
            "create table if not exists {table} (\n  case_id text not null,\n  revision bigint not null,\n  event text not null,\n  \
             at timestamptz not null,\n  severity text not null,\n  score double precision not null,\n  typologies text[] not null,\n  \
             alerts bigint not null,\n  persons text not null,\n  persons_figure bigint,\n  accesses bigint not null,\n  \
             settled boolean not null,\n  first_access timestamptz not null,\n  last_access timestamptz not null,\n  concerns text,\n  \
             unit text,\n  contact text,\n  link text,\n  primary key (case_id, revision)\n)"
        ),
        format!("create or replace view {table}_heads as\n  select distinct on (case_id) * from {table} order by case_id, revision desc"),
    ]
}

/// Never what the server says: it repeats values.
fn failed(error: &sqlx::Error) -> SendError {
    match error {
        sqlx::Error::Database(database) => {
            let code = database.code().unwrap_or_default().into_owned();
            // Connections, resources, an operator's doing, conflicts; and who is not let in, which somebody mends elsewhere.
            let passing = ["08", "53", "57", "40", "55", "28", "3D"].iter().any(|class| code.starts_with(class));
            let missing = if code == "42P01" { ": there is no such table" } else { "" };
            let message = format!("it refused with code {code}{missing}");
            if passing { SendError::transient(message) } else { SendError::lasting(message) }
        }
        sqlx::Error::Io(error) => SendError::transient(format!("the connection failed: {}", error.kind())),
        sqlx::Error::Tls(_) => SendError::transient("its certificate is not trusted, or it speaks no TLS"),
        _ => SendError::transient("the connection failed"),
    }
}
