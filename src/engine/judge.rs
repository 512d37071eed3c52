//! Judging an access: it is applied to the profile of its employee, the detectors are asked, and what they find becomes an episode or
//! joins one. Whatever changes an alert is told ([`crate::engine::telling`]).

use crate::classify::duty::{Duty, by_the_hour, duty};
use crate::classify::references::ReferenceOwner;
use crate::detect::{AccessContext, Finding, evaluate_access};
use crate::engine::context::Context;
use crate::engine::env::Env;
use crate::engine::listening::concerned;
use crate::engine::output::Output;
use crate::engine::telling::{News, emit, tell, tell_if, tell_of_worth};
use crate::engine::tracked::Tracked;
use crate::model::access::Access;
use crate::model::alert::Observed;
use crate::model::identity::Identity;
use crate::model::kind::Kinds;
use crate::model::persons::Persons;
use crate::model::signs::Signs;
use crate::model::time::Timestamp;
use crate::population::group_activity::Activity;
use crate::population::rise::Rise;
use crate::profile::Profile;
use crate::profile::before::Before;
use crate::profile::conduct::Circumstances;
use crate::profile::counts::CountScope;
use crate::profile::justification::{self, ReasonUsage};
use crate::profile::lapses::Lapse;
use crate::profile::measure::Measure;
use crate::profile::seen::UNITS_PER_DAY;
use crate::profile::told::Told;
use crate::profile::trail::Stretch;
use crate::profile::window::{Window, WindowEnd, day_number};
use crate::triage::standing::{self, Standing};
use crate::triage::{Decision, Episode, FindingContext, Peak, RevisionCause, WEAKEST, corroboration, rolls_over};

