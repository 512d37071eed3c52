//! The console in a real browser (Debian's `chromium` and `chromium-driver`): what people do all day, and what must not happen to them.
//!
//! One console over one database serves all tests; each works on cases of its own. Where there is no browser the tests say so and do
//! nothing, unless `LEAKWARDEN_REQUIRE_BROWSER=1`.

#![allow(clippy::disallowed_methods, reason = "it waits for a browser, and not for ever")]

#[path = "../common/mod.rs"]
mod common;
#[path = "../desk/company.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod company;

mod accessible;
mod bank;
mod decisions;
mod driver;
mod following;
mod keyboard;
mod reading;
mod screenshots;
mod unmasking;
