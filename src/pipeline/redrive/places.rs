//! Where the records of a partition are to be found again: files under their name and those that rotation gave them, offsets of
//! a topic.

use crate::config::schema::{Config, Kafka, SourceKind};
use crate::config::source::partition_name;
use crate::decode::{FormatChoice, LONGEST_RECORD, Raw, custom};
use crate::engine::context::Context;
use crate::model::access::PartitionId;
use crate::pipeline::partition_decoder::{PartitionDecoder, TimeRange};
use crate::pipeline::redrive::Fate;
use crate::pipeline::redrive::again::{self, AROUND, Again};
use crate::sink::dead_letters::DeadLetter;
use crate::sink::payload::Sealer;
use crate::source::files;
use crate::source::kafka::range;
use crate::source::piece::Piece;
use crate::source::rotation::successors;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

/// A partition and its source.
pub struct RedrivePartition {
    /// Name of the source.
    pub source: String,
    partition: String,
    index: u16,
    format: FormatChoice,
    at: At,
}

enum At {
    Files(Vec<PathBuf>),
    Topic { kafka: Kafka, topic: String, partition: i32 },
}

/// The place of that partition's records; `None` where no source of the configuration has such a partition.
pub fn find(config: &Config, partition: &str) -> Option<RedrivePartition> {
    let mut names: Vec<&str> = config.sources.iter().map(|source| source.name.as_str()).collect();
    names.sort_unstable();
    config.sources.iter().find_map(|source| {
        let at = match &source.kind {
            SourceKind::Files(pattern) => At::Files(paths(&source.name, pattern, partition)?),
            SourceKind::Kafka(kafka) => {
                let (topic, number) = partition.rsplit_once('/')?;
                let subscribed = kafka.topics.iter().any(|name| name == topic || name.starts_with('^'));
                let number = number.parse().ok().filter(|_| subscribed)?;
                At::Topic { kafka: kafka.clone(), topic: topic.to_owned(), partition: number }
            }
        };
        Some(RedrivePartition {
            source: source.name.clone(),
            partition: partition.to_owned(),
            index: names.binary_search(&source.name.as_str()).unwrap_or(0) as u16,
            format: config.choice(&source.format).unwrap_or_else(|| config.automatic()),
            at,
        })
    })
}

/// Files that are, or were, the partition of a source.
fn paths(source: &str, pattern: &str, partition: &str) -> Option<Vec<PathBuf>> {
    let own = match partition.strip_prefix(source)?.strip_prefix('/') {
        None if partition == source => PathBuf::from(pattern),
        None => return None,
        Some(file) => {
            // Also one that rotation has taken away: the others of the folder may have been it.
            let folder = Path::new(pattern).parent()?;
            let found = glob::glob(pattern).ok()?.flatten().find(|path| path.file_name().is_some_and(|name| name == file));
            found.unwrap_or_else(|| folder.join(file))
        }
    };
    let mut paths = vec![own.clone()];
    paths.extend(successors(&own));
    let named = |path: &PathBuf| path.file_name().map(|name| partition_name(source, pattern, &name.to_string_lossy()));
    paths.extend(glob::glob(pattern).ok()?.flatten().filter(|path| named(path).as_deref() == Some(partition)));
    let mut seen = BTreeSet::new();
    paths.retain(|path| path.is_file() && seen.insert(path.clone()));
    Some(paths)
}

/// Positions to be read: a few around each letter, or none beside it.
fn stretches(letters: &[DeadLetter], of: &[usize], around: u64) -> Vec<RangeInclusive<u64>> {
    let mut places: Vec<(u64, u64)> = of.iter().map(|at| (letters[*at].position.0, letters[*at].length)).collect();
    places.sort_unstable();
    let mut stretches: Vec<RangeInclusive<u64>> = Vec::new();
    for (position, length) in places {
        // A record of several lines has no more lines than bytes.
        let longest = if around == 0 { 0 } else { length.min(LONGEST_RECORD as u64) + around };
        let (from, to) = (position.saturating_sub(around), position.saturating_add(longest));
        match stretches.last_mut() {
            Some(last) if from <= last.end().saturating_add(1) => *last = *last.start()..=to.max(*last.end()),
            Some(_) | None => stretches.push(from..=to),
        }
    }
    stretches
}

impl RedrivePartition {
    fn decoder(&self, format: &FormatChoice) -> PartitionDecoder {
        PartitionDecoder::new(self.source.clone(), self.index, PartitionId(0), self.partition.clone(), format.clone())
    }

