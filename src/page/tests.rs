//! What holds of every report, whatever logs say: it is well-formed, acts on nobody, asks for nothing, names no people, and says nothing
//! that no figure can show.

use super::report::{MOST_BYTES, MOST_CASES, Report, report};
use super::samples::{self, HOSTILE};
use super::{AlertView, CaseView, Lang, Look};
use crate::model::alert::Alert;
use crate::model::dossier::Dossier;
use crate::model::typology::Typology;
use quick_xml::events::Event;
use std::collections::{BTreeMap, BTreeSet};

fn page(name: &str, alerts: &[(Alert, Option<Dossier>)], langs: &[Lang]) -> String {
    let views: Vec<AlertView<'_>> = alerts.iter().map(|(alert, dossier)| AlertView { alert, dossier: dossier.as_ref() }).collect();
    let (read, coverage, set_up) = samples::frame(name);
    let cases = views.iter().map(|view| CaseView { id: &view.alert.case, score: 93.1, alerts: vec![*view] }).collect();
    report(&Report { cases, not_shown: 4, read, coverage, set_up }, langs)
}

fn one(name: &str, langs: &[Lang]) -> String {
    page(name, &[(samples::alert(Typology::BulkExtract, name), Some(samples::dossier(name)))], langs)
}

/// Every element of a document, with its attributes; panics where it is not well-formed. Void elements are closed first.
fn elements(html: &str) -> Vec<(String, BTreeMap<String, String>)> {
    let close = |part: &str| if part.contains("<meta ") { part.replace('>', "/>") } else { part.to_owned() };
    let closed: String = html.split_inclusive('>').map(close).collect();
    let mut reader = quick_xml::Reader::from_str(&closed);
    let (mut out, mut open) = (Vec::new(), 0);
    loop {
        let event = reader.read_event().expect("is well-formed");
        open = match &event {
            Event::Start(_) => open + 1,
            Event::End(_) => open - 1,
            Event::Eof => break,
            _ => open,
        };
        if let Event::Start(tag) | Event::Empty(tag) = event {
            let attributes = tag.attributes().map(|attribute| attribute.expect("is quoted, and there once"));
            let attributes = attributes.map(|attribute| (attribute.key.as_ref().to_owned(), attribute.value.into_owned()));
            out.push((tag.name().as_ref().to_owned(), attributes.collect()));
        }
    }
    assert_eq!(open, 0, "every element is closed");
    out
}

#[test]
fn a_report_is_well_formed_and_acts_on_nobody_whatever_logs_say() {
    for name in ["E1003", HOSTILE, "", "\u{ffff}\u{fdd0}\u{200b}", &"长".repeat(5_000), "../../etc/passwd", "{{7*7}}", "=1+1"] {
        let html = one(name, &Lang::ALL);
        let elements = elements(&html);
        let tags: BTreeSet<&str> = elements.iter().map(|(tag, _)| tag.as_str()).collect();
        for forbidden in [
            "script",
            "iframe",
            "object",
            "embed",
            "link",
            "img",
            "image",
            "use",
            "foreignObject",
            "form",
            "input",
            "audio",
            "video",
            "base",
        ] {
            assert!(!tags.contains(forbidden), "{forbidden} in a report with {name:?}");
        }
        let mut ids = BTreeSet::new();
        for (tag, attributes) in &elements {
            for (key, value) in attributes {
                assert!(!key.starts_with("on") && key != "src" && key != "style" && key != "xlink:href", "{tag} {key}={value}");
                assert!(key != "href" || value.starts_with('#'), "an address of something outside: {value}");
                assert!(key != "id" || ids.insert(value.clone()), "{value} is there twice");
            }
        }
        for (tag, attributes) in &elements {
            let refers = ["aria-labelledby", "href"].into_iter().filter_map(|key| attributes.get(key));
            for id in refers.flat_map(|ids| ids.split(' ')).map(|id| id.trim_start_matches('#')) {
                assert!(ids.contains(id), "{tag} refers to {id}, which is not there");
            }
        }
        let visible = html.replace("<!DOCTYPE html>", "");
        assert!(!visible.contains(['\u{202e}', '\u{1b}', '\0', '\u{200b}', '\u{ffff}']), "what does not show is written out");
        assert!(
            !visible.contains("http://") && !visible.contains("https://") || name == HOSTILE && !visible.contains("\"http"),
            "no address"
        );
    }
}

