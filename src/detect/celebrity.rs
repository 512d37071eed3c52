//! `celebrity`: many employees read one person, or somebody reads people of public interest.
//!
//! ## What it detects
//!
//! Two patterns. One employee reads subjects tagged `vip` or `employee` without a known reason: several, or one whom other units
//! serve. And one subject is read within seven days, one by one and without a known reason, by employees of at least three units
//! that have no business there; each of them gets an alert that names the others.
//!
//! ## In the Notice
//!
//! Sale or provision of single records that are in demand (points 1 and 2 of the Notice): the record of a person from the news.
//!
//! ## Data it needs
//!
//! `subjects`. For the first pattern also `vip` or `employee` tags in `subjects.csv`; for the second `unit` in `employees.csv`,
//! better with `owner` in `subjects.csv`.
//!
//! ## How it is measured
//!
//! The first is counted per day, week and month and held against the employee's own closed days and the peer group, as a number
//! and as a share of those looked up one by one. One such person alone weighs as much as it is rare to meet one, rare to look at
//! other units' people, and as what was shown weighs by law: a note, but for a whereabouts or a credit report.
//!
//! The second is computed once a day has closed everywhere. How often each unit looks at the people of each unit in a week, and
//! how often this person was looked at before, say how many readers of units with so little business there would be usual; of all
//! such cuts the most surprising counts, less what it takes to have looked at every person (a negative binomial: people differ in
//! how often they are looked at), and is told where by chance fewer than one such crowd a week comes about among all employees. In
//! weeks in which a unit looks at more people without a reason than in others, as much more is expected of it. Where nobody says whose
//! the person is, the unit with the most to do is left out.
//!
//! ## Innocent look-alikes
//!
//! A care team, or a customer whose case passes from unit to unit: their tickets and assignments explain them. Colleagues of
//! one unit meet at the same customers, and a call centre looks at everybody's: such readers are hardly counted.
//!
//! ## What it cannot see
//!
//! A person of public interest who is not tagged and is read by employees of fewer than three units, or by those alone whose units have
//! business there.
//!
//! ## Example
//!
//! Twelve employees of five branches read one singer's account within two days.

use crate::detect::{
    AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, GroupFinding, Listens, WindowDeviation,
};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::population::comparison::DayComparison;
use crate::population::homes::NONE;
use crate::population::lookup::Lookup;
use crate::profile::baseline::Prediction;
use crate::profile::measure::Measure;
use crate::profile::window::Window;
use std::collections::{BTreeMap, BTreeSet};

pub const DETECTOR: Detector = Detector {
    typology: Typology::Celebrity,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Subjects, DataRequirement::Vips],
    floor: 3,
    floor_counts: "people of public interest without a known reason, in a day, a week or a month, where one is not enough; units whose employees look at one subject",
    listens_to: Listens::To(&[Measure::Vips]),
    on_access: Some(on_access),
    on_day_closed: Some(on_day_closed),
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    [many(context), repeated(context), once(context)].into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}

/// More of them than usual, also in lists.
fn many(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = context.most_unusual_window(Measure::Vips, DAY_WEEK_MONTH)?;
    let particular = format!("{} people of public interest or colleagues were looked at without a known reason", deviation.count);
    Some(context.finding(Typology::Celebrity, Measure::Vips, deviation, particular))
}

/// A larger share of them than usual among those who are looked up one by one: whoever has much to do meets more of them.
fn repeated(context: &AccessContext<'_>) -> Option<Finding> {
    let of = |window: &Window| {
        let (days, count) = context.total(Measure::VipsSingly, *window);
        let all = context.total(Measure::Singly, *window).1;
        let bits = context.share_bits(Share::Vips, *window, count, all);
        (count >= context.floor).then_some((WindowDeviation { window: *window, days, count, bits }, all))
    };
    let (deviation, all) = DAY_WEEK_MONTH.iter().filter_map(of).max_by(|a, b| a.0.bits.total_cmp(&b.0.bits))?;
    let particular =
        format!("{} of {all} people looked up one by one without a known reason are of public interest or colleagues", deviation.count);
    (deviation.bits > 0.0).then(|| context.finding(Typology::Celebrity, Measure::VipsSingly, deviation, particular))
}

