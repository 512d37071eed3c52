//! What the company stores and what its people do with it: tables with the kinds of their columns (`catalog.toml`) and the
//! activities, which are the sorts of access that a screen or a job makes.

use super::json;

/// A table of the catalog: `(column, kind)` with the kinds of the contract.
#[derive(Debug)]
pub(crate) struct Table {
    #[cfg_attr(not(test), expect(dead_code, reason = "says where its screens are; the catalog holds in the reporting system too"))]
    system: &'static str,
    name: &'static str,
    subject: &'static str,
    /// Several rows belong to one person.
    many: bool,
    columns: &'static [(&'static str, &'static str)],
}

const fn table(
    system: &'static str,
    name: &'static str,
    subject: &'static str,
    many: bool,
    columns: &'static [(&'static str, &'static str)],
) -> Table {
    Table { system, name, subject, many, columns }
}

pub(crate) const TABLES: &[Table] = &[
    table(
        "crm",
        "crm.customers",
        "id",
        false,
        &[("name", "name"), ("phone", "phone_number"), ("address", "home_address"), ("id_card", "id_number"), ("employer", "workplace")],
    ),
    table("crm", "crm.web_logins", "customer_id", false, &[("login", "other_identifying")]),
    table("crm", "crm.interactions", "customer_id", true, &[("callback_phone", "phone_number"), ("note", "other_private")]),
    table("core", "core.accounts", "customer_id", true, &[("account_no", "bank_account"), ("balance", "property")]),
    table("core", "core.transactions", "customer_id", true, &[("amount", "transaction"), ("counterparty", "transaction")]),
    table("cards", "cards.cards", "holder_id", true, &[("card_no", "bank_account"), ("holder_name", "name")]),
    table("cards", "cards.authorisations", "holder_id", true, &[("merchant", "transaction"), ("amount", "transaction")]),
    table(
        "loans",
        "loans.applications",
        "applicant_id",
        false,
        &[("income", "property"), ("employer", "workplace"), ("purpose", "other_private")],
    ),
    table("loans", "loans.credit_reports", "person_id", false, &[("score", "credit_report"), ("report", "credit_report")]),
    table("loans", "loans.collateral", "owner_id", true, &[("deed", "property"), ("address", "home_address")]),
    table("telco", "telco.subscribers", "customer_id", false, &[("number", "telecom_account"), ("name", "name")]),
    table(
        "telco",
        "telco.call_records",
        "customer_id",
        true,
        &[("peer_number", "communication_record"), ("started_at", "communication_record")],
    ),
    table("location", "location.positions", "customer_id", true, &[("cell", "location_track"), ("seen_at", "location_track")]),
    table("claims", "claims.claims", "insured_id", true, &[("amount", "transaction"), ("narrative", "other_private")]),
    table("health", "health.records", "patient_id", false, &[("diagnosis", "health"), ("treatment", "health")]),
];

/// The sorts of access. The order is that of [`ACTIVITIES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Login,
    Find,
    Profile,
    Contact,
    Update,
    Balance,
    Statement,
    Card,
    CardAuth,
    Loan,
    Credit,
    Collateral,
    Subscriber,
    Calls,
    Position,
    Claim,
    Health,
    CustomerList,
    LoanList,
    ClaimList,
    CardList,
    CustomerExport,
    AccountExport,
    ReportSql,
    LookupSql,
    BatchAccounts,
    BatchCustomers,
    PhoneFind,
    PhoneReset,
    PasswordReset,
    Unmask,
    Decide,
    /// A statement of its own, see [`super::queries`].
    Query,
}

/// One sort of access, as the log shows it.
#[derive(Debug)]
pub(crate) struct Activity {
    act: Act,
    pub(crate) system: &'static str,
    operation: &'static str,
    pub(crate) app: &'static str,
    /// Tables with the columns shown. Empty where `statement` says it, and for logins.
    objects: &'static [(&'static str, &'static [&'static str])],
    /// SQL text instead of objects: what stands before and after the subject's id, or the whole text and nothing.
    statement: Option<(&'static str, &'static str)>,
    /// What stands in the statement for the person.
    key: Key,
    /// Most rows that one person has in it.
    pub(crate) rows: u32,
}

