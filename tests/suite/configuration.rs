//! The declarations of settings are whole: the reference configuration names every key with its default, every declared key is
//! read and nothing else is, and what is made from the declarations (`docs/configuration.md`, `docs/leakwarden.schema.json`) is
//! not stale. `LEAKWARDEN_BLESS=1 cargo test --test suite configuration::` writes the latter anew.

use leakwarden::config::json_schema::json_schema;
use leakwarden::config::reference::{self, Form, Table, tables};
use leakwarden::config::results::hashed_settings;
use leakwarden::config::schema::Config;
use leakwarden::detect::DETECTORS;
use leakwarden::settings::{DefaultValue, Key, Reload, Results, ValueType};
use std::collections::BTreeSet;
use std::path::Path;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A configuration that is valid without the table under test.
const CATALOG: &str = "[catalog]\nfile = \"catalog.toml\"\n";

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(ROOT).join(path)).unwrap_or_default()
}

fn hold(path: &str, expected: &str) {
    if std::env::var_os("LEAKWARDEN_BLESS").is_some() {
        std::fs::write(Path::new(ROOT).join(path), expected).expect("written");
    }
    assert!(read(path) == expected, "{path} is stale; `{}` writes it anew", reference::RENEW);
}

#[test]
fn the_page_of_settings_is_made_from_their_declarations() {
    hold("docs/configuration.md", &reference::page());
}

#[test]
fn the_json_schema_is_made_from_the_declarations() {
    hold("docs/leakwarden.schema.json", &json_schema());
}

/// From the first table of a detector to the first empty line.
#[test]
fn the_detectors_of_the_reference_configuration_are_made_from_their_table() {
    let path = "config/leakwarden.toml";
    let text = read(path);
    let begin = text.find("[detectors.").expect("it shows the detectors");
    let end = text[begin..].find("\n\n").map_or(text.len(), |at| begin + at + 1);
    hold(path, &[&text[..begin], reference::detectors_of_the_reference_configuration().as_str(), &text[end..]].concat());
}

/// The lines of the reference configuration that belong to tables of that header, with `#` taken away.
fn shown_in_reference(header: &str) -> Vec<String> {
    let text = read("config/leakwarden.toml");
    let mut within = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if line.starts_with('[') {
            within = line == header;
        } else if within {
            // `# key = value` is an alternative that cannot stand beside what is shown.
            lines.push(line.trim_start().to_owned());
        }
    }
    lines
}

fn headers(table: &Table) -> Vec<String> {
    match (table.form, table.name) {
        (Form::Once, name) => vec![format!("[{name}]")],
        (Form::List, name) => vec![format!("[[{name}]]"), format!("[{name}.client]")],
        (Form::Named, "detectors") => DETECTORS.iter().map(|detector| format!("[detectors.{}]", detector.typology.name())).collect(),
        (Form::Named, name) => ["core_log", "card_log", "till_log", "office_pg"].map(|format| format!("[{name}.{format}]")).to_vec(),
    }
}

