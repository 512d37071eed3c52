//! Auditing is switched off, and what follows leaves no record.

use crate::company::{Company, runs, takes_all};

#[test]
fn switching_off_is_no_quieter_than_what_it_hides() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in
        ["SET pgaudit.log = 'none'", "/* x */ SET GLOBAL server_audit_logging = OFF", "ALTER SERVER AUDIT a WITH (STATE = OFF)"]
    {
        bank.sees(&[runs("10:00", statement, 0)]).no_quieter_than(&open);
    }
}
