//! PostgreSQL server logs with pgaudit inside.

mod jsonlog;

pub use jsonlog::JSONLOG;
