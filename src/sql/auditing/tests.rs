//! Ways to switch auditing off, by server, and statements that look like them and are none.

use super::switches_off;
use crate::model::record::Dialect::{self, MsSql, MySql, Oracle, PostgreSql};
use std::borrow::Cow;

#[track_caller]
fn off(dialect: Dialect, texts: &[&str]) {
    let missed: Vec<&&str> = texts.iter().filter(|text| !switches_off(text, &[], dialect)).collect();
    assert!(missed.is_empty(), "not seen: {missed:#?}");
}

#[track_caller]
fn quiet(dialect: Dialect, texts: &[&str]) {
    let wrong: Vec<&&str> = texts.iter().filter(|text| switches_off(text, &[], dialect)).collect();
    assert!(wrong.is_empty(), "told: {wrong:#?}");
}

#[test]
fn settings_of_postgresql_wherever_they_are_set() {
    off(
        PostgreSql,
        &[
            "SET pgaudit.log = 'none'",
            "/* hi */ -- there\n SET pgaudit.log = 'none'",
            "set session \"pgaudit\".\"log\" to ''",
            "SET pgaudit.log = '-read'",
            "SET pgaudit.log TO all, -read",
            "SET LOCAL pgaudit.log = write, ddl",
            "SELECT 1; SET pgaudit.log TO none; SELECT 2",
            "BEGIN; SET LOCAL log_statement = 'none'",
            "SELECT set_config('pgaudit.log', 'none', false)",
            "SELECT pg_catalog.set_config('pga' || 'udit.log', 'none', true), 1",
            "SELECT count(set_config(chr(112) || 'gaudit.log', '', false))",
            "WITH x AS (SELECT set_config('log_min_duration_statement', '-1', false)) SELECT * FROM x",
            "DO $$ BEGIN PERFORM set_config('pgaudit.log', 'none', false); END $$",
            "DO $x$BEGIN EXECUTE 'SET pgaudit.' || 'log = ''none'''; END$x$",
            "DO 'BEGIN SET pgaudit.log = none; END'",
            "ALTER ROLE li SET pgaudit.log = ''",
            "ALTER ROLE li IN DATABASE crm SET log_statement TO 'ddl'",
            "ALTER USER li RESET pgaudit.log",
            "ALTER ROLE li RESET ALL",
            "ALTER DATABASE crm SET auto_explain.log_min_duration = -1",
            "ALTER SYSTEM SET logging_collector = off",
            "ALTER SYSTEM SET log_destination = 'syslog'",
            "ALTER SYSTEM RESET pgaudit.log",
            "ALTER SYSTEM RESET ALL",
            "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements'",
            "CREATE FUNCTION f() RETURNS int SET pgaudit.log = 'none' LANGUAGE sql AS 'SELECT 1'",
            "ALTER FUNCTION f() SET pgaudit.log TO 'none'",
            "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $f$BEGIN PERFORM set_config('pgaudit.log','',true); END$f$",
            "UPDATE pg_settings SET setting = 'none' WHERE name = 'pgaudit.log'",
            "update pg_catalog.pg_settings set setting = '' where name like 'pgaudit.%'",
            "DROP EXTENSION IF EXISTS pgaudit CASCADE",
            "DROP EVENT TRIGGER pgaudit_ddl_command_end",
            "ALTER EVENT TRIGGER audit_ddl DISABLE",
            "ALTER TABLE crm.customers DISABLE TRIGGER audit_customers",
            "REVOKE SELECT ON crm.customers FROM auditor",
            "SET pgaudit.role = 'nobody'",
            "DROP OWNED BY auditor",
            "ALTER FUNCTION audit.write_row() OWNER TO li",
            "SELECT dblink_exec('dbname=crm', 'ALTER SYSTEM SET pgaudit.log = ''none''')",
            "SELECT cron.schedule('n', '0 3 * * *', $$ALTER SYSTEM SET log_statement = 'none'$$)",
            "PREPARE p AS SELECT set_config('pgaudit.log', 'none', false)",
            "COPY (SELECT 'pgaudit.log = none') TO '/var/lib/postgresql/data/postgresql.auto.conf'",
            "SET log_min_messages TO PANIC",
            "SET auto_explain.log_min_duration = '100h'",
            "SET log_line_prefix = ''",
            "RESET pgaudit.log",
        ],
    );
    quiet(
        PostgreSql,
        &[
            "SET pgaudit.log = 'all'",
            "SET pgaudit.log = 'read, write'",
            "SELECT set_config('pgaudit.log', 'all', false)",
            "SELECT set_config('search_path', '', false)",
            "SELECT set_config($1, $2, true)",
            "SELECT 'pgaudit none'",
            "SHOW pgaudit.log",
            "SELECT current_setting('pgaudit.log')",
            "SELECT * FROM pg_settings WHERE name LIKE 'pgaudit%' AND setting = 'none'",
            "INSERT INTO notes(text) VALUES ('SET pgaudit.log = none')",
            "SELECT query FROM pg_stat_activity WHERE query LIKE '%SET pgaudit.log = none%'",
            "ALTER TABLE audit_log_x ADD c int",
            "DROP TABLE tmp_audit_2026",
            "DELETE FROM audits WHERE id = 3",
            "RESET ALL",
            "DISCARD ALL",
            "SET log_statement = 'all'",
            "SET auto_explain.log_min_duration = '250ms'",
            "ALTER SYSTEM SET log_min_duration_statement = 0",
            "UPDATE crm.customers SET audited = false WHERE id = 3",
            "UPDATE devices SET log_output = 'none' WHERE id = 3",
            "GRANT SELECT ON crm.customers TO auditor",
            "SET application_name = 'audit none'",
            "COPY crm.customers TO '/tmp/x.csv'",
            "CREATE TABLE audit_off (id int)",
            "SET search_path = audit, off",
        ],
    );
    let binds = [Some(Cow::Borrowed("pgaudit.log")), Some(Cow::Borrowed("none"))];
    assert!(switches_off("SELECT set_config($1, $2, false)", &binds, PostgreSql));
    let binds = [Some(Cow::Borrowed("request.jwt")), Some(Cow::Borrowed("none"))];
    assert!(!switches_off("SELECT set_config($1, $2, false)", &binds, PostgreSql));
}

