//! Single fields of envelopes in JSON: texts, times, numbers of processes.

use crate::model::time::Timestamp;
use std::borrow::Cow;

/// A JSON text, borrowed where no escape stands in the way.
pub(super) fn word(json: &str) -> Option<Cow<'_, str>> {
    if !json.starts_with('"') {
        return None;
    }
    match serde_json::from_str::<&str>(json) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => serde_json::from_str::<String>(json).ok().map(Cow::Owned),
    }
}

/// A time as a text, or as a number: of seconds, milliseconds, microseconds or nanoseconds, which are too far apart to be mistaken.
pub(super) fn time(json: &str) -> Option<Timestamp> {
    let text = word(json);
    let since = text.as_deref().unwrap_or(json).parse::<f64>();
    match (since, text) {
        (Ok(since), _) => {
            let millis = [1_000.0, 1.0, 1e-3, 1e-6].map(|unit| since * unit);
            millis.into_iter().find_map(|millis| Timestamp::from_millis(millis as i64).ok())
        }
        (Err(_), Some(text)) => Timestamp::parse(&text).ok(),
        (Err(_), None) => None,
    }
}

/// The number of a process, as a text or a number.
pub(super) fn process_id(json: &str) -> Option<Cow<'_, str>> {
    let text = word(json).or_else(|| json.bytes().all(|b| b.is_ascii_digit()).then_some(Cow::Borrowed(json)))?;
    Some(text).filter(|text| !text.is_empty())
}
