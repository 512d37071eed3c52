//! The forms of a case: take and give, verdict, second person, note, opening again.

use crate::console::answer::Asked;
use crate::console::html::{name, token};
use crate::console::pages::explanations;
use crate::console::words::{Text, lists, sentences};
use crate::desk::account::Account;
use crate::desk::case::{CaseFile, CaseState};
use crate::desk::rights::{Action, Reach, reach};
use crate::desk::session::Session;
use crate::desk::verdict;
use crate::model::alert::Alert;
use crate::model::decision::VerdictOutcome;
use maud::{Markup, html};

/// The fields of a verdict and of what it proposes, by their labels.
const VERDICT: &[(&str, Text)] = &[
    ("verdict", Text::Verdict),
    ("reason", Text::Reason),
    ("text", Text::VerdictText),
    ("objects", Text::Objects),
    ("max_persons", Text::MostPersons),
    ("days", Text::Days),
    ("whom", Text::Whom),
];
/// Accounts that are proposed.
const ACCOUNTS: usize = 200;

/// Whether an account can be given a case at all; whether this one is asked when it is given.
fn judges(account: &Account) -> bool {
    !account.disabled && account.grants.iter().any(|grant| reach(grant.role, Action::Judge) > Reach::None)
}

/// Take, give back, give to somebody.
pub fn actions(asked: &Asked, session: &Session, case: &CaseFile, accounts: &[Account]) -> Markup {
    let (lang, form) = (asked.reader.lang, asked.form(&format!("/cases/{}/assignment", case.id), &[("owner", Text::GiveTo)]));
    let may = |action| session.caller.may(action, &case.subject());
    let mine = case.owner.as_deref() == Some(session.caller.account.as_str());
    let open = case.state != CaseState::Closed;
    let to = |owner: &str, label: Text, takes: bool| {
        html! {
            form.inline method="post" action={ "/cases/" (case.id) "/assignment" } {
                (token(session)) input type="hidden" name="version" value=(case.version); input type="hidden" name="owner" value=(owner);
                button data-take[takes] { (label.say(lang)) }
            }
        }
    };
    html! {
        div.actions role="group" aria-label=(Text::Actions.say(lang)) {
            @if open && may(Action::Take) && !mine { (to(&session.caller.account, Text::Take, true)) }
            @if open && may(Action::Take) && mine { (to("", Text::GiveBack, false)) }
            @if open && may(Action::Assign) {
                form.inline method="post" action={ "/cases/" (case.id) "/assignment" } {
                    (token(session)) input type="hidden" name="version" value=(case.version);
                    (form.says())
                    label for="owner" { (Text::GiveTo.say(lang)) }
                    input #owner name="owner" list="accounts" required autocomplete="off" value=[form.kept("owner")] aria-invalid=[form.invalid("owner")] aria-describedby=[form.described("owner")] autofocus[form.is_wrong("owner")];
                    datalist #accounts { @for account in accounts.iter().filter(|account| judges(account)).take(ACCOUNTS) { option value=(account.name) {} } } button { (Text::Give.say(lang)) }
                }
            }
            @if may(Action::AskUnmask) { a href={ "/cases/" (case.id) "/unmaskings" } { (Text::AskIdentities.say(lang)) } }
            @if may(Action::AskHold) { a href={ "/cases/" (case.id) "/holds" } { (Text::Holds.say(lang)) } }
        }
    }
}

