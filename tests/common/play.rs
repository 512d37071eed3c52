//! Plays lines through decoder, classification and the real engine, one partition, one thread.

use leakwarden::decode::{self, Raw};
use leakwarden::engine::context::Context;
use leakwarden::engine::output::Evictions;
use leakwarden::engine::output::{Output, Revision, SourceCounts};
use leakwarden::engine::tracked::Tracked;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::evaluate::latest_alerts::LatestAlerts;
use leakwarden::model::access::{Access, Actor, Position};
use leakwarden::model::alert::Alert;
use leakwarden::model::signs::Signs;
use leakwarden::model::time::Timestamp;
use leakwarden::model::typology::Typology;
use leakwarden::pipeline::partition_decoder::{Batch, Item, PartitionDecoder};
use leakwarden::sink::dead_letters::DeadLetter;
use std::fmt::Display;
use std::sync::Arc;

/// An engine that is being fed, and what it has said.
pub struct Play {
    pub engine: Engine,
    pub ledger: LatestAlerts,
    pub revisions: Vec<Revision>,
    pub dead_letters: Vec<DeadLetter>,
    pub counts: SourceCounts,
    /// What was given up to keep within the limits.
    pub evicted: Evictions,
    /// Every time is believed, as from a broker whose clock is ahead of all.
    pub believe_all: bool,
    decoder: PartitionDecoder,
    line: u64,
}

/// Plays all lines at once.
pub fn play<L: Display>(context: &Arc<Context>, lines: &[L]) -> Play {
    let mut play = Play::new(context);
    play.take(lines);
    play.finish();
    play
}

/// The accesses of lines, in their order, as they would reach the engine.
pub fn decoded<L: Display>(context: &Arc<Context>, lines: &[L]) -> Vec<Access> {
    let mut play = Play::new(context);
    play.decode(lines).accesses
}

impl Play {
    /// Begins.
    pub fn new(context: &Arc<Context>) -> Play {
        let format = decode::FormatChoice::Known(decode::Codec::named(decode::format("canonical").expect("exists"), Arc::default()));
        Play {
            engine: Engine::new(context.clone()),
            ledger: LatestAlerts::default(),
            revisions: Vec::new(),
            dead_letters: Vec::new(),
            counts: SourceCounts::default(),
            evicted: Evictions::default(),
            believe_all: false,
            decoder: PartitionDecoder::new("access".to_owned(), 0, context.partition("access"), "access".to_owned(), format),
            line: 0,
        }
    }

    fn decode<L: Display>(&mut self, lines: &[L]) -> Batch {
        let context = self.engine.context().clone();
        let mut batch = Batch::default();
        for line in lines {
            let text = line.to_string();
            self.line += 1;
            let raw = Raw::new(text.as_bytes(), Position(self.line), context.classifier.keys.record(text.as_bytes()));
            self.decoder.decode_message(raw, &context.classifier, &mut batch);
            if let Some(access) = batch.accesses.last_mut().filter(|_| text.contains("\"signs\"")) {
                access.signs = signs(&text);
            }
        }
        batch
    }

    /// Takes lines, then settles what is old enough.
    pub fn take<L: Display>(&mut self, lines: &[L]) {
        let (letters, items) = self.decode(lines).into_items();
        self.dead_letters.extend(letters);
        let partition = self.engine.context().partition("access");
        for item in items {
            match item {
                Item::SequenceNumber { stream, number, record } => self.engine.note_number(partition, stream, number, record),
                Item::DeadLetter(named) => self.engine.note_dead_letter(partition, named),
                Item::Access(access) => {
                    let believed = self.believe_all.then_some(Timestamp::END);
                    self.engine.take(access, believed);
                }
            }
        }
        let output = self.engine.advance(&Sequential);
        self.note(output);
    }

    /// The input ends.
    pub fn finish(&mut self) {
        let output = self.engine.finish(&Sequential);
        self.note(output);
    }

    /// Goes on in a new process, as it were: from the image of the state, with everything loaded anew.
    pub fn restart(&mut self, context: &Arc<Context>) {
        let image = self.engine.snapshot();
        self.engine = Engine::restore(context.clone(), &image).expect("restores");
    }

    fn note(&mut self, output: Output) {
        for counts in &output.counts.sources {
            self.counts.accepted += counts.accepted;
            self.counts.duplicate += counts.duplicate;
            self.counts.late += counts.late;
        }
        self.evicted.add(output.counts.evicted);
        self.revisions.extend(output.revisions.iter().cloned());
        self.ledger.take(output.revisions);
    }

    /// The alerts as they stand, in the order of the contract.
    pub fn alerts(&self) -> Vec<&Alert> {
        self.ledger.in_order().into_iter().map(|entry| &entry.alert).collect()
    }

    /// The only alert.
    pub fn alert(&self) -> &Alert {
        let alerts = self.alerts();
        assert_eq!(alerts.len(), 1, "one alert is expected: {:?}", self.typologies());
        alerts[0]
    }

    /// Who is alerted as what.
    pub fn typologies(&self) -> Vec<(String, Typology)> {
        let who = |alert: &Alert| alert.employee.clone().or(alert.account.clone()).unwrap_or_default();
        self.alerts().into_iter().map(|alert| (who(alert), alert.typology)).collect()
    }

    /// The alerts as the program writes them.
    pub fn written(&self) -> String {
        self.alerts().into_iter().map(|alert| serde_json::to_string(alert).expect("writes") + "\n").collect()
    }

    /// What is kept of an employee.
    pub fn of(&self, employee: &str) -> Tracked {
        let key = self.engine.context().key(&Actor::Employee(employee.into()));
        Tracked::clone(&self.engine.profiles().get(&key).expect("is tracked"))
    }
}

/// The signs that a line is to have, as if a decoder had seen them.
fn signs(line: &str) -> Signs {
    let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let names = value["signs"].as_array().expect("signs").iter().map(|name| name.as_str().expect("a name"));
    let sign = |name| Signs::ALL.into_iter().find(|(_, known)| *known == name).expect("a sign").0;
    names.map(sign).fold(Signs::default(), Signs::and)
}
