//! All tests that need nothing but the crate and its program, in one binary: a binary of its own for each would link the
//! whole crate again. `cargo test --test suite order::` runs one module; `tests/README.md` says what each costs.

#[path = "../common/mod.rs"]
mod common;

mod calibrate;
mod carriers;
mod cases;
mod check;
mod circles;
mod compare;
mod configuration;
mod corpus;
mod cost_of_a_record;
mod coverage;
mod decisions;
mod decode_cli;
mod detectors;
mod docs;
mod end_user;
mod example_programs;
mod examples;
mod fates;
mod follow_ups;
mod global_stage;
mod hostile;
mod hostile_statements;
mod house;
mod http;
mod identity;
mod inject;
mod labels;
mod late_feeds;
mod limits;
mod mariadb_score;
mod memory;
mod notice_given;
mod on_behalf_of;
mod one_row_many_people;
mod one_service;
mod operate;
mod order;
mod postgresql_carriers;
mod postgresql_matrix;
mod postgresql_score;
mod postgresql_shapes;
mod privacy;
mod redrive;
mod reload;
mod report;
mod rows_and_people;
mod samples;
mod score;
mod server_shapes;
mod shippers;
mod small_houses;
mod source_gaps;
mod stand_ins;
mod statement_cost;
mod statement_growth;
mod statute;
mod tool_statements;
mod truth;
#[expect(clippy::disallowed_methods, reason = "files are made to look old, and the end of a service is timed")]
mod weekly;
mod windows;
mod written_files;
