//! How accesses and reasons become lines: canonical records and explanations, formatted by hand into a reused buffer.

use super::calendar::Day;
use super::day::{Access, DayLog, Grantee, Reason, session_of};
use super::json;
use super::name_of;
use super::people::SECOND_SYSTEM;
use super::queries::Query;
use super::rng::mix;
use super::schema::{ACTIVITIES, Act, Key, Rendered, SQL};
use super::services::SERVICES;
use super::terminals::{self, Terminal};
use super::world::{Gap, Stream, World};

/// The parts of lines that do not change, rendered once for every actor and activity.
pub(crate) struct LineFormatter {
    actors: Vec<Actor>,
    activities: Vec<Rendered>,
}

struct Actor {
    /// `"employee":"…"` or `"account":"…"`.
    who: String,
    /// The same in the system that knows people by logins of its own.
    second: Option<String>,
    /// `,"client":{"ip":"…","host":"…","app":`
    client: String,
    /// The program in which this person writes SQL, as a JSON string.
    sql: String,
}

impl LineFormatter {
    pub(crate) fn new(world: &World) -> Self {
        let people = world.employees.iter().enumerate().map(|(index, employee)| {
            let who = if employee.by_account { ("account", &employee.account) } else { ("employee", &employee.id) };
            let (ip, host) = terminals::address(world, Terminal::Desk(index as u32), 0);
            let actor = actor(who.0, who.1, &ip, &host, sql_program(index));
            let second = world.assume.second_login.then(|| format!("\"account\":{}", json::quoted(&employee.second_login())));
            Actor { second, ..actor }
        });
        let services = SERVICES
            .iter()
            .enumerate()
            .map(|(nth, service)| actor("account", service.account, &format!("10.9.0.{}", nth + 1), service.host, "batch-runner"));
        Self { actors: people.chain(services).collect(), activities: ACTIVITIES.iter().map(|activity| activity.render()).collect() }
    }

    /// The page of one day, whose lines must be asked for in order.
    pub(crate) fn page<'a>(&'a self, world: &'a World, day: u32) -> DayFormatter<'a> {
        let today = world.calendar.day(day);
        DayFormatter {
            printer: self,
            world,
            day,
            today,
            date: today.date.to_string(),
            compact: today.date.strftime("%Y%m%d").to_string(),
            counts: vec![0; self.actors.len()],
            gaps: world.gaps.iter().filter(|gap| gap.day == day).collect(),
        }
    }
}

fn actor(field: &str, name: &str, ip: &str, host: &str, sql: &str) -> Actor {
    Actor { who: format!("\"{field}\":{}", json::quoted(name)), second: None, client: client(ip, host), sql: json::quoted(sql) }
}

fn client(ip: &str, host: &str) -> String {
    format!(",\"client\":{{\"ip\":{},\"host\":{},\"app\":", json::quoted(ip), json::quoted(host))
}

fn sql_program(index: usize) -> &'static str {
    ["sqlworkbench", "psql", "DBeaver"][mix(&[0x5c1, index as u64]) as usize % 3]
}

pub(crate) struct DayFormatter<'a> {
    printer: &'a LineFormatter,
    world: &'a World,
    day: u32,
    today: &'a Day,
    date: String,
    compact: String,
    /// Lines so far of every actor: ids are numbered in order of time, so they do not tell misuse from routine.
    counts: Vec<u32>,
    /// The times of today in which a system logged nothing.
    gaps: Vec<&'a Gap>,
}

