//! The report of a replay: one HTML file without script or address of anything outside, to read, print and send.
//!
//! It holds the gravest cases that were shown, what was read, how far it could be evaluated, and the set-up. Employees stand as alerts have
//! them, people never. It is a pure function of its data: the same replay gives the same bytes.

pub use super::coverage::HouseCoverage;
use super::coverage::coverage;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::page::names::{name, text, written};
use crate::page::parts::{self, case_title};
use crate::page::view::{CaseView, Look};
use crate::page::words::{Lang, Word, lists, number};
use maud::{DOCTYPE, Markup, PreEscaped, html};

/// Cases of a report, at the most.
pub const MOST_CASES: usize = 20;
/// Bytes of a report in one language, beside its frame: a case that does not fit is left out and counted.
pub const MOST_BYTES: usize = 8 * 1024 * 1024;
/// Rows of a table of accesses.
const ROWS: usize = 30;
/// Names of files, and reasons, that are listed.
const LISTED: usize = 40;

/// What a report is made of.
#[derive(Clone, Debug, Default)]
pub struct Report<'a> {
    /// Cases that were shown, the gravest first.
    pub cases: Vec<CaseView<'a>>,
    /// Cases that were not shown: beyond the budget, or not worth a look.
    pub not_shown: usize,
    /// What was read.
    pub read: WhatWasRead,
    /// How far it could be evaluated.
    pub coverage: HouseCoverage,
    /// What it was made with.
    pub set_up: SetUp,
}

/// What was read.
#[derive(Clone, Debug, Default)]
pub struct WhatWasRead {
    /// Files and topics with their formats.
    pub inputs: Vec<(String, String)>,
    /// First and last event time.
    pub times: Option<(String, String)>,
    /// Physical records.
    pub records: u64,
    /// Accesses that count.
    pub accepted: u64,
    /// Accesses that came late.
    pub late: u64,
    /// Repeats.
    pub duplicates: u64,
    /// Records passed over, by reason.
    pub ignored: Vec<(String, u64)>,
    /// Records that could not be decoded, by reason.
    pub dead: Vec<(String, u64)>,
    /// Employees and accounts.
    pub people: u64,
    /// Alerts by pattern and severity.
    pub alerts: Vec<(Typology, Severity, usize)>,
}

/// What it was made with.
#[derive(Clone, Debug, Default)]
pub struct SetUp {
    /// Version of the program.
    pub version: String,
    /// Hash of everything configured that influences results.
    pub config: String,
    /// Version of the peer baselines at the end.
    pub baseline: String,
    /// Version of the weights of cases.
    pub calibration: String,
    /// The statute file.
    pub jurisdiction: String,
    /// Cases a day that are shown, at the most.
    pub budget_per_day: u32,
    /// The share of true ones among cases alike, from which on one is shown.
    pub show_at: f64,
    /// Whether business reasons are configured.
    pub explanations: bool,
    /// Whether pseudonyms are made with the built-in public key.
    pub public_key: bool,
}

/// The report in these languages, one after the other.
pub fn report(data: &Report<'_>, langs: &[Lang]) -> String {
    let first = langs.first().copied().unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang=(first.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'";
                title { (Word::ReportTitle.say(first)) " · leakwarden" }
                style { (PreEscaped(include_str!("report.css"))) (PreEscaped(super::STYLE)) }
            }
            body {
                @if langs.len() > 1 {
                    nav.languages { @for lang in langs { a href={ "#" (lang.tag()) } { (Word::Language.say(*lang)) } " " } }
                }
                @for lang in langs { main id=(lang.tag()) lang=(lang.tag()) { (body(data, *lang)) } }
            }
        }
    }
    .into_string()
}

