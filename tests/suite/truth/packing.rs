//! Aggregates, groups and windows: where one row may show many people, or nobody.

use super::expressions::{Source, Value};
use super::grammar::{Block, Writer};
use leakwarden::model::record::Dialect;

impl Writer {
    /// Aggregates over all rows. `conditional`: also over rows that a condition or join chose.
    pub fn aggregates(&mut self, conditional: bool) -> Block {
        let (sources, from, whole) = loop {
            let count = if conditional { 1 + self.random.below(2) } else { 1 };
            let drawn = self.from(count, 0);
            if drawn.2 || conditional {
                break drawn;
            }
        };
        let values = (0..1 + self.random.below(2)).map(|_| self.aggregate(&sources, whole)).collect();
        self.select("", values, &from, "")
    }

    /// Groups by one or two columns.
    pub fn grouped(&mut self) -> Block {
        let count = 1 + self.random.below(2);
        let (sources, from, _) = self.from(count, 0);
        let keys: Vec<Value> = (0..1 + self.random.below(2)).map(|_| self.column(&sources)).collect();
        let list: Vec<&str> = keys.iter().map(|key| key.text.as_str()).collect();
        let having = if self.random.once_in(4) { " HAVING count(*) > 1" } else { "" };
        let tail = format!(" GROUP BY {}{having}", list.join(", "));
        // Rows of a person each that show nothing else still tell that there is one.
        self.probes |= keys.iter().any(|key| key.personal);
        let shown = self.random.below(keys.len() + 1);
        let mut values: Vec<Value> = keys.iter().take(shown).map(|key| Value { mark: one_of(&key.mark), ..key.clone() }).collect();
        values.extend((0..1 + self.random.below(2)).map(|_| self.aggregate(&sources, false)));
        self.select("", values, &from, &tail)
    }

    fn aggregate(&mut self, sources: &[Source], whole: bool) -> Value {
        let arg = self.column(sources);
        let (x, m) = (&arg.text, &arg.mark);
        let nobody = || "''".to_owned();
        let alone = || if whole { nobody() } else { format!("CASE WHEN min({m}) = max({m}) THEN coalesce(min({m}), '') ELSE '' END") };
        let of = |text: String, mark: String, numeric: bool, packed: bool| Value { text, mark, numeric, packed, ..arg.clone() };
        match self.random.below(11) {
            0 => of("count(*)".to_owned(), nobody(), true, false),
            1 => of(format!("count({x})"), nobody(), true, false),
            2 => of(format!("count(DISTINCT {x})"), nobody(), true, false),
            3 if arg.numeric => of(format!("sum({x})"), alone(), true, false),
            4 if arg.numeric => of(format!("avg({x})"), alone(), true, false),
            5 => of(format!("min({x})"), one_of(m), arg.numeric, false),
            6 => of(format!("max({x})"), one_of(m), arg.numeric, false),
            7 | 8 if self.packs => {
                let text = self.packed(x);
                of(text, format!("coalesce(group_concat({m}, ''), '')"), false, true)
            }
            9 => self.chosen(sources, &arg),
            _ => of("count(*)".to_owned(), nobody(), true, false),
        }
    }

    /// Aggregates of some of the rows, and sums from which each value can be read.
    fn chosen(&mut self, sources: &[Source], arg: &Value) -> Value {
        let (x, m) = (&arg.text, &arg.mark);
        let by = self.column(sources);
        let condition = self.compare(&by);
        let (text, mark, packed) = match self.random.below(4) {
            0 if arg.numeric && self.packs => {
                (format!("sum({x} * {}.k)", sources[0].alias), format!("coalesce(group_concat({m}, ''), '')"), true)
            }
            1 if arg.numeric && self.dialect != Dialect::MySql => {
                let filter = format!("FILTER (WHERE {condition})");
                let one = format!("CASE WHEN min({m}) {filter} = max({m}) {filter} THEN coalesce(min({m}) {filter}, '') ELSE '' END");
                (format!("sum({x}) {filter}"), one, false)
            }
            2 => (format!("min(CASE WHEN {condition} THEN {x} END)"), one_of(&format!("CASE WHEN {condition} THEN {m} END")), false),
            _ => (
                format!("max(CASE WHEN {condition} THEN {x} ELSE NULL END)"),
                one_of(&format!("CASE WHEN {condition} THEN {m} END")),
                false,
            ),
        };
        Value { text, mark, packed, numeric: false, ..arg.clone() }
    }

    /// Values of a window beside those of the row.
    pub fn windows(&mut self) -> Block {
        let count = 1 + self.random.below(2);
        let (sources, from, _) = self.from(count, 0);
        let order: Vec<String> = sources.iter().flat_map(|source| source.order.clone()).collect();
        let order = order.join(", ");
        let by = self.column(&sources);
        self.probes |= by.personal;
        let partition = if self.random.once_in(3) { format!("PARTITION BY {} ", by.text) } else { String::new() };
        let window = format!("OVER ({partition}ORDER BY {order})");
        let arg = self.column(&sources);
        let (x, m) = (&arg.text, &arg.mark);
        let of = |text: String, mark: String, packed: bool| Value { text, mark, packed, numeric: false, ..arg.clone() };
        let value = match self.random.below(8) {
            0 => of(format!("row_number() {window}"), "''".to_owned(), false),
            1 => of(format!("lag({x}) {window}"), format!("coalesce(lag({m}) {window}, '')"), false),
            2 => of(format!("first_value({x}) {window}"), format!("coalesce(first_value({m}) {window}, '')"), false),
            3 => of(format!("max({x}) {window}"), format!("coalesce(min(nullif({m}, '')) {window}, '')"), false),
            4 => of(format!("count({x}) {window}"), "''".to_owned(), false),
            5 if self.packs => {
                let text = self.packed(x);
                of(format!("{text} {window}"), format!("coalesce(group_concat({m}, '') {window}, '')"), true)
            }
            _ if arg.numeric => of(
                format!("sum({x}) {window}"),
                format!("CASE WHEN min({m}) {window} = max({m}) {window} THEN coalesce(min({m}) {window}, '') ELSE '' END"),
                false,
            ),
            _ => of(format!("rank() {window}"), "''".to_owned(), false),
        };
        let mut values = vec![value];
        if self.random.once_in(2) {
            values.push(self.value(&sources, 0));
        }
        let tail = if self.random.once_in(3) { format!(" ORDER BY {} LIMIT {}", order, 1 + self.random.below(5)) } else { String::new() };
        self.select("", values, &from, &tail)
    }
}

/// The marks of one of those behind a value.
fn one_of(mark: &str) -> String {
    format!("coalesce(min(nullif({mark}, '')), '')")
}
