//! Self-calibration: what the findings of each typology are worth in this organisation, learnt by planting insiders into its own log.
//!
//! A first pass over the log learns how everybody works and which cases come about by themselves; [`plants`] chooses many insiders of every
//! typology and strength, who act in the second half of the log in a few more passes. [`traces`] keeps by what features each case was
//! judged, day by day; [`mod@learn`] fits the weights ([`mod@fit`]) and says, by schemes that were held out, what they change in the
//! [`queue`] ([`effect`]). Natural cases are innocent as far as anybody knows, unless a verdict says otherwise. [`pooled`] makes the weights that ship, from
//! simulated companies.

pub mod effect;
pub mod evidence;
pub mod fit;
pub mod gather;
pub mod learn;
mod placing;
pub mod plants;
pub mod pooled;
pub mod queue;
mod symmetric;
pub mod traces;