/// One of them: how rare that is, how rarely one has to do with other people's customers, and how much it discloses. It is hardly more than a
/// note, but for a whereabouts or a credit report of somebody whom others serve.
fn once(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::VipsSingly) == 0 {
        return None;
    }
    let n = context.total(Measure::Singly, Window::H24).1;
    let rare = context.share_bits(Share::Vips, Window::H24, context.of_today(Measure::VipsSingly), n);
    let (foreign, owned) = (context.of_today(Measure::Foreign), context.of_today(Measure::Owned));
    let stranger = if context.added(Measure::Foreign) > 0 { context.share_bits(Share::Foreign, Window::H24, foreign, owned) } else { 0.0 };
    let weight = context.statute.weight_b(context.access.kinds).max(1);
    let bits = rare.min(RARE) + stranger.min(RARE) + 0.5 * (weight as f64).log2();
    let count = context.of_today(Measure::VipsSingly);
    let deviation = WindowDeviation { window: Window::H24, days: 1, count, bits };
    let particular = if count == 1 {
        "one person of public interest or colleague was looked up without a known reason".to_owned()
    } else {
        format!("{count} people of public interest or colleagues were looked up without a known reason")
    };
    // A customer of one's own unit, or one that nobody is said to serve, who comes to the counter.
    (stranger > 0.0 && bits > 0.0).then(|| context.finding(Typology::Celebrity, Measure::VipsSingly, deviation, particular))
}

/// What the rarity of one look is worth at the most.
const RARE: f64 = 2.5;
/// Employees who read one subject, from which on they are compared.
const CROWD: usize = 3;
/// Readers of one subject that are no crowd yet.
const FEW: usize = 4;
/// The most readers of one subject that are compared: more are no crowd, but business.
const MOST: usize = 2_000;
/// The most other employees that a finding names.
const NAMED: usize = 50;
/// How many looks the usual share of people whom a second colleague looks at weighs, in a unit's own.
const COLLEAGUES: f64 = 50.0;
/// What share of the surprise of the most surprising cut a larger one must have for its members to be told of.
const NEARLY: f64 = 0.7;
/// Looks of a week that every unit is taken to have beside its own, so that a few are no rise; and the largest rise.
const STEADY: f64 = 20.0;
const MOST_RISE: f64 = 30.0;
/// The shape of the gamma distribution by which people differ in how often they are looked at: the least and the most.
const SHAPE: (f64, f64) = (0.5, 20.0);
/// The least to which it lowers a chance that units hardly ever meet.
const APART: f64 = 0.01;

/// How often each unit looks at the people of each home.
struct Flows {
    /// By home and unit: looks, as far as they are remembered.
    looks: BTreeMap<(u64, u64), f64>,
    homes: BTreeMap<u64, Home>,
    /// Weeks that are remembered.
    weeks: f64,
    /// How much more than in other weeks each unit looked at people without a reason, and all of them.
    rises: BTreeMap<u64, f64>,
    rise: f64,
    /// How many units there are.
    units: f64,
    /// How often a colleague of somebody who looked at another unit's people looks at the same ones, by unit, and in general.
    colleagues: BTreeMap<u64, f64>,
    colleague: f64,
    /// By how much people differ in how often they are looked at.
    shape: f64,
    /// How often units meet at people of whom nobody says whose they are, against chance; at most 1.
    apart: f64,
    /// log2 of how many people there are for each employee.
    tried: f64,
}

/// The people of one unit.
#[derive(Default)]
struct Home {
    /// How many they are.
    size: f64,
    /// Past looks at one of them.
    past: f64,
    /// What each unit that ever looked does in a week, ascending, with the sum up to it.
    flows: Vec<(f64, f64)>,
}

