//! Logins: whose each is in which system at a date, under whatever form a log writes it, and of which of them a claim to ask for
//! somebody else is believed.
//!
//! Owns `accounts.csv` (docs/contract.md §5).

use crate::classify::names::{Likeness, NameIndex};
use crate::classify::table_file::CsvRow;
use crate::model::problem::Problem;
use crate::model::time::Day;
use foldhash::fast::FixedState;
use globset::{Glob, GlobMatcher};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// An entry of `accounts.csv`.
#[derive(Clone, Debug)]
pub struct Login {
    /// The login as the directory writes it.
    pub name: Arc<str>,
    /// Whose it is; nobody's where it is a program's.
    pub employee: Option<Arc<str>>,
    /// Shared by several.
    pub shared: bool,
    system: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
    /// Addresses and hosts from which it may ask for others; none: from everywhere.
    hosts: Vec<GlobMatcher>,
}

impl Login {
    /// Whether it is an application's or shared by several: others may stand behind it.
    pub fn is_for_others(&self) -> bool {
        self.shared || self.employee.is_none()
    }

    /// Whether it may say from there for whom it asks. Where hosts are named and the log names none, it may not.
    pub fn may_claim_from(&self, ip: Option<&str>, host: Option<&str>) -> bool {
        let is_known = |place: Option<&str>| place.is_some_and(|place| self.hosts.iter().any(|known| known.is_match(place.trim())));
        // The host is a name that the client's resolver gives; where there is an address, it is the address that counts.
        self.hosts.is_empty() || is_known(ip) || (ip.is_none() && is_known(host))
    }

    fn holds(&self, system: Option<&str>, day: Day) -> bool {
        self.system.as_deref().is_none_or(|of| system.is_some_and(|system| system.eq_ignore_ascii_case(of)))
            && self.from.is_none_or(|from| from <= day)
            && self.to.is_none_or(|to| day <= to)
    }
}

/// How logins of a system are matched with those of the directory.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum LoginMatching {
    /// Character by character: `li` and `LI` are different people's.
    Exact,
    /// Whatever the case.
    Case,
    /// Whatever the case, and without a domain or realm.
    #[default]
    Realm,
    /// The same; and a login that `accounts.csv` does not list is that of the employee whose number it is.
    Number,
}

impl LoginMatching {
    /// Each with its name in configurations.
    pub const ALL: [(&'static str, LoginMatching); 4] = [
        ("exact", LoginMatching::Exact),
        ("case", LoginMatching::Case),
        ("realm", LoginMatching::Realm),
        ("number", LoginMatching::Number),
    ];

    /// That of the name.
    pub fn named(name: &str) -> Option<LoginMatching> {
        LoginMatching::ALL.into_iter().find(|(known, _)| *known == name).map(|(_, matching)| matching)
    }

    fn allows(self, likeness: Likeness) -> bool {
        match likeness {
            Likeness::Same => true,
            Likeness::Case => self >= LoginMatching::Case,
            Likeness::Realm => self >= LoginMatching::Realm,
            Likeness::Eye => false,
        }
    }
}

/// How logins are matched, by glob of the system; the first that fits holds.
#[derive(Clone, Debug, Default)]
pub struct LoginRules(Vec<(GlobMatcher, LoginMatching)>);

impl LoginRules {
    /// From globs and names of rules, the most particular first: those without wildcards before others.
    pub fn parse<'a>(rules: impl Iterator<Item = (&'a str, &'a str)>) -> Result<LoginRules, String> {
        let mut all = Vec::new();
        for (glob, name) in rules {
            let matcher = Glob::new(glob).map_err(|_| format!("{glob:?} is no glob"))?.compile_matcher();
            all.push((matcher, LoginMatching::named(name).ok_or_else(|| format!("{name:?} for {glob:?}"))?));
        }
        all.sort_by_key(|(glob, _)| (glob.glob().glob().contains(['*', '?', '[', '{']), std::cmp::Reverse(glob.glob().glob().len())));
        Ok(LoginRules(all))
    }

    /// The rule of a system.
    pub fn of(&self, system: Option<&str>) -> LoginMatching {
        if self.0.is_empty() {
            return LoginMatching::default();
        }
        let system = system.unwrap_or("");
        self.0.iter().find(|(glob, _)| glob.is_match(system)).map_or(LoginMatching::default(), |(_, matching)| *matching)
    }
}

/// What the directory makes of a login.
#[derive(Clone, Copy, Debug)]
pub enum Mapping<'a> {
    /// It is this one.
    Known(&'a Login),
    /// It is none, and to be taken for this one.
    LooksLike(&'a Login),
    /// Several people's logins are as like it as one another.
    Ambiguous,
    /// The directory knows none like it.
    Unknown,
}

/// How many entries of `accounts.csv` are of which sort.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct AccountEntries {
    /// Of one employee.
    pub personal: usize,
    /// Shared by several.
    pub pooled: usize,
    /// Of nobody: a program's.
    pub service: usize,
}

