//! An employee under watch: the profile, the episodes, and what is derived once a day.

use crate::classify::directory::Employee;
use crate::classify::explanations::Grantee;
use crate::classify::notice::{self, Announced, Notice};
use crate::engine::context::Context;
use crate::engine::watch::Watching;
use crate::model::access::Actor;
use crate::model::severity::Severity;
use crate::model::statute::{Band, Statute};
use crate::model::time::{Day, Timestamp};
use crate::population::finding_calibration::FindingStrength;
use crate::population::group_activity::{self, Activity, OwnActivity};
use crate::population::rise::{self, Rises};
use crate::population::summary::{Excess, Summary};
use crate::population::{GroupModel, Share, lookups};
use crate::profile::Profile;
use crate::profile::baseline::predict;
use crate::profile::before::Before;
use crate::profile::counts::CountScope;
use crate::profile::history::{AllMoments, NO_MOMENTS};
use crate::profile::lapses::Lapses;
use crate::profile::measure::Measure;
use crate::profile::window::day_of;
use crate::profile::worked_hours::WorkedHours;
use crate::triage::Episode;
use crate::triage::judged::JudgedFindings;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// One employee or account.
#[derive(Clone, Debug)]
pub struct Tracked {
    /// What is kept of them.
    pub profile: Profile,
    /// Stretches of conduct that look like something, ascending by typology.
    pub episodes: Vec<Episode>,
    /// What verdicts were given about.
    pub judged: JudgedFindings,
    /// What else is kept.
    pub marks: TrackingMarks,
    /// Moments of the closed days before today; derived. Most of those who were seen once never get any.
    own: Option<Box<AllMoments>>,
    /// The closed days before each window of days, and within it; derived when first asked for.
    pub(super) before: Before,
    /// Whom reasons may have been given to; derived.
    pub who: Grantee,
    /// The peer group; derived.
    pub group: Arc<str>,
    /// Prints of the peer group and the unit, 0 for no unit; derived.
    pub groups: [u64; 2],
    /// A login that the directory does not list; derived.
    pub unmapped: bool,
    /// Whether it changed since it was last saved.
    pub dirty: bool,
    /// What is kept for dossiers, where somebody wants them; never saved.
    pub watch: Watching,
}

/// People with known reasons on one day that show that business comes to somebody.
const BUSINESS: f64 = 3.0;
/// People of a usual day, as far as it is taken from the peers.
const BUSINESS_DAY: f64 = 30.0;

/// People without a known reason that are taken for the usual of a day at the least: one is no rise.
const LEAST_OPEN: f64 = 1.0;

/// People of a day before what share of them is without a reason says anything.
const FEWEST_PEOPLE: u64 = 5;

/// How far things have come with an employee.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct TrackingMarks {
    /// Last day that was summarised for the peers to learn from.
    pub summarised: u32,
    /// Newest five minutes seen: a late record is judged by the window that ends here.
    pub newest: u32,
    /// What was added to the group's activity of late.
    pub activity: OwnActivity,
    /// The first finding of the alert that opened while none was open: what the id of the case is made of. Most people never have one.
    pub case: Option<Box<(Timestamp, [u8; 32])>>,
    /// The day on which the case began.
    pub case_day: u32,
    /// Whether the case was worth a look when it was told last.
    pub is_worth_a_look: bool,
    /// What the directory says of their leaving.
    pub announced: Announced,
    /// Day of the reload that brought the news of it; 0 where the first directory said so already, or none does.
    pub notice: u32,
    /// The last days on which hardly anybody of the group or unit had reasons on file.
    pub lapses: Lapses,
    /// How much more than usual the others did on the last days.
    pub rises: Rises,
    /// In which hours of the last days anything was done.
    pub worked: WorkedHours,
}

/// What a snapshot keeps; the rest is derived.
pub type SavedProfile = (Profile, Vec<Episode>, TrackingMarks, JudgedFindings);

/// Whom reasons may have been given to on a day, the peer group, and the prints of group and unit.
fn standing(actor: &Actor, day: u32, context: &Context) -> (Grantee, Arc<str>, [u64; 2]) {
    let spell = context.classifier.directory.employee_on(actor.name(), day_of(day));
    let (who, group) = (context.who(actor, spell), context.group(actor, spell));
    let groups = [context.classifier.keys.print("group", &group), who.unit];
    (who, group, groups)
}

impl Tracked {
    /// Begins to track.
    pub fn new(profile: Profile, context: &Context) -> Tracked {
        let (who, group, groups) = standing(&profile.actor, profile.today(), context);
        let unmapped = context.classifier.directory.is_unmapped(&profile.actor);
        let own = None;
        let mut tracked = Tracked {
            profile,
            episodes: Vec::new(),
            judged: JudgedFindings::default(),
            marks: TrackingMarks::default(),
            own,
            before: Before::default(),
            who,
            group,
            groups,
            unmapped,
            dirty: true,
            watch: Watching::default(),
        };
        tracked.marks.announced = tracked.announced(context);
        tracked.derive();
        tracked
    }