#[test]
fn variables_of_mysql_and_mariadb_in_every_scope() {
    off(
        MySql,
        &[
            "SET GLOBAL general_log=0",
            "set @@global.general_log := 'OFF'",
            "SET @@session.sql_log_off = 1",
            "SET sql_log_off = ON",
            "SET NAMES utf8mb4, sql_log_off = 1",
            "SET autocommit = 1, GLOBAL general_log = OFF",
            "SET PERSIST general_log = 1-1",
            "SET GLOBAL general_log = DEFAULT",
            "SET GLOBAL general_log = @x",
            "RESET PERSIST general_log; SET GLOBAL general_log = FALSE",
            "SET GLOBAL log_output = 'NONE'",
            "SET GLOBAL server_audit_logging = OFF",
            "SET GLOBAL server_audit_events = 'CONNECT'",
            "SET GLOBAL server_audit_excl_users = 'li'",
            "SET GLOBAL audit_log_policy = 'LOGINS'",
            "SET GLOBAL audit_log_disable = ON",
            "SET GLOBAL audit_log_exclude_accounts = 'li@%'",
            "/*!50000 SET GLOBAL general_log = 0 */",
            "# off\nSET GLOBAL slow_query_log = 0",
            "UNINSTALL PLUGIN server_audit",
            "UNINSTALL SONAME 'server_audit'",
            "UNINSTALL COMPONENT 'file://component_audit_log_filter'",
            "SELECT audit_log_filter_remove_user('li@%')",
            "SELECT audit_log_filter_set_filter('f', '{\"filter\": {\"log\": false}}')",
            "SET @q = 'SET GLOBAL general_log = 0'; PREPARE p FROM @q; EXECUTE p",
            "PREPARE p FROM 'SET GLOBAL general_log = 0'",
            "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO SET GLOBAL general_log = 0",
            "TRUNCATE TABLE mysql.general_log",
            "DROP TABLE `mysql`.`general_log`",
            "RENAME TABLE a TO b, mysql.general_log TO mysql.old",
        ],
    );
    quiet(
        MySql,
        &[
            "SET GLOBAL general_log=1",
            "RENAME TABLE shop.log TO shop.general_log",
            "SET sql_log_off = 0",
            "SET GLOBAL server_audit_logging = ON",
            "SET GLOBAL server_audit_events = ''",
            "SET NAMES utf8mb4",
            "SHOW VARIABLES LIKE 'general_log'",
            "SELECT @@general_log",
            "SET GLOBAL slow_query_log = 'ON', GLOBAL long_query_time = 0.5",
            "SET @x = 'general_log off'",
            "DELETE FROM shop.slow_logs",
        ],
    );
}

