//! Slack, by an incoming webhook. All of the text is plain: nothing in it is markup, mentions somebody or becomes a link but ours.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::Answer;
use crate::notify::sinks::chat::{Form, RoomKeys, room, same_url};
use crate::notify::{NotifierKind, Pace, SendError, words};
use crate::settings::SettingsTable;
use serde_json::{Value, json};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind {
    name: "slack",
    doc: &["A channel of Slack, by an incoming webhook."],
    keys: RoomKeys::KEYS,
    parse: |section| room(section, &KIND, &FORM),
};

/// One a second is what Slack asks for.
static FORM: Form =
    Form { pace: Pace { per_minute: Some(50), gather: 15, journal: false, digest: None, repeat: None }, url: same_url, body, judge };

/// Characters of a block.
const BLOCK: usize = 2_900;

fn body(messages: &[Message], _: Option<&str>, _: Timestamp) -> Value {
    let (title, text) = words::plain(messages);
    let plain = |text: &str| json!({"type": "plain_text", "text": escaped(text), "emoji": false});
    let mut blocks = vec![json!({"type": "section", "text": plain(&words::cut(&title, BLOCK))})];
    blocks.push(json!({"type": "section", "text": plain(&words::cut(&text, BLOCK))}));
    if let [Message { link: Some(link), .. }] = messages {
        blocks.push(json!({"type": "actions", "elements": [{"type": "button", "text": plain("Open the case"), "url": link}]}));
    }
    // What a telephone shows before the message is opened.
    json!({"text": escaped(&words::cut(&title, BLOCK)), "mrkdwn": false, "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
}

/// The three characters that Slack takes for its own everywhere.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn judge(answer: &Answer) -> Result<String, SendError> {
    match answer.body.as_slice() {
        b"ok" => Ok(format!("status {}, ok", answer.status)),
        _ => Err(SendError::lasting(format!("it answered {} and not ok: not the address of an incoming webhook?", answer.status))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn nothing_in_it_is_markup() {
        let mut named = message("c1", 1);
        named.event.whom = Some("<!channel> *E1* & co".to_owned());
        let body = body(&[named], None, Timestamp(0));
        let text = body["blocks"][1]["text"]["text"].as_str().expect("a text");
        assert!(text.contains("&lt;!channel&gt; *E1* &amp; co"), "{text}");
        assert_eq!(body["blocks"][1]["text"]["type"], "plain_text");
        assert!(body["blocks"][2]["elements"][0]["url"].as_str().is_some_and(|url| url.ends_with("/c1")));
        let answer = |body: &[u8]| Answer { status: 200, body: body.to_vec(), retry_after: None };
        assert!(judge(&answer(b"ok")).is_ok() && judge(&answer(b"invalid_token")).is_err_and(|error| error.lasting));
    }
}
