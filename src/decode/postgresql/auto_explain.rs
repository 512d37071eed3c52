//! auto_explain's JSON plans: the rows and output columns that the executor itself counted.
//!
//! The best row source there is: right for cursors and for the bodies of functions, whoever owns them.

use crate::model::record::{Plan, Scan};
use serde::Deserialize;

/// One logged plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Explained {
    /// The text of the request, of which the plan may be one statement.
    pub text: String,
    /// Rows that the topmost node returned; absent without `log_analyze`.
    pub rows: Option<u64>,
    /// The tables behind it.
    pub plan: Plan,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Query Text")]
    text: String,
    #[serde(rename = "Plan")]
    plan: Node,
}

#[derive(Deserialize)]
struct Node {
    #[serde(rename = "Node Type", default)]
    node_type: String,
    #[serde(rename = "Partial Mode", default)]
    partial: Option<String>,
    #[serde(rename = "Operation", default)]
    operation: Option<String>,
    #[serde(rename = "Schema", default)]
    schema: Option<String>,
    #[serde(rename = "Relation Name", default)]
    relation: Option<String>,
    #[serde(rename = "Alias", default)]
    alias: Option<String>,
    #[serde(rename = "Actual Rows", default)]
    rows: Option<f64>,
    #[serde(rename = "Actual Loops", default)]
    loops: Option<f64>,
    #[serde(rename = "Output", default)]
    output: Vec<String>,
    #[serde(rename = "Index Cond", default)]
    index_condition: Option<String>,
    #[serde(rename = "Recheck Cond", default)]
    recheck_condition: Option<String>,
    #[serde(rename = "Filter", default)]
    filter: Option<String>,
    #[serde(rename = "Function Name", default)]
    function: Option<String>,
    #[serde(rename = "Plans", default)]
    plans: Vec<Node>,
}

/// Most nodes of one plan that are looked at.
const MOST_NODES: usize = 4_096;

/// Reads `duration: … ms  plan:` with a JSON plan behind it; `None` for another message or form.
pub(super) fn parse(message: &str) -> Option<Explained> {
    let (_, plan) = message.split_once("plan:")?;
    let document: Document = serde_json::from_str(plan.trim()).ok()?;
    let top = document.plan;
    let mut plan = Plan { output: top.output.clone(), ..Plan::default() };
    gather(&top, &mut plan);
    plan.aggregated = aggregated(&top);
    // A node that modifies data returns what RETURNING shows, and no row without it. What an INSERT copies came from below.
    let copied = top.plans.first().filter(|_| top.operation.as_deref() == Some("Insert"));
    let source = copied.unwrap_or(&top);
    let rows = source.total_rows().filter(|_| source.loops == Some(1.0));
    Some(Explained { text: document.text, rows, plan })
}

/// Whether a message carries a plan.
pub(super) fn is_plan(message: &str) -> bool {
    message.strip_prefix("duration: ").and_then(|rest| rest.split_once(" ms  ")).is_some_and(|(_, rest)| rest.starts_with("plan:"))
}

impl Node {
    /// Rows over all loops. The server prints the mean of the loops, rounded, so of many loops it is a figure rounded up.
    fn total_rows(&self) -> Option<u64> {
        let (rows, loops) = (self.rows?, self.loops?);
        (rows >= 0.0 && loops >= 0.0).then(|| (rows * loops).ceil() as u64)
    }
}

fn gather(top: &Node, plan: &mut Plan) {
    let mut rest = vec![top];
    let mut seen = 0;
    while let Some(node) = rest.pop() {
        seen += 1;
        if seen > MOST_NODES {
            plan.functions = true;
            return;
        }
        if let (Some(relation), None) = (&node.relation, &node.operation) {
            let table = node.schema.as_ref().map_or_else(|| relation.clone(), |schema| format!("{schema}.{relation}"));
            plan.scans.push(Scan {
                table,
                alias: node.alias.clone().unwrap_or_else(|| relation.clone()),
                rows: node.total_rows().filter(|_| node.loops == Some(1.0)),
            });
        }
        plan.functions |= node.node_type == "Function Scan" || node.function.is_some();
        plan.conditions.extend([&node.index_condition, &node.recheck_condition, &node.filter].into_iter().flatten().cloned());
        rest.extend(node.plans.iter().rev());
    }
}

/// Rows that went into the topmost aggregate, below nothing but nodes that keep its rows.
fn aggregated(top: &Node) -> Option<u64> {
    let mut node = top;
    loop {
        match (node.node_type.as_str(), node.plans.as_slice()) {
            // Parallel workers hand up partial results: what fed those is spread over loops of which the plan gives a rounded mean.
            ("Aggregate" | "WindowAgg", [input, ..]) => {
                let whole = node.partial.as_deref().is_none_or(|mode| mode == "Simple") && input.loops == Some(1.0);
                return input.total_rows().filter(|_| whole);
            }
            ("Sort" | "Limit" | "Result" | "Incremental Sort", [input]) => node = input,
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_gives_rows_tables_and_what_fed_an_aggregate() {
        let message = r#"duration: 0.1 ms  plan:
            {"Query Text": "SELECT string_agg(phone, ',') FROM crm.customers", "Plan": {"Node Type": "Aggregate", "Actual Rows": 1,
             "Actual Loops": 1, "Output": ["string_agg(phone, ','::text)"], "Plans": [{"Node Type": "Seq Scan", "Relation Name": "customers",
             "Schema": "crm", "Alias": "customers", "Actual Rows": 10000, "Actual Loops": 1, "Filter": "(customers.id = '43'::bigint)"}]}}"#;
        let explained = parse(message).expect("is a plan");
        assert_eq!((explained.rows, explained.plan.aggregated), (Some(1), Some(10_000)));
        assert_eq!(explained.plan.scans[0].table, "crm.customers");
        assert_eq!(explained.plan.conditions.len(), 1);
    }

    #[test]
    fn a_plan_without_analysis_has_no_rows_and_another_form_is_no_plan() {
        let explained = parse(r#"duration: 1 ms  plan: {"Query Text": "SELECT 1", "Plan": {"Node Type": "Result"}}"#).expect("is a plan");
        assert_eq!(explained.rows, None);
        assert_eq!(parse("duration: 1 ms  plan:\nQuery Text: SELECT 1\nSeq Scan on t"), None);
        assert_eq!(parse("duration: 1 ms"), None);
    }
}
