//! `decode`: prints what was understood of each record, one access a line as JSON.

use crate::cli::{Failure, setup};
use leakwarden::classify::classifier::Classifier;
use leakwarden::classify::counting::{Disclosure, TableRead};
use leakwarden::classify::derivation::MadeTables;
use leakwarden::decode::{self, DecodeError, Decoded, Ignored, IgnoredCounts, IgnoredReason, Raw};
use leakwarden::model::access::{Access, Actor, Position, Subject};
use leakwarden::model::keys::Keys;
use leakwarden::model::kind::{Kind, Kinds};
use leakwarden::model::persons::Persons;
use leakwarden::model::record::Record;
use leakwarden::model::shown::shown;
use leakwarden::model::time::Timestamp;
use leakwarden::pipeline::partition_decoder::PartitionDecoder;
use leakwarden::pipeline::replay;
use leakwarden::source::files;
use leakwarden::source::piece::{Piece, Run};
use leakwarden::telemetry::untrusted::Untrusted;
use serde::{Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;

/// Print what the monitor understood: one access per line as JSON, with pseudonyms for subjects.
#[derive(clap::Args)]
pub struct Options {
    /// Configuration file; only [catalog] is required
    #[arg(long)]
    config: Option<PathBuf>,
    /// Format of the files; otherwise that of their source, otherwise recognised
    #[arg(long)]
    format: Option<String>,
    /// Files to decode (.gz and .zst too), or - for standard input
    #[arg(required = true)]
    files: Vec<String>,
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(serialize_with = "as_text")]
    source: Place<'a>,
    #[serde(serialize_with = "as_text")]
    time: Timestamp,
    employee: Option<&'a str>,
    account: Option<Cow<'a, str>>,
    /// How the employee is known; null where nobody is.
    identity: Option<&'static str>,
    /// For whom it acted, where the source says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<Cow<'a, str>>,
    system: Option<&'a str>,
    operation: &'static str,
    objects: Objects<'a>,
    rows: Option<u64>,
    persons: Persons,
    subjects: Subjects<'a>,
    client: Client<'a>,
    outcome: &'static str,
    statement_class: &'a str,
    /// Printed where it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unparsed: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flags: Vec<&'static str>,
}

/// `FILE:LINE`.
struct Place<'a>(&'a str, u64);

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.0, self.1)
    }
}

fn as_text<S: Serializer>(what: &impl fmt::Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(what)
}

/// Written as they are met: a line a record leaves no time for lists of its parts.
struct Objects<'a>(&'a [Arc<TableRead>]);

impl Serialize for Objects<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|read| Object {
            table: &read.table,
            columns: read.columns.as_deref(),
            kinds: KindNames(read.kinds),
            inferred: read.inferred.as_deref(),
        }))
    }
}

struct KindNames(Kinds);

impl Serialize for KindNames {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(Kind::name))
    }
}

struct Subjects<'a>(&'a [Subject], &'a Keys);

impl Serialize for Subjects<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.0.iter().map(|subject| self.1.published(*subject)))
    }
}

#[derive(Serialize)]
struct Object<'a> {
    table: &'a str,
    columns: Option<&'a [String]>,
    kinds: KindNames,
    /// From what it is concluded what the table holds, where the catalog does not list it.
    #[serde(skip_serializing_if = "Option::is_none")]
    inferred: Option<&'a str>,
}

#[derive(Serialize)]
struct Client<'a> {
    ip: Option<&'a str>,
    host: Option<&'a str>,
    app: Option<&'a str>,
}

/// Bytes of output that are written at once. (What is behind it looks through all of them for line ends.)
const OUTPUT: usize = 128 * 1024;

/// Undecodable records that are printed one by one; the rest are counted.
const SHOWN_DEAD: u64 = 20;

