//! auto_explain's JSON plans: the rows and output columns that the executor itself counted.
//!
//! The best row source there is: right for cursors and for the bodies of functions, whoever owns them.

use crate::decode::postgresql::plain;
use crate::model::record::{Plan, Scan};
use serde::Deserialize;

/// One logged plan.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Explained {
    /// The text of the request, of which the plan may be one statement.
    pub text: String,
    /// Values of its placeholders; servers before 16 do not print them.
    pub binds: Vec<Option<String>>,
    /// Rows that the topmost node returned; absent without `log_analyze`.
    pub rows: Option<u64>,
    /// The tables behind it.
    pub plan: Plan,
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "Query Text")]
    text: String,
    #[serde(rename = "Query Parameters", default)]
    parameters: Option<String>,
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
    #[serde(rename = "Hash Cond", default)]
    hash_condition: Option<String>,
    #[serde(rename = "Merge Cond", default)]
    merge_condition: Option<String>,
    #[serde(rename = "Join Filter", default)]
    join_filter: Option<String>,
    #[serde(rename = "Join Type", default)]
    join: Option<String>,
    #[serde(rename = "Parent Relationship", default)]
    relationship: Option<String>,
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
    let binds = document.parameters.as_deref().map(binds).unwrap_or_default();
    Some(Explained { text: document.text, binds, rows, plan })
}

/// Values as a plan lists them; one that was cut is not known.
fn binds(list: &str) -> Vec<Option<String>> {
    let values = plain::values(list).into_iter();
    values.map(|value| value.filter(|value| !value.ends_with("..."))).collect()
}

/// Whether a message carries a plan.
pub(super) fn is_plan(message: &str) -> bool {
    message
        .strip_prefix("duration: ")
        .and_then(|rest| rest.split_once(" ms "))
        .is_some_and(|(_, rest)| rest.trim_start().starts_with("plan:"))
}

impl Node {
    /// Rows over all loops. The server prints the mean of the loops, rounded, so of many loops it is a figure rounded up.
    fn total_rows(&self) -> Option<u64> {
        let (rows, loops) = (self.rows?, self.loops?);
        (rows >= 0.0 && loops >= 0.0).then(|| (rows * loops).ceil() as u64)
    }
}

/// A node on the way down, and what holds of it.
#[derive(Clone, Copy)]
struct Reached<'n> {
    node: &'n Node,
    /// Its conditions hold for every row of the result: no outer join fills up its rows, no subquery hides it.
    certain: bool,
    /// It is one arm of several, of which the nodes above print the first one's columns alone.
    arm: bool,
}

impl<'n> Reached<'n> {
    /// A node below this one.
    fn below(self, node: &'n Node) -> Reached<'n> {
        let kept = match (self.node.join.as_deref(), node.relationship.as_deref()) {
            (_, Some("InitPlan" | "SubPlan")) => false,
            // Earlier servers call what a modification reads a member, too.
            (_, Some("Member")) => self.node.node_type == "ModifyTable" && self.node.plans.len() == 1,
            (None | Some("Inner" | "Semi" | "Right Semi"), _) => true,
            (Some("Left" | "Anti"), Some("Outer")) | (Some("Right" | "Right Anti"), Some("Inner")) => true,
            (Some(_), _) => false,
        };
        let arm = matches!(self.node.node_type.as_str(), "Append" | "Merge Append" | "SetOp" | "Recursive Union");
        Reached { node, certain: self.certain && kept, arm: self.arm || arm }
    }

    /// Conditions that hold for every row of the result. Those of an outer join do not for the rows that it fills up.
    fn conditions(self) -> impl Iterator<Item = &'n String> {
        let node = self.node;
        let inner = matches!(node.join.as_deref(), Some("Inner" | "Semi" | "Right Semi"));
        let joined = [&node.hash_condition, &node.merge_condition, &node.join_filter].into_iter().filter(move |_| inner);
        let own = [&node.index_condition, &node.recheck_condition, &node.filter].into_iter();
        own.chain(joined).flatten().filter(move |_| self.certain)
    }
}

fn gather(top: &Node, plan: &mut Plan) {
    let mut rest = vec![Reached { node: top, certain: true, arm: false }];
    let (mut seen, mut given) = (0, false);
    while let Some(reached) = rest.pop() {
        let node = reached.node;
        given |= node.relationship.as_deref() == Some("InitPlan");
        seen += 1;
        if seen > MOST_NODES {
            plan.functions = true;
            return;
        }
        if let (Some(relation), None | Some("Select")) = (&node.relation, node.operation.as_deref()) {
            let table = node.schema.as_ref().map_or_else(|| relation.clone(), |schema| format!("{schema}.{relation}"));
            plan.scans.push(Scan {
                table,
                alias: node.alias.clone().unwrap_or_else(|| relation.clone()),
                rows: node.total_rows().filter(|_| node.loops == Some(1.0)),
                arm: reached.arm,
            });
        }
        // A join that another server makes, a scan of an extension's and a trigger's rows name no table.
        let nameless = matches!(node.node_type.as_str(), "Foreign Scan" | "Custom Scan") && node.relation.is_none();
        plan.functions |=
            nameless || matches!(node.node_type.as_str(), "Function Scan" | "Named Tuplestore Scan") || node.function.is_some();
        plan.conditions.extend(reached.conditions().cloned());
        rest.extend(node.plans.iter().rev().map(|below| reached.below(below)));
    }
    // What a subquery gave is printed like the value of a placeholder.
    plan.conditions.retain(|condition| !given || !condition.contains('$'));
}

