//! How well the program counts: what it understood of real servers' logs, against what their clients really got.
//!
//! Runs lie in `tests/fixtures`, in what `$LEAKWARDEN_LABORATORY` (output of `tests/servers/run`) and `$LEAKWARDEN_SAMPLES`
//! name, and beside the checkout. None may be counted wrongly, and what the log cannot show must be listed, with the reason.
//! `cargo test --test suite score:: -- --nocapture` prints the table; `SHOW=c39` or `SHOW=I_syslog.csv` the accesses behind it.

mod accesses;
mod expected;
mod others;
mod runs;
mod verdict;

use accesses::{Decoded, decode};
use std::collections::BTreeMap;
use std::path::Path;
use verdict::{Verdict, judge};

/// Cases of one carrier by verdict, each with what was counted.
type Table = BTreeMap<Verdict, Vec<(String, String)>>;

#[test]
fn no_case_of_a_real_server_is_counted_wrongly() {
    let config = tempfile::tempdir().expect("a directory");
    let catalog = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers/catalog.toml");
    std::fs::copy(catalog, config.path().join("catalog.toml")).expect("copied");
    std::fs::write(config.path().join("config.toml"), "[catalog]\nfile = \"catalog.toml\"\n").expect("written");
    let (mut faults, mut scored) = (Vec::new(), 0);
    for root in runs::roots() {
        println!("\n{}", root.display());
        println!("  {:<34} right bounded unknown invisible wrong  dead  each access exact", "");
        for run in runs::under(&root) {
            for carrier in &run.carriers {
                let name = carrier.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
                scored += 1;
                match decode(config.path(), carrier, &run.cases) {
                    Decoded::NoDecoder => {
                        println!("  {name:<34} no format recognises it");
                        faults.push(format!("{name}: no format recognises it"));
                    }
                    Decoded::Accesses { by_case, dead, messages } => {
                        let table = table(&run, &name, &by_case, dead, &messages);
                        faults.extend(expected::faults(&run.name, &name, &table, dead));
                    }
                }
            }
        }
    }
    assert!(scored > 0, "there was nothing to score");
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

/// Judges the cases of a carrier and prints its row.
fn table(run: &runs::Run, name: &str, by_case: &BTreeMap<String, Vec<accesses::Access>>, dead: u64, messages: &str) -> Table {
    let mut table = Table::new();
    let (mut otherwise, mut each_exact) = (Vec::new(), 0);
    let show = std::env::var("SHOW").unwrap_or_default();
    for case in &run.cases {
        let accesses = by_case.get(&case.case).map(Vec::as_slice).unwrap_or_default();
        if !show.is_empty() && (show == case.case || show == name) {
            for access in accesses {
                let line = access.source.rsplit(':').next().unwrap_or_default();
                println!(
                    "    {name}:{line} {} {} {:?} of {:?}",
                    case.case, access.operation, access.persons, case.distinct_persons_disclosed
                );
            }
        }
        let joined = case.connection.is_some() || !accesses.is_empty() || !expected::BY_CONNECTION.contains(&case.case.as_str());
        let Some(truth) = case.distinct_persons_disclosed.filter(|_| joined) else { continue };
        let judged = judge(accesses, truth);
        let counted = match judged.verdict {
            Verdict::Invisible => format!("{} ({truth})", case.case),
            _ => format!("{} ({:?} of {truth})", case.case, judged.persons),
        };
        each_exact += usize::from(judged.each_exact);
        table.entry(judged.verdict).or_default().push((case.case.clone(), counted));
        otherwise.extend(judged.otherwise.iter().map(|(reading, verdict)| format!("{} {reading} {verdict:?}", case.case)));
    }
    let of = |verdict| table.get(&verdict).map_or(0, Vec::len);
    let [right, bounded, unknown, invisible, wrong] =
        [Verdict::Right, Verdict::Bounded, Verdict::Unknown, Verdict::Invisible, Verdict::Wrong].map(of);
    println!("  {name:<34} {right:5} {bounded:7} {unknown:7} {invisible:9} {wrong:5} {dead:5} {each_exact:18}");
    for verdict in [Verdict::Wrong, Verdict::Invisible] {
        let cases: Vec<&str> = table.get(&verdict).into_iter().flatten().map(|(_, counted)| counted.as_str()).collect();
        if !cases.is_empty() {
            println!("      {verdict:?}: {}", cases.join(", "));
        }
    }
    if !show.is_empty() {
        for verdict in [Verdict::Bounded, Verdict::Unknown] {
            let cases: Vec<&str> = table.get(&verdict).into_iter().flatten().map(|(_, counted)| counted.as_str()).collect();
            println!("      {verdict:?}: {}", cases.join(", "));
        }
        println!("      read otherwise: {}", otherwise.join(", "));
    }
    if dead > 0 {
        print!("{messages}");
    }
    table
}
