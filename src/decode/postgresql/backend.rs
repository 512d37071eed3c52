//! Which session a line belongs to, and what is known of that session from its earlier lines.
//!
//! A prefix with `%c` names the session. Else it is the process, whose number is used again: the line of a new connection, or
//! another login, begins a new session.

use crate::decode::Envelope;
use crate::decode::postgresql::english;
use crate::decode::postgresql::prefix::LinePrefix;
use crate::decode::postgresql::recent::Recent;

/// Most sessions that are remembered.
const MOST: usize = 10_000;

/// The sessions of one log.
pub(super) struct Backends {
    known: Recent<Backend>,
}

/// What a log said of a session.
#[derive(Clone, Default, Debug)]
struct Backend {
    id: String,
    /// Messages so far.
    count: u64,
    user: Option<String>,
    database: Option<String>,
    host: Option<String>,
    remote: Option<String>,
    /// One of its lines could be read in several ways.
    ambiguous: bool,
}

/// Who is behind a line.
#[derive(Clone, Default, Debug)]
pub(super) struct Behind {
    pub session: String,
    pub number: u64,
    pub user: Option<String>,
    pub database: Option<String>,
    pub host: Option<String>,
    pub application: Option<String>,
}

/// By what lines of one session know each other; empty where nothing tells.
pub(super) fn key(head: &LinePrefix<'_>, envelope: &Envelope<'_>) -> String {
    if let Some(session) = head.session {
        return session.to_owned();
    }
    if let Some(pid) = head.pid.or(envelope.pid) {
        return format!("{}/{pid}/{}", envelope.host.unwrap_or(""), head.start.unwrap_or(""));
    }
    match (head.remote, head.user, head.database) {
        (Some(remote), _, _) => remote.to_owned(),
        (None, None, None) => String::new(),
        (None, user, database) => format!("{}@{}", user.unwrap_or(""), database.unwrap_or("")),
    }
}

impl Backends {
    pub fn new() -> Backends {
        Backends { known: Recent::new(MOST) }
    }

    /// The address of a session as its lines so far have it: as it is, and with its port.
    pub fn address(&mut self, key: &str) -> Option<(Option<String>, Option<String>)> {
        self.known.get_mut(key).map(|known| (known.host.clone(), known.remote.clone()))
    }

    /// Notes that a line of a session could be read in several ways; `true` the first time.
    pub fn is_first_ambiguity(&mut self, key: &str) -> bool {
        self.known.get_mut(key).is_some_and(|known| !std::mem::replace(&mut known.ambiguous, true))
    }

    /// Takes the next message of a session, in English. `seen` tells the moments apart at which sessions are first seen.
    pub fn behind(&mut self, key: &str, head: &LinePrefix<'_>, message: &str, seen: &str) -> Behind {
        // An id and a number of the server's own name the line for good; else the numbers count from where the reading began.
        let lasting = head.session.is_some() && head.number.is_some();
        let make = || Backend { id: if lasting { key.to_owned() } else { format!("{key}@{seen}") }, ..Backend::default() };
        let received = english::host_of(message);
        let fresh = {
            let known = self.known.get_or(key, make);
            let differs = |known: &Option<String>, now: Option<&str>| matches!((known, now), (Some(known), Some(now)) if known != now);
            let other = differs(&known.user, head.user) || differs(&known.database, head.database) || differs(&known.remote, head.remote);
            head.session.is_none() && known.count > 0 && (received.is_some() || other)
        };
        if fresh {
            self.known.remove(key);
        }
        let backend = self.known.get_or(key, make);
        backend.count += 1;
        let keep = |known: &mut Option<String>, now: Option<&str>| {
            if let Some(now) = now.filter(|now| !now.is_empty()) {
                *known = Some(now.to_owned());
            }
        };
        keep(&mut backend.host, received);
        if let Some((user, database)) = english::login_of(message) {
            keep(&mut backend.user, Some(user));
            keep(&mut backend.database, database);
        }
        keep(&mut backend.user, head.user);
        keep(&mut backend.database, head.database);
        keep(&mut backend.remote, head.remote);
        keep(&mut backend.host, head.host.or_else(|| head.remote.map(without_port)));
        let behind = Behind {
            session: backend.id.clone(),
            number: head.number.and_then(|number| number.parse().ok()).unwrap_or(backend.count),
            user: backend.user.clone(),
            database: backend.database.clone(),
            host: backend.host.clone(),
            application: head.application.map(str::to_owned),
        };
        if message.starts_with("disconnection: ") {
            self.known.remove(key);
        }
        behind
    }
}

/// `10.0.0.1(35490)` without the port.
fn without_port(remote: &str) -> &str {
    match remote.strip_suffix(')').and_then(|remote| remote.rsplit_once('(')) {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => remote,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_number_that_is_used_again_is_another_session() {
        let mut backends = Backends::new();
        let head = LinePrefix { pid: Some("7"), ..LinePrefix::default() };
        let key = key(&head, &Envelope::default());
        let mut take = |head: &LinePrefix<'_>, message: &str, seen: &str| {
            let behind = backends.behind(&key, head, message, seen);
            (behind.session, behind.number, behind.user, behind.host)
        };
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(take(&head, "connection received: host=10.0.0.1 port=5", "1"), ("/7/@1".to_owned(), 1, None, some("10.0.0.1")));
        assert_eq!(take(&head, "connection authorized: user=a database=b", "2"), ("/7/@1".to_owned(), 2, some("a"), some("10.0.0.1")));
        assert_eq!(take(&head, "x", "3"), ("/7/@1".to_owned(), 3, some("a"), some("10.0.0.1")));
        assert_eq!(take(&head, "connection received: host=10.0.0.2", "4"), ("/7/@4".to_owned(), 1, None, some("10.0.0.2")));
        let other = LinePrefix { user: Some("c"), ..head };
        assert_eq!(take(&other, "x", "5").0, "/7/@4");
        let another = LinePrefix { user: Some("d"), ..head };
        assert_eq!(take(&another, "x", "6"), ("/7/@6".to_owned(), 1, some("d"), None));
        assert_eq!(take(&another, "disconnection: x", "7").1, 2);
        assert_eq!(take(&head, "x", "8"), ("/7/@8".to_owned(), 1, None, None));
    }

    #[test]
    fn a_session_with_an_id_and_numbers_has_the_names_of_the_server() {
        let mut backends = Backends::new();
        let head = LinePrefix { session: Some("a.1"), number: Some("12"), remote: Some("::1(5)"), ..LinePrefix::default() };
        let behind = backends.behind("a.1", &head, "x", "1");
        assert_eq!((behind.session.as_str(), behind.number, behind.host.as_deref()), ("a.1", 12, Some("::1")));
    }
}
