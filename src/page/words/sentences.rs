//! Sentences, made from figures.

use super::{Lang, Word, lists, number};
use crate::model::alert::{Alert, Expected, Observed, StatuteScore};
use crate::model::dossier::Dossier;
use crate::model::identity::Identity;
use crate::model::persons::Persons;
use crate::page::names::plain;

/// Kinds that a sentence names.
const NAMED_KINDS: usize = 6;

/// A count of people with its certainty.
pub fn persons(persons: Persons, lang: Lang) -> String {
    match (persons, lang) {
        (Persons::Exact(1), Lang::En) => "1 person".to_owned(),
        (Persons::Exact(n), Lang::En) => format!("{} people", number(n)),
        (Persons::AtMost(n), Lang::En) => format!("at most {} people", number(n)),
        (Persons::AtLeast(n), Lang::En) => format!("at least {} people", number(n)),
        (Persons::Unknown, Lang::En) => "an unknown number of people".to_owned(),
        (Persons::Exact(n), Lang::Zh) => format!("{}人", number(n)),
        (Persons::AtMost(n), Lang::Zh) => format!("至多{}人", number(n)),
        (Persons::AtLeast(n), Lang::Zh) => format!("至少{}人", number(n)),
        (Persons::Unknown, Lang::Zh) => "人数不明".to_owned(),
    }
}

/// The same without the noun, for tables.
pub fn figure(persons: Persons, lang: Lang) -> String {
    match (persons, lang) {
        (Persons::Exact(n), _) => number(n),
        (Persons::AtMost(n), Lang::En) => format!("≤ {}", number(n)),
        (Persons::AtLeast(n), Lang::En) => format!("≥ {}", number(n)),
        (Persons::Unknown, Lang::En) => "unknown".to_owned(),
        (Persons::AtMost(n), Lang::Zh) => format!("≤ {}", number(n)),
        (Persons::AtLeast(n), Lang::Zh) => format!("≥ {}", number(n)),
        (Persons::Unknown, Lang::Zh) => "不明".to_owned(),
    }
}

/// What was counted, and what would have been usual, in one paragraph. `who`: whom it is about, as the reader may see them.
pub fn what_and_why(alert: &Alert, who: &str, lang: Lang) -> String {
    if let Some(source) = &alert.source {
        return of_source(alert, source, lang);
    }
    let observed = &alert.observed;
    let (who, people) = (plain(who), persons(observed.persons, lang));
    let window = lists::window(&alert.window, lang);
    let kinds: Vec<String> = observed.kinds.keys().take(NAMED_KINDS).map(|kind| lists::kind(*kind, lang).to_owned()).collect();
    let more = observed.kinds.len().saturating_sub(NAMED_KINDS);
    let pattern = lists::typology(alert.typology, lang);
    let (usual, apart) = (usual(&alert.expected, lang), apart(observed, lang));
    match lang {
        Lang::En => {
            let kinds = match (kinds.is_empty(), more) {
                (true, _) => String::new(),
                (false, 0) => format!(" Kinds of data: {}.", lang.join(&kinds)),
                (false, more) => format!(" Kinds of data: {} and {more} more.", lang.join(&kinds)),
            };
            let accesses = if observed.accesses == 1 { "access" } else { "accesses" };
            format!(
                "{who} touched {people} in {} {accesses} within {window}{apart}. {usual} Among the patterns that are looked for, this one comes nearest to: {pattern}.{kinds}",
                number(observed.accesses),
            )
        }
        Lang::Zh => {
            let kinds = match (kinds.is_empty(), more) {
                (true, _) => String::new(),
                (false, 0) => format!("信息种类：{}。", lang.join(&kinds)),
                (false, more) => format!("信息种类：{}等，另有{more}种。", lang.join(&kinds)),
            };
            format!(
                "{who}在{window}内的{}次访问中触及{people}{apart}。{usual}在所检查的类型中，与此最接近的是：{pattern}。{kinds}",
                number(observed.accesses),
            )
        }
    }
}

