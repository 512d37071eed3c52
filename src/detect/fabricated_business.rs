//! `fabricated_business`: enquiries under a purpose, and no business that follows.
//!
//! ## What it detects
//!
//! Two patterns. People read under a claimed purpose about whom the same employee wrote nothing in the two weeks after. And
//! people read under a purpose that nothing on file confirms.
//!
//! ## In the Notice
//!
//! Enquiries under invented business, sold afterwards. In a published case 915 credit reports were read in 15 months under
//! made-up loan applications: the volume was normal and the purpose was filled in, but no loan was ever granted.
//!
//! ## Data it needs
//!
//! `purpose`; for the first pattern also writes with `subjects`, or as statements that name the person's key in their condition or new
//! row (`INSERT INTO loans (customer_id, …) VALUES (42, …)`); for the second `explanations.jsonl`.
//!
//! ## How it is measured
//!
//! For the first, the share of enquiries without business in the last month (without the last three days, since business takes
//! time) is held against the employee's days before and the peer group. It is judged only where business usually follows at
//! least a quarter of the enquiries. For the second, the number of people per day, week and month is held against own days and
//! peers, and weighs less where the share of people without a reason has not risen.
//!
//! ## Innocent look-alikes
//!
//! Applications that customers abandon: they are within the share that is usual for the group. A new product, or business that
//! a colleague completes: peers with the same product show the same share.
//!
//! ## What it cannot see
//!
//! Business that is entered in systems without a log, and purposes that name real tickets of other people.
//!
//! ## Example
//!
//! 60 enquiries for "loan application" in a month, of which 4 led to anything; those of colleagues lead to something in 8 of 10
//! cases.

use crate::detect::low_and_slow::slow_ceiling;
use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::baseline::predict_share;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::FabricatedBusiness,
    family: EvidenceFamily::Volume,
    requirements: &[DataRequirement::Purposes, DataRequirement::Writes],
    floor: 12,
    floor_counts: "people under a purpose without business that followed, or that nothing confirms, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: Some(|comparison, floor| slow_ceiling(comparison, Typology::FabricatedBusiness, &[Measure::Claimed], floor as f64)),
};

/// The last days, which are left out: business takes time.
const TAKES: u32 = 3;
/// The share of enquiries that business usually follows, below which its absence is not judged.
const FOLLOWED: f64 = 0.25;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Purposed) == 0 {
        return None;
    }
    let barren = barren(context);
    let claimed = claimed(context);
    [barren, claimed].into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}

fn barren(context: &AccessContext<'_>) -> Option<Finding> {
    let peers = context.group.shares[Share::Followed as usize];
    let own = Share::Followed.sums((context.before)(Window::D30));
    let usual = if own.1 >= 40.0 { own.0 / own.1 } else { peers.rate };
    if usual.min(peers.rate) < FOLLOWED {
        return None;
    }
    let last = context.change.day.saturating_sub(TAKES);
    let (_, asked) = context.profile.total(Measure::Purposed, last, Window::D30.days() - TAKES);
    let (days, followed) = context.profile.total(Measure::Followed, context.change.day, Window::D30.days());
    let barren = asked.saturating_sub(followed + context.of_today(Measure::Followed));
    if barren < context.floor {
        return None;
    }
    let bits = predict_share((own.1 - own.0, own.1), peers.complement(), asked as f64).bits(barren);
    let of_asked = context.told_in(Measure::Purposed, Window::D30, asked);
    (bits > 0.0).then(|| Finding {
        typology: Typology::FabricatedBusiness,
        window: Window::D30,
        count: barren,
        unknown: context.told_in(Measure::Purposed, Window::D30, barren).unknown,
        measure: Measure::Purposed,
        bits,
        particular: format!(
            "of {} looked at under a purpose in {days} days of activity, business followed with {}; usual is {:.0} per cent",
            of_asked.counted("people"),
            asked - barren,
            100.0 * usual
        ),
        related: Vec::new(),
        group: None,
    })
}

fn claimed(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Claimed) == 0 {
        return None;
    }
    let mut deviation = context.most_unusual_window(Measure::Claimed, DAY_WEEK_MONTH)?;
    let open = context.total(Measure::Unexplained, deviation.window).1;
    let all = context.total(Measure::Persons, deviation.window).1;
    let of_share = context.share_bits(Share::Unexplained, deviation.window, open, all);
    deviation.bits = deviation.bits.min(0.4f64.mul_add(deviation.bits, 1.5 * of_share));
    let particular =
        format!("a purpose that nothing on file confirms was claimed for {}", context.told(Measure::Claimed, deviation).counted("people"));
    (deviation.bits > 0.0).then(|| context.finding(Typology::FabricatedBusiness, Measure::Claimed, deviation, particular))
}
