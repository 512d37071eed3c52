//! How the console is set up, as checked.

use crate::console::oidc::client::Client;
use crate::desk::unmask::Finder;
use crate::model::zone::Zone;
use std::net::IpAddr;
use std::sync::Arc;

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names under which it is reached, beside addresses and `localhost`.
    pub hosts: Vec<String>,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Whose word counts about who signed in, and from where: the proxy's addresses; without any this machine's.
    pub proxies: Vec<IpAddr>,
    /// Who finds identities again, where this process can.
    pub finder: KeyHolder,
    /// Places of cases a day.
    pub budget_per_day: u32,
    /// The zone of days and times.
    pub zone: Zone,
    /// Whether it speaks TLS, so that browsers are told never to come without.
    pub tls: bool,
}

/// Whoever holds the key and can read the sources again; none where this process cannot.
#[derive(Clone, Default)]
pub struct KeyHolder(Option<Arc<dyn Finder>>);

impl KeyHolder {
    /// This one.
    pub fn new(finder: Arc<dyn Finder>) -> KeyHolder {
        KeyHolder(Some(finder))
    }

    /// It.
    pub fn get(&self) -> Option<&Arc<dyn Finder>> {
        self.0.as_ref()
    }
}

impl std::fmt::Debug for KeyHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.0.is_some() { "KeyHolder" } else { "nobody" })
    }
}

impl Settings {
    /// Whether a request from there comes from the proxy.
    pub fn is_proxy(&self, peer: Option<IpAddr>) -> bool {
        let peer = peer.map(|peer| peer.to_canonical());
        peer.is_some_and(|peer| if self.proxies.is_empty() { peer.is_loopback() } else { self.proxies.contains(&peer) })
    }
}

/// How people sign in.
#[derive(Clone)]
pub enum SignIn {
    /// By password and second factor.
    Local,
    /// By password alone: of the demo, which only its own machine reaches. No configuration says so.
    PasswordAlone,
    /// With the house's provider of OpenID Connect.
    Oidc(Arc<Client>),
    /// A proxy has done it, says who it was in this header, and proves itself by the secret in [`PROXY_SECRET`].
    Proxy {
        /// The header with the account's name, lower case.
        header: String,
        /// The secret's hash.
        secret: blake3::Hash,
    },
}

/// The header with the proxy's secret.
pub const PROXY_SECRET: &str = "x-leakwarden-proxy-secret";

impl std::fmt::Debug for SignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            SignIn::Local => f.write_str("Local"),
            SignIn::PasswordAlone => f.write_str("PasswordAlone"),
            SignIn::Oidc(_) => f.write_str("Oidc"),
            SignIn::Proxy { header, .. } => f.debug_struct("Proxy").field("header", header).finish_non_exhaustive(),
        }
    }
}
