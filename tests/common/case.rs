//! Cases: what somebody does beside ordinary work, told in a file that a user can read.
//!
//! ```toml
//! story = "One sentence."
//! expect = ["enumeration"]        # what ann is alerted as
//! also = ["low_and_slow"]         # what she may be alerted as beside
//! [[act]]
//! days = [21, 22]                 # first and last day, weekends left out unless it is one day; `each = 14` for every fourteenth
//! at = "10:00"
//! times = 40
//! every = "30s"
//! reads = ["crm.customers(name, phone)"]
//! from = 50000                    # the first customer; each time takes the next one or more
//! people = 1
//! ```
//!
//! Day 0 is Monday, 2026-03-02, and times are UTC. Ann is a teller of unit U from 09:00 to 18:00, as are bob1 to bob10. Each looks up
//! 30 to 40 customers a day in the CRM at their own desk, names and telephone numbers of people of their own, from day 0 to three days
//! after the last act. Thirty clerks of units of ten, sue0 to sue29, have six customers a day each.

use crate::common::line::{Line, access, clock, on};
use crate::common::world::World;
use leakwarden::model::time::Span;
use leakwarden::model::typology::Typology;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// What happens, in one sentence.
    pub story: String,
    /// What ann is alerted as.
    pub expect: BTreeSet<Typology>,
    /// What others are alerted as. Whoever is not named is not alerted.
    #[serde(default)]
    pub others: BTreeMap<String, BTreeSet<Typology>>,
    /// What those who are alerted may be alerted as beside.
    #[serde(default)]
    pub also: BTreeSet<Typology>,
    /// The company.
    #[serde(default)]
    company: Company,
    /// People beside ann and the bobs, or what is special about one of these.
    #[serde(default)]
    person: Vec<Person>,
    /// Rows of `absences.csv`.
    #[serde(default)]
    absences: Vec<String>,
    /// Planted customers.
    #[serde(default)]
    canaries: Vec<u64>,
    /// Customers of public interest.
    #[serde(default)]
    vips: Vec<u64>,
    /// Whose customers are whose.
    #[serde(default)]
    owner: Vec<Owner>,
    /// Reasons on file.
    #[serde(default)]
    reason: Vec<toml::Table>,
    /// What happens beside ordinary work.
    act: Vec<Act>,
}

/// What the company is like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Company {
    /// How many clerks there are, and how many of them are one unit: S0, S1 and so on.
    clerks: u64,
    unit: u64,
    /// Of ten ordinary look-ups, so many have a ticket on file.
    tickets: u64,
    /// Of ten ordinary look-ups, so many are made under a purpose and lead to business: a write a little later.
    business: u64,
    /// Days of ordinary work at the least.
    days: i64,
}

impl Default for Company {
    fn default() -> Company {
        Company { clerks: 30, unit: 10, tickets: 0, business: 0, days: 21 }
    }
}

/// Somebody.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Person {
    name: String,
    #[serde(default = "u")]
    unit: String,
    #[serde(default = "teller")]
    role: String,
    /// An outside employer.
    #[serde(default)]
    employer: String,
    /// The last day employed.
    #[serde(default)]
    left: String,
    /// The last day of ordinary work, where it is not the last of all; -1 for none ever.
    works_until: Option<i64>,
}

fn u() -> String {
    "U".to_owned()
}

fn teller() -> String {
    "teller".to_owned()
}

/// Customers of somebody.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Owner {
    /// First and last customer.
    customers: [u64; 2],
    /// Unit or employee.
    of: String,
}

/// What somebody does beside ordinary work.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Act {
    /// Who; all of them do the same, a minute apart.
    #[serde(default = "ann")]
    who: Vec<String>,
    /// First and last day, weekends left out unless it is one day.
    days: [i64; 2],
    /// Every so many days instead, whatever the weekday.
    each: Option<i64>,
    at: String,
    /// How often a day, and how far apart.
    #[serde(default = "one")]
    times: u64,
    #[serde(default = "a_minute")]
    every: String,
    /// How much the distance varies, to both sides.
    #[serde(default = "nothing")]
    jitter: String,
    /// Tables that are read of the same people, a second after one another; `table(column, column)`, or all columns.
    #[serde(default)]
    reads: Vec<String>,
    /// Tables that are written.
    #[serde(default)]
    writes: Vec<String>,
    /// The text of a statement, beside the tables or alone. `{n}` is a running number.
    statement: Option<String>,
    /// The operation, where it is neither a read nor a write.
    operation: Option<String>,
    /// The first customer; each time takes the next.
    #[serde(default)]
    from: u64,
    /// Customers each time; none where the log does not say whom.
    #[serde(default)]
    people: u64,
    /// From one customer to the next: far apart, unless ids are counted.
    #[serde(default = "far")]
    stride: u64,
    /// The same customers each time.
    #[serde(default)]
    again: bool,
    /// Result rows, where the log says.
    rows: Option<u64>,
    /// The claimed reason, `KIND:REF`.
    purpose: Option<String>,
    /// Computer, address and program, where they are not those of ordinary work. Several computers take turns.
    #[serde(default)]
    host: Vec<String>,
    ip: Option<String>,
    app: Option<String>,
    /// Signs of tampering, as if a decoder had seen them.
    #[serde(default)]
    signs: Vec<String>,
}

