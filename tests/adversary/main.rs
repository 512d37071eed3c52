//! Ways out of the monitor, one file each, with the honest twin beside it: the same act done openly. The rule is that *whoever goes around
//! the monitor is louder than whoever walks through it*: the hidden way is caught no later, and ranked no lower, than the open one.
//!
//! A way is told with [`company`]: a bank with 63 days of honest history, in which somebody does something on [`company::TODAY`].
//! `cargo test --test adversary NAME` tries one.

#[path = "../common/mod.rs"]
mod common;

mod company;

mod flood_of_volume;
mod late_export;
mod rows_left_out;
mod shown_for_a_trifle;
mod times_of_the_future;
