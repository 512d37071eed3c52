//! Who may do what: roles held per unit, and one table of what each role may.

use std::collections::BTreeSet;

/// What an account is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Role {
    /// Works on the cases given to them, and takes free ones.
    Investigator,
    /// Gives cases to people, and is the second person of verdicts.
    Lead,
    /// The data protection officer: sees what was looked at, sets and lifts holds.
    Dpo,
    /// Keeps the service running: sees deliveries and no case.
    Operator,
    /// Reads everything, and decides nothing.
    Auditor,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Investigator, Role::Lead, Role::Dpo, Role::Operator, Role::Auditor];

    /// The name in commands and in the database.
    pub fn name(self) -> &'static str {
        match self {
            Role::Investigator => "investigator",
            Role::Lead => "lead",
            Role::Dpo => "dpo",
            Role::Operator => "operator",
            Role::Auditor => "auditor",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Action {
    /// The queue, a case, its alerts.
    Read,
    /// A note on a case.
    Note,
    /// Taking a free case for oneself, or giving one's own back.
    Take,
    /// Giving a case to somebody.
    Assign,
    /// A verdict on a case of one's own.
    Judge,
    /// The second person of a verdict.
    Countersign,
    /// Opening a closed case again.
    Reopen,
    /// Asking for a silence, and ending one.
    ProposeSilence,
    /// Putting a silence into force.
    DecideSilence,
    /// Reading silences.
    SeeSilences,
    /// The whole view log. One's own everybody sees.
    Views,
    /// Notifications on their way.
    Deliveries,
    /// Asking whose pseudonyms they are.
    AskUnmask,
    /// Agreeing to that.
    ApproveUnmask,
    /// Reading who asked for what. One's own everybody sees.
    SeeUnmask,
    /// Asking that a case be kept from being erased.
    AskHold,
    /// Keeping a case from being erased.
    Hold,
    /// Letting it be erased again.
    LiftHold,
}

/// How far a right goes, among the cases of the units of the role.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// None.
    None,
    /// Those assigned to the account.
    Own,
    /// Those, and those assigned to nobody.
    OwnAndFree,
    /// All.
    All,
}

use Reach::{All, None as No, Own, OwnAndFree};

/// The table: a row an action, a column a role in the order of [`Role::ALL`].
pub const RIGHTS: &[(Action, [Reach; 5])] = &[
    //                     investigator  lead  dpo  operator  auditor
    (Action::Read, [OwnAndFree, All, No, No, All]),
    (Action::Note, [Own, All, No, No, No]),
    (Action::Take, [OwnAndFree, All, No, No, No]),
    (Action::Assign, [No, All, No, No, No]),
    (Action::Judge, [Own, Own, No, No, No]),
    (Action::Countersign, [No, All, No, No, No]),
    (Action::Reopen, [Own, All, No, No, No]),
    (Action::ProposeSilence, [All, All, No, No, No]),
    (Action::DecideSilence, [No, All, No, No, No]),
    (Action::SeeSilences, [All, All, All, No, All]),
    (Action::Views, [No, No, All, No, All]),
    (Action::Deliveries, [No, No, No, All, All]),
    (Action::AskUnmask, [Own, All, No, No, No]),
    (Action::ApproveUnmask, [No, No, All, No, No]),
    (Action::SeeUnmask, [No, No, All, No, All]),
    (Action::AskHold, [Own, All, All, No, No]),
    (Action::Hold, [No, All, All, No, No]),
    (Action::LiftHold, [No, No, All, No, No]),
];

/// The same of cases about what reviewers looked at: they are for the data protection officer, and auditors read them. What has no row nobody
/// may.
pub const RIGHTS_ON_REVIEWERS: &[(Action, [Reach; 5])] = &[
    //                     investigator  lead  dpo  operator  auditor
    (Action::Read, [No, No, All, No, All]),
    (Action::Note, [No, No, All, No, No]),
    (Action::Take, [No, No, OwnAndFree, No, No]),
    (Action::Assign, [No, No, All, No, No]),
    (Action::Judge, [No, No, Own, No, No]),
    (Action::Countersign, [No, No, All, No, No]),
    (Action::Reopen, [No, No, All, No, No]),
    (Action::AskHold, [No, No, All, No, No]),
    (Action::Hold, [No, No, All, No, No]),
    (Action::LiftHold, [No, No, All, No, No]),
];

/// How far a role's right goes.
pub fn reach(role: Role, action: Action) -> Reach {
    reach_in(RIGHTS, role, action)
}

/// How far it goes among cases about what reviewers looked at.
pub fn reach_on_reviewers(role: Role, action: Action) -> Reach {
    reach_in(RIGHTS_ON_REVIEWERS, role, action)
}

fn reach_in(table: &[(Action, [Reach; 5])], role: Role, action: Action) -> Reach {
    let column = Role::ALL.iter().position(|other| *other == role);
    let row = table.iter().find(|(other, _)| *other == action);
    column.zip(row).map_or(No, |(column, (_, row))| row[column])
}

