//! Puts the parts of classification together: one decoded record in, one access out.

use crate::classify::catalog::Catalog;
use crate::classify::counting::{self, Disclosure};
use crate::classify::derivation::MadeTables;
pub use crate::classify::directory::UNKNOWN_ACTOR;
use crate::classify::directory::{Directory, Identified};
use crate::classify::logins::{Login, Mapping};
use crate::classify::{content, end_user, id_sequence, indicators, letters, names};
use crate::model::access::{
    Access, Actor, ClientPrint, IdSequence, Indicators, Operation, PartitionId, Position, RecordHash, RecordId, Selection, UNLISTED,
};
use crate::model::identity::Identity;
use crate::model::keys::Keys;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::place::Places;
use crate::model::record::{EventOutcome, Record};
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use std::cell::RefCell;
use std::sync::Arc;

/// What classification looks things up in. Shared by all threads, changed by none.
#[derive(Debug)]
pub struct Classifier {
    /// Which column holds what.
    pub catalog: Catalog,
    /// Whose account is whose.
    pub directory: Directory,
    /// The secret behind pseudonyms.
    pub keys: Keys,
}

/// Where a record came from.
#[derive(Clone, Copy, Debug)]
pub struct SourcePartition<'a> {
    /// Name of the source.
    pub source: &'a str,
    /// Place of that name among the sorted names of all sources.
    pub index: u16,
    /// The partition.
    pub partition: PartitionId,
}

/// What a record has to do with tables that statements made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct MadeTablesUse {
    /// What is known of it may depend on which were made before.
    pub asked: bool,
    /// It made, changed or dropped one.
    pub changed: bool,
}

/// Who stands behind a record, and what was claimed of it.
struct Claimant {
    found: Identified,
    /// The login that claims to ask for this person.
    login: Option<Arc<str>>,
    /// Print of the name that was claimed; 0 for none.
    claim: u64,
}

impl Classifier {
    /// Who stands behind a record, how that is known, and of a claim the login that makes it.
    ///
    /// A login that the directory calls an application's or shared stands for whom it names, if it may do so from there and the directory
    /// knows that person. Whatever it claims, the login is known.
    fn identify(&self, record: &Record<'_>) -> Claimant {
        let (account, system) = (record.account.as_deref(), record.system.as_deref());
        let mapping = account.filter(|_| record.employee.is_none()).map(|account| self.directory.login(account, system, record.time));
        if let Some(Mapping::Known(login)) = mapping
            && login.is_for_others()
            && let Some(claim) = self.claim(record, login)
        {
            return claim;
        }
        let unknown =
            || Identified { actor: Actor::Account(Arc::from(UNKNOWN_ACTOR)), identity: Identity::Inferred, signs: Signs::default() };
        let Some(mut found) = self.directory.identify_by(record.employee.as_deref(), account, mapping, system, record.time) else {
            return Claimant { found: unknown(), login: None, claim: 0 };
        };
        // No login may pass for what stands for all of them.
        if found.actor.name().is_empty() || **found.actor.name() == *UNLISTED {
            found.actor = Actor::Account(Arc::from(UNKNOWN_ACTOR));
        }
        Claimant { found, login: None, claim: 0 }
    }

    /// The employee for whom a service, robot or assistant acted, as the source says. It is believed of logins that the directory lists as
    /// nobody's own: who could be taken for anybody by a name that nobody knows would have to answer for everybody.
    fn served(&self, record: &Record<'_>, actor: &Actor) -> Option<Arc<str>> {
        let name = record.on_behalf_of.as_deref()?;
        if !matches!(actor, Actor::Account(_)) || self.directory.is_unmapped(actor) || **actor.name() == *UNKNOWN_ACTOR {
            return None;
        }
        let account = record.account.as_deref()?;
        let may = match self.directory.login(account, record.system.as_deref(), record.time) {
            Mapping::Known(login) => login.may_claim_from(record.client.ip.as_deref(), record.client.host.as_deref()),
            _ => false,
        };
        let person = self.directory.person(name.trim(), record.system.as_deref(), record.time).filter(|_| may)?;
        Some(person.name().clone())
    }

