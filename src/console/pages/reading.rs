//! How one reads: the language, the keys, and help.

use crate::console::answer::{Answer, Asked};
use crate::console::html::{KEYS_SCRIPT, frame, key_list, token};
use crate::console::pages::sign_in::next;
use crate::console::reader::Reader;
use crate::console::words::{Text, lists};
use crate::desk::DeskError;
use crate::desk::case::CaseState;
use crate::model::decision::VerdictOutcome;
use crate::model::zone::Zone;
use crate::page::{self, Lang};
use maud::html;

/// Bytes of the longest name of a zone.
const LONGEST_ZONE: usize = 64;
/// Zones that are proposed; any other can be written.
const ZONES: [&str; 10] = [
    "Asia/Shanghai",
    "Asia/Urumqi",
    "Asia/Hong_Kong",
    "Asia/Singapore",
    "Asia/Tokyo",
    "Europe/London",
    "Europe/Berlin",
    "America/New_York",
    "America/Los_Angeles",
    "UTC",
];

/// `GET /keys.js`
pub async fn script(_: Asked) -> Result<Answer, DeskError> {
    Ok(Answer::file("text/javascript; charset=utf-8", KEYS_SCRIPT))
}

/// `POST /preferences`
pub async fn prefer(asked: Asked) -> Result<Answer, DeskError> {
    let lang = match asked.body.get("language") {
        Some(tag) => Lang::parse(tag).ok_or_else(|| DeskError::refused("language", "must be en or zh-CN", tag))?,
        None => asked.reader.lang,
    };
    let keys = match asked.body.get("keys") {
        None => asked.reader.keys,
        Some("on") => true,
        Some("off") => false,
        Some(other) => return Err(DeskError::refused("keys", "must be on or off", other)),
    };
    let zone = match asked.body.get("zone").map(str::trim) {
        None => asked.reader.zone.clone(),
        Some("") => None,
        Some(name) if name.len() <= LONGEST_ZONE && Zone::named(name).is_some() => Some(name.to_owned()),
        Some(other) => return Err(DeskError::refused("zone", "must be the name of a time zone, e.g. Asia/Shanghai", other)),
    };
    Ok(Answer::see(next(asked.body.text("back"))).reads(Reader { lang, keys, zone, place: String::new() }))
}

/// `GET /help`
pub async fn help(asked: Asked) -> Result<Answer, DeskError> {
    let Reader { lang, keys, .. } = &asked.reader;
    let (lang, keys) = (*lang, *keys);
    let ours = asked.console.settings.zone.name();
    let form = asked.form("/preferences", &[("zone", Text::ZoneOfTimes)]);
    let chosen = form.kept("zone").or(asked.reader.zone.as_deref()).unwrap_or_default();
    let content = html! {
        h1 { (Text::HelpTitle.say(lang)) }
        section aria-labelledby="rules" {
            h2 #rules { (Text::HowToRead.say(lang)) }
            p { (Text::HelpAlert.say(lang)) }
            (page::legend(lang))
            p { (Text::HelpVerdict.say(lang)) }
            dl { @for outcome in VerdictOutcome::ALL { dt { (lists::outcome(outcome, lang)) } dd { (lists::meaning(outcome, lang)) } } }
            p { (Text::HelpPrint.say(lang)) }
        }
        section aria-labelledby="states" {
            h2 #states { (Text::State.say(lang)) }
            p { @for (at, state) in CaseState::ALL.into_iter().enumerate() { @if at > 0 { " → " } (lists::state(state, lang)) } }
        }
        section aria-labelledby="zone-help" {
            h2 #zone-help { (Text::Zone.say(lang)) }
            p { (Text::ZoneRule.say(lang)) }
            form.inline #zone-switch method="post" action="/preferences" {
                @if let Some(session) = &asked.session { (token(session)) }
                input type="hidden" name="back" value="/help";
                (form.says())
                label for="zone" { (Text::ZoneOfTimes.say(lang)) }
                input #zone name="zone" list="zones" value=(chosen) placeholder=(ours) autocomplete="off" aria-invalid=[form.invalid("zone")] aria-describedby=[form.described("zone")] autofocus[form.is_wrong("zone")];
                datalist #zones { @for name in ZONES { option value=(name) {} } }
                button { (Text::Show.say(lang)) }
            }
        }
        section aria-labelledby="keys-help" {
            h2 #keys-help { (Text::Keys.say(lang)) }
            p { (Text::KeysRule.say(lang)) }
            (key_list(lang))
            form #keys-switch method="post" action="/preferences" {
                @if let Some(session) = &asked.session { (token(session)) }
                input type="hidden" name="back" value="/help";
                button name="keys" value=(if keys { "off" } else { "on" }) { ((if keys { Text::KeysOff } else { Text::KeysOn }).say(lang)) }
            }
        }
    };
    Ok(Answer::plain_page(frame(asked.shell(), Text::HelpTitle.say(lang), &content)))
}
