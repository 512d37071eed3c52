//! `events`: what happens, as server-sent events of number, kind, object and version. An answer ends when something has happened, or after
//! some seconds; the browser asks again with the number of the last it had, so that nothing is missed and no connection is kept for ever.

use crate::console::answer::{Answer, Asked};
use crate::desk::{DeskError, event};
use serde_json::json;
use std::fmt::Write as _;
use std::time::Duration;

/// How long an answer waits for something to happen: below the time that a whole request may take.
const WAITS: Duration = Duration::from_secs(15);
/// How often it is looked.
const EVERY: Duration = Duration::from_millis(500);
/// Events of an answer.
const MOST: i64 = 200;
/// When the browser asks again, in milliseconds.
const AGAIN_MS: u32 = 1_000;

/// `GET /api/v1/events`
pub async fn follow(asked: Asked) -> Result<Answer, DeskError> {
    let rule = || DeskError::refused("after", "must be the number of an event, or 0", asked.query.text("after"));
    let after = match (asked.last_event, asked.query.get("after")) {
        (Some(last), _) => Some(last),
        (None, Some(text)) => Some(text.parse().ok().filter(|number| *number >= 0).ok_or_else(rule)?),
        (None, None) => None,
    };
    let caller = asked.caller()?;
    let mut text = format!("retry: {AGAIN_MS}\n\n");
    let mut read = asked.console.database.read().await?;
    let newest = event::newest(&mut read).await?;
    drop(read);
    // Of a copy that was restored there are fewer: whoever knows more begins anew.
    let Some(mut last) = after.filter(|after| *after <= newest) else {
        let _ = write!(text, "id: {newest}\nevent: reset\ndata: {}\n\n", json!({ "number": newest }));
        return Ok(Answer::events(text));
    };
    let began = tokio::time::Instant::now();
    loop {
        let mut read = asked.console.database.read().await?;
        let (events, looked) = event::after(&mut read, caller, last, MOST).await?;
        drop(read);
        for event in &events {
            let data = json!({ "number": event.number, "kind": event.kind, "id": event.object, "version": event.version });
            let _ = write!(text, "id: {}\nevent: {}\ndata: {data}\n\n", event.number, event.kind);
        }
        let more = looked > last;
        last = looked;
        if !events.is_empty() || began.elapsed() >= WAITS {
            break;
        }
        // What was passed over may stand before what is heard.
        if !more {
            tokio::time::sleep(EVERY).await;
        }
    }
    let _ = write!(text, "id: {last}\nevent: reached\ndata: {}\n\n", json!({ "number": last }));
    Ok(Answer::events(text))
}
