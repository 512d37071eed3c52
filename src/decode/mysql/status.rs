//! What a server's error code tells of the end of a statement.

use crate::model::record::EventOutcome;

/// The ending by the code; 0 is success.
pub(super) fn outcome(code: i64) -> EventOutcome {
    match code {
        0 => EventOutcome::Success,
        _ if REFUSED.binary_search(&code).is_ok() => EventOutcome::Refused,
        // All others are met while it runs: killed (1317), out of time (1969, 3024), the client gone (2013), a value out of range.
        _ => EventOutcome::Interrupted,
    }
}

/// Sorted. Errors of the parser, of name resolution and of privileges: nothing has been read when they are raised.
const REFUSED: [i64; 84] = [
    1044, // no privilege on the database
    1045, // login refused
    1046, // no database selected
    1047, 1049, // unknown command, unknown database
    1050, 1051, 1052, 1054, // table exists, unknown table, ambiguous column, unknown column
    1055, 1056, 1057, 1058, 1059, 1060, 1061, 1063, // not grouped, wrong groups and names
    1064, 1065, 1066, // syntax, empty, alias twice
    1072, 1075, 1083, 1084, 1085, 1086, 1091, 1095, 1096, 1101, 1102, 1103, 1106, 1107, 1109, 1110, 1111, 1112, 1113, 1115, 1120, 1128,
    1131, 1132, 1133, 1136, 1140, 1141, // counts and columns
    1142, 1143, 1144, 1146, 1147, 1148, 1149, // privileges, no such table, syntax
    1166, 1176, 1193, 1203, 1210, 1211, 1221, 1222, 1226, 1227, 1228, 1229, 1231, 1232, 1234, 1235, 1238, 1239, 1241, 1243, 1247, 1248,
    1290, 1305, 1318, 1370, 1396, 1410, 1698,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ran_is_told_from_what_ended_on_its_way() {
        assert!(REFUSED.is_sorted());
        assert_eq!(outcome(0), EventOutcome::Success);
        for code in [1044, 1045, 1049, 1054, 1064, 1142, 1143, 1146, 1149, 1227, 1305, 1370] {
            assert_eq!(outcome(code), EventOutcome::Refused, "{code}");
        }
        for code in [1317, 1969, 3024, 2013, 1105, 1242, 1690, -1, i64::MAX, i64::MIN] {
            assert_eq!(outcome(code), EventOutcome::Interrupted, "{code}");
        }
    }
}