#[test]
fn statements_and_procedures_of_oracle() {
    off(
        Oracle,
        &[
            "NOAUDIT SELECT ON crm.customers",
            "/* x */ noaudit policy all_reads",
            "BEGIN EXECUTE IMMEDIATE 'NOAUDIT ALL'; END;",
            "begin execute immediate 'NO'||'AUDIT ALL'; end;",
            "ALTER SYSTEM SET audit_trail = NONE SCOPE = SPFILE",
            "ALTER SYSTEM SET audit_sys_operations=FALSE",
            "DROP AUDIT POLICY all_reads",
            "ALTER AUDIT POLICY all_reads DROP ACTIONS SELECT ON crm.customers",
            "ALTER AUDIT POLICY all_reads CONDITION 'SYS_CONTEXT(''USERENV'',''SESSION_USER'') <> ''LI''' EVALUATE PER SESSION",
            "AUDIT POLICY all_reads EXCEPT li",
            "BEGIN DBMS_FGA.DISABLE_POLICY('CRM', 'CUSTOMERS', 'P1'); END;",
            "CALL dbms_fga.drop_policy('CRM', 'CUSTOMERS', 'P1')",
            "BEGIN dbms_fga.enable_policy('CRM', 'CUSTOMERS', 'P1', FALSE); END;",
            "BEGIN DBMS_AUDIT_MGMT.CLEAN_AUDIT_TRAIL(3, FALSE); END;",
            "DELETE FROM sys.aud$",
            "TRUNCATE TABLE SYS.FGA_LOG$",
        ],
    );
    quiet(
        Oracle,
        &[
            "AUDIT SELECT ON crm.customers",
            "AUDIT POLICY all_reads",
            "ALTER SYSTEM SET audit_trail = DB, EXTENDED SCOPE = SPFILE",
            "BEGIN DBMS_AUDIT_MGMT.CLEAN_AUDIT_TRAIL(audit_trail_type => 3, use_last_arch_timestamp => TRUE); END;",
            "SELECT * FROM unified_audit_trail",
            "SELECT noaudit FROM t",
            "ALTER AUDIT POLICY all_reads CONDITION DROP",
        ],
    );
}

#[test]
fn audits_and_traces_of_sql_server() {
    off(
        MsSql,
        &[
            "ALTER SERVER AUDIT a WITH (STATE = OFF)",
            "USE master ALTER SERVER AUDIT [a] WITH (STATE=OFF)",
            "ALTER DATABASE AUDIT SPECIFICATION s WITH (STATE = OFF)",
            "ALTER DATABASE AUDIT SPECIFICATION s DROP (SELECT ON dbo.customers BY public)",
            "DROP SERVER AUDIT SPECIFICATION s",
            "DROP DATABASE AUDIT SPECIFICATION s",
            "DROP SERVER AUDIT a",
            "ALTER SERVER AUDIT a WHERE server_principal_name <> 'li'",
            "EXEC sp_executesql N'ALTER SERVER AUDIT a WITH (STATE = OFF)'",
            "EXEC ('ALTER SERVER ' + 'AUDIT a WITH (STATE = OFF)')",
            "DECLARE @s nvarchar(99) = N'ALTER SERVER AUDIT a WITH (STATE = OFF)'; EXEC (@s)",
            "EXEC sp_trace_setstatus 2, 0",
            "EXEC sp_configure 'default trace enabled', 0; RECONFIGURE",
            "EXEC sys.sp_configure N'c2 audit mode', N'0', 0",
            "DISABLE TRIGGER audit_customers ON dbo.customers",
            "ALTER EVENT SESSION audit_reads ON SERVER STATE = STOP",
            "DROP EVENT SESSION [audit_reads] ON SERVER",
        ],
    );
    quiet(
        MsSql,
        &[
            "ALTER SERVER AUDIT a WITH (STATE = ON)",
            "ALTER SERVER AUDIT SPECIFICATION s ADD (SUCCESSFUL_LOGIN_GROUP) WITH (STATE = ON)",
            "CREATE SERVER AUDIT a TO FILE (FILEPATH = 'd:\\x')",
            "EXEC sp_trace_setstatus 2, 1",
            "SELECT * FROM sys.server_audits",
            "EXEC sp_configure 'show advanced options', 1",
            "EXEC dbo.GetAudit 3",
            "SELECT 'a' + name FROM dbo.customers",
        ],
    );
}

#[test]
fn several_settings_of_one_statement_in_a_dialect_that_is_not_known() {
    off(Dialect::Generic, &["SET autocommit = 1, GLOBAL server_audit_logging = 0"]);
    quiet(Dialect::Generic, &["SET autocommit = 1, GLOBAL server_audit_logging = 1"]);
}
