//! Whoever was shown for a trifle is known, and takes no second place within four weeks; so one lets oneself be shown first.

use crate::common::line::Line;
use crate::company::{Company, TODAY, ann, worker};

/// Curiosity about forty people of public interest, two days before.
fn trifle() -> impl Iterator<Item = Line> {
    (0..40).map(|n| ann(&format!("11:{n:02}")).reads("crm.customers", &["name", "phone"]).of([2_000 + n]))
}

fn export() -> Line {
    worker("ann", TODAY + 2, "10:00").reads("crm.customers", &["name", "phone"]).rows(10_000).set("operation", "export")
}

#[test]
fn being_shown_for_a_trifle_buys_no_silence() {
    let vips: String = (2_000..2_040).map(|id| format!("{id},vip,\n")).collect();
    let bank = Company::bank().with("subjects.csv", format!("subject,tag,owner\n{vips}"));
    let open = bank.sees(&[export()]);
    let mut seen = bank.sees(&trifle().chain([export()]).collect::<Vec<_>>());
    assert!(seen.alerts.iter().any(|alert| alert.typology.name() == "celebrity" && alert.shown_at.is_some()), "{:?}", seen.told());
    seen.alerts.retain(|alert| alert.typology.name() == "bulk_extract");
    seen.no_quieter_than(&open);
}
