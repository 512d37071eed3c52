//! PostgreSQL server logs: pgaudit, auto_explain and plain statement lines, whatever carries them.
//!
//! A carrier ([`jsonlog`]; others follow) turns its bytes into [`line::Line`]s. From there on one [`session::Sessions`]
//! assembles the lines of each session into records: a statement counts once, however many lines speak of it.

mod assemble;
mod audit_file;
mod auto_explain;
mod azure;
mod backend;
mod cloudsql;
mod columns;
mod command;
mod csvlog;
mod csvlog_json;
mod dump;
mod english;
mod failure;
mod forging;
mod group;
mod jsonlog;
mod line;
mod names;
mod pending;
mod pgaudit;
mod plain;
mod prefix;
mod prefixes;
mod reader;
mod recent;
pub(in crate::decode) mod relayed;
mod session;
mod state;
mod stderr;
mod syslog;
mod time;
mod words;

pub use azure::AZURE;
pub use cloudsql::CLOUDSQL;
pub use csvlog::CSVLOG;
pub use forging::safe_prefix;
pub use jsonlog::JSONLOG;
pub use stderr::STDERR;
