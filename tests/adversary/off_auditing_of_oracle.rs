//! The ways that Oracle has to switch its auditing off.

use crate::company::{Company, runs, takes_all};

#[test]
fn every_way_is_no_quieter_than_what_it_hides() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "NOAUDIT ALL ON crm.customers",
        "NOAUDIT POLICY reads BY ann",
        "noaudit select table",
        "DROP AUDIT POLICY reads",
        "ALTER AUDIT POLICY reads DROP ACTIONS SELECT ON crm.customers",
        "AUDIT POLICY reads EXCEPT ann",
        "ALTER SYSTEM SET audit_trail = NONE SCOPE = SPFILE",
        "BEGIN DBMS_FGA.DROP_POLICY('CRM', 'CUSTOMERS', 'READS'); END;",
        "BEGIN DBMS_FGA.DISABLE_POLICY(object_schema => 'CRM', object_name => 'CUSTOMERS', policy_name => 'READS'); END;",
        "BEGIN DBMS_AUDIT_MGMT.CLEAN_AUDIT_TRAIL(DBMS_AUDIT_MGMT.AUDIT_TRAIL_UNIFIED, FALSE); END;",
        "BEGIN EXECUTE IMMEDIATE 'NOAUDIT ALL'; END;",
        "DELETE FROM sys.aud$",
        "TRUNCATE TABLE sys.fga_log$",
    ] {
        bank.sees(&[runs("10:00", statement, 0)]).no_quieter_than(&open);
    }
    bank.sees(&[runs("10:00", "AUDIT POLICY reads", 0), runs("10:01", "ALTER SESSION SET nls_date_format = 'YYYY'", 0)]).is_quiet();
}
