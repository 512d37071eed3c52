//! A person, account or source: what is usual, over time, and what was said before. Who has no case within reach is not there.

use crate::console::answer::{Answer, Asked};
use crate::console::form::encoded;
use crate::console::html::{frame, name, severity, time};
use crate::console::pages::today;
use crate::console::words::{Text, sentences};
use crate::desk::list::{self, Filter};
use crate::desk::view_log::View;
use crate::desk::{DeskError, history};
use crate::model::alert::Alert;
use crate::model::dossier::Dossier;
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use crate::page::words::lists;
use crate::page::{self, Lang, chart};
use maud::{Markup, html};

/// Cases that are listed.
const CASES: usize = 50;
/// Alerts whose dossiers are looked for.
const LOOKED_AT: usize = 12;

/// `GET /people/{name}`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, database, lang) = (asked.caller()?, &asked.console.database, asked.reader.lang);
    let about = asked.path.first().cloned().ok_or(DeskError::NotFound)?;
    // A case that nobody has taken names nobody, and is none of a name.
    let filter = Filter { about: Some(about.clone()), taken: asked.console.pseudonyms.are_used(), ..Filter::default() };
    let cases = list::cases(database, caller, &filter, None, CASES).await?;
    if cases.cases.is_empty() {
        return Err(DeskError::NotFound);
    }
    let alerts = history::alerts_about(database, caller, &filter, &about).await?;
    let mut read = database.read().await?;
    let gravest = list::gravest(&mut read, &cases.cases).await?;
    // That of the alert that was asked for; else of the newest that has one.
    let wanted = asked.query.text("as_of");
    let order = alerts.iter().filter(|(alert, _)| alert.id == wanted).chain(&alerts).take(LOOKED_AT);
    let mut drawn = None;
    for (alert, _) in order {
        if let Some(dossier) = list::dossier(&mut read, &alert.id, alert.revision).await? {
            drawn = Some((alert, dossier));
            break;
        }
    }
    drop(read);
    let zone = &asked.zone;
    let unit = cases.cases.iter().flat_map(|case| &case.parties).find(|(party, _)| *party == about).and_then(|(_, unit)| unit.as_ref());
    let rows = cases.cases.len() + alerts.len();
    let content = html! {
        h1 { (Text::Person.say(lang)) " " (name(&about)) @if let Some(unit) = unit { " · " (name(unit)) } }
        p.quiet { (Text::PersonRule.say(lang)) }
        @match &drawn { Some((alert, dossier)) => (pictures(alert, dossier, &alerts, zone, lang)), None => p #no-pictures { (Text::NoPictures.say(lang)) } }
        section #cases aria-labelledby="cases-title" {
            h2 #cases-title { (Text::Cases.say(lang)) }
            (today::table(asked.shell(), &cases, &gravest, Text::ByScore.say(lang)))
        }
        @if !alerts.is_empty() { (list_of(&alerts, zone, lang)) }
    };
    let title = format!("{} {about}", Text::Person.say(lang));
    let view = View { page: "person", object: about.clone(), persons: vec![about], rows: rows as i64 };
    Ok(Answer::page(view, frame(asked.shell(), &title, &content)))
}

fn raised(alert: &Alert) -> Timestamp {
    Timestamp::parse(&alert.raised_at).unwrap_or(Timestamp(0))
}

/// What is usual, as it was known when an alert was raised; others can be asked for.
fn pictures(alert: &Alert, dossier: &Dossier, alerts: &[(Alert, i64)], zone: &Zone, lang: Lang) -> Markup {
    html! {
        section #usual aria-labelledby="usual-title" {
            h2 #usual-title { (Text::Pictures.say(lang)) " " (time(zone, raised(alert))) }
            @if alerts.len() > 1 {
                form.inline #as-of-form method="get" {
                    label for="as-of" { (Text::Pictures.say(lang)) }
                    select #as-of name="as_of" data-filter {
                        @for (one, _) in alerts.iter().take(30) {
                            option value=(one.id) selected[one.id == alert.id] { (time_text(zone, raised(one))) " · " (lists::typology(one.typology, lang)) }
                        }
                    }
                    button { (Text::Show.say(lang)) }
                }
            }
            div.pictures {
                (chart::days(alert, dossier, "p", lang))
                (chart::week(dossier, "p", lang))
                (chart::calendar(dossier, "p", lang))
            }
        }
    }
}

fn time_text(zone: &Zone, at: Timestamp) -> String {
    let local = zone.local(at);
    format!("{} {:02}:{:02}", local.day, local.minute / 60, local.minute % 60)
}

fn list_of(alerts: &[(Alert, i64)], zone: &Zone, lang: Lang) -> Markup {
    html! {
        section #alerts aria-labelledby="alerts-title" {
            h2 #alerts-title { (Text::AlertsOver.say(lang)) }
            div.wide { table {
                thead { tr { @for column in [Text::Raised, Text::Severity, Text::Pattern, Text::Sentence, Text::Alert, Text::Case] { th scope="col" { (column.say(lang)) } } } }
                tbody { @for (alert, case) in alerts { tr {
                    td { (time(zone, raised(alert))) }
                    td { (severity(alert.severity, lang)) }
                    td { (lists::typology(alert.typology, lang)) }
                    td { (sentences::short(alert, lang)) }
                    td { a href={ "/alerts/" (encoded(&alert.id)) } data-row { (page::names::name(alert.id.get(..8).unwrap_or(&alert.id))) } }
                    td { a href={ "/cases/" (case) } { (Text::Case.say(lang)) " " (case) } }
                } } }
            } }
        }
    }
}