#[test]
fn every_picture_has_title_description_and_a_table() {
    let html = one("E1003", &[Lang::En]);
    let figures = html.matches("<figure class=\"picture\">").count();
    assert_eq!(figures, 7, "days, week, timeline, gauge, matrix, calendar, and the house");
    assert_eq!(html.matches("role=\"img\"").count(), figures);
    assert_eq!(html.matches("<details><summary>as table").count(), figures);
    for title in [
        "Own days against the usual",
        "Hours and weekdays",
        "Accesses of the episode",
        "Statutory counter",
        "Who looked at the same people",
        "What was not seen",
    ] {
        assert!(html.contains("<title id=") && html.contains(&format!(">{title}</title>")), "{title}");
    }
    for figure in ["7,991", "2,007", "7,997", "2,500", "25,000", "29", "18:41:10", "Asia/Shanghai"] {
        assert!(html.contains(figure), "{figure} is told");
    }
}

/// What no figure of a log can show, in both languages.
const NEVER: &[&str] = &[
    "guilt",
    "guilty",
    "intent",
    "intend",
    "sold",
    "sale",
    "selling",
    "sell ",
    "seller",
    "buyer",
    "profit",
    "crime",
    "criminal",
    "culprit",
    "suspect",
    "offender",
    "thief",
    "steal",
    "stole",
    "fraud",
    "all clear",
    "innocent person",
    "罪犯",
    "犯罪",
    "有罪",
    "故意",
    "蓄意",
    "出售",
    "贩卖",
    "倒卖",
    "买卖",
    "买家",
    "牟利",
    "获利",
    "嫌疑",
    "嫌犯",
    "盗取",
    "窃取",
    "清白",
];

#[test]
fn nothing_is_claimed_that_no_figure_shows() {
    for typology in Typology::ALL {
        let html = page("E1003", &[(samples::alert(*typology, "E1003"), Some(samples::dossier("E1003")))], &Lang::ALL).to_lowercase();
        for word in NEVER {
            assert!(!html.contains(word), "{word:?} in a report about {typology}");
        }
    }
    let texts = Lang::ALL.map(|lang| super::words::Word::ALL.iter().map(|word| word.say(lang).to_lowercase()).collect::<String>()).concat();
    assert!(NEVER.iter().all(|word| !texts.contains(word)));
}

#[test]
fn people_are_named_in_no_report_and_employees_as_the_reader_may_see_them() {
    assert!(!one("E1003", &Lang::ALL).contains("c0ffee"), "no pseudonym of a person");
    let (alert, dossier) = (samples::alert(Typology::BulkExtract, "E1003"), samples::dossier("E1003"));
    let view = AlertView { alert: &alert, dossier: Some(&dossier) };
    let look = Look { name_of: &|_| "employee 7".to_owned(), subjects: true, original: false, ..Look::new(Lang::En) };
    let shown = super::alert(view, "a", &look).into_string();
    assert!(shown.contains("c0ffee") && shown.contains("employee 7"));
    let named = shown.replace("Reason", "");
    assert!(!named.contains(">E1<") && !named.contains(">E2<"), "members of the group are masked as well");
}

#[test]
fn what_does_not_fit_is_left_out_and_counted() {
    let alerts: Vec<(Alert, Option<Dossier>)> =
        (0..MOST_CASES + 7).map(|at| (Alert { case: format!("c{at}"), ..samples::alert(Typology::BulkExtract, "E1003") }, None)).collect();
    let html = page("E1003", &alerts, &[Lang::En]);
    assert_eq!(html.matches("<article class=\"case\"").count(), MOST_CASES);
    assert!(html.contains("7 cases that were shown") && html.contains(", and 4 that were beyond the budget"));
    assert!(html.len() < MOST_BYTES);
}