    fn announced(&self, context: &Context) -> Announced {
        let (directory, day) = (&context.classifier.directory, day_of(self.profile.today()));
        notice::announced(directory, directory.employee_on(self.profile.actor.name(), day), day)
    }

    /// The directory may be another than before: what it says now of their leaving and did not say then is news of today.
    fn hear_notice(&mut self, context: &Context) {
        let (before, now) = (self.marks.announced, self.announced(context));
        let is_news = now.adds_to(before) && self.marks.notice == 0;
        self.marks.notice = if now == Announced::default() {
            0
        } else if is_news {
            self.profile.today()
        } else {
            self.marks.notice
        };
        self.marks.announced = now;
    }

    /// The weeks of notice that hold a day, where somebody is about to leave.
    pub fn notice(&self, spell: Option<&Employee>, day: Day, context: &Context) -> Option<Notice> {
        let heard = Some(self.marks.notice).filter(|heard| *heard > 0).map(day_of);
        notice::notice(&context.classifier.directory, spell, day, heard)
    }

    /// What a snapshot keeps.
    pub fn keep(&self) -> (&Profile, &Vec<Episode>, &TrackingMarks, &JudgedFindings) {
        (&self.profile, &self.episodes, &self.marks, &self.judged)
    }

    /// Goes on from a snapshot.
    pub fn restore((profile, episodes, marks, judged): SavedProfile, context: &Context) -> Tracked {
        let mut tracked = Tracked { episodes, marks, judged, dirty: false, ..Tracked::new(profile, context) };
        tracked.hear_notice(context);
        tracked
    }

    /// The set-up has changed: who they are to it is derived anew.
    pub fn set_context(&mut self, context: &Context) {
        self.unmapped = context.classifier.directory.is_unmapped(&self.profile.actor);
        self.take_standing(context);
        self.hear_notice(context);
    }

    fn take_standing(&mut self, context: &Context) {
        let groups = self.groups;
        (self.who, self.group, self.groups) = standing(&self.profile.actor, self.profile.today(), context);
        if self.groups != groups {
            // What was added to the activity of the former group is no part of that of the new one.
            self.marks.activity.leave();
        }
    }

    /// The open alerts: their ids, and the revisions in which they were told.
    pub fn alerts(&self) -> BTreeMap<String, u32> {
        self.open_alerts().map(|episode| (episode.id(self.profile.actor.name()), episode.revision)).collect()
    }

    /// The case is over once no alert is open any more.
    pub fn close_case(&mut self) {
        if self.open_alerts().next().is_none() {
            (self.marks.case, self.marks.is_worth_a_look) = (None, false);
        }
    }

    /// An open alert by its id: the revision in which it was told, and its severity.
    pub fn alert(&self, id: &str) -> Option<(u32, Severity)> {
        let episode = self.open_alerts().find(|episode| episode.id(self.profile.actor.name()) == id)?;
        Some((episode.revision, episode.severity))
    }

    /// Episodes for which an alert is open.
    pub fn open_alerts(&self) -> impl Iterator<Item = &Episode> {
        self.episodes.iter().filter(|episode| episode.is_alert())
    }

    /// Whom reasons may have been given to in a spell of theirs.
    pub fn who_in(&self, spell: Option<&Employee>, context: &Context) -> Grantee {
        if self.has_moved(context) { context.who(&self.profile.actor, spell) } else { self.who }
    }

    /// Whether they have been in several places or roles: what they are to others depends on the day.
    fn has_moved(&self, context: &Context) -> bool {
        context.classifier.directory.spells(self.profile.actor.name()).len() > 1
    }

    /// Opens a later day, if it is one.
    pub fn open_day(&mut self, day: u32, context: &Context) {
        if day > self.profile.today() {
            self.marks.activity.open_day(day == self.profile.today() + 1);
            self.profile.open_day(day, &context.statute);
            if self.has_moved(context) {
                self.take_standing(context);
            }
            self.derive();
        }
    }

    /// Closes the newest day, once it is over for certain.
    pub fn close_through(&mut self, day: u32) {
        if self.profile.close_through(day).is_some() {
            self.dirty = true;
            self.derive();
        }
        // Rarely asked for again before the next day.
        self.before = Before::default();
    }

    fn derive(&mut self) {
        let last = self.profile.today().saturating_sub(1);
        self.own = (!self.profile.history.is_empty()).then(|| Box::new(self.profile.history.all_moments(last)));
        self.before = Before::default();
    }

    /// Moments of the closed days before today.
    pub fn own(&self) -> &AllMoments {
        self.own.as_deref().unwrap_or(&NO_MOMENTS)
    }

    /// The same before each window and within it.
    pub fn before(&self) -> &Before {
        &self.before
    }

    /// More of a day that is over came late: sums over days are another.
    pub fn note_late(&mut self) {
        self.before = Before::default();
    }

    /// The unit by whose window an access is judged.
    pub fn newest_unit(&mut self, unit: u32) -> u32 {
        self.marks.newest = self.marks.newest.max(unit);
        self.marks.newest
    }