fn body(data: &Report<'_>, lang: Lang) -> Markup {
    let look = Look { rows: ROWS, ..Look::new(lang) };
    let mut cases: Vec<(usize, String, String)> = Vec::new();
    let mut bytes = 0;
    for (at, case) in data.cases.iter().enumerate().take(MOST_CASES) {
        let drawn = parts::case(case, &format!("{}-c{}", lang.tag(), at + 1), &look).into_string();
        if bytes + drawn.len() > MOST_BYTES {
            break;
        }
        bytes += drawn.len();
        cases.push((at + 1, case_title(case, at + 1, &look), drawn));
    }
    let left_out = data.cases.len() - cases.len();
    let id = |place: usize| format!("{}-case-{place}", lang.tag());
    html! {
        header.title {
            p.brand { "leakwarden" }
            h1 { (Word::ReportTitle.say(lang)) }
            @if let Some((from, to)) = &data.read.times { p { (name(from)) " – " (name(to)) } }
            p.lead { (summary(data, left_out, lang)) }
        }
        (parts::legend(lang))
        nav.contents aria-label=(Word::Contents.say(lang)) {
            h2 { (Word::Cases.say(lang)) }
            @if cases.is_empty() { p { (Word::NoCases.say(lang)) } }
            @else {
                table {
                    thead { tr {
                        th scope="col" { (Word::Severity.say(lang)) }
                        th.number scope="col" { (Word::CaseScore.say(lang)) }
                        th scope="col" { (Word::Case.say(lang)) }
                        th.number scope="col" { (Word::People.say(lang)) }
                        th.number scope="col" { (Word::Alerts.say(lang)) }
                    } }
                    tbody { @for ((place, title, _), case) in cases.iter().zip(&data.cases) {
                        tr {
                            td { @if let Some(first) = case.alerts.first() { (parts::severity(first.alert, lang)) } }
                            td.number { (format!("{:.1}", case.score)) }
                            td { a href={ "#" (id(*place)) } { (title) } }
                            td.number { @if let Some(first) = case.alerts.first() { (super::words::sentences::figure(first.alert.observed.persons, lang)) } }
                            td.number { (case.alerts.len()) }
                        }
                    } }
                }
            }
            @if left_out > 0 || data.not_shown > 0 { p.quiet { (omitted(left_out, data.not_shown, lang)) } }
        }
        @for ((place, title, drawn), case) in cases.iter().zip(&data.cases) {
            article.case id=(id(*place)) {
                h2 { (title) }
                p.quiet { (Word::Case.say(lang)) " " code { (written(case.id, 32)) } " · " (Word::CaseScore.say(lang)) " " (format!("{:.1}", case.score)) }
                (PreEscaped(drawn))
            }
        }
        section { h2 { (Word::Summary.say(lang)) } (what_was_read(&data.read, lang)) }
        section { h2 { (Word::NotSeen.say(lang)) } p { (Word::SilenceIsNot.say(lang)) } (coverage(&data.coverage, &format!("{}-coverage", lang.tag()), lang)) }
        section { h2 { (Word::SetUp.say(lang)) } (set_up(&data.set_up, lang)) }
    }
}

fn summary(data: &Report<'_>, left_out: usize, lang: Lang) -> String {
    let (cases, alerts) = (data.cases.len(), data.read.alerts.iter().map(|(.., count)| count).sum::<usize>());
    let (records, people) = (number(data.read.records), number(data.read.people));
    let all = cases + data.not_shown;
    let here = cases - left_out;
    match lang {
        Lang::En => {
            let of = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
            format!(
                "{records} records of {people} employees and accounts gave {} in {}. {} shown within the daily budget; {} told here.",
                of(alerts, "alert", "alerts"),
                of(all, "case", "cases"),
                of(cases, "of these was", "of these were"),
                of(here, "is", "are"),
            )
        }
        Lang::Zh => format!(
            "{people}名员工和账号的{records}条记录产生{alerts}个警报，归入{all}个案件；其中{cases}个在每日限额内展示，本报告列出{here}个。"
        ),
    }
}

fn omitted(left_out: usize, not_shown: usize, lang: Lang) -> String {
    let mebibytes = MOST_BYTES >> 20;
    let parts: Vec<String> = match lang {
        Lang::En => [
            (left_out > 0).then(|| format!("{left_out} cases that were shown (a report holds {MOST_CASES} and {mebibytes} MiB)")),
            (not_shown > 0).then(|| format!("{not_shown} that were beyond the budget or not worth a look")),
        ],
        Lang::Zh => [
            (left_out > 0).then(|| format!("{left_out}个已展示的案件（每份报告最多{MOST_CASES}个、{mebibytes} MiB）")),
            (not_shown > 0).then(|| format!("{not_shown}个超出限额或不值得查看的案件")),
        ],
    }
    .into_iter()
    .flatten()
    .collect();
    match lang {
        Lang::En => format!("{}: {}. All alerts are in the file of --alerts.", Word::LeftOut.say(lang), parts.join(", and ")),
        Lang::Zh => format!("{}：{}。全部警报见 --alerts 文件。", Word::LeftOut.say(lang), parts.join("，以及")),
    }
}