fn ann() -> Vec<String> {
    vec!["ann".to_owned()]
}

fn one() -> u64 {
    1
}

fn far() -> u64 {
    13
}

fn a_minute() -> String {
    "1m".to_owned()
}

fn nothing() -> String {
    "0s".to_owned()
}

const COLLEAGUES: u64 = 10;
/// Ordinary customers of one employee have numbers below this from one another.
const TERRITORY: u64 = 1_000;
/// Ordinary customers' numbers begin here.
const ORDINARY: u64 = 1_000_000;
/// A role with six customers a day.
const CLERK: &str = "clerk";

fn is_workday(day: i64) -> bool {
    day % 7 < 5
}

/// A number that looks like chance and is the same every time.
fn mix(seed: u64) -> u64 {
    let mut z = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) >> 24
}

/// `table(column, column)`, or a table with all its columns.
fn touches(line: Line, table: &str) -> Line {
    match table.split_once('(') {
        Some((table, columns)) => {
            let columns: Vec<&str> = columns.trim_end_matches(')').split(',').map(str::trim).collect();
            line.reads(table, &columns)
        }
        None => line.reads_all(table),
    }
}

impl Case {
    fn people(&self) -> Vec<Person> {
        let person = |name: String, unit: String| Person {
            name,
            unit,
            role: teller(),
            employer: String::new(),
            left: String::new(),
            works_until: None,
        };
        let mut people = vec![person("ann".to_owned(), u())];
        people.extend((1..=COLLEAGUES).map(|n| person(format!("bob{n}"), u())));
        for special in &self.person {
            match people.iter_mut().find(|known| known.name == special.name) {
                Some(known) => *known = special.clone(),
                None => people.push(special.clone()),
            }
        }
        people.extend(
            (0..self.company.clerks)
                .map(|n| Person { role: CLERK.to_owned(), ..person(format!("sue{n}"), format!("S{}", n / self.company.unit)) }),
        );
        people
    }

    /// The directory, tags and reasons.
    pub fn world(&self) -> World {
        let mut employees = "employee,unit,role,employer,hired,left,shift_start,shift_end\n".to_owned();
        for Person { name, unit, role, employer, left, .. } in self.people() {
            employees += &format!("{name},{unit},{role},{employer},2020-01-01,{left},09:00,18:00\n");
        }
        let mut reasons: Vec<String> = self.reason.iter().map(|reason| serde_json::to_string(reason).expect("JSON")).collect();
        self.ordinary(&mut |_, ticket| reasons.extend(ticket));
        let mut subjects = "subject,tag,owner\n".to_owned();
        self.canaries.iter().for_each(|id| subjects += &format!("{id},canary,\n"));
        self.vips.iter().for_each(|id| subjects += &format!("{id},vip,\n"));
        for Owner { customers: [first, last], of } in &self.owner {
            (*first..=*last).for_each(|id| subjects += &format!("{id},,{of}\n"));
        }
        World::bank()
            .with("employees.csv", employees)
            .with("absences.csv", format!("employee,from,to,kind\n{}\n", self.absences.join("\n")))
            .with("subjects.csv", subjects)
            .reasons(&reasons)
    }

    /// The log, in the order of time.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<(String, String)> = Vec::new();
        let mut add = |line: Line| {
            let text = line.to_string();
            let value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            lines.push((value["time"].as_str().expect("a time").to_owned(), text));
        };
        self.ordinary(&mut |line, _| add(line));
        self.act.iter().flat_map(Act::lines).for_each(&mut add);
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// Everybody's ordinary work: lines, and for some of them the ticket that is on file.
    fn ordinary(&self, note: &mut dyn FnMut(Line, Option<String>)) {
        // Employees are compared two days after a day.
        let last = self.act.iter().map(|act| act.days[1]).max().expect("an act").max(self.company.days) + 3;
        for (person, who) in self.people().iter().zip(0..) {
            let until = person.works_until.unwrap_or(last);
            for day in (0..=last.min(until)).filter(|day| is_workday(*day)) {
                self.ordinary_day(person, who, day, note);
            }
        }
    }

