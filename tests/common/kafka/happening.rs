//! What befalls the processes of a cluster, one thing after the other.

use crate::common::kafka::broker::Broker;
use crate::common::kafka::cluster::{Cluster, SESSION};
use crate::common::kafka::flaky::{Flaky, Mood};
use crate::common::kafka::service::Service;
use crate::common::kafka::{until, until_done};
use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Processes, and what has befallen them.
pub struct Happening<'a> {
    cluster: &'a Cluster,
    broker: &'a Broker,
    /// The way of the second sink.
    way: &'a Flaky,
    /// Points at which a process may end itself.
    points: &'a [&'a str],
    processes: Vec<Option<Running>>,
    chance: u64,
    /// What is yet to happen in any case.
    due: Vec<Trouble>,
    count: BTreeMap<&'static str, usize>,
}

struct Running {
    service: Service,
    /// It is to end itself at a point.
    ends: bool,
    /// It lives in another time, in which the client's requests may end before they are answered.
    elsewhen: bool,
    /// Its log cannot grow either.
    is_mute: bool,
}

/// The signal of a process that ends itself at a point.
const ABORTED: i32 = 6;

/// What a short form must not leave to chance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Trouble {
    /// The second sink is slow, breaks off, or takes what it is told and says nothing.
    Sink(Mood),
    /// No file may grow any more.
    FullDisk,
    /// There is something else where the cache's directory should be, before a start or while the process runs.
    CacheInTheWay(bool),
    /// Files of the cache are cut off or damaged somewhere before a start.
    CacheDamaged,
    /// The configuration is read again, by those who run.
    Reloaded,
    /// The personnel system delivers nothing but a header, for a while.
    EmptyFeed,
}

const TROUBLES: &[Trouble] = &[
    Trouble::Sink(Mood::Slow),
    Trouble::Sink(Mood::Breaks),
    Trouble::Sink(Mood::Swallows),
    Trouble::FullDisk,
    Trouble::CacheInTheWay(false),
    Trouble::CacheInTheWay(true),
    Trouble::CacheDamaged,
    Trouble::Reloaded,
    Trouble::EmptyFeed,
];

/// What is told of a partition that was made anew.
const MADE_ANEW: &str = "the topic was made anew";

/// What is told of a feed that is refused.
const REFUSED: &str = "employees must not lose";

/// Processes at most.
const MOST: usize = 4;

/// Where Debian keeps what tells a process another time.
const FAKETIME: &str = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1";

