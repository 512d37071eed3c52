//! Today: what to look at first, with the budget line above it; and all cases, by filter.

use crate::console::answer::{Answer, Asked};
use crate::console::form::{Fields, encoded};
use crate::console::html::{FOLLOW_SCRIPT, Shell, frame, name, severity, time, token, typology};
use crate::console::words::{Text, lists, sentences};
use crate::desk::case::{CaseFile, CaseState};
use crate::desk::list::{self, COUNTED, Filter, Page};
use crate::desk::rights::Action;
use crate::desk::view_log::View;
use crate::desk::{DeskError, event};
use crate::model::alert::Alert;
use crate::model::severity::Severity;
use crate::model::time::Timestamp;
use crate::page::Lang;
use crate::page::words::lists::severity as severity_in_words;
use maud::{Markup, html};
use std::collections::BTreeMap;

/// Cases of a page.
pub const ROWS: usize = 50;

/// `GET /follow.js`
pub async fn script(_: Asked) -> Result<Answer, DeskError> {
    Ok(Answer::file("text/javascript; charset=utf-8", FOLLOW_SCRIPT))
}

/// What stands in the queue: what was shown within the budget, and nobody has closed.
pub fn queue() -> Filter {
    Filter { shown: Some(true), ..Filter::open() }
}

/// `GET /`
pub async fn page(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let title = Text::Today.say(lang);
    if !caller.may_ever(Action::Read) {
        let content = html! { h1 { (title) } p { (Text::NoCasesForYou.say(lang)) } };
        return Ok(Answer::plain_page(frame(asked.shell(), title, &content)));
    }
    let database = &asked.console.database;
    // First of all: what happens while the page is made is told by what follows it.
    let mut read = database.read().await?;
    let newest = event::newest(&mut read).await?;
    drop(read);
    let first = asked.query.get("after").is_none();
    let queue = list::cases(database, caller, &queue(), asked.query.get("after"), ROWS).await?;
    let beyond = list::count(database, caller, &Filter { shown: Some(false), ..Filter::open() }).await?;
    let used = list::shown_since(database, caller, midnight(&asked)).await?;
    let waiting = list::count(database, caller, &Filter { states: vec![CaseState::Proposed], ..Filter::default() }).await?;
    let mut read = database.read().await?;
    let (unsettled, alarms) = (list::unsettled(&mut read).await?, list::alarms(&mut read).await?);
    let gravest = list::gravest(&mut read, &queue.cases).await?;
    drop(read);
    let zone = &asked.zone;
    let content = html! {
        h1 { (title) " · " (time(zone, asked.now)) " " span.quiet { (zone.name()) } }
        @if first { (age(&asked)) }
        div #queue tabindex="-1" data-after=(newest) {
        p.line #budget {
            (sentences::budget(asked.console.settings.budget_per_day, &bounded(used, lang), lang)) " · "
            a href="/cases?shown=no" { (sentences::beyond(&bounded(beyond, lang), lang)) } " · "
            a href="/cases?state=proposed" { (sentences::for_second(&bounded(waiting, lang), lang)) } " · "
            (sentences::unsettled(unsettled, lang))
        }
        @if alarms > 0 { p.told role="alert" { (sentences::alarms(&bounded(alarms, lang), lang)) } }
        @if queue.cases.is_empty() { p #nothing { (Text::NothingOpen.say(lang)) " " a href="/coverage" { (Text::Coverage.say(lang)) } " · " a #again href="/" { (Text::LookAgain.say(lang)) } } }
        @else { (table(asked.shell(), &queue, &gravest, Text::QueueCaption.say(lang))) }
        (further(&queue, "/", &asked.query, lang))
        }
    };
    let view = View { page: "today", object: String::new(), persons: Vec::new(), rows: queue.cases.len() as i64 };
    let shell = Shell { follows: first, ..asked.shell() };
    Ok(Answer::page(view, frame(shell, title, &content)))
}

