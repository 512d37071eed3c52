//! The two steps of signing in: away to the provider, and back with a code. What the provider says of itself is kept for an hour.

use crate::console::form::encoded;
use crate::console::oidc::id_token::{Claims, Expected};
use crate::console::oidc::provider::{Known, Provider, Troubled};
use crate::desk::attempt::Attempt;
use crate::model::time::HOUR_MS;
use crate::notify::http::Http;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long a request to the provider may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// For so many milliseconds nobody else waits for a provider that could not be asked.
const TROUBLED_FOR: i64 = 15_000;
/// Seconds within which one must have signed in at the provider, where one had to anew.
const ANEW: i64 = 5 * 60;
/// Where the provider sends people back to.
pub const CALLBACK: &str = "/sign-in/oidc/callback";

/// This console as a client of the provider.
pub struct Client {
    provider: Provider,
    /// What the provider said of itself, and when.
    known: Mutex<Option<(i64, Arc<Known>)>>,
    /// Why it could not be asked, and when.
    troubled: Mutex<Option<(i64, Troubled)>>,
}

impl Client {
    /// A client of `issuer`, known there as `client_id`; it trusts what the system trusts, or the certificates of a file.
    pub fn new(issuer: &str, client_id: &str, secret: Option<String>, address: &str, ca_file: Option<&Path>) -> Result<Client, String> {
        let redirect = format!("{}{CALLBACK}", address.trim_end_matches('/'));
        let (issuer, client_id, http) = (issuer.to_owned(), client_id.to_owned(), Http::new(TIMEOUT, ca_file)?);
        Ok(Client { provider: Provider { issuer, client_id, secret, redirect, http }, known: Mutex::default(), troubled: Mutex::default() })
    }

    /// What the provider says of itself. It blocks.
    fn known(&self, now: i64) -> Result<Arc<Known>, Troubled> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, known)) = known.filter(|(at, _)| (0..HOUR_MS).contains(&(now - at))) {
            return Ok(known);
        }
        let troubled = self.troubled.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((_, why)) = troubled.filter(|(at, _)| (0..TROUBLED_FOR).contains(&(now - at))) {
            return Err(why);
        }
        let found = self.provider.discovered().map(Arc::new);
        *self.troubled.lock().unwrap_or_else(PoisonError::into_inner) = found.as_ref().err().map(|why| (now, why.clone()));
        let known = found?;
        self.remember(now, &known);
        Ok(known)
    }

    /// Where people sign out at the provider, as far as it is known already.
    pub fn signs_out(&self) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let place = known?.1.sign_out.clone()?;
        let joined = if place.contains('?') { '&' } else { '?' };
        Some(format!("{place}{joined}client_id={}", encoded(&self.provider.client_id)))
    }

    fn remember(&self, now: i64, known: &Arc<Known>) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, Arc::clone(known)));
    }

    /// Where to send somebody who begins to sign in. It blocks.
    pub fn begins(&self, attempt: &Attempt) -> Result<String, Troubled> {
        let known = self.known(attempt.at)?;
        let challenge = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, attempt.verifier.as_bytes()));
        let mut query = vec![
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", &self.provider.client_id),
            ("redirect_uri", &self.provider.redirect),
            ("state", &attempt.state),
            ("nonce", &attempt.nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        if attempt.again {
            query.extend([("prompt", "login"), ("max_age", "0")]);
        }
        let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let joined = if known.authorization.contains('?') { '&' } else { '?' };
        Ok(format!("{}{joined}{}", known.authorization, query.join("&")))
    }

    /// Who brings this code. It blocks. `now` is in milliseconds.
    pub fn ends(&self, attempt: &Attempt, code: &str, now: i64) -> Result<Claims, Troubled> {
        let known = self.known(now)?;
        let within = attempt.again.then_some(ANEW);
        let Provider { issuer, client_id: client, .. } = &self.provider;
        let expected = Expected { issuer, client, nonce: &attempt.nonce, now: now / 1000, within };
        let (claims, renewed) = self.provider.exchanged(&known, code, &attempt.verifier, expected)?;
        if let Some(renewed) = renewed {
            self.remember(now, &Arc::new(renewed));
        }
        Ok(claims)
    }
}
