//! Hours and weekdays: when somebody works, with the shift and absences, and where the episode lies.

use super::{Picture, entry, nothing, zone};
use crate::model::dossier::{Dossier, WEEK_HOURS};
use crate::model::time::Timestamp;
use crate::page::words::{Lang, Word, number, sentences};
use maud::{Markup, html};

const LEFT: u32 = 44;
const TOP: u32 = 22;
const CELL: (u32, u32) = (29, 24);
/// Working time of those whose shift is not on file, in local minutes.
const USUAL: (u16, u16) = (7 * 60, 21 * 60);

/// A cell for each hour of the week, with its number of accesses: darker where more; hatched outside working time; framed where accesses of the
/// episode lie; with a dot where some were made while absent.
pub fn week(dossier: &Dossier, id: &str, lang: Lang) -> Markup {
    let week = &dossier.week;
    let Some(since) = week.since.as_deref().filter(|_| week.accesses.len() == WEEK_HOURS) else {
        return nothing(Word::WeekTitle, Word::NoHours, lang);
    };
    let most = week.accesses.iter().copied().max().unwrap_or(0).max(1);
    let absent = |at: usize| week.absent.get(at).copied().unwrap_or(0);
    let working = working(week.shift.unwrap_or(USUAL), week.shift.is_some());
    let episode = episode(dossier);
    let sum = |of: &dyn Fn(usize) -> u32| (0..WEEK_HOURS).map(|at| u64::from(of(at))).sum::<u64>();
    let count = |at: usize| week.accesses[at];
    let off = sum(&|at| if working[at] { 0 } else { count(at) });
    let told = sentences::week_told(since, sum(&count), off, sum(&absent), lang);
    let marks = html! {
        defs { pattern id={ (id) "-hatch" } width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)" { line.hatch x1="0" x2="0" y1="0" y2="5" {} } }
        @for hour in 0..24 {
            text.axis x=(LEFT + hour * CELL.0 + CELL.0 / 2) y=(TOP - 7) text-anchor="middle" { (hour) }
        }
        @for day in 0..7_u32 {
            text.axis x=(LEFT - 7) y=(TOP + day * CELL.1 + 16) text-anchor="end" { (Word::WEEKDAYS[day as usize].say(lang)) }
            @for hour in 0..24_u32 {
                @let at = (day * 24 + hour) as usize;
                @let (x, y) = (LEFT + hour * CELL.0, TOP + day * CELL.1);
                rect class={ "cell " (level(count(at), most)) } x=(x) y=(y) width=(CELL.0 - 2) height=(CELL.1 - 2) {}
                @if !working[at] {
                    rect fill={ "url(#" (id) "-hatch)" } x=(x) y=(y) width=(CELL.0 - 2) height=(CELL.1 - 2) {}
                }
                @if count(at) > 0 {
                    text class={ "count " (level(count(at), most)) } x=(x + CELL.0 / 2 - 1) y=(y + 15) text-anchor="middle" { (few(count(at))) }
                }
                @if absent(at) > 0 { circle.absent cx=(x + CELL.0 - 7) cy=(y + 5) r="3" {} }
                @if episode[at] { rect.framed x=(x) y=(y) width=(CELL.0 - 2) height=(CELL.1 - 2) {} }
            }
        }
    };
    let legend = html! {
        ul.legend {
            @for (class, text) in [("l1", "1"), ("l2", ""), ("l3", ""), ("l4", &*few(most))] {
                (entry(&html! { rect class={ "cell " (class) } x="1" y="1" width="20" height="12" {} }, text))
            }
            (entry(&html! { rect.cell.l0 x="1" y="1" width="20" height="12" {} path.hatch d="M3 12l8-10M8 12l8-10M13 12l7-9" {} }, Word::OffShift.say(lang)))
            (entry(&html! { rect.framed x="2" y="2" width="18" height="10" {} }, Word::EpisodeCell.say(lang)))
            (entry(&html! { circle.absent cx="11" cy="7" r="3.5" {} }, Word::WhileAbsent.say(lang)))
            @if week.shift.is_none() { li.quiet { (Word::ShiftUnknown.say(lang)) } }
        }
    };
    let table = table(dossier, &working, &episode, lang);
    let size = (LEFT + 24 * CELL.0 + 4, TOP + 7 * CELL.1 + 2);
    Picture { id: format!("{id}-week"), title: Word::WeekTitle.say(lang), told, size, marks, legend, table }.draw(lang)
}

