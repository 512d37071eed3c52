//! Own days against own and peer bands, on a logarithmic scale.

use super::scale::{LogScale, place, short};
use super::{Picture, entry, nothing, zone};
use crate::model::alert::{Alert, Expected};
use crate::model::coverage::State;
use crate::model::dossier::{DAYS, Dossier};
use crate::model::time::{Day, Timestamp};
use crate::page::names::name;
use crate::page::words::{Lang, Word, lists, number, sentences};
use maud::{Markup, html};

const WIDTH: u32 = 760;
const HEIGHT: u32 = 250;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 752.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 204.0;

/// Bars of 90 days, the people of each and of them those without a known reason; own and peer usual as bands; the days of the episode marked.
pub fn days(alert: &Alert, dossier: &Dossier, id: &str, lang: Lang) -> Markup {
    let days = &dossier.days;
    let Some(last) = Day::parse(&days.last).filter(|_| !days.list.is_empty()) else {
        return nothing(Word::DaysTitle, Word::NoDays, lang);
    };
    let first = last.0 - DAYS as i32 + 1;
    let usual = |expected: &Expected| {
        let own = expected.own.as_ref().map(|own| own.p99);
        own.into_iter().chain(expected.peers.as_ref().map(|peers| peers.p99)).max().unwrap_or(0)
    };
    let most = days.list.iter().map(|day| day.persons.max(day.unexplained)).max().unwrap_or(0).max(usual(&days.persons));
    let scale = LogScale::new(most, BOTTOM, TOP);
    let step = (RIGHT - LEFT) / f64::from(DAYS);
    let of_episode = episode(alert, dossier);
    let marks = html! {
        @for tick in scale.ticks() {
            line.grid x1=(LEFT) x2=(RIGHT) y1=(place(scale.at(tick))) y2=(place(scale.at(tick))) {}
            text.axis x=(LEFT - 6.0) y=(place(scale.at(tick) + 4.0)) text-anchor="end" { (short(tick)) }
        }
        (band(&days.persons, scale))
        @for day in &days.list {
            @if let Some(number) = Day::parse(&day.day).filter(|day| day.0 >= first && day.0 <= last.0) {
                @let x = LEFT + f64::from(number.0 - first) * step;
                @if day.persons > 0 {
                    rect.people x=(place(x + 0.8)) width=(place(step - 1.6)) y=(place(scale.at(day.persons))) height=(place(BOTTOM - scale.at(day.persons))) {}
                }
                @if day.unexplained > 0 {
                    rect.open x=(place(x + 2.0)) width=(place(step - 4.0)) y=(place(scale.at(day.unexplained))) height=(place(BOTTOM - scale.at(day.unexplained))) {}
                }
                @if day.unknown > 0 { text.mark x=(place(x + step / 2.0)) y=(place(scale.at(day.persons) - 3.0)) text-anchor="middle" { "?" } }
                @if of_episode.0 <= number && number <= of_episode.1 {
                    path.now d={ "M" (place(x + step / 2.0)) " " (BOTTOM + 3.0) "l4.5 8h-9z" } {}
                }
                @match day.seen {
                    Some(State::Partly) => circle.partly cx=(place(x + step / 2.0)) cy=(BOTTOM + 17.0) r="2.6" {},
                    Some(State::Not) => path.unseen d={ "M" (place(x + step / 2.0 - 3.0)) " " (BOTTOM + 14.0) "l6 6m0-6l-6 6" } {},
                    Some(State::Fully) | None => {},
                }
            }
        }
        (edges(&days.persons, scale))
        line.base x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
        @for (x, text) in months(first, last.0, step) {
            line.base x1=(place(x)) x2=(place(x)) y1=(BOTTOM) y2=(BOTTOM + 26.0) {}
            text.axis x=(place(x + 3.0)) y=(BOTTOM + 37.0) { (text) }
        }
    };
    let legend = html! {
        ul.legend {
            (entry(&html! { rect.people x="4" y="1" width="14" height="12" {} }, Word::AllPeople.say(lang)))
            (entry(&html! { rect.open x="7" y="1" width="8" height="12" {} }, Word::PeopleUnexplained.say(lang)))
            @if days.persons.own.is_some() {
                (entry(&html! { rect.own x="1" y="2" width="20" height="10" {} line.own x1="1" x2="21" y1="12" y2="12" {} }, Word::OwnBand.say(lang)))
            }
            @if days.persons.peers.is_some() {
                (entry(&html! { line.peers x1="1" x2="21" y1="3" y2="3" {} line.peers x1="1" x2="21" y1="11" y2="11" {} }, Word::PeerBand.say(lang)))
            }
            (entry(&html! { path.now d="M11 2l5 9h-10z" {} }, Word::EpisodeDay.say(lang)))
            (entry(&html! { circle.partly cx="11" cy="7" r="3" {} }, Word::Partly.say(lang)))
            (entry(&html! { path.unseen d="M8 4l6 6m0-6l-6 6" {} }, Word::NotAtAll.say(lang)))
            li.quiet { (Word::LogScale.say(lang)) " · " (name(&dossier.zone)) }
        }
    };
    let told = sentences::days_told(dossier, lang);
    let (width, height) = (WIDTH, HEIGHT);
    Picture {
        id: format!("{id}-days"),
        title: Word::DaysTitle.say(lang),
        told,
        size: (width, height),
        marks,
        legend,
        table: table(dossier, lang),
    }
    .draw(lang)
}

