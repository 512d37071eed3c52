//! Ways out of the monitor, one file each, with the honest twin beside it: the same act done openly. The rule is that *whoever goes around
//! the monitor is louder than whoever walks through it*: the hidden way is caught no later, and ranked no lower, than the open one.
//!
//! A way is told with [`company`]: a bank with 63 days of honest history, in which somebody does something on [`company::TODAY`].
//! `cargo test --test adversary NAME` tries one.

#[path = "../common/mod.rs"]
mod common;

mod company;

mod a_backup_of_the_table;
mod a_campaign_for_a_hundred;
mod a_copy_and_then_the_copy;
mod a_failed_export;
mod a_leaver;
mod a_login_nobody_knows;
mod a_purpose_that_does_not_exist;
mod a_service_account;
mod another_operation;
mod both_sides_of_midnight;
mod broken_lines_that_name;
mod claimed_person;
mod confusable_login;
mod exports_over_the_day;
mod fetched_in_portions;
mod flood_of_volume;
mod framed_by_claims;
mod framed_from_one_computer;
mod grown_into;
mod heads_of_lines_in_names;
mod late_export;
mod longer_than_a_record;
mod many_small_exports;
mod off_auditing_first;
mod one_by_one_by_a_program;
mod one_subject_of_many;
mod other_spellings;
mod out_by_copy;
mod packed_in_one_row;
mod pages_of_a_list;
mod ranges_of_keys;
mod rows_left_out;
mod rows_of_a_write;
mod shown_for_a_trifle;
mod the_own_ticket_for_others;
mod times_of_the_future;
mod two_logins;
mod two_tables;
