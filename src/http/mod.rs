//! What the service shows over HTTP. Reads only: nothing here changes the service.

pub mod coverage;
pub mod health;
pub mod router;