impl DayFormatter<'_> {
    /// Appends the line of an access, without a line break. Says whether there is one: nothing is, where auditing was off.
    pub(crate) fn line(&mut self, out: &mut Vec<u8>, log: &DayLog, access: &Access) -> bool {
        let actor = &self.printer.actors[access.actor as usize];
        let activity = &self.printer.activities[access.act as usize];
        let query = (access.act == Act::Query).then(|| &log.queries[access.query as usize]);
        let count = &mut self.counts[access.actor as usize];
        *count += 1;
        let system = query.map_or(ACTIVITIES[access.act as usize].system, |query| query.system);
        if self.gaps.iter().any(|gap| gap.system == system && gap.from < access.at && access.at < gap.to) {
            return false;
        }
        out.extend_from_slice(b"{\"time\":\"");
        out.extend_from_slice(self.date.as_bytes());
        out.push(b'T');
        json::clock(out, access.at);
        out.extend_from_slice(self.today.offset.as_bytes());
        out.extend_from_slice(b"\",\"id\":\"");
        out.extend_from_slice(self.compact.as_bytes());
        out.push(b'-');
        json::number(out, u64::from(access.actor) + 1, 1);
        out.push(b'-');
        json::number(out, u64::from(*count), 1);
        out.extend_from_slice(b"\",");
        let who = actor.second.as_ref().filter(|_| system == SECOND_SYSTEM).unwrap_or(&actor.who);
        out.extend_from_slice(who.as_bytes());
        out.extend_from_slice(b",\"session\":\"s");
        let turn = u64::from(self.day) * 8 + u64::from(session_of(access.at)) + (access.terminal.code() << 16);
        json::number(out, mix(&self.world.seed(Stream::Session, access.actor.into(), turn)) % 10_000_000_000, 10);
        out.push(b'"');
        if access.terminal == Terminal::Usual || access.terminal == Terminal::Desk(access.actor) {
            out.extend_from_slice(actor.client.as_bytes());
        } else {
            let (ip, host) = terminals::address(self.world, access.terminal, self.day);
            out.extend_from_slice(client(&ip, &host).as_bytes());
        }
        let app = query.map_or(ACTIVITIES[access.act as usize].app, |query| query.app);
        match query {
            _ if app == SQL => out.extend_from_slice(actor.sql.as_bytes()),
            Some(_) => json::string(out, app),
            None => out.extend_from_slice(activity.app.as_bytes()),
        }
        out.push(b'}');
        let subjects = log.subjects_of(access);
        out.extend_from_slice(activity.what.as_bytes());
        if let Some(Query { system, operation, text, .. }) = query {
            for (field, text) in [(&b",\"system\":"[..], *system), (b",\"operation\":", *operation), (b",\"statement\":", &**text)] {
                out.extend_from_slice(field);
                json::string(out, text);
            }
        }
        if let Some(after) = &activity.after_subject {
            for subject in subjects {
                match activity.key {
                    Key::Id => json::subject(out, *subject),
                    Key::Phone => json::phone(out, *subject),
                }
            }
            out.extend_from_slice(after.as_bytes());
        }
        if let Some(rows) = access.rows {
            out.extend_from_slice(b",\"rows\":");
            json::number(out, u64::from(rows), 1);
        }
        // What failed or found nothing showed nobody, though its statement names whom it was about.
        if !subjects.is_empty() && access.rows != Some(0) {
            subject_list(out, subjects);
        }
        if let Some(purpose) = access.purpose {
            out.extend_from_slice(b",\"purpose\":");
            json::string(out, &log.purposes[purpose as usize]);
        }
        out.extend_from_slice(if access.failed { b",\"outcome\":\"failure\"}" } else { b",\"outcome\":\"success\"}" });
        true
    }
}

fn subject_list(out: &mut Vec<u8>, subjects: &[u32]) {
    out.extend_from_slice(b",\"subjects\":[");
    for (nth, subject) in subjects.iter().enumerate() {
        out.extend_from_slice(if nth == 0 { b"\"" } else { b",\"" });
        json::subject(out, *subject);
        out.push(b'"');
    }
    out.push(b']');
}

/// The id of a customer.
pub(crate) fn subject_id(customer: u32) -> String {
    let mut out = Vec::new();
    json::subject(&mut out, customer);
    String::from_utf8(out).expect("ids are ASCII")
}

/// Appends one line of `explanations.jsonl`, without a line break.
pub(crate) fn reason(out: &mut Vec<u8>, world: &World, reason: &Reason) {
    let (field, name) = match reason.grantee {
        Grantee::Actor(actor) => ("employee", name_of(world, actor)),
        Grantee::Unit(unit) => ("unit", world.units[usize::from(unit)].name),
    };
    out.push(b'{');
    json::string(out, field);
    out.push(b':');
    json::string(out, name);
    if !reason.subjects.is_empty() {
        subject_list(out, &reason.subjects);
    }
    let from = world.calendar.rfc3339(reason.from_ms);
    // Rounded up, so that the last moment is still inside.
    let to = world.calendar.rfc3339(reason.to_ms + 999);
    let texts = [
        ("objects", reason.objects),
        ("from", Some(&*from)),
        ("to", Some(&*to)),
        ("reason", Some(reason.kind)),
        ("ref", Some(&*reason.reference)),
    ];
    for (field, text) in texts {
        if let Some(text) = text {
            out.push(b',');
            json::string(out, field);
            out.push(b':');
            json::string(out, text);
        }
    }
    if let Some(max) = reason.max_persons {
        out.extend_from_slice(b",\"max_persons\":");
        json::number(out, u64::from(max), 1);
    }
    out.push(b'}');
}
