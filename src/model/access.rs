//! An access: one decoded, classified act of one actor. What everything after classification works on.
//!
//! It is compact and holds no text of the log and no raw id: subjects are keyed pseudonyms, clients are prints.

use crate::model::identity::Identity;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::place::Places;
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Where a record stands at its source: line from 1 for files, offset for Kafka.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Position(pub u64);

/// A source partition, by its place in the sorted list of the run's partitions.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PartitionId(pub u32);

/// Keyed BLAKE3 of a record's raw bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RecordHash(pub [u8; 32]);

impl RecordHash {
    /// The hash of a record of several lines, from the keyed hashes of its lines.
    #[must_use]
    pub fn and(self, next: RecordHash) -> RecordHash {
        let mut both = [0; 64];
        both[..32].copy_from_slice(&self.0);
        both[32..].copy_from_slice(&next.0);
        RecordHash(*blake3::hash(&both).as_bytes())
    }
}

/// A subject's pseudonym as held inside: 64 bits of keyed BLAKE3 of its space and id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Subject(pub u64);

/// A record's own id at its source.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RecordId {
    /// The id as the source gives it: records of one time settle in its order.
    pub text: Box<str>,
    /// 64-bit print of (source, id), by which repeats are known.
    pub print: u64,
    /// What the record says: a repeat says the same.
    pub content: RecordContent,
}

/// Keyed prints of what a record says, as it was decoded: its envelope and its place are no part of it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize)]
pub struct RecordContent {
    /// Who.
    pub login: u32,
    /// Everything else.
    pub rest: u32,
}

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Operation {
    #[default]
    Read,
    Export,
    Write,
    Delete,
    Login,
    Admin,
    Other,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 7] =
        [Operation::Read, Operation::Export, Operation::Write, Operation::Delete, Operation::Login, Operation::Admin, Operation::Other];

    /// The name used in files.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Read => "read",
            Operation::Export => "export",
            Operation::Write => "write",
            Operation::Delete => "delete",
            Operation::Login => "login",
            Operation::Admin => "admin",
            Operation::Other => "other",
        }
    }
}

/// Who stands behind an access: a person, or an account that cannot be told to be one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Actor {
    /// A natural person, by employee id.
    Employee(Arc<str>),
    /// A pooled, service or unmapped login: never taken for a person.
    Account(Arc<str>),
}

impl Actor {
    /// The id of the person or account.
    pub fn name(&self) -> &Arc<str> {
        match self {
            Actor::Employee(name) | Actor::Account(name) => name,
        }
    }
}

/// 64-bit prints of where an access came from; 0 where the log does not say.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct ClientPrint {
    /// Address.
    pub ip: u64,
    /// Host name.
    pub host: u64,
    /// Program.
    pub app: u64,
    /// Session.
    pub session: u64,
}

/// How the rows were chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub enum Selection {
    /// The log does not say.
    #[default]
    Unknown,
    /// Exact keys.
    Keys,
    /// A pattern, range or other condition.
    Condition,
    /// No condition: the whole table.
    Everything,
}

/// What an access shows beyond how many and whom: told at the edge, where texts are still known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Indicators(pub u16);

impl Indicators {
    /// Rows chosen by a prefix or pattern.
    pub const PATTERN: Indicators = Indicators(1);
    /// Pages of a longer list: an offset.
    pub const PAGED: Indicators = Indicators(1 << 1);
    /// Rows chosen by a condition on what is no key of a person: an event, a date, a value.
    pub const SEGMENT: Indicators = Indicators(1 << 2);
    /// Data by which a person can be reached is among what was shown.
    pub const CONTACT: Indicators = Indicators(1 << 3);
    /// The client program talks to the database directly: a console, a desktop tool, a dump.
    pub const DIRECT: Indicators = Indicators(1 << 4);
    /// Auditing was switched off, or an attempt at it.
    pub const AUDIT_OFF: Indicators = Indicators(1 << 5);
    /// The protection of a person's data or account was changed: unmasking, a telephone number, a password.
    pub const CONTROL: Indicators = Indicators(1 << 6);

    /// Whether all of these are set.
    pub fn has(self, indicators: Indicators) -> bool {
        self.0 & indicators.0 == indicators.0
    }

    /// Both together.
    #[must_use]
    pub fn and(self, indicators: Indicators) -> Indicators {
        Indicators(self.0 | indicators.0)
    }
}

/// How the ids of the people asked for follow one another, as keyed prints: whether somebody counts ids up or down can be told
/// from them, and no id.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct IdSequence {
    /// Print of the one id asked for; 0 where it is not one, or ends in no number.
    pub id: u64,
    /// Print of the id before it.
    pub before: u64,
    /// Of a list: how many ids follow another of the list.
    pub consecutive: u32,
}

/// Tell the ids of shares, of a login and of whom a service serves, from that of the record itself.
const SHARE: u64 = 0x9e37_79b9_7f4a_7c15;
const SERVED: u64 = 0xd1b5_4a32_d192_ed03;

/// Stands for all logins together that nobody is known of: what each of a hundred takes adds up here.
pub const UNLISTED: &str = "(logins not listed)";

