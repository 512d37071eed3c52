//! How the console is set up, as checked.

use crate::model::zone::Zone;

/// The settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Names under which it is reached, beside addresses and `localhost`.
    pub hosts: Vec<String>,
    /// How people sign in.
    pub sign_in: SignIn,
    /// Places of cases a day.
    pub budget_per_day: u32,
    /// The zone of days and times.
    pub zone: Zone,
    /// Whether it speaks TLS, so that browsers are told never to come without.
    pub tls: bool,
}

/// How people sign in.
#[derive(Clone)]
pub enum SignIn {
    /// By password and second factor.
    Local,
    /// By password alone: of the demo, which only its own machine reaches. No configuration says so.
    PasswordAlone,
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
            SignIn::Proxy { header, .. } => f.debug_struct("Proxy").field("header", header).finish_non_exhaustive(),
        }
    }
}
