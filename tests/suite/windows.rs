//! Sliding windows, distinct people, counts and the statutory counter equal a naive recount of the raw list of accesses,
//! whatever comes late, twice, out of order, with or without a reason.

use crate::common::line::{FIRST_DAY, Line, access, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::model::alert::Observed;
use leakwarden::model::kind::Kind;
use leakwarden::model::persons::Persons;
use leakwarden::model::statute::Statute;
use leakwarden::model::time::{Span, Timestamp};
use leakwarden::profile::HORIZON_DAYS;
use leakwarden::profile::counts::CountScope;
use leakwarden::profile::measure::Measure;
use leakwarden::profile::window::Window;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// One access, with what the log does not tell: whom a bare count concerned.
#[derive(Clone, Debug)]
struct Act {
    /// Minutes since the first day.
    minute: i64,
    reads: Reads,
    /// People that the log names.
    named: BTreeSet<u64>,
    /// People whom the log only counts.
    hidden: BTreeSet<u64>,
    /// Whether it says how many rows there were.
    says_rows: bool,
    /// The reason that it claims: one of the list, or one that is not there.
    claims: Option<usize>,
    /// Minutes until it arrives.
    delay: i64,
    /// Whether it arrives a second time, and how much later.
    again: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Reads {
    Names,
    NamesAndPhones,
    Credit,
    /// A detail table: rows are at most so many people.
    Stays,
    Branches,
}

impl Reads {
    fn line(self, line: Line) -> Line {
        match self {
            Reads::Names => line.reads("crm.customers", &["name"]),
            Reads::NamesAndPhones => line.reads("crm.customers", &["name", "phone"]),
            Reads::Credit => line.reads("loan.credit", &["report"]),
            Reads::Stays => line.reads("hotel.stays", &["room"]),
            Reads::Branches => line.reads("ref.branches", &["city"]),
        }
    }

    fn table(self) -> &'static str {
        match self {
            Reads::Names | Reads::NamesAndPhones => "crm.customers",
            Reads::Credit => "loan.credit",
            Reads::Stays => "hotel.stays",
            Reads::Branches => "ref.branches",
        }
    }

    fn kinds(self) -> &'static [Kind] {
        match self {
            Reads::Names => &[Kind::Name],
            Reads::NamesAndPhones => &[Kind::Name, Kind::PhoneNumber],
            Reads::Credit => &[Kind::CreditReport],
            Reads::Stays => &[Kind::Accommodation],
            Reads::Branches => &[],
        }
    }
}

/// A business reason of the employee.
#[derive(Clone, Debug)]
struct Reason {
    from: i64,
    to: i64,
    people: Option<BTreeSet<u64>>,
    table: Option<&'static str>,
}

impl Reason {
    fn line(&self, index: usize) -> String {
        let mut reason = serde_json::json!({
            "employee": "e1", "from": time(self.from).0, "to": time(self.to).0, "reason": "ticket", "ref": format!("R{index}"),
        });
        if let Some(people) = &self.people {
            reason["subjects"] = people.iter().map(u64::to_string).collect();
        }
        if let Some(table) = self.table {
            reason["objects"] = table.into();
        }
        reason.to_string()
    }

    fn covers(&self, index: usize, act: &Act, person: Option<u64>) -> bool {
        let of_person = match (&self.people, person) {
            (None, _) => true,
            (Some(people), Some(person)) => people.contains(&person),
            (Some(_), None) => false,
        };
        (self.from..=self.to).contains(&act.minute)
            && self.table.is_none_or(|table| table == act.reads.table())
            && act.claims.is_none_or(|claimed| claimed == index)
            && of_person
    }
}

fn time(minute: i64) -> Timestamp {
    Timestamp(FIRST_DAY) + Span::minutes(minute)
}

impl Act {
    fn line(&self, index: usize) -> Line {
        let mut line = self.reads.line(access("e1").at(time(self.minute)).id(format!("r{index}")));
        if !self.named.is_empty() {
            line = line.of(self.named.iter().copied());
        }
        if let Some(claimed) = self.claims {
            line = line.set("purpose", format!("ticket:R{claimed}"));
        }
        if self.says_rows { line.rows(self.named.len() as u64 + self.counted()) } else { line }
    }

