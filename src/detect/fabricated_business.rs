//! `fabricated_business`: enquiries with a purpose, and no business that follows.
//!
//! **What it does.** Two things. Of the people looked at under a purpose over a month (but for the last days, business takes time),
//! counts those about whom the same employee wrote nothing in the two weeks after, and holds their share against own days before and
//! the peers, where business follows a quarter of all enquiries at the least. And counts people under a purpose that nothing on file
//! confirms, over a day, a week and a month.
//!
//! **Why.** 915 credit reports in 15 months under made-up loan applications: the volume was normal, the purpose field was filled in, and no
//! loan was ever granted.
//!
//! **Example.** 60 enquiries for "loan application" in a month, 4 of which led to anything; colleagues' lead to something in 8 of 10.
//!
//! **Known false positives.** Applications that customers abandon; a new product; business that others complete.
//!
//! **Needs.** `purpose` in the log, and writes with the ids of those they are about; or reasons on file.

use crate::detect::{AccessContext, DAY_WEEK_MONTH, DataRequirement, Detector, Finding};
use crate::model::typology::Typology;
use crate::population::Share;
use crate::profile::baseline::predict_share;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::FabricatedBusiness,
    requirements: &[DataRequirement::Purposes, DataRequirement::Writes],
    floor: 12,
    floor_counts: "people under a purpose without business that followed, or that nothing confirms, in a day, a week or a month",
    on_access: Some(on_access),
    on_day_closed: None,
};

/// Days that business takes.
const TAKES: u32 = 3;
/// Where business follows fewer enquiries than this, that nothing follows says nothing.
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
    let last = context.profile.today().saturating_sub(TAKES);
    let (_, asked) = context.profile.history.total(Measure::Purposed, last, Window::D30.days() - TAKES);
    let (days, followed) = context.profile.history.total(Measure::Followed, context.profile.today(), Window::D30.days());
    let barren = asked.saturating_sub(followed + context.profile.today_figure(Measure::Followed));
    if barren < context.floor {
        return None;
    }
    let bits = predict_share((own.1 - own.0, own.1), peers.complement(), asked as f64).bits(barren);
    (bits > 0.0).then(|| Finding {
        typology: Typology::FabricatedBusiness,
        window: Window::D30,
        count: barren,
        measure: Measure::Purposed,
        bits,
        particular: format!(
            "of {asked} people looked at under a purpose in {days} days of activity, business followed with {}; usual is {:.0} per cent",
            asked - barren,
            100.0 * usual
        ),
        related: Vec::new(),
    })
}

fn claimed(context: &AccessContext<'_>) -> Option<Finding> {
    if context.added(Measure::Claimed) == 0 {
        return None;
    }
    let mut excess = context.most_unusual_window(Measure::Claimed, DAY_WEEK_MONTH)?;
    let open = context.total(Measure::Unexplained, excess.window).1;
    let all = context.total(Measure::Persons, excess.window).1;
    let of_share = context.share_bits(Share::Unexplained, excess.window, open, all);
    excess.bits = excess.bits.min(0.4f64.mul_add(excess.bits, 1.5 * of_share));
    let particular = format!("a purpose that nothing on file confirms was claimed for {} people", excess.count);
    (excess.bits > 0.0).then(|| context.finding(Typology::FabricatedBusiness, Measure::Claimed, excess, particular))
}
