//! Owns the look-alikes: people whose log resembles misuse and who have a reason, on file or in the directory. One row of
//! [`SCRIPTS`] each; they stand in `decoys.csv` and never in `labels.csv`.

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

use super::episode::Script;

/// Whose job is rare comes first.
pub(crate) const SCRIPTS: &[Script] = &[
    Script { name: "campaign", cast: approved_bulk::cast_campaign, act: approved_bulk::campaign },
    Script { name: "migration", cast: approved_bulk::cast_migration, act: approved_bulk::migration },
    Script { name: "audit", cast: approved_bulk::cast_audit, act: approved_bulk::audit },
    Script { name: "maintenance", cast: admins::cast_maintenance, act: admins::maintenance },
    Script { name: "approved_repair", cast: admins::cast_repair, act: admins::repair },
    Script { name: "on_call", cast: admins::cast_on_call, act: admins::on_call },
    Script { name: "fraud_watch", cast: desks::cast_watch, act: desks::watch },
    Script { name: "vendor_call_peak", cast: crowds::cast_peak, act: crowds::peak },
    Script { name: "shared_queue", cast: crowds::cast_queue, act: crowds::queue },
    Script { name: "news_event", cast: crowds::cast_news, act: crowds::news },
    Script { name: "unapproved_campaign", cast: crowds::cast_initiative, act: crowds::initiative },
    Script { name: "escalations", cast: desks::cast_escalations, act: desks::escalations },
    Script { name: "abandoned_applications", cast: credit::cast, act: credit::act },
    Script { name: "data_cleaning", cast: tasks::cast_cleaning, act: tasks::cleaning },
    Script { name: "quality_check", cast: tasks::cast_quality, act: tasks::quality },
    Script { name: "approved_robot", cast: tasks::cast_robot, act: tasks::robot },
    Script { name: "scheduled_statistics", cast: tasks::cast_statistics, act: tasks::statistics },
    Script { name: "inter_branch_claims", cast: desks::cast_inter_branch, act: desks::inter_branch },
    Script { name: "remote_work", cast: places::cast_remote, act: places::remote },
    Script { name: "two_counters", cast: places::cast_counters, act: places::counters },
    Script { name: "genuine_resets", cast: desks::cast_resets, act: desks::resets },
    Script { name: "territory_growth", cast: growth::cast_territory, act: growth::territory },
    Script { name: "quota", cast: growth::cast_quota, act: growth::quota },
    Script { name: "segment_campaign", cast: segments::cast, act: segments::campaign },
    Script { name: "recall", cast: segments::cast, act: segments::recall },
    Script { name: "break_glass", cast: changes::cast_break_glass, act: changes::break_glass },
    Script { name: "role_change", cast: changes::cast_role_change, act: bystanders::nothing_more },
    Script { name: "late_hr_feed", cast: changes::cast_late_feed, act: changes::late_feed },
    Script { name: "cover_duty", cast: substitutes::cast_cover, act: substitutes::cover },
    Script { name: "early_return", cast: substitutes::cast_return, act: substitutes::come_back },
    Script { name: "complaint_dossiers", cast: complaints::cast, act: complaints::act },
    Script { name: "month_end", cast: bystanders::month_end, act: bystanders::nothing_more },
    Script { name: "new_hire", cast: bystanders::new_hire, act: bystanders::nothing_more },
    Script { name: "night_rota", cast: bystanders::night_rota, act: bystanders::nothing_more },
    Script { name: "heavy_role", cast: bystanders::heavy_role, act: bystanders::nothing_more },
    Script { name: "deduplication", cast: bystanders::deduplication, act: bystanders::nothing_more },
];
