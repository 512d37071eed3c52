//! An ID token of OpenID Connect: a signature by a key of the provider, and claims that are of this console, this attempt and this time.
//! Whatever is not known is refused. Signatures are checked by `ring`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::Value;

/// Bytes of the longest token.
const LONGEST: usize = 16 * 1024;
/// Seconds that clocks may differ.
const SKEW: i64 = 60;
/// Bytes of the longest subject, by the standard.
const LONGEST_SUBJECT: usize = 255;

/// A key of the provider.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Its name.
    id: Option<String>,
    with: Algorithm,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Algorithm {
    Rs256 { n: Vec<u8>, e: Vec<u8> },
    Es256(Vec<u8>),
    EdDsa(Vec<u8>),
}

impl Algorithm {
    fn name(&self) -> &'static str {
        match self {
            Algorithm::Rs256 { .. } => "RS256",
            Algorithm::Es256(_) => "ES256",
            Algorithm::EdDsa(_) => "EdDSA",
        }
    }

    fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        match self {
            Algorithm::Rs256 { n, e } => {
                RsaPublicKeyComponents { n, e }.verify(&signature::RSA_PKCS1_2048_8192_SHA256, text, signature).is_ok()
            }
            Algorithm::Es256(point) => UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point).verify(text, signature).is_ok(),
            Algorithm::EdDsa(point) => UnparsedPublicKey::new(&signature::ED25519, point).verify(text, signature).is_ok(),
        }
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The keys of a JSON Web Key Set that sign, and that are of an algorithm that is known. Others are passed over.
pub fn keys(set: &Value) -> Vec<Key> {
    let of = |key: &Value| {
        let text = |name: &str| key.get(name).and_then(Value::as_str);
        let part = |name: &str| text(name).and_then(bytes);
        if text("use").is_some_and(|used| used != "sig") {
            return None;
        }
        let with = match (text("kty")?, text("crv")) {
            ("RSA", _) => Algorithm::Rs256 { n: part("n")?, e: part("e")? },
            ("EC", Some("P-256")) => Algorithm::Es256([vec![4], part("x")?, part("y")?].concat()),
            ("OKP", Some("Ed25519")) => Algorithm::EdDsa(part("x")?),
            _ => return None,
        };
        let fits = text("alg").is_none_or(|name| name == with.name());
        fits.then(|| Key { id: text("kid").map(str::to_owned), with })
    };
    set.get("keys").and_then(Value::as_array).into_iter().flatten().filter_map(of).collect()
}

/// What a token must be of.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The provider.
    pub issuer: &'a str,
    /// This console, as the provider knows it.
    pub client: &'a str,
    /// The attempt.
    pub nonce: &'a str,
    /// Seconds since 1970.
    pub now: i64,
    /// Seconds within which whoever signs in must have done so there, where they had to anew.
    pub within: Option<i64>,
}

/// What it says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Claims {
    /// Who it is, for this provider.
    pub subject: String,
    /// When they signed in there, in seconds, if it says so.
    pub signed_in: Option<i64>,
}

