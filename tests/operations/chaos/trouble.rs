//! What may befall a log and the service that follows it.

use super::Chance;
use crate::common::service::Service;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A log that is rotated.
pub struct Log {
    dir: PathBuf,
    away: bool,
    rotations: u64,
}

impl Log {
    /// That of a directory.
    pub fn new(dir: &Path) -> Log {
        Log { dir: dir.join("log"), away: false, rotations: 0 }
    }

    /// Where its writer appends.
    pub fn place(&self) -> PathBuf {
        self.dir.join(if self.away { "elsewhere" } else { "core.log" })
    }

    /// Somebody who took it away brings it back.
    pub fn return_to_its_place(&mut self) {
        if std::mem::take(&mut self.away) {
            fs::rename(self.dir.join("elsewhere"), self.dir.join("core.log")).expect("renamed");
        }
    }

    /// The next name of a rotated file.
    fn rotated(&mut self) -> PathBuf {
        self.rotations += 1;
        self.dir.join(format!("core.log-{:04}", self.rotations))
    }

    fn rotate(&mut self) -> PathBuf {
        self.return_to_its_place();
        let rotated = self.rotated();
        fs::rename(self.place(), &rotated).expect("renamed");
        File::create(self.place()).expect("created");
        rotated
    }
}

/// One thing that happens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trouble {
    /// Nothing.
    Nothing,
    /// `logrotate`: renamed, a new one created.
    Renamed,
    /// Twice before anybody looks.
    RenamedTwice,
    /// `copytruncate`.
    CopiedAndTruncated,
    /// Renamed and packed at once.
    Packed,
    /// `rsync`: a new file with the same content takes its place.
    Mirrored,
    /// Moved away, where it goes on growing.
    MovedAway,
    /// Brought back.
    BroughtBack,
    /// The service is killed, and something else happens before it starts again.
    Killed,
    /// The service is stopped, and something else happens before it starts again.
    Stopped,
    /// The configuration is read again.
    Reloaded,
    /// The personnel system delivers nothing but a header.
    EmptyFeed,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Trouble; 12] = [
        Trouble::Nothing,
        Trouble::Renamed,
        Trouble::RenamedTwice,
        Trouble::CopiedAndTruncated,
        Trouble::Packed,
        Trouble::Mirrored,
        Trouble::MovedAway,
        Trouble::BroughtBack,
        Trouble::Killed,
        Trouble::Stopped,
        Trouble::Reloaded,
        Trouble::EmptyFeed,
    ];

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Trouble::Nothing => "nothing",
            Trouble::Renamed => "renamed",
            Trouble::RenamedTwice => "renamed twice",
            Trouble::CopiedAndTruncated => "copied and truncated",
            Trouble::Packed => "packed",
            Trouble::Mirrored => "mirrored",
            Trouble::MovedAway => "moved away",
            Trouble::BroughtBack => "brought back",
            Trouble::Killed => "killed",
            Trouble::Stopped => "stopped",
            Trouble::Reloaded => "reloaded",
            Trouble::EmptyFeed => "empty feed",
        }
    }

    /// Lets it happen.
    pub fn befall(self, dir: &Path, log: &mut Log, service: &mut Option<Service>, chance: &mut Chance) {
        match self {
            Trouble::Nothing => {}
            Trouble::Renamed => drop(log.rotate()),
            Trouble::RenamedTwice => {
                log.rotate();
                log.rotate();
            }
            Trouble::CopiedAndTruncated => {
                log.return_to_its_place();
                let copy = log.rotated();
                fs::copy(log.place(), copy).expect("copied");
                File::options().write(true).open(log.place()).and_then(|file| file.set_len(0)).expect("truncated");
            }
            Trouble::Packed => {
                let rotated = log.rotate();
                let content = fs::read(&rotated).expect("read");
                let packed = File::create(rotated.with_extension(format!("{}.gz", extension(&rotated)))).expect("created");
                let mut encoder = flate2::write::GzEncoder::new(packed, flate2::Compression::fast());
                encoder.write_all(&content).and_then(|()| encoder.finish()).expect("packed");
                fs::remove_file(rotated).expect("removed");
            }
            Trouble::Mirrored => {
                log.return_to_its_place();
                let temporary = log.place().with_file_name(".core.log.Xa81");
                fs::copy(log.place(), &temporary).expect("copied");
                fs::rename(&temporary, log.place()).expect("renamed");
            }
            Trouble::MovedAway => {
                if !log.away {
                    fs::rename(log.place(), log.dir.join("elsewhere")).expect("renamed");
                    log.away = true;
                }
            }
            Trouble::BroughtBack => log.return_to_its_place(),
            Trouble::Killed => {
                service.take().expect("it runs").crash();
                between(dir, log, chance);
                *service = Some(started(dir, log));
            }
            Trouble::Stopped => {
                service.take().expect("it runs").stop();
                between(dir, log, chance);
                *service = Some(started(dir, log));
            }
            Trouble::Reloaded => service.as_ref().expect("it runs").signal("HUP"),
            Trouble::EmptyFeed => {
                let feed = dir.join("employees.csv");
                let whole = fs::read(&feed).expect("read");
                fs::write(&feed, "employee,unit,role\n").expect("written");
                let service = service.as_ref().expect("it runs");
                reloaded(service, "refused");
                // A second one would confirm the first: the whole one comes between.
                fs::write(&feed, whole).expect("written");
                reloaded(service, "unchanged");
            }
        }
    }
}

/// A service that is started while its log is away waits for it, and is not ready.
fn started(dir: &Path, log: &Log) -> Service {
    if log.away { Service::start_unready(dir) } else { Service::start(dir) }
}

/// Has the configuration read again, and waits for that outcome.
fn reloaded(service: &Service, outcome: &str) {
    let series = format!("leakwarden_config_reloads_total{{outcome=\"{outcome}\"}}");
    let before = service.metric(&series);
    service.signal("HUP");
    service.wait(outcome, |service| service.metric(&series) > before);
}

fn extension(path: &Path) -> String {
    path.extension().map(|extension| extension.to_string_lossy().into_owned()).unwrap_or_default()
}

/// What happens while the service is down: the log has no process that looks.
fn between(dir: &Path, log: &mut Log, chance: &mut Chance) {
    let quiet =
        [Trouble::Nothing, Trouble::Renamed, Trouble::RenamedTwice, Trouble::CopiedAndTruncated, Trouble::Packed, Trouble::Mirrored];
    let trouble = quiet[chance.below(quiet.len() as u64) as usize];
    trouble.befall(dir, log, &mut None, chance);
    std::thread::sleep(Duration::from_millis(chance.below(300)));
}
