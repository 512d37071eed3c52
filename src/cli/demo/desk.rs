//! The demo's console: reached from this machine alone, with two accounts and a password that is made anew each time and told on the
//! terminal. It asks for no second factor, which somebody who tries it out has no authenticator for.

use crate::cli::{Failure, console};
use anyhow::Context as _;
use leakwarden::config::schema::Config;
use leakwarden::database::Database;
use leakwarden::desk::rights::{Grant, Role};
use leakwarden::desk::{account, random};
use leakwarden::engine::context::Context;
use leakwarden::engine::output::Revision;
use leakwarden::model::dossier::AlertWithDossier;
use leakwarden::notify::outbox::Outbox;
use leakwarden::sink::Sink;
use leakwarden::telemetry::metrics::Metrics;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Whoever works on cases, and whoever is asked where a second person is needed, and sees all else.
const ACCOUNTS: [(&str, &str, &[Role]); 2] =
    [("anna", "demo-1", &[Role::Lead]), ("ben", "demo-2", &[Role::Lead, Role::Dpo, Role::Operator, Role::Auditor])];

/// The console while it serves.
pub struct Desk {
    address: String,
    password: String,
    database: Database,
    end: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Desk {
    /// Serves it, with its accounts.
    pub fn open(runtime: &Runtime, config: &Config, context: &Context, metrics: &Metrics) -> Result<Desk, Failure> {
        let database = console::open(runtime, config)?;
        let password = password()?;
        for (name, employee, roles) in ACCOUNTS {
            let grants: Vec<Grant> = roles.iter().map(|role| Grant { role: *role, unit: None }).collect();
            let added = account::add(&database, name, employee, Some(&password), &grants, console::now());
            runtime.block_on(added).map_err(console::told)?;
        }
        let prepared = console::Prepared::open_here(runtime, config, database.clone(), context, metrics)?;
        let address = format!("http://{}/", prepared.address());
        let (end, ended) = oneshot::channel();
        let serving = runtime.spawn(prepared.serve(async {
            // It ends with the demo.
            let _ = ended.await;
        }));
        Ok(Desk { address, password, database, end, serving })
    }

    /// Where it is, and how to come in.
    pub fn welcome(&self) -> String {
        let [(first, ..), (second, ..)] = ACCOUNTS;
        format!(
            "The console: {}   account {first}, password {}\n   Whoever else is asked where a second person is needed: account {second}, the same password. Only this machine reaches it.\n   Its queue is empty until the past has been replayed (step 2): look again then.",
            self.address, self.password
        )
    }

    /// Where it is.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// What takes alerts in.
    pub fn sink(&self, runtime: &Runtime, context: &Context, metrics: &Metrics) -> Box<dyn Sink> {
        console::desk_sink(runtime, &self.database, context, Outbox::default(), BTreeSet::new(), metrics)
    }

    /// Ends it.
    pub fn end(self, runtime: &Runtime) {
        // One that has ended by itself is not told any more.
        let _ = self.end.send(());
        let _ = runtime.block_on(self.serving);
    }
}

/// What settled, as a sink takes it.
pub fn told(revisions: &[Revision]) -> Vec<AlertWithDossier> {
    let one = |of: &Revision| AlertWithDossier { alert: Arc::new(of.alert.clone()), dossier: of.dossier.clone().map(Arc::from) };
    revisions.iter().map(one).collect()
}

/// Sixteen digits that nobody can guess, in groups.
fn password() -> Result<String, Failure> {
    let bytes = random::bytes::<8>().context("no password")?;
    Ok(bytes.chunks(2).map(|pair| pair.iter().map(|byte| format!("{byte:02x}")).collect::<String>()).collect::<Vec<_>>().join("-"))
}