    fn ordinary_day(&self, person: &Person, who: u64, day: i64, note: &mut dyn FnMut(Line, Option<String>)) {
        let name = &person.name;
        let chance = |n: u64| mix(who * 1_000_003 + day as u64 * 10_007 + n * 101 + 7);
        let first = ORDINARY + who * TERRITORY;
        let (count, apart) = if person.role == CLERK { (6, 80) } else { (30 + chance(0) % 11, 12) };
        for n in 0..count {
            let at = on(day, "09:05") + Span::minutes((n * apart) as i64) + Span::seconds((chance(n) % 600) as i64);
            // Two apart: nobody's ordinary customers are neighbours.
            let customer = first + 2 * (chance(n + 50) % 400);
            let mut line = at_desk(access(name), name).at(at).reads("crm.customers", &["name", "phone"]).of([customer]);
            let mut ticket = None;
            if chance(n + 500) % 10 < self.company.tickets {
                let reference = format!("T-{name}-{day}-{n}");
                line = line.set("purpose", format!("ticket:{reference}"));
                ticket = Some(format!(
                    r#"{{"employee":"{name}","subjects":["{customer}"],"from":"{}","to":"{}","reason":"ticket","ref":"{reference}"}}"#,
                    on(day, "00:00"),
                    on(day, "23:59"),
                ));
            }
            if chance(n + 900) % 10 < self.company.business {
                if ticket.is_none() {
                    line = line.set("purpose", format!("loan:L-{name}-{day}-{n}"));
                }
                let written = at_desk(access(name), name).at(at + Span::minutes(5)).set("operation", "write");
                note(touches(written, "crm.loans(state)").of([customer]), None);
            }
            note(line, ticket);
        }
    }
}

fn at_desk(line: Line, name: &str) -> Line {
    line.set("client", serde_json::json!({"host": format!("desk-{name}"), "app": "crm"}))
}

impl Act {
    fn lines(&self) -> Vec<Line> {
        let span = |text: &str| Span::parse(text).expect("a duration");
        let (every, jitter) = (span(&self.every).0, span(&self.jitter).0);
        let [first, last] = self.days;
        let step = self.each.unwrap_or(1);
        let days = (first..=last).step_by(step as usize).filter(|day| first == last || step > 1 || is_workday(*day));
        let mut lines = Vec::new();
        for (day, of_day) in days.zip(0..) {
            for n in 0..self.times {
                let number = of_day * self.times + n;
                let place = if self.again { 0 } else { number * self.people * self.stride };
                let varied = if jitter > 0 { (mix(number) as i64) % (2 * jitter) - jitter } else { 0 };
                let at = on(day, "00:00") + Span::minutes(clock(&self.at)) + Span(every * n as i64 + varied);
                for (who, minutes) in self.who.iter().zip(0..) {
                    for (line, second) in self.touched(who, number).into_iter().zip(0..) {
                        let line = self.placed(line, who, number).at(at + Span::minutes(minutes) + Span::seconds(second));
                        let people = (0..self.people).map(|n| self.from + place + n * self.stride);
                        lines.push(if self.people > 0 { line.of(people) } else { line });
                    }
                }
            }
        }
        lines
    }

    /// One line for each table, or for the statement.
    fn touched(&self, who: &str, number: u64) -> Vec<Line> {
        let mut bare = access(who);
        if let Some(text) = &self.statement {
            bare = bare.set("statement", text.replace("{n}", &number.to_string()));
        }
        if let Some(operation) = &self.operation {
            bare = bare.set("operation", operation.as_str());
        }
        if let Some(rows) = self.rows {
            bare = bare.rows(rows);
        }
        if !self.signs.is_empty() {
            bare = bare.set("signs", self.signs.clone());
        }
        if let Some(purpose) = &self.purpose {
            bare = bare.set("purpose", purpose.replace("{n}", &number.to_string()));
        }
        let reads = self.reads.iter().map(|table| touches(bare.clone(), table));
        let operation = self.operation.as_deref().unwrap_or("write");
        let writes = self.writes.iter().map(|table| touches(bare.clone(), table).set("operation", operation));
        let all: Vec<Line> = reads.chain(writes).collect();
        if all.is_empty() { vec![bare] } else { all }
    }

    fn placed(&self, line: Line, who: &str, number: u64) -> Line {
        let desk = format!("desk-{who}");
        let host = if self.host.is_empty() { &desk } else { &self.host[number as usize % self.host.len()] };
        let app = self.app.as_deref().unwrap_or("crm");
        let mut client = serde_json::json!({"host": host, "app": app});
        if let Some(ip) = &self.ip {
            client["ip"] = ip.as_str().into();
        }
        line.set("client", client)
    }
}
