//! Who of a group looked at the same people: employees by shared people, a dot for each look.

use super::{Picture, nothing};
use crate::model::dossier::Dossier;
use crate::page::names::{name, plain, written};
use crate::page::view::Look;
use crate::page::words::{Word, number, sentences};
use maud::{Markup, html};

const LEFT: u32 = 140;
const TOP: u32 = 26;
const CELL: u32 = 20;

/// Rows are employees, columns the most shared people.
pub fn matrix(dossier: &Dossier, id: &str, look: &Look<'_>) -> Markup {
    let lang = look.lang;
    let Some(group) = dossier.group.as_ref().filter(|group| !group.subjects.is_empty()) else {
        return nothing(Word::MatrixTitle, Word::NobodyShared, lang);
    };
    let (rows, columns) = (group.employees.len() as u32, group.subjects.len() as u32);
    let names: Vec<String> = group.employees.iter().map(|employee| (look.name_of)(employee)).collect();
    let looks = |row: usize| group.looks.get(row).into_iter().flatten().copied().filter(|column| u32::from(*column) < columns);
    let (right, bottom) = (LEFT + columns * CELL, TOP + rows * CELL);
    let marks = html! {
        @for column in 0..columns {
            @let x = LEFT + column * CELL + CELL / 2;
            text.axis x=(x) y=(TOP - 8) text-anchor="middle" { (column + 1) }
            line.grid x1=(x) x2=(x) y1=(TOP) y2=(bottom) {}
        }
        @for (row, employee) in names.iter().enumerate() {
            @let y = TOP + row as u32 * CELL + CELL / 2;
            line.grid x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
            text.axis x=(LEFT - 8) y=(y + 4) text-anchor="end" { (written(employee, 18)) }
            @for column in looks(row) {
                circle.access cx=(LEFT + u32::from(column) * CELL + CELL / 2) cy=(y) r="5.5" {}
            }
            text.axis x=(right + 8) y=(y + 4) { (looks(row).count()) }
        }
    };
    let told =
        sentences::matrix_told(names.len(), group.employees_left_out, group.subjects.len(), group.subjects_left_out, group.days, lang);
    let table = html! {
        table {
            thead { tr { th scope="col" { (Word::Employee.say(lang)) } th scope="col" { (Word::Person.say(lang)) } th.number scope="col" { (Word::People.say(lang)) } } }
            tbody {
                @for (row, employee) in names.iter().enumerate() {
                    tr {
                        th scope="row" { (name(employee)) }
                        td { @for (at, column) in looks(row).enumerate() { @if at > 0 { ", " } (column + 1) } }
                        td.number { (number(looks(row).count() as u64)) }
                    }
                }
            }
        }
        @if look.subjects {
            ol.columns { @for subject in &group.subjects { li { code { (name(subject)) } } } }
        }
    };
    let legend = html! { ul.legend { li.quiet { (Word::PersonsShared.say(lang)) } } };
    let title = Word::MatrixTitle.say(lang);
    let told = if names.is_empty() { plain(title) } else { told };
    Picture { id: format!("{id}-matrix"), title, told, size: (right + 40, bottom + 4), marks, legend, table }.draw(lang)
}
