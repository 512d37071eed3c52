//! Fuzzing of the cluster's own topics and of what is saved on disk: a second each for every build, and
//! `LEAKWARDEN_FUZZ_SECONDS=1800 cargo test --test simulation fuzz` for as long as that. Nothing may crash, end the work or be believed.

use crate::world::World;
use crate::{COMPANY, number, same_alerts};
use leakwarden::model::keys::Keys;
use leakwarden::model::stamp::Stamp;
use leakwarden::model::topic::ChangelogRecord;
use leakwarden::random::SplitMix64;
use leakwarden::store::Store;
use leakwarden::store::log_cache::LogCache;
use leakwarden::store::seal::StateSealer;
use leakwarden::store::witness::{StateLoss, Witness};
use leakwarden::stream::wire::{TaskMessage, Tick, decode, read_bundle};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs rounds for as long as was asked for, at least a few; each has its own dice.
#[expect(clippy::disallowed_methods, reason = "it goes on for a time that is asked for")]
fn rounds(what: &str, least: u64, mut round: impl FnMut(&mut SplitMix64)) {
    let time = Duration::from_secs(number("LEAKWARDEN_FUZZ_SECONDS").unwrap_or(1));
    let (begun, mut done) = (Instant::now(), 0);
    while done < least || begun.elapsed() < time {
        done += 1;
        round(&mut SplitMix64::new(done.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
    }
    eprintln!("{what}: {done} rounds in {:?}", begun.elapsed());
}

#[test]
fn fuzz_topics() {
    let peace = World::new(&COMPANY, 0).in_peace();
    let mut written = 0;
    rounds("besieged processes", 2, |dice| {
        let mut world = World::new(&COMPANY, dice.number());
        world.besieged = true;
        let outcome = world.in_trouble();
        same_alerts("besieged", &outcome, &peace.alerts);
        assert_eq!(outcome.states, peace.states, "what an intruder wrote was believed");
        assert!(outcome.passed_over > 0);
        written += outcome.intrusions;
    });
    eprintln!("{written} messages of intruders, none believed");
}

/// Should a seal ever hold for bytes that are none of ours, reading them must be an error and no more.
#[test]
fn fuzz_encodings() {
    rounds("encodings", 2_000, |dice| {
        let mut bytes: Vec<u8> = (0..dice.below(200)).map(|_| dice.number() as u8).collect();
        if dice.once_in(2) && !bytes.is_empty() {
            bytes[0] = leakwarden::stream::wire::VERSION;
        }
        if let Ok((_, items)) = read_bundle(&bytes) {
            // A count that the bytes do not hold ends with the first item that is missing.
            let _ = items.take_while(Result::is_ok).count();
        }
        let _ = decode::<TaskMessage>(&bytes);
        let _ = decode::<Tick>(&bytes);
    });
}

fn change(dice: &mut SplitMix64, file: &Path) {
    let mut bytes = fs::read(file).expect("read");
    for _ in 0..1 + dice.below(3) {
        let at = dice.below(bytes.len().max(1));
        match dice.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.extend((0..dice.below(100)).map(|_| dice.number() as u8)),
            2 if at + 8 < bytes.len() => bytes[at..at + 8].fill(dice.number() as u8),
            3 => {
                bytes.splice(at.min(bytes.len())..at.min(bytes.len()), [0, 0, 0, 0]);
            }
            _ if at < bytes.len() => bytes[at] ^= 1 << dice.below(8),
            _ => {}
        }
    }
    fs::write(file, bytes).expect("written");
}

#[test]
fn fuzz_state() {
    let sealer = || StateSealer::new(&Keys::from_secret(&[7; 32]));
    let whole = tempfile::tempdir().expect("a directory");
    let mut store = Store::open(whole.path(), sealer()).expect("opened");
    store.write(b"meta", (0..20_u32).map(|shard| (shard, vec![shard as u8; 700]))).expect("written");
    let expected = store.load().expect("read");
    drop(store);
    let record = |offset: i64| ChangelogRecord {
        offset,
        key: offset.to_be_bytes().to_vec(),
        value: (offset % 3 > 0).then(|| vec![offset as u8; 300]),
        stamp: Stamp { sequence: offset.unsigned_abs() + 1, ..Stamp::default() },
    };
    let mut cache = LogCache::open(whole.path(), "state-0", sealer()).expect("opened").expect("free");
    cache.load().expect("read");
    let mut prefixes = vec![Vec::new()];
    for frame in 0..10 {
        cache.append(&(frame * 5..frame * 5 + 5).map(record).collect::<Vec<_>>()).expect("written");
        let dir = tempfile::tempdir().expect("a directory");
        let mut again = LogCache::open(dir.path(), "state-0", sealer()).expect("opened").expect("free");
        again.load().expect("read");
        again.append(&(0..frame * 5 + 5).map(record).collect::<Vec<_>>()).expect("written");
        prefixes.push(again.load().expect("read").records);
    }
    drop(cache);
    let witness = |dir: &Path| Witness::of(&dir.join("of"), None, sealer());
    witness(whole.path()).note(9).expect("written");
    rounds("state, cache and witness", 30, |dice| {
        let dir = tempfile::tempdir().expect("a directory");
        for name in ["state.redb", "state-0.log", "of.witness"] {
            fs::copy(whole.path().join(name), dir.path().join(name)).expect("copied");
            change(dice, &dir.path().join(name));
        }
        if let Ok(found) = Store::open(dir.path(), sealer()).and_then(|store| store.load()) {
            assert!(found == expected || found.is_none(), "state that nobody saved");
        }
        let mut cache = LogCache::open(dir.path(), "state-0", sealer()).expect("opened").expect("free");
        let loaded = cache.load().expect("read");
        assert!(prefixes.contains(&loaded.records), "a cache that nobody wrote");
        let judged = witness(dir.path()).judge(9);
        assert!(matches!(judged, None | Some(StateLoss::Unwitnessed)), "{judged:?}");
    });
}
