//! PostgreSQL server logs: pgaudit, auto_explain and plain statement lines, whatever carries them.
//!
//! A carrier ([`jsonlog`]; others follow) turns its bytes into [`line::Line`]s. From there on one [`session::Sessions`]
//! assembles the lines of each session into records: a statement counts once, however many lines speak of it.

mod assemble;
mod auto_explain;
mod command;
mod failure;
mod held;
mod jsonlog;
mod line;
mod names;
mod pgaudit;
mod plain;
mod session;
mod time;

pub use jsonlog::JSONLOG;