fn of_source(alert: &Alert, source: &str, lang: Lang) -> String {
    let (source, window, records) = (plain(source), lists::window(&alert.window, lang), number(alert.observed.records));
    let usual = alert.expected.own.as_ref().map(|own| (number(own.median), own.days));
    match (lang, usual) {
        (Lang::En, Some((median, days))) => {
            format!(
                "Source {source} gave {records} records within {window}; the same hours of {days} earlier days gave a median of {median}. What was done meanwhile is not in the log."
            )
        }
        (Lang::En, None) => format!("Source {source} gave {records} records within {window}. What was done meanwhile is not in the log."),
        (Lang::Zh, Some((median, days))) => {
            format!("来源{source}在{window}内给出{records}条记录；此前{days}天同一时段的中位数为{median}。其间所做的操作不在日志中。")
        }
        (Lang::Zh, None) => format!("来源{source}在{window}内给出{records}条记录。其间所做的操作不在日志中。"),
    }
}

fn usual(expected: &Expected, lang: Lang) -> String {
    let own = expected.own.as_ref().map(|own| (number(own.median), number(own.p99), own.days));
    let peers = expected.peers.as_ref().map(|peers| (number(peers.median), number(peers.p99), peers.members));
    match lang {
        Lang::En => {
            let own = own.map_or("Of their own days none has closed yet".to_owned(), |(median, p99, days)| {
                let days = if days == 1 { "1 own day".to_owned() } else { format!("{days} own days") };
                format!("For a window like this, {days} give a median of {median} and a 99th percentile of {p99}")
            });
            let peers = peers.map_or("there is no peer group yet".to_owned(), |(median, p99, members)| {
                let peers = if members == 1 { "1 peer gives".to_owned() } else { format!("{members} peers give") };
                format!("{peers} {median} and {p99}")
            });
            format!("{own}; {peers}.")
        }
        Lang::Zh => {
            let own = own.map_or("本人尚无已结束的日数据".to_owned(), |(median, p99, days)| {
                format!("对同样的窗口，本人{days}天的中位数为{median}，第99百分位为{p99}")
            });
            let peers =
                peers.map_or("尚无同组数据".to_owned(), |(median, p99, members)| format!("同组{members}人分别为{median}和{p99}"));
            format!("{own}；{peers}。")
        }
    }
}

/// How many of the people are told apart, where not all are.
fn apart(observed: &Observed, lang: Lang) -> String {
    if observed.counted == 0 && observed.unknown_accesses == 0 {
        return String::new();
    }
    let mut parts = Vec::new();
    let named = figure(observed.named, lang);
    parts.push(match lang {
        Lang::En => format!("{named} told apart by their ids"),
        Lang::Zh => format!("其中{named}人可按编号区分"),
    });
    if observed.counted > 0 {
        let counted = number(observed.counted);
        parts.push(match lang {
            Lang::En => format!("up to {counted} counted by accesses that name nobody"),
            Lang::Zh => format!("未指明具体人的访问共计至多{counted}人"),
        });
    }
    if observed.unknown_accesses > 0 {
        let unknown = number(observed.unknown_accesses.into());
        parts.push(match lang {
            Lang::En if observed.unknown_accesses == 1 => "1 access does not tell how many".to_owned(),
            Lang::En => format!("{unknown} accesses do not tell how many"),
            Lang::Zh => format!("{unknown}次访问未说明人数"),
        });
    }
    match lang {
        Lang::En => format!(" ({})", parts.join("; ")),
        Lang::Zh => format!("（{}）", parts.join("；")),
    }
}

/// What is usual, for a table: `12, up to 40 (60 days)`.
pub fn own_usual(expected: &Expected, lang: Lang) -> String {
    expected.own.as_ref().map_or_else(
        || Word::Nothing.say(lang).to_owned(),
        |own| {
            let (median, p99) = (number(own.median), number(own.p99));
            match lang {
                Lang::En => format!("median {median}, 99th percentile {p99} ({} days)", own.days),
                Lang::Zh => format!("中位数{median}，第99百分位{p99}（{}天）", own.days),
            }
        },
    )
}

/// The same of the peers.
pub fn peers_usual(expected: &Expected, lang: Lang) -> String {
    expected.peers.as_ref().map_or_else(
        || Word::Nothing.say(lang).to_owned(),
        |peers| {
            let (median, p99) = (number(peers.median), number(peers.p99));
            match lang {
                Lang::En => format!("median {median}, 99th percentile {p99} ({} members)", peers.members),
                Lang::Zh => format!("中位数{median}，第99百分位{p99}（{}人）", peers.members),
            }
        },
    )
}

/// A score under both readings.
pub fn score(score: &StatuteScore, lang: Lang) -> String {
    let (b, a) = (number(score.b), number(score.a));
    let (band, band_a) = (lists::band(&score.band, lang), lists::band(&score.band_a, lang));
    match lang {
        Lang::En => format!("B {b} ({band}), A {a} ({band_a})"),
        Lang::Zh => format!("B {b}（{band}），A {a}（{band_a}）"),
    }
}