/// Rows that went into the topmost aggregate, below nothing but nodes that keep its rows.
fn aggregated(top: &Node) -> Option<u64> {
    let mut node = top;
    loop {
        match (node.node_type.as_str(), node.plans.as_slice()) {
            // Parallel workers hand up partial results: what fed those is spread over loops of which the plan gives a rounded mean.
            ("Aggregate" | "WindowAgg", [input]) => {
                let whole = node.partial.as_deref().is_none_or(|mode| mode == "Simple") && input.loops == Some(1.0);
                return input.total_rows().filter(|_| whole && keeps_rows(input));
            }
            ("Sort" | "Limit" | "Result" | "Incremental Sort", [input]) => node = input,
            _ => return None,
        }
    }
}

/// Whether no row that a node gives holds many rows of a table: no aggregate and no subquery is below it, whose value may.
fn keeps_rows(top: &Node) -> bool {
    let mut rest = vec![top];
    while let Some(node) = rest.pop() {
        let packs = matches!(node.node_type.as_str(), "Aggregate" | "WindowAgg" | "Group");
        if packs || matches!(node.relationship.as_deref(), Some("InitPlan" | "SubPlan")) {
            return false;
        }
        rest.extend(&node.plans);
    }
    true
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

    /// What is gathered of a join of `c`, under a condition, and `p`, under another.
    fn joined(join: &str, top: &str) -> Explained {
        let scan = |relation: &str, relationship: &str| {
            format!(
                r#"{{"Node Type": "Index Scan", "Relation Name": "{relation}", "Alias": "{relation}", "Actual Rows": 2, "Actual Loops": 1,
                "Parent Relationship": "{relationship}", "Index Cond": "({relation}.id = 5)"}}"#
            )
        };
        let (outer, inner) = (scan("c", "Outer"), scan("p", "Inner"));
        let join = format!(
            r#"{{"Node Type": "Hash Join", "Join Type": "{join}", "Parent Relationship": "Member", "Hash Cond": "(c.id = p.id)", "Plans": [{outer}, {inner}]}}"#
        );
        let whole = if top.is_empty() { join } else { format!(r#"{{"Node Type": "{top}", "Plans": [{join}]}}"#) };
        parse(&format!(r#"duration: 1 ms  plan: {{"Query Text": "SELECT 1", "Plan": {whole}}}"#)).expect("is a plan")
    }

    #[test]
    fn conditions_hold_for_every_row_only_where_no_outer_join_fills_rows_up() {
        assert_eq!(joined("Inner", "").plan.conditions, ["(c.id = p.id)", "(c.id = 5)", "(p.id = 5)"]);
        assert_eq!(joined("Left", "").plan.conditions, ["(c.id = 5)"]);
        assert_eq!(joined("Right", "").plan.conditions, ["(p.id = 5)"]);
        assert!(joined("Full", "").plan.conditions.is_empty());
    }

    #[test]
    fn arms_are_told_and_their_conditions_are_not_those_of_the_whole() {
        let arms = joined("Inner", "Append");
        assert!(arms.plan.conditions.is_empty() && arms.plan.scans.iter().all(|scan| scan.arm));
        assert!(joined("Inner", "Sort").plan.scans.iter().all(|scan| !scan.arm));
    }

    #[test]
    fn an_aggregate_of_aggregates_holds_more_than_it_was_fed() {
        let over = |inner: &str| {
            let scan =
                r#"{"Node Type": "Seq Scan", "Relation Name": "t", "Parent Relationship": "Outer", "Actual Rows": 9, "Actual Loops": 1}"#;
            let plan = format!(
                r#"{{"Node Type": "Aggregate", "Actual Rows": 1, "Actual Loops": 1, "Plans": [{{"Node Type": "{inner}",
                "Parent Relationship": "Outer", "Actual Rows": 9, "Actual Loops": 1, "Plans": [{scan}]}}]}}"#
            );
            parse(&format!(r#"duration: 1 ms  plan: {{"Query Text": "SELECT 1", "Plan": {plan}}}"#)).expect("is a plan").plan.aggregated
        };
        assert_eq!((over("Sort"), over("Aggregate")), (Some(9), None));
    }

    #[test]
    fn a_plan_lists_the_values_of_placeholders() {
        let message = r#"duration: 1 ms  plan: {"Query Text": "SELECT $1", "Query Parameters": "$1 = '4''3', $2 = NULL, $3 = 'ab...'",
            "Plan": {"Node Type": "Result"}}"#;
        assert_eq!(parse(message).expect("is a plan").binds, [Some("4'3".to_owned()), None, None]);
    }

    #[test]
    fn a_plan_without_analysis_has_no_rows_and_another_form_is_no_plan() {
        let explained = parse(r#"duration: 1 ms  plan: {"Query Text": "SELECT 1", "Plan": {"Node Type": "Result"}}"#).expect("is a plan");
        assert_eq!(explained.rows, None);
        assert_eq!(parse("duration: 1 ms  plan:\nQuery Text: SELECT 1\nSeq Scan on t"), None);
        assert_eq!(parse("duration: 1 ms"), None);
    }
}
