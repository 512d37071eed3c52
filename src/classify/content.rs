//! What a record says, as keyed prints: two records of one id are the same only if they say the same (docs/contract.md §9).
//!
//! It is made of what was decoded, not of the bytes: a shipper that sends a record again may wrap it in another envelope.

use crate::model::access::RecordContent;
use crate::model::keys::Keys;
use crate::model::record::{Object, Record};
use std::hash::{Hash, Hasher};

/// The prints of a record.
pub fn of(record: &Record<'_>, keys: &Keys) -> RecordContent {
    let (mut login, mut rest) = (Said::of(LOGIN), Said::of(REST));
    hash_login(record, &mut login);
    hash_rest(record, &mut rest);
    // Half of a keyed print suffices: nobody without the key can look for two that are alike.
    RecordContent { login: login.print(keys) as u32, rest: rest.print(keys) as u32 }
}

const LOGIN: &str = "login of a record";
const REST: &str = "content of a record";

fn hash_login(record: &Record<'_>, login: &mut impl Hasher) {
    (record.employee.as_deref(), record.account.as_deref()).hash(login);
}

fn hash_rest(record: &Record<'_>, rest: &mut impl Hasher) {
    let said = (record.time.0, record.operation, record.rows, record.rows_bound, record.fetched);
    said.hash(rest);
    (std::mem::discriminant(&record.outcome), record.dialect, record.system.as_deref(), record.session.as_deref()).hash(rest);
    (record.client.ip.as_deref(), record.client.host.as_deref(), record.client.app.as_deref()).hash(rest);
    (record.statement.as_deref(), record.purpose.as_deref(), record.on_behalf_of.as_deref()).hash(rest);
    for objects in [&record.objects, &record.base_reads] {
        objects.len().hash(rest);
        objects.iter().for_each(|object| hash_object(object, rest));
    }
    record.binds.len().hash(rest);
    record.binds.iter().for_each(|value| value.as_deref().hash(rest));
    record.subjects.len().hash(rest);
    record.subjects.iter().for_each(|subject| (**subject).hash(rest));
}

/// What is hashed, collected: a keyed hash of the whole costs half of that of many small parts, and is the same.
struct Said {
    domain: &'static str,
    parts: Vec<u8>,
}

impl Said {
    fn of(domain: &'static str) -> Said {
        Said { domain, parts: Vec::with_capacity(512) }
    }

    fn print(&self, keys: &Keys) -> u64 {
        let mut hasher = keys.print_hasher(self.domain);
        hasher.write(&self.parts);
        hasher.finish()
    }
}

impl Hasher for Said {
    fn write(&mut self, bytes: &[u8]) {
        self.parts.extend_from_slice(bytes);
    }

    /// The parts themselves are what counts.
    fn finish(&self) -> u64 {
        0
    }
}

fn hash_object(object: &Object<'_>, rest: &mut impl Hasher) {
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

    #[test]
    fn what_is_collected_has_the_hash_of_its_parts() {
        let keys = Keys::built_in();
        let object = Object { table: "crm.customers".into(), columns: Some(vec!["name".into(), "身份证号".into()]) };
        let record = Record {
            rows: Some(7),
            employee: Some("E1".into()),
            session: Some("s".into()),
            subjects: vec!["C1".into()],
            objects: vec![object],
            ..Record::new(Position(1), RecordHash([1; 32]), Timestamp::FIRST)
        };
        let (mut login, mut rest) = (keys.print_hasher(LOGIN), keys.print_hasher(REST));
        hash_login(&record, &mut login);
        hash_rest(&record, &mut rest);
        let direct = RecordContent { login: login.finish() as u32, rest: rest.finish() as u32 };
        assert_eq!(of(&record, &keys), direct);
    }
}
