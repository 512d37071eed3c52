//! Explanations, beside the silences: in force, ending first; what waits for a lead; who asked for it and why. They are proposed with a
//! verdict.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{lines, name, time};
use crate::console::pages::proposal;
use crate::console::refused::Form;
use crate::console::words::{Text, lists};
use crate::desk::DeskError;
use crate::desk::case::CaseFile;
use crate::desk::explanation::{self, Explanation, Wanted};
use crate::desk::verdict::Verdict;
use crate::model::alert::Alert;
use crate::model::decision::{Grantee, VerdictOutcome};
use crate::model::persons::Persons;
use crate::page::Lang;
use crate::page::words::number;
use maud::{Markup, html};

/// The list, as a part of the page of silences.
pub fn table(asked: &Asked, explanations: &[Explanation]) -> Markup {
    let lang = asked.reader.lang;
    let columns =
        [Text::Whom, Text::Objects, Text::MostPersons, Text::Why, Text::Who, Text::Until, Text::State, Text::OfCase, Text::Actions];
    html! {
        section #explanations aria-labelledby="explanations-title" {
            h2 #explanations-title { (Text::ExplanationsTitle.say(lang)) }
            p.quiet { (Text::ExplanationsRule.say(lang)) }
            @if explanations.is_empty() { p { (Text::None.say(lang)) } }
            @else {
                div.wide { table {
                    thead { tr { th.number scope="col" { (Text::Number.say(lang)) } @for column in columns { th scope="col" { (column.say(lang)) } } } }
                    tbody { @for one in explanations { (row(asked, one)) } }
                } }
            }
        }
    }
}

fn row(asked: &Asked, one: &Explanation) -> Markup {
    let (zone, lang) = (&asked.zone, asked.reader.lang);
    let in_force = one.is_in_force(asked.now);
    html! {
        tr {
            td.number { (one.id) }
            td { @match &one.whom { Grantee::Employee(whom) => (name(whom)), Grantee::Unit(unit) => { (Text::WhomUnit.say(lang)) " " (name(unit)) } } }
            td { code { (name(&one.objects)) } }
            td.number { (number(one.max_persons)) }
            td { (lists::explanation_reason(one.reason, lang)) ": " (lines(&one.text)) }
            td { (name(&one.by.0)) ", " (time(zone, one.by.1)) @if let Some(second) = &one.second { " + " (name(second)) } }
            td { (time(zone, one.to)) }
            td { (lists::standing(one.state, !in_force, lang)) @if let Some((by, at)) = &one.ended { ": " (name(by)) ", " (time(zone, *at)) } }
            td { a href={ "/cases/" (one.case_id) } { (Text::Case.say(lang)) " " (one.case_id) } }
            td { (proposal::acts(asked, &format!("/explanations/{}", one.id), one.state, &one.by.0, in_force)) }
        }
    }
}

/// Their names.
const FIELDS: [&str; 4] = ["objects", "max_persons", "days", "whom"];

/// The fields of a proposal, within the form of a verdict.
pub fn fields(alert: &Alert, tables: &[String], form: Form<'_>, lang: Lang) -> Markup {
    let observed = match alert.observed.persons {
        Persons::Exact(count) | Persons::AtMost(count) | Persons::AtLeast(count) => Some(count.max(1)),
        Persons::Unknown => None,
    };
    let most = form.kept("max_persons").map(str::to_owned).or_else(|| observed.map(|most| most.to_string()));
    html! {
        details #explanation open[!form.typed("objects").trim().is_empty() || FIELDS.iter().any(|field| form.is_wrong(field))] {
            summary { (Text::Propose.say(lang)) }
            p.quiet { (Text::ProposeRule.say(lang)) }
            label for="objects" { (Text::Objects.say(lang)) }
            input #objects name="objects" list="tables" autocomplete="off" value=[form.kept("objects")] aria-invalid=[form.invalid("objects")] aria-describedby=[form.described("objects")] autofocus[form.is_wrong("objects")];
            datalist #tables { @for table in tables { option value=(table) {} } }
            label for="max-persons" { (Text::MostPersons.say(lang)) }
            input #max-persons name="max_persons" type="number" min="1" max="1000000" value=[most] aria-invalid=[form.invalid("max_persons")] aria-describedby=[form.described("max_persons")] autofocus[form.is_wrong("max_persons")];
            label for="days" { (Text::Days.say(lang)) }
            input #days name="days" type="number" min="1" max="90" value=(form.kept("days").unwrap_or("30")) aria-invalid=[form.invalid("days")] aria-describedby=[form.described("days")] autofocus[form.is_wrong("days")];
            label for="whom" { (Text::Whom.say(lang)) }
            select #whom name="whom" aria-invalid=[form.invalid("whom")] aria-describedby=[form.described("whom")] autofocus[form.is_wrong("whom")] {
                option value="employee" { (Text::WhomEmployee.say(lang)) } option value="unit" selected[form.chose("whom", "unit")] { (Text::WhomUnit.say(lang)) }
            }
        }
    }
}

/// What a verdict's form proposes beside it, checked; nothing where its tables are left empty.
pub fn proposed(asked: &Asked, case: &CaseFile, verdict: &Verdict) -> Result<Option<Explanation>, DeskError> {
    let body = &asked.body;
    let objects = body.text("objects").trim();
    if objects.is_empty() {
        return Ok(None);
    }
    let rule = "must be left empty: only an innocent verdict with a business reason proposes an explanation";
    let reason = explanation::of_verdict(verdict.reason).filter(|_| verdict.outcome == VerdictOutcome::Innocent);
    let reason = reason.ok_or_else(|| DeskError::refused("objects", rule, objects))?;
    let days = body.number("days").ok_or_else(|| DeskError::refused("days", "must be a number", body.text("days")))?;
    let max = body.number("max_persons").and_then(|most| u64::try_from(most).ok());
    let max = max.ok_or_else(|| DeskError::refused("max_persons", "must be a number", body.text("max_persons")))?;
    let for_unit = match body.text("whom") {
        "employee" | "" => false,
        "unit" => true,
        other => return Err(DeskError::refused("whom", "must be employee or unit", other)),
    };
    let wanted = Wanted { for_unit, objects: objects.to_owned(), days, max_persons: max, reason, text: verdict.text.clone() };
    explanation::checked(asked.caller()?, case, &wanted, asked.now).map(Some)
}

/// `POST /explanations/{id}/decision`
pub async fn decide(asked: Asked) -> Result<Answer, DeskError> {
    let agrees = asked.agrees()?;
    explanation::decide(&asked.console.database, &asked.people, asked.caller()?, asked.number(0)?, agrees, asked.now).await?;
    Ok(Answer::see("/silences#explanations"))
}

/// `POST /explanations/{id}/end`
pub async fn end(asked: Asked) -> Result<Answer, DeskError> {
    explanation::end(&asked.console.database, asked.caller()?, asked.number(0)?, asked.now).await?;
    Ok(Answer::see("/silences#explanations"))
}
