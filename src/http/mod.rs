//! What the service shows over HTTP. Reads only: nothing here changes the service.

mod connection;
pub mod coverage;
pub mod guard;
pub mod health;
pub(crate) mod query;
pub mod resource;
mod resources;
pub mod router;
pub mod server;
pub mod tls;

pub use connection::Peer;