/// The first and last local day of the episode.
fn episode(alert: &Alert, dossier: &Dossier) -> (Day, Day) {
    let zone = zone(&dossier.zone);
    let day = |text: &str| Timestamp::parse(text).map(|at| zone.local(at).day).ok();
    let nowhere = (Day(i32::MAX), Day(i32::MIN));
    day(&alert.first_access).zip(day(&alert.last_access)).unwrap_or(nowhere)
}

/// What is usual for the person, from the median to the 99th percentile: behind the bars.
fn band(usual: &Expected, scale: LogScale) -> Markup {
    html! {
        @if let Some(own) = &usual.own {
            @let (low, high) = (scale.at(own.median), scale.at(own.p99));
            rect.own x=(LEFT) width=(RIGHT - LEFT) y=(place(high)) height=(place((low - high).max(1.0))) {}
        }
    }
}

/// The edges of the own band, and of the peers', dashed: before the bars.
fn edges(usual: &Expected, scale: LogScale) -> Markup {
    let own = usual.own.iter().flat_map(|own| [own.median, own.p99]).map(|figure| ("own", figure));
    let peers = usual.peers.iter().flat_map(|peers| [peers.median, peers.p99]).map(|figure| ("peers", figure));
    html! {
        @for (class, figure) in own.chain(peers) {
            line class=(class) x1=(LEFT) x2=(RIGHT) y1=(place(scale.at(figure))) y2=(place(scale.at(figure))) {}
        }
    }
}

/// Where months begin, with their names.
fn months(first: i32, last: i32, step: f64) -> Vec<(f64, String)> {
    let begins = (first..=last).filter(|day| Day(*day).date().day() == 1);
    begins.map(|day| (LEFT + f64::from(day - first) * step, Day(day).date().strftime("%Y-%m").to_string())).collect()
}

fn table(dossier: &Dossier, lang: Lang) -> Markup {
    let days = &dossier.days;
    let usual = |expected: &Expected| {
        let own = expected.own.as_ref().map(|own| (own.median, own.p99));
        let peers = expected.peers.as_ref().map(|peers| (peers.median, peers.p99));
        [
            (Word::OwnMedian, own.map(|own| own.0)),
            (Word::OwnP99, own.map(|own| own.1)),
            (Word::PeerMedian, peers.map(|peers| peers.0)),
            (Word::PeerP99, peers.map(|peers| peers.1)),
        ]
    };
    html! {
        table {
            thead { tr {
                th scope="col" { (Word::Day.say(lang)) }
                th.number scope="col" { (Word::People.say(lang)) }
                th.number scope="col" { (Word::Unexplained.say(lang)) }
                th.number scope="col" { (Word::AccessesWord.say(lang)) }
                th scope="col" { (Word::Seen.say(lang)) }
                th scope="col" { (Word::Why.say(lang)) }
            } }
            tbody {
                @for ((word, persons), (_, unexplained)) in usual(&days.persons).into_iter().zip(usual(&days.unexplained)) {
                    @if let Some(persons) = persons {
                        tr { th scope="row" { (word.say(lang)) } td.number { (number(persons)) } td.number { (unexplained.map(number).unwrap_or_default()) } td {} td {} td {} }
                    }
                }
                @for day in days.list.iter().rev() {
                    tr {
                        th scope="row" { (name(&day.day)) }
                        td.number { (number(day.persons)) @if day.unknown > 0 { " + ?" } }
                        td.number { (number(day.unexplained)) }
                        td.number { (number(day.accesses)) }
                        td { (day.seen.map(|state| lists::state(state, lang)).unwrap_or_default()) }
                        td {
                            @for (at, reason) in day.reasons.iter().enumerate() {
                                @if at > 0 { "; " }
                                @match lists::obstacle_named(reason, lang) { Some(text) => (text), None => (name(reason)) }
                            }
                            @if day.held_out { @if !day.reasons.is_empty() { "; " } (Word::HeldOut.say(lang)) }
                        }
                    }
                }
            }
        }
    }
}
