//! The file of decisions as the service follows it: whole lines as they come, those that wait to be taken in, and the notes about what came
//! late.

use crate::engine::Engine;
use crate::model::decision::Decision;
use crate::model::decision::outcome::{DecisionNote, DecisionOutcome};
use crate::model::decision::parse::Taken;
use crate::model::keys::Keys;
use crate::pipeline::decisions::contents::{BadLine, Contents};
use crate::pipeline::decisions::letters::DecisionLetters;
use crate::pipeline::decisions::log::DecisionLog;
use crate::sink::dead_letters::DeadLetter;
use crate::telemetry::metrics::{Metrics, table};
use crate::telemetry::untrusted;
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

/// How often the file is looked at, and a note is tried again that could not be written.
const LOOK: Duration = Duration::from_millis(500);

/// How often it is told that the file cannot be read or written.
const TOLD_EVERY: Duration = Duration::from_secs(60);

/// Lines that are no decisions, of those that are told one by one.
const MOST_TOLD: u64 = 20;

/// The file.
pub struct DecisionFile {
    log: DecisionLog,
    /// Device and inode, the next byte, and the number of the line there.
    read: Option<(u64, u64)>,
    offset: u64,
    line: u64,
    /// From when on those that came late are in force, by id.
    taken: BTreeMap<String, Taken>,
    /// Those that were read and are not taken in.
    waiting: VecDeque<Decision>,
    looked: Option<Instant>,
    told: Option<Instant>,
    bad: BadLines,
    letters: Option<DecisionLetters>,
}

impl DecisionFile {
    /// The file at a path, of which nothing is read yet. It may not be there yet.
    pub fn at(path: &Path) -> DecisionFile {
        DecisionFile {
            log: DecisionLog::at(path),
            read: None,
            offset: 0,
            line: 1,
            taken: BTreeMap::new(),
            waiting: VecDeque::new(),
            looked: None,
            told: None,
            bad: BadLines::default(),
            letters: None,
        }
    }

    /// The same, with lines that are no decisions kept as dead letters.
    #[must_use]
    pub fn keeping(self, letters: DecisionLetters) -> DecisionFile {
        DecisionFile { letters: Some(letters), ..self }
    }

    pub(super) fn take_letters(&mut self, keys: &Keys, metrics: &Metrics) -> Vec<DeadLetter> {
        self.letters.as_mut().map_or_else(Vec::new, |letters| letters.take(keys, metrics))
    }

