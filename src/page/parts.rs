//! Parts of pages: an alert, a case, the legend of how to read them. The console's pages and the report are put together from these.

use crate::model::alert::{Alert, InnocentReason};
use crate::model::time::Timestamp;
use crate::model::typology::Typology;
use crate::model::zone::Zone;
use crate::page::chart::{self, local};
use crate::page::names::{name, plain, text, written};
use crate::page::view::{AlertView, CaseView, Look};
use crate::page::words::{Lang, Word, lists, number, sentences};
use maud::{Markup, html};

/// Alerts of a case that are told in full beside the first.
const ALERTS: usize = 6;
/// Ranges of evidence that are listed.
const RANGES: usize = 40;
/// Other members of a group that are named.
const RELATED: usize = 20;

/// How to read what follows.
pub fn legend(lang: Lang) -> Markup {
    html! {
        aside.rule {
            p { strong { (Word::ReasonToLook.say(lang)) } }
            p { (Word::SilenceIsNot.say(lang)) " " (Word::NeverSeen.say(lang)) }
        }
    }
}

/// An alert with everything: paragraph, figures, pictures, reasons, evidence. `id` begins every id of it, and is unique on the page.
pub fn alert(view: AlertView<'_>, id: &str, look: &Look<'_>) -> Markup {
    html! {
        (told(view, look))
        @match view.dossier {
            Some(dossier) => div.pictures {
                (chart::days(view.alert, dossier, id, look.lang))
                (chart::week(dossier, id, look.lang))
                (chart::timeline(dossier, id, look))
                (chart::gauge(dossier, id, look.lang))
                @if dossier.group.is_some() { (chart::matrix(dossier, id, look)) }
                (chart::calendar(dossier, id, look.lang))
            },
            None => p.quiet { (Word::NoDossier.say(look.lang)) },
        }
        (grounds(view, look))
    }
}

/// An alert in short: paragraph, figures, own days, the group where it is one, reasons. The rest is a page of its own.
pub fn brief(view: AlertView<'_>, id: &str, look: &Look<'_>) -> Markup {
    html! {
        (told(view, look))
        @match view.dossier {
            Some(dossier) => {
                (chart::days(view.alert, dossier, id, look.lang))
                @if dossier.group.is_some() { (chart::matrix(dossier, id, look)) }
            },
            None => p.quiet { (Word::NoDossier.say(look.lang)) },
        }
        (reasons(view, look))
    }
}

/// A case: its strongest alert with everything, the others with what is their own. Pictures of the person are of all alerts, and drawn once.
pub fn case(view: &CaseView<'_>, id: &str, look: &Look<'_>) -> Markup {
    let Some((first, others)) = view.alerts.split_first() else { return html! {} };
    let left_out = others.len().saturating_sub(ALERTS);
    html! {
        @if !others.is_empty() { (list(view, look)) }
        section.alert { (head(first.alert, look)) (alert(*first, id, look)) }
        @for (at, other) in others.iter().take(ALERTS).enumerate() {
            @let id = format!("{id}-{at}");
            section.alert {
                (head(other.alert, look))
                (told(*other, look))
                @if let Some(dossier) = other.dossier {
                    (chart::timeline(dossier, &id, look))
                    @if dossier.group.is_some() { (chart::matrix(dossier, &id, look)) }
                }
                (grounds(*other, look))
            }
        }
        @if left_out > 0 { p.quiet { (sentences::rows_left_out(left_out, look.lang)) } }
    }
}

/// Whom an alert is about, as the reader may see them, in a sentence.
pub(super) fn who(alert: &Alert, look: &Look<'_>) -> String {
    match (&alert.employee, &alert.account, &alert.source) {
        (Some(employee), ..) => (look.name_of)(employee),
        (_, Some(account), _) => account.clone(),
        (.., Some(source)) => source.clone(),
        _ => String::new(),
    }
}

