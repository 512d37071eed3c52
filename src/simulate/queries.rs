//! The SQL that people write and that search screens send, where its shape matters: prefixes, pages, filters, dumps, switches.

use super::json;
use super::schema::SQL;

/// A statement with where it ran.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    pub(crate) system: &'static str,
    pub(crate) operation: &'static str,
    /// [`SQL`] for the program in which the person writes SQL.
    pub(crate) app: &'static str,
    pub(crate) text: String,
}

/// The system in which reports are made: it sees every table.
pub(crate) const WAREHOUSE: &str = "dwh";
/// The program with which reports are made.
pub(crate) const STUDIO: &str = "report-studio";

const SYLLABLES: [&str; 24] = [
    "Wang", "Li", "Zhang", "Liu", "Chen", "Yang", "Huang", "Zhao", "Wu", "Zhou", "Xu", "Sun", "Ma", "Zhu", "Hu", "Guo", "He", "Lin", "Gao",
    "Luo", "Zheng", "Liang", "Xie", "Tang",
];

fn read(system: &'static str, app: &'static str, text: String) -> Query {
    Query { system, operation: "read", app, text }
}

fn id(customer: u32) -> String {
    let mut out = Vec::new();
    json::subject(&mut out, customer);
    String::from_utf8(out).unwrap_or_default()
}

/// The search screen, by the beginning of a name.
pub(crate) fn by_prefix(nth: u32) -> Query {
    let name = SYLLABLES[nth as usize % SYLLABLES.len()];
    let letter = char::from(b'A' + (nth / SYLLABLES.len() as u32 % 26) as u8);
    read(
        "crm",
        "crm-desktop",
        format!("SELECT id, name, phone FROM crm.customers WHERE name LIKE '{name} {letter}%' ORDER BY name LIMIT 20"),
    )
}

/// One page of a branch's customers.
pub(crate) fn page(branch: &str, page: u32) -> Query {
    let text =
        format!("SELECT id, name, phone, address FROM crm.customers WHERE branch = '{branch}' ORDER BY id LIMIT 20 OFFSET {}", page * 20);
    read("crm", "crm-desktop", text)
}

/// A stretch of ids.
pub(crate) fn range(first: u32, last: u32) -> Query {
    read(WAREHOUSE, SQL, format!("SELECT id, name, phone, id_card FROM crm.customers WHERE id BETWEEN '{}' AND '{}'", id(first), id(last)))
}

/// What has come in since a date, newest first.
pub(crate) fn newest(since: &str, most: u32) -> Query {
    let text = format!(
        "SELECT a.applicant_id, c.name, c.phone FROM loans.applications a JOIN crm.customers c ON c.id = a.applicant_id \
         WHERE a.created_at >= '{since}' ORDER BY a.created_at DESC LIMIT {most}"
    );
    read(WAREHOUSE, STUDIO, text)
}

/// People chosen by what happened to them, or by what they own, with how to reach them.
pub(crate) fn segment(nth: u32, since: &str) -> Query {
    let text = match nth % 4 {
        0 => format!(
            "SELECT l.applicant_id, c.name, c.phone FROM loans.applications l JOIN crm.customers c ON c.id = l.applicant_id \
             WHERE l.created_at > '{since}' AND l.purpose = 'mortgage'"
        ),
        1 => "SELECT a.customer_id, c.name, c.phone FROM core.accounts a JOIN crm.customers c ON c.id = a.customer_id \
              WHERE a.balance > 1000000"
            .to_owned(),
        2 => format!(
            "SELECT h.patient_id, c.name, c.phone, c.address FROM health.records h JOIN crm.customers c ON c.id = h.patient_id \
             WHERE h.treatment = 'delivery' AND h.created_at > '{since}'"
        ),
        _ => format!("SELECT id, name, phone, address FROM crm.customers WHERE created_at > '{since}'"),
    };
    read(WAREHOUSE, STUDIO, text)
}

/// One's own part of the customers, by balance: what a relationship manager looks at on Mondays.
pub(crate) fn portfolio(owner: &str, above: u32) -> Query {
    let text = format!("SELECT id, name, phone FROM crm.customers WHERE owner = '{owner}' AND balance > {above} ORDER BY balance DESC");
    read("crm", "crm-desktop", text)
}

/// Counts for a report: nobody is named.
pub(crate) fn statistics(since: &str) -> Query {
    read(WAREHOUSE, STUDIO, format!("SELECT branch, count(*) FROM loans.applications WHERE created_at >= '{since}' GROUP BY branch"))
}

/// A whole table by the tool that dumps tables.
pub(crate) fn dump() -> Query {
    read("crm", "pg_dump", "COPY crm.customers (id, name, phone, id_card, address) TO stdout".to_owned())
}

/// As a database administrator asks for some hundreds of rows.
pub(crate) fn rows(branch: &str, most: u32) -> Query {
    read("crm", SQL, format!("SELECT id, name, phone, id_card FROM crm.customers WHERE branch = '{branch}' LIMIT {most}"))
}

/// One person by a function that runs with its owner's rights.
pub(crate) fn definer(customer: u32) -> Query {
    read("crm", SQL, format!("SELECT * FROM crm.customer_card('{}')", id(customer)))
}

/// One person, by hand.
pub(crate) fn by_id(customer: u32) -> Query {
    read("crm", SQL, format!("SELECT id, name, phone, address, id_card FROM crm.customers WHERE id = '{}'", id(customer)))
}

/// The switch of a system's audit log.
pub(crate) fn audit(system: &'static str, on: bool, mariadb: bool) -> Query {
    let text = match (mariadb, on) {
        (false, false) => "ALTER SYSTEM SET pgaudit.log = 'none'",
        (false, true) => "ALTER SYSTEM SET pgaudit.log = 'read, write'",
        (true, false) => "SET GLOBAL server_audit_logging = OFF",
        (true, true) => "SET GLOBAL server_audit_logging = ON",
    };
    Query { system, operation: "admin", app: SQL, text: text.to_owned() }
}
