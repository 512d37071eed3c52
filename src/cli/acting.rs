//! What commands have in common that act on the database of cases for an account: the configuration, the database, whoever acts.

use crate::cli::console::{named, open, people, runtime, terms};
use crate::cli::{Failure, setup};
use leakwarden::console::SharedPeople;
use leakwarden::database::Database;
use leakwarden::desk::people::People;
use leakwarden::desk::pseudonym::Pseudonyms;
use leakwarden::desk::retention::Terms;
use leakwarden::desk::rights::Caller;
use leakwarden::desk::{DeskError, account};
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Who acts, on which database.
#[derive(clap::Args)]
pub struct Common {
    /// Configuration file of the service
    #[arg(long)]
    pub config: PathBuf,
    /// The account that acts
    #[arg(long = "as", value_name = "ACCOUNT")]
    pub by: String,
}

/// The database of a configuration, open.
pub struct Opened {
    /// What does its work.
    pub runtime: Runtime,
    /// It.
    pub database: Database,
    /// The directory's people.
    pub people: SharedPeople,
    /// How employees are named until their case is taken.
    pub pseudonyms: Pseudonyms,
    /// How long what is kept is kept.
    pub terms: Terms,
}

impl Opened {
    /// Opens it.
    pub fn of(config: &Path) -> Result<Opened, Failure> {
        let (config, context) = setup::load(Some(config))?;
        let runtime = runtime()?;
        let database = open(&runtime, &config)?;
        let pseudonyms = named(&runtime, &config, &database)?;
        Ok(Opened { runtime, database, people: people(&context), pseudonyms, terms: terms(&config) })
    }
}

/// Whoever acts by an account.
pub async fn caller(database: &Database, people: &People, name: &str) -> Result<Caller, DeskError> {
    let mut read = database.read().await?;
    let caller = account::caller(&mut read, people, name).await?;
    caller.ok_or_else(|| DeskError::refused("--as", "must be an account that is not disabled", name))
}