impl Flows {
    fn of(comparison: &DayComparison<'_>) -> Flows {
        let (survey, past) = (comparison.survey, comparison.recent.past());
        let mut looks: BTreeMap<(u64, u64), f64> = BTreeMap::new();
        let mut homes: BTreeMap<u64, Home> = BTreeMap::new();
        for (who, home, sum) in past.flows() {
            *looks.entry((home, survey.unit(who))).or_default() += sum;
            homes.entry(home).or_default().past += sum;
        }
        // Whoever is judged is no part of what they are compared with.
        for (home, readers) in comparison.by_home() {
            homes.entry(home).or_default().size += 1.0;
            for look in readers.iter().filter(|_| readers.len() < CROWD) {
                *looks.entry((home, survey.unit(look.who))).or_default() += 1.0;
            }
        }
        let units = survey.units.iter().collect::<BTreeSet<_>>().len() as f64;
        let (colleagues, colleague) = colleagues(comparison);
        let weeks = past.days / 7.0 + 1.0;
        let (rises, rise) = rises(comparison);
        let homes_of = BTreeMap::new();
        let mut flows =
            Flows { looks, homes: homes_of, weeks, rises, rise, units, colleagues, colleague, shape: 1.0, apart: 1.0, tried: 0.0 };
        for (print, home) in &mut homes {
            let known = survey.sizes.get(print).copied().unwrap_or(0) as f64;
            // Where nobody says how many there are: those who were ever looked at.
            let seen = if *print == NONE { home.size.max(past.people() as f64) } else { home.size };
            home.size = known.max(seen).max(1.0);
            home.past /= home.size;
            let range = flows.looks.range((*print, 0)..=(*print, u64::MAX));
            let mut weekly: Vec<f64> = range.map(|((_, unit), looks)| flows.weekly(*looks) * flows.rise_of(*unit)).collect();
            weekly.sort_by(f64::total_cmp);
            home.flows = weekly
                .into_iter()
                .scan(0.0, |sum, of_unit| {
                    Some((of_unit, {
                        *sum += of_unit;
                        *sum
                    }))
                })
                .collect();
        }
        let people: f64 = homes.values().map(|home| home.size).sum();
        flows.tried = (people / comparison.members.len().max(1) as f64).max(1.0).log2();
        flows.homes = homes;
        let units_meet = flows.units_meet(comparison);
        flows.shape = if units_meet > 1.0 { 1.0 / (units_meet - 1.0) } else { SHAPE.1 }.clamp(SHAPE.0, SHAPE.1);
        flows.apart = units_meet.clamp(APART, 1.0);
        flows
    }

    /// How often two units meet at the people of a third, against chance if all of these were alike.
    fn units_meet(&self, comparison: &DayComparison<'_>) -> f64 {
        let survey = comparison.survey;
        let mut looks: BTreeMap<u64, BTreeMap<u64, f64>> = BTreeMap::new();
        let mut met = 0.0;
        for (home, readers) in comparison.by_home().filter(|(_, readers)| readers.len() <= FEW) {
            let units = readers.iter().map(|look| survey.unit(look.who)).filter(|unit| *unit != home || home == NONE);
            let units: BTreeSet<u64> = units.collect();
            met += (units.len() * units.len().saturating_sub(1)) as f64 / 2.0;
            let of_home = looks.entry(home).or_default();
            units.iter().for_each(|unit| *of_home.entry(*unit).or_default() += 1.0);
        }
        let by_chance = looks.iter().map(|(home, units)| {
            let (sum, squares) = units.values().fold((0.0, 0.0), |sum, looks| (sum.0 + looks, sum.1 + looks * looks));
            (sum * sum - squares) / 2.0 / self.homes.get(home).map_or(1.0, |home| home.size)
        });
        (met + 2.0) / (by_chance.sum::<f64>() + 1.0)
    }

    /// A unit that never looked there may still do so: one look in all that time is taken as seen.
    fn weekly(&self, looks: f64) -> f64 {
        (looks + 1.0) / self.weeks
    }

    fn rise_of(&self, unit: u64) -> f64 {
        self.rises.get(&unit).copied().unwrap_or(self.rise)
    }

