//! The state directory: read by a replay or the service to continue from, written by a replay at its end.

use crate::cli::Failure;
use anyhow::Context as _;
use leakwarden::config::schema::Config;
use leakwarden::engine::Engine;
use leakwarden::engine::context::Context;
use leakwarden::pipeline::replay::{Replay, contents};
use leakwarden::pipeline::state::{Positions, StateDir};
use leakwarden::store::witness::StateLoss;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// An open state directory.
pub struct ReplayState {
    state: StateDir,
    dir: PathBuf,
}

impl ReplayState {
    /// Opens the directory; creates it if it does not exist.
    pub fn open(dir: &Path, witness: Option<&Path>, context: &Context) -> Result<ReplayState, Failure> {
        let state = StateDir::open(dir, witness, &context.classifier.keys).with_context(|| format!("state in {}", dir.display()))?;
        Ok(ReplayState { state, dir: dir.to_owned() })
    }

    /// How the state is not what had been saved, if so.
    pub fn loss(&self) -> Result<Option<StateLoss>, Failure> {
        Ok(self.state.loss().with_context(|| format!("state in {}", self.dir.display()))?)
    }

    /// Continues from the saved state, or starts with an empty one.
    pub fn resume(&mut self, context: Arc<Context>) -> Result<(Engine, Positions), Failure> {
        let place = || format!("state in {}", self.dir.display());
        if let Some(loss) = self.loss()? {
            eprintln!("warning: state in {}: {loss}", self.dir.display());
        }
        match self.state.load().with_context(place)? {
            Some((image, positions)) => {
                let engine = Engine::restore(context, &image).with_context(place)?;
                eprintln!("going on from the state in {}: settled up to {}", self.dir.display(), engine.settled());
                Ok((engine, positions))
            }
            None => Ok((Engine::new(context), Positions::default())),
        }
    }

    /// Saves the state, with the position up to which each input has been applied.
    pub fn save(&mut self, replay: &mut Replay, mut positions: Positions, config: &Config) -> Result<(), Failure> {
        positions.offsets.extend(replay.offsets());
        positions.marks.extend(replay.marks());
        positions.know(replay.made_tables());
        positions.know_columns(replay.columns());
        let keys = &replay.engine().context().classifier.keys;
        contents::note(config, &replay.ends(), keys, &mut positions.files).map_err(anyhow::Error::from)?;
        self.state.save(replay.image(), &positions).with_context(|| format!("cannot save the state in {}", self.dir.display()))?;
        Ok(())
    }

    /// The state itself.
    pub fn into_state(self) -> StateDir {
        self.state
    }
}
