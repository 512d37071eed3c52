//! Whatever stands in a statement or a log line: nothing panics, nothing is lost silently, no error repeats the content.

use leakwarden::decode::{self, Raw};
use leakwarden::model::access::{Position, RecordHash};
use leakwarden::model::record::Dialect;
use leakwarden::sql;
use proptest::prelude::*;

const DIALECTS: [Dialect; 10] = {
    let mut all = [Dialect::Generic; 10];
    let mut at = 0;
    while at < all.len() {
        all[at] = Dialect::ALL[at].1;
        at += 1;
    }
    all
};

/// Words that put texts together into something near to SQL.
fn sqlish() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "SELECT",
        "*",
        "FROM",
        "crm.customers",
        "c",
        "WHERE",
        "id",
        "=",
        "$1",
        "42",
        "'x'",
        "(",
        ")",
        ",",
        ".",
        ";",
        "JOIN",
        "LEFT",
        "ON",
        "UNION",
        "WITH",
        "AS",
        "IN",
        "ANY",
        "ARRAY",
        "[",
        "]",
        "GROUP BY",
        "LIMIT",
        "COPY",
        "TO STDOUT",
        "DECLARE",
        "CURSOR FOR",
        "FETCH",
        "PREPARE",
        "EXECUTE",
        "q",
        "AND",
        "OR",
        "NOT",
        "EXISTS",
        "string_agg",
        "'",
        "\"",
        "$$",
        "/*",
        "--",
        "\n",
        "::",
        "客户",
        "\u{0}",
        "UPDATE",
        "SET",
        "RETURNING",
        "INSERT INTO",
        "VALUES",
        "DO",
        "CALL",
        "LATERAL",
        "BETWEEN",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn no_text_panics_the_analysis(text in any::<String>(), near in sqlish()) {
        for dialect in DIALECTS {
            let _ = sql::analyse(&text, dialect);
            let _ = sql::analyse(&near, dialect);
        }
    }

    #[test]
    fn no_bytes_panic_the_decoder(bytes in prop::collection::vec(any::<u8>(), 0..200), near in sqlish(), message in any::<String>()) {
        let mut decoder = (decode::format("postgresql-jsonlog").expect("exists").decoder)(&decode::Settings::default());
        let line = |message: &str| serde_json::json!({
            "timestamp": "2026-11-23 16:59:41.856 UTC", "user": "u", "session_id": "s.1", "line_num": 1, "error_severity": "LOG", "message": message,
        }).to_string().into_bytes();
        let quoted = near.replace('"', "\"\"");
        let lines = [
            bytes,
            line(&message),
            line(&format!("AUDIT: SESSION,1,1,READ,SELECT,,,\"{quoted}\",\"{quoted}\",5")),
            line(&format!("AUDIT: SESSION,1,2,{message}")),
            line(&format!("statement: {near}")),
            line(&format!("duration: 1 ms  plan: {message}")),
        ];
        for bytes in lines {
            let _ = decoder.decode(Raw::new(&bytes, Position(1), RecordHash::default()), &mut |_| {});
        }
        decoder.flush(&mut |_| {});
    }
}

#[test]
fn deep_and_long_texts_degrade_to_the_tables_that_they_name() {
    let deep = format!("SELECT {}1{} FROM crm.customers", "(".repeat(20_000), ")".repeat(20_000));
    let chain = format!("SELECT * FROM crm.customers WHERE {}", vec!["a = 1"; 20_000].join(" OR "));
    let nested = format!("{} crm.customers {}", "SELECT * FROM (SELECT * FROM ".repeat(500), ") x".repeat(500));
    let unions = vec!["SELECT name FROM crm.customers"; 5_000].join(" UNION ");
    let long = format!("SELECT '{}' FROM crm.customers", "x".repeat(1 << 20));
    for text in [&deep, &chain, &nested, &unions] {
        let analysis = sql::analyse(text, Dialect::PostgreSql);
        assert!(analysis.unparsed);
        assert!(analysis.branches.iter().flat_map(|branch| &branch.sources).any(|source| source.table == "crm.customers"));
    }
    assert!(sql::analyse(&long, Dialect::PostgreSql).unparsed);
}

#[test]
fn texts_just_below_the_caps_are_followed_on_a_small_stack() {
    let run = || {
        for operator in [" OR ", " AND ", " + ", " || "] {
            let text = format!("SELECT name FROM crm.customers WHERE {}", vec!["id"; 900].join(operator));
            let _ = sql::analyse(&text, Dialect::PostgreSql);
        }
        let unions = vec!["SELECT name FROM crm.customers"; 1_500].join(" UNION ");
        assert_eq!(sql::analyse(&unions, Dialect::PostgreSql).branches.len(), 1_500);
        let wide =
            format!("SELECT name FROM crm.customers WHERE id IN ({})", (0..30_000).map(|id| id.to_string()).collect::<Vec<_>>().join(","));
        assert_eq!(sql::analyse(&wide, Dialect::PostgreSql).branches[0].keys[0].values.len(), 30_000);
    };
    std::thread::Builder::new().stack_size(2 << 20).spawn(run).expect("starts").join().expect("does not overflow");
}
