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
mod a_claim_from_elsewhere;
mod a_colleague_for_each_piece;
mod a_copy_and_then_the_copy;
mod a_copy_in_one_log;
mod a_failed_export;
mod a_forged_head;
mod a_function_that_reads;
mod a_leaver;
mod a_leaver_in_a_flood;
mod a_little_before_the_lot;
mod a_log_in_an_envelope;
mod a_login_for_each_piece;
mod a_login_in_other_letters;
mod a_login_nobody_knows;
mod a_name_to_be_mistaken;
mod a_newcomer;
mod a_number_for_a_login;
mod a_purpose_that_does_not_exist;
mod a_purpose_without_end;
mod a_reason_of_somebody_else;
mod a_record_cut_off;
mod a_record_without_a_time;
mod a_service_account;
mod a_statement_of_megabytes;
mod a_table_name_without_end;
mod a_time_in_another_zone;
mod a_time_long_ago;
mod a_view_of_the_table;
mod an_error_at_the_end;
mod an_id_that_came_before;
mod another_operation;
mod another_server;
mod at_night;
mod both_sides_of_midnight;
mod broken_lines_that_name;
mod characters_that_end_texts;
mod claimed_person;
mod claims_for_each_piece;
mod confusable_login;
mod errors_that_show_values;
mod exports_over_the_day;
mod fetched_in_portions;
mod fields_that_stand_twice;
mod flood_of_volume;
mod framed_by_claims;
mod framed_by_unknown_logins;
mod framed_from_one_computer;
mod from_a_new_device;
mod groups_of_one;
mod grown_into;
mod halves_in_two_formats;
mod heads_of_lines_in_names;
mod keys_that_nobody_counts;
mod late_export;
mod longer_than_a_record;
mod many_small_exports;
mod off_auditing_first;
mod off_auditing_of_mysql;
mod off_auditing_of_oracle;
mod off_auditing_of_postgresql;
mod off_auditing_of_sql_server;
mod one_by_one_by_a_program;
mod one_subject_of_many;
mod other_spellings;
mod out_by_copy;
mod packed_in_one_row;
mod pages_of_a_list;
mod parts_that_a_session_shows;
mod questions_of_yes_and_no;
mod ranges_of_keys;
mod rows_left_out;
mod rows_of_a_write;
mod rows_that_are_no_number;
mod segments_that_nobody_counts;
mod shown_for_a_trifle;
mod statistics_of_the_server;
mod the_own_ticket_for_others;
mod times_of_the_future;
mod two_logins;
mod two_tables;
