//! The console: where people read alerts and decide about cases, in the browser and over the API. Server-made pages that need no script;
//! its own address.
//!
//! Three rules are held by types rather than by care: a route stands in the table of [`routes`] with its policy or does not exist; a handler
//! answers with what it showed of whom ([`answer::Answer`]), and the page is sent after that record is committed, else 503; whoever may not
//! see a case is answered as if it were not there.
//!
//! Texts of pages are messages of [`words`], in English and Chinese: one that is missing in a language does not compile.

pub mod answer;
pub mod api;
pub mod dispatch;
pub mod form;
pub mod html;
pub mod in_its_page;
pub mod oidc;
pub mod pages;
pub mod reader;
pub mod refused;
pub mod routes;
pub mod session_ended;
pub mod settings;
pub mod state;
pub mod words;
pub mod writers;

pub use state::{Console, SharedPeople};
