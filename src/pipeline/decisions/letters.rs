//! Lines that are no decisions, on their way to where dead letters are kept: each once, whatever restarts, and counted with those of records.
//! The whole file or topic is read at every start, so that what was kept before is asked for, once there is a line that is none.

use crate::model::access::Position;
use crate::model::keys::Keys;
use crate::pipeline::decisions::contents::{BadLine, Contents};
use crate::sink::dead_letters::{DECISIONS, DeadLetter, LetterId};
use crate::sink::payload::Sealer;
use crate::telemetry::metrics::{Metrics, Outcome, table};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Says which letters are kept already.
pub type Earlier = Box<dyn Fn() -> BTreeSet<LetterId> + Send>;

/// What becomes of lines that are no decisions.
pub struct DecisionLetters {
    sealer: Option<Arc<Sealer>>,
    earlier: Earlier,
    /// Those that are kept; not asked for yet where there was no reason to.
    kept: Option<BTreeSet<LetterId>>,
    /// Lines of which no letter is made yet.
    waiting: Vec<BadLine>,
    /// Their bytes.
    bytes: usize,
}

/// Bytes of lines that wait at the most, where another process keeps letters.
const MOST_WAITING: usize = 64 << 20;

impl DecisionLetters {
    /// With a sealer letters keep their lines, encrypted.
    pub fn new(sealer: Option<Arc<Sealer>>, earlier: Earlier, metrics: &Metrics) -> DecisionLetters {
        // What begins with the first line grew from nothing, which Prometheus does not see.
        [Outcome::Accepted, Outcome::DeadLetter].iter().for_each(|outcome| metrics.add(table::RECORDS, [DECISIONS, outcome.name()], 0));
        DecisionLetters { sealer, earlier, kept: None, waiting: Vec::new(), bytes: 0 }
    }

    /// Takes note of lines that were read.
    pub fn note(&mut self, contents: &Contents, metrics: &Metrics) {
        let accepted = contents.decisions.len() + contents.taken.len();
        metrics.add(table::RECORDS, [DECISIONS, Outcome::Accepted.name()], accepted as u64);
        self.waiting.extend(contents.bad.iter().cloned());
        self.bytes += contents.bad.iter().map(size).sum::<usize>();
    }

    /// Another process keeps letters: the newest lines wait here for when it is this one's turn, and older ones are left to it. Returns how
    /// many.
    pub fn leave_older(&mut self) -> usize {
        let mut left = 0;
        while self.bytes > MOST_WAITING && left < self.waiting.len() {
            self.bytes -= size(&self.waiting[left]);
            left += 1;
        }
        self.waiting.drain(..left);
        left
    }

    /// The letters that are to be kept, counted.
    pub fn take(&mut self, keys: &Keys, metrics: &Metrics) -> Vec<DeadLetter> {
        let lines = std::mem::take(&mut self.waiting);
        self.bytes = 0;
        if lines.is_empty() {
            return Vec::new();
        }
        let kept = self.kept.get_or_insert_with(&self.earlier);
        let letters: Vec<DeadLetter> = lines
            .iter()
            .map(|line| letter(line, keys, self.sealer.as_deref()))
            .filter(|letter| kept.insert(LetterId::of(&letter.partition, letter.position, &letter.hash)))
            .collect();
        metrics.add(table::RECORDS, [DECISIONS, Outcome::DeadLetter.name()], letters.len() as u64);
        letters
    }
}

/// What a line takes while it waits.
fn size(line: &BadLine) -> usize {
    size_of::<BadLine>() + line.bytes.len()
}

