//! Applying one access: to a profile alone, and through the engine with settling, detectors and triage.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use leakwarden::classify::classifier::Classifier;
use leakwarden::classify::directory::Directory;
use leakwarden::classify::duty::duty;
use leakwarden::classify::references::ReferenceOwner;
use leakwarden::classify::subjects::Subjects;
use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::decode::{Codec, FormatChoice, Raw};
use leakwarden::engine::context::Context;
use leakwarden::engine::{Engine, Sequential};
use leakwarden::model::access::{Access, Actor, Position};
use leakwarden::model::persons::Persons;
use leakwarden::model::statute::Statute;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::model::zone::Zone;
use leakwarden::pipeline::partition_decoder::{Batch, PartitionDecoder};
use leakwarden::profile::Profile;
use leakwarden::profile::conduct::Circumstances;
use leakwarden::profile::justification::{Justification, UnexplainedSubjects};
use leakwarden::profile::window::day_number;
use std::sync::Arc;

const CATALOG: &str =
    "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\nphone = \"phone_number\"\n";

const EMPLOYEES: u64 = 200;

/// 2026-03-02.
const FIRST: Timestamp = Timestamp(1_772_409_600_000);

fn context() -> Arc<Context> {
    let dir = tempfile::tempdir().expect("a directory");
    std::fs::write(dir.path().join("catalog.toml"), CATALOG).expect("written");
    let config = Config::parse("[catalog]\nfile = \"catalog.toml\"\n", &dir.path().join("config.toml")).expect("is valid");
    Arc::new(load::load(&config).expect("loads"))
}

/// Accesses of `EMPLOYEES` people over days of eight hours, each to so many customers.
fn accesses(classifier: &Classifier, context: &Context, count: u64, people: u64) -> Vec<Access> {
    let partition = context.partition("access");
    let format = leakwarden::decode::format("canonical").expect("exists");
    let format = FormatChoice::Known(Codec::named(format, Arc::default()));
    let mut decoder = PartitionDecoder::new("access".to_owned(), 0, partition, "access".to_owned(), format);
    let mut batch = Batch::default();
    for n in 0..count {
        let (day, second) = (n / (EMPLOYEES * 40), n % (EMPLOYEES * 40) * 3);
        let time = FIRST + Span::days(day as i64) + Span::hours(9) + Span::seconds(second as i64);
        let employee = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) % EMPLOYEES;
        let first = employee * 5_000 + n.wrapping_mul(7_919) % 4_000;
        let subjects: Vec<String> = (first..first + people).map(|id| format!("\"{id}\"")).collect();
        let line = format!(
            "{{\"time\":{},\"id\":\"{n}\",\"employee\":\"e{employee}\",\"objects\":[{{\"table\":\"crm.customers\",\"columns\":[\"name\",\"phone\"]}}],\"subjects\":[{}],\"rows\":{people}}}",
            time.0,
            subjects.join(",")
        );
        let raw = Raw::new(line.as_bytes(), Position(n + 1), classifier.keys.record(line.as_bytes()));
        decoder.decode_message(raw, classifier, &mut batch);
    }
    assert!(batch.dead_letters.is_empty() && batch.accesses.len() as u64 == count);
    batch.accesses
}

fn applying(criterion: &mut Criterion) {
    let context = context();
    let statute = Statute::built_in();
    let directory = Directory::empty(Zone::utc());
    let subjects = Subjects::default();
    for (name, count, people) in [("one customer", 40_000, 1), ("lists of 50", 4_000, 50)] {
        let accesses = accesses(&context.classifier, &context, count, people);
        let mut group = criterion.benchmark_group(format!("apply/{name}"));
        group.throughput(Throughput::Elements(count));
        group.sample_size(20);
        let open = Justification {
            unexplained: UnexplainedSubjects::Everybody,
            unexplained_unnamed: Persons::NOBODY,
            claimed: false,
            owner: ReferenceOwner::Own,
        };
        group.bench_function("Profile::apply", |bencher| {
            let fresh = || Profile::new(Actor::Employee("e1".into()));
            bencher.iter_batched_ref(
                fresh,
                |profile| {
                    for access in &accesses {
                        let (local, duty) = duty(&directory, None, None, access.time);
                        let around = Circumstances { local, duty, employee: None, notice: None, subjects: &subjects, is_common: &|_| true };
                        profile.open_day(day_number(local.day), &statute);
                        profile.apply(access, &open, &around, &statute);
                    }
                },
                BatchSize::LargeInput,
            );
        });
        group.bench_function("Engine::take and advance", |bencher| {
            let fresh = || (Engine::new(context.clone()), accesses.clone());
            bencher.iter_batched(
                fresh,
                |(mut engine, accesses)| {
                    for (n, access) in accesses.into_iter().enumerate() {
                        engine.take(access, None);
                        if n % 1_000 == 999 {
                            engine.advance(&Sequential);
                        }
                    }
                    engine.finish(&Sequential);
                    engine
                },
                BatchSize::LargeInput,
            );
        });
        group.finish();
    }
}

fn image(criterion: &mut Criterion) {
    let context = context();
    let mut engine = Engine::new(context.clone());
    for access in accesses(&context.classifier, &context, 100_000, 1) {
        engine.take(access, None);
    }
    engine.advance(&Sequential);
    let image = engine.snapshot();
    let bytes: usize = image.shards.iter().map(Vec::len).sum();
    let mut group = criterion.benchmark_group("image");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.sample_size(10);
    group.bench_function("write", |bencher| bencher.iter(|| engine.snapshot()));
    group.bench_function("restore", |bencher| bencher.iter(|| Engine::restore(context.clone(), &image).expect("restores")));
    group.finish();
}

criterion_group!(benches, applying, image);
criterion_main!(benches);
