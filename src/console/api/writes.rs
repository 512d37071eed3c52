//! What a request of the API brings beside its body: the version that was read (`If-Match`), and a key of the sender's own
//! (`Idempotency-Key`), under which it may be sent again without being done twice.
//!
//! A request is claimed under its key before it is done, and its answer kept after; whoever sends it again is given that answer. One that was
//! broken off between the two is answered by 409: what became of it is to be read, and is not done again by itself. What was refused changed
//! nothing, and frees its key.

use crate::console::answer::{Answer, Body, Shows};
use crate::console::form::Fields;
use crate::database::Database;
use crate::desk::DeskError;
use crate::desk::answered::{self, Claim};
use crate::desk::session::Session;
use crate::desk::view_log::View;
use crate::model::time::Timestamp;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};

/// The header with the key.
pub const KEY: &str = "idempotency-key";
/// Characters of a key at the most.
const LONGEST_KEY: usize = 128;

/// What headers brought.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Brought {
    /// The version that was read.
    pub if_match: Option<i64>,
    /// The key of a request of the API that writes.
    pub key: Option<String>,
    /// The last event that was had.
    pub last_event: Option<i64>,
}

/// A refusal: status, place and rule.
pub type Refused = (StatusCode, &'static str, &'static str);

/// Reads them. What the API writes has a key; where it is about something that is there, also its version. A form brings the version in a
/// field, and needs none.
pub fn brought(api: bool, writes: bool, path: &str, headers: &HeaderMap, body: &Fields) -> Result<Brought, Refused> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let version = |text: &str| text.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    let if_match = match text(header::IF_MATCH.as_str()) {
        Some(text) => {
            Some(version(text).ok_or((StatusCode::PRECONDITION_FAILED, "If-Match", "must be the version that there is, as its ETag"))?)
        }
        None => body.number("version").filter(|_| !api),
    };
    if api && writes && if_match.is_none() && path.contains("{id}") {
        return Err((StatusCode::PRECONDITION_REQUIRED, "If-Match", "must be given: the version that was read"));
    }
    let key = if api && writes {
        let fits = |key: &&str| (1..=LONGEST_KEY).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
        let rule = "must be given, of 1 to 128 printable characters: the same for a request that is sent again, another for any other";
        Some(text(KEY).filter(fits).ok_or((StatusCode::BAD_REQUEST, "Idempotency-Key", rule))?.to_owned())
    } else {
        None
    };
    let last_event = text("last-event-id").and_then(|number| number.parse().ok()).filter(|number| *number >= 0);
    Ok(Brought { if_match, key, last_event })
}

/// A request that is done once.
pub struct Once {
    account: String,
    key: String,
    request: String,
}

impl Once {
    /// Of an account, under its key.
    pub fn new(session: &Session, key: &str, method: &Method, uri: &Uri, if_match: Option<i64>, body: &[u8]) -> Once {
        let place = uri.path_and_query().map_or("", |place| place.as_str());
        let about = json!([method.as_str(), place, if_match, blake3::hash(body).to_hex().as_str()]).to_string();
        let request = blake3::hash(about.as_bytes()).to_hex().to_string();
        Once { account: session.caller.account.clone(), key: key.to_owned(), request }
    }

    /// Claims the key; the answer, where it was done before.
    pub async fn begin(&self, database: &Database, now: Timestamp) -> Result<Option<Answer>, DeskError> {
        match answered::claim(database, &self.account, &self.key, &self.request, now).await? {
            Claim::New => Ok(None),
            Claim::Answered(kept) => Ok(Some(again(&kept).ok_or(DeskError::NotFound)?)),
            Claim::Begun => Err(DeskError::State {
                state: "begun",
                what: "sent again: read what became of it, and send what is left to do under another key",
            }),
            Claim::Other => Err(DeskError::refused("Idempotency-Key", "must be another for another request", self.key.as_str())),
        }
    }