#[test]
fn nothing_shown_is_no_finding_of_innocence_and_has_no_empty_pictures() {
    let html = page("E1003", &[], &[Lang::En]);
    elements(&html);
    assert!(html.contains("No case was shown. That is no finding of innocence"));
    let empty = Dossier {
        days: Default::default(),
        week: Default::default(),
        accesses: Default::default(),
        group: None,
        ..samples::dossier("E1003")
    };
    let html = page(
        "E1003",
        &[(samples::alert(Typology::LogGap, "E1003"), Some(empty)), (samples::alert(Typology::Canary, "E1003"), None)],
        &Lang::ALL,
    );
    elements(&html);
    for told in ["No days are kept yet", "Hours are not kept yet", "No accesses are kept here", "No dossier was made"] {
        assert!(html.contains(told), "{told}");
    }
    assert_eq!(html.matches("<svg role=\"img\"").count(), 2 * 2, "the gauge and the house, in each language");
}

#[test]
fn figures_at_the_ends_of_their_range_draw() {
    let mut dossier = samples::dossier("E1003");
    dossier.days.list.iter_mut().for_each(|day| (day.persons, day.unexplained) = (u64::MAX, u64::MAX));
    dossier.accesses.list[0].at = i64::MIN;
    dossier.accesses.list[1].at = i64::MAX;
    dossier.gauge.exposure.a = u64::MAX;
    dossier.week.accesses[0] = u32::MAX;
    let html = page("E1003", &[(samples::alert(Typology::BulkExtract, "E1003"), Some(dossier))], &[Lang::En]);
    elements(&html);
    assert!(!html.contains("NaN") && !html.contains("\"inf"));
}

/// The colours of a scheme: those of the report's frame and of the parts, by their names.
fn colours(scheme: usize) -> BTreeMap<String, String> {
    let frame = include_str!("report.css");
    let rules = [frame, super::STYLE].into_iter().flat_map(|style| style.split(":root {").skip(1 + scheme).take(1));
    let entries = rules.flat_map(|rule| rule.split('}').next().unwrap_or_default().split(';'));
    entries
        .filter_map(|entry| entry.trim().strip_prefix("--")?.split_once(':'))
        .map(|(name, is)| (name.to_owned(), is.trim().to_owned()))
        .collect()
}

/// Relative luminance (WCAG 2.2).
fn luminance(colour: &str) -> f64 {
    let digits: Vec<u32> = colour.trim_start_matches('#').chars().map(|c| c.to_digit(16).expect("a colour")).collect();
    let parts: Vec<u32> =
        if digits.len() == 3 { digits.iter().map(|d| d * 17).collect() } else { digits.chunks(2).map(|d| d[0] * 16 + d[1]).collect() };
    let linear = |part: u32| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    0.2126 * linear(parts[0]) + 0.7152 * linear(parts[1]) + 0.0722 * linear(parts[2])
}

#[test]
fn colours_have_the_contrast_of_wcag_in_light_and_dark() {
    let text = [
        ("ink", "paper"),
        ("ink", "soft"),
        ("link", "paper"),
        ("critical", "paper"),
        ("high", "paper"),
        ("medium", "paper"),
        ("low", "paper"),
        ("ink", "band0"),
        ("ink", "band1"),
        ("ink", "band2"),
        ("on-light", "cell1"),
        ("on-light", "cell2"),
        ("on-dark", "cell3"),
        ("on-dark", "cell4"),
    ];
    let marks = [
        ("people", "paper"),
        ("open", "people"),
        ("open", "paper"),
        ("own", "own-band"),
        ("own", "paper"),
        ("peers", "paper"),
        ("frame", "paper"),
        ("open", "band0"),
        ("open", "band1"),
        ("open", "band2"),
    ];
    for scheme in 0..2 {
        let colours = colours(scheme);
        for ((a, b), least) in text.into_iter().map(|pair| (pair, 4.5)).chain(marks.into_iter().map(|pair| (pair, 3.0))) {
            let (one, other) = (luminance(&colours[a]), luminance(&colours[b]));
            let contrast = (one.max(other) + 0.05) / (one.min(other) + 0.05);
            assert!(contrast >= least, "{a} on {b} in scheme {scheme}: {contrast:.2}");
        }
    }
}
