//! A calendar of what was not seen of a person: fully, partly, not, and why.

use super::{Picture, entry, nothing};
use crate::model::coverage::State;
use crate::model::dossier::{DAYS, DayFigures, Dossier};
use crate::model::time::Day;
use crate::page::names::name;
use crate::page::words::{Lang, Word, lists, sentences};
use maud::{Markup, html};
use std::collections::BTreeMap;

const LEFT: u32 = 44;
const TOP: u32 = 20;
const CELL: u32 = 19;

/// Weeks are columns, weekdays rows. A filled square was evaluated fully, a half one partly, a crossed one not; without records a day is a dot.
pub fn calendar(dossier: &Dossier, id: &str, lang: Lang) -> Markup {
    let days = &dossier.days;
    let Some(last) = Day::parse(&days.last).filter(|_| !days.list.is_empty()) else {
        return nothing(Word::CalendarTitle, Word::NoDays, lang);
    };
    let first = Day(last.0 - DAYS as i32 + 1);
    let known: BTreeMap<i32, &DayFigures> = days.list.iter().filter_map(|day| Some((Day::parse(&day.day)?.0, day))).collect();
    let column = |day: Day| ((day.0 - first.0 + i32::from(first.weekday())) / 7) as u32;
    let columns = column(last) + 1;
    let states = |state: State| days.list.iter().filter(|day| day.seen == Some(state)).count();
    let marks = html! {
        @for (at, weekday) in Word::WEEKDAYS.into_iter().enumerate() {
            text.axis x=(LEFT - 7) y=(TOP + at as u32 * CELL + 13) text-anchor="end" { (weekday.say(lang)) }
        }
        @for day in (first.0..=last.0).map(Day) {
            @let (x, y) = (LEFT + column(day) * CELL, TOP + u32::from(day.weekday()) * CELL);
            @if day.date().day() == 1 { text.axis x=(x) y=(TOP - 6) { (day.date().strftime("%m").to_string()) } }
            (cell(known.get(&day.0).and_then(|day| day.seen), x, y))
        }
    };
    let mark = |state: Option<State>| cell(state, 3, 0);
    let legend = html! {
        ul.legend {
            @for state in State::ALL { (entry(&mark(Some(state)), lists::state(state, lang))) }
            (entry(&mark(None), Word::NothingToSee.say(lang)))
        }
    };
    let table = html! {
        table {
            thead { tr { th scope="col" { (Word::Day.say(lang)) } th scope="col" { (Word::Seen.say(lang)) } th scope="col" { (Word::Why.say(lang)) } } }
            tbody {
                @for day in days.list.iter().rev().filter(|day| day.seen != Some(State::Fully) && day.seen.is_some()) {
                    tr {
                        th scope="row" { (name(&day.day)) }
                        td { (day.seen.map(|state| lists::state(state, lang)).unwrap_or_default()) }
                        td { @for (at, reason) in day.reasons.iter().enumerate() {
                            @if at > 0 { "; " }
                            @match lists::obstacle_named(reason, lang) { Some(text) => (text), None => (name(reason)) }
                        } }
                    }
                }
            }
        }
    };
    let told = sentences::calendar_told(State::ALL.map(states), lang);
    let size = (LEFT + columns * CELL + 4, TOP + 7 * CELL + 2);
    Picture { id: format!("{id}-calendar"), title: Word::CalendarTitle.say(lang), told, size, marks, legend, table }.draw(lang)
}

fn cell(state: Option<State>, x: u32, y: u32) -> Markup {
    let side = CELL - 5;
    html! {
        @match state {
            Some(State::Fully) => rect.full x=(x) y=(y) width=(side) height=(side) {},
            Some(State::Partly) => { rect.box x=(x) y=(y) width=(side) height=(side) {} path.full d={ "M" (x) " " (y + side) "v-" (side) "l" (side) " " (side) "z" } {} },
            Some(State::Not) => { rect.box x=(x) y=(y) width=(side) height=(side) {} path.unseen d={ "M" (x + 3) " " (y + 3) "l" (side - 6) " " (side - 6) "m0-" (side - 6) "l-" (side - 6) " " (side - 6) } {} },
            None => circle.none cx=(x + side / 2) cy=(y + side / 2) r="1.5" {},
        }
    }
}
