//! The ways that SQL Server has to switch its auditing off.

use crate::company::{Company, runs, takes_all};

#[test]
fn every_way_is_no_quieter_than_what_it_hides() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "ALTER SERVER AUDIT [a] WITH (STATE = OFF)",
        "ALTER SERVER AUDIT SPECIFICATION s WITH (STATE=OFF);",
        "USE crm; ALTER DATABASE AUDIT SPECIFICATION reads WITH ( STATE = OFF )",
        "DROP DATABASE AUDIT SPECIFICATION reads",
        "DROP SERVER AUDIT a",
        "ALTER DATABASE AUDIT SPECIFICATION reads DROP (SELECT ON crm.customers BY public)",
        "ALTER SERVER AUDIT a WHERE server_principal_name <> 'ann'",
        "ALTER EVENT SESSION audit ON SERVER STATE = STOP",
        "DROP EVENT SESSION audit ON SERVER",
        "EXEC sp_trace_setstatus 2, 0",
        "EXEC sp_configure 'c2 audit mode', 0",
        "EXEC ('ALTER SERVER AUDIT a WITH (STATE = OFF)')",
        "EXEC sp_executesql N'DROP SERVER AUDIT a'",
    ] {
        bank.sees(&[runs("10:00", statement, 0)]).no_quieter_than(&open);
    }
    bank.sees(&[runs("10:00", "ALTER SERVER AUDIT a WITH (STATE = ON)", 0), runs("10:01", "USE crm", 0)]).is_quiet();
}