/// What speaks for the person, as far as figures do: reasons that hold, counts that are bounds, days that were not seen, how the person is known.
pub fn in_favour(alert: &Alert, dossier: Option<&Dossier>, lang: Lang) -> Vec<String> {
    let mut out = Vec::new();
    for reason in alert.innocent_reasons.iter().filter(|reason| reason.holds) {
        let name = lists::reason(&reason.reason, lang).map_or_else(|| plain(&reason.reason), str::to_owned);
        out.push(match lang {
            Lang::En => format!("This reason holds: {name}."),
            Lang::Zh => format!("该理由成立：{name}。"),
        });
    }
    let untested = alert.innocent_reasons.iter().filter(|reason| !reason.tested).count();
    if untested > 0 {
        out.push(match lang {
            Lang::En => format!(
                "{untested} of {} reasons could not be tested, for lack of data: none of them is excluded.",
                alert.innocent_reasons.len()
            ),
            Lang::Zh => format!("{}项理由中有{untested}项因缺少数据无法检验：不能视为已排除。", alert.innocent_reasons.len()),
        });
    }
    if !matches!(alert.observed.persons, Persons::Exact(_)) && alert.source.is_none() {
        out.push(match lang {
            Lang::En => "The number of people is a bound, or unknown: it may be smaller.".to_owned(),
            Lang::Zh => "人数只是界限或不明：实际可能更少。".to_owned(),
        });
    }
    match alert.identity {
        Some(Identity::Claimed) => out.push(match lang {
            Lang::En => "Who it was is known only by what a login says.".to_owned(),
            Lang::Zh => "操作者身份仅凭登录账号的声明得知。".to_owned(),
        }),
        Some(Identity::Inferred) => out.push(match lang {
            Lang::En => "Who it was is known only by the login's name.".to_owned(),
            Lang::Zh => "操作者身份仅凭登录名推断。".to_owned(),
        }),
        Some(Identity::Authenticated) | None => {}
    }
    if alert.employee.is_some() {
        out.push(match lang {
            Lang::En => {
                "A login may have been used by somebody else: devices, rota and overlapping sessions are to be looked at.".to_owned()
            }
            Lang::Zh => "登录账号可能被他人使用：应核对设备、排班和重叠的会话。".to_owned(),
        });
    }
    if let Some(dossier) = dossier {
        let covered = dossier.accesses.list.iter().filter(|access| access.explained).count();
        if covered > 0 {
            let all = dossier.accesses.list.len();
            out.push(match lang {
                Lang::En => format!("A known reason covers {covered} of the {all} accesses that are listed."),
                Lang::Zh => format!("所列{all}次访问中，{covered}次有已知理由。"),
            });
        }
        let partly = dossier.days.list.iter().filter(|day| !day.reasons.is_empty()).count();
        if partly > 0 {
            out.push(match lang {
                Lang::En => format!(
                    "{partly} of the last {} days with records were not fully evaluated: what is usual may be told too low.",
                    dossier.days.list.len()
                ),
                Lang::Zh => format!("最近{}个有记录的日子中，有{partly}天未完全评估：常态可能被低估。", dossier.days.list.len()),
            });
        }
    }
    out
}

/// The days of a picture, told in a sentence.
pub fn days_told(dossier: &Dossier, lang: Lang) -> String {
    let days = &dossier.days;
    let most = days.list.iter().max_by_key(|day| (day.persons, &day.day));
    let (first, last, count) = (plain(&days.first), plain(&days.last), days.list.len());
    let usual = days.persons.own.as_ref().map(|own| (number(own.median), number(own.p99)));
    match lang {
        Lang::En => {
            let most =
                most.map_or(String::new(), |day| format!(" The most on one day: {} people, on {}.", number(day.persons), plain(&day.day)));
            let usual =
                usual.map_or(String::new(), |(median, p99)| format!(" An own day usually has {median}; 99 of 100 have {p99} at the most."));
            format!("{count} days with records from {first} to {last}.{most}{usual}")
        }
        Lang::Zh => {
            let most = most.map_or(String::new(), |day| format!("单日最多：{}，{}人。", plain(&day.day), number(day.persons)));
            let usual = usual.map_or(String::new(), |(median, p99)| format!("本人通常一天{median}人，99%的日子不超过{p99}人。"));
            format!("{first}至{last}有记录的日子共{count}天。{most}{usual}")
        }
    }
}

