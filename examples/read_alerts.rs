//! Reads alerts as another program would: `cargo run --example read_alerts -- alerts.jsonl`, or alerts on standard input.
//!
//! Keeps the last revision of each alert and prints the open ones in the order in which to look.

use leakwarden::model::alert::{Alert, AlertState};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let input: Box<dyn Read> = match std::env::args_os().nth(1) {
        Some(path) => Box::new(std::fs::File::open(path)?),
        None => Box::new(std::io::stdin()),
    };
    // A sink may see a revision twice: id and revision tell repeats.
    let mut last: BTreeMap<String, Alert> = BTreeMap::new();
    for line in BufReader::new(input).lines() {
        let alert: Alert = serde_json::from_str(&line?)?;
        if last.get(&alert.id).is_none_or(|known| known.revision <= alert.revision) {
            last.insert(alert.id.clone(), alert);
        }
    }
    let mut open: Vec<&Alert> = last.values().filter(|alert| alert.state == AlertState::Open).collect();
    open.sort_by(|a, b| b.score.total_cmp(&a.score).then_with(|| a.id.cmp(&b.id)));
    for alert in open {
        let who = alert.employee.as_ref().or(alert.account.as_ref()).or(alert.source.as_ref());
        println!("{:5.1} {} {} {}", alert.score, alert.typology, who.map_or("-", String::as_str), alert.explanation);
    }
    Ok(())
}
