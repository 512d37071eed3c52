//! Logs that other people's servers wrote, where a checkout lies beside them: every file of a listed format is recognised and
//! decodes, and what does not is known by name. Without them the test says that it was skipped, past the
//! capture of its output.
//! `LEAKWARDEN_SAMPLES` names another place; with `LEAKWARDEN_SAMPLES_REQUIRED` their absence is a failure.

use leakwarden::decode::{self, Codec, Decoded, Raw, Settings};
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::time::Timestamp;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Folders of listed formats.
const FOLDERS: [(&str, &[&str]); 25] = [
    ("aws_database_activity_streams", &["aws-das"]),
    ("azure_postgresql", &["azure-postgresql"]),
    ("databricks_audit", &["databricks-audit"]),
    ("dicom_atna_audit", &["atna"]),
    ("fhir_auditevent", &["fhir-auditevent"]),
    ("gcp_cloudsql_mysql_audit", &["cloudsql-logentry"]),
    ("gcp_cloudsql_pgaudit_logentry", &["cloudsql-logentry"]),
    ("hdfs_audit", &["hdfs-audit"]),
    ("hive_ranger_eagle", &["ranger-audit"]),
    ("mariadb_server_audit", &["mariadb-audit"]),
    ("mongodb_auditlog_json", &["mongodb-audit"]),
    ("mysql_enterprise_json", &["mysql-audit-json"]),
    ("oracle_audit_os_text", &["oracle-syslog"]),
    ("oracle_audit_xml", &["oracle-audit-xml"]),
    ("oracle_unified_json", &["oracle-unified-json"]),
    ("oracle_unified_syslog", &["oracle-syslog"]),
    ("percona_audit_docs", &["percona-audit-json", "percona-audit-xml", "percona-audit-csv", "mysql-audit-json"]),
    ("percona_audit_log_json", &["percona-audit-json"]),
    ("pgaudit_ibmcloud_json", &["postgresql-stderr"]),
    ("pgaudit_stderr_rds", &["postgresql-stderr"]),
    ("ranger_audit_json", &["ranger-audit"]),
    ("snowflake_access_history", &["snowflake-access-history"]),
    ("sqlserver_audit", &["sqlserver-audit"]),
    ("trino_query_event_json", &["trino-event"]),
    ("ocsf_schema", &[]), // a schema without records
];

/// Files with records that are no whole records of their format: how many dead letters each leaves, and why.
const BROKEN: [(&str, usize, &str); 11] = [
    ("aws_database_activity_streams/aws_docs_examples.jsonl", 2, "still encrypted"),
    ("databricks_audit/ibm_uc_test_strings.jsonl", 1, "cut off"),
    ("gcp_cloudsql_mysql_audit/ibm_uc_sample_audit_msg.log", 0, "fields of a Ruby hash, not JSON"),
    ("gcp_cloudsql_pgaudit_logentry/ibm_uc_logs_example.log", 0, "a printed Ruby hash, not JSON"),
    ("mariadb_server_audit/ibm_uc_test_strings.log", 2, "texts without their lines"),
    ("mongodb_auditlog_json/ibm_uc_test_strings.log", 9, "single quotes and templates; of six a name and a time are saved"),
    ("oracle_unified_syslog/unified_syslog.log", 1, "has no time"),
    ("percona_audit_docs/audit_log_plugin_new.txt", 1, "has no end"),
    ("percona_audit_log_json/ibm_uc_mysql-percona.log", 0, "debug output with JSON whose quotes are not escaped"),
    ("pgaudit_ibmcloud_json/ibm_uc_Postgres-Audit-Logs.txt", 3, "a heading, and JSON with escaped quotes"),
    ("pgaudit_ibmcloud_json/ibm_uc_test_strings.jsonl", 1, "another program's line"),
];

/// Descriptions with a record inside, which nothing ships like that.
const DESCRIBED: &str = "mongodb_auditlog_json/ibm_uc_examples/";

fn folder() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/samples/public");
    let place = std::env::var_os("LEAKWARDEN_SAMPLES").map_or_else(beside, PathBuf::from);
    let there = place.is_dir();
    assert!(there || std::env::var_os("LEAKWARDEN_SAMPLES_REQUIRED").is_none(), "{} is not there", place.display());
    there.then_some(place)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("is readable") {
        let path = entry.expect("is readable").path();
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        // Prose about the records.
        if name == "SOURCE.txt" || name.ends_with(".md") || name == "LICENSE" {
            continue;
        }
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// The format of a file, its records and its dead letters.
fn read(bytes: &[u8]) -> Option<(&'static str, usize, Vec<String>)> {
    let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    let format = decode::recognise(lines.iter().copied())?;
    let settings = Settings { latest: Timestamp::parse("2026-12-31T00:00:00Z").ok(), ..Settings::default() };
    let mut decoder = Codec::named(format, Arc::new(settings)).decoder();
    let (mut records, mut dead) = (0, Vec::new());
    let mut keep = |decoded: Decoded<'_>, dead: &mut Vec<String>| match decoded {
        Decoded::Record(_) => records += 1,
        Decoded::Lost(lost) => dead.push(format!("{}: {}", lost.position.0, lost.error)),
        Decoded::Numbered(_) | Decoded::Ignored(_) => {}
    };
    for (at, line) in lines.into_iter().enumerate() {
        let raw = Raw::new(line, Position(at as u64 + 1), RecordHash::default());
        if let Err(error) = decoder.decode(raw, &mut |decoded| keep(decoded, &mut dead)) {
            dead.push(format!("{}: {error}", at + 1));
        }
    }
    decoder.flush(&mut |decoded| keep(decoded, &mut dead));
    Some((format.name, records, dead))
}

#[test]
fn files_of_listed_formats_decode() {
    let Some(root) = folder() else {
        say("SKIPPED: samples: none beside the checkout; LEAKWARDEN_SAMPLES names another place");
        return;
    };
    let (mut wrong, mut all, mut read_files) = (Vec::new(), 0, 0);
    for (name, formats) in FOLDERS.iter().filter(|(_, formats)| !formats.is_empty()) {
        for path in files(&root.join(name)) {
            let file = format!("{name}/{}", path.strip_prefix(root.join(name)).expect("lies in it").display());
            if file.starts_with(DESCRIBED) && file.ends_with(".json") {
                continue;
            }
            let broken = BROKEN.iter().find(|(broken, _, _)| *broken == file);
            let Some((format, records, dead)) = read(&std::fs::read(&path).expect("is readable")) else {
                if broken.is_none_or(|(_, count, _)| *count > 0) {
                    wrong.push(format!("{file}: not recognised"));
                }
                continue;
            };
            all += records;
            read_files += 1;
            println!("{file}: {format}, {records} records, {} dead letters", dead.len());
            let expected = broken.map_or(0, |(_, count, _)| *count);
            if !formats.contains(&format) {
                wrong.push(format!("{file}: recognised as {format}"));
            }
            if dead.len() != expected {
                wrong.push(format!("{file}: {expected} dead letters expected: {dead:#?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(all > 100, "{all} records");
    say(&format!("samples: {read_files} files, {all} records"));
}

/// Writes a line past the capture of the test's output: whether samples were there must be seen.
fn say(line: &str) {
    // A closed standard error leaves nobody to tell.
    let _ = writeln!(std::io::stderr(), "{line}");
}
