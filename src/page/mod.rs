//! Pictures, parts of pages and the report: pure functions from alerts and dossiers to markup, for page, print and file alike.
//!
//! Every picture has a title, a description and a table of its numbers; colour never speaks alone. No part has script or an inline handler;
//! all style is [`STYLE`]. Texts are messages of [`words`], so that one that is missing in a language does not compile; what a log says
//! passes [`names`].

pub mod chart;
pub mod coverage;
pub mod names;
mod parts;
pub mod report;
pub mod view;
pub mod words;

pub use parts::{alert, brief, case, legend};
pub use view::{AlertView, CaseView, Look};
pub use words::Lang;

/// The style of all parts: pages serve it as a file, reports hold it.
pub const STYLE: &str = include_str!("style.css");

#[cfg(test)]
mod tests;

#[cfg(test)]
mod samples;
