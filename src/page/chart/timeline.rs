//! The accesses of an episode over time, and as a list with the places of their records.

use super::scale::{LogScale, place, short};
use super::{Picture, entry, local, nothing, zone};
use crate::model::dossier::{Accesses, Dossier, DutyMark, ListedAccess};
use crate::model::time::Timestamp;
use crate::page::names::name;
use crate::page::view::Look;
use crate::page::words::{Word, lists, sentences};
use maud::{Markup, html};

const WIDTH: u32 = 760;
const HEIGHT: u32 = 190;
const LEFT: f64 = 44.0;
const RIGHT: f64 = 744.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 156.0;

/// A mark for each access that is kept, by time and people: round on duty, square outside; hollow where a known reason covers it.
pub fn timeline(dossier: &Dossier, id: &str, look: &Look<'_>) -> Markup {
    let (accesses, lang) = (&dossier.accesses, look.lang);
    let times = accesses.list.iter().map(|access| access.at);
    let Some((first, last)) = times.clone().min().zip(times.max()) else {
        return nothing(Word::TimelineTitle, Word::NoAccessesKept, lang);
    };
    let span = last.saturating_sub(first).max(1) as f64;
    let x = |at: i64| LEFT + 8.0 + (RIGHT - LEFT - 16.0) * (at.saturating_sub(first) as f64 / span);
    let most = accesses.list.iter().filter_map(|access| access.persons.figure()).max().unwrap_or(0);
    let scale = LogScale::new(most, BOTTOM, TOP);
    let zone = zone(&dossier.zone);
    let spans_days = local(&zone, Timestamp(first)).0 != local(&zone, Timestamp(last)).0;
    let mark = |access: &ListedAccess| {
        let (x, y) = (x(access.at), access.persons.figure().map_or(BOTTOM + 8.0, |figure| scale.at(figure)));
        let class = if access.explained { "access explained" } else { "access" };
        html! {
            @if access.persons.figure().is_none() {
                text.mark x=(place(x)) y=(BOTTOM - 3.0) text-anchor="middle" { "?" }
            } @else if access.duty == DutyMark::On {
                circle class=(class) cx=(place(x)) cy=(place(y)) r="3.4" {}
            } @else {
                rect class=(class) x=(place(x - 3.2)) y=(place(y - 3.2)) width="6.4" height="6.4" {}
            }
        }
    };
    let ticks = 5;
    let marks = html! {
        @for tick in scale.ticks() {
            line.grid x1=(LEFT) x2=(RIGHT) y1=(place(scale.at(tick))) y2=(place(scale.at(tick))) {}
            text.axis x=(LEFT - 6.0) y=(place(scale.at(tick) + 4.0)) text-anchor="end" { (short(tick)) }
        }
        line.base x1=(LEFT) x2=(RIGHT) y1=(BOTTOM) y2=(BOTTOM) {}
        @for tick in 0..ticks {
            @let at = first.saturating_add((span * f64::from(tick) / f64::from(ticks - 1)) as i64);
            @let (day, time) = local(&zone, Timestamp(at));
            @let anchor = if tick == 0 { "start" } else if tick == ticks - 1 { "end" } else { "middle" };
            line.base x1=(place(x(at))) x2=(place(x(at))) y1=(BOTTOM) y2=(BOTTOM + 5.0) {}
            text.axis x=(place(x(at))) y=(BOTTOM + 17.0) text-anchor=(anchor) { (if spans_days { &day } else { &time }) }
            @if spans_days { text.axis x=(place(x(at))) y=(BOTTOM + 30.0) text-anchor=(anchor) { (time.get(..5).unwrap_or_default()) } }
        }
        @for access in &accesses.list { (mark(access)) }
    };
    let legend = html! {
        ul.legend {
            (entry(&html! { circle.access cx="11" cy="7" r="4" {} }, Word::Open.say(lang)))
            (entry(&html! { circle.access.explained cx="11" cy="7" r="4" {} }, Word::Explained.say(lang)))
            (entry(&html! { rect.access x="7" y="3" width="8" height="8" {} }, Word::OffShift.say(lang)))
            li.quiet { (Word::People.say(lang)) ", " (Word::LogScale.say(lang)) " · " (name(&dossier.zone)) }
        }
    };
    let told = sentences::accesses_told(dossier, lang);
    let table = table(dossier, look);
    Picture { id: format!("{id}-timeline"), title: Word::TimelineTitle.say(lang), told, size: (WIDTH, HEIGHT), marks, legend, table }
        .draw(lang)
}

/// The accesses as a list; of long ones the first and the last.
fn table(dossier: &Dossier, look: &Look<'_>) -> Markup {
    let (accesses, lang) = (&dossier.accesses, look.lang);
    let left_out = accesses.list.len().saturating_sub(look.rows);
    let head = look.rows.div_ceil(2);
    let listed = accesses.list.iter().enumerate().filter(|(at, _)| *at < head || *at >= head + left_out).map(|(_, access)| access);
    html! {
        table {
            thead { tr {
                th scope="col" { (Word::Time.say(lang)) " (" (name(&dossier.zone)) ")" }
                th scope="col" { (Word::Done.say(lang)) }
                th scope="col" { (Word::Table.say(lang)) }
                th scope="col" { (Word::KindsWord.say(lang)) }
                th.number scope="col" { (Word::People.say(lang)) }
                th scope="col" { (Word::Duty.say(lang)) }
                th scope="col" { (Word::Reason.say(lang)) }
                @if look.subjects { th scope="col" { (Word::Subjects.say(lang)) } }
                th scope="col" { (Word::Source.say(lang)) ":" (Word::Position.say(lang)) }
            } }
            tbody { @for access in listed { (row(access, accesses, &dossier.zone, look)) } }
        }
        @if left_out > 0 { p.quiet { (sentences::rows_left_out(left_out, lang)) } }
    }
}

fn row(access: &ListedAccess, of: &Accesses, zone_name: &str, look: &Look<'_>) -> Markup {
    let lang = look.lang;
    let (day, time) = local(&zone(zone_name), Timestamp(access.at));
    let named =
        |names: &[String], places: &[u16]| -> Vec<String> { places.iter().filter_map(|at| names.get(usize::from(*at)).cloned()).collect() };
    let kinds = of
        .kinds
        .get(usize::from(access.kinds))
        .map(|kinds| kinds.iter().map(|kind| lists::kind(*kind, lang).to_owned()).collect::<Vec<_>>());
    html! {
        tr {
            th scope="row" { time datetime=(Timestamp(access.at).to_string()) { (day) " " (time) } }
            td { (lists::operation(access.operation, lang)) }
            td { @for (at, table) in named(&of.tables, &access.tables).iter().enumerate() { @if at > 0 { ", " } (name(table)) } }
            td { (lang.join(&kinds.unwrap_or_default())) }
            td.number { (sentences::figure(access.persons, lang)) }
            td { (lists::duty(access.duty, lang)) }
            td { (if access.explained { Word::Yes } else { Word::No }.say(lang)) }
            @if look.subjects {
                td { @for subject in named(&of.subjects, &access.subjects) { code { (name(&subject)) } " " } }
            }
            td { (name(of.sources.get(usize::from(access.source)).map_or("", String::as_str))) ":" (access.position) }
        }
    }
}
