//! What an access shows beyond how many and whom, found while texts are still known: direct tools, auditing switched off, a change
//! of somebody's protection.

use crate::classify::catalog::Catalog;
use crate::classify::counting::Disclosure;
use crate::model::access::{Indicators, Operation, Subject};
use crate::model::keys::Keys;
use crate::model::kind::{Kind, Kinds};
use crate::model::record::Record;
use crate::sql::auditing;

/// Programs by which people talk to a database themselves, by the beginnings of the names that they give. Drivers are not among
/// them: applications use those.
const DIRECT_TOOLS: &[&str] = &[
    "psql",
    "pg_dump",
    "pgadmin",
    "dbeaver",
    "datagrip",
    "navicat",
    "heidisql",
    "tableplus",
    "toad",
    "plsqldev",
    "pl/sql developer",
    "sql developer",
    "sqldeveloper",
    "sqlplus",
    "sqlcl",
    "sqlcmd",
    "ssms",
    "microsoft sql server management studio",
    "azure data studio",
    "mysql workbench",
    "mysqlworkbench",
    "mysqldump",
    "mariadb-dump",
    "mysql client",
    "mysql",
    "mariadb",
    "mongosh",
    "mongodump",
    "mongoexport",
    "robo 3t",
    "studio 3t",
    "compass",
    "mongodb compass",
    "beeline",
    "hue",
    "trino-cli",
    "snowsql",
    "bcp",
    "expdp",
    "exp@",
    "squirrel sql",
    "dbvisualizer",
    "disql",
];

/// Columns that guard somebody's account or data, by parts of their names.
const GUARDS: &[&str] = &["passw", "pwd", "pin", "mask", "secret", "otp", "mfa", "2fa", "security", "protect", "freeze", "lock"];

/// Kinds by which a person can be reached.
const CONTACT: [Kind; 3] = [Kind::PhoneNumber, Kind::HomeAddress, Kind::TelecomAccount];

/// People of one write whom it is noted for: a bulk update is no business with anybody.
const MOST_ABOUT: usize = 8;

/// The indicators of a record.
pub fn of(record: &Record<'_>, disclosure: &Disclosure, catalog: &Catalog) -> Indicators {
    let mut indicators = disclosure.shape;
    let contact: Kinds = CONTACT.into_iter().collect();
    let set =
        |indicators: &mut Indicators, holds: bool, mark: Indicators| *indicators = if holds { indicators.and(mark) } else { *indicators };
    set(&mut indicators, disclosure.kinds.intersects(contact), Indicators::CONTACT);
    set(&mut indicators, record.client.app.as_deref().is_some_and(is_direct), Indicators::DIRECT);
    set(
        &mut indicators,
        record.statement.as_deref().is_some_and(|text| auditing::switches_off(text, &record.binds, record.dialect)),
        Indicators::AUDIT_OFF,
    );
    let control = changes_protection(record, catalog) || statement_changes_protection(record, disclosure, catalog);
    set(&mut indicators, control, Indicators::CONTROL);
    indicators
}

fn is_direct(app: &str) -> bool {
    let app = app.trim();
    let Some(first) = app.bytes().next() else { return false };
    // Nine of ten begin with another letter.
    DIRECT_TOOLS.iter().filter(|tool| tool.as_bytes()[0] == first.to_ascii_lowercase()).any(|tool| {
        let rest = app.get(..tool.len()).filter(|head| head.eq_ignore_ascii_case(tool)).and_then(|_| app.get(tool.len()..));
        // `mysql` and `mysql 8.0`, and not `mysqlproxyd`.
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_ascii_alphabetic()))
    })
}

