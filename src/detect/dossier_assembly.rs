//! `dossier_assembly`: one person put together from many places.
//!
//! **What it does.** Follows targeted looks at single subjects who do not belong to one's own territory (where owners are known), or
//! whom this employee had never looked at before. When the same employee has looked at one subject without a known reason in at least
//! three systems (tables, where the catalog names no systems), at four kinds of at least two tiers, within a day, that is a dossier;
//! the number of dossiers today and in seven days is held against how many this employee and the peers put together.
//!
//! **Why.** Private investigators order everything about one person: identity, accounts, movements, calls.
//!
//! **Example.** Three subjects a day, each read in the customer, the account, the credit and the location system.
//!
//! **Known false positives.** Complaint handling and fraud desks: their tickets explain them.
//!
//! **Needs.** Subject ids in the log.

use crate::detect::{AccessContext, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::DossierAssembly,
    requirements: &[DataRequirement::Subjects],
    floor: 2,
    floor_counts: "dossiers in a day or in seven",
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let dossier = context.change.dossier?;
    let today = context.profile.today_figure(Measure::Dossiers);
    let (days, before) = context.profile.history.total(Measure::Dossiers, context.profile.today().saturating_sub(1), 6);
    let week = before + today;
    if week < context.floor {
        return None;
    }
    let of_today = if today >= context.floor { context.expected(Measure::Dossiers).bits(today) } else { 0.0 };
    let of_week = context.expected_before(Measure::Dossiers, Window::D7, days + 1).bits(week);
    let (window, count, bits) = if of_week > of_today { (Window::D7, week, of_week) } else { (Window::H24, today, of_today) };
    (bits > 0.0).then(|| Finding {
        typology: Typology::DossierAssembly,
        window,
        count,
        measure: Measure::Dossiers,
        bits,
        particular: format!(
            "{count} people were each looked up in three or more systems within a day without a known reason, the last one by {} kinds",
            dossier.kinds.len()
        ),
        related: Vec::new(),
    })
}
