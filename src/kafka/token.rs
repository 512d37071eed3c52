//! The token with which clients authenticate by `OAUTHBEARER`. Somebody else renews it (a sidecar, a CSI driver, a projected service
//! account) and puts it where `sasl.oauthbearer.token` says. It is read whenever a client needs a new one: at the start, after four
//! fifths of its life, and every ten seconds while there is no valid one.
//!
//! librdkafka asks the context of the client for it, and hands over nothing but the text of `sasl.oauthbearer.config`. So the
//! reference to the token is kept there, and contexts need no state of their own.

use crate::kafka::settings::{SettingsError, resolve};
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use rdkafka::client::OAuthToken;
use serde::Deserialize;
use std::time::{SystemTime, UNIX_EPOCH};

/// The setting that says where the token is: `file:PATH` or `${NAME}`.
pub const SETTING: &str = "sasl.oauthbearer.token";
/// The setting of librdkafka that carries the reference to [`renew`].
pub const CARRIER: &str = "sasl.oauthbearer.config";

/// Tells our references from what else the setting may hold.
const PREFIX: &str = "leakwarden-token:";

/// Bytes. Longer than any token in use.
const LONGEST: usize = 64 * 1024;

/// The value of [`CARRIER`] for a reference. Refuses a token that stands in the configuration itself: it could not be renewed.
pub fn carried(reference: &str) -> Result<String, SettingsError> {
    if reference.starts_with("file:") || (reference.starts_with("${") && reference.ends_with('}')) {
        return Ok(format!("{PREFIX}{reference}"));
    }
    let why = "must be file:PATH or ${NAME}, since it is read anew before it expires".to_owned();
    Err(SettingsError::Reference { setting: SETTING.to_owned(), reference: "***".to_owned(), why })
}

/// The token as it is now, from the value of [`CARRIER`].
pub fn renew(carried: Option<&str>) -> Result<OAuthToken, Box<dyn std::error::Error>> {
    let Some(reference) = carried.and_then(|carried| carried.strip_prefix(PREFIX)) else {
        // Without a reference librdkafka makes an unsecured token, as in tests, once and not again.
        return Err(format!("client.{SETTING} must say where the token is").into());
    };
    Ok(read(reference, |name| std::env::var(name).ok())?)
}

/// The token that a reference leads to, if it is valid now. Errors never contain any part of it.
pub fn read(reference: &str, environment: impl Fn(&str) -> Option<String>) -> Result<OAuthToken, SettingsError> {
    let text = resolve(SETTING, reference, environment)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    parse(text.trim(), now).map_err(|why| SettingsError::Reference { setting: SETTING.to_owned(), reference: reference.to_owned(), why })
}

/// The claims that are needed here. Signature and audience are verified by the brokers.
#[derive(Deserialize)]
struct Claims {
    exp: Option<f64>,
    sub: Option<String>,
}

