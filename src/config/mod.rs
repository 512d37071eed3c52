//! Configuration: its tables are declared ([`schema`]), parsed ([`parse`]) and checked against each other ([`validate`]), and the
//! files that they name are loaded ([`load`]); what exists after loading is valid. Which changes need a restart
//! ([`reload_policy`]), what the hash of results depends on ([`results`]), the documentation and the JSON Schema ([`reference`])
//! follow from the declarations.

pub mod choice;
pub mod cluster;
pub mod custom_format;
pub mod exposure;
pub mod inventory;
pub mod json_schema;
pub mod load;
pub mod parse;
pub mod reference;
pub mod reload_policy;
pub mod results;
pub mod schema;
pub mod source;
pub mod validate;
