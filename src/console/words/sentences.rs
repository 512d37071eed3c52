//! Sentences made from figures.

use super::of;
use crate::model::alert::Alert;
use crate::model::decision::VerdictOutcome;
use crate::model::severity::Severity;
use crate::page::Lang;
use crate::page::words::{lists, number, sentences};

/// A count that stops at a bound.
pub fn bounded(count: i64, bound: i64, lang: Lang) -> String {
    if count >= bound { of(lang, (format!("{bound} or more"), format!("{bound}或更多"))) } else { count.to_string() }
}

/// The budget line's first part.
pub fn budget(per_day: u32, used: &str, lang: Lang) -> String {
    of(
        lang,
        (
            format!("Budget {per_day} a day: {used} shown today within your reach"),
            format!("每日限额{per_day}个：您可查看的范围内今日已展示{used}个"),
        ),
    )
}

/// How many cases wait beyond the budget.
pub fn beyond(count: &str, lang: Lang) -> String {
    of(lang, (format!("{count} wait beyond it"), format!("限额之外{count}个")))
}

/// How many verdicts wait for a second person.
pub fn for_second(count: &str, lang: Lang) -> String {
    of(lang, (format!("{count} wait for a second person"), format!("{count}个待第二人")))
}

/// How many alerts have not settled.
pub fn unsettled(count: i64, lang: Lang) -> String {
    of(lang, (format!("{count} alerts have not settled yet, and are not decided on"), format!("{count}个警报尚未结算，暂不作结论")))
}

/// Revisions came with another content.
pub fn alarms(count: &str, lang: Lang) -> String {
    of(
        lang,
        (
            format!("{count} revisions came with another content than the one that is kept: see the operator's page on the console."),
            format!("{count}个修订版的内容与已保存的不一致：请查看运维手册中关于控制台的说明。"),
        ),
    )
}

/// How many match a filter.
pub fn matching(count: &str, lang: Lang) -> String {
    of(lang, (format!("{count} that match."), format!("符合条件的共{count}个。")))
}

/// And so many more.
pub fn and_more(count: usize, lang: Lang) -> String {
    of(lang, (format!(" and {count} more"), format!("等，另{count}个")))
}

/// An alert in a few words: people with their certainty, the window, what is usual.
pub fn short(alert: &Alert, lang: Lang) -> String {
    let window = lists::window(&alert.window, lang);
    if alert.source.is_some() {
        let records = number(alert.observed.records);
        let usual = alert.expected.own.as_ref().map(|own| number(own.median));
        return match (lang, usual) {
            (Lang::En, Some(usual)) => format!("{records} records in {window}; usually {usual}"),
            (Lang::En, None) => format!("{records} records in {window}"),
            (Lang::Zh, Some(usual)) => format!("{window}内{records}条记录；通常{usual}"),
            (Lang::Zh, None) => format!("{window}内{records}条记录"),
        };
    }
    let people = sentences::persons(alert.observed.persons, lang);
    let own = alert.expected.own.as_ref().map(|own| number(own.median));
    let peers = alert.expected.peers.as_ref().map(|peers| number(peers.median));
    match (lang, own, peers) {
        (Lang::En, Some(own), _) => format!("{people} in {window}; usually {own}"),
        (Lang::En, None, Some(peers)) => format!("{people} in {window}; peers usually {peers}"),
        (Lang::En, None, None) => format!("{people} in {window}; what is usual is not known yet"),
        (Lang::Zh, Some(own), _) => format!("{window}内{people}；通常{own}人"),
        (Lang::Zh, None, Some(peers)) => format!("{window}内{people}；同组通常{peers}人"),
        (Lang::Zh, None, None) => format!("{window}内{people}；常态尚不清楚"),
    }
}

/// Whether a verdict needs a second person, in brackets.
pub fn second(outcome: VerdictOutcome, severity: Severity, lang: Lang) -> &'static str {
    let needed = of(lang, (" (needs a second person)", "（需要第二人）"));
    match outcome {
        VerdictOutcome::Confirmed => needed,
        VerdictOutcome::Innocent if severity == Severity::Critical => needed,
        VerdictOutcome::Innocent | VerdictOutcome::Unclear => "",
    }
}

