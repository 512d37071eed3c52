//! A way to a broker that is slow, breaks off, or swallows what is sent, by turns. Its address is one that the broker itself
//! tells ([`Broker::flaky`](super::broker::Broker::flaky)): whoever comes by this way stays on it.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How the way is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mood {
    /// As it should be.
    Well,
    /// Each answer takes a second or two.
    Slow,
    /// Connections are closed, with half of an answer told.
    Breaks,
    /// What is sent is taken and never answered.
    Swallows,
}

/// The way. It ends with the test's process.
pub struct Flaky {
    shared: Arc<Shared>,
    since: Instant,
}

#[derive(Default)]
struct Shared {
    /// The mood until a time, in milliseconds since the beginning: `until * 4 + mood`.
    mood: AtomicU64,
}

impl Flaky {
    /// Listens at an address and leads to another.
    pub fn between(listen: &str, to: &str) -> Flaky {
        let listener = TcpListener::bind(listen).expect("the address that the broker tells is free");
        let flaky = Flaky { shared: Arc::default(), since: Instant::now() };
        let (shared, since, to) = (Arc::clone(&flaky.shared), flaky.since, to.to_owned());
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                // A broker that is away is one that answers nobody.
                let Ok(server) = TcpStream::connect(&to) else { continue };
                let pass = |from: &TcpStream, to: &TcpStream, answers| {
                    let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
                    let shared = Arc::clone(&shared);
                    std::thread::spawn(move || pass(from, to, answers, &shared, since));
                };
                pass(&client, &server, false);
                pass(&server, &client, true);
            }
        });
        flaky
    }

    /// For so long it is in that mood, and then well again.
    pub fn set(&self, mood: Mood, time: Duration) {
        let until = (self.since.elapsed() + time).as_millis() as u64;
        self.shared.mood.store(until * 4 + mood as u64, Ordering::Release);
    }
}

impl Shared {
    fn mood(&self, since: Instant) -> Mood {
        let stored = self.mood.load(Ordering::Acquire);
        if stored / 4 <= since.elapsed().as_millis() as u64 {
            return Mood::Well;
        }
        [Mood::Well, Mood::Slow, Mood::Breaks, Mood::Swallows][(stored % 4) as usize]
    }
}

fn pass(mut from: TcpStream, mut to: TcpStream, answers: bool, shared: &Shared, since: Instant) {
    let mut buffer = [0; 16 * 1024];
    // It wakes up to break off where nothing is said.
    let _ = from.set_read_timeout(Some(Duration::from_millis(100)));
    let mut swallowed = false;
    loop {
        let read = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => 0,
            Err(_) => break,
        };
        let mood = shared.mood(since);
        // A gap in what is said is the end of the connection.
        if mood == Mood::Breaks || (swallowed && mood == Mood::Well) {
            let _ = to.write_all(&buffer[..read / 2]);
            break;
        }
        if mood == Mood::Swallows && read > 0 {
            swallowed = true;
        }
        if read == 0 || swallowed {
            continue;
        }
        if mood == Mood::Slow && answers {
            std::thread::sleep(Duration::from_millis(800 + since.elapsed().subsec_millis() as u64));
        }
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(std::net::Shutdown::Both);
    let _ = to.shutdown(std::net::Shutdown::Both);
}