/// Of when the page is, and that what has happened since is not on it; with script, what it was.
fn age(asked: &Asked) -> Markup {
    let lang = asked.reader.lang;
    html! {
        p.quiet #age data-says="still" {
            (Text::AsOf.say(lang)) " " (time(&asked.zone, asked.now)) ": "
            span data-when="still" { (Text::FollowsNot.say(lang)) }
            span data-when="follows" hidden { (Text::Follows.say(lang)) }
            span data-when="lost" hidden { (Text::FollowsNoMore.say(lang)) }
            " " a #look-again data-when="still lost" href="/" { (Text::LookAgain.say(lang)) }
            " " b #news role="status" data-new=(Text::NewCases.say(lang)) data-changed=(Text::ChangedCases.say(lang))
                data-gone=(Text::GoneCases.say(lang)) data-joined=(Text::Joined.say(lang)) data-mark=(Text::FreshMark.say(lang)) {}
            " " a #show-news data-news href="/" hidden { (Text::ShowNews.say(lang)) }
        }
    }
}

/// `GET /cases`
pub async fn cases(asked: Asked) -> Result<Answer, DeskError> {
    let (caller, lang) = (asked.caller()?, asked.reader.lang);
    let filter = Filter { taken: asked.names_taken_only(), ..filter(&asked.query)? };
    let found = list::cases(&asked.console.database, caller, &filter, asked.query.get("after"), ROWS).await?;
    let count = list::count(&asked.console.database, caller, &filter).await?;
    let mut read = asked.console.database.read().await?;
    let gravest = list::gravest(&mut read, &found.cases).await?;
    drop(read);
    let (state, wanted) = (asked.query.text("state"), asked.query.text("severity"));
    let content = html! {
        h1 { (Text::Cases.say(lang)) }
        form.inline #filter method="get" action="/cases" {
            label for="state" { (Text::State.say(lang)) }
            select #state name="state" data-filter {
                option value="" selected[state.is_empty()] { (Text::OpenStates.say(lang)) }
                option value="any" selected[state == "any"] { (Text::AnyState.say(lang)) }
                @for one in CaseState::ALL { option value=(one.name()) selected[state == one.name()] { (lists::state(one, lang)) } }
            }
            label for="severity" { (Text::AtLeast.say(lang)) }
            select #severity name="severity" {
                @for one in Severity::ALL { option value=(one.name()) selected[wanted == one.name()] { (severity_in_words(one, lang)) } }
            }
            label for="about" { (Text::About.say(lang)) }
            input #about name="about" value=(asked.query.text("about"));
            @for kept in ["shown", "owner"] { @if let Some(value) = asked.query.get(kept) { input type="hidden" name=(kept) value=(value); } }
            button { (Text::Show.say(lang)) }
        }
        p { (sentences::matching(&bounded(count, lang), lang)) }
        (table(asked.shell(), &found, &gravest, Text::ByScore.say(lang)))
        (further(&found, "/cases", &asked.query, lang))
    };
    let view = View { page: "cases", object: String::new(), persons: Vec::new(), rows: found.cases.len() as i64 };
    Ok(Answer::page(view, frame(asked.shell(), Text::Cases.say(lang), &content)))
}

/// The filter of a query.
pub fn filter(query: &Fields) -> Result<Filter, DeskError> {
    let mut filter = match query.text("state") {
        "" => Filter::open(),
        "any" => Filter::default(),
        name => {
            let states = || CaseState::ALL.map(CaseState::name).join(", ");
            let state =
                CaseState::named(name).ok_or_else(|| DeskError::refused("state", format!("must be any, or one of {}", states()), name))?;
            Filter { states: vec![state], ..Filter::default() }
        }
    };
    filter.shown = match query.text("shown") {
        "" => None,
        "yes" => Some(true),
        "no" => Some(false),
        other => return Err(DeskError::refused("shown", "must be yes or no", other)),
    };
    let wanted = query.text("severity");
    if !wanted.is_empty() {
        let names = || Severity::ALL.map(Severity::name).join(", ");
        let found = Severity::ALL.into_iter().find(|severity| severity.name() == wanted);
        filter.at_least = Some(found.ok_or_else(|| DeskError::refused("severity", format!("must be one of {}", names()), wanted))?);
    }
    filter.owner = query.get("owner").filter(|owner| !owner.is_empty()).map(str::to_owned);
    filter.about = query.get("about").filter(|about| !about.is_empty()).map(str::to_owned);
    Ok(filter)
}