    /// Rows beyond the named people.
    fn counted(&self) -> u64 {
        self.hidden.len() as u64
    }

    /// Whether anybody was, or may have been, disclosed.
    fn discloses(&self) -> bool {
        self.reads != Reads::Branches && (!self.named.is_empty() || !self.says_rows || self.counted() > 0)
    }

    /// Whom nobody names: a detail table's rows beyond the named people are those people's details.
    fn unnamed(&self) -> Unnamed {
        let details = self.reads == Reads::Stays && !self.named.is_empty();
        match (self.says_rows, self.named.is_empty()) {
            (true, _) if details || self.counted() == 0 => Unnamed::Nobody,
            (true, _) => Unnamed::Count(self.counted()),
            (false, true) => Unnamed::Unknown,
            // People without rows: the list is what was disclosed.
            (false, false) => Unnamed::Nobody,
        }
    }

    fn unit(&self) -> i64 {
        self.minute.div_euclid(5)
    }

    fn day(&self) -> i64 {
        self.minute.div_euclid(1_440)
    }
}

#[derive(Clone, Copy, PartialEq, Debug)]
enum Unnamed {
    Nobody,
    Count(u64),
    Unknown,
}

/// The raw list, counted anew for each question.
struct Recount<'a> {
    acts: Vec<&'a Act>,
    reasons: &'a [Reason],
}

impl Recount<'_> {
    fn is_open(&self, act: &Act, person: Option<u64>) -> bool {
        !self.reasons.iter().enumerate().any(|(index, reason)| reason.covers(index, act, person))
    }

    fn part(&self, part: CountScope, act: &Act, person: Option<u64>) -> bool {
        match part {
            CountScope::Exposure => true,
            CountScope::Unexplained => self.is_open(act, person),
        }
    }

    fn newest_unit(&self) -> i64 {
        self.acts.iter().filter(|act| act.discloses()).map(|act| act.unit()).max().unwrap_or(0)
    }

    fn newest_day(&self) -> i64 {
        self.acts.iter().map(|act| act.day()).max().unwrap_or(0)
    }

    fn ends_within_horizon(&self) -> bool {
        self.acts.iter().any(|act| act.discloses() && act.day() > self.newest_day() - i64::from(HORIZON_DAYS))
    }

    fn within(&self, window: Window) -> Vec<&Act> {
        let unit = self.newest_unit();
        let keeps = |act: &&&Act| match window {
            Window::H1 => act.unit() > unit - 12,
            Window::H24 => act.unit() > unit - 288,
            Window::D7 | Window::D30 | Window::D90 => act.day() > unit.div_euclid(288) - i64::from(window.days()),
        };
        self.acts.iter().filter(keeps).copied().filter(|act| act.discloses()).collect()
    }

    /// Named people of a window, by kind.
    fn named(&self, window: Window, part: CountScope) -> BTreeMap<Kind, BTreeSet<u64>> {
        let mut named: BTreeMap<Kind, BTreeSet<u64>> = BTreeMap::new();
        for act in self.within(window) {
            for person in act.named.iter().filter(|person| self.part(part, act, Some(**person))) {
                act.reads.kinds().iter().for_each(|kind| {
                    named.entry(*kind).or_default().insert(*person);
                });
            }
        }
        named
    }

    /// Counts of a window that concern a kind: (their figures, how many are unknown).
    fn counted(&self, window: Window, part: CountScope, kind: Option<Kind>) -> (Vec<u64>, usize) {
        let within = self.within(window).into_iter().filter(|act| self.part(part, act, None));
        let of_kind = within.filter(|act| kind.is_none_or(|kind| act.reads.kinds().contains(&kind)));
        let counts: Vec<Unnamed> = of_kind.map(Act::unnamed).collect();
        let figures = counts.iter().filter_map(|count| if let Unnamed::Count(n) = count { Some(*n) } else { None }).collect();
        (figures, counts.iter().filter(|count| **count == Unnamed::Unknown).count())
    }

    /// Everybody who was in truth disclosed in a window.
    fn truth(&self, window: Window, part: CountScope) -> BTreeSet<u64> {
        let mut truth: BTreeSet<u64> = self.named(window, part).into_values().flatten().collect();
        for act in self.within(window).into_iter().filter(|act| act.unnamed() != Unnamed::Nobody && self.part(part, act, None)) {
            truth.extend(&act.hidden);
        }
        truth
    }

    /// (reading A, reading B, incomplete) over the horizon.
    fn score(&self, part: CountScope) -> (u64, u64, bool) {
        let newest = self.newest_day();
        let mut people: BTreeMap<u64, BTreeSet<Kind>> = BTreeMap::new();
        let (mut a, mut b, mut incomplete) = (0, 0, false);
        for act in self.acts.iter().filter(|act| act.day() > newest - i64::from(HORIZON_DAYS) && act.discloses()) {
            for person in act.named.iter().filter(|person| self.part(part, act, Some(**person))) {
                people.entry(*person).or_default().extend(act.reads.kinds());
            }
            match act.unnamed() {
                Unnamed::Count(n) if self.part(part, act, None) => {
                    let (of_a, of_b) = weights(act.reads.kinds().iter());
                    (a, b) = (a + n * of_a, b.max(n * of_b));
                }
                Unnamed::Unknown => incomplete |= self.part(part, act, None),
                Unnamed::Count(_) | Unnamed::Nobody => {}
            }
        }
        let named = people.values().map(|kinds| weights(kinds.iter())).fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
        (a + named.0, b + named.1, incomplete)
    }
}

