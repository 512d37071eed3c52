//! A record becomes an access: whose it is, what kinds it touched, how many people it disclosed.

pub mod catalog;
pub mod counting;
