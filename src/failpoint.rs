//! Named points at which tests end the process, as `kill -9` would: `LEAKWARDEN_FAIL_AT=name:7` aborts when the point of that name is
//! passed for the seventh time. Without the variable a point costs one load.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every point, in the order in which a record passes them.
pub const POINTS: &[&str] = &[
    "assigned",
    "record taken",
    "dead letters kept",
    "message sent",
    "message acknowledged",
    "message taken",
    "alerts given",
    "alerts acknowledged",
    "save begun",
    "offsets committed",
    "giving up",
];

/// Before and after a commit to the database of cases.
pub const COMMIT: [&str; 2] = ["commit begun", "commit done"];

/// Points that one process passes beside these, before it decodes: a message, the lines of a block, or a record by itself.
pub const DECODING: &str = "decoding";

struct Armed {
    name: String,
    left: AtomicU64,
}

static ARMED: OnceLock<Option<Armed>> = OnceLock::new();

/// The point is passed.
pub fn hit(name: &str) {
    let armed = ARMED.get_or_init(|| {
        let text = std::env::var("LEAKWARDEN_FAIL_AT").ok()?;
        let (name, count) = text.rsplit_once(':')?;
        Some(Armed { name: name.to_owned(), left: AtomicU64::new(count.parse().ok()?) })
    });
    if let Some(armed) = armed
        && armed.name == name
        && armed.left.fetch_sub(1, Ordering::Relaxed) == 1
    {
        std::process::abort();
    }
}
