//! Tags of subjects: who is very important, an employee, or a planted record; and who serves them (`subjects.csv`, docs/contract.md §5).

use crate::classify::table_file;
use crate::model::access::Subject;
use crate::model::feed::FeedRows;
use crate::model::keys::Keys;
use crate::model::problem::Problem;
use foldhash::fast::FixedState;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What is special about a subject.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// Nothing; the row only names the owner.
    Plain,
    /// Of public interest.
    Vip,
    /// One of the organisation's own people.
    Employee,
    /// A planted record that no business ever needs.
    Canary,
}

/// Tags and owners by subject.
#[derive(Debug, Default)]
pub struct Subjects {
    tags: HashMap<u64, (Tag, Option<Arc<str>>), FixedState>,
    canaries: usize,
    vips: usize,
    owners: usize,
    served: BTreeMap<Arc<str>, u64>,
    rows: FeedRows,
}

impl Subjects {
    /// Reads the file. Ids are taken in every given space, since the file does not name one.
    pub fn parse(text: &str, file: &str, keys: &Keys, spaces: &[String]) -> Result<Subjects, Vec<Problem>> {
        let mut subjects = Subjects::default();
        let mut listed: HashSet<String> = HashSet::new();
        let mut rows = table_file::read(text, file, &["subject"], |row, problems| {
            let tag = row.parsed("tag", "must be blank, vip, employee or canary", problems, |text| match text {
                "vip" => Some(Tag::Vip),
                "employee" => Some(Tag::Employee),
                "canary" => Some(Tag::Canary),
                _ => None,
            });
            let owner: Option<Arc<str>> = row.text("owner").map(Arc::from);
            if let Some(id) = row.required("subject", problems) {
                let tag = tag.unwrap_or(Tag::Plain);
                listed.insert(id.to_owned());
                subjects.canaries += usize::from(tag == Tag::Canary);
                subjects.vips += usize::from(matches!(tag, Tag::Vip | Tag::Employee));
                subjects.owners += usize::from(owner.is_some());
                if let Some(owner) = &owner {
                    *subjects.served.entry(owner.clone()).or_default() += 1;
                }
                for space in spaces {
                    subjects.tags.insert(keys.subject(space, id).0, (tag, owner.clone()));
                }
            }
        })?;
        rows.size.entries = listed.len() as u64;
        Ok(Subjects { rows, ..subjects })
    }

    /// How much of the file there is, and what is odd about it.
    pub fn rows(&self) -> &FeedRows {
        &self.rows
    }

    /// Tag and owner of a subject that is listed.
    pub fn entry(&self, subject: Subject) -> Option<(Tag, Option<&Arc<str>>)> {
        self.tags.get(&subject.0).map(|(tag, owner)| (*tag, owner.as_ref()))
    }

    /// What the listed subjects are known by.
    pub fn prints(&self) -> impl Iterator<Item = u64> {
        self.tags.keys().copied()
    }

    /// How many subjects have an owner.
    pub fn owners(&self) -> usize {
        self.owners
    }

    /// How many subjects each unit or employee serves, in order.
    pub fn served(&self) -> impl Iterator<Item = (&Arc<str>, u64)> {
        self.served.iter().map(|(owner, count)| (owner, *count))
    }

    /// How many subjects are of public interest, or colleagues.
    pub fn vips(&self) -> usize {
        self.vips
    }

    /// The tag of a subject.
    pub fn tag(&self, subject: Subject) -> Tag {
        self.tags.get(&subject.0).map_or(Tag::Plain, |(tag, _)| *tag)
    }

    /// The unit or employee that serves a subject.
    pub fn owner(&self, subject: Subject) -> Option<&Arc<str>> {
        self.tags.get(&subject.0).and_then(|(_, owner)| owner.as_ref())
    }

    /// Subjects with a tag, ascending.
    pub fn tagged(&self, tag: Tag) -> Vec<Subject> {
        let mut tagged: Vec<Subject> = self.tags.iter().filter(|(_, (is, _))| *is == tag).map(|(print, _)| Subject(*print)).collect();
        tagged.sort_unstable();
        tagged
    }

    /// Subjects that somebody serves, without a tag, ascending, with who does.
    pub fn owned(&self) -> Vec<(Subject, &Arc<str>)> {
        let plain = self.tags.iter().filter(|(_, (tag, _))| *tag == Tag::Plain);
        let mut owned: Vec<_> = plain.filter_map(|(print, (_, owner))| Some((Subject(*print), owner.as_ref()?))).collect();
        owned.sort_unstable_by_key(|(subject, _)| *subject);
        owned
    }

    /// How many subjects are listed, over all spaces.
    pub fn len(&self) -> usize {
        self.tags.len()
    }

    /// Whether none is listed.
    pub fn is_empty(&self) -> bool {
        self.tags.is_empty()
    }

    /// How many planted records there are.
    pub fn canaries(&self) -> usize {
        self.canaries
    }
}
