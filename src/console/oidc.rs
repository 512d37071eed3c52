//! Signing in with the house's provider of OpenID Connect: authorization code with PKCE, state and nonce. The provider says who it is, by the
//! subject of its token; which account that is, and what it may, stands in the database alone.

pub mod client;
pub mod id_token;
pub mod provider;
