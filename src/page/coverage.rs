//! How far the days of all employees were evaluated, as a picture and tables.

use crate::model::coverage::{Counts, Reason, State};
use crate::page::names::{name, written};
use crate::page::words::{Lang, Word, lists, number};
use maud::{Markup, html};

const LEFT: f64 = 8.0;
const WIDTH: f64 = 744.0;
const HEIGHT: f64 = 90.0;
/// Tables that the catalog does not list, which are named.
const TABLES: usize = 15;

/// Employee-days of some days, and tables that the catalog does not list.
#[derive(Clone, Debug, Default)]
pub struct HouseCoverage {
    /// Each day, ascending, YYYY-MM-DD.
    pub days: Vec<(String, Counts)>,
    /// Tables that the catalog does not list, with their accesses, most first.
    pub tables: Vec<(String, u64)>,
}

/// Shares of employee-days that were evaluated fully, partly, not; why; and tables that nobody listed.
pub fn coverage(of: &HouseCoverage, id: &str, lang: Lang) -> Markup {
    let mut all = Counts::default();
    of.days.iter().for_each(|(_, counts)| all.join(counts));
    let step = WIDTH / of.days.len().max(1) as f64;
    let share = |count: u64, counts: &Counts| HEIGHT * count as f64 / counts.total().max(1) as f64;
    let told = told(&all, of.days.len(), lang);
    html! {
        p { (told) }
        @if all.total() > 0 {
            figure.picture {
                div.drawn {
                    svg role="img" aria-labelledby={ (id) "-told" } viewBox={ "0 0 760 112" } width="760" height="112" {
                        desc id={ (id) "-told" } { (told) }
                        @for (at, (_, counts)) in of.days.iter().enumerate() {
                            @let x = LEFT + at as f64 * step;
                            @let (fully, partly, not) = (share(counts.states[0], counts), share(counts.states[1], counts), share(counts.states[2], counts));
                            rect.full x=(format!("{x:.1}")) width=(format!("{:.1}", (step - 1.0).max(0.5))) y=(format!("{:.1}", HEIGHT - fully)) height=(format!("{fully:.1}")) {}
                            rect.half x=(format!("{x:.1}")) width=(format!("{:.1}", (step - 1.0).max(0.5))) y=(format!("{:.1}", HEIGHT - fully - partly)) height=(format!("{partly:.1}")) {}
                            rect.box x=(format!("{x:.1}")) width=(format!("{:.1}", (step - 1.0).max(0.5))) y=(format!("{:.1}", HEIGHT - fully - partly - not)) height=(format!("{not:.1}")) {}
                        }
                        line.base x1=(LEFT) x2=(LEFT + WIDTH) y1=(HEIGHT) y2=(HEIGHT) {}
                        @if let (Some((first, _)), Some((last, _))) = (of.days.first(), of.days.last()) {
                            text.axis x=(LEFT) y=(HEIGHT + 16.0) { (written(first, 10)) }
                            text.axis x=(LEFT + WIDTH) y=(HEIGHT + 16.0) text-anchor="end" { (written(last, 10)) }
                        }
                    }
                }
                ul.legend {
                    @for (class, state) in [("full", State::Fully), ("half", State::Partly), ("box", State::Not)] {
                        li { svg.key viewBox="0 0 22 14" width="22" height="14" aria-hidden="true" { rect class=(class) x="1" y="1" width="20" height="12" {} } (lists::state(state, lang)) " " (number(all.states[state as usize])) }
                    }
                }
                details { summary { (Word::AsTable.say(lang)) } div.scroll tabindex="0" role="region" aria-label=(Word::NotSeen.say(lang)) { (table(of, lang)) } }
            }
        }
        @let reasons = Reason::ALL.into_iter().filter(|reason| all.reasons[*reason as usize] > 0);
        @if reasons.clone().next().is_some() {
            table {
                caption { (Word::Why.say(lang)) }
                tbody { @for reason in reasons { tr { th scope="row" { (lists::obstacle(reason, lang)) } td.number { (number(all.reasons[reason as usize])) } } } }
            }
        }
        @if !of.tables.is_empty() {
            table {
                caption { (lists::obstacle(Reason::UnknownTables, lang)) " (" (of.tables.len()) ")" }
                tbody { @for (table, count) in of.tables.iter().take(TABLES) { tr { th scope="row" { (name(table)) } td.number { (number(*count)) } } } }
            }
        }
        p { (Word::NeverSeen.say(lang)) }
    }
}

fn table(of: &HouseCoverage, lang: Lang) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { (Word::Day.say(lang)) } @for state in State::ALL { th.number scope="col" { (lists::state(state, lang)) } } } }
            tbody { @for (day, counts) in &of.days {
                tr { th scope="row" { (name(day)) } @for state in State::ALL { td.number { (number(counts.states[state as usize])) } } }
            } }
        }
    }
}

fn told(all: &Counts, days: usize, lang: Lang) -> String {
    let [fully, partly, not] = all.states.map(number);
    let total = number(all.total());
    match lang {
        Lang::En => format!("{total} employee-days of the last {days} day(s): {fully} were evaluated fully, {partly} partly, {not} not."),
        Lang::Zh => format!("最近{days}天共{total}个员工日：完全评估{fully}，部分评估{partly}，未评估{not}。"),
    }
}