/// Runs the command.
pub fn run(options: &Options) -> Result<(), Failure> {
    let (config, context) = setup::load(options.config.as_deref())?;
    let format = setup::format(&config, options.format.as_deref())?;
    let classifier = &*context.classifier;
    let mut out = BufWriter::with_capacity(OUTPUT, std::io::stdout().lock());
    let (mut all, mut undecoded) = (Tally::default(), Vec::new());
    // Files are decoded in the order they are given: whoever reads the output knows which comes first.
    let mut assigned = replay::assign(&config, &options.files, format.as_ref());
    assigned.sort_by_key(|file| options.files.iter().position(|given| *given == file.path));
    for file in assigned {
        let mut input = files::open(&file.path, &classifier.keys).map_err(anyhow::Error::from)?;
        let mut feed = PartitionDecoder::new(file.source, 0, context.partition(&file.path), file.path.clone(), file.format);
        let mut decoder: Option<Box<dyn decode::Decoder>> = None;
        let mut tally = Tally { shown: all.shown, ..Tally::default() };
        let mut made = MadeTables::default();
        while let Some(piece) = input.next_block().map_err(anyhow::Error::from)? {
            if decoder.is_none() {
                let codec = feed.recognise(piece.first_records(100));
                if let Some(codec) = codec.filter(|codec| codec.recognised) {
                    eprintln!("{}: {codec}", Untrusted(&file.path));
                }
                decoder = codec.map(decode::Codec::decoder);
            }
            let block = match &piece {
                Piece::Block(block) => block,
                Piece::Messages(_) => continue, // of topics alone
                Piece::Oversized(long) => {
                    tally.lines += 1;
                    let raw = Raw { cut: true, ..Raw::new(&long.ends, Position(long.line), long.hash) };
                    let mut printer =
                        Printer { out: &mut out, feed: &feed, classifier, made: &mut made, tally: &mut tally, result: Ok(()) };
                    let decoded = decoder.as_mut().is_some_and(|decoder| decoder.decode(raw, &mut |decoded| printer.take(decoded)).is_ok());
                    if !decoded {
                        printer.dead(long.line, &DecodeError::TooLong { limit: decode::LONGEST_RECORD });
                    }
                    printer.result?;
                    continue;
                }
            };
            for run in block.runs() {
                let (line, bytes) = match run {
                    Run::Line(line, bytes) => (line, bytes),
                    Run::Blank(lines) => {
                        tally.lines += lines;
                        tally.ignored.add(IgnoredReason::Blank, lines);
                        continue;
                    }
                };
                tally.lines += 1;
                let Some(decoder) = &mut decoder else {
                    match bytes.trim_ascii() {
                        b"" => tally.ignored.add(IgnoredReason::Blank, 1),
                        _ => tally.dead_letter(&file.path, line, "no format recognises the file; name one with --format"),
                    }
                    continue;
                };
                let raw = Raw::new(bytes, Position(line), classifier.keys.record(bytes));
                let mut printer = Printer { out: &mut out, feed: &feed, classifier, made: &mut made, tally: &mut tally, result: Ok(()) };
                if let Err(error) = decoder.decode(raw, &mut |decoded| printer.take(decoded)) {
                    printer.dead(line, &error);
                }
                printer.result?;
            }
        }
        if let Some(decoder) = &mut decoder {
            let mut printer = Printer { out: &mut out, feed: &feed, classifier, made: &mut made, tally: &mut tally, result: Ok(()) };
            decoder.flush(&mut |decoded| printer.take(decoded));
            printer.result?;
        }
        feed.note_counts(tally.accesses, &tally.ignored, tally.dead);
        undecoded.extend(feed.undecoded().map(|why| (file.path.clone(), why)));
        all.join(&tally);
    }
    out.flush()?;
    all.print();
    if undecoded.is_empty() { Ok(()) } else { Err(Failure::undecoded(&undecoded)) }
}

/// What became of the lines that were read.
#[derive(Default)]
struct Tally {
    lines: u64,
    accesses: u64,
    ignored: IgnoredCounts,
    dead: u64,
    /// Dead letters of all files that were printed one by one.
    shown: u64,
}

impl Tally {
    fn dead_letter(&mut self, path: &str, line: u64, reason: &str) {
        self.dead += 1;
        self.shown += 1;
        note(self.shown, path, line, reason);
    }

