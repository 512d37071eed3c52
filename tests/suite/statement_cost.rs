//! What the analysis of the worst statements costs: little, whatever they nest.

use leakwarden::model::record::Dialect;
use leakwarden::sql::{Analysis, analyse_anew};
use std::time::{Duration, Instant};

/// Without optimisation, on a machine that does other things too; with it a tenth of that is enough.
const LONGEST: Duration = Duration::from_millis(1_500);

#[expect(clippy::disallowed_methods, reason = "its running time is what is tested")]
fn bounded(what: &str, text: &str) -> Analysis {
    let start = Instant::now();
    let analysis = analyse_anew(text, Dialect::PostgreSql);
    assert!(start.elapsed() < LONGEST, "{what}: {:?}", start.elapsed());
    let columns: usize = analysis.branches.iter().map(|branch| branch.output.len() + branch.probes.len() + branch.packs.len()).sum();
    assert!(columns < 100_000, "{what}: {columns} columns");
    analysis
}

/// `WITH a0 AS (…), a1 AS (SELECT * FROM a0 x, a0 y), …`: the last of them is 2^n rows of the first.
fn doubling(first: &str, n: usize) -> String {
    let more: String = (1..n).map(|i| format!(", a{i} AS (SELECT * FROM a{} x, a{} y)", i - 1, i - 1)).collect();
    format!("WITH a0 AS ({first}){more} SELECT * FROM a{}", n - 1)
}

#[test]
fn expressions_that_name_each_other_twice_cost_no_more_than_their_text() {
    let analysis = bounded("24 of a table", &doubling("SELECT * FROM crm.customers", 24));
    assert!(analysis.unparsed && analysis.branches.iter().all(|branch| branch.packed), "how many stand behind a row is not known");
    bounded("24 of nothing", &doubling("SELECT 1 AS a, 2 AS b", 24));
    bounded("400 of nothing", &doubling("SELECT 1 AS a, 2 AS b", 400));
    let few = bounded("3 of a table", &doubling("SELECT name FROM crm.customers WHERE id = 5", 3));
    assert_eq!((few.unparsed, few.branches[0].sources.len(), few.branches[0].keys.len()), (false, 4, 4));
}

#[test]
fn a_long_chain_of_expressions_is_no_deep_nesting() {
    let chain: String = (1..300).map(|i| format!(", a{i} AS (SELECT id, name FROM a{} WHERE x > {i})", i - 1)).collect();
    let analysis = bounded("chain", &format!("WITH a0 AS (SELECT id, name FROM crm.customers){chain} SELECT name FROM a299"));
    assert!(!analysis.unparsed);
    assert_eq!(analysis.branches[0].sources.len(), 1);
}

#[test]
fn whatever_is_repeated_is_bounded() {
    let repeat = |part: &str, n: usize, by: &str| vec![part; n].join(by);
    for (what, text) in [
        ("unions", repeat("SELECT name FROM crm.customers", 8_000, " UNION ALL ")),
        ("unions within", format!("SELECT * FROM ({}) x", repeat("SELECT name FROM crm.customers", 1_500, " UNION ALL "))),
        ("stars within unions", format!("SELECT a, b, c FROM ({}) x", repeat("SELECT * FROM crm.customers", 1_500, " UNION ALL "))),
        ("values", format!("SELECT name FROM crm.customers WHERE id IN ({})", repeat("1", 100_000, ","))),
        ("values of rows", format!("SELECT * FROM (VALUES {}) v(a, b)", repeat("(1, 2)", 20_000, ","))),
        ("values that are none", format!("SELECT name FROM crm.customers WHERE id IN ({})", repeat("a", 100_000, ","))),
        ("joins", format!("SELECT * FROM crm.customers{}", repeat("", 2_000, " JOIN crm.customers USING (id)"))),
        ("tables", format!("SELECT name, phone FROM {}", repeat("t", 20_000, ","))),
        ("columns", format!("SELECT {} FROM {}", repeat("name", 20_000, ","), repeat("t", 120, ","))),
        ("functions", format!("SELECT concat({}) FROM crm.customers", repeat("name", 40_000, ","))),
        ("conditions", format!("SELECT name FROM crm.customers WHERE {}", repeat("a.id = b.id", 900, " AND "))),
        ("lists", format!("SELECT name FROM crm.customers WHERE {}", repeat("id IN (1,2,3,4,5,6,7,8,9)", 900, " AND "))),
        ("subqueries", format!("SELECT {} FROM crm.customers c", repeat("EXISTS (SELECT 1 FROM b WHERE b.id = c.id)", 2_000, ","))),
        ("expressions", format!("WITH {} SELECT 1", (0..5_000).map(|i| format!("a{i} AS (SELECT 1)")).collect::<Vec<_>>().join(","))),
        ("brackets", format!("SELECT {}name{} FROM crm.customers", repeat("(", 5_000, ""), repeat(")", 5_000, ""))),
        ("brackets of tables", format!("SELECT * FROM {}a{}", repeat("(", 39, ""), repeat(")", 39, ""))),
    ] {
        bounded(what, &text);
    }
}

#[test]
fn stars_of_stars_are_bounded() {
    let mut text = "SELECT * FROM crm.customers".to_owned();
    for level in 0..36 {
        text = format!("SELECT *, x{level}.*, * FROM ({text}) x{level}");
    }
    bounded("stars", &text);
    let arms = vec!["SELECT a19.* FROM a19"; 200].join(" UNION ALL ");
    bounded("arms", &format!("{} UNION ALL {arms}", doubling("SELECT 1 AS a", 8)));
}
