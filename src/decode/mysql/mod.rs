//! MySQL and its relatives: MariaDB's `server_audit`, MySQL Enterprise Audit, Percona's audit plugins,
//! Trellix' plugin, Azure's servers.
//!
//! One file a format. What they share: [`status`] (what an error code tells of the end), [`text`] (what stands in a statement,
//! and whether all of it does), [`act`] (what a statement does), [`statement`] (how all that becomes a record).

mod assembler;
mod audit_json;
mod azure;
mod mariadb;
mod mariadb_connection;
mod mariadb_line;
mod operation;
mod percona;
mod percona_csv;
mod percona_json;
mod percona_xml;
mod session;
mod statement;
mod status;
mod text;
mod time;
mod trellix;

pub use audit_json::FORMAT as AUDIT_JSON;
pub use azure::FORMAT as AZURE;
pub use mariadb::FORMAT as MARIADB;
pub use percona_csv::FORMAT as PERCONA_CSV;
pub use percona_json::FORMAT as PERCONA_JSON;
pub use percona_xml::FORMAT as PERCONA_XML;
pub use trellix::FORMAT as TRELLIX;
