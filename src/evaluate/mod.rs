//! Measures detection on history: alerts against labelled incidents ([`score`]) and against reference detectors ([`mod@reference`]),
//! two configurations against each other ([`compare`]), synthetic insiders in a real log ([`inject`]), and how many people one may take
//! without an alert ([`quota`]).
//!
//! Nothing here runs in the live service.

pub mod calibrate;
pub mod compare;
pub mod inject;
pub mod labels;
pub mod latest_alerts;
pub mod leaks;
pub mod quota;
pub mod reference;
pub mod score;