/// Cases in a table, each with its gravest alert in a few words.
pub fn table(shell: Shell<'_>, page: &Page, gravest: &BTreeMap<i64, Alert>, caption: &str) -> Markup {
    let lang = shell.reader.lang;
    let columns = [Text::Severity, Text::Pattern, Text::Whom, Text::Seen, Text::LastAccess, Text::State, Text::Owner, Text::Case];
    html! {
        div.wide { table.queue {
            caption { (caption) }
            thead { tr { th.number scope="col" { (Text::Score.say(lang)) } @for column in columns { th scope="col" { (column.say(lang)) } } } }
            tbody { @for case in &page.cases { (row(shell, case, gravest.get(&case.id))) } }
        } }
    }
}

fn row(shell: Shell<'_>, case: &CaseFile, gravest: Option<&Alert>) -> Markup {
    let (zone, lang) = (shell.zone, shell.reader.lang);
    let cover = shell.pseudonyms.cover(case);
    let case = &cover.case(case.clone());
    let taker = shell.session.filter(|session| case.state != CaseState::Closed && session.caller.may(Action::Take, &case.subject()));
    html! {
        tr data-case=(case.id) data-version=(case.version) {
            td.number { (format!("{:.0}", case.score)) }
            td { (severity(case.severity, lang)) }
            td { (typology(&case.typology, lang)) }
            td {
                @if cover.covers() { (name(&case.about)) } @else { a href={ "/people/" (encoded(&case.about)) } { (name(&case.about)) } }
                @if let Some((_, Some(unit))) = case.parties.iter().find(|(party, _)| *party == case.about) { ", " (name(unit)) }
                @if case.parties.len() > 1 { (sentences::and_more(case.parties.len() - 1, lang)) }
            }
            td { @if let Some(alert) = gravest { (sentences::short(alert, lang)) } }
            td { (time(zone, case.last_at)) }
            td { (lists::state(case.state, lang)) @if let Some(verdict) = &case.verdict { ": " (name(&lists::outcome_named(verdict, lang))) } }
            td {
                @match (&case.owner, taker) {
                    (Some(owner), _) => (name(owner)),
                    (None, Some(session)) => form.row method="post" action={ "/cases/" (case.id) "/assignment" } {
                        (token(session)) input type="hidden" name="version" value=(case.version); input type="hidden" name="owner" value=(session.caller.account);
                        button data-take aria-label={ (Text::Take.say(lang)) ": " (Text::Case.say(lang)) " " (case.id) } { (Text::Take.say(lang)) }
                    },
                    (None, None) => (Text::Free.say(lang)),
                }
            }
            td { a href={ "/cases/" (case.id) } data-row { (Text::Case.say(lang)) " " (case.id) } }
        }
    }
}

fn further(page: &Page, place: &str, query: &Fields, lang: Lang) -> Markup {
    let kept = ["state", "shown", "severity", "owner", "about"].into_iter().filter_map(|name| Some((name, query.get(name)?)));
    let kept: String = kept.map(|(name, value)| format!("&{name}={}", encoded(value))).collect();
    html! { @if let Some(next) = &page.next { p { a #further href={ (place) "?after=" (next) (kept) } { (Text::Further.say(lang)) } } } }
}

fn bounded(count: i64, lang: Lang) -> String {
    sentences::bounded(count, COUNTED, lang)
}

/// The beginning of the day in the console's zone.
fn midnight(asked: &Asked) -> Timestamp {
    let zone = &asked.console.settings.zone;
    zone.bounds(zone.local(asked.now).day).0
}
