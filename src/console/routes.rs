//! Every route, each with what it asks of whoever asks. A route that is not in this table does not exist.

use crate::console::answer::{Answer, Asked};
use crate::console::{api, pages};
use crate::desk::DeskError;
use crate::desk::rights::Action;
use axum::http::Method;
use std::pin::Pin;

/// What a route asks for before its handler is called. What of cases somebody may see or do is asked of each case.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// Nothing: the sign-in, and files of the program.
    Open,
    /// Somebody signed in.
    SignedIn,
    /// A role that includes this, on whatever case; for others there is no such page.
    May(Action),
}

/// What a page asks for by itself while it is open: whoever has left is signed out all the same.
const BY_ITSELF: [&str; 2] = ["/api/v1/events", "/api/v1/queue"];

impl Route {
    /// Whether a page asks for it by itself, without anybody at the keys.
    pub fn is_by_itself(&self) -> bool {
        BY_ITSELF.contains(&self.path)
    }
}

/// What a handler returns.
pub type Answering = Pin<Box<dyn Future<Output = Result<Answer, DeskError>> + Send>>;

/// A route.
pub struct Route {
    /// The method; `HEAD` is none.
    pub method: Method,
    /// The path, with `{…}` for what varies.
    pub path: &'static str,
    /// What it asks for.
    pub policy: Policy,
    /// What it is for, in a few words: for documentation.
    pub what: &'static str,
    /// The page where the form stands that is sent there: what is refused comes back in it.
    pub page: Option<&'static str>,
    /// The handler.
    pub handler: fn(Asked) -> Answering,
}

macro_rules! routes {
    (@page) => { None };
    (@page $page:literal) => { Some($page) };
    ($($method:ident $path:literal $policy:expr, $handler:path, $what:literal $(, on $page:literal)?;)+) => {
        /// The table.
        pub const ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            policy: $policy,
            what: $what,
            page: routes!(@page $($page)?),
            handler: |asked| Box::pin($handler(asked)),
        }),+];
    };
}

use Action::{
    ApproveUnmask, AskHold, AskUnmask, Countersign, DecideSilence, Deliveries, Hold, Judge, LiftHold, Note, ProposeSilence, Read, Reopen,
    SeeSilences, Take,
};
use Policy::{May, Open, SignedIn};

