//! How a page is made for whoever reads it: the language, whether keys act, the zone of times, the place that was asked for.
//!
//! The language is the one that was chosen (a cookie), else the browser's, else English.

use crate::model::zone::Zone;
use crate::page::Lang;
use axum::http::{HeaderMap, header};

/// The cookie of what was chosen: no secret, and nothing about anybody.
pub const COOKIE: &str = "__Host-leakwarden-reader";
/// How long it is kept, in seconds: a year.
pub const KEPT: i64 = 365 * 24 * 60 * 60;

/// How a page is made for a reader.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reader {
    /// The language.
    pub lang: Lang,
    /// Whether single keys act.
    pub keys: bool,
    /// The zone of times, by its name, where another than the console's was chosen.
    pub zone: Option<String>,
    /// Path and query that were asked for: where a change of language leads back to.
    pub place: String,
}

impl Default for Reader {
    fn default() -> Reader {
        Reader { lang: Lang::En, keys: true, zone: None, place: "/".to_owned() }
    }
}

impl Reader {
    /// Of a request's headers.
    pub fn of(headers: &HeaderMap, place: &str) -> Reader {
        let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let pairs = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let chosen = pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).next();
        let mut parts = chosen.unwrap_or_default().splitn(3, '.');
        let (lang, keys, zone) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default(), parts.next());
        let zone = zone.filter(|name| Zone::named(name).is_some()).map(str::to_owned);
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let lang = Lang::parse(lang).unwrap_or_else(|| first_of(accepted));
        Reader { lang, keys: keys != "off", zone, place: place.to_owned() }
    }

    /// The cookie's value.
    pub fn cookie(&self) -> String {
        let zone = self.zone.as_ref().map_or_else(String::new, |name| format!(".{name}"));
        format!("{}.{}{zone}", self.lang.tag(), if self.keys { "on" } else { "off" })
    }

    /// The zone of times, where the console's is this one.
    pub fn zone(&self, of_console: &Zone) -> Zone {
        self.zone.as_deref().and_then(Zone::named).unwrap_or_else(|| of_console.clone())
    }
}

/// The first language of a list that there is; English where none is.
fn first_of(accepted: &str) -> Lang {
    let tags = accepted.split(',').map(|item| item.split([';', '-']).next().unwrap_or_default().trim().to_ascii_lowercase());
    let known = |tag: String| match tag.as_str() {
        "zh" => Some(Lang::Zh),
        "en" => Some(Lang::En),
        _ => None,
    };
    tags.filter_map(known).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn of(cookie: Option<&'static str>, accepted: &'static str) -> Reader {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(accepted));
        if let Some(cookie) = cookie {
            headers.insert(header::COOKIE, HeaderValue::from_static(cookie));
        }
        Reader::of(&headers, "/cases")
    }

    #[test]
    fn what_was_chosen_comes_before_what_the_browser_asks_for() {
        assert_eq!(of(None, "de, zh-CN;q=0.9, en;q=0.8").lang, Lang::Zh);
        assert_eq!(of(None, "fr").lang, Lang::En);
        let chosen = of(Some("x=y; __Host-leakwarden-reader=en.off"), "zh");
        assert_eq!((chosen.lang, chosen.keys, chosen.cookie()), (Lang::En, false, "en.off".to_owned()));
        assert_eq!(of(Some("__Host-leakwarden-reader=<script>"), "zh").lang, Lang::Zh);
        let elsewhere = of(Some("__Host-leakwarden-reader=zh-CN.on.Europe/Berlin"), "");
        assert_eq!((elsewhere.zone.as_deref(), elsewhere.cookie()), (Some("Europe/Berlin"), "zh-CN.on.Europe/Berlin".to_owned()));
        assert_eq!(of(Some("__Host-leakwarden-reader=en.on.Nowhere/At.All"), "").zone, None);
    }
}