fn parse(token: &str, now_ms: i64) -> Result<OAuthToken, String> {
    let parts: Vec<&str> = token.split('.').collect();
    let [_, claims, _] = parts.as_slice() else {
        return Err(format!("must be a JWT, three parts with dots between, got {} part(s)", parts.len()));
    };
    if token.len() > LONGEST || !token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte)) {
        return Err(format!("must be a JWT of at most {LONGEST} letters, digits and -._~+/=, got something else"));
    }
    let bytes = URL_SAFE_NO_PAD.decode(claims).or_else(|_| URL_SAFE.decode(claims));
    // Errors of the parsers quote what they do not like.
    let bytes = bytes.map_err(|_| "must be a JWT, got a second part that is not Base64".to_owned())?;
    let claims: Claims = serde_json::from_slice(&bytes).map_err(|_| "must be a JWT, got claims that are not a JSON object".to_owned())?;
    let Some(exp) = claims.exp.filter(|exp| exp.is_finite() && (0.0..1e11).contains(exp)) else {
        return Err("must say when it expires: it has no claim exp in seconds since 1970".to_owned());
    };
    let lifetime_ms = (exp * 1_000.0) as i64;
    if lifetime_ms <= now_ms {
        return Err(format!("expired {} s ago: whoever renews it does not", (now_ms - lifetime_ms) / 1_000));
    }
    Ok(OAuthToken { token: token.to_owned(), principal_name: claims.sub.unwrap_or_else(|| "leakwarden".to_owned()), lifetime_ms })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_770_000_000_000;

    fn jwt(claims: &str) -> String {
        format!("{}.{}.c2lnbmF0dXJl", URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256"}"#), URL_SAFE_NO_PAD.encode(claims))
    }

    #[test]
    fn a_token_says_itself_when_it_expires_and_who_it_is() {
        let found = parse(&jwt(r#"{"sub":"svc-leakwarden","exp":1770000060,"scope":"kafka"}"#), NOW).expect("good");
        assert_eq!((found.principal_name.as_str(), found.lifetime_ms), ("svc-leakwarden", NOW + 60_000));
        let found = parse(&jwt(r#"{"exp":1770000060.5}"#), NOW).expect("good");
        assert_eq!((found.principal_name.as_str(), found.lifetime_ms), ("leakwarden", NOW + 60_500));
    }

    #[test]
    fn an_invalid_token_is_reported_without_printing_it() {
        let bad = [
            ("hunter2".to_owned(), "must be a JWT, three parts with dots between, got 1 part(s)"),
            (String::new(), "must be a JWT, three parts with dots between, got 1 part(s)"),
            ("hunter2.hunter2.hunter2.hunter2.hunter2".to_owned(), "got 5 part(s)"),
            ("a.hunter2\u{1}.c".to_owned(), "letters, digits"),
            ("a.hunter2!.c".to_owned(), "letters, digits"),
            ("a.hunter2==.c".to_owned(), "not Base64"),
            (jwt("hunter2"), "not a JSON object"),
            (jwt(r#"{"sub":"hunter2"}"#), "no claim exp"),
            (jwt(r#"{"sub":"hunter2","exp":1e300}"#), "no claim exp"),
            (jwt(r#"{"sub":"hunter2","exp":-1}"#), "no claim exp"),
            (jwt(r#"{"sub":"hunter2","exp":1769999990}"#), "expired 10 s ago"),
        ];
        for (token, rule) in bad {
            let why = parse(&token, NOW).err().expect("refused");
            assert!(why.contains(rule) && !why.contains("hunter2"), "{why}");
        }
        assert!(parse(&jwt(&format!(r#"{{"exp":1770000060,"x":"{}"}}"#, "x".repeat(LONGEST))), NOW).is_err());
    }

    #[test]
    fn it_is_read_where_the_setting_says_each_time_anew() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("token");
        let reference = format!("file:{}", path.display());
        let error = read(&reference, |_| None).err().expect("refused").to_string();
        assert!(error.starts_with(&format!("client.sasl.oauthbearer.token = {reference:?}: cannot be read")), "{error}");
        let carried = carried(&reference).expect("a reference");
        for name in ["one", "two"] {
            std::fs::write(&path, jwt(&format!(r#"{{"sub":"{name}","exp":4e9}}"#)) + "\n").expect("written");
            assert_eq!(renew(Some(&carried)).expect("good").principal_name, name);
        }
        let of_environment = read("${TOKEN}", |name| (name == "TOKEN").then(|| jwt(r#"{"sub":"three","exp":4e9}"#)));
        assert_eq!(of_environment.expect("good").principal_name, "three");
        let error = super::carried("hunter2.hunter2.hunter2").expect_err("refused").to_string();
        assert!(error.contains("must be file:PATH or ${NAME}") && !error.contains("hunter2"), "{error}");
        assert!(renew(Some("principal=somebody")).is_err() && renew(None).is_err());
    }
}