/// Applies an access to its employee and judges it. `settles` is the event time of the revisions that it leads to. Returns the local day
/// of the access.
pub fn judge_access(
    tracked: &mut Tracked,
    access: &Access,
    settles: Timestamp,
    usage: &mut ReasonUsage,
    env: Env<'_>,
    out: &mut Output,
) -> u32 {
    let context = env.context;
    tracked.dirty = true;
    let directory = &context.classifier.directory;
    let employee = directory.employee_at(access.actor.name(), access.time);
    let mut group = env.models.of(&tracked.group);
    let week = group.week;
    let (local, mut duty) = duty(directory, employee, week.as_ref(), access.time);
    let today = day_number(local.day);
    if today > tracked.profile.today() {
        tracked.open_day(today, context);
        group = env.models.of(&tracked.group);
    }
    if let Some(employee) = employee.filter(|_| duty.may_be_late() && tracked.has_business(today, group)) {
        // Whoever has appointments and tickets of the day is at work, and the feed of absences and hires is late.
        duty = by_the_hour(directory, employee, week.as_ref(), local);
    }
    let mut justification = justification::justify(env.reasons(), usage, tracked.who_in(employee, context), access, access.unnamed());
    if access.purpose.is_some() {
        let others = note_claim(tracked, today, justification.owner, env);
        if others >= UNITS_OWN {
            justification.owner = ReferenceOwner::Own;
        }
    }
    let notice = tracked.notice(employee, local.day, context);
    let is_common = |which| group.access_profile.is_common(which);
    let around = Circumstances { local, duty, employee, subjects: &context.subjects, notice, is_common: &is_common };
    let mut change = tracked.profile.apply(access, &justification, &around, &context.statute);
    if !change.in_today {
        tracked.note_late();
    }
    if !change.discloses
        && change.signals.iter().all(|more| *more == 0)
        && access.indicators == Default::default()
        && access.signs.is_empty()
    {
        return today;
    }
    if change.discloses && change.in_today && !access.is_of_login() && !access.is_of_served() {
        tracked.marks.worked.note(local);
    }
    // Windows end with the newest disclosure, unless the access lies a day or more before it: then with its own day.
    let newest = if change.discloses { tracked.newest_unit(change.unit) } else { change.unit.max(tracked.marks.newest) };
    change.end = WindowEnd { unit: newest, past: false };
    if newest - change.unit >= UNITS_PER_DAY {
        change.end = WindowEnd { unit: change.unit, past: true };
    }
    change.unit = change.end.unit;
    if env.dossiers && change.discloses {
        let in_episode = !tracked.episodes.is_empty();
        tracked.watch.0.get_or_insert_default().note(access, &justification, local, duty, in_episode);
    }
    let people = access.persons.figure().unwrap_or(0);
    let is_unknown = justification.unexplained_unnamed == Persons::Unknown;
    let newly_unexplained = Told::of(change.newly_unexplained, u32::from(is_unknown)).known;
    if !access.is_share() {
        out.counts.disclosed(access.kinds, people, context.statute.tier_of(access.kinds), newly_unexplained);
    }
    let day = change.day;
    let past = (!change.in_today).then(|| (tracked.profile.history.all_moments(day.saturating_sub(1)), Before::default()));
    if past.is_none() {
        note_lapse(tracked, day, env);
    }
    // What they did on a day that is past is not held any more: it counts with that of the others.
    let activity = if past.is_none() { (tracked.marks.activity.today(), tracked.marks.activity.before()) } else { Default::default() };
    let groups = tracked.groups.into_iter().filter(|group| *group != 0);
    let rise_of =
        |day: u32, own: Activity| groups.clone().filter_map(|group| env.group_activity.rise_of_others((group, day), own)).reduce(Rise::or);
    let rise = rise_of(day, activity.0);
    if let (None, Some(rise)) = (&past, rise) {
        tracked.marks.rises.note(day, rise);
    }
    let mut findings = Vec::new();
    let access_context = AccessContext {
        access,
        change: &change,
        justification: &justification,
        profile: &tracked.profile,
        employee,
        notice,
        group,
        own: past.as_ref().map_or_else(|| tracked.own(), |(own, _)| own),
        before: past.as_ref().map_or(&tracked.before, |(_, before)| before),
        rise: rise.unwrap_or(Rise::NONE),
        rise_before: rise_of(day.saturating_sub(1), activity.1).unwrap_or(Rise::NONE),
        rises: &tracked.marks.rises,
        lapses: &tracked.marks.lapses,
        subjects: &context.subjects,
        statute: &context.statute,
        floor: 0,
        quiet: 0.0,
    };
    // Most findings are weak, and begin nothing.
    let is_open = |typology| tracked.episodes.iter().any(|episode| episode.typology == typology);
    let quiet = |typology| if is_open(typology) { f64::NEG_INFINITY } else { WEAKEST };
    evaluate_access(&context.settings, concerned(access, &change.signals), access_context, &quiet, &mut findings);
    findings.retain(|finding| finding.bits >= WEAKEST || is_open(finding.typology));
    let day = change.unit / UNITS_PER_DAY;
    if change.discloses {
        for episode in &mut tracked.episodes {
            // The rest of a day with findings belongs to its evidence, as the windows hold it too.
            if episode.last_day() == day && findings.iter().all(|finding| finding.typology != episode.typology) {
                episode.evidence.push(access);
                episode.dirty = true;
            }
        }
    }
    let trigger = Trigger {
        time: access.time,
        // What is found late is news from then on, as what is found by comparing employees is.
        found: if change.in_today { access.time } else { settles.max(access.time) },
        hash: access.hash.0,
        kinds: access.kinds,
        end: change.end,
        day: change.day,
        in_today: change.in_today,
        access: Some(access),
        employed: duty != Duty::NotEmployed,
        claimed: access.identity == Identity::Claimed,
        unfamiliar: change.signals[Measure::NewPlace as usize] > 0,
        heard: false,
    };
    let mut news: Vec<News> = Vec::new();
    for finding in &findings {
        news.extend(triage(tracked, &trigger, settles, finding, env, out));
    }
    // What several detectors say of one access corroborates each of them, whichever was asked first and whether or not anything follows.
    if findings.len() > 1 {
        let heard = Trigger { heard: true, ..trigger };
        for finding in &findings {
            news.extend(triage(tracked, &heard, settles, finding, env, out));
        }
    }
    tell(tracked, &news, settles, env, out);
    if !findings.is_empty() {
        tell_of_worth(tracked, settles, env, out);
    }
    today
}

/// Notes today as one on which hardly anybody of the unit, or else of the peer group, has reasons on file.
fn note_lapse(tracked: &mut Tracked, day: u32, env: Env<'_>) {
    let [group, unit] = tracked.groups;
    let of = |print: u64| {
        Some(print)
            .filter(|print| *print != 0)
            .and_then(|print| env.group_activity.lapse_of_others((print, day), tracked.marks.activity.today()))
    };
    let lapse = of(unit).map(|of_unit| (true, of_unit)).or_else(|| of(group).map(|of_group| (false, of_group)));
    if let Some((of_unit, (lapsed, others))) = lapse {
        tracked.marks.lapses.note(Lapse { day, of_unit, others, lapsed });
    }
}

