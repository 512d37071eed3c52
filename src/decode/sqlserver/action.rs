//! Codes of SQL Server's audit actions, however they were written: as four characters with blanks, as the number that these four are,
//! or by the action's name.

/// The code, in capitals and without blanks; empty where nothing tells it.
pub(super) fn code(id: &str, name: &str) -> String {
    let id = id.trim();
    if id.len() > 4
        && let Ok(number) = id.parse::<u32>()
    {
        return of_number(number);
    }
    match id.len() {
        1..=4 => id.to_ascii_uppercase(),
        0 => of_name(name).map_or_else(|| name.trim().to_ascii_uppercase(), str::to_owned),
        _ => of_name(id).map_or_else(|| id.to_ascii_uppercase(), str::to_owned),
    }
}

/// Extended events give the four characters as one number, the first lowest.
fn of_number(number: u32) -> String {
    let bytes = number.to_le_bytes();
    let text = std::str::from_utf8(&bytes).unwrap_or("").trim_matches([' ', '\0']);
    if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) { text.to_ascii_uppercase() } else { String::new() }
}

/// Names of `sys.dm_audit_actions` that tell of reads, writes, batches and logins.
const NAMES: [(&str, &str); 30] = [
    ("SELECT", "SL"),
    ("INSERT", "IN"),
    ("UPDATE", "UP"),
    ("DELETE", "DL"),
    ("EXECUTE", "EX"),
    ("RECEIVE", "RC"),
    ("REFERENCES", "RF"),
    ("MERGE", "MG"),
    ("BATCH COMPLETED", "BCM"),
    ("BATCH STARTED", "BST"),
    ("RPC COMPLETED", "RCM"),
    ("RPC STARTED", "RST"),
    ("LOGIN SUCCEEDED", "LGIS"),
    ("LOGIN FAILED", "LGIF"),
    ("LOGOUT", "LGO"),
    ("DATABASE AUTHENTICATION SUCCEEDED", "DBAS"),
    ("DATABASE AUTHENTICATION FAILED", "DBAF"),
    ("DATABASE LOGOUT", "DAGL"),
    ("TRANSACTION BEGIN STARTING", "TRBS"),
    ("TRANSACTION BEGIN COMPLETED", "TRBC"),
    ("TRANSACTION COMMIT STARTING", "TRCS"),
    ("TRANSACTION COMMIT COMPLETED", "TRCC"),
    ("TRANSACTION ROLLBACK STARTING", "TRRS"),
    ("TRANSACTION ROLLBACK COMPLETED", "TRRC"),
    ("VIEW DATABASE STATE", "VDST"),
    ("VIEW SERVER STATE", "VSST"),
    ("DATABASE OBJECT ACCESS", "DABO"),
    ("AUDIT SESSION CHANGED", "AUSC"),
    ("BULK ADMIN", "ADBO"),
    ("SERVER OBJECT ACCESS", "SVAC"),
];

fn of_name(name: &str) -> Option<&'static str> {
    let plain = name.trim().to_ascii_uppercase().replace(['_', '-'], " ");
    NAMES.iter().find(|(known, _)| *known == plain).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_as_characters_numbers_and_names() {
        for id in ["SL  ", "sl", "538987603", "SELECT", "select"] {
            assert_eq!(code(id, ""), "SL", "{id}");
        }
        assert_eq!((code("", "BATCH COMPLETED").as_str(), code("BCM ", "x").as_str(), code("", "").as_str()), ("BCM", "BCM", ""));
        assert_eq!(code("541934402", ""), "BCM");
        assert_eq!((code("4294967295", "").as_str(), code("ALTER SOMETHING", "").as_str()), ("", "ALTER SOMETHING"));
    }
}