/// 1 for identity, 10 for lodging, 100 for a credit report; identity kinds once together.
fn weights<'k>(kinds: impl Iterator<Item = &'k Kind>) -> (u64, u64) {
    let items: BTreeSet<u64> = kinds
        .map(|kind| match kind {
            Kind::CreditReport => 100,
            Kind::Accommodation => 10,
            _ => 1,
        })
        .collect();
    (items.iter().sum(), items.last().copied().unwrap_or(0))
}

fn check(observed: &Observed, recount: &Recount<'_>, window: Window, part: CountScope) -> Result<(), TestCaseError> {
    let named = recount.named(window, part);
    let everybody: BTreeSet<u64> = named.values().flatten().copied().collect();
    let truth = recount.truth(window, part).len() as u64;
    let (figures, unknown) = recount.counted(window, part, None);
    let place = format!("{window:?} {part:?}");
    let sum = everybody.len() as u64 + figures.iter().sum::<u64>();
    match observed.persons {
        Persons::Exact(n) => {
            prop_assert_eq!(n, truth, "{}", place);
            prop_assert!(unknown == 0, "{}", place);
        }
        Persons::AtMost(n) => {
            prop_assert!(n == sum && unknown == 0 && !figures.is_empty(), "{}: at most {} for {:?}, {}", place, n, figures, sum);
            prop_assert!(n >= truth, "{}: at most {} of {}", place, n, truth);
        }
        Persons::AtLeast(n) => {
            prop_assert!(unknown > 0 && n <= truth && n >= everybody.len() as u64, "{}: at least {} of {}", place, n, truth);
        }
        Persons::Unknown => prop_assert!(unknown > 0 && everybody.is_empty(), "{}", place),
    }
    for kind in Kind::ALL {
        let of_kind = named.get(&kind).map_or(0, BTreeSet::len) as u64;
        let (counted, _) = recount.counted(window, part, Some(kind));
        let figure = observed.kinds.get(&kind).and_then(|persons| persons.figure());
        if unknown == 0 && counted.is_empty() {
            prop_assert_eq!(figure.unwrap_or(0), of_kind, "{} {:?}", place, kind);
        } else {
            prop_assert!(figure.unwrap_or(0) <= of_kind + counted.iter().sum::<u64>(), "{} {:?} {:?}", place, kind, figure);
        }
    }
    if part == CountScope::Exposure {
        let within = recount.within(window);
        prop_assert_eq!(observed.accesses, within.len() as u64, "{}", place);
        let rows: u64 = within.iter().filter(|act| act.says_rows).map(|act| act.named.len() as u64 + act.counted()).sum();
        prop_assert_eq!(observed.records, rows, "{}", place);
    }
    Ok(())
}

