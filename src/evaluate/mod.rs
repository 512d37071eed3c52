//! Measures detection on history: alerts against labelled incidents ([`score`]), against reference detectors ([`reference`]),
//! against an earlier run ([`compare`]), and against incidents added to a real log ([`inject`]).
//!
//! Nothing here runs in the live service.

pub mod compare;
pub mod inject;
pub mod labels;
pub mod leaks;
pub mod ledger;
pub mod reference;
pub mod score;
