//! The ways that PostgreSQL has to switch its auditing off.

use crate::company::{Company, runs, takes_all};

#[test]
fn every_way_is_no_quieter_than_what_it_hides() {
    let bank = Company::bank();
    let open = bank.sees(&[takes_all("10:00")]);
    for statement in [
        "/* nothing */ -- at all\nSET pgaudit.log TO 'ddl'",
        "SET LOCAL pgaudit.log = '-read'",
        "SELECT 1; SET SESSION pgaudit.log = none; SELECT 2",
        "SELECT set_config('pgaudit.log', 'none', false)",
        "SELECT pg_catalog.set_config('pgaudit' || '.log', '', true)",
        "DO $$ BEGIN PERFORM set_config('pgaudit.log', 'role', false); END $$",
        "DO $$ BEGIN EXECUTE 'SET pgaudit.log = ''none'''; END $$",
        "ALTER ROLE ann SET pgaudit.log = 'none'",
        "ALTER ROLE ann IN DATABASE crm SET pgaudit.log = ''",
        "ALTER DATABASE crm SET pgaudit.log TO 'none'",
        "ALTER SYSTEM SET logging_collector = off",
        "ALTER SYSTEM SET log_destination = 'eventlog'",
        "ALTER SYSTEM SET shared_preload_libraries = ''",
        "ALTER SYSTEM RESET pgaudit.log",
        "SET auto_explain.log_min_duration = -1",
        "SET log_statement = 'none'",
        "SET log_min_messages = 'panic'",
        "UPDATE pg_settings SET setting = 'none' WHERE name = 'pgaudit.log'",
        "DROP EXTENSION pgaudit CASCADE",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SET pgaudit.log = 'none' AS 'SELECT 1'",
        "ALTER FUNCTION export_all() SET pgaudit.log = 'none'",
    ] {
        bank.sees(&[runs("10:00", statement, 0)]).no_quieter_than(&open);
    }
    for statement in ["SHOW pgaudit.log", "SET search_path = crm", "SELECT 'SET pgaudit.log = none'", "SET pgaudit.log = 'all'"] {
        bank.sees(&[runs("10:00", statement, 0)]).is_quiet();
    }
}