    /// What became of the letters whose place is still there.
    pub fn decode(&self, context: &Context, letters: &[DeadLetter], of: &[usize]) -> anyhow::Result<BTreeMap<usize, Fate>> {
        let mut fates: BTreeMap<usize, Fate> = BTreeMap::new();
        match &self.at {
            At::Files(paths) => {
                for path in paths {
                    let open: Vec<usize> =
                        of.iter().copied().filter(|at| matches!(fates.get(at), None | Some(Fate::Changed | Fate::ByReplay))).collect();
                    for (at, fate) in self.decode_file(path, context, letters, &open)? {
                        // What stands in another file of that name says nothing against what was found.
                        if !matches!((fates.get(&at), &fate), (Some(Fate::ByReplay), Fate::Changed)) {
                            fates.insert(at, fate);
                        }
                    }
                }
            }
            At::Topic { kafka, topic, partition } => {
                let cluster = kafka.cluster();
                let around = if alone(&self.format) { 0 } else { AROUND };
                for stretch in stretches(letters, of, around) {
                    let mut again = self.again(context, letters, of, &stretch, &self.format);
                    let range = *stretch.start() as i64..(*stretch.end() as i64).saturating_add(1);
                    range::read(&cluster, topic, *partition, range, &mut |offset, bytes| again.line(offset.unsigned_abs(), bytes))?;
                    fates.extend(again.finish());
                }
            }
        }
        Ok(fates)
    }

    fn again<'a>(
        &'a self,
        context: &'a Context,
        letters: &'a [DeadLetter],
        of: &[usize],
        stretch: &RangeInclusive<u64>,
        format: &'a FormatChoice,
    ) -> Again<'a> {
        let mut wanted: BTreeMap<u64, Vec<usize>> = BTreeMap::new();
        for at in of.iter().filter(|at| stretch.contains(&letters[**at].position.0)) {
            wanted.entry(letters[*at].position.0).or_default().push(*at);
        }
        Again::new(&context.classifier, letters, wanted, alone(format), Box::new(|| self.decoder(format)))
    }

    fn decode_file(&self, path: &Path, context: &Context, letters: &[DeadLetter], of: &[usize]) -> anyhow::Result<BTreeMap<usize, Fate>> {
        let mut fates = BTreeMap::new();
        let format = self.settled_format(path, context)?;
        let around = if alone(&format) { 0 } else { AROUND };
        let mut stretches = stretches(letters, of, around).into_iter().peekable();
        let mut input = files::open_path(path, &context.classifier.keys)?;
        let mut again: Option<(u64, Again<'_>)> = None;
        while let Some(piece) = input.next_block()? {
            let block = match piece {
                Piece::Block(block) => block,
                // Files hold none.
                Piece::Messages(_) => continue,
                // Still too long to be a record.
                Piece::Oversized(long) => {
                    let same = |at: &&usize| letters[**at].position.0 == long.line && letters[**at].hash == long.hash;
                    fates.extend(of.iter().filter(same).map(|at| (*at, Fate::Undecodable(letters[*at].reason.clone()))));
                    continue;
                }
            };
            for (line, bytes) in block.lines() {
                if again.as_ref().is_some_and(|(end, _)| line > *end)
                    && let Some((_, ended)) = again.take()
                {
                    fates.extend(ended.finish());
                }
                if again.is_none()
                    && let Some(stretch) = stretches.next_if(|stretch| line >= *stretch.start())
                {
                    again = Some((*stretch.end(), self.again(context, letters, of, &stretch, &format)));
                }
                if let Some((_, again)) = &mut again {
                    again.line(line, bytes);
                }
            }
            if again.is_none() && stretches.peek().is_none() {
                break;
            }
        }
        if let Some((_, ended)) = again {
            fates.extend(ended.finish());
        }
        Ok(fates)
    }

    /// The format of a file, recognised as the service does; where nothing is recognised, each line is tried.
    fn settled_format(&self, path: &Path, context: &Context) -> anyhow::Result<FormatChoice> {
        let mut format = self.format.clone();
        if let FormatChoice::Auto(_) = format
            && let Some(Piece::Block(block)) = files::open_path(path, &context.classifier.keys)?.next_block()?
        {
            let _ = format.settle(block.lines().take(100).map(|(_, line)| line));
        }
        Ok(format)
    }

    /// The same from the content that was kept, for formats whose records stand alone.
    pub fn decode_kept(&self, context: &Context, letter: &DeadLetter, sealer: &Sealer) -> Option<Fate> {
        let content = sealer.open(letter.payload.as_deref()?, &letter.hash)?;
        let mut decoder = self.decoder(&self.format);
        let (classifier, mut batch) = (&context.classifier, Default::default());
        decoder.decode_message(Raw::new(&content, letter.position, classifier.keys.record(&content)), classifier, &mut batch);
        let codec = decoder.format()?;
        // Rows of CSV are nothing without their header.
        let by_itself = codec.format.stateless || custom::KINDS.iter().any(|kind| kind.name == codec.format.name && kind.name != "csv");
        if !by_itself {
            return Some(Fate::ByReplay);
        }
        let held = decoder.flush(classifier, TimeRange::default());
        batch.accesses.extend(held.accesses);
        batch.dead_letters.extend(held.dead_letters);
        Some(match batch.dead_letters.pop() {
            Some(dead) => Fate::Undecodable(dead.reason),
            None => again::fate(letter, batch.accesses),
        })
    }
}

/// Whether every line of a format is a record of its own.
fn alone(format: &FormatChoice) -> bool {
    format.known().is_some_and(|codec| codec.format.stateless)
}