/// The verdict of whoever has the case.
pub fn verdict(asked: &Asked, session: &Session, case: &CaseFile, alerts: &[Alert], tables: &[String]) -> Markup {
    let (lang, form) = (asked.reader.lang, asked.form(&format!("/cases/{}/verdicts", case.id), VERDICT));
    html! {
        form #verdict method="post" action={ "/cases/" (case.id) "/verdicts" } {
            fieldset {
                legend { (Text::Verdict.say(lang)) }
                (form.says())
                (token(session)) input type="hidden" name="version" value=(case.version);
                @for alert in alerts { input type="hidden" name="cite" value={ (alert.id) ":" (alert.revision) }; }
                @for (at, outcome) in VerdictOutcome::ALL.into_iter().enumerate() {
                    label.choice { input type="radio" name="verdict" value=(outcome.name()) required data-verdict[at == 0] checked[form.chose("verdict", outcome.name())] aria-describedby=[form.described("verdict")] autofocus[at == 0 && form.is_wrong("verdict")]; " " b { (lists::outcome(outcome, lang)) } ": " (lists::meaning(outcome, lang)) (sentences::second(outcome, case.severity, lang)) }
                }
                label for="reason" { (Text::Reason.say(lang)) }
                select #reason name="reason" required aria-invalid=[form.invalid("reason")] aria-describedby=[form.described("reason")] autofocus[form.is_wrong("reason")] {
                    option value="" { (Text::Choose.say(lang)) }
                    @for outcome in VerdictOutcome::ALL {
                        optgroup label=(lists::outcome(outcome, lang)) { @for reason in verdict::reasons(outcome) { option value=(reason.name()) selected[form.chose("reason", reason.name())] { (lists::reason(reason, lang)) } } }
                    }
                }
                label for="text" { (Text::VerdictText.say(lang)) }
                textarea #text name="text" required aria-invalid=[form.invalid("text")] aria-describedby=[form.described("text")] autofocus[form.is_wrong("text")] { (form.typed("text")) }
                @if let Some(first) = alerts.first() { (explanations::fields(first, tables, form, lang)) }
                p.quiet { (sentences::cites(alerts.len(), lang)) }
                button.first { (Text::GiveVerdict.say(lang)) }
            }
        }
    }
}

/// The second person of a verdict that waits.
pub fn countersign(asked: &Asked, session: &Session, case: &CaseFile) -> Markup {
    let (lang, form) = (asked.reader.lang, asked.form(&format!("/cases/{}/countersignature", case.id), &[("why", Text::IfNot)]));
    html! {
        form #second method="post" action={ "/cases/" (case.id) "/countersignature" } {
            fieldset {
                legend { (Text::SecondPerson.say(lang)) }
                (form.says())
                (token(session)) input type="hidden" name="entry" value=(case.proposed_entry.unwrap_or(0));
                p { (name(case.proposed_by.as_deref().unwrap_or_default())) ": " b { (lists::outcome_named(case.verdict.as_deref().unwrap_or_default(), lang)) } }
                label for="why" { (Text::IfNot.say(lang)) }
                textarea #why name="why" aria-invalid=[form.invalid("why")] aria-describedby=[form.described("why")] autofocus[form.is_wrong("why")] { (form.typed("why")) }
                p { button.first name="agrees" value="yes" data-verdict { (Text::Agree.say(lang)) } " " button name="agrees" value="no" { (Text::SendBack.say(lang)) } }
            }
        }
    }
}

/// A note.
pub fn note(asked: &Asked, session: &Session, case: &CaseFile) -> Markup {
    let (lang, form) = (asked.reader.lang, asked.form(&format!("/cases/{}/notes", case.id), &[("note", Text::Note)]));
    html! {
        form #notes method="post" action={ "/cases/" (case.id) "/notes" } {
            fieldset {
                legend { (Text::Note.say(lang)) }
                (form.says())
                (token(session))
                label for="note" { (Text::NotesStay.say(lang)) }
                textarea #note name="note" required aria-invalid=[form.invalid("note")] aria-describedby=[form.described("note")] autofocus[form.is_wrong("note")] { (form.typed("note")) }
                button { (Text::AddNote.say(lang)) }
            }
        }
    }
}

/// Opening a closed case again.
pub fn reopen(asked: &Asked, session: &Session, case: &CaseFile) -> Markup {
    let (lang, form) = (asked.reader.lang, asked.form(&format!("/cases/{}/reopening", case.id), &[("reason", Text::Why)]));
    html! {
        form #reopening method="post" action={ "/cases/" (case.id) "/reopening" } {
            fieldset {
                legend { (Text::Reopen.say(lang)) }
                (form.says())
                (token(session)) input type="hidden" name="version" value=(case.version);
                label for="again" { (Text::Why.say(lang)) } input #again name="reason" required value=[form.kept("reason")] aria-invalid=[form.invalid("reason")] aria-describedby=[form.described("reason")] autofocus[form.is_wrong("reason")];
                p { button { (Text::Reopen.say(lang)) } }
            }
        }
    }
}
