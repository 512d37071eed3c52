//! What an alert is written from beside its episode: the profile, the directory, the baselines of the peers, the set-up.

use crate::classify::directory::Employee;
use crate::model::access::PartitionId;
use crate::model::statute::Statute;
use crate::population::GroupModel;
use crate::population::rise::Rises;
use crate::profile::Profile;
use crate::profile::lapses::Lapses;
use crate::triage::case::CaseView;

/// Writes alerts of one employee.
pub struct Writer<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The person, where the directory lists them.
    pub employee: Option<&'a Employee>,
    /// The peer group.
    pub group: &'a GroupModel,
    /// The weights of kinds.
    pub statute: &'a Statute,
    /// Whether any source of explanations is configured.
    pub explanations_configured: bool,
    /// Names of source partitions.
    pub partition_name: &'a dyn Fn(PartitionId) -> String,
    /// Hash of the configuration.
    pub config: &'a str,
    /// Version of the peer baselines.
    pub baseline: &'a str,
    /// Version of the weights of cases.
    pub calibration: &'a str,
    /// The last days on which hardly anybody of the unit or peer group had reasons on file.
    pub lapses: &'a Lapses,
    /// How much more than usual the others did on the last days.
    pub rises: &'a Rises,
    /// The case that the alert belongs to.
    pub case: &'a CaseView,
}
