//! Microsoft Teams, by the webhook of a workflow ("when a Teams webhook request is received"): an adaptive card.

use crate::model::time::Timestamp;
use crate::notify::event::Message;
use crate::notify::http::Answer;
use crate::notify::sinks::chat::{Form, RoomKeys, room, same_url};
use crate::notify::{NotifierKind, Pace, SendError, words};
use crate::settings::SettingsTable;
use serde_json::{Value, json};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind {
    name: "teams",
    doc: &["A channel of Microsoft Teams, by the webhook of a workflow (Power Automate), as an adaptive card."],
    keys: RoomKeys::KEYS,
    parse: |section| room(section, &KIND, &FORM),
};

static FORM: Form =
    Form { pace: Pace { per_minute: Some(60), gather: 15, journal: false, digest: None, repeat: None }, url: same_url, body, judge };

/// Bytes of a card: Teams takes 28 KB.
const CARD: usize = 20_000;

fn body(messages: &[Message], _: Option<&str>, _: Timestamp) -> Value {
    let (title, text) = words::plain(messages);
    // Runs of text are no Markdown, unlike blocks and facts.
    let lines = words::cut(&text, CARD);
    let run = |text: &str, more: Value| {
        let mut run = json!({"type": "TextRun", "text": text});
        run.as_object_mut().expect("an object").extend(more.as_object().cloned().unwrap_or_default());
        json!({"type": "RichTextBlock", "inlines": [run]})
    };
    let mut card = vec![run(&title, json!({"weight": "bolder", "size": "medium"}))];
    card.extend(lines.lines().map(|line| run(line, json!({}))));
    let links = messages.iter().filter_map(|message| message.link.as_ref().map(|link| (words::short(&message.event.case), link)));
    // More buttons than that are not shown.
    let actions: Vec<Value> =
        links.take(6).map(|(case, link)| json!({"type": "Action.OpenUrl", "title": format!("Case {case}"), "url": link})).collect();
    let card = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": card,
        "actions": actions,
    });
    json!({
        "type": "message",
        "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": null, "content": card}],
    })
}

fn judge(answer: &Answer) -> Result<String, SendError> {
    // A workflow answers 202, whatever becomes of the card.
    Ok(format!("status {}", answer.status))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    #[test]
    fn it_is_a_card_of_runs_which_are_no_markdown() {
        let body = body(&[message("c1", 1)], None, Timestamp(0));
        let card = &body["attachments"][0]["content"];
        let blocks = card["body"].as_array().expect("blocks");
        assert!(blocks.len() > 5 && blocks.iter().all(|block| block["type"] == "RichTextBlock"));
        assert_eq!(card["actions"][0]["url"], "https://desk.example/cases/c1");
        let many: Vec<_> = (0..9).map(|n| message("c1", n)).collect();
        assert_eq!(super::body(&many, None, Timestamp(0))["attachments"][0]["content"]["actions"].as_array().map(Vec::len), Some(6));
    }
}
