//! The ways that MySQL and MariaDB have to switch their auditing off.

use crate::company::{Company, runs, takes_all};

#[test]
fn every_way_is_no_quieter_than_what_it_hides() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "SET GLOBAL general_log = 0",
        "SET @@global.general_log = 'OFF'",
        "SET PERSIST general_log := OFF",
        "SET sql_log_off = 1",
        "SET SESSION sql_log_off = ON",
        "SET GLOBAL log_output = 'NONE'",
        "SET GLOBAL server_audit_events = 'CONNECT'",
        "SET GLOBAL server_audit_excl_users = 'ann'",
        "SET GLOBAL server_audit_incl_users = 'nobody'",
        "SET autocommit = 1, GLOBAL server_audit_logging = 0",
        "UNINSTALL PLUGIN server_audit",
        "UNINSTALL SONAME 'server_audit.so'",
        "UNINSTALL COMPONENT 'file://component_audit_api_message_emit'",
        "SET GLOBAL audit_log_policy = 'NONE'",
        "SELECT audit_log_filter_remove_filter('all')",
        "TRUNCATE TABLE mysql.general_log",
        "RENAME TABLE mysql.general_log TO mysql.gl",
    ] {
        bank.sees(&[runs("10:00", statement, 0)]).no_quieter_than(&open);
    }
    bank.sees(&[runs("10:00", "SET GLOBAL general_log = 1", 0), runs("10:01", "SET NAMES utf8mb4", 0)]).is_quiet();
}
