//! DingTalk (钉钉), by a custom robot; signed when it is sent, where the robot asks for it.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::Answer;
use crate::notify::signature::{base64, hmac_sha256, in_query};
use crate::notify::sinks::chat::{Form, SignedRoomKeys, judged_by_code, signed_room};
use crate::notify::{NotifierKind, Pace, SendError, words};
use crate::settings::SettingsTable;
use serde_json::{Value, json};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind {
    name: "dingtalk",
    doc: &["A group of DingTalk, by a custom robot. A robot that asks for a keyword has it in `leakwarden`."],
    keys: SignedRoomKeys::KEYS,
    parse: |section| signed_room(section, &KIND, &FORM),
};

/// Twenty a minute; whoever sends more is shut out for ten.
static FORM: Form = Form { pace: Pace { per_minute: Some(18), gather: 20, journal: false, digest: None, repeat: None }, url, body, judge };

/// Bytes of a text: 20,000 with what is around it.
const TEXT: usize = 16_000;
/// Too many, or the system is busy.
const BUSY: &[i64] = &[-1, 130_101, 130_102, 410_100];

fn url(url: &str, secret: Option<&str>, now: Timestamp) -> String {
    let Some(secret) = secret else { return url.to_owned() };
    let time = now.0.to_string();
    let mac = hmac_sha256(secret.as_bytes(), &[time.as_bytes(), b"\n", secret.as_bytes()]);
    let joined = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joined}timestamp={time}&sign={}", in_query(&base64(&mac)))
}

fn body(messages: &[Message], _: Option<&str>, _: Timestamp) -> Value {
    let (title, text) = words::plain(messages);
    // Whom a message calls is said apart from its text: nobody.
    json!({"msgtype": "text", "text": {"content": words::cut(&format!("{title}\n{text}"), TEXT)}, "at": {"isAtAll": false, "atMobiles": []}})
}

fn judge(answer: &Answer) -> Result<String, SendError> {
    judged_by_code(answer, &["errcode"], BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_is_of_the_time_of_sending() {
        let signed = url("https://oapi.example/robot/send?access_token=x", Some("SECabc"), Timestamp(1_700_000_000_000));
        let mac = hmac_sha256(b"SECabc", &[b"1700000000000\nSECabc"]);
        let expected = format!("https://oapi.example/robot/send?access_token=x&timestamp=1700000000000&sign={}", in_query(&base64(&mac)));
        assert_eq!(signed, expected);
        assert_eq!(url("https://x", None, Timestamp(0)), "https://x");
    }

    #[test]
    fn success_may_be_a_failure() {
        let judged = |body: &str| judge(&Answer { status: 200, body: body.as_bytes().to_vec(), retry_after: None });
        assert!(judged(r#"{"errcode":0,"errmsg":"ok"}"#).is_ok());
        let busy = judged(r#"{"errcode":130101,"errmsg":"send too fast"}"#).expect_err("too fast");
        assert!(!busy.lasting && busy.retry_after.is_some());
        assert!(judged(r#"{"errcode":310000,"errmsg":"sign not match"}"#).is_err_and(|error| error.lasting));
        assert!(judged("<html>").is_err_and(|error| error.lasting));
    }
}