/// The share of a unit's or group's claims of one day from which on it is theirs and not one person's.
const UNITS_OWN: f64 = 0.3;

/// Counts a claim of today, and tells which share of what the others of the group or unit claimed on its day is of the same sort.
fn note_claim(tracked: &mut Tracked, day: u32, owner: ReferenceOwner, env: Env<'_>) -> f64 {
    let is_today = tracked.profile.is_open(day);
    if is_today {
        tracked.marks.activity.note_claim(owner);
    }
    let own = if is_today { tracked.marks.activity.today() } else { Activity::default() };
    let groups = tracked.groups.into_iter().filter(|group| *group != 0);
    groups.map(|group| env.group_activity.claims_of_others((group, day), own, owner)).fold(0.0, f64::max)
}

/// Takes a finding of the global stage about an employee, made at `midnight`.
pub fn take_group_finding(tracked: &mut Tracked, finding: &Finding, midnight: Timestamp, env: Env<'_>, out: &mut Output) {
    let newest = tracked.profile.newest_open;
    let trigger = Trigger {
        time: newest.time,
        found: midnight,
        hash: newest.hash,
        kinds: newest.kinds,
        end: newest.unit.into(),
        day: tracked.profile.today(),
        in_today: true,
        access: None,
        employed: true,
        claimed: newest.claimed,
        unfamiliar: false,
        heard: false,
    };
    let news = triage(tracked, &trigger, midnight, finding, env, out);
    if news.is_some() {
        return tell(tracked, news.as_slice(), midnight, env, out);
    }
    // The day's revisions were given before the groups were compared: what is found anew would wait for those of the next.
    tell_if(tracked, finding.typology, midnight, env, out, |episode, _| episode.dirty && episode.group.is_some());
}

/// The access that a finding is attributed to: the one that led to it, or, for a finding of the global stage, the newest access without a
/// known reason.
struct Trigger<'a> {
    time: Timestamp,
    /// When the finding was made. Group findings are made days after the accesses that they rest on, and their episode stays open from
    /// then on.
    found: Timestamp,
    hash: [u8; 32],
    kinds: Kinds,
    /// Where the windows end by which it was judged.
    end: WindowEnd,
    /// The day by which it was judged.
    day: u32,
    /// Whether that day is open.
    in_today: bool,
    /// The access itself, where it is at hand and not in evidence yet.
    access: Option<&'a Access>,
    /// Whether it fell within the dates of employment.
    employed: bool,
    /// Whether all that is known of the person is what a login claimed.
    claimed: bool,
    /// Whether it came from a device that is new for this person.
    unfamiliar: bool,
    /// Whether all that is said of the access was taken in already, and what corroborates it is news alone.
    heard: bool,
}

impl Trigger<'_> {
    /// The one login or device behind it, where that may be behind alerts of others too: whoever claims to be many, or works under many
    /// names from a computer of their own.
    fn place(&self, context: &Context) -> u64 {
        let Some(access) = self.access else { return 0 };
        let keys = &context.classifier.keys;
        if access.signs == Signs::NAMED_LETTER {
            // A source that breaks may name everybody.
            return keys.print("letters of", &context.source_of(access.partition)).max(1);
        }
        match (&access.login, self.unfamiliar) {
            (Some(login), _) if self.claimed => keys.print("login behind", login).max(1),
            (_, true) if access.client.host != 0 => access.client.host,
            (_, true) => access.client.ip,
            _ => 0,
        }
    }
}

/// What was seen in the window of a finding. Of a record that comes later than anything that is kept it is the record itself.
fn observe(profile: &Profile, window: Window, trigger: &Trigger<'_>) -> Observed {
    let observed = profile.observe(window, trigger.end, CountScope::Exposure);
    let Some(access) = trigger.access.filter(|_| trigger.end.past && observed.accesses == 0) else { return observed };
    let only = Observed { accesses: 1, records: access.rows.unwrap_or(0), ..observed };
    if only.persons != Persons::Exact(0) {
        return only;
    }
    let named = access.subjects.len() as u64;
    Observed {
        persons: access.persons,
        named: Persons::Exact(named),
        counted: access.unnamed().figure().unwrap_or(0),
        unknown_accesses: u32::from(access.unnamed().figure().is_none()),
        kinds: access.kinds.iter().map(|kind| (kind, access.persons)).collect(),
        ..only
    }
}

