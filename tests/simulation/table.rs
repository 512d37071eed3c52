//! What the companies of chance have in common: a table of customers, and how a look at it is written.

/// A look at some customers, by their ids.
pub fn record(time: i64, who: usize, id: &str, subjects: &[usize]) -> String {
    let rows = subjects.len();
    let subjects = subjects.iter().map(|subject| format!("\"{subject}\"")).collect::<Vec<_>>().join(",");
    format!(
        r#"{{"time":{time},"employee":"E{who}","id":"{id}","system":"crm","objects":[{{"table":"crm.customers","columns":["name","phone"]}}],"rows":{rows},"subjects":[{subjects}]}}"#
    )
}

/// Their configuration.
pub const CONFIG: &str = r#"
[catalog]
file = "catalog.toml"
[directory]
employees = "employees.csv"
[alerts]
quiet = "1d"
open_at = "low"
[[source]]
name = "access"
kind = "file"
path = "access.jsonl"
format = "canonical"
"#;

/// Their catalog.
pub const CATALOG: &str = r#"
[[table]]
system = "crm"
table = "crm.customers"
subject = "id"
rows_per_subject = "one"
[table.columns]
name = "name"
phone = "phone_number"
"#;
