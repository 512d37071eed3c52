//! The rows go to, or come from, another server, a file, or a copy of the whole.

use crate::company::{Company, ann, takes_all};

#[test]
fn what_leaves_by_another_door_is_taken() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "SELECT * FROM dblink('host=x', 'SELECT name, phone FROM crm.customers') AS t(a text, b text)",
        "SELECT name, phone FROM crm.customers@copy",
        "INSERT INTO OPENROWSET('SQLNCLI', 'x', 'SELECT * FROM t') SELECT name, phone FROM crm.customers",
        "CREATE PUBLICATION p FOR TABLE crm.customers",
        "BACKUP DATABASE crm TO DISK = 'x'",
        "SELECT query_to_xml('SELECT name, phone FROM crm.customers', true, false, '')",
        "SELECT * FROM pg_logical_slot_get_changes('s', NULL, NULL)",
        "BASE_BACKUP LABEL 'x'",
        "SELECT pg_read_binary_file('base/1/2')",
    ] {
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
}