    /// What today adds to the group's activity beyond what was added before; nothing without enough history.
    pub fn more_activity(&mut self) -> Option<Activity> {
        let usual = self.own()[Measure::Persons as usize];
        if usual.days < group_activity::FEWEST_DAYS || usual.mean < 1.0 {
            return None;
        }
        let thousandths = |figure: f64| (figure * 1_000.0) as u64;
        let open = self.own()[Measure::Unexplained as usize].mean.max(LEAST_OPEN);
        let most = |measure, usual: f64| thousandths((self.profile.today_figure(measure) as f64).min(rise::MOST * usual));
        // Once so many people were without a reason, what comes later on the day changes nothing: sums only grow.
        let lapsed = self.marks.activity.today().lapsed.max(u32::from(self.lapses()));
        let now = Activity {
            done: most(Measure::Persons, usual.mean),
            usual: thousandths(usual.mean),
            done_open: most(Measure::Unexplained, open),
            usual_open: thousandths(open),
            members: 1,
            lapsed,
            claims: self.marks.activity.claims(),
        };
        let more = now.beyond(self.marks.activity.replace(now));
        (more != Activity::default()).then_some(more)
    }

    /// Whether most of today is without a known reason, as it never was.
    fn lapses(&self) -> bool {
        let today = |measure| self.profile.today_figure(measure);
        let (open, people) = (today(Measure::Unexplained), today(Measure::Persons));
        let usual = |measure: Measure| self.own()[measure as usize].mean;
        people >= FEWEST_PEOPLE && 5 * open >= 3 * people && usual(Measure::Unexplained) < 0.3 * usual(Measure::Persons)
    }

    /// Whether business comes to them on a day as to whoever is at work: so far at least a few people have known reasons, and of all people
    /// not many more are without one than is usual. Whoever works under the name of somebody who is away has none.
    pub fn has_business(&self, day: u32, group: &GroupModel) -> bool {
        let of_day = |measure| self.profile.day_figure(measure, day) as f64;
        let (open, people) = (of_day(Measure::Unexplained), of_day(Measure::Persons));
        let (own_open, own_people) = Share::Unexplained.sums(self.own());
        let peers = group.shares[Share::Unexplained as usize].rate;
        // As many people as one day has are taken from the peers: a newcomer has no usual.
        let usual = (own_open + BUSINESS_DAY * peers) / (own_people + BUSINESS_DAY);
        people - open >= BUSINESS && open <= people * f64::midpoint(1.0, usual)
    }

    /// The band of the unexplained score for information obtained on duty.
    pub fn unexplained_band(&self, statute: &Statute) -> Band {
        statute.band(self.profile.statute_score(CountScope::Unexplained, statute).b, true)
    }

    /// What the global stage may learn from, of days up to `last`.
    pub fn summary(&mut self, last: u32, group: &GroupModel, context: &Context) -> Option<Summary> {
        let touched = self.profile.conduct.touched.take(last);
        // What a login does for others is no measure for those who do their own work.
        if self.profile.history.is_empty() || self.profile.speaks_for_others() {
            return None;
        }
        let mut days: Vec<_> = self.profile.history.learnt(last).take_while(|day| day.day > self.marks.summarised).collect();
        days.reverse();
        // Moments compare, and what the days are like is told: no stand-in for the unknown is to be seen there.
        let days: Vec<_> = days.into_iter().map(|day| self.profile.known_day(day)).collect();
        self.profile.learn_long(&days);
        if !days.is_empty() {
            self.marks.summarised = last;
        }
        self.dirty |= !days.is_empty() || !touched.is_empty();
        let employee = context.classifier.directory.employee_on(self.profile.actor.name(), day_of(last));
        Some(Summary {
            actor: self.profile.actor.clone(),
            group: if self.has_moved(context) { context.group(&self.profile.actor, employee) } else { self.group.clone() },
            unit: employee.and_then(|employee| employee.unit.clone()),
            employer: employee.and_then(|employee| employee.employer.clone()),
            moments: self.profile.history.all_moments(last),
            hours: days.iter().filter_map(|day| self.marks.worked.of(day.day)).collect(),
            days,
            familiar: self.profile.conduct.ground(last).collect(),
            touched,
            excess: self.excess(last, group),
            long_run: self.profile.stretches(last),
            strengths: self.strengths(),
        })
    }

    /// What the detectors say.
    fn strengths(&self) -> Vec<FindingStrength> {
        self.episodes.iter().map(Episode::strength).collect()
    }

    /// The seven days that end with `last`, against the days before them and the peers.
    fn excess(&self, last: u32, group: &GroupModel) -> Excess {
        let history = &self.profile.history;
        let before = history.all_moments(last.saturating_sub(lookups::DAYS));
        let of = |measure: Measure| {
            let (days, count) = history.total(measure, last, lookups::DAYS);
            let usual = predict(before[measure as usize], group.measures[measure as usize].moments, f64::from(days));
            Excess { count, bits: if count == 0 { 0.0 } else { usual.bits(count) } }
        };
        [of(Measure::Fresh), of(Measure::Orders)].into_iter().max_by(|a, b| a.bits.total_cmp(&b.bits)).unwrap_or_default()
    }
}
