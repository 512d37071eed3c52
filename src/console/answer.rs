//! What a handler is asked and what it answers. An answer that shows people says which, by its type.

use crate::console::form::Fields;
use crate::console::html::Shell;
use crate::console::reader::Reader;
use crate::console::refused::{Form, Refused};
use crate::console::state::Console;
use crate::console::words::Text;
use crate::desk::people::People;
use crate::desk::session::Session;
use crate::desk::view_log::View;
use crate::desk::{DeskError, case};
use crate::model::time::Timestamp;
use crate::model::zone::Zone;
use axum::http::StatusCode;
use maud::Markup;
use serde_json::Value;
use std::net::IpAddr;
use std::sync::Arc;

/// A request, after all that has to hold of every request was checked.
#[derive(Clone)]
pub struct Asked {
    /// The console.
    pub console: Console,
    /// Who asks; `None` only on routes that are open.
    pub session: Option<Session>,
    /// The directory's people, as of this request.
    pub people: Arc<People>,
    /// The time of day.
    pub now: Timestamp,
    /// From where.
    pub from: Option<IpAddr>,
    /// What the path names, in its order.
    pub path: Vec<String>,
    /// How whoever asks reads.
    pub reader: Reader,
    /// The zone of the times that they are told: the one that they chose, or the console's.
    pub zone: Zone,
    /// The query.
    pub query: Fields,
    /// The body of a form or of JSON.
    pub body: Fields,
    /// `If-Match`, as a version.
    pub if_match: Option<i64>,
    /// `Last-Event-ID`.
    pub last_event: Option<i64>,
    /// The cookie of a sign-in that was begun with the provider.
    pub attempt: Option<String>,
    /// A form of the page that was refused.
    pub refused: Option<Arc<Refused>>,
}

impl Asked {
    /// Who asks. Routes of [`crate::console::routes::Policy`] that ask for somebody are never reached without.
    pub fn caller(&self) -> Result<&crate::desk::rights::Caller, DeskError> {
        self.session.as_ref().map(|session| &session.caller).ok_or(DeskError::NotFound)
    }

    /// For whom a page is made.
    pub fn shell(&self) -> Shell<'_> {
        Shell {
            session: self.session.as_ref(),
            reader: &self.reader,
            zone: &self.zone,
            now: self.now,
            pseudonyms: self.console.pseudonyms,
            follows: false,
            refused: self.refused.as_deref(),
        }
    }

    /// The form of its page that is sent there, with the labels of its fields: with what was typed, where it was refused.
    pub fn form(&self, action: &str, labels: &'static [(&'static str, Text)]) -> Form<'_> {
        Form::new(self.refused.as_deref(), action, labels, self.reader.lang)
    }

    /// The same request, with a form of its page refused; the first that was stands.
    #[must_use]
    pub fn refusing(self, action: &str, fields: Fields, error: DeskError) -> Asked {
        let refused = self.refused.clone().unwrap_or_else(|| Arc::new(Refused::new(action, fields, error)));
        Asked { refused: Some(refused), ..self }
    }

    /// Whether a search for a name finds only what somebody has taken: it would tell who has a case otherwise.
    pub fn names_taken_only(&self) -> bool {
        self.console.pseudonyms.are_used() && self.query.get("about").is_some_and(|about| !about.is_empty())
    }

    /// Whether one agrees, as a body says it.
    pub fn agrees(&self) -> Result<bool, DeskError> {
        match self.body.text("agrees") {
            "yes" | "true" => Ok(true),
            "no" | "false" => Ok(false),
            other => Err(DeskError::refused("agrees", "must be yes or no", other)),
        }
    }

    /// A number of the path; what is none names nothing that there is.
    pub fn number(&self, at: usize) -> Result<i64, DeskError> {
        self.path.get(at).and_then(|text| text.parse().ok()).filter(|number| *number > 0).ok_or(DeskError::NotFound)
    }

    /// The case that the path names first: by its number, or by the engine's name for it, as alerts and notifications have it.
    pub async fn case(&self, connection: &mut sqlx::AnyConnection) -> Result<i64, DeskError> {
        if let Ok(number) = self.number(0) {
            return Ok(number);
        }
        let key = self.path.first().ok_or(DeskError::NotFound)?;
        case::newest_of(connection, key).await?.ok_or(DeskError::NotFound)
    }
}