fn what_was_read(read: &WhatWasRead, lang: Lang) -> Markup {
    let word = |en: &'static str, zh: &'static str| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    let counts = [
        (word("records", "记录"), read.records),
        (word("accesses that count", "计入的访问"), read.accepted),
        (word("accesses that came late", "迟到的访问"), read.late),
        (word("repeats", "重复"), read.duplicates),
        (word("passed over on purpose", "按规则略过"), read.ignored.iter().map(|(_, count)| count).sum()),
        (word("could not be decoded", "无法解析"), read.dead.iter().map(|(_, count)| count).sum()),
        (word("employees and accounts", "员工和账号"), read.people),
    ];
    html! {
        table { tbody { @for (what, count) in counts { tr { th scope="row" { (what) } td.number { (number(count)) } } } } }
        @for (title, list) in [(word("Passed over, by reason", "略过的原因"), &read.ignored), (word("Not decoded, by reason", "无法解析的原因"), &read.dead)] {
            @if !list.is_empty() {
                table { caption { (title) } tbody { @for (reason, count) in list.iter().take(LISTED) { tr { th scope="row" { (text(&written(reason, 200))) } td.number { (number(*count)) } } } } }
            }
        }
        @if !read.alerts.is_empty() {
            table {
                caption { (word("Alerts by pattern and severity", "按类型和级别统计的警报")) }
                tbody { @for (typology, severity, count) in &read.alerts {
                    tr { th scope="row" { (lists::typology(*typology, lang)) " " small { code { (typology.name()) } } } td { (lists::severity(*severity, lang)) } td.number { (count) } }
                } }
            }
        }
        table {
            caption { (word("Inputs and their formats", "输入及其格式")) }
            tbody { @for (input, format) in read.inputs.iter().take(LISTED) { tr { th scope="row" { (name(input)) } td { (name(format)) } } } }
        }
        @if read.inputs.len() > LISTED { p.quiet { (super::words::sentences::rows_left_out(read.inputs.len() - LISTED, lang)) } }
    }
}

fn set_up(of: &SetUp, lang: Lang) -> Markup {
    let word = |en: &'static str, zh: &'static str| match lang {
        Lang::En => en,
        Lang::Zh => zh,
    };
    html! {
        dl.facts {
            div { dt { (Word::Version.say(lang)) } dd { "leakwarden " (name(&of.version)) } }
            div { dt { (Word::Config.say(lang)) } dd { code { (written(&of.config, 64)) } } }
            div { dt { (Word::Baseline.say(lang)) } dd { code { (written(&of.baseline, 64)) } } }
            div { dt { (Word::Calibration.say(lang)) } dd { code { (written(&of.calibration, 64)) } } }
            div { dt { (word("statute file", "法规文件")) } dd { (name(&of.jurisdiction)) } }
            div { dt { (word("cases shown a day, at the most", "每日最多展示案件数")) } dd { (of.budget_per_day) } }
            div { dt { (word("shown from this expected share of true ones on", "展示所需的预期真实比例")) } dd { (format!("{:.0} %", of.show_at * 100.0)) } }
        }
        @if !of.explanations { p { (word("No business reasons are configured: none could be checked, and everything counts as without a known reason.", "未配置业务理由：无法核对，全部计为无已知理由。")) } }
        @if of.public_key { p { (word("Pseudonyms were made with the built-in public key, which protects nobody.", "假名使用内置公开密钥生成，不提供保护。")) } }
        p { (word(
            "Made by `leakwarden replay --report` from the inputs above. The same inputs and the same set-up give the same report, byte for byte; it holds no script and asks for nothing from outside.",
            "由 `leakwarden replay --report` 根据上述输入生成。相同的输入和配置会得到逐字节相同的报告；本文件不含脚本，也不请求任何外部资源。"
        )) }
    }
}