    /// It was done, or refused.
    pub async fn end(&self, database: &Database, answer: Option<&Answer>) {
        let done = match answer.and_then(kept) {
            Some(kept) => answered::done(database, &self.account, &self.key, &kept).await,
            None => answered::undone(database, &self.account, &self.key).await,
        };
        if let Err(error) = done {
            tracing::warn!(%error, "the answer to a request could not be kept: sent again it is refused");
        }
    }
}

/// An answer as it is kept: without what is told once.
fn kept(answer: &Answer) -> Option<String> {
    let Body::Json(body) = &answer.body else { return None };
    let mut body = body.clone();
    if let (Some(field), Some(object)) = (answer.told_once, body.as_object_mut()) {
        object.insert(field.to_owned(), Value::Null);
    }
    let shows = match &answer.shows {
        Shows::Nobody => Value::Null,
        Shows::People(view) => json!({ "object": view.object, "persons": view.persons, "rows": view.rows }),
    };
    Some(json!({ "status": answer.status.as_u16(), "etag": answer.etag, "shows": shows, "body": body }).to_string())
}

/// The answer that was kept: what it shows is shown once more, and is written down once more.
fn again(kept: &str) -> Option<Answer> {
    let mut kept: Value = serde_json::from_str(kept).ok()?;
    let (status, body) = (kept.get("status")?.as_u64()?, kept.get_mut("body")?.take());
    let answer = match kept.get("shows").filter(|shows| !shows.is_null()) {
        None => Answer::plain_json(body),
        Some(shows) => {
            let persons = shows.get("persons")?.as_array()?.iter().filter_map(|name| Some(name.as_str()?.to_owned())).collect();
            let view = View {
                page: "answer_again",
                object: shows.get("object")?.as_str()?.to_owned(),
                persons,
                rows: shows.get("rows")?.as_i64()?,
            };
            Answer::json(view, body)
        }
    };
    let answer = answer.status(StatusCode::from_u16(u16::try_from(status).ok()?).ok()?);
    Some(match kept.get("etag").and_then(Value::as_i64) {
        Some(version) => answer.version(version),
        None => answer,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(path: &str, given: &[(&'static str, &'static str)]) -> Result<Brought, u16> {
        let mut headers = HeaderMap::new();
        given.iter().for_each(|(name, value)| {
            headers.insert(*name, HeaderValue::from_static(value));
        });
        brought(true, true, path, &headers, &Fields::default()).map_err(|(status, ..)| status.as_u16())
    }

    #[test]
    fn what_is_written_says_what_was_read_and_under_which_key() {
        let wanted = Brought { if_match: Some(7), key: Some("k-1".to_owned()), last_event: None };
        assert_eq!(of("/api/v1/cases/{id}/notes", &[("if-match", "\"7\""), (KEY, "k-1")]), Ok(wanted));
        assert_eq!(of("/api/v1/cases/{id}/notes", &[(KEY, "k-1")]), Err(428));
        for wrong in ["7", "W/\"7\"", "*", "\"x\""] {
            let mut headers = HeaderMap::new();
            headers.insert("if-match", HeaderValue::from_str(wrong).expect("a header"));
            let refused = brought(true, true, "/api/v1/cases/{id}/notes", &headers, &Fields::default());
            assert_eq!(refused.map_err(|(status, ..)| status.as_u16()), Err(412), "{wrong}");
        }
        assert_eq!(of("/api/v1/silences", &[]), Err(400));
        assert_eq!(of("/api/v1/silences", &[(KEY, "a b")]), Err(400));
    }

    #[test]
    fn a_secret_is_not_kept_and_all_else_is() {
        let view = View { page: "case", object: "4".to_owned(), persons: vec!["E7".to_owned()], rows: 2 };
        let answer = Answer::json(view, json!({ "id": 4, "secret": "s" })).status(StatusCode::CREATED).version(3).told_once("secret");
        let text = kept(&answer).expect("kept");
        let back = again(&text).expect("read");
        assert!(!text.contains("\"s\"") && back.status == StatusCode::CREATED && back.etag == Some(3), "{text}");
        assert!(matches!(back.shows, Shows::People(view) if view.persons == ["E7"] && view.rows == 2));
    }
}
