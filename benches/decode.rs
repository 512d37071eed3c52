//! Decoding, beside what it costs to parse the same bytes into `serde_json::Value`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use leakwarden::decode::{self, Raw};
use leakwarden::model::access::Position;
use leakwarden::model::keys::Keys;
use leakwarden::simulate::{Company, Options};
use std::hint::black_box;

fn canonical() -> Vec<String> {
    let company = Company::new(Options { employees: 200, days: 10, ..Options::default() }).expect("a company");
    company.day(3).into_iter().map(|record| record.line).collect()
}

fn postgresql() -> Vec<String> {
    let fixture = include_str!("../tests/fixtures/postgresql15/A_defaults.json");
    fixture.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

fn decoding(criterion: &mut Criterion) {
    let keys = Keys::built_in();
    for (name, lines) in [("canonical", canonical()), ("postgresql-jsonlog", postgresql())] {
        let format = decode::format(name).expect("is a format");
        let bytes: u64 = lines.iter().map(|line| line.len() as u64).sum();
        for (unit, throughput) in [("bytes", Throughput::Bytes(bytes)), ("records", Throughput::Elements(lines.len() as u64))] {
            let mut group = criterion.benchmark_group(format!("decode/{unit}"));
            group.throughput(throughput);
            group.bench_function(BenchmarkId::new("decoder", name), |bencher| {
                bencher.iter(|| {
                    let mut decoder = decode::Codec::named(format, std::sync::Arc::default()).decoder();
                    let mut records = 0_u64;
                    for (at, line) in lines.iter().enumerate() {
                        let raw = Raw::new(line.as_bytes(), Position(at as u64 + 1), keys.record(line.as_bytes()));
                        let refused = decoder.decode(raw, &mut |record| {
                            records += 1;
                            black_box(&record);
                        });
                        assert!(refused.is_ok());
                    }
                    decoder.flush(&mut |_| records += 1);
                    records
                });
            });
            group.bench_function(BenchmarkId::new("serde_json::Value", name), |bencher| {
                bencher.iter(|| {
                    for line in &lines {
                        black_box(serde_json::from_slice::<serde_json::Value>(line.as_bytes()).expect("is JSON"));
                    }
                });
            });
            group.finish();
        }
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);
