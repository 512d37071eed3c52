//! The sources as a whole: how much each of them and of their partitions usually says, where one says too little, and what of their
//! days cannot be seen.
//!
//! Judged once an hour of event time, from the joined reports of everybody who reads. Where the other sources give less than usual as
//! well (a holiday that no calendar names), as much less is expected of this one. A partition is judged only where what it lacks is
//! lacking in its source: work that moved to another partition, or to a new file, is not gone.

mod history;
mod numbers;
pub mod outages;

use crate::population::volume::{RecordRef, VolumeReport};
use history::Hours;
pub use history::UsualVolume;
use numbers::NumberGaps;
use outages::SourceOutages;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Stretches that are looked at, in hours that end now.
const STRETCHES: [i64; 5] = [1, 3, 6, 12, 24];
/// Fewer records than this are not missed, whatever the model says.
const FEWEST: f64 = 50.0;
/// A source that gives more than this share of what is expected is not low; in a short stretch it must be less.
const LOW: f64 = 0.5;
const LOW_SHORT: [(i64, f64); 2] = [(1, 0.2), (3, 0.3)];
/// What is expected of a holiday, as a share of other days of rest, at the most.
const HOLIDAY: f64 = 0.4;
/// The weakest that is worth remembering, in bits.
const WEAKEST: f64 = 6.0;
/// What leaves little doubt that something cannot be seen.
const SURE: f64 = 12.0;
/// What looking every hour at five stretches costs, in bits.
const LOOKS: f64 = 7.0;
/// Hours for which one gap gives findings: a source that was ended for good does not alert for ever.
const NEWS_HOURS: i64 = 72;
/// Records that tell a time that has not come, from which on it is the source's clock and no slip; and what that says, in bits.
const FEWEST_AHEAD: u64 = 3;
const AHEAD: f64 = 30.0;
/// Days of one gap that are kept out of learning. After them the lower volume becomes the new baseline.
const HELD_OUT_DAYS: i64 = 14;
/// Hours without anything low after which a gap is over.
const OVER_HOURS: i64 = 24;
/// Partitions that are followed apart; those beyond are part of their sources only.
const MOST_PARTITIONS: usize = 1_024;

/// What is known of all sources.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Sources {
    sources: BTreeMap<Arc<str>, Channel>,
    partitions: BTreeMap<(Arc<str>, Arc<str>), Channel>,
    /// What cannot be seen.
    pub outages: SourceOutages,
    day: i64,
    /// The UTC hour up to which was judged.
    judged: i64,
    /// Records of the hours that are judged next that told a time that had not come.
    ahead: BTreeMap<Arc<str>, Ahead>,
}

/// Records of one source that told a time that had not come.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Ahead {
    records: u64,
    /// All that came in the same hours.
    of: u64,
    last: Option<LocatedRecord>,
}

/// One source or partition.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
struct Channel {
    hours: Hours,
    /// The last record.
    last: Option<LocatedRecord>,
    /// The newest UTC hour with records, and its first record.
    newest: Option<(i64, LocatedRecord)>,
    gap: Option<Gap>,
    numbers: NumberGaps,
    /// The partition of the newest hole.
    hole: Option<Arc<str>>,
}

/// A record, and in which partition.
pub type LocatedRecord = (Arc<str>, RecordRef);

/// A stretch without, or with too few, records. In UTC hours.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
struct Gap {
    found: i64,
    last: i64,
}

/// A stretch of time in which a source or partition gave too few records.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct VolumeDrop {
    /// The source.
    pub source: Arc<str>,
    /// The partition, where it is not the source as a whole.
    pub partition: Option<Arc<str>>,
    /// First UTC hour of the stretch.
    pub from: i64,
    /// Its end, exclusive.
    pub to: i64,
    /// Records that came in it.
    pub records: u64,
    /// What would have been usual.
    pub usual: UsualVolume,
    /// The share of what is usual for them that the other sources gave.
    pub share: f64,
    /// How many others there are to tell by.
    pub others: usize,
    /// Surprise, in bits.
    pub bits: f64,
    /// The last record before it.
    pub before: Option<LocatedRecord>,
    /// Whether it is new enough for a finding.
    pub is_news: bool,
    /// Of a sequence with holes: how many numbers are missing of `records` due, and how many usually are.
    pub missing: Option<(u64, f64)>,
    /// The record behind the first hole.
    pub after: Option<LocatedRecord>,
    /// Of a clock that runs ahead: how many records told a time that had not come.
    pub ahead: Option<u64>,
}

