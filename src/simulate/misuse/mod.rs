//! The insiders: one file a typology, one row of [`SCENARIOS`] each. They follow the patterns of published cases, in three
//! difficulties. None touches a planted record but `canary`, so that each label stands for one typology.

mod borrowed_account;
mod bulk_extract;
mod canary;
mod celebrity;
mod control_change_then_lookup;
mod departure_hoarding;
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

use super::episode::Scenario;

/// In the order of the contract's list.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "bulk_extract", assign: bulk_extract::assign, act: bulk_extract::act },
    Scenario { name: "low_and_slow", assign: low_and_slow::assign, act: low_and_slow::act },
    Scenario { name: "subscription_harvest", assign: subscription_harvest::assign, act: subscription_harvest::act },
    Scenario { name: "enumeration", assign: enumeration::assign, act: enumeration::act },
    Scenario { name: "tool_driven", assign: tool_driven::assign, act: tool_driven::act },
    Scenario { name: "list_matching", assign: list_matching::assign, act: list_matching::act },
    Scenario { name: "lookup_to_order", assign: lookup_to_order::assign, act: lookup_to_order::act },
    Scenario { name: "dossier_assembly", assign: dossier_assembly::assign, act: dossier_assembly::act },
    Scenario { name: "fabricated_business", assign: fabricated_business::assign, act: fabricated_business::act },
    Scenario { name: "out_of_territory", assign: out_of_territory::assign, act: out_of_territory::act },
    Scenario { name: "borrowed_account", assign: borrowed_account::assign, act: borrowed_account::act },
    Scenario { name: "shared_privilege", assign: shared_privilege::assign, act: shared_privilege::act },
    Scenario { name: "ghost_leaver", assign: ghost_leaver::assign, act: ghost_leaver::act },
    Scenario { name: "off_duty", assign: off_duty::assign, act: off_duty::act },
    Scenario { name: "role_without_need", assign: role_without_need::assign, act: role_without_need::act },
    Scenario { name: "segment_skim", assign: segment_skim::assign, act: segment_skim::act },
    Scenario { name: "tracked_person", assign: tracked_person::assign, act: tracked_person::act },
    Scenario { name: "celebrity", assign: celebrity::assign, act: celebrity::act },
    Scenario { name: "control_change_then_lookup", assign: control_change_then_lookup::assign, act: control_change_then_lookup::act },
    Scenario { name: "privileged_bypass", assign: privileged_bypass::assign, act: privileged_bypass::act },
    Scenario { name: "log_gap", assign: log_gap::assign, act: log_gap::act },
    Scenario { name: "threshold_hugging", assign: threshold_hugging::assign, act: threshold_hugging::act },
    Scenario { name: "splitting_collusion", assign: splitting_collusion::assign, act: splitting_collusion::act },
    Scenario { name: "vendor_cohort", assign: vendor_cohort::assign, act: vendor_cohort::act },
    Scenario { name: "canary", assign: canary::assign, act: canary::act },
    Scenario { name: "departure_hoarding", assign: departure_hoarding::assign, act: departure_hoarding::act },
];