/// The alerts of a case in a table.
fn list(view: &CaseView<'_>, look: &Look<'_>) -> Markup {
    let lang = look.lang;
    html! {
        table {
            caption { (Word::Alerts.say(lang)) }
            thead { tr {
                th scope="col" { (Word::Severity.say(lang)) }
                th.number scope="col" { (Word::Score.say(lang)) }
                th scope="col" { (Word::Typology.say(lang)) }
                th scope="col" { (Word::Employee.say(lang)) }
                th.number scope="col" { (Word::People.say(lang)) }
                th scope="col" { (Word::State.say(lang)) }
            } }
            tbody { @for AlertView { alert, .. } in &view.alerts {
                tr {
                    td { (severity(alert, lang)) }
                    td.number { (format!("{:.1}", alert.score)) }
                    td { (lists::typology(alert.typology, lang)) }
                    td { (name(&who(alert, look))) }
                    td.number { (sentences::figure(alert.observed.persons, lang)) }
                    td { (lists::alert_state(alert.state, lang)) }
                }
            } }
        }
    }
}

pub(super) fn severity(alert: &Alert, lang: Lang) -> Markup {
    html! { span class={ "severity " (alert.severity.name()) } { (lists::severity(alert.severity, lang)) } }
}

fn head(alert: &Alert, look: &Look<'_>) -> Markup {
    let lang = look.lang;
    html! {
        h3 {
            (severity(alert, lang)) " " (format!("{:.1}", alert.score)) " · " (lists::typology(alert.typology, lang))
            " " small { code { (alert.typology.name()) } }
        }
    }
}

/// The paragraph and the figures.
fn told(view: AlertView<'_>, look: &Look<'_>) -> Markup {
    let (alert, lang) = (view.alert, look.lang);
    let zone = view.dossier.and_then(|dossier| Zone::named(&dossier.zone)).unwrap_or_else(Zone::utc);
    let time = |at: &str| match Timestamp::parse(at) {
        Ok(time) => {
            let (day, of_day) = local(&zone, time);
            html! { time datetime=(time.to_string()) { (day) " " (of_day) } " " (name(zone.name())) }
        }
        Err(_) => name(at),
    };
    let about = match (&alert.employee, &alert.source) {
        (Some(_), _) => Word::Employee,
        (None, Some(_)) => Word::Source,
        (None, None) => Word::Account,
    };
    let related: Vec<String> = alert.related.iter().take(RELATED).map(|other| (look.name_of)(other)).collect();
    html! {
        p.what { (sentences::what_and_why(alert, &who(alert, look), lang)) }
        dl.facts {
            div { dt { (about.say(lang)) } dd { (name(&who(alert, look))) } }
            @if let Some(role) = &alert.role { div { dt { (Word::Role.say(lang)) } dd { (name(role)) } } }
            @if let Some(unit) = &alert.unit { div { dt { (Word::Unit.say(lang)) } dd { (name(unit)) } } }
            @if !related.is_empty() {
                div { dt { (Word::Related.say(lang)) } dd {
                    @for (at, other) in related.iter().enumerate() { @if at > 0 { ", " } (name(other)) }
                    @if alert.related.len() > RELATED { " + " (alert.related.len() - RELATED) }
                } }
            }
            div { dt { (Word::Observed.say(lang)) } dd { (sentences::persons(alert.observed.persons, lang)) " · " (number(alert.observed.accesses)) " " (Word::AccessesWord.say(lang)) " · " (lists::window(&alert.window, lang)) } }
            div { dt { (Word::OwnUsual.say(lang)) } dd { (sentences::own_usual(&alert.expected, lang)) } }
            @if alert.source.is_none() { div { dt { (Word::PeersUsual.say(lang)) } dd { (sentences::peers_usual(&alert.expected, lang)) } } }
            div { dt { (Word::First.say(lang)) } dd { (time(&alert.first_access)) } }
            div { dt { (Word::Last.say(lang)) } dd { (time(&alert.last_access)) } }
            div { dt { (Word::State.say(lang)) } dd { (lists::alert_state(alert.state, lang)) } }
            div { dt { (Word::Alert.say(lang)) } dd { code { (written(&alert.id, 32)) } " · " (alert.revision) } }
        }
    }
}

