//! `check`: validates everything the service would load, and says what it means.

use crate::cli::Failure;
use leakwarden::config::load;
use std::path::PathBuf;

/// Validate a configuration and everything it names, and say in words what the service would do with it.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file
    #[arg(long)]
    config: PathBuf,
}

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let config = load::read_config(&options.config)?;
    let _context = load::load(&config)?;
    Ok(())
}
