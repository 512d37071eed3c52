//! What is kept of one employee: sliding windows, distinct people, closed days, the statutory counter, the trail of evidence.

mod counts;
pub mod seen;