/// Hours and weekdays, told in a sentence.
pub fn week_told(since: &str, all: u64, off: u64, absent: u64, lang: Lang) -> String {
    let (since, all, off, absent) = (plain(since), number(all), number(off), number(absent));
    match lang {
        Lang::En => {
            format!("{all} accesses since {since}: {off} outside working time, {absent} made while absent. Each cell holds its number.")
        }
        Lang::Zh => format!("自{since}以来共{all}次访问：{off}次在工作时间以外，{absent}次在缺勤期间。每格标出次数。"),
    }
}

/// The accesses of a picture, told in a sentence.
pub fn accesses_told(dossier: &Dossier, lang: Lang) -> String {
    let accesses = &dossier.accesses;
    let (listed, evidence) = (number(accesses.list.len() as u64), number(accesses.evidence));
    let open = number(accesses.list.iter().filter(|access| !access.explained).count() as u64);
    let left_out = accesses.left_out;
    let since = accesses.since.as_deref().map(plain).unwrap_or_default();
    match lang {
        Lang::En => {
            let more = if left_out > 0 { format!(" {} more were kept and found no room.", number(left_out)) } else { String::new() };
            format!(
                "{listed} accesses are kept beside {evidence} records of evidence; {open} have no known reason. Accesses are kept since {since}.{more}"
            )
        }
        Lang::Zh => {
            let more = if left_out > 0 { format!("另有{}次因空间不足未列出。", number(left_out)) } else { String::new() };
            format!("证据共{evidence}条记录，此处保留{listed}次访问，其中{open}次无已知理由。自{since}起保留访问明细。{more}")
        }
    }
}

/// How many rows of a table are not shown.
pub fn rows_left_out(left_out: usize, lang: Lang) -> String {
    let left_out = number(left_out as u64);
    match lang {
        Lang::En => format!("{left_out} more are not listed here."),
        Lang::Zh => format!("另有{left_out}条未在此列出。"),
    }
}

/// Who looked at the same people, told in a sentence.
pub fn matrix_told(employees: usize, more_employees: u32, shared: usize, left_out: u64, days: u32, lang: Lang) -> String {
    match lang {
        Lang::En => {
            let more = if more_employees > 0 { format!(" ({more_employees} more are left out)") } else { String::new() };
            let rest =
                if left_out > 0 { format!("; {} more people were shared, and are left out", number(left_out)) } else { String::new() };
            format!(
                "{employees} employees{more}, {shared} people whom several of them looked at one by one without a known reason in {days} closed days{rest}. A dot is a look."
            )
        }
        Lang::Zh => {
            let more = if more_employees > 0 { format!("（另有{more_employees}名未列出）") } else { String::new() };
            let rest = if left_out > 0 { format!("；另有{}名被共同查看的人未列出", number(left_out)) } else { String::new() };
            format!(
                "{employees}名员工{more}，在{days}个已结束的日子里，有{shared}人被其中多人在无已知理由的情况下逐个查看{rest}。圆点表示一次查看。"
            )
        }
    }
}

/// What was not seen, told in a sentence.
pub fn calendar_told(counts: [usize; 3], lang: Lang) -> String {
    let [fully, partly, not] = counts;
    match lang {
        Lang::En => {
            format!("Days of this person: {fully} evaluated fully, {partly} partly, {not} not. Days without a mark have no records.")
        }
        Lang::Zh => format!("该人的日子：{fully}天完全评估，{partly}天部分评估，{not}天未评估。无标记的日子没有记录。"),
    }
}

/// The gauge, told in a sentence.
pub fn gauge_told(dossier: &Dossier, lang: Lang) -> String {
    let gauge = &dossier.gauge;
    let (exposure, unexplained) = (score(&gauge.exposure, lang), score(&gauge.unexplained, lang));
    let (article, serious, especially) = (plain(&gauge.article), number(gauge.on_duty.0), number(gauge.on_duty.1));
    match lang {
        Lang::En => format!(
            "Everything touched: {exposure}. Without a known reason: {unexplained}. Figures of {article}, for information obtained on duty: {serious} and {especially}."
        ),
        Lang::Zh => {
            format!("全部触及：{exposure}。无已知理由部分：{unexplained}。{article}对履职中获得的信息所列数字：{serious}和{especially}。")
        }
    }
}