/// Why it is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the texts are the definition")]
pub enum Refused {
    #[error("it is no signed token")]
    Malformed,
    #[error("it is signed by none of RS256, ES256, EdDSA, or asks for what is not known")]
    Algorithm,
    #[error("it names a key that the provider does not have")]
    Key,
    #[error("its signature does not hold")]
    Signature,
    #[error("it is of another issuer")]
    Issuer,
    #[error("it is for somebody else")]
    Audience,
    #[error("its time is over")]
    Expired,
    #[error("its time has not come")]
    NotYet,
    #[error("it is of another attempt")]
    Nonce,
    #[error("it names nobody")]
    Subject,
    #[error("whoever signs in had to do so anew, and it does not say that they did")]
    NotAnew,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

#[derive(Deserialize)]
struct Body {
    iss: String,
    sub: String,
    aud: Value,
    azp: Option<String>,
    exp: i64,
    iat: i64,
    nbf: Option<i64>,
    nonce: Option<String>,
    auth_time: Option<i64>,
}

/// What a token says, if it is to be believed.
pub fn verify(token: &str, keys: &[Key], expected: Expected<'_>) -> Result<Claims, Refused> {
    if token.len() > LONGEST {
        return Err(Refused::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Refused::Malformed)?;
    let (head, body) = signed.split_once('.').filter(|(_, body)| !body.contains('.')).ok_or(Refused::Malformed)?;
    let head: Header = bytes(head).and_then(|head| serde_json::from_slice(&head).ok()).ok_or(Refused::Malformed)?;
    if !["RS256", "ES256", "EdDSA"].contains(&head.alg.as_str()) || head.crit.is_some() {
        return Err(Refused::Algorithm);
    }
    let named = |key: &&Key| head.kid.is_none() || key.id == head.kid;
    // A key is used by its own algorithm, whatever the token says.
    let mut fitting = keys.iter().filter(named).filter(|key| key.with.name() == head.alg).peekable();
    if fitting.peek().is_none() {
        return Err(Refused::Key);
    }
    let signature = bytes(signature).ok_or(Refused::Malformed)?;
    if !fitting.any(|key| key.with.verifies(signed.as_bytes(), &signature)) {
        return Err(Refused::Signature);
    }
    let body: Body = bytes(body).and_then(|body| serde_json::from_slice(&body).ok()).ok_or(Refused::Malformed)?;
    claims(body, expected)
}

fn claims(body: Body, expected: Expected<'_>) -> Result<Claims, Refused> {
    if body.iss != expected.issuer {
        return Err(Refused::Issuer);
    }
    let for_us = match &body.aud {
        Value::String(one) => one == expected.client,
        // Of several the token must say that it was made for this one.
        Value::Array(all) => {
            all.iter().any(|one| one.as_str() == Some(expected.client)) && (all.len() == 1 || body.azp.as_deref() == Some(expected.client))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    };
    if !for_us || body.azp.as_ref().is_some_and(|party| party != expected.client) {
        return Err(Refused::Audience);
    }
    if expected.now.saturating_sub(SKEW) >= body.exp {
        return Err(Refused::Expired);
    }
    let latest = expected.now.saturating_add(SKEW);
    if body.iat > latest || body.nbf.is_some_and(|from| from > latest) {
        return Err(Refused::NotYet);
    }
    if body.nonce.as_deref() != Some(expected.nonce) {
        return Err(Refused::Nonce);
    }
    if body.sub.is_empty() || body.sub.len() > LONGEST_SUBJECT {
        return Err(Refused::Subject);
    }
    if body.auth_time.is_some_and(|at| at > latest) {
        return Err(Refused::NotYet);
    }
    if let Some(within) = expected.within
        && body.auth_time.is_none_or(|at| expected.now.saturating_sub(at) > within)
    {
        return Err(Refused::NotAnew);
    }
    Ok(Claims { subject: body.sub, signed_in: body.auth_time })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Made by OpenSSL, of a key that was thrown away.
    const N: &str = "tWlg7OuLaITQcH4O5InOM_AJ4XZuxnmptRUDOjwf7VFl6TRw_KlcxuguzV4bjPNyIp4dkyOq4sgwUUcH7mHCphDzlgHBffhk4fubvPy2Tjat53-xB0mD9S-fYn43LHmHFmO2KF_glOgN1rxC5H8Ciew4Q73Pjf1hX8Pl6oqHGjkrVHkbMxgBHawF3_5xmXO1Erh7BgKcPdsKgLEoUg2tz-cdLwGYsSmJU_9aAMXMsOjXHQu2UYPSEOUo38ldJQ6Qoo0eXT8UJi5TqttfsQQRjLcNJR84QgA1SLyJvg5-Kt29sbPo8vkirjYysoMAp8_IBS-cJlQYeQsaHbjr0xA7GQ";
    const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsImtpZCI6InIxIn0.eyJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJzdWIiOiJzLTEiLCJhdWQiOiJjb25zb2xlIiwiZXhwIjoyMDAwMDAwMDAwLCJpYXQiOjE5OTk5OTkwMDAsIm5vbmNlIjoibi0xIn0.ggvD7L7JC41Xm42dlzhBMf-0bpBVfs2iahdAMFPyEsJPuZ8t00JB65tsnHxBreg1Kq5uzLx0CMuQ8HH4o81MFIiSAFMiWTnmC9YWgDT5OZNmqccJ8rCh59n-1K_JFUN-lf3gsFL5KK4xwsCyeAXCA-h3wj15JQf2PHK9apfvgA1kE0GMTAtnMnGFNOhsHgusoN3KpjqDecFg2mTh1iDc5kJPh1922o4Hh7BXOuLJtSs1roSXm71qFbAxmN6KA4l6KzasaX3P4R6YjRm9k9rtEEHAiR8p9OBxvi_pUH52QZNDTBCKch2AA1fSk4Z-ihTxrCt-s0U9snErJP8FHtRt_A";

    fn expected(nonce: &str, now: i64) -> Expected<'_> {
        Expected { issuer: "https://id.example", client: "console", nonce, now, within: None }
    }

    #[test]
    fn a_signature_by_rsa_of_somebody_elses_making_holds_and_nothing_else_does() {
        let set = |alg: &str| json!({ "keys": [{ "kty": "RSA", "kid": "r1", "alg": alg, "n": N, "e": "AQAB" }] });
        let keys = keys(&set("RS256"));
        let at = 1_999_999_500;
        assert_eq!(verify(TOKEN, &keys, expected("n-1", at)).map(|claims| claims.subject), Ok("s-1".to_owned()));
        assert_eq!(verify(TOKEN, &keys, expected("n-2", at)), Err(Refused::Nonce));
        assert_eq!(verify(TOKEN, &keys, expected("n-1", 2_000_000_060)), Err(Refused::Expired));
        assert_eq!(verify(TOKEN, &keys, expected("n-1", 1_999_998_000)), Err(Refused::NotYet));
        assert_eq!(verify(TOKEN, &keys, Expected { client: "other", ..expected("n-1", at) }), Err(Refused::Audience));
        assert_eq!(verify(TOKEN, &keys, Expected { issuer: "https://id.example/", ..expected("n-1", at) }), Err(Refused::Issuer));
        assert_eq!(verify(TOKEN, &keys, Expected { within: Some(300), ..expected("n-1", at) }), Err(Refused::NotAnew));
        assert_eq!(verify(TOKEN, &super::keys(&set("RS512")), expected("n-1", at)), Err(Refused::Key), "the key is of another algorithm");
        let (signed, signature) = TOKEN.rsplit_once('.').expect("three parts");
        let forged = format!("{}.{signature}", signed.replace('.', ".e30"));
        assert_eq!(verify(&forged, &keys, expected("n-1", at)), Err(Refused::Signature));
        for broken in ["", "a.b", "a.b.c", "....", TOKEN.trim_start_matches('e'), &"x".repeat(LONGEST + 1)] {
            assert_eq!(verify(broken, &keys, expected("n-1", at)), Err(Refused::Malformed), "{broken:.20}");
        }
    }

    #[test]
    fn what_is_no_key_to_sign_by_is_passed_over() {
        let set = json!({ "keys": [
            { "kty": "oct", "k": "AAAA" }, { "kty": "RSA", "use": "enc", "n": N, "e": "AQAB" }, { "kty": "EC", "crv": "P-521", "x": "AA", "y": "AA" },
            { "kty": "RSA", "n": "!", "e": "AQAB" }, "x", { "kid": "e1", "kty": "OKP", "crv": "Ed25519", "x": "AA" },
        ] });
        assert_eq!(keys(&set).iter().map(|key| key.id.as_deref()).collect::<Vec<_>>(), [Some("e1")]);
        assert!(keys(&json!([])).is_empty() && keys(&json!({ "keys": {} })).is_empty());
    }
}
