//! Measures detection on history: alerts against labelled incidents ([`score`]) and against reference detectors ([`mod@reference`]),
//! two configurations against each other ([`compare`]), and synthetic insiders in a real log ([`inject`]).
//!
//! Nothing here runs in the live service.

pub mod compare;
pub mod inject;
pub mod labels;
pub mod latest_alerts;
pub mod leaks;
pub mod reference;
pub mod score;
