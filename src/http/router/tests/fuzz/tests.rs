//! Requests that were made to break the server: it answers probes afterwards, and has named nobody.
//!
//! `LEAKWARDEN_FUZZ_SECONDS=1800 cargo test --lib http::router::tests::fuzz` goes on for half an hour.

use super::super::*;
use crate::random::SplitMix64;
use std::net::Shutdown;
use std::time::{Duration, Instant};

/// What a request may be made of.
const PIECES: &[&[u8]] = &[
    b"GET ",
    b"HEAD ",
    b"POST ",
    b"CONNECT ",
    b"OPTIONS ",
    b"PRI ",
    b"/coverage",
    b"/coverage?day=2026-03-02",
    b"/coverage/summary",
    b"/coverage/../coverage?day=2026-03-02",
    b"//coverage",
    b"/%63overage?day=2026-03-02",
    b"http://localhost/coverage?day=2026-03-02",
    b"/metrics",
    b"/healthz",
    b"*",
    b"?day=%ff&employee=%00",
    b"&limit=99999999999999999999",
    b"&after=%F0%9F",
    b" HTTP/1.1\r\n",
    b" HTTP/1.0\r\n",
    b" HTTP/2.0\r\n",
    b"host: localhost\r\n",
    b"host: evil\r\n",
    b"Host: [::1\r\n",
    b"host:\r\n",
    b"authorization: Bearer ",
    b"authorization: bearer x\r\n",
    b"authorization: Basic eDp4\r\n",
    b"authorization:\xff\xfe\r\n",
    b"content-length: 18446744073709551615\r\n",
    b"content-length: -1\r\n",
    b"content-length: 5\r\n",
    b"transfer-encoding: chunked\r\n",
    b"ffffffffffffffff\r\n",
    b"0\r\n\r\n",
    b"expect: 100-continue\r\n",
    b"connection: upgrade\r\nupgrade: h2c\r\n",
    b"connection: keep-alive\r\n",
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b"\x80",
    b" ",
    b"\t",
    b": ",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00",
    b"range: bytes=0-\r\n",
    b"x: y\r\n",
];

/// Long enough to find what breaks at once, unless more is asked for.
fn duration() -> Duration {
    let seconds = std::env::var("LEAKWARDEN_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok());
    seconds.map_or(Duration::from_millis(1_500), Duration::from_secs)
}

fn request(random: &mut SplitMix64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if random.once_in(2) {
        bytes.extend(b"GET /coverage?day=2026-03-02 HTTP/1.1\r\nhost: localhost\r\n");
    }
    for _ in 0..random.below(12) {
        let piece = random.pick(PIECES).copied().unwrap_or_default();
        let times = if random.once_in(30) { random.below(3_000) } else { 1 };
        (0..times).for_each(|_| bytes.extend(piece));
    }
    if random.once_in(2) {
        bytes.extend(b"\r\n\r\n");
    }
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        if let Some(byte) = bytes.get_mut(at) {
            *byte = random.number() as u8;
        }
    }
    bytes
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it goes on for as long as it is asked to")]
fn no_request_ends_the_server_or_is_shown_people_without_the_token() {
    let running = start();
    running.coverage.0.store(true, std::sync::atomic::Ordering::Release);
    let mut random = SplitMix64::new(14);
    let (begun, lasting) = (Instant::now(), duration());
    let mut kept = Vec::new();
    let mut requests = 0_u64;
    while begun.elapsed() < lasting || requests < 500 {
        let bytes = request(&mut random);
        let mut stream = TcpStream::connect(running.address).expect("it listens");
        // It may close the connection before all of it is sent, or has read it.
        let _ = stream.write_all(&bytes);
        requests += 1;
        if random.once_in(8) {
            kept.push(stream);
            kept.truncate(200);
            continue;
        }
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.windows(4).any(|at| at == b"\"E1\""), "{:?} was shown people", String::from_utf8_lossy(&bytes));
        if requests.is_multiple_of(100) {
            assert_eq!(running.ask("GET", "/healthz"), (200, "ok\n".to_owned()), "after {requests} requests");
        }
    }
    assert_eq!(running.ask("GET", "/coverage?day=2026-03-02").0, 200, "whoever brings the token is answered");
    assert!(running.server.as_ref().is_some_and(|server| !server.is_finished()));
}