    /// What units do in a week that do no more than `most` each.
    fn up_to(&self, home: &Home, most: f64) -> f64 {
        let known = home.flows.partition_point(|(weekly, _)| *weekly <= most);
        let sum = known.checked_sub(1).map_or(0.0, |last| home.flows[last].1);
        let never = self.weekly(0.0) * self.rise;
        if never <= most { sum + never * (self.units - home.flows.len() as f64).max(0.0) } else { sum }
    }

    /// The crowd at a subject: those whose units have the least business there, and how surprising it is that so many of them looked.
    /// Told of are all up to whom it is nearly as surprising.
    fn crowd(&self, comparison: &DayComparison<'_>, print: u64, readers: &[Lookup]) -> Option<(Vec<u32>, f64)> {
        let survey = comparison.survey;
        let home = self.homes.get(&print)?;
        // The people of a home are not alike: who was looked at often before is looked at often again.
        let seen = comparison.recent.past().seen(readers[0].subject).unwrap_or(home.past);
        let shape = self.shape + seen;
        let apart = if print == NONE { self.apart } else { 1.0 };
        let at_one = apart * shape / (self.shape + home.past) / home.size;
        let mut of_unit: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for look in readers {
            of_unit.entry(survey.unit(look.who)).or_default().push(look.who);
        }
        let of = |unit: &u64| self.weekly(self.looks.get(&(print, *unit)).copied().unwrap_or(0.0)) * self.rise_of(*unit);
        // Whose customer it is may look; where nobody says whose, it is that of the unit with the most to do there.
        let busiest = || of_unit.keys().copied().max_by(|a, b| of(a).total_cmp(&of(b)).then(b.cmp(a)));
        let own = if print == NONE { busiest() } else { Some(print) };
        let mut arrivals: Vec<(f64, f64, u32)> = Vec::new();
        for (unit, employees) in of_unit.iter().filter(|(unit, _)| Some(**unit) != own) {
            let weekly = of(unit);
            let first = weekly * at_one;
            let more = first.max(self.colleagues.get(unit).copied().unwrap_or(self.colleague));
            arrivals.extend(employees.iter().enumerate().map(|(nth, who)| (if nth == 0 { first } else { more }, weekly, *who)));
        }
        arrivals.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.2.cmp(&b.2)));
        let of_own = own.map(|unit| of(&unit));
        let (mut best, mut colleagues, mut most_weekly) = (None::<(usize, f64)>, 0.0, 0.0f64);
        let mut cuts: Vec<(usize, f64)> = Vec::new();
        for (at, (rate, weekly, _)) in arrivals.iter().enumerate() {
            colleagues += if *rate > weekly * at_one { *rate } else { 0.0 };
            most_weekly = most_weekly.max(*weekly);
            if at + 1 < CROWD || arrivals.get(at + 1).is_some_and(|(next, ..)| next == rate) {
                continue;
            }
            let own = of_own.filter(|of_own| *of_own <= most_weekly).unwrap_or(0.0);
            let mean = ((self.up_to(home, most_weekly) - own) * at_one).max(1e-9) + colleagues;
            let bits = Prediction { mean, variance: mean + mean * mean / shape }.bits(at as u64 + 1);
            cuts.push((at + 1, bits));
            if best.is_none_or(|(_, most)| bits > most) {
                best = Some((at + 1, bits));
            }
        }
        let (size, bits) = best?;
        let told = cuts.iter().rev().find(|(_, of)| *of >= NEARLY * bits).map_or(size, |(size, _)| *size);
        // It is told of each of them, and any of the cuts may have been the one.
        let bits = bits - self.tried - (size as f64).log2() - ((arrivals.len() + 1 - CROWD) as f64).log2();
        // Whoever serves somebody has looked before: of a person at whom nobody did, no unit is known to.
        let unknown = own.filter(|_| print == NONE && seen == 0.0);
        let more = unknown.and_then(|unit| of_unit.get(&unit)).into_iter().flatten().copied();
        // By chance fewer than one such crowd comes about in a week among all employees.
        let is_news = bits >= (comparison.members.len().max(1) as f64).log2();
        is_news.then(|| (arrivals[..told].iter().map(|(.., who)| *who).chain(more).collect(), bits))
    }
}

