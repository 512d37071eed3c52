//! placeholder
use crate::cli::Failure;

/// Watch it work
#[derive(clap::Args)]
pub struct Options {}

pub fn run(_options: &Options) -> Result<(), Failure> {
    Ok(())
}
