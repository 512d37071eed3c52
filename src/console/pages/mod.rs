//! The pages, a file each.

pub mod alert;
pub mod case;
pub mod sign_in;
pub mod silences;
pub mod today;
pub mod views;