/// Which hours of the week are working time. Who has a shift of their own may be on a rota over weekends.
fn working((start, end): (u16, u16), own: bool) -> [bool; WEEK_HOURS] {
    std::array::from_fn(|at| {
        let (weekday, minute) = (at / 24, (at % 24) as u16 * 60);
        let within = |end: u16| minute + 60 > start && minute < end;
        let begun_here = if end <= start { within(24 * 60) } else { within(end) };
        let begun_before = end <= start && minute < end;
        (begun_here && (own || weekday < 5)) || (begun_before && (own || (weekday + 6) % 7 < 5))
    })
}

/// The hours of the week in which accesses of the episode lie.
fn episode(dossier: &Dossier) -> [bool; WEEK_HOURS] {
    let zone = zone(&dossier.zone);
    let mut hours = [false; WEEK_HOURS];
    for access in dossier.accesses.list.iter().filter(|access| !access.explained) {
        let local = zone.local(Timestamp(access.at.clamp(Timestamp::FIRST.0, Timestamp::END.0)));
        if let Some(hour) = hours.get_mut(usize::from(local.day.weekday()) * 24 + usize::from(local.minute / 60)) {
            *hour = true;
        }
    }
    hours
}

fn level(count: u32, most: u32) -> &'static str {
    let part = (f64::from(count) / f64::from(most)).sqrt();
    match part {
        _ if count == 0 => "l0",
        ..0.3 => "l1",
        0.3..0.55 => "l2",
        0.55..0.8 => "l3",
        _ => "l4",
    }
}

/// At most four characters.
fn few(count: u32) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..1_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}

fn table(dossier: &Dossier, working: &[bool; WEEK_HOURS], episode: &[bool; WEEK_HOURS], lang: Lang) -> Markup {
    let week = &dossier.week;
    let hours = (0..WEEK_HOURS).filter(|at| week.accesses.get(*at).is_some_and(|count| *count > 0));
    html! {
        table {
            thead { tr {
                th scope="col" { (Word::Day.say(lang)) }
                th scope="col" { (Word::Hour.say(lang)) }
                th.number scope="col" { (Word::AccessesWord.say(lang)) }
                th.number scope="col" { (Word::WhileAbsent.say(lang)) }
                th scope="col" { (Word::Duty.say(lang)) }
                th scope="col" { (Word::EpisodeCell.say(lang)) }
            } }
            tbody {
                @for at in hours {
                    tr {
                        th scope="row" { (Word::WEEKDAYS[at / 24].say(lang)) }
                        td { (format!("{:02}:00", at % 24)) }
                        td.number { (number(week.accesses[at].into())) }
                        td.number { (number(week.absent.get(at).copied().unwrap_or(0).into())) }
                        td { (if working[at] { Word::InShift } else { Word::OffShift }.say(lang)) }
                        td { @if episode[at] { (Word::Yes.say(lang)) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn working_time_follows_the_shift_also_over_midnight() {
        let day = working((9 * 60, 18 * 60), true);
        assert!(day[9] && day[17] && !day[8] && !day[18] && day[6 * 24 + 10], "a rota may hold a Sunday");
        let night = working((22 * 60, 6 * 60), true);
        assert!(night[23] && night[24 + 5] && !night[24 + 6] && !night[12]);
        let usual = working(USUAL, false);
        assert!(usual[7] && !usual[6] && !usual[5 * 24 + 12]);
    }
}
