//! The statutory counter: readings A and B as two marks on a logarithmic scale with the bands, exposure and unexplained apart.

use super::scale::{LogScale, place, short};
use super::{Picture, entry};
use crate::model::alert::StatuteScore;
use crate::model::dossier::Dossier;
use crate::page::words::{Lang, Word, lists, number, sentences};
use maud::{Markup, html};

const WIDTH: u32 = 760;
const HEIGHT: u32 = 156;
const LEFT: f64 = 172.0;
const RIGHT: f64 = 744.0;
const TOP: f64 = 26.0;
const ROW: f64 = 44.0;
const BOTTOM: f64 = TOP + 2.0 * ROW;

/// Two rows, each with a mark for reading A and one for reading B, over the bands for information obtained on duty.
pub fn gauge(dossier: &Dossier, id: &str, lang: Lang) -> Markup {
    let gauge = &dossier.gauge;
    let figures = [gauge.exposure.a, gauge.exposure.b, gauge.unexplained.a, gauge.unexplained.b];
    let most = figures.into_iter().max().unwrap_or(0).max(gauge.on_duty.1.saturating_mul(3));
    let scale = LogScale::new(most, LEFT, RIGHT);
    let (serious, especially) = (scale.at(gauge.on_duty.0), scale.at(gauge.on_duty.1));
    let bands = [
        (LEFT, serious, "band0", Word::Below),
        (serious, especially, "band1", Word::Serious),
        (especially, RIGHT, "band2", Word::EspeciallySerious),
    ];
    let row = |at: f64, word: Word, score: &StatuteScore| {
        let (middle, b, a) = (TOP + (at + 0.5) * ROW, scale.at(score.b), scale.at(score.a));
        // Texts stand apart where the marks are near.
        let (text_b, text_a) = if (a - b).abs() < 60.0 { (("end", b - 8.0), ("start", a + 8.0)) } else { (("middle", b), ("middle", a)) };
        let lift = if text_b.0 == "middle" { 11.0 } else { -4.0 };
        html! {
            text.row x=(LEFT - 10.0) y=(place(middle + 4.0)) text-anchor="end" { (word.say(lang)) }
            line.base x1=(LEFT) x2=(RIGHT) y1=(place(middle)) y2=(place(middle)) {}
            circle.reading-b cx=(place(b)) cy=(place(middle)) r="6" {}
            path.reading-a d={ "M" (place(a)) " " (place(middle - 7.0)) "l7 7l-7 7l-7-7z" } {}
            text.value x=(place(text_b.1)) y=(place(middle - lift)) text-anchor=(text_b.0) { "B " (number(score.b)) }
            text.value x=(place(text_a.1)) y=(place(middle - lift)) text-anchor=(text_a.0) { "A " (number(score.a)) }
        }
    };
    let marks = html! {
        @for (from, to, class, word) in bands {
            rect class=(class) x=(place(from)) width=(place((to - from).max(0.0))) y=(TOP) height=(BOTTOM - TOP) {}
            text.axis x=(place(f64::midpoint(from, to))) y=(TOP - 8.0) text-anchor="middle" { (word.say(lang)) }
        }
        @for tick in scale.ticks() {
            line.grid x1=(place(scale.at(tick))) x2=(place(scale.at(tick))) y1=(TOP) y2=(BOTTOM) {}
            text.axis x=(place(scale.at(tick))) y=(BOTTOM + 15.0) text-anchor="middle" { (short(tick)) }
        }
        @for figure in [gauge.on_duty.0, gauge.on_duty.1] {
            line.limit x1=(place(scale.at(figure))) x2=(place(scale.at(figure))) y1=(TOP) y2=(BOTTOM + 19.0) {}
            text.limit x=(place(scale.at(figure))) y=(BOTTOM + 32.0) text-anchor="middle" { (number(figure)) }
        }
        (row(0.0, Word::Exposure, &gauge.exposure))
        (row(1.0, Word::UnexplainedScore, &gauge.unexplained))
    };
    let unsure = gauge.exposure.incomplete || gauge.unexplained.incomplete;
    let legend = html! {
        ul.legend {
            (entry(&html! { circle.reading-b cx="11" cy="7" r="5" {} }, Word::ReadingBLong.say(lang)))
            (entry(&html! { path.reading-a d="M11 1l6 6l-6 6l-6-6z" {} }, Word::ReadingALong.say(lang)))
            li { strong { (Word::Comparable.say(lang)) } }
            @if unsure { li { (Word::Incomplete.say(lang)) } }
            @if gauge.exposure.at_least || gauge.unexplained.at_least { li { (Word::AtLeast.say(lang)) } }
        }
    };
    let told = sentences::gauge_told(dossier, lang);
    Picture {
        id: format!("{id}-gauge"),
        title: Word::GaugeTitle.say(lang),
        told,
        size: (WIDTH, HEIGHT),
        marks,
        legend,
        table: table(dossier, lang),
    }
    .draw(lang)
}

fn table(dossier: &Dossier, lang: Lang) -> Markup {
    let gauge = &dossier.gauge;
    let row = |word: Word, score: &StatuteScore| {
        html! {
            tr {
                th scope="row" { (word.say(lang)) }
                td.number { (number(score.b)) } td { (lists::band(&score.band, lang)) } td { (lists::band(&score.band_ordinary, lang)) }
                td.number { (number(score.a)) } td { (lists::band(&score.band_a, lang)) }
            }
        }
    };
    html! {
        table {
            thead { tr {
                td {}
                th.number scope="col" { (Word::ReadingB.say(lang)) }
                th scope="col" { (Word::OnDuty.say(lang)) }
                th scope="col" { (Word::Ordinary.say(lang)) }
                th.number scope="col" { (Word::ReadingA.say(lang)) }
                th scope="col" { (Word::OnDuty.say(lang)) }
            } }
            tbody {
                (row(Word::Exposure, &gauge.exposure))
                (row(Word::UnexplainedScore, &gauge.unexplained))
                tr {
                    th scope="row" { (Word::Serious.say(lang)) " / " (Word::EspeciallySerious.say(lang)) }
                    td {} td { (number(gauge.on_duty.0)) " / " (number(gauge.on_duty.1)) } td { (number(gauge.ordinary.0)) " / " (number(gauge.ordinary.1)) } td {} td {}
                }
            }
        }
    }
}