impl<'a> Happening<'a> {
    /// Begins with two processes. `LEAKWARDEN_CHAOS_SEED` chooses what happens; its times are those of the machine.
    pub fn new(cluster: &'a Cluster, broker: &'a Broker, way: &'a Flaky, points: &'a [&'a str]) -> Happening<'a> {
        let seed = std::env::var("LEAKWARDEN_CHAOS_SEED").ok().and_then(|text| text.parse().ok());
        let chance = seed.unwrap_or_else(|| std::process::id().into());
        println!("LEAKWARDEN_CHAOS_SEED={chance}");
        let processes = (0..MOST)
            .map(|number| (number < 2).then(|| Running { service: cluster.start(number), ends: false, elsewhen: false, is_mute: false }));
        let (processes, due, count) = (processes.collect(), TROUBLES.to_vec(), BTreeMap::new());
        Happening { cluster, broker, way, points, processes, chance, due, count }
    }

    fn below(&mut self, n: u64) -> u64 {
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33) % n
    }

    fn note(&mut self, what: &'static str) {
        *self.count.entry(what).or_default() += 1;
    }

    /// Whether everything that must happen has happened.
    pub fn is_complete(&self) -> bool {
        self.due.is_empty()
    }

    /// Something happens. Says how many processes were killed.
    pub fn next(&mut self) -> usize {
        let pause = 200 + self.below(1_800);
        std::thread::sleep(Duration::from_millis(pause));
        let killed = self.ended();
        let running: Vec<usize> = (0..MOST).filter(|number| self.processes[*number].is_some()).collect();
        if running.is_empty() {
            self.start();
            return killed;
        }
        let which = running[self.below(running.len() as u64) as usize];
        if !self.due.is_empty() && self.below(3) == 0 {
            let at = self.below(self.due.len() as u64) as usize;
            let trouble = self.due.swap_remove(at);
            return killed + self.trouble(trouble, which);
        }
        killed + self.befalls(which, running.len())
    }

    /// Those that ended themselves at a point count as killed. No other may end, also if it finds no broker when it starts.
    fn ended(&mut self) -> usize {
        let mut killed = 0;
        for slot in &mut self.processes {
            if slot.as_mut().is_some_and(|process| !process.service.is_running()) {
                let process = slot.take().expect("it is there");
                let log = process.service.log();
                assert!(process.ends && !log.contains("panicked"), "it ended by itself: {log}");
                killed += 1;
            }
        }
        (0..killed).for_each(|_| self.note("ended at a point"));
        killed
    }

    fn befalls(&mut self, which: usize, running: usize) -> usize {
        match self.below(100) {
            0..36 => {
                self.kill(which);
                self.note("killed");
                if self.below(3) > 0 {
                    self.start();
                }
                return 1;
            }
            36..50 => {
                let point = self.points[self.below(self.points.len() as u64) as usize];
                let passes = if point == "message taken" || point.starts_with("message") || point == "record taken" { 2_000 } else { 4 };
                let at = 1 + self.below(passes);
                self.start_with(&[("LEAKWARDEN_FAIL_AT", format!("{point}:{at}"))], true);
            }
            50..62 => self.start(),
            62..71 => {
                if running > 1
                    && let Some(process) = self.processes[which].take()
                {
                    return self.stop(process);
                }
            }
            71..80 => {
                if let Some(process) = &self.processes[which] {
                    process.service.freeze();
                    std::thread::sleep(SESSION + Duration::from_millis(1_500));
                    process.service.thaw();
                }
                self.note("stopped past the session");
            }
            80..86 => self.start_in_another_time(),
            86..91 => {
                self.broker.kill();
                std::thread::sleep(Duration::from_millis(500));
                self.broker.restart();
                self.note("broker killed");
            }
            _ => {
                let trouble = TROUBLES[self.below(TROUBLES.len() as u64) as usize];
                return self.trouble(trouble, which);
            }
        }
        0
    }

    fn trouble(&mut self, trouble: Trouble, which: usize) -> usize {
        match trouble {
            Trouble::Sink(mood) => {
                self.note(match mood {
                    Mood::Slow => "sink slow",
                    Mood::Breaks => "sink breaks off",
                    Mood::Swallows | Mood::Well => "sink silent",
                });
                let time = 2_000 + self.below(4_000);
                self.way.set(mood, Duration::from_millis(time));
                return 0;
            }
            Trouble::Reloaded => {
                self.note("read again");
                self.read_again();
                return 0;
            }
            Trouble::EmptyFeed => {
                self.empty_feed();
                return 0;
            }
            Trouble::CacheInTheWay(true) => {
                self.note("cache taken away while in use");
                put_in_the_way(&self.cache(which));
                return 0;
            }
            Trouble::CacheInTheWay(false) => {
                self.note("cache in the way");
                self.kill(which);
                put_in_the_way(&self.cache(which));
                self.put(which, &[], false);
            }
            Trouble::FullDisk => {
                self.note("disk full");
                self.kill(which);
                // From one that takes next to nothing to one on which a cache fits in part.
                let blocks = 1 + self.below(120);
                self.processes[which] =
                    Some(Running { service: self.cluster.start_on_full_disk(which, blocks), ends: false, elsewhen: false, is_mute: true });
            }
            Trouble::CacheDamaged => {
                self.note("cache damaged");
                self.kill(which);
                self.damage(which);
                self.put(which, &[], false);
            }
        }
        1
    }

    /// Those who run.
    fn running(&mut self) -> impl Iterator<Item = &mut Service> {
        self.processes
            .iter_mut()
            .flatten()
            .map(|running| &mut running.service)
            .filter_map(|service| service.is_running().then_some(service))
    }

    /// Asks all of them to read their configuration again. One that has not read it at all yet would end, and reads it anyway.
    fn read_again(&mut self) {
        self.running().filter(|service| service.has_read_its_configuration()).for_each(|service| service.signal("HUP"));
    }

    /// Kills those that have not read their configuration yet.
    fn kill_those_that_start(&mut self) {
        for number in 0..MOST {
            let process = self.processes[number].as_mut().map(|running| &mut running.service);
            if process.is_some_and(|service| service.is_running() && !service.has_read_its_configuration()) {
                self.kill(number);
                self.note("killed before it had read its configuration");
            }
        }
    }

    /// A delivery without anybody is refused by all; then the whole one is back.
    fn empty_feed(&mut self) {
        let file = self.cluster.run.company.dir().join("employees.csv");
        let whole = std::fs::read_to_string(&file).expect("employees");
        // Who is just starting would go on with what it finds: it starts later, as does one that brokers do not answer.
        self.kill_those_that_start();
        let refused = |service: &Service| service.log().matches(REFUSED).count();
        let speaks = |running: &&mut Running| !running.is_mute;
        let before: Vec<usize> = self.processes.iter_mut().flatten().filter(speaks).map(|running| refused(&running.service)).collect();
        let header = whole.lines().next().expect("a header");
        std::fs::write(&file, format!("{header}\n")).expect("written");
        let mut told = 0;
        for (running, before) in self.processes.iter_mut().flatten().filter(speaks).zip(before) {
            let service = &mut running.service;
            // One without brokers has not come to look for changes: it does when they are back.
            let log = service.path();
            let written = || std::fs::read_to_string(&log).unwrap_or_default();
            until("it is refused", || !service.is_running() || refused(service) > before, written);
            told += 1;
        }
        std::fs::write(&file, whole).expect("written");
        (0..told).for_each(|_| self.note("empty feed refused"));
        self.read_again();
    }

    /// The input topic is deleted and made anew when all of it has been read, under those who run or when nobody does: what comes next
    /// begins at offset 0. Says how many processes were killed.
    pub fn make_topic_anew(&mut self) -> usize {
        let mut killed = 0;
        // Where only such a one is left nobody may come to read.
        for number in 0..MOST {
            if self.processes[number].as_ref().is_some_and(|process| process.elsewhen) {
                self.kill(number);
                self.note("killed in another time of day");
                killed += 1;
            }
        }
        let (cluster, run, broker) = (self.cluster, &self.cluster.run, self.broker);
        let logs = || {
            let log = |number: usize| std::fs::read_to_string(cluster.dir(number).join("service.log")).unwrap_or_default();
            let processes: String = (0..MOST).map(|number| format!("process {number}: {}\n", log(number))).collect();
            processes + "broker: " + &broker.log()
        };
        let mut lag = || {
            killed += self.ended();
            if self.running().next().is_none() {
                self.start();
            }
            Some(run.topics.lag(&run.group, &run.topic)).filter(|lag| *lag != 0).map(|lag| format!("{lag} records behind"))
        };
        until_done("everything is read", &mut lag, logs);
        let what = match self.below(3) {
            0 => {
                // One that starts while there is no such topic ends, and says so.
                self.kill_those_that_start();
                "topic made anew under a running cluster"
            }
            1 => {
                (0..MOST).for_each(|number| {
                    killed += usize::from(self.processes[number].is_some());
                    self.kill(number);
                });
                "topic made anew after all were killed"
            }
            _ => {
                let running: Vec<Running> = self.processes.iter_mut().filter_map(Option::take).collect();
                running.into_iter().for_each(|process| killed += self.stop(process));
                "topic made anew after all were stopped"
            }
        };
        run.make_anew();
        self.note(what);
        if self.running().next().is_none() {
            self.start();
        }
        killed
    }

    fn cache(&self, which: usize) -> PathBuf {
        self.cluster.dir(which).join("state/cache")
    }

    /// Cuts each file off somewhere, or turns a bit in it, or both.
    fn damage(&mut self, which: usize) {
        let Ok(listed) = std::fs::read_dir(self.cache(which)) else { return };
        let mut paths: Vec<PathBuf> = listed.map(|entry| entry.expect("listed").path()).collect();
        paths.sort();
        for path in paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "log")) {
            let mut bytes = std::fs::read(&path).expect("read");
            let how = self.below(3);
            if how > 0 && !bytes.is_empty() {
                let at = self.below(bytes.len() as u64) as usize;
                bytes[at] ^= 1 << self.below(8);
            }
            if how < 2 {
                bytes.truncate(self.below(bytes.len() as u64 + 1) as usize);
            }
            std::fs::write(&path, bytes).expect("written");
            self.note("files of a cache damaged");
        }
    }

    /// An orderly end, unless it comes to the point at which it is to end itself.
    fn stop(&mut self, mut process: Running) -> usize {
        process.service.signal("TERM");
        let status = process.service.ended();
        let what = match (status.success(), status.signal()) {
            (true, _) => "stopped in order",
            (false, Some(ABORTED)) if process.ends => "ended at a point",
            _ => panic!("an orderly end: {status}\n{}", process.service.log()),
        };
        self.note(what);
        usize::from(what == "ended at a point")
    }

    fn kill(&mut self, which: usize) {
        if let Some(process) = self.processes[which].take() {
            process.service.kill();
        }
    }

    fn start(&mut self) {
        self.start_with(&[], false);
        self.note("started");
    }

    fn start_in_another_time(&mut self) {
        let times = ["+1h", "-1h", "+10y", "-10y"];
        let time = times[self.below(4) as usize];
        if Path::new(FAKETIME).exists() {
            let library = ("LD_PRELOAD", FAKETIME.to_owned());
            self.start_with(&[library, ("FAKETIME", time.to_owned()), ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned())], false);
            self.note("another time of day");
        } else {
            assert!(std::env::var_os("LEAKWARDEN_REQUIRE_KAFKA").is_none(), "libfaketime is required here");
            crate::common::kafka::skipped("libfaketime is not there: no process lives in another time");
        }
    }

    fn start_with(&mut self, environment: &[(&str, String)], ends: bool) {
        let free: Vec<usize> = (0..MOST).filter(|number| self.processes[*number].is_none()).collect();
        if free.is_empty() {
            return;
        }
        let number = free[self.below(free.len() as u64) as usize];
        // Somebody may have made room meanwhile.
        if self.below(2) == 0 && self.cache(number).is_file() {
            std::fs::remove_file(self.cache(number)).expect("removed");
        }
        self.put(number, environment, ends);
    }

    fn put(&mut self, number: usize, environment: &[(&str, String)], ends: bool) {
        self.processes[number] = Some(Running {
            service: self.cluster.start_with(number, environment),
            ends,
            elsewhen: environment.iter().any(|(name, _)| *name == "FAKETIME"),
            is_mute: false,
        });
    }

    /// What happened, in words, and what of it the processes told.
    pub fn summary(&self) -> String {
        let happened = self.count.iter().map(|(what, count)| format!("{what}: {count}"));
        let logs: String = (0..MOST)
            .flat_map(|number| ["service.log", "full.log"].map(|name| self.cluster.dir(number).join(name)))
            .filter_map(|path| std::fs::read_to_string(path).ok())
            .collect();
        let told = ["alerts are not delivered", "cannot be cached here", "cache of a state is damaged", "a state was restored", MADE_ANEW];
        let told = told.iter().map(|what| format!("told {what:?}: {}", logs.matches(what).count()));
        happened.chain(told).collect::<Vec<_>>().join(", ")
    }

    /// Nothing more happens: whoever is not to end goes on, at least one.
    pub fn peace(mut self) -> Vec<Service> {
        self.ended();
        // One that is still to end at a point, or lives in another time, makes place for one that does neither.
        (0..MOST).for_each(|number| self.kill(number));
        self.way.set(Mood::Well, Duration::ZERO);
        (0..2).map(|number| self.cluster.start(number)).collect()
    }
}

/// Puts a file where the directory should be: nobody can write there, not even root.
fn put_in_the_way(cache: &Path) {
    if cache.is_dir() {
        // At once, whatever a process is writing there.
        let away = cache.with_extension("gone");
        let _ = std::fs::remove_dir_all(&away);
        std::fs::rename(cache, &away).expect("moved away");
    }
    std::fs::create_dir_all(cache.parent().expect("it lies in the state")).expect("made");
    std::fs::write(cache, "in the way").expect("written");
}
