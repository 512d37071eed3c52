//! A function or procedure reads in the place of a statement.

use crate::company::{Company, runs, takes_all};

#[test]
fn a_function_made_to_read_reads() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:01")]);
    for (made, called) in [
        ("CREATE FUNCTION f() RETURNS SETOF crm.customers LANGUAGE sql AS 'SELECT * FROM crm.customers'", "SELECT * FROM f()"),
        ("PREPARE p AS SELECT id, name, phone FROM crm.customers", "EXECUTE p"),
        ("DECLARE c NO SCROLL CURSOR FOR SELECT id, name, phone FROM crm.customers", "FETCH ALL FROM c"),
        (
            "CREATE FUNCTION g() RETURNS SETOF record LANGUAGE plpgsql AS 'BEGIN RETURN QUERY SELECT 1; END'",
            "SELECT * FROM g() AS t(a text)",
        ),
    ] {
        let acts = [runs("10:00", made, 0).set("session", "s1"), runs("10:01", called, 10_000).set("session", "s1")];
        bank.sees(&acts).no_quieter_than(&open);
    }
}