    /// Takes what has come into the engine: to be called before more is settled. Returns letters of lines that are no decisions, to be kept
    /// before anything is saved.
    #[must_use]
    pub fn take_into(&mut self, engine: &mut Engine, metrics: &Metrics, now: Instant) -> Vec<DeadLetter> {
        if self.looked.is_some_and(|looked| now.duration_since(looked) < LOOK) {
            return Vec::new();
        }
        self.looked = Some(now);
        match self.look(metrics) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.read.is_none() => {}
            Err(error) => self.tell(now, "cannot be read", &error),
        }
        while let Some(decision) = self.waiting.pop_front() {
            let mut from = self.taken.get(&decision.id).map(|taken| taken.from);
            if let Some(late) = engine.late_decision(&decision, from) {
                let taken = Taken { of: decision.id.clone(), from: late };
                // What is in force must be known to whoever replays it, and to this process after a crash.
                if let Err(error) = self.log.append_taken(&taken) {
                    self.waiting.push_front(decision);
                    self.tell(now, "cannot be written: what came late waits", &error);
                    break;
                }
                from = Some(late);
                self.taken.insert(taken.of.clone(), taken);
            }
            engine.take_decision(decision, from);
        }
        tell(&engine.take_decision_notes(), metrics);
        self.take_letters(&engine.context().classifier.keys, metrics)
    }

    /// Reads what has been appended.
    pub(super) fn look(&mut self, metrics: &Metrics) -> io::Result<()> {
        let contents = self.read_more()?;
        self.note(contents, metrics);
        Ok(())
    }

    fn note(&mut self, contents: Contents, metrics: &Metrics) {
        self.letters.iter_mut().for_each(|letters| letters.note(&contents, metrics));
        let Contents { decisions, taken, bad } = contents;
        for (id, note) in taken {
            self.taken.entry(id).or_insert(note);
        }
        self.waiting.extend(decisions);
        self.bad.note(&self.log.path().display().to_string(), &bad, metrics);
    }

    /// What has been appended since the last time, as far as its lines are whole. Another file at that place is read from its start.
    fn read_more(&mut self) -> io::Result<Contents> {
        let mut file = File::open(self.log.path())?;
        let about = file.metadata()?;
        let identity = (about.dev(), about.ino());
        if self.read != Some(identity) || about.len() < self.offset {
            (self.read, self.offset, self.line) = (Some(identity), 0, 1);
        }
        if about.len() == self.offset {
            return Ok(Contents::default());
        }
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.take(about.len() - self.offset).read_to_end(&mut bytes)?;
        let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |last| last + 1);
        let contents = Contents::read(&bytes[..whole], self.line);
        self.offset += whole as u64;
        self.line += memchr::memchr_iter(b'\n', &bytes[..whole]).count() as u64;
        Ok(contents)
    }

    fn tell(&mut self, now: Instant, what: &str, error: &dyn std::fmt::Display) {
        if self.told.is_none_or(|told| now.duration_since(told) >= TOLD_EVERY) {
            self.told = Some(now);
            tracing::error!(%error, "{}: the file of decisions {what}", self.log.path().display());
        }
    }
}

/// Lines that are no decisions: each is counted, and the first are told one by one.
#[derive(Default)]
pub struct BadLines {
    met: u64,
}

impl BadLines {
    /// Some more, of a file or topic.
    pub fn note(&mut self, place: &str, bad: &[BadLine], metrics: &Metrics) {
        for line in bad {
            self.met += 1;
            metrics.add(table::DECISIONS, ["none", DecisionOutcome::Invalid.name()], 1);
            if self.met <= MOST_TOLD {
                tracing::error!("{place}:{}{}: this is no decision and counts for none", line.line, line.reason());
            }
        }
    }
}

/// Counts what became of decisions, and tells what somebody should look at.
pub fn tell(notes: &[DecisionNote], metrics: &Metrics) {
    for DecisionNote { id, kind, outcome, judged, .. } in notes {
        metrics.add(table::DECISIONS, [kind, outcome.name()], 1);
        for (typology, verdict) in judged {
            metrics.add(table::VERDICTS, [typology.name(), verdict.name()], 1);
        }
        if outcome.is_refusal() {
            tracing::warn!(decision = %untrusted::harmless(id), kind, outcome = outcome.name(), "a decision changes nothing");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    const END: &str = "{\"id\":\"D-1\",\"at\":\"2026-03-02T10:00:00Z\",\"by\":\"li\",\"kind\":\"end\",\"of\":\"D-0\"}\n";

    #[test]
    fn lines_are_read_once_they_are_whole_and_another_file_from_its_start() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("decisions.jsonl");
        let mut file = DecisionFile::at(&path);
        assert_eq!(file.read_more().expect_err("is not there").kind(), io::ErrorKind::NotFound);
        let append = |text: &str| {
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&path).expect("opens");
            file.write_all(text.as_bytes()).expect("is written");
        };
        append(&format!("\n{END}{}", &END[..20]));
        assert_eq!(file.read_more().expect("is read").decisions.len(), 1);
        assert_eq!(file.read_more().expect("is read").decisions.len(), 0, "half a line waits");
        append(&format!("{}nonsense\n", &END[20..]));
        let more = file.read_more().expect("is read");
        assert_eq!((more.decisions.len(), more.bad[0].line), (1, 4));
        std::fs::write(&path, END).expect("is shorter");
        assert_eq!(file.read_more().expect("is read").decisions.len(), 1);
    }
}