    fn join(&mut self, other: &Tally) {
        self.lines += other.lines;
        self.accesses += other.accesses;
        self.ignored.join(&other.ignored);
        self.dead += other.dead;
        self.shown = other.shown;
    }

    fn print(&self) {
        let more = (self.accesses + self.ignored.total() + self.dead).saturating_sub(self.lines);
        let within = if more == 0 { String::new() } else { format!("{more} more records within them, ") };
        let reasons: Vec<String> = self.ignored.iter().map(|(reason, lines)| format!("{} {lines}", reason.name())).collect();
        let why = if reasons.is_empty() { String::new() } else { format!(" ({})", reasons.join(", ")) };
        let (lines, accesses, ignored, dead) = (self.lines, self.accesses, self.ignored.total(), self.dead);
        eprintln!("{lines} lines read: {within}{accesses} accesses, {ignored} ignored{why}, {dead} dead letters");
        if dead > 0 {
            eprintln!("{dead} records could not be decoded");
        }
    }
}

fn note(count: u64, path: &str, line: u64, reason: &str) {
    if count <= SHOWN_DEAD {
        eprintln!("dead letter: {}:{line}: {}", Untrusted(path), Untrusted(reason));
    }
}

/// Prints the decoder's output; keeps the first failure to write.
struct Printer<'p, W: Write> {
    out: &'p mut W,
    feed: &'p PartitionDecoder,
    classifier: &'p Classifier,
    made: &'p mut MadeTables,
    tally: &'p mut Tally,
    result: std::io::Result<()>,
}

impl<W: Write> Printer<'_, W> {
    fn take(&mut self, decoded: Decoded<'_>) {
        match decoded {
            Decoded::Record(record) if self.result.is_ok() => {
                self.tally.accesses += 1;
                self.result = self.print(&record);
            }
            Decoded::Ignored(Ignored { reason, lines, .. }) => self.tally.ignored.add(reason, lines),
            Decoded::Record(_) | Decoded::Numbered(_) => {}
            Decoded::Lost(lost) => self.dead(lost.position.0, &lost.error),
        }
    }

    fn print(&mut self, record: &Record<'_>) -> std::io::Result<()> {
        let (access, disclosure, _) = self.classifier.classify_among(record, self.feed.origin(), self.made);
        let line = describe(record, &access, &disclosure, &self.feed.name, &self.classifier.keys);
        serde_json::to_writer(&mut *self.out, &line)?;
        self.out.write_all(b"\n")
    }

    fn dead(&mut self, line: u64, error: &DecodeError) {
        self.tally.dead_letter(&self.feed.name, line, &error.to_string());
    }
}

fn describe<'a>(record: &'a Record<'_>, access: &'a Access, disclosure: &'a Disclosure, file: &'a str, keys: &'a Keys) -> Line<'a> {
    let account = record.account.as_deref().map(shown);
    let (employee, account) = match &access.actor {
        Actor::Employee(id) => (Some(&**id), account),
        Actor::Account(id) => (None, Some(account.filter(|account| !account.is_empty()).unwrap_or(Cow::Borrowed(id)))),
    };
    Line {
        source: Place(file, record.position.0),
        time: record.time,
        employee,
        account,
        identity: employee.map(|_| access.identity.name()),
        on_behalf_of: record.on_behalf_of.as_deref().map(shown),
        system: record.system.as_deref(),
        operation: access.operation.name(),
        objects: Objects(&disclosure.reads),
        rows: disclosure.rows,
        persons: disclosure.persons,
        subjects: Subjects(&disclosure.subjects, keys),
        client: Client { ip: record.client.ip.as_deref(), host: record.client.host.as_deref(), app: record.client.app.as_deref() },
        outcome: if record.outcome == leakwarden::model::record::EventOutcome::Success { "success" } else { "failure" },
        statement_class: disclosure.class,
        unparsed: disclosure.unparsed,
        flags: record.doubts.names().chain(access.signs.names()).collect(),
    }
}
