//! End to end: a simulated company's log on disk, read, decoded, classified, applied and judged.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use leakwarden::config::load;
use leakwarden::engine::Engine;
use leakwarden::pipeline::partition_decoder::TimeRange;
use leakwarden::pipeline::replay::{Replay, assign};
use leakwarden::simulate::{Company, Options};
use std::collections::BTreeMap;
use std::sync::Arc;

fn replaying(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a directory");
    let company = Company::new(Options { employees: 300, days: 40, ..Options::default() }).expect("a company");
    let written = company.write(dir.path()).expect("written");
    let config = load::read_config(&dir.path().join("config.toml")).expect("is valid");
    let files = [dir.path().join("access.jsonl").display().to_string()];
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(written.records));
    group.sample_size(10);
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(BenchmarkId::new("threads", threads), |bencher| {
            let fresh = || Arc::new(load::load(&config).expect("loads"));
            bencher.iter_batched(
                fresh,
                |context| {
                    let assigned = assign(&config, &files, None);
                    let mut replay =
                        Replay::open(Engine::new(context), assigned, TimeRange::default(), threads, &BTreeMap::new()).expect("opened");
                    pool.install(|| {
                        while replay.round().expect("reads").is_some() {}
                        replay.finish();
                    });
                    assert_eq!(replay.tally.accepted, written.records);
                    replay
                },
                criterion::BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, replaying);
criterion_main!(benches);