/// What is shown of people.
pub enum Shows {
    /// Nobody: a form of one's own, a redirection, figures.
    Nobody,
    /// A list or a page, which is written down before it is sent.
    People(View<'static>),
}

/// The body.
pub enum Body {
    /// A whole page.
    Page(Markup),
    /// JSON.
    Json(Value),
    /// Another page is to be asked for, by `GET`.
    See(String),
    /// A file of the program itself.
    File(&'static str, &'static str),
    /// Server-sent events.
    Events(String),
}

/// An answer.
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Of whom it shows something.
    pub shows: Shows,
    /// What is sent.
    pub body: Body,
    /// The version of what it is about.
    pub etag: Option<i64>,
    /// A cookie that is set: a session's secret, or none to end it.
    pub cookie: Option<Option<String>>,
    /// How whoever asks wants to read from now on.
    pub reader: Option<Reader>,
    /// The cookie of a sign-in that is begun with the provider, or none to end it.
    pub attempt: Option<Option<String>>,
    /// A field of the JSON that is not kept for a request that is sent again.
    pub told_once: Option<&'static str>,
}

impl Answer {
    fn new(shows: Shows, body: Body) -> Answer {
        Answer { status: StatusCode::OK, shows, body, etag: None, cookie: None, reader: None, attempt: None, told_once: None }
    }

    /// A page that shows people.
    pub fn page(view: View<'static>, page: Markup) -> Answer {
        Answer::new(Shows::People(view), Body::Page(page))
    }

    /// A page that shows nobody.
    pub fn plain_page(page: Markup) -> Answer {
        Answer::new(Shows::Nobody, Body::Page(page))
    }

    /// JSON that shows people.
    pub fn json(view: View<'static>, value: Value) -> Answer {
        Answer::new(Shows::People(view), Body::Json(value))
    }

    /// JSON that shows nobody.
    pub fn plain_json(value: Value) -> Answer {
        Answer::new(Shows::Nobody, Body::Json(value))
    }

    /// To another page, after something was done.
    pub fn see(place: impl Into<String>) -> Answer {
        Answer { status: StatusCode::SEE_OTHER, ..Answer::new(Shows::Nobody, Body::See(place.into())) }
    }

    /// A file of the program.
    pub fn file(kind: &'static str, text: &'static str) -> Answer {
        Answer::new(Shows::Nobody, Body::File(kind, text))
    }

    /// With the version of what it is about.
    #[must_use]
    pub fn version(self, version: i64) -> Answer {
        Answer { etag: Some(version), ..self }
    }

    /// Server-sent events, which show nobody.
    pub fn events(text: String) -> Answer {
        Answer::new(Shows::Nobody, Body::Events(text))
    }

    /// With a field that is told this once.
    #[must_use]
    pub fn told_once(self, field: &'static str) -> Answer {
        Answer { told_once: Some(field), ..self }
    }

    /// With another status.
    #[must_use]
    pub fn status(self, status: StatusCode) -> Answer {
        Answer { status, ..self }
    }

    /// With how they read kept for the next time.
    #[must_use]
    pub fn reads(self, reader: Reader) -> Answer {
        Answer { reader: Some(reader), ..self }
    }

    /// With a sign-in begun with the provider, or ended.
    #[must_use]
    pub fn attempt(self, sealed: Option<String>) -> Answer {
        Answer { attempt: Some(sealed), ..self }
    }

    /// With a cookie set or taken away.
    #[must_use]
    pub fn cookie(self, secret: Option<String>) -> Answer {
        Answer { cookie: Some(secret), ..self }
    }
}

/// The status of what went wrong.
pub fn status(error: &DeskError) -> StatusCode {
    match error {
        DeskError::NotFound => StatusCode::NOT_FOUND,
        DeskError::NotAllowed(_) => StatusCode::FORBIDDEN,
        DeskError::Refused { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        DeskError::Changed { .. } => StatusCode::PRECONDITION_FAILED,
        DeskError::Stale(_) | DeskError::State { .. } => StatusCode::CONFLICT,
        DeskError::Database(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}