/// How a statement names a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Id,
    Phone,
}

const fn activity(
    act: Act,
    system: &'static str,
    operation: &'static str,
    app: &'static str,
    objects: &'static [(&'static str, &'static [&'static str])],
    rows: u32,
) -> Activity {
    Activity { act, system, operation, app, objects, statement: None, key: Key::Id, rows }
}

const fn sql(act: Act, system: &'static str, before: &'static str, after: &'static str, rows: u32) -> Activity {
    Activity { act, system, operation: "read", app: SQL, objects: &[], statement: Some((before, after)), key: Key::Id, rows }
}

const CRM: &str = "crm-desktop";
const TELLER: &str = "teller-desk";
const DESK: &str = "case-desk";
const JOB: &str = "batch-runner";
/// Whatever program the person writes SQL in.
pub(crate) const SQL: &str = "";

pub(crate) const ACTIVITIES: &[Activity] = &[
    activity(Act::Login, "crm", "login", CRM, &[], 0),
    activity(Act::Find, "crm", "read", CRM, &[("crm.customers", &["name", "phone"])], 1),
    activity(Act::Profile, "crm", "read", CRM, &[("crm.customers", &["name", "phone", "address", "id_card"])], 1),
    activity(Act::Contact, "crm", "read", CRM, &[("crm.interactions", &["callback_phone", "note"])], 12),
    activity(Act::Update, "crm", "write", CRM, &[("crm.customers", &["phone", "address"])], 1),
    activity(Act::Balance, "core", "read", TELLER, &[("core.accounts", &["account_no", "balance"])], 4),
    activity(Act::Statement, "core", "read", TELLER, &[("core.transactions", &["amount", "counterparty"])], 40),
    activity(Act::Card, "cards", "read", DESK, &[("cards.cards", &["card_no", "holder_name"])], 3),
    activity(Act::CardAuth, "cards", "read", DESK, &[("cards.authorisations", &["merchant", "amount"])], 30),
    activity(Act::Loan, "loans", "read", DESK, &[("loans.applications", &["income", "employer", "purpose"])], 1),
    activity(Act::Credit, "loans", "read", DESK, &[("loans.credit_reports", &["score", "report"])], 1),
    activity(Act::Collateral, "loans", "read", DESK, &[("loans.collateral", &["deed", "address"])], 2),
    activity(Act::Subscriber, "telco", "read", DESK, &[("telco.subscribers", &["number", "name"])], 1),
    activity(Act::Calls, "telco", "read", DESK, &[("telco.call_records", &["peer_number", "started_at"])], 60),
    activity(Act::Position, "location", "read", DESK, &[("location.positions", &["cell", "seen_at"])], 48),
    activity(Act::Claim, "claims", "read", DESK, &[("claims.claims", &["amount", "narrative"])], 3),
    activity(Act::Health, "health", "read", DESK, &[("health.records", &["diagnosis", "treatment"])], 1),
    activity(Act::CustomerList, "crm", "read", CRM, &[("crm.customers", &["name", "phone"])], 1),
    activity(Act::LoanList, "loans", "read", DESK, &[("loans.applications", &["income", "employer"])], 1),
    activity(Act::ClaimList, "claims", "read", DESK, &[("claims.claims", &["amount"])], 1),
    activity(Act::CardList, "cards", "read", DESK, &[("cards.cards", &["card_no", "holder_name"])], 1),
    activity(Act::CustomerExport, "crm", "export", CRM, &[("crm.customers", &["name", "phone", "address", "id_card"])], 1),
    activity(Act::AccountExport, "core", "export", TELLER, &[("core.accounts", &["account_no", "balance"])], 1),
    sql(
        Act::ReportSql,
        "core",
        "SELECT \"branch\", count(*) FROM core.transactions\nWHERE booked_at >= DATE '2026-01-01' GROUP BY \"branch\"",
        "",
        20,
    ),
    sql(Act::LookupSql, "crm", "SELECT name, phone FROM crm.customers WHERE id = '", "'", 1),
    activity(Act::BatchAccounts, "core", "export", JOB, &[("core.accounts", &["account_no", "balance"])], 1),
    activity(Act::BatchCustomers, "crm", "read", JOB, &[("crm.customers", &["name", "phone", "address"])], 1),
    Activity {
        act: Act::PhoneFind,
        system: "crm",
        operation: "read",
        app: CRM,
        objects: &[],
        statement: Some(("SELECT id, name, phone FROM crm.customers WHERE phone = '", "'")),
        key: Key::Phone,
        rows: 1,
    },
    activity(Act::PhoneReset, "crm", "write", CRM, &[("crm.customers", &["phone"])], 1),
    activity(Act::PasswordReset, "crm", "write", CRM, &[("crm.web_logins", &["login"])], 1),
    activity(Act::Unmask, "crm", "admin", CRM, &[("crm.customers", &["phone", "id_card"])], 1),
    activity(Act::Decide, "loans", "write", DESK, &[("loans.applications", &["purpose"])], 1),
    activity(Act::Query, "", "", "", &[], 1),
];