/// What judging works with: the UTC hour that begins, and the organisation's clock.
#[derive(Clone, Copy)]
pub struct HourClock<'a> {
    /// The UTC hour that begins: those before it are complete.
    pub hour: i64,
    /// Hours that the organisation's clock is ahead of UTC.
    pub ahead: i64,
    /// Whether a local day (in days since 1970) is worked.
    pub is_worked: &'a dyn Fn(i64) -> bool,
    /// Whether the calendar calls it a holiday.
    pub is_holiday: &'a dyn Fn(i64) -> bool,
    /// Whether maintenance of a source is on file for a UTC hour.
    pub is_excused: &'a dyn Fn(&str, i64) -> bool,
    /// Whether a source is one that is listened to: the silence of others says nothing.
    pub is_followed: &'a dyn Fn(&str) -> bool,
}

impl Sources {
    /// Takes the reports of the hours before the one that begins.
    pub fn take(&mut self, clock: HourClock<'_>, heard: &[VolumeReport]) {
        let today = (clock.hour + clock.ahead).div_euclid(24);
        if today > self.day {
            self.day = today;
            self.sources.retain(|_, channel| {
                channel.numbers.turn(today);
                channel.hours.turn(today, clock.is_worked)
            });
            self.partitions.retain(|_, channel| channel.hours.turn(today, clock.is_worked));
            self.outages.forget_before((today - outages::KEPT_DAYS) * 24 - clock.ahead);
        }
        for VolumeReport { source, partition, hour, volume } in heard {
            if volume.dead_letters > 0 {
                self.outages.mark(source, *hour, SourceOutages::DEAD_LETTERS);
            }
            if volume.losses > 0 {
                self.outages.mark(source, *hour, SourceOutages::LOST);
            }
            if volume.ahead > 0 {
                let ahead = self.ahead.entry(source.clone()).or_default();
                ahead.records += volume.ahead;
                ahead.of += volume.records;
                ahead.last = volume.last.map(|last| (partition.clone(), last)).or(ahead.last.take());
            }
            if volume.numbers > 0 {
                let local = *hour + clock.ahead;
                let channel = self.sources.entry(source.clone()).or_default();
                channel.numbers.add(local.div_euclid(24), volume);
                if volume.hole.is_some() {
                    channel.hole = Some(partition.clone());
                }
            }
            let (Some(first), Some(last)) = (volume.first, volume.last) else { continue };
            let note = |channel: &mut Channel| {
                channel.note(*hour, *hour + clock.ahead, volume.records, (partition.clone(), first), (partition.clone(), last));
            };
            note(self.sources.entry(source.clone()).or_default());
            let of = (source.clone(), partition.clone());
            if self.partitions.len() < MOST_PARTITIONS || self.partitions.contains_key(&of) {
                note(self.partitions.entry(of).or_default());
            }
        }
    }

    /// The first record of the newest hour of a source (or of one of its partitions) with records, if that hour is not before `since`.
    pub fn resumed(&self, source: &Arc<str>, partition: Option<&Arc<str>>, since: i64) -> Option<&LocatedRecord> {
        let channel = match partition {
            Some(partition) => self.partitions.get(&(source.clone(), partition.clone())),
            None => self.sources.get(source),
        };
        channel?.newest.as_ref().filter(|(hour, _)| *hour >= since).map(|(_, at)| at)
    }

    /// What says too little in a stretch that ends now. Notes what cannot be seen for it.
    pub fn judge(&mut self, clock: HourClock<'_>) -> Vec<VolumeDrop> {
        self.excuse(clock);
        let followed = self.sources.keys().filter(|source| (clock.is_followed)(source)).cloned();
        let mut found: Vec<VolumeDrop> = followed.filter_map(|source| self.low_source(clock, source)).collect();
        let whole: Vec<Arc<str>> = found.iter().map(|low| low.source.clone()).collect();
        let is_judged = |source: &Arc<str>| !whole.contains(source) && (clock.is_followed)(source);
        let parts = self.partitions.keys().filter(|(source, _)| is_judged(source)).cloned();
        let parts: Vec<VolumeDrop> = parts.filter_map(|(source, partition)| self.low_partition(clock, source, partition)).collect();
        found.extend(parts);
        let lacking = self.sources.iter_mut().filter_map(|(source, channel)| channel.lacks(clock, source));
        let lacking: Vec<VolumeDrop> = lacking.collect();
        lacking.iter().filter(|low| low.bits >= SURE).for_each(|low| self.outages.mark(&low.source, low.to - 1, SourceOutages::GAP));
        for low in &mut found {
            let of = low.partition.clone().map(|partition| (low.source.clone(), partition));
            let channel = match of {
                Some(of) => self.partitions.get_mut(&of),
                None => self.sources.get_mut(&low.source),
            };
            let Some(channel) = channel else { continue };
            low.is_news = channel.is_low(clock, low);
            let hidden = (low.from..low.to).filter(|_| low.bits >= SURE).filter(|hour| channel.is_low_hour(clock, *hour, low.share));
            hidden.for_each(|hour| self.outages.mark(&low.source, hour, SourceOutages::GAP));
        }
        for channel in self.sources.values_mut().chain(self.partitions.values_mut()) {
            if channel.gap.is_some_and(|gap| gap.last + OVER_HOURS < clock.hour) {
                channel.gap = None;
            }
        }
        found.extend(lacking);
        found.extend(std::mem::take(&mut self.ahead).into_iter().filter_map(|(source, ahead)| runs_ahead(clock, source, ahead)));
        found
    }

