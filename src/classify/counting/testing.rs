//! What the tests of counting share: a catalog with a table of every sort, and a record to count.

use crate::classify::catalog::Catalog;
use crate::classify::counting::{Disclosure, disclose};
use crate::model::access::{Position, RecordHash};
use crate::model::keys::Keys;
use crate::model::record::Record;
use crate::model::time::Timestamp;

/// Keyed by the person; details of a person; two people on a row; a view over several; nothing personal.
const CATALOG: &str = r#"
    [[table]]
    table = "crm.customers"
    subject = "id"
    [table.columns]
    name = "name"
    phone = "phone_number"

    [[table]]
    table = "bank.accounts"
    subject = "customer_id"
    rows_per_subject = "many"
    [table.columns]
    account_no = "bank_account"
    balance = "property"

    [[table]]
    table = "telco.calls"
    subject = "caller"
    rows_per_subject = "many"
    subject_space = "telco"
    [table.columns]
    caller = "communication_record"
    callee = "communication_record"
    cell = "location_track"

    [[table]]
    table = "crm.v_360"
    subject = "id"
    rows_per_subject = "many"
    [table.columns]
    name = "name"
    account_no = "bank_account"

    [[table]]
    table = "ref.branches"
"#;

/// A record that says nothing yet.
pub fn record<'a>() -> Record<'a> {
    Record::new(Position(1), RecordHash::default(), Timestamp::FIRST)
}

/// What a record disclosed, by the catalog above.
pub fn count(record: &Record<'_>) -> Disclosure {
    let catalog = Catalog::parse(CATALOG, "catalog.toml").expect("is valid");
    disclose(record, &catalog, &Keys::built_in())
}