// Every activity stands at its own place: `Act::activity` rests on it.
const _: () = {
    let mut index = 0;
    while index < ACTIVITIES.len() {
        assert!(ACTIVITIES[index].act as usize == index);
        index += 1;
    }
};

impl Act {
    pub(crate) fn activity(self) -> &'static Activity {
        &ACTIVITIES[self as usize]
    }
}

/// The unchanging parts of an activity's log line, rendered once.
#[derive(Clone, Debug)]
pub(crate) struct Rendered {
    /// The application, as a JSON string.
    pub(crate) app: String,
    /// From `,"system"` up to the objects, or up to the place of the subject in the statement.
    pub(crate) what: String,
    /// The rest of the statement after the subject; none where no subject stands in it.
    pub(crate) after_subject: Option<String>,
    pub(crate) key: Key,
}

impl Activity {
    pub(crate) fn render(&self) -> Rendered {
        if self.act == Act::Query {
            return Rendered { app: String::new(), what: String::new(), after_subject: None, key: self.key };
        }
        let mut what = format!(",\"system\":{},\"operation\":{}", json::quoted(self.system), json::quoted(self.operation));
        let mut after_subject = None;
        if !self.objects.is_empty() {
            let objects: Vec<String> = self.objects.iter().map(|(table, columns)| object(table, columns)).collect();
            what.push_str(&format!(",\"objects\":[{}]", objects.join(",")));
        }
        if let Some((before, after)) = self.statement {
            let before = json::quoted(before);
            what.push_str(",\"statement\":");
            if after.is_empty() {
                what.push_str(&before);
            } else {
                what.push_str(&before[..before.len() - 1]);
                after_subject = Some(json::quoted(after)[1..].to_owned());
            }
        }
        Rendered { app: json::quoted(self.app), what, after_subject, key: self.key }
    }
}

fn object(table: &str, columns: &[&str]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| json::quoted(column)).collect();
    format!("{{\"table\":{},\"columns\":[{}]}}", json::quoted(table), columns.join(","))
}

/// The text of `catalog.toml`. Names here need no escaping: they are the constants above.
pub(crate) fn catalog() -> String {
    let mut text = String::from(
        "# Which columns hold which kind of personal information, and which column names the person, in whichever system they are read.\n",
    );
    for table in TABLES {
        let rows = if table.many { "many" } else { "one" };
        text.push_str(&format!(
            "\n[[table]]\ntable = \"{}\"\nsubject = \"{}\"\nrows_per_subject = \"{rows}\"\n[table.columns]\n",
            table.name, table.subject
        ));
        for (column, kind) in table.columns {
            text.push_str(&format!("{column} = \"{kind}\"\n"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_of_an_activity_is_in_the_catalog() {
        for activity in ACTIVITIES {
            for (name, columns) in activity.objects {
                let table = TABLES.iter().find(|table| table.name == *name).expect(name);
                assert_eq!(table.system, activity.system);
                assert!(columns.iter().all(|column| table.columns.iter().any(|(known, _)| known == column)), "{name}: {columns:?}");
                assert!(activity.rows == 1 || table.many, "{name} has one row a person");
            }
        }
    }
}
