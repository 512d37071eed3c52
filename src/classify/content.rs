//! What a record says, as keyed prints: two records of one id are the same only if they say the same (docs/contract.md §9).
//!
//! It is made of what was decoded, not of the bytes: a shipper that sends a record again may wrap it in another envelope.

use crate::model::access::RecordContent;
use crate::model::keys::Keys;
use crate::model::record::{Object, Record};
use std::hash::{Hash, Hasher as _};

/// The prints of a record.
pub fn of(record: &Record<'_>, keys: &Keys) -> RecordContent {
    let mut login = keys.print_hasher("login of a record");
    (record.employee.as_deref(), record.account.as_deref()).hash(&mut login);
    let mut rest = keys.print_hasher("content of a record");
    let said = (record.time.0, record.operation, record.rows, record.rows_bound, record.fetched);
    said.hash(&mut rest);
    (std::mem::discriminant(&record.outcome), record.dialect, record.system.as_deref(), record.session.as_deref()).hash(&mut rest);
    (record.client.ip.as_deref(), record.client.host.as_deref(), record.client.app.as_deref()).hash(&mut rest);
    (record.statement.as_deref(), record.purpose.as_deref(), record.on_behalf_of.as_deref()).hash(&mut rest);
    for objects in [&record.objects, &record.base_reads] {
        objects.len().hash(&mut rest);
        objects.iter().for_each(|object| hash_object(object, &mut rest));
    }
    record.binds.len().hash(&mut rest);
    record.binds.iter().for_each(|value| value.as_deref().hash(&mut rest));
    record.subjects.len().hash(&mut rest);
    record.subjects.iter().for_each(|subject| (**subject).hash(&mut rest));
    // Half of a keyed print suffices: nobody without the key can look for two that are alike.
    RecordContent { login: login.finish() as u32, rest: rest.finish() as u32 }
}

fn hash_object(object: &Object<'_>, rest: &mut impl std::hash::Hasher) {
    (*object.table).hash(rest);
    object.columns.as_ref().map(Vec::len).hash(rest);
    object.columns.iter().flatten().for_each(|column| (**column).hash(rest));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::access::{Position, RecordHash};
    use crate::model::time::Timestamp;

    #[test]
    fn content_is_what_a_record_says_wherever_it_stands() {
        let keys = Keys::built_in();
        let record = |rows: u64, position: u64| Record {
            rows: Some(rows),
            account: Some("li".into()),
            subjects: vec!["C1".into(), "C2".into()],
            ..Record::new(Position(position), RecordHash([position as u8; 32]), Timestamp::FIRST)
        };
        let one = of(&record(1, 1), &keys);
        assert_eq!(one, of(&record(1, 2), &keys));
        let more = of(&record(10_000, 1), &keys);
        assert!(one.login == more.login && one.rest != more.rest);
        let split = Record { subjects: vec!["C1C2".into()], ..record(1, 1) };
        assert_ne!(one.rest, of(&split, &keys).rest);
        let other = Record { account: Some("wang".into()), ..record(1, 1) };
        assert!(one.login != of(&other, &keys).login && one.rest == of(&other, &keys).rest);
        assert_ne!(one, of(&record(1, 1), &Keys::from_secret(&[7; 32])), "nobody without the key can tell");
    }
}