routes! {
    GET "/style.css" Open, pages::sign_in::style, "the style sheet";
    GET "/keys.js" Open, pages::reading::script, "the script of keys";
    GET "/follow.js" Open, pages::today::script, "the script of today's queue";
    GET "/sign-in" Open, pages::sign_in::form, "the form to sign in";
    POST "/sign-in" Open, pages::sign_in::enter, "signs in";
    GET "/sign-in/oidc" Open, pages::single_sign_on::begin, "leads to the provider that signs people in";
    GET "/sign-in/oidc/callback" Open, pages::single_sign_on::end, "signs in whom the provider names";
    POST "/preferences" Open, pages::reading::prefer, "chooses language and keys", on "/help";
    POST "/sign-out" SignedIn, pages::sign_in::leave, "signs out";
    GET "/" SignedIn, pages::today::page, "the queue of today, within one's reach";
    GET "/help" SignedIn, pages::reading::help, "how to read, states, keys";
    GET "/cases" May(Read), pages::today::cases, "all cases within one's reach, by filter";
    GET "/cases/{id}" May(Read), pages::case::page, "a case: alerts, entries, verdict";
    POST "/cases/{id}/assignment" May(Take), pages::case::assign, "takes, gives or gives back a case", on "/cases/{id}";
    POST "/cases/{id}/notes" May(Note), pages::case::note, "adds a note", on "/cases/{id}";
    POST "/cases/{id}/verdicts" May(Judge), pages::case::judge, "gives a verdict", on "/cases/{id}";
    POST "/cases/{id}/countersignature" May(Countersign), pages::case::countersign, "puts a verdict into force, or sends it back", on "/cases/{id}";
    POST "/cases/{id}/reopening" May(Reopen), pages::case::reopen, "opens a closed case again", on "/cases/{id}";
    GET "/alerts/{id}" May(Read), pages::alert::page, "an alert: what was seen, what is usual, what was tested";
    GET "/people/{name}" May(Read), pages::person::page, "a person: what is usual, and what was said before";
    GET "/coverage" SignedIn, pages::coverage::page, "how far days were evaluated, and why not further";
    GET "/quality" May(Read), pages::quality::page, "what was decided, by pattern, within one's reach";
    GET "/deliveries" May(Deliveries), pages::deliveries::page, "what is on its way to whom is told";
    GET "/silences" May(SeeSilences), pages::silences::page, "silences: in force, waiting, over; a new one";
    POST "/silences" May(ProposeSilence), pages::silences::add, "asks for a silence", on "/silences";
    POST "/silences/{id}/decision" May(DecideSilence), pages::silences::decide, "agrees to a silence, or does not", on "/silences";
    POST "/silences/{id}/end" May(ProposeSilence), pages::silences::end, "ends a silence", on "/silences";
    POST "/explanations/{id}/decision" May(DecideSilence), pages::explanations::decide, "agrees to an explanation, or does not", on "/silences";
    POST "/explanations/{id}/end" May(ProposeSilence), pages::explanations::end, "ends an explanation", on "/silences";
    GET "/unmaskings" SignedIn, pages::unmaskings::page, "who asked for which identities, and which cases are kept";
    GET "/cases/{id}/unmaskings" May(AskUnmask), pages::unmaskings::of_case, "whose identities can be asked for, and what was";
    POST "/cases/{id}/unmaskings" May(AskUnmask), pages::unmaskings::ask, "asks whose pseudonyms they are", on "/cases/{id}/unmaskings";
    GET "/unmaskings/{id}" SignedIn, pages::unmaskings::one, "one of these requests";
    POST "/unmaskings/{id}/approval" May(ApproveUnmask), pages::unmaskings::approve, "agrees to a request, or does not", on "/unmaskings/{id}";
    GET "/unmaskings/{id}/identities" May(AskUnmask), pages::identities::page, "identities, found again at the source while the grant lasts";
    GET "/cases/{id}/holds" SignedIn, pages::holds::page, "the holds of a case; a new one";
    POST "/cases/{id}/holds" May(AskHold), pages::holds::set, "keeps a case from being erased, or asks for it", on "/cases/{id}/holds";
    POST "/holds/{id}/decision" May(Hold), pages::holds::decide, "sets a hold that was asked for, or does not", on "/unmaskings";
    POST "/holds/{id}/lifting" May(LiftHold), pages::holds::lift, "lifts a hold", on "/unmaskings";
    GET "/views" SignedIn, pages::views::page, "who was shown what: one's own, or all";
    GET "/api/v1/openapi.json" Open, api::openapi::serve, "this description";
    GET "/api/v1/session" SignedIn, api::session, "who is signed in, and the token that writes must bring";
    GET "/api/v1/cases" May(Read), api::cases, "a page of cases";
    GET "/api/v1/cases/{id}" May(Read), api::case, "a case";
    PATCH "/api/v1/cases/{id}/assignment" May(Take), api::assign, "takes, gives or gives back a case";
    POST "/api/v1/cases/{id}/notes" May(Note), api::note, "adds a note";
    POST "/api/v1/cases/{id}/verdicts" May(Judge), api::judge, "gives a verdict";
    POST "/api/v1/cases/{id}/countersignature" May(Countersign), api::countersign, "puts a verdict into force, or sends it back";
    POST "/api/v1/cases/{id}/reopening" May(Reopen), api::reopen, "opens a closed case again";
    GET "/api/v1/alerts/{id}" May(Read), api::alert, "an alert at its newest settled revision";
    GET "/api/v1/alerts/{id}/dossier" May(Read), api::dossier, "what the pictures of an alert are drawn from";
    GET "/api/v1/silences" May(SeeSilences), api::silences::list, "silences within one's reach";
    POST "/api/v1/silences" May(ProposeSilence), api::silences::add, "asks for a silence";
    POST "/api/v1/silences/{id}/decision" May(DecideSilence), api::silences::decide, "agrees to a silence, or does not";
    POST "/api/v1/silences/{id}/end" May(ProposeSilence), api::silences::end, "ends a silence";
    GET "/api/v1/views" SignedIn, api::views, "who was shown what: one's own, or all";
    GET "/api/v1/explanations" May(SeeSilences), api::explanations::list, "explanations within one's reach";
    POST "/api/v1/explanations/{id}/decision" May(DecideSilence), api::explanations::decide, "agrees to an explanation, or does not";
    POST "/api/v1/explanations/{id}/end" May(ProposeSilence), api::explanations::end, "ends an explanation";
    GET "/api/v1/coverage" SignedIn, api::figures::coverage, "how far days were evaluated, and why not further";
    GET "/api/v1/quality" May(Read), api::figures::quality, "what was decided, by typology, within one's reach";
    GET "/api/v1/deliveries" May(Deliveries), api::figures::deliveries, "notifications on their way, as counts";
    GET "/api/v1/queue" May(Read), api::queue::differs, "by how many rows today's queue differs from the one that a page shows";
    GET "/api/v1/events" SignedIn, api::events::follow, "what happens, as server-sent events without content";
    POST "/api/v1/cases/{id}/unmaskings" May(AskUnmask), api::unmaskings::ask, "asks whose pseudonyms they are";
    GET "/api/v1/unmaskings" SignedIn, api::unmaskings::list, "who asked for which identities: one's own, or all";
    GET "/api/v1/unmaskings/{id}" SignedIn, api::unmaskings::one, "one of these requests";
    POST "/api/v1/unmaskings/{id}/approval" May(ApproveUnmask), api::unmaskings::approve, "agrees to a request, or does not";
    GET "/api/v1/unmaskings/{id}/identities" May(AskUnmask), api::unmaskings::identities, "identities, found again at the source while the grant lasts";
    GET "/api/v1/cases/{id}/holds" SignedIn, api::unmaskings::holds, "the holds of a case";
    POST "/api/v1/cases/{id}/holds" May(AskHold), api::unmaskings::set_hold, "keeps a case from being erased, or asks for it";
    POST "/api/v1/holds/{id}/decision" May(Hold), api::unmaskings::decide_hold, "sets a hold that was asked for, or does not";
    POST "/api/v1/holds/{id}/lifting" May(LiftHold), api::unmaskings::lift_hold, "lifts a hold";
    GET "/api/v1/tokens" SignedIn, api::tokens::list, "one's own tokens";
    POST "/api/v1/tokens" SignedIn, api::tokens::add, "makes a token, whose secret is told once";
    POST "/api/v1/tokens/{id}/end" SignedIn, api::tokens::end, "ends a token";
}
