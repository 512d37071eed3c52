//! Configuration: the settings ([`schema`]) are parsed, checked against each other ([`validate`]), and the files that they
//! name are loaded ([`load`]); what exists after loading is valid. Which changes need a restart stands in [`reload_policy`].

pub mod cluster;
mod formats;
pub mod load;
pub mod reload_policy;
pub mod schema;
mod section;
pub mod validate;
