//! Owns the insiders: one file a typology, one row of [`SCRIPTS`] each. They follow the patterns of published cases, in three
//! difficulties. None touches a planted record but `canary`, so that each label stands for one typology.

mod bulk_extract;
mod canary;
mod dossier_assembly;
mod ghost_leaver;
mod low_and_slow;
mod off_duty;

use super::episode::Script;

pub(crate) const SCRIPTS: &[Script] = &[
    Script { name: "bulk_extract", cast: bulk_extract::cast, act: bulk_extract::act },
    Script { name: "low_and_slow", cast: low_and_slow::cast, act: low_and_slow::act },
    Script { name: "ghost_leaver", cast: ghost_leaver::cast, act: ghost_leaver::act },
    Script { name: "off_duty", cast: off_duty::cast, act: off_duty::act },
    Script { name: "dossier_assembly", cast: dossier_assembly::cast, act: dossier_assembly::act },
    Script { name: "canary", cast: canary::cast, act: canary::act },
];