#[test]
fn the_reference_configuration_names_every_key_with_its_default() {
    let mut wrong = Vec::new();
    for table in tables() {
        for header in headers(&table) {
            let lines = shown_in_reference(&header);
            let all: Vec<String> = headers(&table).iter().flat_map(|header| shown_in_reference(header)).collect();
            for key in table.keys {
                let begins = format!("{} = ", key.name);
                // Where several tables show one declaration together, one of them names it; a detector names all.
                let among = if table.name == "detectors" { &lines } else { &all };
                let shown: Vec<&String> = among.iter().filter(|line| line.starts_with(&begins)).collect();
                let is_table =
                    key.value == ValueType::Table && read("config/leakwarden.toml").contains(&format!("[{}.{}]", table.name, key.name));
                if shown.is_empty() && !is_table {
                    wrong.push(format!("config/leakwarden.toml: {header} lacks {}", key.name));
                }
                let default = match (key.default)() {
                    DefaultValue::Toml(default) if table.form == Form::Once && key.name != "zone" => default,
                    _ => continue,
                };
                if !shown.iter().any(|line| line.split('#').next().is_some_and(|line| line.trim_end() == format!("{begins}{default}"))) {
                    wrong.push(format!("config/leakwarden.toml: {header} must show {begins}{default}"));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// A configuration with that content of a table, of the first kind that it holds for.
fn given(table: &Table, content: &str) -> String {
    let kind = table.kinds.first().map(|kind| format!("kind = \"{kind}\"\n")).unwrap_or_default();
    match (table.form, table.name) {
        (Form::Once, "catalog") => format!("[catalog]\n{content}\n"),
        (Form::Once, name) => format!("{CATALOG}[{name}]\n{content}\n"),
        (Form::List, name) => format!("{CATALOG}[[{name}]]\n{kind}{content}\n"),
        (Form::Named, "detectors") => format!("{CATALOG}[detectors.bulk_extract]\n{content}\n"),
        (Form::Named, name) => {
            format!("{CATALOG}[{name}.own]\n{}{content}\n", if kind.is_empty() { "kind = \"canonical\"\n" } else { &kind })
        }
    }
}

fn mistakes(text: &str) -> Vec<String> {
    match Config::read(text, Path::new("c.toml")) {
        Ok((_, problems)) | Err(problems) => problems.iter().map(ToString::to_string).collect(),
    }
}

/// No value is a list of lists of lists: whoever reads the key says so.
#[test]
fn every_declared_key_is_read() {
    for table in tables() {
        for key in table.keys {
            let text = given(&table, &format!("{} = [[[]]]", key.name));
            // The kind decides what else is read; its own line stands there already.
            let text = if key.name == "kind" { text.replacen("kind = \"canonical\"\n", "", 1) } else { text };
            let found = mistakes(&text);
            let said = found.iter().any(|problem| problem.contains(key.name) && problem.ends_with("got [[[]]]"));
            assert!(said, "{} {} is declared and not read: {found:?}", table.header(), key.name);
        }
    }
}

#[test]
fn what_is_not_declared_is_refused() {
    for table in tables() {
        let found = mistakes(&given(&table, "no_such_key = 1"));
        let refused = found.iter().any(|problem| problem.ends_with("no_such_key is not a known setting"));
        // Without a name or kind it is not known what the rest should be.
        let lacks = found.iter().any(|problem| problem.ends_with("must be given"));
        assert!(refused || lacks, "{}: {found:?}", table.header());
    }
    assert_eq!(mistakes(&format!("{CATALOG}[no_such_table]\n")), ["c.toml: no_such_table is not a known setting"]);
}

/// A key that nothing uses does nothing: its field must be named somewhere beside its declaration.
#[test]
fn every_declared_key_is_used() {
    let mut source = String::new();
    let mut folders = vec![Path::new(ROOT).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("can be listed") {
            let path = entry.expect("can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                source += &std::fs::read_to_string(path).expect("UTF-8");
            }
        }
    }
    let words: BTreeSet<&str> =
        source.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '.').flat_map(|path| path.split('.').skip(1)).collect();
    let taken_apart = [
        "budget_per_day",
        "show_at",
        "quiet",
        "open_at",
        "time_format",
        "operations",
        "successes",
        "dialect",
        "pattern",
        "enabled",
        "floor",
    ];
    let fields = leakwarden::decode::custom::Field::ALL.map(|(name, _)| name);
    for key in tables().iter().flat_map(|table| table.keys) {
        let used = words.contains(key.name) || taken_apart.contains(&key.name) || fields.contains(&key.name);
        assert!(used, "{} is declared, and nothing asks for it", key.name);
    }
}

fn config(text: &str) -> Config {
    Config::parse(text, Path::new("c.toml")).unwrap_or_else(|problems| panic!("{text}\n{problems:#?}"))
}

/// Another value than the default, as TOML.
fn another(key: &Key) -> String {
    match key.value {
        ValueType::Duration => "\"77s\"".to_owned(),
        ValueType::Number if key.traits.bounds.1 < 1_000_000 => "7".to_owned(),
        ValueType::Number => "999983".to_owned(),
        ValueType::Share => "0.75".to_owned(),
        ValueType::Flag => ((key.default)() == DefaultValue::Toml("false".to_owned())).to_string(),
        ValueType::Word(words) => format!("{:?}", words[0]),
        ValueType::Zone => "\"Europe/Berlin\"".to_owned(),
        ValueType::Address => "\"127.0.0.1:7777\"".to_owned(),
        ValueType::Table if key.name == "login_match" => "{ a = \"exact\" }".to_owned(),
        ValueType::Table if key.name == "typologies" => "{ canary = \"b\" }".to_owned(),
        ValueType::Table => "{ a = \"b\" }".to_owned(),
        ValueType::Text if key.name == "url" => "\"sqlite:another\"".to_owned(),
        ValueType::Text if key.name == "proxy_header" => "\"another\"".to_owned(),
        ValueType::Texts if key.name == "hosts" => "\"another\"".to_owned(),
        ValueType::Texts if key.name == "proxy_addresses" => "\"10.0.0.7\"".to_owned(),
        ValueType::Text if ["oidc_issuer", "oidc_address"].contains(&key.name) => "\"https://another.example\"".to_owned(),
        ValueType::Text if key.name == "link" => "\"https://desk.example/{case}\"".to_owned(),
        ValueType::Text | ValueType::Path | ValueType::Glob | ValueType::Texts => "\"another:1\"".to_owned(),
    }
}

/// Keys of `[console]` that go together.
const PAIRS: [[&str; 2]; 2] = [["tls_certificate_file", "tls_key_file"], ["proxy_header", "proxy_secret_file"]];

/// Keys of `[console]` of which each needs the others.
const PROVIDER: [&str; 3] = ["oidc_issuer", "oidc_client_id", "oidc_address"];

/// What a key is declared to do, it does: change the hash of results, need a restart, be read by its former name.
#[test]
fn declared_traits_of_keys_hold() {
    for table in tables().iter().filter(|table| table.form == Form::Once && !["catalog", "dead_letters"].contains(&table.name)) {
        let alone = if table.name == "cluster" { format!("{CATALOG}[cluster]\n") } else { CATALOG.to_owned() };
        for key in table.keys {
            let place = format!("{} {}", table.header(), key.name);
            let content = format!("{} = {}", key.name, another(key));
            // What says more of a topic goes with its name, and the name with brokers that are known.
            let of_topic = "[directory]\nexplanations_topic = \"t\"\n";
            let kafka = "[[source]]\nname = \"k\"\nkind = \"kafka\"\nbrokers = \"h:1\"\ntopic = \"x\"\n";
            let (alone, given) = match key.name {
                "explanations_topic" => (alone.clone() + kafka, given(table, &content) + kafka),
                "explanations_brokers" | "explanations_client" => {
                    (alone.clone() + of_topic + kafka, CATALOG.to_owned() + of_topic + &content + "\n" + kafka)
                }
                // Decisions come as a topic where there is a cluster.
                name if table.name == "decisions" && name != "file" => {
                    let of_cluster = "[cluster]\n".to_owned() + kafka;
                    let named = if name == "topic" { "" } else { "topic = \"t\"\n" };
                    let table = |more: &str| format!("{CATALOG}[decisions]\n{named}{more}\n{of_cluster}");
                    (table(""), table(&content))
                }
                // It names a source, which brings what is written to a file.
                "views_source" => {
                    let of = |one: &str| given(table, &format!("views_file = \"views.jsonl\"\n{one}")) + kafka;
                    (of(""), of("views_source = \"k\""))
                }
                // What goes together: the other one stays as it is.
                name if table.name == "console" && PAIRS.iter().flatten().any(|one| *one == name) => {
                    let pair = PAIRS.iter().find(|pair| pair.contains(&name)).expect("one of them");
                    let other = if pair[0] == name { pair[1] } else { pair[0] };
                    let of = |one: &str| given(table, &format!("{other} = \"other\"\n{one}"));
                    (of(&format!("{name} = \"one\"")), of(&content))
                }
                name if table.name == "console" && PROVIDER.contains(&name) => {
                    let others =
                        PROVIDER.iter().filter(|other| **other != name).map(|other| format!("{other} = \"https://other.example\"\n"));
                    let others: String = others.collect();
                    let of = |one: &str| given(table, &format!("{others}{one}"));
                    (of(&format!("{name} = \"https://one.example\"")), of(&content))
                }
                _ => (alone.clone(), given(table, &content)),
            };
            let (before, now) = (config(&alone), config(&given));
            let hashed = hashed_settings(&before) != hashed_settings(&now);
            assert_eq!(hashed, matches!(key.traits.results, Results::Value(_)), "{place}: the hash of results");
            let refused = leakwarden::config::reload_policy::needing_restart(&before, &now);
            assert_eq!(!refused.is_empty(), key.traits.reload == Reload::Restart, "{place}: {refused:?}");
            let watched = now.files().len() > before.files().len();
            assert_eq!(watched, key.traits.watched, "{place}: whether its file is watched");
        }
    }
}

#[test]
fn a_former_name_is_read_with_a_notice_and_never_beside_the_new_one() {
    let mut former_names = BTreeSet::new();
    for table in tables() {
        for key in table.keys {
            let Some(former) = key.traits.former else { continue };
            former_names.insert(format!("{}.{former}", table.name));
            let value = another(key);
            let (by_new, by_former) =
                (config(&given(&table, &format!("{} = {value}", key.name))), config(&given(&table, &format!("{former} = {value}"))));
            assert!(by_new.deprecated.is_empty());
            let notices: Vec<String> = by_former.deprecated.iter().map(ToString::to_string).collect();
            let expected =
                format!("c.toml: {}.{former} is a former name that the next version does not read: use {}", table.name, key.name);
            assert_eq!(notices, [expected]);
            assert!(leakwarden::config::reload_policy::needing_restart(&by_new, &by_former).is_empty());
            assert_eq!(hashed_settings(&by_new), hashed_settings(&by_former));
            let both = mistakes(&given(&table, &format!("{} = {value}\n{former} = {value}", key.name)));
            let expected = format!("c.toml: {}.{former} must not be given beside {}, whose former name it is", table.name, key.name);
            assert_eq!(both, [expected]);
        }
    }
    let expected = [
        "cluster.instance",
        "cluster.prefix",
        "cluster.replication",
        "cluster.session",
        "state.checkpoint",
        "state.most_employees",
        "state.most_record_ids",
        "time.idle",
        "time.skew",
    ];
    assert_eq!(former_names.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

/// Alerts carry the hash: it must not change with a version that changes nothing else.
#[test]
fn the_places_of_the_hash_of_results_are_taken_once() {
    let mut places = Vec::new();
    for table in tables().iter().filter(|table| table.form == Form::Once) {
        places.extend(table.keys.iter().filter_map(|key| match key.traits.results {
            Results::Value(place) => Some((place, key.name)),
            Results::Unaffected | Results::Content => None,
        }));
    }
    places.sort_unstable();
    let names = ["lateness", "dedup", "quiet", "max_employees", "max_record_ids", "open_at", "zone"];
    let expected: Vec<(u8, &str)> = (1..).zip(names).chain([(9, "login_match")]).collect();
    assert_eq!(places, expected);
}

/// The hash as the version before these declarations computed it.
#[test]
fn the_hash_of_results_of_a_configuration_stays_what_it_was() {
    let dir = tempfile::tempdir().expect("a directory");
    let catalog = "[[table]]\ntable = \"crm.customers\"\nsubject = \"id\"\n[table.columns]\nname = \"name\"\nphone = \"phone_number\"\n";
    std::fs::write(dir.path().join("catalog.toml"), catalog).expect("written");
    let text = format!(
        "{CATALOG}[time]\nzone = \"Europe/Berlin\"\nlateness = \"7m\"\ndedup = \"3h\"\nmax_clock_skew = \"1m\"\n\
         [alerts]\nquiet = \"2d\"\nopen_at = \"low\"\nbudget_per_day = 9\n[state]\nmax_employees = 4000\nmax_record_ids = 5000\n\
         [detectors.canary]\nenabled = false\n[detectors.bulk_extract]\nfloor = 7\n\
         [format.x]\nkind = \"json\"\ntime = \"/t\"\nemployee = \"/e\"\nsuccesses = [\"R0\"]\n\
         [format.pg]\nkind = \"postgresql-stderr\"\nlog_line_prefix = \"%m \"\n"
    );
    let config = Config::parse(&text, &dir.path().join("c.toml")).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let context = leakwarden::config::load::load(&config).unwrap_or_else(|problems| panic!("{problems:#?}"));
    let means = "a new detector, or a key that results depend on, changes the hash, which then stands here; nothing else may";
    assert_eq!(context.config, "c55a01a63ea26a00", "{means}");
}