/// One decoded, classified act of one actor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Access {
    /// Event time.
    pub time: Timestamp,
    /// The source it came from, index of the configuration's sorted source names.
    pub source: u16,
    /// The partition it came from.
    pub partition: PartitionId,
    /// Its place there.
    pub position: Position,
    /// Hash of the raw record.
    pub hash: RecordHash,
    /// Bytes of the raw record; 0 where several lines make it up.
    pub length: u32,
    /// The record's own id, where it has one; duplicates by it count once.
    pub id: Option<RecordId>,
    /// Who did it.
    pub actor: Actor,
    /// How that is known.
    pub identity: Identity,
    /// The login that says it acts for this person; none where the login itself is the person's.
    pub login: Option<Arc<str>>,
    /// Print of the name for which a login says that it asks; 0 for none. It was not believed where the actor is the login itself and
    /// known for sure.
    pub claim: u64,
    /// The employee for whom a service, robot or assistant acted. Where that is the actor, the access is their share of it.
    pub served: Option<Arc<str>>,
    /// What was done.
    pub operation: Operation,
    /// Whether it succeeded.
    pub success: bool,
    /// How the rows were chosen.
    pub selection: Selection,
    /// The systems (or tables of no system) touched that hold personal data.
    pub places: Places,
    /// Tables touched, for reasons given by object.
    pub objects: Arc<[Arc<str>]>,
    /// One bit for each of them that the catalog does not know, where it may have shown somebody; the last for all beyond fifteen.
    pub unknown_tables: u16,
    /// How it was concluded what those of them hold that the catalog does not list: `x.customers_old resembles crm.customers`.
    pub inferred: Box<[Arc<str>]>,
    /// Result rows, where the log gives them.
    pub rows: Option<u64>,
    /// People disclosed.
    pub persons: Persons,
    /// Kinds disclosed.
    pub kinds: Kinds,
    /// The people, where the log says whom; sorted, distinct.
    pub subjects: Box<[Subject]>,
    /// Whether these are only those asked for: fewer may have been found.
    pub candidates: bool,
    /// Print of the `REF` of the claimed purpose.
    pub purpose: Option<u64>,
    /// From where.
    pub client: ClientPrint,
    /// What else it shows.
    pub indicators: Indicators,
    /// Print of the session and the table that it read in full; 0 for any other access, and where the log names no session.
    pub full_read: u64,
    /// How the ids asked for follow one another.
    pub id_sequence: IdSequence,
    /// Of an act that shows nobody, a write or an administration: whom it was about.
    pub target_subjects: Box<[Subject]>,
    /// What of it can only be meant against the record.
    pub signs: Signs,
    /// Whether it is here only for what it takes of a reason that its employee's unit shares: another process's task judges it. Never saved.
    #[serde(skip)]
    pub drawn: bool,
}

impl Access {
    /// The same act as that of the login that claims to do it for somebody: whoever is claimed, it is the login's act as well.
    pub fn share_of_login(&self) -> Option<Access> {
        Some(self.shared_with(self.login.clone()?))
    }

    /// The same act as one of all logins together that nobody is known of. `login`: a print of that by which it was done.
    pub fn share_of_unlisted(&self, login: u64) -> Access {
        Access { claim: login, ..self.shared_with(Arc::from(UNLISTED)) }
    }

    /// The same act as that of the employee for whom it was done: whoever orders, it is the service's act in full.
    pub fn share_of_served(&self) -> Option<Access> {
        let person = self.served.clone().filter(|_| matches!(self.actor, Actor::Account(_)))?;
        let id = self.id.as_ref().map(|id| RecordId { print: id.print ^ SERVED, ..id.clone() });
        let login = Some(self.actor.name().clone());
        Some(Access { actor: Actor::Employee(person), identity: Identity::Claimed, login, claim: 0, id, ..self.clone() })
    }

    /// Whether it is the share of somebody for whom a service acted.
    pub fn is_of_served(&self) -> bool {
        self.served.is_some() && matches!(self.actor, Actor::Employee(_))
    }

    fn shared_with(&self, login: Arc<str>) -> Access {
        // It is no repeat of the record itself.
        let id = self.id.as_ref().map(|id| RecordId { print: id.print ^ SHARE, ..id.clone() });
        Access { actor: Actor::Account(login), login: None, served: None, id, ..self.clone() }
    }

    /// What others need of it who count how far a reason of its employee's unit is used up.
    #[must_use]
    pub fn drawing(&self) -> Access {
        let (inferred, target_subjects) = (Box::default(), Box::default());
        Access { login: None, inferred, target_subjects, drawn: true, ..self.clone() }
    }

    /// Whether it is a share of an act that counts with somebody else: with the person for whom a login claims to do it, with a login
    /// that nobody is known of, or with the service that did it for this person.
    pub fn is_share(&self) -> bool {
        self.is_of_login() || self.is_of_served()
    }

    /// Whether it is the share of a login, or of all that are not listed, in what others do: how they work is theirs.
    pub fn is_of_login(&self) -> bool {
        (self.identity == Identity::Claimed && self.login.is_none()) || self.is_of_unlisted()
    }

    /// Whether it is the share of all logins that nobody is known of.
    pub fn is_of_unlisted(&self) -> bool {
        matches!(&self.actor, Actor::Account(name) if **name == *UNLISTED)
    }

    /// The people disclosed beyond those known by name.
    ///
    /// Where the source names people and shows more rows of a detail table or join, the rows are those people's details:
    /// a window's distinct people come from subjects where they are known (docs/contract.md §3).
    pub fn unnamed(&self) -> Persons {
        let named = self.subjects.len() as u64;
        match self.persons {
            Persons::Exact(n) => Persons::Exact(n.saturating_sub(named)),
            Persons::AtMost(_) if named > 0 => Persons::NOBODY,
            Persons::AtMost(n) => Persons::AtMost(n),
            Persons::AtLeast(_) | Persons::Unknown => Persons::Unknown,
        }
    }
}
