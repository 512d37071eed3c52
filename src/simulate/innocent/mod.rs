//! Owns the look-alikes: people whose log resembles misuse and who have a reason, on file or in the directory. One row of
//! [`SCRIPTS`] each; they stand in `decoys.csv` and never in `labels.csv`.

mod approved_bulk;
mod bystanders;
mod complaints;
mod substitutes;

use super::episode::Script;

pub(crate) const SCRIPTS: &[Script] = &[
    Script { name: "campaign", cast: approved_bulk::cast_campaign, act: approved_bulk::campaign },
    Script { name: "migration", cast: approved_bulk::cast_migration, act: approved_bulk::migration },
    Script { name: "audit", cast: approved_bulk::cast_audit, act: approved_bulk::audit },
    Script { name: "cover_duty", cast: substitutes::cast_cover, act: substitutes::cover },
    Script { name: "early_return", cast: substitutes::cast_return, act: substitutes::come_back },
    Script { name: "complaint_dossiers", cast: complaints::cast, act: complaints::act },
    Script { name: "month_end", cast: bystanders::month_end, act: bystanders::nothing_more },
    Script { name: "new_hire", cast: bystanders::new_hire, act: bystanders::nothing_more },
    Script { name: "night_rota", cast: bystanders::night_rota, act: bystanders::nothing_more },
    Script { name: "heavy_role", cast: bystanders::heavy_role, act: bystanders::nothing_more },
    Script { name: "deduplication", cast: bystanders::deduplication, act: bystanders::nothing_more },
];