/// Every login of the directory.
#[derive(Debug)]
pub struct Logins {
    by_name: HashMap<Arc<str>, Vec<Login>, FixedState>,
    forms: NameIndex,
    rules: LoginRules,
    /// Tells apart what threads remember of several directories.
    generation: u64,
}

/// The names that are like one, of a directory.
type Remembered = (u64, Box<str>, Arc<[(Likeness, Arc<str>)]>);

/// Logins of which each thread remembers the names that are like them: most unmapped logins come again and again.
const REMEMBERED: usize = 32;

impl Logins {
    /// None.
    pub fn none(rules: LoginRules) -> Logins {
        static GENERATION: AtomicU64 = AtomicU64::new(0);
        let generation = GENERATION.fetch_add(1, Ordering::Relaxed);
        Logins { by_name: HashMap::default(), forms: NameIndex::default(), rules, generation }
    }

    /// Adds a row of `accounts.csv`. `known` gives the id of an employee as the directory holds it.
    pub fn add(&mut self, row: &CsvRow<'_>, problems: &mut Vec<Problem>, known: impl Fn(&str) -> Arc<str>) {
        let Some(account) = row.required("account", problems) else { return };
        let shared = row.parsed("shared", "must be true or false", problems, |text| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        });
        let (from, to) = (row.day("from", problems), row.day("to", problems));
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            problems.push(Problem::new(format!("{}: to", row.place()), format!("must not be before from ({from})"), to));
        }
        let globs = |text: &str| text.split([' ', ';', '|']).filter(|part| !part.is_empty()).map(host_glob).collect::<Option<Vec<_>>>();
        let hosts = row.parsed("hosts", "must be addresses or hosts, with blanks between them", problems, globs).unwrap_or_default();
        let name = match self.by_name.get_key_value(account) {
            Some((name, _)) => name.clone(),
            None => {
                let name: Arc<str> = Arc::from(account);
                self.forms.add(&name);
                name
            }
        };
        let login = Login {
            name: name.clone(),
            employee: row.text("employee").map(known),
            shared: shared.unwrap_or(false),
            system: row.text("system").filter(|system| *system != "*").map(str::to_owned),
            from,
            to,
            hosts,
        };
        self.by_name.entry(name).or_default().push(login);
    }

    /// Entries by what they say of who stands behind an account.
    pub fn by_sort(&self) -> AccountEntries {
        let mut entries = AccountEntries::default();
        for entry in self.entries() {
            match (entry.shared, &entry.employee) {
                (true, _) => entries.pooled += 1,
                (false, Some(_)) => entries.personal += 1,
                (false, None) => entries.service += 1,
            }
        }
        entries
    }

    /// How logins of a system are matched.
    pub fn matching(&self, system: Option<&str>) -> LoginMatching {
        self.rules.of(system)
    }

    /// What a login of a system is on a day.
    pub fn find(&self, account: &str, system: Option<&str>, day: Day) -> Mapping<'_> {
        if let Some(entries) = self.by_name.get(account) {
            // A login that is listed and nobody's on that day is nobody's.
            return entries.iter().find(|entry| entry.holds(system, day)).map_or(Mapping::Unknown, Mapping::Known);
        }
        if self.by_name.is_empty() {
            return Mapping::Unknown;
        }
        let matching = self.rules.of(system);
        let like = self.like(account);
        let mut at = 0;
        while let Some((likeness, _)) = like.get(at) {
            let end = at + like[at..].iter().take_while(|(other, _)| other == likeness).count();
            let of = |(_, name): &(Likeness, Arc<str>)| self.by_name.get(name)?.iter().find(|entry| entry.holds(system, day));
            let mut found = like[at..end].iter().filter_map(of);
            if let Some(first) = found.next() {
                let others = found.any(|other| (&other.employee, other.is_for_others()) != (&first.employee, first.is_for_others()));
                return match (others, matching.allows(*likeness)) {
                    (false, true) => Mapping::Known(first),
                    // The directory itself does not tell these apart, nor is a domain a disguise where it makes another login.
                    (true, true) => Mapping::Unknown,
                    (_, false) if *likeness == Likeness::Realm => Mapping::Unknown,
                    (false, false) => Mapping::LooksLike(first),
                    (true, false) => Mapping::Ambiguous,
                };
            }
            at = end;
        }
        Mapping::Unknown
    }

    /// The login of exactly that name in whatever system, on a day or, where it is nobody's then, at any time.
    pub fn exactly(&self, name: &str, day: Day) -> Option<&Login> {
        let entries = self.by_name.get(name)?;
        entries.iter().find(|entry| entry.from.is_none_or(|from| from <= day) && entry.to.is_none_or(|to| day <= to)).or(entries.last())
    }

    /// The names that are like this one.
    fn like(&self, account: &str) -> Arc<[(Likeness, Arc<str>)]> {
        thread_local! {
            static RECENT: RefCell<Vec<Remembered>> = const { RefCell::new(Vec::new()) };
        }
        RECENT.with_borrow_mut(|recent| {
            if let Some(at) = recent.iter().position(|(generation, name, _)| *generation == self.generation && **name == *account) {
                return recent[at].2.clone();
            }
            let like: Arc<[(Likeness, Arc<str>)]> = self.forms.like(account).into();
            if recent.len() == REMEMBERED {
                recent.remove(0);
            }
            recent.push((self.generation, account.into(), like.clone()));
            like
        })
    }

    /// Whether a login is listed by exactly this name.
    pub fn lists(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// How many logins there are.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// All entries, in no order.
    pub fn entries(&self) -> impl Iterator<Item = &Login> {
        self.by_name.values().flatten()
    }
}

