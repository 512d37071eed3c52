//! The files on disk: everything of a company into one directory, a day at a time, so that memory does not grow with the range.

use crate::private_file::{self, NewFile, Readers};
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use super::day::DayLog;
use super::roles::ROLES;
use super::{Company, Error, directory, line, schema};

/// What was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Lines of `access.jsonl`.
    pub records: u64,
    /// Bytes of `access.jsonl`.
    pub bytes: u64,
    /// Days of it.
    pub days: u32,
    /// Employee-days with at least one record.
    pub active_days: u64,
    /// People employed at any time.
    pub employees: u64,
    /// Customers, most of whom stand in no file but the log.
    pub customers: u64,
    /// Lines of `explanations.jsonl`.
    pub explanations: u64,
    /// Lines of `labels.csv`.
    pub labels: u64,
    /// Lines of `decoys.csv`.
    pub decoys: u64,
    /// Records of each role, then of the accounts without an employee.
    pub records_by_role: Vec<(&'static str, u64)>,
}

/// A file being written, which knows its name for errors.
struct Out<'a> {
    path: &'a Path,
    file: NewFile,
}

impl<'a> Out<'a> {
    fn create(path: &'a Path) -> Result<Self, Error> {
        let file = private_file::create(path, Readers::Group).map_err(|source| failed(path, source))?;
        Ok(Self { path, file })
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|source| failed(self.path, source))
    }

    fn close(self) -> Result<(), Error> {
        let path = self.path;
        self.file.finish().map_err(|source| failed(path, source))
    }
}

fn failed(path: &Path, source: std::io::Error) -> Error {
    Error::Write { path: path.to_owned(), source }
}

impl Company {
    /// Writes everything into `dir`, which is made where it is missing.
    pub fn write(&self, dir: &Path) -> Result<Summary, Error> {
        self.write_days(dir, 0..self.days())
    }

    /// As [`Company::write`], with only these days in `access.jsonl`: the rest can be streamed. The other files, the reasons among
    /// them, speak of the whole range.
    pub fn write_days(&self, dir: &Path, days: Range<u32>) -> Result<Summary, Error> {
        private_file::folder(dir).map_err(|source| failed(dir, source))?;
        self.write_directory(dir)?;
        let mut summary = self.summary(&days);
        let (access_path, reasons_path) = (dir.join("access.jsonl"), dir.join("explanations.jsonl"));
        let mut access = Out::create(&access_path)?;
        let mut reasons = Out::create(&reasons_path)?;
        let mut buffer = Vec::with_capacity(1 << 16);
        for day in 0..self.days() {
            let log = self.simulate(day);
            if days.contains(&day) {
                self.write_day(day, &log, &mut access, &mut buffer, &mut summary)?;
            }
            for reason in &log.reasons {
                buffer.clear();
                line::reason(&mut buffer, &self.world, reason);
                buffer.push(b'\n');
                reasons.put(&buffer)?;
            }
            summary.explanations += log.reasons.len() as u64;
        }
        reasons.close()?;
        access.close()?;
        Ok(summary)
    }

    fn write_day(&self, day: u32, log: &DayLog, out: &mut Out<'_>, buffer: &mut Vec<u8>, summary: &mut Summary) -> Result<(), Error> {
        let people = self.world.employees.len();
        let mut page = self.printer.page(&self.world, day);
        let mut active = vec![false; people];
        for access in &log.accesses {
            buffer.clear();
            if !page.line(buffer, log, access) {
                continue;
            }
            summary.records += 1;
            buffer.push(b'\n');
            out.put(buffer)?;
            summary.bytes += buffer.len() as u64;
            let actor = access.actor as usize;
            let role = if actor < people { self.world.employees[actor].role_index() } else { ROLES.len() };
            summary.records_by_role[role].1 += 1;
            if actor < people {
                active[actor] = true;
            }
        }
        summary.active_days += active.iter().filter(|active| **active).count() as u64;
        Ok(())
    }

    /// Everything but the log and the reasons.
    fn write_directory(&self, dir: &Path) -> Result<(), Error> {
        let world = &self.world;
        let text = |name: &str, lines: &mut dyn Iterator<Item = String>| {
            let path = dir.join(name);
            let mut out = Out::create(&path)?;
            for line in lines {
                out.put(line.as_bytes())?;
            }
            out.close()
        };
        let whole = std::iter::once::<String>;
        text("employees.csv", &mut directory::employees(world))?;
        text("accounts.csv", &mut directory::accounts(world))?;
        text("absences.csv", &mut directory::absences(world))?;
        text("calendar.csv", &mut directory::calendar(world))?;
        text("subjects.csv", &mut directory::subjects(world))?;
        text("labels.csv", &mut whole(directory::labels(world, &self.labels)))?;
        text("leaked.csv", &mut directory::leaked(world, &self.labels))?;
        text("decoys.csv", &mut whole(directory::decoys(world, &self.decoys)))?;
        text("catalog.toml", &mut whole(schema::catalog()))?;
        text("company.toml", &mut whole(directory::settings(&world.options)))?;
        text("config.toml", &mut whole(directory::config(&world.options.zone)))
    }

    fn summary(&self, days: &Range<u32>) -> Summary {
        let others = ("accounts without an employee", 0);
        Summary {
            days: days.end.min(self.days()).saturating_sub(days.start),
            employees: self.world.employees.len() as u64,
            customers: u64::from(self.world.customers.total),
            labels: self.labels.len() as u64,
            decoys: self.decoys.len() as u64,
            records_by_role: ROLES.iter().map(|role| (role.name, 0)).chain([others]).collect(),
            ..Summary::default()
        }
    }
}
