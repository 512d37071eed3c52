//! `leakwarden check`: what it says of valid files, and how it tells every mistake of all files at once.

use std::path::Path;
use std::process::{Command, Output};

/// A directory of files to check.
struct Files(tempfile::TempDir);

impl Files {
    fn new(files: &[(&str, &str)]) -> Files {
        let dir = tempfile::tempdir().expect("a directory");
        let all = Files(dir);
        for (name, text) in [("catalog.toml", "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\n")]
            .iter()
            .chain(files)
        {
            std::fs::write(all.path().join(name), text).expect("written");
        }
        all
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn check(&self) -> Checked {
        self.run(&["check", "--config", "c.toml"])
    }

    fn run(&self, arguments: &[&str]) -> Checked {
        let out = Command::new(env!("CARGO_BIN_EXE_leakwarden")).args(arguments).current_dir(self.path()).output();
        Checked(out.expect("it runs"))
    }
}

struct Checked(Output);

impl Checked {
    fn code(&self) -> Option<i32> {
        self.0.status.code()
    }
    fn out(&self) -> String {
        String::from_utf8(self.0.stdout.clone()).expect("is UTF-8")
    }
    fn errors(&self) -> String {
        String::from_utf8(self.0.stderr.clone()).expect("is UTF-8")
    }
    fn says(&self, text: &str) {
        assert!(self.out().contains(text), "not said: {text}\n{}{}", self.out(), self.errors());
    }
}

const CATALOG: &str = "[catalog]\nfile = \"catalog.toml\"\n";

#[test]
fn a_prefix_that_a_client_can_forge_is_refused_with_a_safe_one() {
    let config = |prefix: &str| format!("{CATALOG}[format.own]\nkind = \"postgresql-stderr\"\nlog_line_prefix = \"{prefix}\"\n");
    let checked = Files::new(&[("c.toml", &config("%m [%p] %q%u@%d app=%a "))]).check();
    let errors = checked.errors();
    assert_eq!(checked.code(), Some(2), "{errors}");
    assert!(errors.contains("format.own.log_line_prefix must not have %a") && errors.contains("\"%m [%p] %q%u@%d \""), "{errors}");
    assert_eq!(Files::new(&[("c.toml", &config("%m [%p] %q%u@%d "))]).check().code(), Some(0));
}

#[test]
fn logins_whose_persons_nobody_knows_are_named() {
    let line = |account: &str, n: u32| {
        format!(
            "{{\"time\":\"2026-03-02T09:00:{n:02}Z\",\"account\":\"{account}\",\"objects\":[{{\"table\":\"crm.customers\"}}],\"rows\":1}}\n"
        )
    };
    let log = line("li", 1) + &line("stranger", 2) + &line("stranger", 3) + &line("LI", 4) + &line("E2", 5);
    let files = Files::new(&[
        ("c.toml", &format!("{CATALOG}[directory]\nemployees = \"e.csv\"\naccounts = \"a.csv\"\n")),
        ("e.csv", "employee\nE1\nE2\n"),
        ("a.csv", "account,employee\nli,E1\n"),
        ("log.jsonl", &log),
    ]);
    let checked = files.run(&["check", "--config", "c.toml", "--log", "log.jsonl"]);
    assert_eq!(checked.code(), Some(0), "{}", checked.errors());
    checked.says("logins that accounts.csv does not list, so that nobody knows whose they are: 2");
    checked.says("2 × stranger");
    checked.says("log.jsonl has 2 logins that accounts.csv does not list");
    let replayed = files.run(&["replay", "--config", "c.toml", "log.jsonl"]);
    assert!(replayed.errors().contains("nobody knows whose they are: 2\n  E2\n  stranger\n"), "{}", replayed.errors());
}

#[test]
fn a_catalog_alone_is_valid_and_what_cannot_work_is_said() {
    let checked = Files::new(&[("c.toml", CATALOG)]).check();
    assert_eq!((checked.code(), checked.errors().as_str()), (Some(0), ""));
    checked.says("1 table: 1 with one row a person, 0 of details (many rows a person), 0 without a person");
    checked.says("an account in a log is taken as the employee of that name");
    checked.says("ghost_leaver: on, from 1 ");
    checked.says("cannot work without hired or left dates in employees.csv, or absences.csv");
    checked.says("cannot work without employees.csv: nobody's working time is known");
    checked.says("cannot work without subjects tagged canary in subjects.csv");
    checked.says("`run` refuses to start");
    checked.says("everything counts as unexplained");
    assert!(checked.out().starts_with("c.toml is valid, with "), "{}", checked.out());
}

#[test]
fn the_same_files_give_the_same_report() {
    let files = Files::new(&[("c.toml", CATALOG)]);
    assert_eq!(files.check().out(), files.check().out());
}

#[test]
fn every_mistake_of_all_files_is_told_with_place_rule_and_value() {
    let config = format!(
        "{CATALOG}[directory]\nemployees = \"employees.csv\"\naccounts = \"accounts.csv\"\nexplanations = \"e.jsonl\"\ncalendar = \"gone.csv\"\n\
         [time]\nlateness = \"soon\"\n[detectors.bulk_extract]\nfloor = -3\n[alerts]\ncolour = \"red\"\n"
    );
    let checked = Files::new(&[
        ("c.toml", &config),
        ("employees.csv", "employee,hired\nE1,2026-13-01\n"),
        ("accounts.csv", "account,shared\na,perhaps\n"),
        ("e.jsonl", "{\"employee\":\"E1\",\"from\":\"now\",\"reason\":\"ticket\"}\n"),
    ])
    .check();
    assert_eq!((checked.code(), checked.out().as_str()), (Some(2), ""));
    let errors = checked.errors();
    for expected in [
        "c.toml: time.lateness must be",
        "c.toml: detectors.bulk_extract.floor must be > 0, got -3",
        "c.toml: alerts.colour is not a known setting",
        "employees.csv:2: hired must be a date YYYY-MM-DD, got 2026-13-01",
        "accounts.csv:2: shared must be true or false, got perhaps",
        "gone.csv must be readable",
        "e.jsonl:1: from must be RFC 3339 or epoch milliseconds, got \"now\"",
        "7 mistakes found; nothing was done",
    ] {
        assert!(errors.contains(expected), "not told: {expected}\n{errors}");
    }
}

#[test]
fn what_only_shows_across_files_is_a_warning() {
    let config = format!(
        "{CATALOG}[directory]\nemployees = \"employees.csv\"\naccounts = \"accounts.csv\"\nsubjects = \"subjects.csv\"\nexplanations = \"e.jsonl\"\n\
         [[source]]\nname = \"a\"\npath = \"none/*.json\"\n"
    );
    let accounts: String = (0..8).map(|n| format!("a{n},E99{n}\n")).collect();
    let checked = Files::new(&[
        ("c.toml", &config),
        ("catalog.toml", "[[table]]\ntable = \"*\"\nsubject = \"id\"\n[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n"),
        ("employees.csv", "employee,unit\nE1,Hangzhou\n"),
        ("accounts.csv", &format!("account,employee\nx,E1\n{accounts}")),
        ("subjects.csv", "subject,owner\n1,Hangzhou\n2,E1\n3,Atlantis\n"),
        ("e.jsonl", "{\"unit\":\"Atlantis\",\"from\":1772442845000,\"reason\":\"ticket\"}\n{\"unit\":\"Hangzhou\",\"from\":1772442845000,\"reason\":\"ticket\"}\n"),
    ])
    .check();
    assert_eq!(checked.code(), Some(0), "{}", checked.errors());
    checked.says("catalog.toml: table[1] \"crm.customers\" is never reached: table[0] \"*\" takes all");
    checked.says("accounts.csv:3: employee is not in employees.csv: what this account does has no unit, role or working time, got E990");
    checked.says("accounts.csv: 3 more like the last");
    checked.says("subjects.csv:4: owner is neither a unit nor an employee of employees.csv, got Atlantis");
    checked.says("e.jsonl:1: unit is the unit of nobody in employees.csv: the reason covers nobody, got Atlantis");
    checked.says("c.toml: source[0].path matches no file now");
    assert!(!checked.out().contains("e.jsonl:2"), "{}", checked.out());
}

#[test]
fn two_that_share_a_name_or_a_file_are_mistakes() {
    let source = "[[source]]\nname = \"a\"\npath = \"x\"\n";
    let sink = "[[sink]]\nkind = \"jsonl\"\npath = \"out.jsonl\"\n";
    let checked = Files::new(&[("c.toml", &format!("{CATALOG}{source}{source}{sink}{sink}"))]).check();
    assert_eq!(checked.code(), Some(2));
    let errors = checked.errors();
    assert!(
        errors.contains("source[1].name must differ") && errors.contains("sink[1].path must not be the file of sink[0].path"),
        "{errors}"
    );
}

#[test]
fn no_secret_is_shown_and_a_setting_that_kafka_refuses_is_named() {
    let kafka = |extra: &str| {
        let client = format!("[source.client]\n\"sasl.password\" = \"hunter2\"\n{extra}");
        format!(
            "{CATALOG}[subjects]\nkey_file = \"key\"\n[[source]]\nname = \"k\"\nkind = \"kafka\"\nbrokers = \"b:9092\"\ntopics = [\"db.access\"]\n{client}"
        )
    };
    let key = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
    let checked = Files::new(&[("c.toml", &kafka("")), ("key", key)]).check();
    assert_eq!(checked.code(), Some(0), "{}", checked.errors());
    checked.says("k: Kafka db.access at b:9092 with 1 client setting");
    checked.says("pseudonyms by the secret in key");
    checked.says("chmod 600");
    assert!(!checked.out().contains("hunter2") && !checked.out().contains(key), "{}", checked.out());
    let checked = Files::new(&[("c.toml", &kafka("\"fetch.wait.maximum\" = \"5\"\n")), ("key", "short")]).check();
    assert_eq!(checked.code(), Some(2));
    let errors = checked.errors();
    assert!(errors.contains("c.toml: source[0] client.fetch.wait.maximum") && errors.contains("at least 32 bytes"), "{errors}");
    assert!(!errors.contains("hunter2") && !errors.contains("got short"), "{errors}");
}

/// Every detector stands in the report, with what it needs and has or has not.
#[test]
fn a_detector_without_its_data_says_so_instead_of_being_silent() {
    let bare = Files::new(&[("c.toml", CATALOG)]).check();
    for detector in leakwarden::detect::DETECTORS {
        bare.says(&format!("{}: on, from {} {}", detector.typology, detector.floor, detector.floor_counts));
    }
    let missing = [
        ("ghost_leaver", "hired or left dates in employees.csv, or absences.csv"),
        ("off_duty", "employees.csv: nobody's working time is known"),
        ("canary", "subjects tagged canary in subjects.csv"),
        ("celebrity", "subjects tagged vip or employee in subjects.csv"),
        ("out_of_territory", "owners in subjects.csv: whose territory a subject is"),
        ("fabricated_business", "explanations: no purpose can be checked, and everything counts as unexplained"),
        ("lookup_to_order", "explanations: no purpose can be checked, and everything counts as unexplained"),
        ("vendor_cohort", "employers in employees.csv: who works for whom outside"),
        ("role_without_need", "roles in employees.csv: who the peers are"),
        ("splitting_collusion", "units in employees.csv: who works together"),
    ];
    for (detector, what) in missing {
        bare.says(&format!("detectors.{detector} cannot work without {what}"));
    }
    let config = format!(
        "{CATALOG}[directory]\nemployees = \"employees.csv\"\nabsences = \"absences.csv\"\nsubjects = \"subjects.csv\"\nexplanations = \"e.jsonl\"\n"
    );
    let full = Files::new(&[
        ("c.toml", &config),
        ("employees.csv", "employee,unit,role,employer,hired,shift_start,shift_end\nE1,U,teller,Vendor,2020-01-01,09:00,18:00\n"),
        ("absences.csv", "employee,from,to,kind\nE1,2026-03-02,2026-03-03,leave\n"),
        ("subjects.csv", "subject,tag,owner\n1,vip,U\n2,canary,\n"),
        ("e.jsonl", "{\"unit\":\"U\",\"from\":1772442845000,\"reason\":\"ticket\"}\n"),
    ])
    .check();
    assert!(!full.out().contains("cannot work without"), "{}", full.out());
    for text in ["judges 1 by dates of employment and 1 by absences", "watches 1 planted record", "compares 1 agent of outside employers"] {
        full.says(text);
    }
    // What only the log can have is named with where to see it.
    for text in
        ["needs ids of people in the log", "needs statement texts in the log", "needs addresses or host names of clients in the log"]
    {
        full.says(text);
    }
}

#[test]
fn a_former_name_of_a_setting_is_a_warning_with_the_new_one() {
    let config = format!("{CATALOG}[time]\nskew = \"1m\"\n[state]\nmost_employees = 5000\n");
    let checked = Files::new(&[("c.toml", &config)]).check();
    assert_eq!(checked.code(), Some(0), "{}", checked.errors());
    checked.says("c.toml: time.skew is a former name that the next version does not read: use max_clock_skew");
    checked.says("c.toml: state.most_employees is a former name that the next version does not read: use max_employees");
    checked.says("time.max_clock_skew = \"1m\", by default \"5m\"");
    checked.says("state.max_employees = 5000, by default 1000000");
    let both = Files::new(&[("c.toml", &format!("{CATALOG}[time]\nidle = \"1m\"\nidle_timeout = \"2m\"\n"))]).check();
    assert_eq!(both.code(), Some(2));
    let errors = both.errors();
    assert!(errors.contains("c.toml: time.idle must not be given beside idle_timeout, whose former name it is"), "{errors}");
}

#[test]
fn of_a_console_it_says_where_cases_are_and_whether_the_engine_hears_of_verdicts() {
    let alone = Files::new(&[("c.toml", &format!("{CATALOG}[console]\nlisten = \"127.0.0.1:9\"\n"))]).check();
    assert_eq!(alone.code(), Some(0), "{}", alone.errors());
    alone.says("`run` serves it at http://127.0.0.1:9; people sign in with passwords of its own");
    alone.says("desk.sqlite");
    alone.says("c.toml: decisions.file is not given, nor decisions.topic: verdicts and silences stay in the database");
    alone.says("into the database of cases alone: no sink is configured");
    assert!(!alone.out().contains("tells nobody of its alerts"), "{}", alone.out());
    let heard =
        Files::new(&[("c.toml", &format!("{CATALOG}[console]\nlisten = \"127.0.0.1:9\"\n[decisions]\nfile = \"d.jsonl\"\n"))]).check();
    assert!(!heard.out().contains("hears of none"), "{}", heard.out());
    let none = Files::new(&[("c.toml", CATALOG)]).check();
    none.says("c.toml: sink is not given: `run` tells nobody of its alerts");
    assert!(!none.out().contains("\nConsole\n"), "{}", none.out());
}