/// Place and rule of what is wrong, never the value; the line itself only sealed.
fn letter(line: &BadLine, keys: &Keys, sealer: Option<&Sealer>) -> DeadLetter {
    let hash = keys.record(&line.bytes);
    DeadLetter {
        partition: line.partition.map_or_else(|| DECISIONS.to_owned(), |partition| format!("{DECISIONS}/{partition}")),
        position: Position(line.line),
        length: line.bytes.len() as u64,
        hash,
        reason: line.reason(),
        at: None,
        payload: sealer.map(|sealer| sealer.seal(&line.bytes, &hash)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pipeline::decisions::file::DecisionFile;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// A name that stands where none is asked for, as a value, and in what is no JSON.
    const NAME: &str = "Zhang San 13800000000";

    fn lines() -> String {
        let at = "\"at\":\"2026-03-02T10:00:00Z\",\"by\":\"li\"";
        [
            format!("{{\"id\":\"D-1\",{at},\"kind\":\"end\",\"of\":\"D-0\"}}"),
            format!("{{\"id\":\"D-2\",{at},\"kind\":\"end\",\"of\":\"{NAME}\"}}"),
            format!("{{\"id\":\"D-3\",{at},\"kind\":\"{NAME}\"}}"),
            format!("{{\"id\":\"D-4\",{at},\"kind\":\"end\"}}"),
            format!("{{\"id\":\"D-5\",{at},\"kind\":\"end\",\"of\":\"D-0\",\"{NAME}\":1}}"),
            format!("{{\"id\":\"D-6\",{NAME}"),
        ]
        .map(|line| line + "\n")
        .concat()
    }

    fn counted(metrics: &Metrics, outcome: Outcome) -> String {
        let text = metrics.render();
        let series = format!("leakwarden_records_total{{outcome=\"{}\",source=\"[decisions]\"}} ", outcome.name());
        text.lines().find_map(|line| line.strip_prefix(&series)).unwrap_or("nothing").to_owned()
    }

    #[test]
    fn each_line_that_is_none_is_a_letter_with_place_and_rule_and_without_its_value() {
        let keys = Keys::from_secret(&[7; 32]);
        let metrics = Metrics::new();
        let sealer = Arc::new(Sealer::new(&[9; 32]));
        let mut letters = DecisionLetters::new(Some(sealer.clone()), Box::new(BTreeSet::new), &metrics);
        assert_eq!(counted(&metrics, Outcome::DeadLetter), "0", "it begins at nothing");
        let contents = Contents::read(lines().as_bytes(), 1);
        letters.note(&contents, &metrics);
        let made = letters.take(&keys, &metrics);
        let told: Vec<(u64, &str)> = made.iter().map(|letter| (letter.position.0, letter.reason.as_str())).collect();
        assert_eq!(told.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        for ((_, reason), place) in
            told.iter().zip([": of must be", ": kind must be one of", ": of must be given", ": a field is no field", ": must be one JSON"])
        {
            assert!(reason.starts_with(place) && !reason.contains("Zhang"), "{reason}");
        }
        assert!(made.iter().all(|letter| letter.partition == "[decisions]"));
        let opened = sealer.open(made[0].payload.as_deref().expect("sealed"), &made[0].hash).expect("is opened");
        assert!(String::from_utf8_lossy(&opened).contains(NAME), "the line itself is there for whoever has the key");
        assert_eq!((counted(&metrics, Outcome::Accepted), counted(&metrics, Outcome::DeadLetter)), ("1".to_owned(), "5".to_owned()));
    }

    #[test]
    fn what_was_kept_is_not_kept_again_by_whoever_reads_it_all_once_more() {
        let keys = Keys::from_secret(&[7; 32]);
        let mut kept = BTreeSet::new();
        for start in 0..3 {
            let metrics = Metrics::new();
            let (earlier, asked) = (kept.clone(), Arc::new(AtomicUsize::new(0)));
            let asks = asked.clone();
            let earlier = Box::new(move || {
                asks.fetch_add(1, Ordering::Relaxed);
                earlier.clone()
            });
            let mut letters = DecisionLetters::new(None, earlier, &metrics);
            letters.note(&Contents::read(b"\n", 1), &metrics);
            assert!(letters.take(&keys, &metrics).is_empty());
            assert_eq!(asked.load(Ordering::Relaxed), 0, "nobody asks for nothing");
            letters.note(&Contents::read(lines().as_bytes(), 1), &metrics);
            letters.note(&Contents::read(b"of a later start\n", 7 + start), &metrics);
            let made = letters.take(&keys, &metrics);
            assert_eq!(made.len(), if start == 0 { 6 } else { 1 }, "start {start}");
            assert!(made.iter().all(|letter| letter.payload.is_none()));
            kept.extend(made.iter().map(|letter| LetterId::of(&letter.partition, letter.position, &letter.hash)));
        }
    }

    #[test]
    fn whoever_keeps_no_letters_holds_so_many_bytes_and_the_newest() {
        let (keys, metrics) = (Keys::from_secret(&[7; 32]), Metrics::new());
        let mut letters = DecisionLetters::new(None, Box::new(BTreeSet::new), &metrics);
        let long = vec![b'x'; 1 << 20];
        let mut left = 0;
        for offset in 0..70 {
            letters.note(&Contents::of_message(&long, 0, offset), &metrics);
            left += letters.leave_older();
        }
        assert_eq!(left, 7);
        let places: Vec<u64> = letters.take(&keys, &metrics).iter().map(|letter| letter.position.0).collect();
        assert_eq!(places, (7..70).collect::<Vec<_>>());
        letters.note(&Contents::of_message(b"x", 0, 70), &metrics);
        assert_eq!((letters.leave_older(), letters.take(&keys, &metrics).len()), (0, 1));
    }

    #[test]
    fn of_a_topic_they_stand_at_their_partition_and_offset() {
        let (keys, metrics) = (Keys::from_secret(&[7; 32]), Metrics::new());
        let mut letters = DecisionLetters::new(None, Box::new(BTreeSet::new), &metrics);
        letters.note(&Contents::of_message(b"{\"id\":\"D-1\"}", 3, 41), &metrics);
        letters.note(&Contents::of_message(b"nonsense", 2, 41), &metrics);
        let places: Vec<(String, u64)> =
            letters.take(&keys, &metrics).into_iter().map(|letter| (letter.partition, letter.position.0)).collect();
        assert_eq!(places, [("[decisions]/3".to_owned(), 41), ("[decisions]/2".to_owned(), 41)]);
    }

    #[test]
    fn the_file_that_is_followed_gives_them_as_they_come() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("decisions.jsonl");
        let (keys, metrics) = (Keys::from_secret(&[7; 32]), Metrics::new());
        let mut file = DecisionFile::at(&path).keeping(DecisionLetters::new(None, Box::new(BTreeSet::new), &metrics));
        std::fs::write(&path, lines()).expect("written");
        file.look(&metrics).expect("read");
        assert_eq!(file.take_letters(&keys, &metrics).len(), 5);
        assert!(file.take_letters(&keys, &metrics).is_empty());
    }
}