    /// For whom a login that stands for others says it asks.
    fn claim(&self, record: &Record<'_>, login: &Login) -> Option<Claimant> {
        let named = end_user::named(record);
        let first = named.first()?;
        let known = named.iter().find_map(|name| self.directory.person(&name.text, record.system.as_deref(), record.time));
        let may = login.may_claim_from(record.client.ip.as_deref(), record.client.host.as_deref());
        let own = |signs| Identified { actor: Actor::Account(login.name.clone()), identity: Identity::Authenticated, signs };
        let print = |name: &str| self.keys.print("claim", name).max(1);
        Some(match known {
            Some(person) if may => {
                let claim = print(person.name());
                let found = Identified { actor: person, identity: Identity::Claimed, signs: Signs::default() };
                Claimant { found, login: Some(login.name.clone()), claim }
            }
            // A name of nobody may be a customer's or a job's: how many there are is held against what is usual of the login.
            None => {
                let disguised = Signs::CONFUSABLE_NAME.if_so(first.by_key && names::is_disguised(&first.text));
                Claimant { found: own(disguised), login: None, claim: if first.by_key { print(&first.text) } else { 0 } }
            }
            Some(person) => Claimant { found: own(Signs::REJECTED_CLAIM), login: None, claim: print(person.name()) },
        })
    }

    /// Classifies a record. Beside the access comes what was understood of it, for whoever shows it.
    pub fn classify(&self, record: &Record<'_>, origin: SourcePartition<'_>) -> (Access, Disclosure) {
        self.classify_by(&self.catalog, record, origin)
    }

    /// The same where statements before it, of the same partition, made tables; and notes what it makes. Beside the access comes what
    /// it has to do with such tables.
    pub fn classify_among(
        &self,
        record: &Record<'_>,
        origin: SourcePartition<'_>,
        made: &mut MadeTables,
    ) -> (Access, Disclosure, MadeTablesUse) {
        let (access, disclosure) = self.classify_by(made.catalog(&self.catalog), record, origin);
        let asked = !disclosure.changes.is_empty() || disclosure.reads.iter().any(|read| !read.known || read.inferred.is_some());
        let changed = made.note(record, &disclosure, &self.catalog, &self.keys);
        (access, disclosure, MadeTablesUse { asked, changed })
    }

    /// What a record that nobody can decode says of those whom it names: that it is there. It has no time until its partition gives it one;
    /// `around` is that of a record near it.
    pub fn letter(
        &self,
        text: &[u8],
        (position, hash): (Position, RecordHash),
        around: Timestamp,
        origin: SourcePartition<'_>,
    ) -> Vec<Access> {
        let about = |actor| Access {
            time: around,
            source: origin.index,
            partition: origin.partition,
            position,
            hash,
            length: u32::try_from(text.len()).unwrap_or(u32::MAX),
            id: None,
            actor,
            identity: Identity::Inferred,
            login: None,
            claim: 0,
            served: None,
            operation: Operation::Other,
            success: true,
            selection: Selection::Unknown,
            places: Places::default(),
            objects: Arc::default(),
            unknown_tables: 0,
            inferred: Box::default(),
            rows: None,
            persons: Persons::NOBODY,
            kinds: Kinds::default(),
            subjects: Box::default(),
            candidates: false,
            purpose: None,
            client: ClientPrint::default(),
            indicators: Indicators::default(),
            full_read: 0,
            id_sequence: IdSequence::default(),
            target_subjects: Box::default(),
            signs: Signs::NAMED_LETTER,
            drawn: false,
        };
        letters::named(&self.directory, text, around).into_iter().map(about).collect()
    }

