//! Decoding of every format, in bytes a second, beside what it costs to parse the same bytes as JSON: as they are where they
//! are JSON, else each line as one JSON text.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use leakwarden::decode::{Codec, FORMATS, Format, Raw};
use leakwarden::model::access::Position;
use leakwarden::model::keys::Keys;
use leakwarden::simulate::{Company, Options};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// About how much of each format is decoded at a time.
const BYTES: usize = 512 * 1024;

/// Lines of a format: of a simulated company, of a real server's log, else of the seeds that its fuzzer starts with.
fn lines(format: &Format) -> Vec<Vec<u8>> {
    let root = env!("CARGO_MANIFEST_DIR");
    let text = match format.name {
        "canonical" => {
            let company = Company::new(Options { employees: 200, days: 10, ..Options::default() }).expect("a company");
            company.day(3).into_iter().map(|record| record.line + "\n").collect::<String>().into_bytes()
        }
        "postgresql-jsonlog" => std::fs::read(format!("{root}/tests/fixtures/postgresql15/A_defaults.json")).expect("is there"),
        name => {
            let folder = std::fs::read_dir(format!("{root}/tests/fuzz/corpus/{name}")).expect("has a corpus");
            let mut seeds: Vec<_> = folder.map(|entry| entry.expect("is readable").path()).collect();
            seeds.retain(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("seed")));
            seeds.sort();
            seeds.iter().flat_map(|path| std::fs::read(path).expect("is readable").into_iter().chain([b'\n'])).collect()
        }
    };
    let lines: Vec<Vec<u8>> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect();
    let times = BYTES.div_ceil(text.len());
    (0..times).flat_map(|_| lines.iter().cloned()).collect()
}

fn decode(format: &'static Format, lines: &[Vec<u8>], keys: &Keys) -> u64 {
    let mut decoder = Codec::named(format, Arc::default()).decoder();
    let mut given = 0;
    for (at, line) in lines.iter().enumerate() {
        let raw = Raw::new(line, Position(at as u64 + 1), keys.record(line));
        let _ = black_box(decoder.decode(raw, &mut |decoded| {
            given += 1;
            black_box(&decoded);
        }));
    }
    decoder.flush(&mut |_| given += 1);
    given
}

fn decoding(criterion: &mut Criterion) {
    let keys = Keys::built_in();
    for format in FORMATS {
        let lines = lines(format);
        let is_json = serde_json::from_slice::<serde_json::Value>(&lines[0]).is_ok();
        let as_json: Vec<Vec<u8>> = match is_json {
            true => lines.clone(),
            false => lines.iter().map(|line| serde_json::Value::from(String::from_utf8_lossy(line)).to_string().into_bytes()).collect(),
        };
        let mut group = criterion.benchmark_group(format!("decode/{}", format.name));
        group.sample_size(10).warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
        group.throughput(Throughput::Bytes(lines.iter().map(|line| line.len() as u64 + 1).sum()));
        group.bench_function(BenchmarkId::from_parameter("decoder"), |bencher| bencher.iter(|| decode(format, &lines, &keys)));
        group.bench_function(BenchmarkId::from_parameter("serde_json::Value"), |bencher| {
            bencher.iter(|| {
                for line in &as_json {
                    black_box(serde_json::from_slice::<serde_json::Value>(line).ok());
                }
            });
        });
        group.finish();
    }
}

criterion_group!(benches, decoding);
criterion_main!(benches);
