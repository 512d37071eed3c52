//! `dossier_assembly`: one person's records are put together from several systems.
//!
//! ## What it detects
//!
//! Subjects whom the same employee reads one by one, within a day and without a known reason, in at least three systems
//! (tables, where the catalog names no systems) and with at least four kinds of information of at least two statutory tiers.
//! Subjects of the employee's own territory, and those the employee had read before, do not count. One is enough where it is of
//! somebody never looked at before, put together within three hours, with kinds of the 50-item tier.
//!
//! ## In the Notice
//!
//! Provision to illegal investigators, who order everything about one person (point 1 of the Notice): identity, accounts,
//! movements, calls. With kinds of the 50-item tier it is grave by nature.
//!
//! ## Data it needs
//!
//! `subjects`, and a catalog that names systems and kinds. Owners in `subjects.csv` tell the own territory.
//!
//! ## How it is measured
//!
//! The number of such persons today and in seven days is held against how many this employee and the peer group assemble. One that is
//! to all appearance ordered weighs 24 bits where such come about once in 200 days of a member of the group, and three bits less for
//! each doubling: where they come with the work, one more is none that was ordered.
//!
//! ## Innocent look-alikes
//!
//! Complaint handling and fraud desks need the whole file of a person: their tickets name the person. On a day on which most of what an
//! employee does is without a reason as never before, a single dossier says nothing: the ticket tool is down.
//!
//! ## What it cannot see
//!
//! Persons whose records are read by several employees, or over several days.
//!
//! ## Example
//!
//! Three subjects a day, each read in the customer, the account, the credit and the location system.

use crate::detect::{AccessContext, DataRequirement, Detector, EvidenceFamily, Finding, Listens};
use crate::model::statute::GRAVEST_KINDS;
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::dossiers::Dossier;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::DossierAssembly,
    family: EvidenceFamily::Subject,
    requirements: &[DataRequirement::Subjects],
    floor: 2,
    floor_counts: "dossiers in a day or in seven",
    listens_to: Listens::To(&[Measure::Dossiers]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let dossier = context.change.dossier?;
    let today = context.of_today(Measure::Dossiers);
    let (days, week) = context.total(Measure::Dossiers, Window::D7);
    let one = one_ordered(context, &dossier);
    if week < context.floor {
        return one;
    }
    let of_today = if today >= context.floor { context.expected(Measure::Dossiers).bits(today) } else { 0.0 };
    let of_week = context.expected_before(Measure::Dossiers, Window::D7, days).bits(week);
    let (window, count, bits) = if of_week > of_today { (Window::D7, week, of_week) } else { (Window::H24, today, of_today) };
    let several = (bits > 0.0).then(|| Finding {
        typology: Typology::DossierAssembly,
        window,
        count,
        unknown: 0,
        measure: Measure::Dossiers,
        bits,
        particular: format!(
            "{count} people were each looked up in three or more systems within a day without a known reason, the last one by {} kinds",
            dossier.kinds.len()
        ),
        related: Vec::new(),
        group: None,
    });
    [several, one].into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}

/// What one ordered dossier weighs, in bits, and how often such come about a day where it does.
const ORDERED: f64 = 24.0;
const SELDOM: f64 = 0.005;
/// Bits less for each doubling of how often they come about.
const DOUBLING: f64 = 3.0;
/// From so many bits on, as how much of a day is without a reason is unusual, reasons are not recorded on it.
const LAPSE: f64 = 10.0;

/// One dossier of a stranger, put together at once and with what is gravest.
fn one_ordered(context: &AccessContext<'_>, dossier: &Dossier) -> Option<Finding> {
    if context.statute.weight_b(dossier.kinds) < GRAVEST_KINDS || !dossier.is_of_a_stranger_at_once(context.change.unit) {
        return None;
    }
    // Where much else of the day is without a reason as never before, tickets are not filed: one dossier more says nothing then.
    let (open, people) = (context.of_today(Measure::Unexplained), context.of_today(Measure::Persons));
    if context.lapses_in(Window::H24) > 0 || context.share_bits(Share::Unexplained, Window::H24, open, people) > LAPSE {
        return None;
    }
    let usual = context.expected(Measure::Dossiers).mean;
    let bits = ORDERED - DOUBLING * (usual / SELDOM).log2().max(0.0);
    (bits > 0.0).then(|| Finding {
        typology: Typology::DossierAssembly,
        window: Window::H24,
        count: 1,
        unknown: 0,
        measure: Measure::Dossiers,
        bits,
        particular: format!(
            "one person who was never looked at before was looked up in three or more systems within three hours without a known reason, \
             by {} kinds, with such as weigh most in the statute",
            dossier.kinds.len()
        ),
        related: Vec::new(),
        group: None,
    })
}