/// How much more each unit looked at people without a reason in this week than in others, and all of them: where reasons are not kept,
/// everybody meets everybody.
fn rises(comparison: &DayComparison<'_>) -> (BTreeMap<u64, f64>, f64) {
    let (survey, past) = (comparison.survey, comparison.recent.past());
    let weeks = past.days / 7.0;
    let mut looks: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    past.flows().for_each(|(who, _, sum)| looks.entry(survey.unit(who)).or_default().0 += sum / weeks.max(1.0));
    comparison.by_home().flat_map(|(_, readers)| readers).for_each(|look| looks.entry(survey.unit(look.who)).or_default().1 += 1.0);
    let rise = |before: f64, now: f64| if weeks < 1.0 { 1.0 } else { ((now + STEADY) / (before + STEADY)).clamp(1.0, MOST_RISE) };
    let (before, now) = looks.values().fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    (looks.into_iter().map(|(unit, (before, now))| (unit, rise(before, now))).collect(), rise(before, now))
}

/// How often a second colleague looks at somebody of another unit at whom one looked.
fn colleagues(comparison: &DayComparison<'_>) -> (BTreeMap<u64, f64>, f64) {
    let survey = comparison.survey;
    let mut seen: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for (home, readers) in comparison.by_home().filter(|(_, readers)| readers.len() <= MOST) {
        let mut units: Vec<u64> = readers.iter().map(|look| survey.unit(look.who)).filter(|unit| *unit != home || home == NONE).collect();
        units.sort_unstable();
        for of_unit in units.chunk_by(|a, b| a == b) {
            let sum = seen.entry(of_unit[0]).or_default();
            (sum.0, sum.1) = (sum.0 + 1.0, sum.1 + f64::from(u8::from(of_unit.len() > 1)));
        }
    }
    let (all, twice) = seen.values().fold((0.0, 0.0), |sum, of| (sum.0 + of.0, sum.1 + of.1));
    let usual = (twice + 1.0) / (all + 20.0);
    (seen.into_iter().map(|(unit, (all, twice))| (unit, (twice + COLLEAGUES * usual) / (all + COLLEAGUES))).collect(), usual)
}

fn on_day_closed(comparison: &DayComparison<'_>, floor: u64) -> Vec<GroupFinding> {
    let is_crowd = |looks: &[Lookup]| (CROWD..=MOST).contains(&looks.len());
    if !comparison.by_subject().any(is_crowd) {
        return Vec::new();
    }
    let flows = Flows::of(comparison);
    let mut found = Vec::new();
    for (home, readers) in comparison.by_home().filter(|(_, readers)| is_crowd(readers)) {
        let Some((crowd, bits)) = flows.crowd(comparison, home, readers) else { continue };
        // Colleagues of one unit meet at the same people: units count.
        let units: BTreeSet<u64> = crowd.iter().map(|who| comparison.survey.unit(*who)).collect();
        if (units.len() as u64) < floor {
            continue;
        }
        let actor = |who: u32| &comparison.recent.actors()[who as usize];
        let particular = format!(
            "one person was looked at by {} employees of {} units that seldom look at that person's unit or at whom few look, within seven days, \
             without a known reason",
            crowd.len(),
            units.len()
        );
        for who in &crowd {
            let others = crowd.iter().filter(|other| *other != who);
            let finding = Finding {
                typology: Typology::Celebrity,
                window: Window::D7,
                count: crowd.len() as u64,
                unknown: 0,
                measure: Measure::Unexplained,
                bits,
                particular: particular.clone(),
                related: others.take(NAMED).map(|other| actor(*other).name().clone()).collect(),
                group: Some(readers[0].subject),
            };
            found.push(GroupFinding { actor: actor(*who).clone(), finding });
        }
    }
    found
}