/// Brings a finding to the episode of its typology, opening one where there is none.
fn triage(
    tracked: &mut Tracked,
    trigger: &Trigger<'_>,
    settles: Timestamp,
    finding: &Finding,
    env: Env<'_>,
    out: &mut Output,
) -> Option<News> {
    let context = env.context;
    let settings = &context.alerts;
    let group = tracked.group.clone();
    let weight = context.statute.weight_b(trigger.kinds).max(1);
    // Where nobody has reasons on file, to have none makes nothing grave.
    let lapsed = finding.measure.rests_on_reasons() && tracked.marks.lapses.within(trigger.day, finding.window.days().max(1)) > 0;
    let grave = standing::is_grave(finding, weight, trigger.employed) && !(lapsed && standing::rests_on_reasons(finding.typology));
    let standing = Standing { grave, claimed: trigger.claimed, place: trigger.place(context) };
    let at = FindingContext {
        time: trigger.time,
        found: trigger.found,
        hash: trigger.hash,
        day: trigger.end.unit / UNITS_PER_DAY,
        weight,
        standing,
        band: context.explanations.configured().then(|| tracked.unexplained_band(&context.statute)),
        calibration: &env.models.calibration,
        group: &group,
        corroboration: corroboration::corroboration(&tracked.episodes, finding.typology, trigger.end.unit / UNITS_PER_DAY),
    };
    let found = tracked.episodes.iter().position(|episode| episode.typology == finding.typology);
    if trigger.heard && found.is_none_or(|position| at.corroboration <= tracked.episodes[position].corroboration) {
        return None;
    }
    let found = found.filter(|position| {
        let over = tracked.episodes[*position].is_over(settings, trigger.found);
        if over {
            let mut episode = tracked.episodes.remove(*position);
            emit(tracked, &mut episode, RevisionCause::Over, settles, env, out);
            tracked.close_case();
        }
        !over
    });
    if found.is_none() && !standing.grave && tracked.judged.holds(finding, at.day) {
        return None;
    }
    let profile = &tracked.profile;
    let peak = || Peak {
        window: finding.window,
        count: finding.count,
        unknown: finding.unknown,
        measure: finding.measure,
        particular: finding.particular.clone(),
        observed: observe(profile, finding.window, trigger),
        bits: finding.bits,
        identity: profile.identity(finding.window, trigger.end, trigger.access),
        learnt_to: trigger.day.saturating_sub(1),
        days: profile.total(finding.measure, trigger.day.saturating_sub(1), finding.window.days().saturating_sub(1)).0 + 1,
    };
    let mut episode = match found {
        Some(position) => {
            let mut episode = tracked.episodes.remove(position);
            if let Some(access) = trigger.access.filter(|_| !trigger.heard) {
                episode.evidence.push(access);
            }
            episode
        }
        None => {
            let reach = match finding.window {
                Window::H1 => 11,
                Window::H24 => UNITS_PER_DAY - 1,
                Window::D7 | Window::D30 | Window::D90 => 7 * UNITS_PER_DAY - 1,
            };
            let evidence = match trigger.access {
                // The trail of the last days does not hold what lies before them.
                Some(access) if trigger.end.past => Stretch::of(access),
                _ => profile.trail.since(trigger.end.unit.saturating_sub(reach)),
            };
            Episode::begin(finding, &at, evidence, peak())?
        }
    };
    let mut decision = episode.absorb(settings, finding, &at, peak);
    // Windows of the next morning would have held it as well, had it come in its time. And what is grave counts for that morning whether or
    // not somebody works then: who stays away, or has a login that is nobody's, is no quieter than who comes back.
    let next = trigger.end.unit / UNITS_PER_DAY + 1;
    let most_is_of_the_day = 2 * profile.day_figure(Measure::Unexplained, next - 1) >= finding.count;
    let rolls = rolls_over(finding) && most_is_of_the_day && episode.holds_out(next - 1);
    let came_back = trigger.end.past && profile.day_figure(Measure::Unexplained, next) > 0;
    if finding.window.days() == 1 && (rolls || came_back) {
        let again = episode.absorb(settings, finding, &FindingContext { day: next, ..at }, peak);
        if decision != Decision::Opened && !matches!(again, Decision::Joined | Decision::Noted) {
            decision = again;
        }
    }
    if trigger.in_today && episode.holds_out(trigger.end.unit / UNITS_PER_DAY) {
        tracked.profile.hold_today_out();
    }
    let is_news = matches!(decision, Decision::Opened | Decision::Raised | Decision::Grew);
    tracked.episodes.push(episode);
    tracked.episodes.sort_by_key(|episode| episode.typology);
    is_news.then_some((finding.typology, decision))
}