fn changes_protection(record: &Record<'_>, catalog: &Catalog) -> bool {
    let acts = matches!(record.operation, Operation::Write | Operation::Admin);
    if !acts || record.subjects.is_empty() || record.subjects.len() > MOST_ABOUT {
        return false;
    }
    let guards = |name: &str| {
        let name = name.to_ascii_lowercase();
        GUARDS.iter().any(|guard| name.contains(guard))
    };
    let contact: Kinds = CONTACT.into_iter().collect();
    let by_column = record.objects.iter().any(|object| {
        let table = catalog.find(record.system.as_deref(), object.table.trim());
        let named = object.columns.iter().flatten();
        guards(&object.table)
            || named.clone().any(|column| guards(column))
            || table.is_some_and(|table| {
                named.filter_map(|column| table.kind_of(column.trim())).any(|kind| Kinds::of(kind).intersects(contact))
            })
    });
    by_column || record.operation == Operation::Admin || record.statement.as_deref().is_some_and(guards)
}

/// The same where the statement itself says whose rows it changes: by the columns that it changes, or the table that it writes.
fn statement_changes_protection(record: &Record<'_>, disclosure: &Disclosure, catalog: &Catalog) -> bool {
    let written = &disclosure.written;
    if !record.subjects.is_empty() || !acts(record) || !(1..=MOST_ABOUT).contains(&written.subjects.len()) {
        return false;
    }
    let contact: Kinds = CONTACT.into_iter().collect();
    let reaches = |table: &str, column: &str| {
        catalog.find(record.system.as_deref(), table).is_some_and(|table| table.kinds_of(column).intersects(contact))
    };
    written.tables.iter().any(|table| names_guard(table.rsplit('.').next().unwrap_or(table)))
        || written
            .changed
            .iter()
            .any(|(at, column)| names_guard(column) || written.tables.get(*at).is_some_and(|table| reaches(table, column)))
}

/// Whether a word of a name begins with that of a guard: `phone_masked` and `unlock_at`, and neither `shipping_pints` nor `block_no`.
fn names_guard(name: &str) -> bool {
    name.split(|c: char| !c.is_alphanumeric()).any(|word| {
        let word = word.to_ascii_lowercase();
        let guards = |word: &str| {
            GUARDS
                .iter()
                .any(|guard| if guard.len() <= 3 { word == *guard || word == format!("{guard}code") } else { word.starts_with(guard) })
        };
        guards(&word) || word.strip_prefix("un").is_some_and(guards)
    })
}

fn acts(record: &Record<'_>) -> bool {
    matches!(record.operation, Operation::Write | Operation::Admin | Operation::Delete)
}

/// Whom an act is about that shows nobody: whom the source names, else those whose keys its statement names.
pub fn target_subjects(record: &Record<'_>, disclosure: &Disclosure, catalog: &Catalog, keys: &Keys) -> Box<[Subject]> {
    if !acts(record) || record.subjects.len() > MOST_ABOUT {
        return Box::default();
    }
    if record.subjects.is_empty() {
        let named = &disclosure.written.subjects;
        return if named.len() > MOST_ABOUT { Box::default() } else { named.as_slice().into() };
    }
    let space = space_of(record, catalog);
    record.subjects.iter().map(|id| keys.subject(space, id)).collect()
}

fn space_of<'c>(record: &Record<'_>, catalog: &'c Catalog) -> &'c str {
    let tables = record.objects.iter().filter_map(|object| catalog.find(record.system.as_deref(), object.table.trim()));
    tables.filter(|table| table.subject.is_some()).map(|table| catalog.space_of(table)).next().unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_told_by_the_beginning_of_their_names() {
        assert!(is_direct("psql") && is_direct("DBeaver 24.1 - SQLEditor") && is_direct("pg_dump") && is_direct("mysql"));
        assert!(!is_direct("crm") && !is_direct("mysqlproxyd") && !is_direct("PostgreSQL JDBC Driver") && !is_direct(""));
    }

    #[test]
    fn guards_are_words_of_names() {
        assert!(
            ["password", "user_pin", "pincode", "phone_masked", "unlocked_at", "otp", "is_frozen_lock", "passwd_hash"]
                .iter()
                .all(|name| names_guard(name))
        );
        assert!(!["shipping_pints", "block_no", "spinner", "clock", "opinion", "name", "remasked"].iter().any(|name| names_guard(name)));
    }
}
