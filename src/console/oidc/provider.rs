//! The house's provider of OpenID Connect: what it says of itself, its keys, and what it gives for a code. Each request has a deadline, and
//! no answer is repeated in a message: it may hold a secret.

use crate::console::form::encoded;
use crate::console::oidc::id_token::{self, Claims, Expected, Key, Refused};
use crate::notify::http::{Http, is_safe};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// What is known of the provider.
#[derive(Clone, Debug)]
pub struct Known {
    /// Where people sign in.
    pub authorization: String,
    /// Where people sign out there, where there is such a place.
    pub sign_out: Option<String>,
    token: String,
    key_set: String,
    keys: Vec<Key>,
}

#[derive(Deserialize)]
struct Described {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
}

#[derive(Deserialize)]
struct Given {
    id_token: String,
}

/// Why somebody is not signed in.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Troubled {
    /// The provider cannot be asked, or does not answer as one: about what, and how.
    #[error("the provider was asked for {0}: {1}")]
    Provider(&'static str, String),
    /// The token is not believed.
    #[error("the token of the provider: {0}")]
    Token(#[from] Refused),
}

/// The provider, and this console as its client.
pub struct Provider {
    /// The provider, as its tokens name it.
    pub issuer: String,
    /// What the provider calls this console.
    pub client_id: String,
    /// What this console proves itself by; a client without one has PKCE alone.
    pub secret: Option<String>,
    /// Where it sends people back to.
    pub redirect: String,
    /// What it is asked by.
    pub http: Http,
}

impl Provider {
    fn read(&self, what: &'static str, address: &str) -> Result<Value, Troubled> {
        let answer = self.http.get(address, &[("accept", "application/json")]).map_err(|error| Troubled::Provider(what, error.message))?;
        match answer.status {
            200 => serde_json::from_slice(&answer.body).map_err(|_| Troubled::Provider(what, "it is no JSON".to_owned())),
            status => Err(Troubled::Provider(what, format!("it answered {status}"))),
        }
    }

    /// Asks the provider what it is and which keys it has. It blocks.
    pub fn discovered(&self) -> Result<Known, Troubled> {
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let told = self.read("its description", &address)?;
        let described = serde_json::from_value::<Described>(told);
        let described = described.map_err(|_| Troubled::Provider("its description", "it lacks an address".to_owned()))?;
        if described.issuer != self.issuer {
            return Err(Troubled::Provider("its description", "it is of another issuer".to_owned()));
        }
        let addresses = [&described.authorization_endpoint, &described.token_endpoint, &described.jwks_uri];
        if !addresses.into_iter().chain(&described.end_session_endpoint).all(|address| is_safe(address)) {
            return Err(Troubled::Provider("its description", "an address is neither https nor of this machine".to_owned()));
        }
        let keys = id_token::keys(&self.read("its keys", &described.jwks_uri)?);
        let Described { authorization_endpoint: authorization, token_endpoint: token, jwks_uri: key_set, .. } = described;
        Ok(Known { authorization, sign_out: described.end_session_endpoint, token, key_set, keys })
    }

    /// Brings a code and gets whom it is of. It blocks. A key that is not known is asked for once.
    pub fn exchanged(
        &self,
        known: &Arc<Known>,
        code: &str,
        verifier: &str,
        expected: Expected<'_>,
    ) -> Result<(Claims, Option<Known>), Troubled> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", self.redirect.as_str()),
            ("code_verifier", verifier),
        ];
        let basic = self
            .secret
            .as_ref()
            .map(|secret| format!("Basic {}", STANDARD.encode(format!("{}:{}", encoded(&self.client_id), encoded(secret)))));
        if basic.is_none() {
            form.push(("client_id", &self.client_id));
        }
        let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let mut headers = vec![("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")];
        headers.extend(basic.as_deref().map(|basic| ("authorization", basic)));
        let answer = self.http.post(&known.token, &headers, body.join("&").as_bytes());
        let answer = answer.map_err(|error| Troubled::Provider("the code", error.message))?;
        let given: Given =
            serde_json::from_slice(&answer.body).map_err(|_| Troubled::Provider("the code", "it gave no ID token".to_owned()))?;
        match id_token::verify(&given.id_token, &known.keys, expected) {
            Err(Refused::Key) => {
                let renewed = Known { keys: id_token::keys(&self.read("its keys", &known.key_set)?), ..Known::clone(known) };
                let claims = id_token::verify(&given.id_token, &renewed.keys, expected).map_err(Troubled::Token)?;
                Ok((claims, Some(renewed)))
            }
            other => Ok((other.map_err(Troubled::Token)?, None)),
        }
    }
}
