//! The witness of a store: a small sealed file elsewhere that knows how often the store was written. A store that was deleted, or replaced
//! by an older copy of itself, has been written less often than its witness knows.
//!
//! Who can replace both at once is not noticed: so the witness belongs on another volume (`[state] witness`).

use crate::store::seal::StateSealer;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a witness is sealed as.
const PLACE: &[u8] = b"witness of the state";

/// How a state is not what had been saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StateLoss {
    /// The witness knows a state, and there is none.
    Deleted,
    /// The state is older than the witness knows.
    RolledBack {
        /// How often it had been written.
        saved: u64,
        /// How often what is there had been.
        found: u64,
    },
    /// There is a state, and no witness that could be read.
    Unwitnessed,
}

impl StateLoss {
    /// Its name in metrics and logs.
    pub fn name(self) -> &'static str {
        match self {
            StateLoss::Deleted => "deleted",
            StateLoss::RolledBack { .. } => "rolled_back",
            StateLoss::Unwitnessed => "unwitnessed",
        }
    }
}

impl std::fmt::Display for StateLoss {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StateLoss::Deleted => f.write_str("it was there, and is gone: what was known of everybody begins anew"),
            StateLoss::RolledBack { saved, found } => {
                write!(f, "it is an older one: saved {saved} times, and this is that of the {found}th: what came between is forgotten")
            }
            StateLoss::Unwitnessed => {
                f.write_str("its witness is missing or not of this subject key: whether it is the newest is not known")
            }
        }
    }
}

/// The witness of one store.
#[derive(Debug)]
pub struct Witness {
    path: PathBuf,
    sealer: StateSealer,
}

impl Witness {
    /// At that path; by default beside the directory of the state.
    pub fn of(state: &Path, path: Option<&Path>, sealer: StateSealer) -> Witness {
        let beside = || {
            let mut name = state.components().as_path().as_os_str().to_owned();
            name.push(".witness");
            PathBuf::from(name)
        };
        Witness { path: path.map_or_else(beside, Path::to_owned), sealer }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Compares a store that has been written so often; 0 of none.
    pub fn judge(&self, found: u64) -> Option<StateLoss> {
        let known =
            fs::read(&self.path).ok().map(|sealed| self.sealer.unseal(PLACE, &sealed).ok()?.try_into().ok().map(u64::from_le_bytes));
        match (known, found) {
            (None, 0) => None,
            (None | Some(None), _) => Some(StateLoss::Unwitnessed),
            (Some(Some(1..)), 0) => Some(StateLoss::Deleted),
            (Some(Some(saved)), found) => (found < saved).then_some(StateLoss::RolledBack { saved, found }),
        }
    }

    /// Notes that the store has been written so often.
    pub fn note(&self, saves: u64) -> io::Result<()> {
        let aside = self.path.with_extension("witness-new");
        match fs::remove_file(&aside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        // Made anew: a link that somebody has put there is not followed.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&aside)?;
        file.write_all(&self.sealer.seal(PLACE, &saves.to_le_bytes()))?;
        file.sync_data()?;
        fs::rename(&aside, &self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::keys::Keys;

    fn witness(dir: &Path, secret: u8) -> Witness {
        Witness::of(&dir.join("state/"), None, StateSealer::new(&Keys::from_secret(&[secret; 32])))
    }

    #[test]
    fn an_older_store_and_one_that_is_gone_are_told_from_the_newest() {
        let dir = tempfile::tempdir().expect("a directory");
        let witness = witness(dir.path(), 7);
        assert_eq!(witness.path(), dir.path().join("state.witness"));
        assert_eq!(witness.judge(0), None, "nothing was ever there");
        assert_eq!(witness.judge(3), Some(StateLoss::Unwitnessed));
        witness.note(5).expect("written");
        assert_eq!(witness.judge(5), None);
        assert_eq!(witness.judge(6), None, "the process ended before it was noted");
        assert_eq!(witness.judge(4), Some(StateLoss::RolledBack { saved: 5, found: 4 }));
        assert_eq!(witness.judge(0), Some(StateLoss::Deleted));
    }

    #[test]
    fn a_witness_of_somebody_else_is_none_and_a_link_is_not_followed() {
        let dir = tempfile::tempdir().expect("a directory");
        witness(dir.path(), 8).note(1).expect("written");
        assert_eq!(witness(dir.path(), 7).judge(5), Some(StateLoss::Unwitnessed));
        assert_eq!(witness(dir.path(), 7).judge(0), Some(StateLoss::Unwitnessed), "somebody hides that there was one");
        let target = dir.path().join("target");
        fs::write(&target, "mine").expect("written");
        std::os::unix::fs::symlink(&target, dir.path().join("state.witness-new")).expect("linked");
        witness(dir.path(), 7).note(5).expect("written");
        assert_eq!(fs::read(&target).expect("read"), b"mine");
        assert_eq!(witness(dir.path(), 7).judge(5), None);
    }
}
