//! WeCom (企业微信), by a group robot.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::Answer;
use crate::notify::sinks::chat::{Form, RoomKeys, judged_by_code, room, same_url};
use crate::notify::{NotifierKind, Pace, SendError, words};
use crate::settings::SettingsTable;
use serde_json::{Value, json};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind {
    name: "wecom",
    doc: &["A group of WeCom, by a group robot."],
    keys: RoomKeys::KEYS,
    parse: |section| room(section, &KIND, &FORM),
};

/// Twenty a minute.
static FORM: Form =
    Form { pace: Pace { per_minute: Some(18), gather: 6, journal: false, digest: None, repeat: None }, url: same_url, body, judge };

/// Bytes of a text.
const TEXT: usize = 2_048;
/// Too many, too many at once, or the system is busy.
const BUSY: &[i64] = &[-1, 45_009, 45_033];

fn body(messages: &[Message], _: Option<&str>, _: Timestamp) -> Value {
    let (title, text) = words::plain(messages);
    json!({"msgtype": "text", "text": {"content": words::cut(&format!("{title}\n{text}"), TEXT), "mentioned_list": []}})
}

fn judge(answer: &Answer) -> Result<String, SendError> {
    judged_by_code(answer, &["errcode"], BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn a_text_is_no_longer_than_it_takes() {
        let many: Vec<_> = (0..6).map(|n| message(&format!("{n}f2e3d4c5b6a79881f2e3d4c"), n)).collect();
        let body = body(&many, None, Timestamp(0));
        let text = body["text"]["content"].as_str().expect("a text");
        assert!(text.len() <= TEXT && text.matches("https://").count() == 6, "each of them has its link: {text}");
        let judged = |code: i64| judge(&Answer { status: 200, body: json!({"errcode": code}).to_string().into_bytes(), retry_after: None });
        assert!(judged(0).is_ok() && judged(45_009).is_err_and(|error| !error.lasting) && judged(93_000).is_err_and(|error| error.lasting));
    }
}
