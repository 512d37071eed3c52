//! An alert: why it was raised, in figures, beside what would have been usual and which innocent reasons were tested.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{frame, name, number, severity, typology};
use crate::desk::case::{self, CaseFile};
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use crate::desk::{DeskError, list};
use crate::model::alert::{Alert, StatuteScore};
use crate::model::persons::Persons;
use maud::{Markup, html};

/// The alert, if whoever asks may see its case.
pub async fn found(asked: &Asked) -> Result<(Alert, CaseFile), DeskError> {
    let mut read = asked.console.database.read().await?;
    let id = asked.path.first().map(String::as_str).unwrap_or_default();
    let (alert, case_id) = list::alert(&mut read, id).await?.ok_or(DeskError::NotFound)?;
    let case = case::read_for(&mut read, asked.caller()?, case_id, Action::Read).await?;
    Ok((alert, case))
}

/// What is written down of who was shown it.
pub fn view(alert: &Alert) -> View<'static> {
    let persons = std::iter::once(alert.about().to_owned()).chain(alert.related.iter().cloned()).collect();
    View { page: "alert", object: alert.id.clone(), persons, rows: 1 }
}

/// `GET /alerts/{id}`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (alert, case) = found(&asked).await?;
    let title = format!("Alert {}", alert.id.get(..8).unwrap_or(&alert.id));
    let content = html! {
        h1 { (title) " · " (typology(alert.typology.name())) " · " (severity(alert.severity)) " " (format!("{:.1}", alert.score)) }
        p {
            (name(alert.about())) @if let Some(role) = &alert.role { " · " (name(role)) } @if let Some(unit) = &alert.unit { " · " (name(unit)) }
            " · " (name(&alert.first_access)) " to " (name(&alert.last_access)) " · revision " (alert.revision) ", settled · "
            a href={ "/cases/" (case.id) } { "case " (case.id) }
        }
        @if !alert.related.is_empty() { p { "Together with " @for (at, other) in alert.related.iter().enumerate() { @if at > 0 { ", " } (name(other)) } } }
        section { h2 { "What was seen" } p.line { (name(&alert.explanation)) } (observed(&alert)) }
        div.columns { (statute(&alert)) (usual(&alert)) }
        section {
            h2 { "Innocent reasons" }
            table {
                thead { tr { th scope="col" { "Reason" } th scope="col" { "Tested" } th scope="col" { "Holds" } th scope="col" { "Figures" } } }
                tbody { @for reason in &alert.innocent_reasons { tr {
                    td { (typology(&reason.reason)) } td { @if reason.tested { "yes" } @else { "no: there was no data to test it with" } }
                    td { @if !reason.tested { "not known" } @else if reason.holds { "yes" } @else { "no" } } td { (name(&reason.detail)) }
                } } }
            }
        }
        section {
            h2 { "Evidence" }
            p { (number(alert.evidence.records)) " records; root " code { (name(&alert.evidence.root)) } }
            table {
                thead { tr { th scope="col" { "Source" } th.number scope="col" { "First" } th.number scope="col" { "Last" } } }
                tbody { @for range in &alert.evidence.sources { tr { td { (name(&range.source)) } td.number { (range.first) } td.number { (range.last) } } } }
            }
            p.quiet { "Made by version " (name(&alert.made_by.version)) ", configuration " (name(&alert.made_by.config)) ", baseline " (name(&alert.made_by.baseline)) "." }
        }
    };
    Ok(Answer::page(view(&alert), frame(asked.session.as_ref(), &title, &content)))
}

fn observed(alert: &Alert) -> Markup {
    let seen = &alert.observed;
    html! {
        dl {
            dt { "People" } dd { (persons(&seen.persons)) " in " (name(&alert.window)) }
            dt { "of them named" } dd { (persons(&seen.named)) }
            dt { "Accesses" } dd { (number(seen.accesses)) @if seen.unknown_accesses > 0 { ", of which " (seen.unknown_accesses) " do not tell how many people they showed" } }
            dt { "Rows" } dd { (number(seen.records)) }
            @for (kind, count) in &seen.kinds { dt { (typology(kind.name())) } dd { (persons(count)) } }
        }
    }
}

fn usual(alert: &Alert) -> Markup {
    html! {
        section {
            h2 { "What would have been usual" }
            dl {
                dt { "This person" }
                dd { @match &alert.expected.own { Some(own) => { "median " (number(own.median)) ", 99th percentile " (number(own.p99)) ", from " (own.days) " days" }, None => "no days to learn from" } }
                dt { "Their peers" }
                dd { @match &alert.expected.peers { Some(peers) => { "median " (number(peers.median)) ", 99th percentile " (number(peers.p99)) ", " (peers.members) " people" }, None => "no peer group" } }
            }
        }
    }
}

fn statute(alert: &Alert) -> Markup {
    let row = |what: &str, score: &StatuteScore| {
        html! { tr {
            th scope="row" { (what) }
            td.number { (number(score.b)) @if score.at_least { " at least" } } td.number { (number(score.a)) } td { (name(&score.band)) } td { (name(&score.band_a)) }
        } }
    };
    html! {
        section {
            h2 { "Statutory counter " span.quiet { (name(&alert.statute.jurisdiction)) } }
            table {
                caption.quiet { "Arithmetically comparable with the bands, and no more" }
                thead { tr { th scope="col" { "" } th.number scope="col" { "Reading B" } th.number scope="col" { "Reading A" } th scope="col" { "Band of B" } th scope="col" { "Band of A" } } }
                tbody { (row("Touched", &alert.statute.exposure)) (row("Without a known reason", &alert.statute.unexplained)) }
            }
        }
    }
}

fn persons(count: &Persons) -> Markup {
    html! { (count.to_string()) }
}
