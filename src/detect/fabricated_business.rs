//! `fabricated_business`: enquiries under a purpose, and no business that follows.
//!
//! ## What it detects
//!
//! Two patterns. People read under a claimed purpose about whom the same employee wrote nothing in the two weeks after. And
//! people read under a purpose that nothing on file confirms: its reference is somebody else's and not about them, is unknown to
//! the register, or is the person's own and ran out, is used up or about other people.
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
//! peers, and weighs less where the share of people without a reason has not risen. Somebody else's references and unknown ones
//! are counted apart, each as a number and as a share of what is looked at under a purpose; three people under somebody else's
//! are judged already. A list is one claim, however long. Claims of a day on which a third of what the unit or the peer group
//! claims is of the same sort are the unit's, and not counted: the tool that gives out references is down, or its export late.
//!
//! ## Innocent look-alikes
//!
//! Applications that customers abandon: they are within the share that is usual for the group. A new product, or business that
//! a colleague completes: peers with the same product show the same share. Somebody who helps a colleague with the very people
//! of that colleague's ticket; a slip of the pen; a ticket tool that is down.
//!
//! ## What it cannot see
//!
//! Business that is entered in systems without a log; the first hour of an outage of the ticket tool; a colleague's reference
//! for the people of that colleague's ticket.
//!
//! ## Example
//!
//! 60 enquiries for "loan application" in a month, of which 4 led to anything; those of colleagues lead to something in 8 of 10
//! cases.

use crate::detect::low_and_slow::slow_ceiling;
use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, EvidenceFamily, Finding, Listens, WindowDeviation};
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
    listens_to: Listens::To(&[Measure::Purposed]),
    on_access: Some(on_access),
    on_day_closed: Some(|comparison, floor| slow_ceiling(comparison, Typology::FabricatedBusiness, &[Measure::Claimed], floor as f64)),
};

/// The last days, which are left out: business takes time.
const TAKES: u32 = 3;
/// The share of enquiries that business usually follows, below which its absence is not judged.
const FOLLOWED: f64 = 0.25;
/// People under somebody else's reference, and under one on no file, that are judged: the first is rare among innocents.
const FEW: u64 = 3;
const SOME: u64 = 6;

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    let barren = barren(context);
    let claimed = claimed(context);
    [barren, claimed].into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}

fn barren(context: &AccessContext<'_>) -> Option<Finding> {
    let peers = context.group.shares[Share::Followed as usize];
    let own = Share::Followed.sums(context.moments_before(Window::D30));
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

/// Whose the claimed references are: each sort is evidence of its own, whether or not business followed.
fn claimed(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Claimed) == 0 {
        return None;
    }
    let found = [of_somebody_else(context), on_no_file(context), beyond(context)];
    found.into_iter().flatten().max_by(|a, b| a.bits.total_cmp(&b.bits))
}

/// People under a reference that the register gives to somebody else, and not for them.
fn of_somebody_else(context: &AccessContext<'_>) -> Option<Finding> {
    let deviation = of_sort(context, Measure::ClaimedOther, Share::ClaimedOther, FEW, f64::max)?;
    let people = context.told(Measure::ClaimedOther, deviation).counted("people");
    let particular = format!("for {people} a reason was claimed that the register gives to somebody else, and not about them");
    Some(context.finding(Typology::FabricatedBusiness, Measure::ClaimedOther, deviation, particular))
}

/// People under a reference that nobody ever filed.
fn on_no_file(context: &AccessContext<'_>) -> Option<Finding> {
    // Whoever claims more has more slips; a rising share of them is another matter.
    let both = |of_number: f64, of_share: f64| 0.5 * (of_number + of_share);
    let deviation = of_sort(context, Measure::ClaimedUnknown, Share::ClaimedUnknown, SOME, both)?;
    let people = context.told(Measure::ClaimedUnknown, deviation).counted("people");
    let particular =
        format!("for {people} a reason was claimed whose reference is unknown to the register, where that of colleagues is known");
    Some(context.finding(Typology::FabricatedBusiness, Measure::ClaimedUnknown, deviation, particular))
}

/// The most surprising window of claims of one sort, by their number and by their share of all that is looked at under a purpose.
fn of_sort(
    context: &AccessContext<'_>,
    measure: Measure,
    share: Share,
    fewest: u64,
    both: impl Fn(f64, f64) -> f64,
) -> Option<WindowDeviation> {
    if context.added(measure) == 0 {
        return None;
    }
    let of = |window: &Window| {
        let (days, count) = context.total(measure, *window);
        let all = context.total(Measure::Purposed, *window).1.max(count);
        let usual = if window.days() == 1 { context.expected(measure) } else { context.expected_before(measure, *window, days) };
        let bits = both(usual.bits(count), context.share_bits(share, *window, count, all));
        (count >= fewest.min(context.floor) && bits > 0.0).then_some(WindowDeviation { window: *window, days, count, bits })
    };
    DAY_WEEK_MONTH.iter().filter_map(of).max_by(|a, b| a.bits.total_cmp(&b.bits))
}

/// People under a purpose that is on file and does not cover them, or that cannot be checked.
fn beyond(context: &AccessContext<'_>) -> Option<Finding> {
    let mut deviation = context.most_unusual_window(Measure::Claimed, DAY_WEEK_MONTH)?;
    let open = context.total(Measure::Unexplained, deviation.window).1;
    let all = context.total(Measure::Persons, deviation.window).1;
    let of_share = context.share_bits(Share::Unexplained, deviation.window, open, all);
    deviation.bits = deviation.bits.min(0.4f64.mul_add(deviation.bits, 1.5 * of_share));
    let of = |measure| context.total(measure, deviation.window).1;
    let sorts = sorts(of(Measure::ClaimedOther), of(Measure::ClaimedUnknown));
    let particular = format!(
        "a purpose that nothing on file confirms was claimed for {}{sorts}",
        context.told(Measure::Claimed, deviation).counted("people")
    );
    (deviation.bits > 0.0).then(|| context.finding(Typology::FabricatedBusiness, Measure::Claimed, deviation, particular))
}

/// Whose the references were, in words that follow.
fn sorts(other: u64, unknown: u64) -> String {
    match (other, unknown) {
        (0, 0) => String::new(),
        (other, 0) => format!(", for {other} of them one of somebody else's"),
        (0, unknown) => format!(", for {unknown} of them one that is unknown to the register"),
        (other, unknown) => format!(", for {other} of them one of somebody else's, for {unknown} one that is unknown to the register"),
    }
}