fn people() -> impl Strategy<Value = BTreeSet<u64>> {
    prop::collection::btree_set(0u64..14, 0..5)
}

fn acts(days: i64) -> impl Strategy<Value = Vec<Act>> {
    let reads = prop::sample::select(vec![Reads::Names, Reads::NamesAndPhones, Reads::Credit, Reads::Stays, Reads::Branches]);
    let delay = prop_oneof![4 => 0i64..20, 1 => 0i64..3_000, 1 => 0i64..(days * 1_440)];
    let claims = prop_oneof![6 => Just(None), 1 => (0usize..5).prop_map(Some)];
    let named = prop_oneof![4 => people(), 1 => Just(BTreeSet::new())];
    let again = prop::option::weighted(0.2, 0i64..600);
    let act = (0..days * 1_440, reads, named, people(), prop::bool::weighted(0.8), claims, delay, again);
    let act = act.prop_map(|(minute, reads, named, hidden, says_rows, claims, delay, again)| {
        // A table keyed by the person whose list was cut shows others than those named.
        let named = if reads == Reads::Branches { BTreeSet::new() } else { named };
        let hidden: BTreeSet<u64> = hidden.difference(&named).copied().collect();
        let hidden = if !says_rows && !named.is_empty() { BTreeSet::new() } else { hidden };
        Act { minute, reads, named, hidden, says_rows, claims, delay, again }
    });
    prop::collection::vec(act, 1..70)
}

fn reasons(days: i64) -> impl Strategy<Value = Vec<Reason>> {
    let table = prop::option::of(prop::sample::select(vec!["crm.customers", "loan.credit"]));
    let reason = (0..days * 1_440, 0..days * 1_440, prop::option::weighted(0.8, people()), table);
    let reason = reason.prop_map(|(from, length, people, table)| Reason { from, to: from + length, people, table });
    prop::collection::vec(reason, 0..5)
}

fn company() -> impl Strategy<Value = (Vec<Act>, Vec<Reason>)> {
    prop::sample::select(vec![1i64, 8, 100, 800]).prop_flat_map(|days| (acts(days), reasons(days)))
}

/// Indices of records in the order in which they and their copies arrive.
fn arrivals(acts: &[Act]) -> Vec<usize> {
    let first = acts.iter().enumerate().map(|(index, act)| (act.minute + act.delay, index));
    let again = acts.iter().enumerate().filter_map(|(index, act)| Some((act.minute + act.delay + act.again?, index)));
    let mut all: Vec<(i64, usize)> = first.chain(again).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, index)| index).collect()
}

/// Without copies that settle more than 24 hours of event time after their first: they are not remembered, and count.
fn remembered(arrivals: Vec<usize>, acts: &[Act]) -> Vec<usize> {
    let mut watermark = i64::MIN;
    let mut settled: BTreeMap<usize, i64> = BTreeMap::new();
    let keeps = |index: &usize| {
        let settles = acts[*index].minute.max(watermark.saturating_sub(20));
        let first = *settled.entry(*index).or_insert(settles);
        let keeps = settles - first <= 1_440;
        watermark = if keeps { watermark.max(acts[*index].minute) } else { watermark };
        keeps
    };
    arrivals.into_iter().filter(keeps).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_and_scores_equal_a_recount_of_the_raw_list((acts, reasons) in company(), chunk in 1usize..20) {
        let lines: Vec<String> = reasons.iter().enumerate().map(|(index, reason)| reason.line(index)).collect();
        let context = World::bank().reasons(&lines).context();
        let arrivals = remembered(arrivals(&acts), &acts);
        let copies = arrivals.len() - acts.len();
        let arrivals: Vec<Line> = arrivals.into_iter().map(|index| acts[index].line(index)).collect();
        let mut play = Play::new(&context);
        play.believe_all = true;
        arrivals.chunks(chunk).for_each(|lines| play.take(lines));
        play.finish();

        prop_assert_eq!(play.counts.accepted + play.counts.late, acts.len() as u64, "each record counts once");
        prop_assert_eq!(play.counts.duplicate, copies as u64);
        let recount = Recount { acts: acts.iter().collect(), reasons: &reasons };
        let tracked = play.of("e1");
        let statute = Statute::built_in();
        for part in [CountScope::Exposure, CountScope::Unexplained] {
            // A window ends with the newest disclosure; nobody asks once that itself is beyond the horizon.
            for window in Window::ALL.into_iter().filter(|_| recount.ends_within_horizon()) {
                let observed = tracked.profile.observe(window, tracked.marks.newest, part);
                check(&observed, &recount, window, part)?;
            }
            let score = tracked.profile.statute_score(part, &statute);
            prop_assert_eq!((score.a, score.b, score.incomplete), recount.score(part), "{:?}", part);
        }
    }
}

