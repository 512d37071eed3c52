//! Feishu (飞书) and Lark, by a custom bot; signed when it is sent, where the bot asks for it.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::Answer;
use crate::notify::signature::{base64, hmac_sha256};
use crate::notify::sinks::chat::{Form, SignedRoomKeys, judged_by_code, same_url, signed_room};
use crate::notify::{NotifierKind, Pace, SendError, words};
use crate::settings::SettingsTable;
use serde_json::{Value, json};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind {
    name: "feishu",
    doc: &["A group of Feishu or Lark, by a custom bot. A bot that asks for a keyword has it in `leakwarden`."],
    keys: SignedRoomKeys::KEYS,
    parse: |section| signed_room(section, &KIND, &FORM),
};

/// A hundred a minute, and no more than five a second.
static FORM: Form =
    Form { pace: Pace { per_minute: Some(90), gather: 20, journal: false, digest: None, repeat: None }, url: same_url, body, judge };

/// Bytes of a text: of 20 KB with what is around it.
const TEXT: usize = 14_000;
/// Too many.
const BUSY: &[i64] = &[11_232, 99_991_400];

fn body(messages: &[Message], secret: Option<&str>, now: Timestamp) -> Value {
    let (title, text) = words::plain(messages);
    let text = words::cut(&text, TEXT);
    // A post of texts: unlike in a plain message nothing in it is a tag that calls somebody.
    let line = |line: &str| match messages.iter().find_map(|message| message.link.as_deref().filter(|link| *link == line)) {
        Some(link) => json!([{"tag": "a", "text": link, "href": link}]),
        None => json!([{"tag": "text", "text": line, "un_escape": false}]),
    };
    let post = json!({"title": title, "content": text.lines().map(line).collect::<Vec<_>>()});
    let mut body = json!({"msg_type": "post", "content": {"post": {"en_us": post, "zh_cn": post}}});
    if let Some(secret) = secret {
        let time = now.seconds().to_string();
        // The other way round than elsewhere: the key is time and secret, and nothing is signed by it.
        let key = format!("{time}\n{secret}");
        body["sign"] = json!(base64(&hmac_sha256(key.as_bytes(), &[])));
        body["timestamp"] = json!(time);
    }
    body
}

fn judge(answer: &Answer) -> Result<String, SendError> {
    judged_by_code(answer, &["code", "StatusCode"], BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn it_is_a_signed_post_of_texts() {
        let mut named = message("c1", 1);
        named.event.whom = Some("<at user_id=\"all\">".to_owned());
        let body = body(&[named], Some("s3cret"), Timestamp(1_700_000_000_000));
        assert_eq!(body["timestamp"], "1700000000");
        assert_eq!(body["sign"], base64(&hmac_sha256(b"1700000000\ns3cret", &[])));
        let lines = body["content"]["post"]["en_us"]["content"].as_array().expect("lines");
        assert!(lines.iter().any(|line| line[0]["text"] == "Concerns: <at user_id=\"all\">" && line[0]["tag"] == "text"));
        assert_eq!(lines.last().map(|line| line[0]["tag"].clone()), Some(json!("a")));
        assert!(!body.to_string().contains("s3cret"));
        let judged = |body: &str| judge(&Answer { status: 200, body: body.as_bytes().to_vec(), retry_after: None });
        assert!(judged(r#"{"code":0,"msg":"success"}"#).is_ok() && judged(r#"{"StatusCode":0}"#).is_ok());
        assert!(
            judged(r#"{"code":19021}"#).is_err_and(|error| error.lasting) && judged(r#"{"code":11232}"#).is_err_and(|error| !error.lasting)
        );
    }
}
