//! The same from a computer that nobody knows, or that of a colleague, or without any.

use crate::company::{Company, takes_all};

#[test]
fn no_device_is_quieter_than_ones_own() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for client in [
        serde_json::json!({"host": "laptop-66", "app": "crm"}),
        serde_json::json!({"host": "desk-bob1", "app": "crm"}),
        serde_json::json!({"ip": "203.0.113.9"}),
        serde_json::json!({}),
        serde_json::json!({"app": "psql"}),
    ] {
        bank.sees(&[takes_all("10:00").set("client", client)]).no_quieter_than(&open);
    }
}
