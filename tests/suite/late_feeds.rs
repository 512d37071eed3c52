//! Personnel data that comes late: who is back at work, or new, is still away in the feed, and business comes to them as to all others.

use crate::common::line::{Line, access, on};
use crate::common::play::{Play, play};
use crate::common::world::World;
use leakwarden::model::typology::Typology;
use leakwarden::profile::measure::Measure;

/// The day of the week after, on which e1 works although the feed says otherwise.
const BACK: i64 = 7;

/// People of a day; of those below, so many in ten have a ticket.
fn people(day: i64) -> impl Iterator<Item = u64> {
    (0..40).map(move |n| (day * 100 + n) as u64)
}

/// Tickets of e1 for so many in ten of the people of each day.
fn tickets(days: impl IntoIterator<Item = i64>, in_ten: u64) -> Vec<String> {
    let ticket = |day: i64, subject: u64| {
        let (from, to) = (on(day, "00:00"), on(day + 1, "00:00"));
        format!(r#"{{"employee":"e1","subjects":["{subject}"],"from":"{from}","to":"{to}","reason":"ticket","ref":"T-{subject}"}}"#)
    };
    days.into_iter()
        .flat_map(move |day| people(day).filter(move |person| person % 10 < in_ten).map(move |person| ticket(day, person)))
        .collect()
}

/// What e1 does on five days and when back, at a bank whose directory says this of them.
fn at_work(employees: &str, absences: &str, reasons: &[String]) -> Play {
    let bank = World::bank().with("employees.csv", employees).with("absences.csv", absences).reasons(reasons);
    let looks = |day: i64| {
        let look =
            move |(n, person): (usize, u64)| access("e1").at(on(day, &format!("10:{n:02}"))).reads("crm.customers", &["name"]).of([person]);
        people(day).enumerate().map(look).collect::<Vec<Line>>()
    };
    let lines: Vec<Line> = (0..5).chain([BACK]).flat_map(looks).collect();
    play(&bank.context(), &lines)
}

fn off_duty(play: &Play) -> u64 {
    let profile = &play.of("e1").profile;
    profile.day_figure(Measure::OffDuty, profile.today())
}

const STAYS: &str = "employee,unit,role,hired\ne1,North,teller,2020-01-01\n";
const AWAY: &str = "employee,from,to,kind\ne1,2026-03-07,2026-03-11,leave\n";
const NEVER_AWAY: &str = "employee,from,to,kind\n";

#[test]
fn who_has_tickets_of_the_day_is_back_from_leave_and_who_has_none_is_not() {
    let back = at_work(STAYS, AWAY, &tickets((0..5).chain([BACK]), 8));
    assert!(off_duty(&back) <= 2, "{} people before there were tickets enough", off_duty(&back));
    assert!(back.of("e1").episodes.iter().all(|episode| episode.typology != Typology::GhostLeaver));

    // Somebody else at their account: nobody gives the absent tickets.
    let borrowed = at_work(STAYS, AWAY, &tickets(0..5, 8));
    assert_eq!(off_duty(&borrowed), 40);
    assert!(borrowed.of("e1").episodes.iter().any(|episode| episode.typology == Typology::GhostLeaver));

    // A few tickets do not cover a list: the usual share of reasons is missing.
    let few = at_work(STAYS, AWAY, &[tickets(0..5, 8), tickets([BACK], 1)].concat());
    assert!(off_duty(&few) >= 20, "{}", off_duty(&few));
}

#[test]
fn before_the_first_day_that_the_directory_has_nothing_is_grave() {
    let hired = "employee,unit,role,hired\ne1,North,teller,2026-03-10\n";
    let new = at_work(hired, NEVER_AWAY, &tickets((0..5).chain([BACK]), 8));
    assert!(new.typologies().iter().all(|(_, typology)| *typology != Typology::GhostLeaver), "{:?}", new.typologies());
    let left = "employee,unit,role,hired,left\ne1,North,teller,2020-01-01,2026-03-06\n";
    let gone = at_work(left, NEVER_AWAY, &tickets((0..5).chain([BACK]), 8));
    assert!(gone.typologies().contains(&("e1".to_owned(), Typology::GhostLeaver)), "who has left is told, tickets or not");
}