/// What speaks for the person, the reasons that were tested, the evidence.
fn grounds(view: AlertView<'_>, look: &Look<'_>) -> Markup {
    html! { (reasons(view, look)) (evidence(view, look)) }
}

fn reasons(view: AlertView<'_>, look: &Look<'_>) -> Markup {
    let (alert, lang) = (view.alert, look.lang);
    let favour = sentences::in_favour(alert, view.dossier, lang);
    html! {
        @if alert.typology != Typology::LogGap && !favour.is_empty() {
            section.favour aria-label=(Word::InFavour.say(lang)) { p { strong { (Word::InFavour.say(lang)) } } ul { @for line in &favour { li { (line) } } } }
        }
        table {
            caption { (Word::Reasons.say(lang)) }
            thead { tr { th scope="col" { (Word::Reason.say(lang)) } th scope="col" { (Word::Holds.say(lang)) } th scope="col" { (Word::Figures.say(lang)) } } }
            tbody { @for reason in &alert.innocent_reasons { (reason_row(reason, lang)) } }
        }
    }
}

fn evidence(view: AlertView<'_>, look: &Look<'_>) -> Markup {
    let (alert, lang) = (view.alert, look.lang);
    html! {
        table {
            caption { (Word::Evidence.say(lang)) " " span.quiet { (Word::EvidenceRule.say(lang)) } }
            thead { tr { th scope="col" { (Word::Source.say(lang)) } th.number scope="col" { (Word::From.say(lang)) } th.number scope="col" { (Word::To.say(lang)) } } }
            tbody {
                @for range in alert.evidence.sources.iter().take(RANGES) {
                    tr { td { (name(&range.source)) } td.number { (range.first) } td.number { (range.last) } }
                }
            }
        }
        @if alert.evidence.sources.len() > RANGES { p.quiet { (sentences::rows_left_out(alert.evidence.sources.len() - RANGES, lang)) } }
        p.made {
            (Word::EvidenceRoot.say(lang)) " " code { (written(&alert.evidence.root, 64)) } " · "
            (Word::Version.say(lang)) " " (name(&alert.made_by.version)) " · " (Word::Config.say(lang)) " " code { (written(&alert.made_by.config, 32)) } " · "
            (Word::Baseline.say(lang)) " " code { (written(&alert.made_by.baseline, 40)) } " · " (Word::Calibration.say(lang)) " " code { (written(&alert.made_by.calibration, 32)) }
        }
        @if look.original {
            details { summary { (Word::Original.say(lang)) } blockquote lang="en" { (text(&alert.explanation)) } }
        }
    }
}

fn reason_row(reason: &InnocentReason, lang: Lang) -> Markup {
    html! {
        tr {
            th scope="row" { @match lists::reason(&reason.reason, lang) { Some(words) => (words), None => (name(&reason.reason)) } }
            td { (match (reason.tested, reason.holds) { (false, _) => Word::NotTested, (true, true) => Word::Yes, (true, false) => Word::No }.say(lang)) }
            td lang="en" { (text(&reason.detail)) }
        }
    }
}

/// A title of a case: its place, whom it is about, what it comes nearest to.
pub(super) fn case_title(view: &CaseView<'_>, place: usize, look: &Look<'_>) -> String {
    let lang = look.lang;
    let Some(AlertView { alert, .. }) = view.alerts.first() else { return String::new() };
    let (who, pattern) = (plain(&who(alert, look)), lists::typology(alert.typology, lang));
    let others = alert.related.len();
    match (lang, others) {
        (Lang::En, 0) => format!("{place}. {who}: {pattern}"),
        (Lang::En, others) => format!("{place}. {who} and {others} others: {pattern}"),
        (Lang::Zh, 0) => format!("{place}. {who}：{pattern}"),
        (Lang::Zh, others) => format!("{place}. {who}等{}人：{pattern}", others + 1),
    }
}