/// A host or address, with wildcards: `10.0.0.*`, `app-?.corp`.
fn host_glob(text: &str) -> Option<GlobMatcher> {
    globset::GlobBuilder::new(text).case_insensitive(true).build().ok().map(|glob| glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classify::table_file;

    fn logins(text: &str, rules: &[(&str, &str)]) -> Logins {
        let mut logins = Logins::none(LoginRules::parse(rules.iter().copied()).expect("is valid"));
        table_file::read(text, "accounts.csv", &["account"], |row, found| logins.add(row, found, |id| Arc::from(id))).expect("is valid");
        logins
    }

    fn found(logins: &Logins, account: &str, system: &str) -> String {
        let day = Day::parse("2026-03-02").expect("is a day");
        let name = |login: &Login| login.employee.as_deref().unwrap_or("nobody").to_owned();
        match logins.find(account, Some(system), day) {
            Mapping::Known(login) => name(login),
            Mapping::LooksLike(login) => format!("like {}", name(login)),
            Mapping::Ambiguous => "ambiguous".to_owned(),
            Mapping::Unknown => "unknown".to_owned(),
        }
    }

    const ACCOUNTS: &str = "account,system,employee,from,to,shared\nli,,E1,,,\nWANG,,E2,,,\nCORP\\zhao,,E3,,,\nLAB\\zhao,,E4,,,\nMa,,E5,,,\nMA,,E6,,,\napp,crm,,,,\nold,,E7,,2026-01-31,\n";

    #[test]
    fn a_login_is_matched_as_it_is_then_by_case_then_without_its_realm() {
        let logins = logins(ACCOUNTS, &[]);
        for (account, whose) in [
            ("li", "E1"),
            ("LI", "E1"),
            ("li   ", "E1"),
            ("CORP\\li", "E1"),
            ("wang@corp.example.com", "E2"),
            ("corp\\zhao", "E3"),
            ("zhao@lab.example.com", "E4"),
            ("zhao", "unknown"),
            ("ma", "unknown"),
            ("MA", "E6"),
            ("APP", "nobody"),
            ("OLD", "unknown"),
            ("stranger", "unknown"),
            ("l\u{456}", "like E1"),
            ("l\0i", "like E1"),
            ("m\u{430}", "ambiguous"),
        ] {
            assert_eq!(found(&logins, account, "crm"), whose, "{account:?}");
            assert_eq!(found(&logins, account, "crm"), whose, "{account:?} again");
        }
        assert_eq!(found(&logins, "APP", "hr"), "unknown", "another system's");
    }

    #[test]
    fn each_system_has_its_own_rule() {
        let logins = logins(ACCOUNTS, &[("*", "case"), ("pg*", "exact"), ("pg2", "realm")]);
        assert_eq!(found(&logins, "LI", "crm"), "E1");
        assert_eq!(found(&logins, "CORP\\li", "crm"), "unknown");
        assert_eq!(found(&logins, "LI", "pg1"), "like E1", "another login there, that is to be taken for li");
        assert_eq!(found(&logins, "CORP\\li", "pg2"), "E1");
        assert!(LoginRules::parse([("*", "folded")].into_iter()).is_err());
        assert!(LoginRules::parse([("[", "case")].into_iter()).is_err());
    }

    #[test]
    fn claims_are_believed_from_known_hosts_where_any_are_named() {
        let logins = logins("account,shared,hosts\nfree,true,\napp,true,10.0.0.7 10.1.*;app-?.corp\n", &[]);
        let day = Day::parse("2026-03-02").expect("is a day");
        let may = |account: &str, ip: Option<&str>, host: Option<&str>| match logins.find(account, None, day) {
            Mapping::Known(login) => login.may_claim_from(ip, host),
            _ => false,
        };
        assert!(may("free", None, None) && may("free", Some("1.2.3.4"), None));
        assert!(may("app", Some("10.0.0.7"), None) && may("app", Some("10.1.9.9"), None) && may("app", None, Some("APP-1.corp")));
        assert!(!may("app", Some("10.0.0.8"), None) && !may("app", None, None));
        assert!(!may("app", Some("10.0.0.8"), Some("app-1.corp")), "a client chooses its host's name");
    }
}
