//! `bulk_extract`: far more people within 24 hours than this employee and the peers ever read.
//!
//! ## What it detects
//!
//! A volume of people within 24 hours that neither the employee's own days nor the peer group explain.
//!
//! ## In the Notice
//!
//! Copying in bulk for sale: the Notice (points 1 and 2) names employees who sell what they obtained on duty to data brokers,
//! and weighs the amount.
//!
//! ## Data it needs
//!
//! Nothing beyond who, when and whose records. A number of rows or the ids of the people make it exact; a bulk statement whose
//! rows the log does not tell is compared as a large one, and never shown as a number of people.
//!
//! ## How it is measured
//!
//! Two counts of the last 24 hours are held against the employee's closed days and the peer group: the people without a known
//! reason, and all people. The weaker surprise of the two counts, so both must be unusual. A peak of today or yesterday that
//! the whole peer group or unit shares raises what is expected.
//!
//! Of a login that says that it asks for others, what it touches for all of them and for the one for whom it touches the most are held
//! against its own closed days, from the fifth on: what is done in somebody's name is the login's doing as well.
//!
//! ## Innocent look-alikes
//!
//! Migrations, month-end runs, audits and campaigns. Record them as an explanation of kind `campaign` or `batch`; month ends
//! are recognised because everybody's volume rises. A day of usual volume without tickets is not reported, nor is a large
//! campaign that is explained.
//!
//! ## What it cannot see
//!
//! An extraction that is spread over weeks (see `low_and_slow`) or over several colleagues (see `splitting_collusion`).
//!
//! ## Example
//!
//! A teller who reads about 140 people a day exports 7,990 between 09:14 and 11:00.

use crate::detect::{AccessContext, Detector, EvidenceFamily, Finding, LOGIN_KNOWN, Listens};
use crate::model::typology::Typology;
use crate::profile::counts::CountScope;
use crate::profile::measure::Measure;
use crate::profile::window::Window;

pub const DETECTOR: Detector = Detector {
    typology: Typology::BulkExtract,
    family: EvidenceFamily::Volume,
    requirements: &[],
    floor: 100,
    floor_counts: "people without a known reason in 24 hours",
    listens_to: Listens::To(&[Measure::Unexplained]),
    on_access: Some(on_access),
    on_day_closed: None,
};

fn on_access(context: &AccessContext<'_>) -> Option<Finding> {
    if context.access.is_of_login() && !context.access.is_of_unlisted() {
        return of_login(context);
    }
    let unexplained = context.profile.figure(Window::H24, context.change.end, CountScope::Unexplained);
    if unexplained < context.floor || (context.access.is_of_unlisted() && is_of_one(context, unexplained)) {
        return None;
    }
    let persons = context.profile.figure(Window::H24, context.change.end, CountScope::Exposure);
    let bits = context
        .expected_in_24_hours(Measure::Unexplained)
        .bits(unexplained)
        .min(context.expected_in_24_hours(Measure::Persons).bits(persons));
    let told = context.told_in(Measure::Unexplained, Window::H24, unexplained);
    (bits > 0.0).then(|| Finding {
        typology: Typology::BulkExtract,
        window: Window::H24,
        count: unexplained,
        unknown: told.unknown,
        measure: Measure::Persons,
        bits,
        particular: format!("{} have no known reason", told.of_the("people touched within 24 hours")),
        related: Vec::new(),
        group: None,
    })
}

/// Whether most of what unlisted logins took was taken by one of them, which has an alert of its own then.
fn is_of_one(context: &AccessContext<'_>, all: u64) -> bool {
    let day = context.change.day;
    let largest = |day| context.profile.day_figure(Measure::LargestClaim, day);
    largest(day).saturating_add(largest(day.saturating_sub(1))).saturating_mul(2) > all
}

/// A login that acts for others: the one for whom it touched the most, or all of them together.
fn of_login(context: &AccessContext<'_>) -> Option<Finding> {
    if context.own[Measure::Unexplained as usize].days < LOGIN_KNOWN {
        return None;
    }
    let unit = context.change.unit;
    let all = context.profile.figure(Window::H24, unit, CountScope::Unexplained);
    let for_one = context.added(Measure::LargestClaim);
    let bits_of =
        |measure: Measure, count: u64| if count < context.floor { 0.0 } else { context.expected_in_24_hours(measure).bits(count) };
    let (of_all, of_one) = (bits_of(Measure::Unexplained, all), bits_of(Measure::LargestClaim, for_one));
    let (measure, count, bits) =
        if of_one > of_all { (Measure::LargestClaim, for_one, of_one) } else { (Measure::Unexplained, all, of_all) };
    let told = context.told_in(measure, Window::H24, count);
    let particular = match measure {
        Measure::LargestClaim => {
            format!("{}, without a known reason", told.counted("people were touched for one of those for whom it says that it asks"))
        }
        _ => format!("{} have no known reason", told.of_the("people touched within 24 hours for those for whom it says that it asks")),
    };
    (bits > 0.0).then(|| Finding {
        typology: Typology::BulkExtract,
        window: Window::H24,
        count,
        unknown: told.unknown,
        measure,
        bits,
        particular,
        related: Vec::new(),
        group: None,
    })
}