/// A role held for a unit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// The unit; `None` for all of them.
    pub unit: Option<String>,
}

/// Whoever asks: an account with its employee, what it may, and whose cases do not exist for it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    /// The account.
    pub account: String,
    /// Whose account it is.
    pub employee: String,
    /// Its roles.
    pub grants: Vec<Grant>,
    /// The employee, and everybody of the line of managers.
    pub hidden: BTreeSet<String>,
}

/// What of a case rights depend on.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Subject<'a> {
    /// To whom it is assigned.
    pub owner: Option<&'a str>,
    /// The people, accounts and sources that it is about, with their units.
    pub parties: &'a [(String, Option<String>)],
    /// Whether it is about what a reviewer looked at.
    pub reviewers: bool,
}

impl Caller {
    /// Whether any of the roles includes it, on whatever case.
    pub fn may_ever(&self, action: Action) -> bool {
        self.grants.iter().any(|grant| reach(grant.role, action).max(reach_on_reviewers(grant.role, action)) > No)
    }

    /// Whether it may be done with this case.
    pub fn may(&self, action: Action, case: &Subject<'_>) -> bool {
        if case.parties.iter().any(|(name, _)| self.hidden.contains(name)) {
            return false;
        }
        self.grants.iter().any(|grant| {
            let in_scope = grant.unit.as_ref().is_none_or(|unit| case.parties.iter().all(|(_, of)| of.as_ref() == Some(unit)));
            let reach = if case.reviewers { reach_on_reviewers(grant.role, action) } else { reach(grant.role, action) };
            let within = match reach {
                No => false,
                Own => case.owner == Some(self.account.as_str()),
                OwnAndFree => case.owner.is_none_or(|owner| owner == self.account),
                All => true,
            };
            in_scope && within
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_has_one_row() {
        let mut actions: Vec<Action> = RIGHTS.iter().map(|(action, _)| *action).collect();
        actions.sort_unstable();
        actions.dedup();
        assert_eq!(actions.len(), RIGHTS.len());
    }

    #[test]
    fn nobody_decides_without_reading() {
        for role in Role::ALL {
            for action in [Action::Note, Action::Take, Action::Assign, Action::Judge, Action::Countersign, Action::Reopen] {
                assert!(reach(role, action) <= reach(role, Action::Read), "{role:?} {action:?}");
                assert!(reach_on_reviewers(role, action) <= reach_on_reviewers(role, Action::Read), "{role:?} {action:?}");
            }
        }
    }

    fn caller(role: Role, unit: Option<&str>) -> Caller {
        let grants = vec![Grant { role, unit: unit.map(str::to_owned) }];
        Caller { account: "li.na".to_owned(), employee: "E1".to_owned(), grants, hidden: ["E1", "E2"].map(str::to_owned).into() }
    }

    #[test]
    fn a_case_about_oneself_or_a_manager_does_not_exist() {
        let about = |name: &str| [(name.to_owned(), Some("A".to_owned()))];
        for role in Role::ALL {
            for name in ["E1", "E2"] {
                let parties = about(name);
                assert!(
                    !caller(role, None).may(Action::Read, &Subject { owner: Some("li.na"), parties: &parties, reviewers: false }),
                    "{role:?} {name}"
                );
            }
        }
        let parties = about("E3");
        assert!(caller(Role::Lead, None).may(Action::Read, &Subject { owner: Some("other"), parties: &parties, reviewers: false }));
    }

    #[test]
    fn a_role_for_a_unit_ends_at_the_unit() {
        let both = [("E3".to_owned(), Some("A".to_owned())), ("E4".to_owned(), Some("B".to_owned()))];
        let lead = caller(Role::Lead, Some("A"));
        assert!(lead.may(Action::Read, &Subject { owner: None, parties: &both[..1], reviewers: false }));
        assert!(!lead.may(Action::Read, &Subject { owner: None, parties: &both, reviewers: false }), "somebody of another unit is in it");
        assert!(!lead.may(Action::Read, &Subject { owner: None, parties: &[("svc".to_owned(), None)], reviewers: false }), "of no unit");
        assert!(caller(Role::Lead, None).may(Action::Read, &Subject { owner: None, parties: &both, reviewers: false }));
    }

    #[test]
    fn an_investigator_reads_their_own_and_free_cases_and_judges_their_own() {
        let parties = [("E3".to_owned(), None)];
        let may = |action, owner| caller(Role::Investigator, None).may(action, &Subject { owner, parties: &parties, reviewers: false });
        assert!(may(Action::Read, None) && may(Action::Read, Some("li.na")) && !may(Action::Read, Some("zh.wei")));
        assert!(!may(Action::Judge, None) && may(Action::Judge, Some("li.na")));
    }
}
