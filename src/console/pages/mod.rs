//! One file per page.

pub mod alert;
pub mod case;
pub mod case_forms;
pub mod coverage;
pub mod deliveries;
pub mod explanations;
pub mod holds;
pub mod identities;
pub mod person;
pub mod proposal;
pub mod quality;
pub mod reading;
pub mod sign_in;
pub mod silences;
pub mod single_sign_on;
pub mod today;
pub mod unmaskings;
pub mod views;
