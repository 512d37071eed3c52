//! Where people work: the database of cases and what is kept there, on SQLite and on a real PostgreSQL; the console over HTTP.

#![allow(clippy::disallowed_methods, reason = "it waits for servers and processes, and not for ever")]

#[path = "../common/mod.rs"]
mod common;

mod api;
mod browsing;
mod cases;
mod commands;
mod company;
mod console;
mod crashes;
mod database;
mod load;
mod machine;
mod matrix;
mod oidc;
mod pages;
mod pseudonyms;
mod reader;
mod refusals;
mod requests;
mod retention;
mod reviewers;
mod service;
mod silences;
mod unmasking;
mod views;