    /// Hours for which maintenance is on file count as usual, and cannot be seen all the same.
    fn excuse(&mut self, clock: HourClock<'_>) {
        let hours = self.judged.max(clock.hour - OVER_HOURS)..clock.hour;
        self.judged = clock.hour;
        for (source, channel) in &mut self.sources {
            for hour in hours.clone().filter(|hour| (clock.is_excused)(source, *hour)) {
                let local = hour + clock.ahead;
                if channel.is_low_hour(clock, hour, 1.0) {
                    self.outages.mark(source, hour, SourceOutages::GAP);
                    channel.hours.excuse(local, clock.is_worked);
                    let of_source = self.partitions.iter_mut().filter(|((of, _), _)| of == source);
                    of_source.for_each(|(_, channel)| channel.hours.excuse(local, clock.is_worked));
                }
            }
        }
    }

    fn low_source(&self, clock: HourClock<'_>, source: Arc<str>) -> Option<VolumeDrop> {
        let channel = self.sources.get(&source)?;
        let looks = LOOKS + (self.sources.len() as f64).log2();
        let low = |stretch| {
            let others = self.others(clock, &source, stretch);
            let share = clock.share(stretch, &others);
            channel.low(clock, stretch, share).map(|low| VolumeDrop { source: source.clone(), share, others: others.len(), ..low })
        };
        most_surprising(STRETCHES.into_iter().filter_map(low), looks)
    }

    fn low_partition(&self, clock: HourClock<'_>, source: Arc<str>, partition: Arc<str>) -> Option<VolumeDrop> {
        let (whole, channel) = (self.sources.get(&source)?, self.partitions.get(&(source.clone(), partition.clone()))?);
        let looks = LOOKS + (self.partitions.len() as f64).log2();
        let low = |stretch| {
            let to = clock.hour + clock.ahead;
            let typical = |channel: &Channel| channel.hours.typical(to - stretch, to, clock.is_worked);
            let lacks = (typical(channel).saturating_sub(channel.hours.sum(to - stretch, to))) / 2;
            // What a partition has lost and others of its source have gained has moved.
            let moved = whole.hours.sum(to - stretch, to) + lacks > typical(whole);
            let others = self.others(clock, &source, stretch);
            let low = channel.low(clock, stretch, clock.share(stretch, &others)).filter(|_| !moved)?;
            Some(VolumeDrop { source: source.clone(), partition: Some(partition.clone()), others: others.len(), ..low })
        };
        most_surprising(STRETCHES.into_iter().filter_map(low), looks)
    }

    /// The share of the typical that each other source gave in a stretch, ascending, of those that are large enough to tell.
    fn others(&self, clock: HourClock<'_>, of: &Arc<str>, stretch: i64) -> Vec<f64> {
        let to = clock.hour + clock.ahead;
        let others = self.sources.iter().filter(|(source, _)| *source != of && (clock.is_followed)(source));
        let mut shares: Vec<f64> = others
            .filter_map(|(_, channel)| {
                let typical = channel.hours.typical(to - stretch, to, clock.is_worked) as f64;
                (typical >= FEWEST).then(|| channel.hours.sum(to - stretch, to) as f64 / typical)
            })
            .collect();
        shares.sort_by(f64::total_cmp);
        shares
    }
}

impl HourClock<'_> {
    /// The share of the usual that is expected, by the calendar and by what the others gave: never more than usual.
    fn share(&self, stretch: i64, others: &[f64]) -> f64 {
        let to = self.hour + self.ahead;
        let mut days = (to - stretch).div_euclid(24)..=(to - 1).div_euclid(24);
        let of_calendar = if days.any(self.is_holiday) { HOLIDAY } else { 1.0 };
        others.get(others.len() / 2).map_or(of_calendar, |share| share.min(of_calendar))
    }
}

