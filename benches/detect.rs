//! What looking costs: each detector at every access, all together, and beside them the JSON decoding of the same records.
//!
//! The looks are those of a simulated company's day after weeks of history: the engine applies every access, and each detector is
//! asked about it with everything that it would be given.

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use leakwarden::classify::duty::duty;
use leakwarden::config::load;
use leakwarden::decode::{self, Codec, FormatChoice, Raw};
use leakwarden::detect::{AccessContext, DETECTORS, evaluate_access};
use leakwarden::engine::context::Context;
use leakwarden::engine::listening::concerned;
use leakwarden::engine::tracked::Tracked;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::model::access::{Access, Position};
use leakwarden::pipeline::partition_decoder::{Batch, PartitionDecoder};
use leakwarden::population::Models;
use leakwarden::population::rise::Rise;
use leakwarden::profile::conduct::Circumstances;
use leakwarden::profile::justification::{self, Justification, ReasonUsage, Reasons};
use leakwarden::profile::window::day_number;
use leakwarden::profile::{Profile, ProfileChange};
use leakwarden::simulate::{Company, Options};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

/// Looks that are timed.
const LOOKS: usize = 2_000;

/// One access, and its employee's state with the access applied.
struct Seen {
    access: Access,
    change: ProfileChange,
    justification: Justification,
    tracked: Tracked,
}

struct Bench {
    context: Arc<Context>,
    models: Arc<Models>,
    seen: Vec<Seen>,
    lines: Vec<String>,
}

fn decoded(context: &Arc<Context>, lines: &[String]) -> Vec<Access> {
    let format = FormatChoice::Known(Codec::named(decode::format("canonical").expect("exists"), Arc::default()));
    let mut decoder = PartitionDecoder::new("access".to_owned(), 0, context.partition("access"), "access".to_owned(), format);
    let mut batch = Batch::default();
    for (at, line) in lines.iter().enumerate() {
        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), context.classifier.keys.record(line.as_bytes()));
        decoder.decode_message(raw, &context.classifier, &mut batch);
    }
    batch.accesses
}

/// Weeks of history, then the looks of the next day.
fn bench() -> Bench {
    let dir = tempfile::tempdir().expect("a directory");
    let company = Company::new(Options { employees: 100, days: 25, ..Options::default() }).expect("a company");
    company.write(dir.path()).expect("written");
    let config = load::read_config(&dir.path().join("config.toml")).expect("is valid");
    let context = Arc::new(load::load(&config).expect("loads"));
    let mut engine = Engine::new(context.clone());
    let lines = |day: u32| -> Vec<String> { company.day(day).into_iter().map(|record| record.line).collect() };
    let day = (0..company.days()).rev().find(|day| lines(*day).len() > LOOKS).expect("a working day");
    for before in 0..day {
        decoded(&context, &lines(before)).into_iter().for_each(|access| engine.take(access, None));
        engine.advance(&Sequential);
    }
    engine.finish(&Sequential);
    let today = lines(day);
    let models = engine.models().clone();
    let mut states: BTreeMap<String, Tracked> = BTreeMap::new();
    let mut usage = ReasonUsage::default();
    let mut seen = Vec::new();
    for access in decoded(&context, &today) {
        let key = context.key(&access.actor);
        let known = || engine.profiles().get(&key).map(|tracked| tracked.clone());
        let state = states.entry(access.actor.name().to_string());
        let tracked =
            state.or_insert_with(|| known().map_or_else(|| Tracked::new(Profile::new(access.actor.clone()), &context), |known| *known));
        let directory = &context.classifier.directory;
        let employee = directory.employee(access.actor.name());
        let (local, duty) = duty(directory, employee, None, access.time);
        tracked.open_day(day_number(local.day), &context);
        let justification = justification::justify(
            Reasons { filed: &context.explanations, granted: None },
            &mut usage,
            tracked.who,
            &access,
            access.unnamed(),
        );
        let group = models.of(&tracked.group);
        let around = Circumstances {
            local,
            duty,
            employee,
            notice: None,
            subjects: &context.subjects,
            is_common: &|which| group.access_profile.is_common(which),
        };
        let change = tracked.profile.apply(&access, &justification, &around, &context.statute);
        if seen.len() < LOOKS && change.discloses {
            seen.push(Seen { access, change, justification, tracked: tracked.clone() });
        }
    }
    Bench { context, models, lines: today.into_iter().take(seen.len()).collect(), seen }
}

impl Bench {
    /// Hands every look to `ask`.
    fn each(&self, mut ask: impl FnMut(&AccessContext<'_>)) {
        for Seen { access, change, justification, tracked } in &self.seen {
            ask(&AccessContext {
                access,
                change,
                justification,
                profile: &tracked.profile,
                employee: self.context.classifier.directory.employee(access.actor.name()),
                notice: None,
                group: self.models.of(&tracked.group),
                own: tracked.own(),
                before: tracked.before(),
                rise: Rise::NONE,
                rise_before: Rise::NONE,
                rises: &Default::default(),
                lapses: &Default::default(),
                subjects: &self.context.subjects,
                statute: &self.context.statute,
                floor: 0,
                quiet: 0.0,
            });
        }
    }
}

fn looking(criterion: &mut Criterion) {
    let bench = bench();
    let mut group = criterion.benchmark_group("detect");
    group.throughput(Throughput::Elements(bench.seen.len() as u64)).sample_size(20);
    for detector in DETECTORS {
        let Some(look) = detector.on_access else { continue };
        let floor = bench.context.settings.of(detector.typology).floor;
        group.bench_function(detector.typology.name(), |bencher| {
            bencher.iter(|| bench.each(|at| drop(black_box(look(&AccessContext { floor, ..*at })))));
        });
    }
    group.bench_function("all together", |bencher| {
        let mut found = Vec::new();
        bencher.iter(|| {
            bench.each(|at| {
                let concerned = concerned(at.access, &at.change.signals);
                evaluate_access(&bench.context.settings, concerned, AccessContext { ..*at }, &|_| 0.0, &mut found);
            });
            black_box(&found);
            found.clear();
        });
    });
    let keys = &bench.context.classifier.keys;
    group.bench_function("JSON decoding of the same records", |bencher| {
        bencher.iter(|| {
            let mut decoder = Codec::named(decode::format("canonical").expect("exists"), Arc::default()).decoder();
            for (at, line) in bench.lines.iter().enumerate() {
                let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
                let _ = black_box(decoder.decode(raw, &mut |decoded| drop(black_box(decoded))));
            }
        });
    });
    group.bench_function("serde_json::Value of the same records", |bencher| {
        bencher.iter(|| {
            for line in &bench.lines {
                black_box(serde_json::from_str::<serde_json::Value>(line).ok());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, looking);
criterion_main!(benches);
