//! What is kept of one employee: sliding windows, distinct people, closed days, the statutory counter, the trail of evidence.

pub mod baseline;
mod counts;
pub mod history;
pub mod measure;
pub mod seen;
pub mod window;