    fn classify_by(&self, catalog: &Catalog, record: &Record<'_>, origin: SourcePartition<'_>) -> (Access, Disclosure) {
        let disclosure = counting::disclose(record, catalog, &self.keys);
        let Claimant { found: Identified { actor, identity, signs }, login, claim } = self.identify(record);
        let served = self.served(record, &actor);
        let mut places = Places::default();
        for place in disclosure.reads.iter().filter(|read| !read.kinds.is_empty()).filter_map(|read| read.place) {
            places.add(place);
        }
        // Candidates beyond the bound of people would make more of the access than it can have been.
        let named_fit = disclosure.persons.figure().is_none_or(|figure| figure >= disclosure.subjects.len() as u64);
        let print = |domain: &str, text: Option<&str>| text.map_or(0, |text| self.keys.print(domain, text));
        let access = Access {
            time: record.time,
            source: origin.index,
            partition: origin.partition,
            position: record.position,
            hash: record.hash,
            length: record.length,
            id: record.id.as_deref().map(|id| RecordId {
                text: id.into(),
                print: self.keys.print(origin.source, id),
                content: content::of(record, &self.keys),
            }),
            actor,
            identity,
            login,
            claim,
            served,
            operation: if record.operation == Operation::Read && disclosure.exports { Operation::Export } else { record.operation },
            success: matches!(record.outcome, EventOutcome::Success | EventOutcome::Interrupted),
            selection: disclosure.selection,
            places,
            objects: objects(&disclosure),
            unknown_tables: unknown_tables(&disclosure),
            inferred: inferred(&disclosure),
            rows: disclosure.rows,
            persons: disclosure.persons,
            kinds: disclosure.kinds,
            subjects: if named_fit { disclosure.subjects.clone() } else { Box::default() },
            candidates: record.subjects.is_empty() && !matches!(disclosure.persons, Persons::Exact(_)),
            purpose: record.purpose.as_deref().map(|purpose| self.keys.print("ref", reference(purpose))),
            client: ClientPrint {
                ip: print("ip", record.client.ip.as_deref()),
                host: print("host", record.client.host.as_deref()),
                app: print("app", record.client.app.as_deref()),
                session: print("session", record.session.as_deref()),
            },
            indicators: indicators::of(record, &disclosure, catalog),
            full_read: full_read(record, &disclosure, &self.keys),
            id_sequence: match record.subjects.is_empty() {
                true => disclosure.id_sequence,
                false => id_sequence::of(record.subjects.iter().map(|id| &**id), &self.keys),
            },
            target_subjects: indicators::target_subjects(record, &disclosure, catalog, &self.keys),
            signs: record.signs.and(signs),
            drawn: false,
        };
        (access, disclosure)
    }
}

/// Of a statement that read one table in full, a print of its session and the table; 0 for any other.
fn full_read(record: &Record<'_>, disclosure: &Disclosure, keys: &Keys) -> u64 {
    match (&record.session, disclosure.reads.as_slice()) {
        (Some(session), [read]) if disclosure.is_full_read && record.outcome == EventOutcome::Success => {
            let system = record.system.as_deref().unwrap_or("");
            keys.print("full read", &format!("{system}\0{session}\0{}", read.table.to_lowercase())).max(1)
        }
        _ => 0,
    }
}

/// The `REF` of a purpose `KIND:REF`.
fn reference(purpose: &str) -> &str {
    purpose.split_once(':').map_or(purpose, |(_, reference)| reference).trim()
}

/// The tables touched. A log names few of them, so the last ones of each thread are kept: most accesses share their list.
fn objects(disclosure: &Disclosure) -> Arc<[Arc<str>]> {
    thread_local! {
        static RECENT: RefCell<Vec<Arc<[Arc<str>]>>> = const { RefCell::new(Vec::new()) };
    }
    let reads = &disclosure.reads;
    let same = |known: &Arc<[Arc<str>]>| known.len() == reads.len() && known.iter().zip(reads).all(|(known, read)| **known == *read.table);
    RECENT.with_borrow_mut(|recent| {
        if let Some(known) = recent.iter().find(|known| same(known)) {
            return known.clone();
        }
        let list: Arc<[Arc<str>]> = reads.iter().map(|read| Arc::from(read.table.as_str())).collect();
        if recent.len() == RECENT_LISTS {
            recent.remove(0);
        }
        recent.push(list.clone());
        list
    })
}

/// The tables among them that the catalog does not know, as bits.
fn unknown_tables(disclosure: &Disclosure) -> u16 {
    if disclosure.persons.is_nobody() {
        return 0;
    }
    let unknown = disclosure.reads.iter().enumerate().filter(|(_, read)| !read.known);
    unknown.fold(0, |bits, (at, _)| bits | 1 << at.min(15))
}

/// What is told of the tables among them that the catalog does not list, and that may have shown somebody.
fn inferred(disclosure: &Disclosure) -> Box<[Arc<str>]> {
    if disclosure.persons.is_nobody() {
        return Box::default();
    }
    let told = disclosure.reads.iter().filter_map(|read| Some(format!("{} {}", read.table, read.inferred.as_deref()?).into()));
    told.take(MOST_INFERRED).collect()
}

/// Inferred tables of one access that are told.
const MOST_INFERRED: usize = 4;

/// Lists of tables kept by each thread.
const RECENT_LISTS: usize = 32;
