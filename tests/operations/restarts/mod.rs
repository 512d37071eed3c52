//! What must stand after a restart as it stood before.

mod another_host;
mod bank;
mod history_first;
mod numbers_of_what_is_shown;
mod open_alerts;
mod shown_no_more;
mod stopped_at_once;
mod taken_back_after_a_stop;
