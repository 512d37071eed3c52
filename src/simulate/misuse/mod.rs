//! Owns the insiders: one file a typology, one row of [`SCRIPTS`] each. They follow the patterns of published cases, in three
//! difficulties. None touches a planted record but `canary`, so that each label stands for one typology.

mod borrowed_account;
mod bulk_extract;
mod canary;
mod celebrity;
mod control_change_then_lookup;
mod dossier_assembly;
mod enumeration;
mod fabricated_business;
mod ghost_leaver;
mod list_matching;
mod log_gap;
mod lookup_to_order;
mod low_and_slow;
mod off_duty;
mod out_of_territory;
mod privileged_bypass;
mod role_without_need;
mod segment_skim;
mod shared_privilege;
mod splitting_collusion;
mod subscription_harvest;
mod threshold_hugging;
mod tool_driven;
mod tracked_person;
mod vendor_cohort;

use super::episode::Script;

/// In the order of the contract's list.
pub(crate) const SCRIPTS: &[Script] = &[
    Script { name: "bulk_extract", cast: bulk_extract::cast, act: bulk_extract::act },
    Script { name: "low_and_slow", cast: low_and_slow::cast, act: low_and_slow::act },
    Script { name: "subscription_harvest", cast: subscription_harvest::cast, act: subscription_harvest::act },
    Script { name: "enumeration", cast: enumeration::cast, act: enumeration::act },
    Script { name: "tool_driven", cast: tool_driven::cast, act: tool_driven::act },
    Script { name: "list_matching", cast: list_matching::cast, act: list_matching::act },
    Script { name: "lookup_to_order", cast: lookup_to_order::cast, act: lookup_to_order::act },
    Script { name: "dossier_assembly", cast: dossier_assembly::cast, act: dossier_assembly::act },
    Script { name: "fabricated_business", cast: fabricated_business::cast, act: fabricated_business::act },
    Script { name: "out_of_territory", cast: out_of_territory::cast, act: out_of_territory::act },
    Script { name: "borrowed_account", cast: borrowed_account::cast, act: borrowed_account::act },
    Script { name: "shared_privilege", cast: shared_privilege::cast, act: shared_privilege::act },
    Script { name: "ghost_leaver", cast: ghost_leaver::cast, act: ghost_leaver::act },
    Script { name: "off_duty", cast: off_duty::cast, act: off_duty::act },
    Script { name: "role_without_need", cast: role_without_need::cast, act: role_without_need::act },
    Script { name: "segment_skim", cast: segment_skim::cast, act: segment_skim::act },
    Script { name: "tracked_person", cast: tracked_person::cast, act: tracked_person::act },
    Script { name: "celebrity", cast: celebrity::cast, act: celebrity::act },
    Script { name: "control_change_then_lookup", cast: control_change_then_lookup::cast, act: control_change_then_lookup::act },
    Script { name: "privileged_bypass", cast: privileged_bypass::cast, act: privileged_bypass::act },
    Script { name: "log_gap", cast: log_gap::cast, act: log_gap::act },
    Script { name: "threshold_hugging", cast: threshold_hugging::cast, act: threshold_hugging::act },
    Script { name: "splitting_collusion", cast: splitting_collusion::cast, act: splitting_collusion::act },
    Script { name: "vendor_cohort", cast: vendor_cohort::cast, act: vendor_cohort::act },
    Script { name: "canary", cast: canary::cast, act: canary::act },
];
