//! The look-alikes: people whose log resembles misuse and who have a reason, on file or in the directory. One row of
//! [`SCENARIOS`] each; they stand in `decoys.csv` and never in `labels.csv`.

mod admins;
mod approved_bulk;
mod bystanders;
mod changes;
mod complaints;
mod credit;
mod crowds;
mod desks;
mod growth;
mod places;
mod segments;
mod substitutes;
mod tasks;

use super::episode::Scenario;

/// Whose job is rare comes first.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { name: "campaign", assign: approved_bulk::assign_campaign, act: approved_bulk::campaign },
    Scenario { name: "migration", assign: approved_bulk::assign_migration, act: approved_bulk::migration },
    Scenario { name: "audit", assign: approved_bulk::assign_audit, act: approved_bulk::audit },
    Scenario { name: "maintenance", assign: admins::assign_maintenance, act: admins::maintenance },
    Scenario { name: "approved_repair", assign: admins::assign_repair, act: admins::repair },
    Scenario { name: "on_call", assign: admins::assign_on_call, act: admins::on_call },
    Scenario { name: "fraud_watch", assign: desks::assign_watch, act: desks::watch },
    Scenario { name: "vendor_call_peak", assign: crowds::assign_peak, act: crowds::peak },
    Scenario { name: "shared_queue", assign: crowds::assign_queue, act: crowds::queue },
    Scenario { name: "news_event", assign: crowds::assign_news, act: crowds::news },
    Scenario { name: "unapproved_campaign", assign: crowds::assign_initiative, act: crowds::initiative },
    Scenario { name: "escalations", assign: desks::assign_escalations, act: desks::escalations },
    Scenario { name: "abandoned_applications", assign: credit::assign, act: credit::act },
    Scenario { name: "data_cleaning", assign: tasks::assign_cleaning, act: tasks::cleaning },
    Scenario { name: "quality_check", assign: tasks::assign_quality, act: tasks::quality },
    Scenario { name: "approved_robot", assign: tasks::assign_robot, act: tasks::robot },
    Scenario { name: "scheduled_statistics", assign: tasks::assign_statistics, act: tasks::statistics },
    Scenario { name: "inter_branch_claims", assign: desks::assign_inter_branch, act: desks::inter_branch },
    Scenario { name: "remote_work", assign: places::assign_remote, act: places::remote },
    Scenario { name: "two_counters", assign: places::assign_counters, act: places::counters },
    Scenario { name: "genuine_resets", assign: desks::assign_resets, act: desks::resets },
    Scenario { name: "territory_growth", assign: growth::assign_territory, act: growth::territory },
    Scenario { name: "quota", assign: growth::assign_quota, act: growth::quota },
    Scenario { name: "segment_campaign", assign: segments::assign, act: segments::campaign },
    Scenario { name: "recall", assign: segments::assign, act: segments::recall },
    Scenario { name: "break_glass", assign: changes::assign_break_glass, act: changes::break_glass },
    Scenario { name: "role_change", assign: changes::assign_role_change, act: bystanders::nothing_more },
    Scenario { name: "late_hr_feed", assign: changes::assign_late_feed, act: changes::late_feed },
    Scenario { name: "handing_over", assign: substitutes::assign_handing_over, act: substitutes::hand_over },
    Scenario { name: "cover_duty", assign: substitutes::assign_cover, act: substitutes::cover },
    Scenario { name: "early_return", assign: substitutes::assign_return, act: substitutes::come_back },
    Scenario { name: "complaint_dossiers", assign: complaints::assign, act: complaints::act },
    Scenario { name: "month_end", assign: bystanders::month_end, act: bystanders::nothing_more },
    Scenario { name: "new_hire", assign: bystanders::new_hire, act: bystanders::nothing_more },
    Scenario { name: "night_rota", assign: bystanders::night_rota, act: bystanders::nothing_more },
    Scenario { name: "heavy_role", assign: bystanders::heavy_role, act: bystanders::nothing_more },
    Scenario { name: "deduplication", assign: bystanders::deduplication, act: bystanders::nothing_more },
];