/// What a verdict cites.
pub fn cites(alerts: usize, lang: Lang) -> String {
    of(
        lang,
        (
            format!("It cites {alerts} alert(s) at the revisions shown above; if a newer one settles meanwhile, it is not taken."),
            format!("结论引用上列{alerts}个警报的修订版；若其间有更新的修订版生效，结论将不被接受。"),
        ),
    )
}

/// Somebody has changed it.
pub fn changed(now: i64, lang: Lang) -> String {
    of(
        lang,
        (
            format!("Somebody has changed it since you opened it (version {now} now). Go back, and open it again."),
            format!("您打开之后已有他人更改（现为第{now}版）。请返回并重新打开。"),
        ),
    )
}

/// Somebody has changed it, and the page shows how it stands.
pub fn changed_here(now: i64, lang: Lang) -> String {
    of(
        lang,
        (
            format!("Somebody has changed it since you opened it: nothing was done. This page shows how it stands now (version {now})."),
            format!("您打开之后已有他人更改，未作任何处理。本页显示的是当前内容（第{now}版）。"),
        ),
    )
}

/// The chain of views is broken.
pub fn broken(number: i64, lang: Lang) -> String {
    of(
        lang,
        (
            format!("The chain is broken at record {number}: it was changed, or one before it is missing."),
            format!("记录链在第{number}条断开：该记录被改动，或之前有记录缺失。"),
        ),
    )
}

/// What a silence would have hidden.
pub fn preview(days: i64, hidden: u64, by_severity: [u64; 4], is_cut: bool, lang: Lang) -> String {
    let counts = Severity::ALL.map(|severity| format!("{} {}", lists::severity(severity, lang), by_severity[severity as usize]));
    let counts = lang.join(&counts);
    let cut = if is_cut { of(lang, (" Only the newest were looked at.", "仅统计了最新的部分。")) } else { "" };
    of(
        lang,
        (
            format!(
                "Of the last {days} days it would have hidden {hidden} alerts ({counts}); the critical ones would be shown all the same.{cut}"
            ),
            format!("最近{days}天内会隐藏{hidden}个警报（{counts}）；其中严重的仍会展示。{cut}"),
        ),
    )
}

/// A share with its interval, in percent.
pub fn share(share: f64, (low, high): (f64, f64), lang: Lang) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    of(
        lang,
        (
            format!("{} % ({} to {} %)", percent(share), percent(low), percent(high)),
            format!("{}%（{}–{}%）", percent(share), percent(low), percent(high)),
        ),
    )
}

/// When something was last written down; the time follows.
pub fn taken(lang: Lang) -> &'static str {
    of(lang, ("Written down by the service:", "服务写入时间："))
}

/// So many entries of the engine.
pub fn of_engine(count: usize, lang: Lang) -> String {
    of(lang, (format!("{count} entries of the engine"), format!("系统记录{count}条")))
}

/// So many entries before those that are listed.
pub fn earlier(count: usize, lang: Lang) -> String {
    of(lang, (format!("{count} earlier entries are in the database and not listed here."), format!("此前另有{count}条记录，未在此列出。")))
}

/// How many pseudonyms can be asked for at once.
pub fn at_most(most: usize, lang: Lang) -> String {
    of(lang, (format!("Choose at most {most}, and no more than are needed."), format!("最多选择{most}个，且以必要为限。")))
}

/// How many cited accesses name somebody.
pub fn accesses(count: u64, lang: Lang) -> String {
    of(lang, (format!("{count} access(es)"), format!("{count}次访问")))
}

/// How many of the cited lines are still at the source.
pub fn places(there: u64, cited: u64, lang: Lang) -> String {
    of(
        lang,
        (
            format!("{there} of the {cited} lines that the alerts cite are still in the source's files."),
            format!("警报引用的{cited}行中，有{there}行仍在来源文件中。"),
        ),
    )
}