#[test]
fn a_late_record_counts_and_changes_no_closed_day() {
    let read = |who: &str, day: i64, time: &str, people: std::ops::Range<u64>| {
        access(who).at(on(day, time)).reads("crm.customers", &["name"]).of(people)
    };
    let mut lines = vec![read("e1", 0, "09:00", 0..5), read("e1", 1, "09:00", 0..7)];
    lines.extend((2..9).map(|day| read("e2", day, "10:00", 0..3)));
    lines.push(read("e1", 0, "09:30", 100..400));
    lines.push(read("e1", 1, "09:30", 500..900));
    lines.push(read("e1", 9, "09:00", 0..2));
    let context = World::bank().context();
    let mut play = Play::new(&context);
    lines.iter().for_each(|line| play.take(std::slice::from_ref(line)));
    play.finish();
    assert_eq!(play.counts.late, 2);
    let profile = play.of("e1").profile;
    let day = profile.today();
    let closed = |back: u32| profile.history.total(Measure::Persons, day - back, 1);
    assert_eq!((closed(9), closed(8)), ((1, 5), (1, 7)), "what was learnt from");
    assert_eq!(profile.history.len(), 2, "each day closed once");
    let unit = play.of("e1").marks.newest;
    assert_eq!(profile.observe(Window::D30, unit, CountScope::Exposure).persons, Persons::Exact(7 + 300 + 400));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_capped_reason_covers_the_first_distinct_people_in_order_of_time(
        mut reads in prop::collection::vec((0i64..9_000, 0u64..14), 1..60), // within a week: no record leaps ahead of the others
        cap in 0u64..10,
        shared in any::<bool>(),
    ) {
        let given = if shared { "\"unit\":\"U\"" } else { "\"employee\":\"e0\"" };
        let times = format!("\"from\":{},\"to\":{}", time(0).0, time(20_000).0);
        let reason = format!("{{{given},{times},\"reason\":\"campaign\",\"max_persons\":{cap}}}");
        let context = World::bank().with("employees.csv", "employee,unit\ne0,U\ne1,U\ne2,U\n").reasons(&[reason]).context();
        reads.sort_unstable();
        reads.dedup_by_key(|(minute, _)| *minute);
        // Colleagues take turns; a reason for their unit is used up by all of them together.
        let who = |index: usize| if shared { index % 3 } else { 0 };
        let line = |(index, (minute, person)): (usize, &(i64, u64))| {
            access(&format!("e{}", who(index))).at(time(*minute)).reads("crm.customers", &["name"]).of([*person])
        };
        let play = play(&context, &reads.iter().enumerate().map(line).collect::<Vec<_>>());
        let mut covered: BTreeSet<u64> = BTreeSet::new();
        let mut open: BTreeMap<usize, BTreeSet<u64>> = BTreeMap::new();
        for (index, (_, person)) in reads.iter().enumerate() {
            let open = open.entry(who(index)).or_default();
            if covered.contains(person) || (covered.len() as u64) < cap {
                covered.insert(*person);
            } else {
                open.insert(*person);
            }
        }
        for (who, people) in open {
            let score = play.of(&format!("e{who}")).profile.statute_score(CountScope::Unexplained, &Statute::built_in());
            prop_assert_eq!(score.b, people.len() as u64, "e{}", who);
        }
    }
}
