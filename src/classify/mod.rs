//! A record becomes an access: whose it is, what kinds it touched, how many people it disclosed.

pub mod by_name;
pub mod catalog;
pub mod catalog_entry;
pub mod classifier;
mod closing;
mod content;
pub mod counting;
pub mod derivation;
pub mod directory;
pub mod duty;
pub mod employee;
pub mod end_user;
pub mod explanations;
pub mod id_sequence;
pub mod indicators;
pub mod letters;
pub mod logins;
pub mod names;
pub mod notice;
pub mod reason_times;
pub mod references;
pub mod resembling;
pub mod reviewed;
pub mod subjects;
pub mod table_file;
pub mod views;