/// A clock that runs ahead. Nobody's work looks like this, however many records there are.
fn runs_ahead(clock: HourClock<'_>, source: Arc<str>, ahead: Ahead) -> Option<VolumeDrop> {
    let is_told = ahead.records >= FEWEST_AHEAD && !(clock.is_excused)(&source, clock.hour - 1);
    is_told.then(|| VolumeDrop {
        source,
        partition: None,
        from: clock.hour - 1,
        to: clock.hour,
        records: ahead.of,
        usual: UsualVolume { median: 0.0, p1: 0, p99: 0, days: 0, as_low: 0, bits: AHEAD },
        share: 1.0,
        others: 0,
        bits: AHEAD,
        before: ahead.last,
        is_news: true,
        missing: None,
        after: None,
        ahead: Some(ahead.records),
    })
}

fn most_surprising(lows: impl Iterator<Item = VolumeDrop>, looks: f64) -> Option<VolumeDrop> {
    let low = lows.max_by(|a, b| a.bits.total_cmp(&b.bits))?;
    let bits = low.bits - looks;
    (bits >= WEAKEST).then_some(VolumeDrop { bits, ..low })
}

impl Channel {
    fn note(&mut self, hour: i64, local: i64, records: u64, first: LocatedRecord, last: LocatedRecord) {
        self.hours.add(local, records);
        match &mut self.newest {
            Some((newest, known)) if *newest == hour => {
                if first.1 < known.1 {
                    *known = first;
                }
            }
            _ => self.newest = Some((hour, first)),
        }
        if self.last.as_ref().is_none_or(|known| known.1 < last.1) {
            self.last = Some(last);
        }
    }

    /// Whether numbers of its sequences are missing that usually are not.
    fn lacks(&mut self, clock: HourClock<'_>, source: &Arc<str>) -> Option<VolumeDrop> {
        let local = clock.hour - 1 + clock.ahead;
        let lack = self.numbers.lack(local.div_euclid(24))?;
        let bits = lack.bits - LOOKS;
        let place = |at: usize| Some((self.hole.clone()?, lack.edges?[at]));
        (bits >= WEAKEST).then(|| VolumeDrop {
            source: source.clone(),
            partition: None,
            from: local.div_euclid(24) * 24 - clock.ahead,
            to: clock.hour,
            records: lack.numbers,
            usual: UsualVolume { median: lack.expected, p1: 0, p99: 0, days: lack.days, as_low: 0, bits: lack.bits },
            share: 1.0,
            others: 0,
            bits,
            before: place(0),
            after: place(1),
            is_news: true,
            missing: Some((lack.missing, lack.expected)),
            ahead: None,
        })
    }

    /// Whether an hour by itself gave too little.
    fn is_low_hour(&self, clock: HourClock<'_>, hour: i64, share: f64) -> bool {
        let local = hour + clock.ahead;
        let typical = self.hours.typical(local, local + 1, clock.is_worked) as f64 * share;
        typical > 0.0 && self.hours.sum(local, local + 1) as f64 <= LOW * typical
    }

    /// How surprising a stretch that ends now, and ends low, is.
    fn low(&self, clock: HourClock<'_>, stretch: i64, share: f64) -> Option<VolumeDrop> {
        let to = clock.hour + clock.ahead;
        let from = to - stretch;
        let records = self.hours.sum(from, to);
        let of_last = self.hours.typical(to - 1, to, clock.is_worked);
        if of_last > 0 && !self.is_low_hour(clock, clock.hour - 1, share) {
            return None;
        }
        let typical = self.hours.typical(from, to, clock.is_worked) as f64 * share;
        let low = LOW_SHORT.iter().find(|(of, _)| *of == stretch).map_or(LOW, |(_, low)| *low);
        if typical - (records as f64) < FEWEST || records as f64 > low * typical {
            return None;
        }
        let usual = self.hours.usual(from, to, records, share, clock.is_worked)?;
        let expected = usual.median * share;
        if expected - (records as f64) < FEWEST || records as f64 > low * expected {
            return None;
        }
        Some(VolumeDrop {
            source: Arc::from(""),
            partition: None,
            from: from - clock.ahead,
            to: clock.hour,
            records,
            usual,
            share,
            others: 0,
            bits: usual.bits,
            before: self.last.clone(),
            is_news: false,
            missing: None,
            after: None,
            ahead: None,
        })
    }

    /// Notes that it is low. Whether it is new enough for a finding.
    fn is_low(&mut self, clock: HourClock<'_>, low: &VolumeDrop) -> bool {
        let gap = self.gap.get_or_insert(Gap { found: clock.hour, last: clock.hour });
        gap.last = clock.hour;
        let found = gap.found;
        if clock.hour < found + HELD_OUT_DAYS * 24 {
            let days = (low.from + clock.ahead).div_euclid(24)..=(low.to - 1 + clock.ahead).div_euclid(24);
            days.for_each(|day| self.hours.hold_out(day));
        }
        clock.hour < found + NEWS_HOURS
    }
}
