//! Random statements, each written as it is sent, as the engine takes it, and with the marks of whom its rows show.

use super::expressions::{Column, Source, Value, columns_of, link};
use leakwarden::model::record::Dialect;
use leakwarden::random::SplitMix64;

/// What sort of statement: how the results of a run are told.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Sort {
    /// One table, columns of it.
    Plain,
    /// Functions of one row, or values beside it.
    Computed,
    Joined,
    /// Aggregates of a whole table.
    Whole,
    Aggregated,
    Grouped,
    Distinct,
    Nested,
    Set,
    Window,
    Recursive,
    Copied,
    Returned,
}

/// A statement and its truth.
pub struct Statement {
    /// As the log has it.
    pub text: String,
    /// As the engine takes it: the same rows.
    pub engine: String,
    /// The same rows with a column of marks, `p_…`, for each column.
    pub marked: String,
    pub dialect: Dialect,
    pub sort: Sort,
    /// A condition on personal data tells of a person by whether there is a row.
    pub probes: bool,
}

/// A query with its three texts and its columns.
#[derive(Clone)]
pub struct Block {
    pub text: String,
    pub engine: String,
    pub marked: String,
    pub columns: Vec<Column>,
}

/// Draws.
pub struct Writer {
    pub random: SplitMix64,
    pub dialect: Dialect,
    /// Something personal stands in a condition.
    pub probes: bool,
    /// Many values in one may be asked for.
    pub packs: bool,
    aliases: usize,
    ctes: Vec<(String, Block)>,
}

/// The statement of a seed.
pub fn statement(seed: u64) -> Statement {
    let mut random = SplitMix64::keyed(seed, "truth");
    let dialect = *random.pick(&[Dialect::Generic, Dialect::PostgreSql, Dialect::MySql]).expect("there are some");
    let packs = random.once_in(2);
    let mut writer = Writer { random, dialect, probes: false, packs, aliases: 0, ctes: Vec::new() };
    let (sort, block) = writer.outermost();
    let with = |of: fn(&Block) -> &str, block: &Block| {
        let ctes: Vec<String> = writer.ctes.iter().map(|(head, cte)| format!("{head} AS ({})", of(cte))).collect();
        // Only the text has column lists of its own; the other two rename inside.
        let ctes = ctes.join(", ");
        if ctes.is_empty() { of(block).to_owned() } else { format!("WITH {ctes} {}", of(block)) }
    };
    let text = with(|block| &block.text, &block);
    let bare = |text: String| writer.ctes.iter().fold(text, |text, (head, _)| text.replace(head, head.split('(').next().unwrap_or(head)));
    let (engine, marked) = (bare(with(|block| &block.engine, &block)), bare(with(|block| &block.marked, &block)));
    let disguised = match writer.random.below(12) {
        0 if dialect != Dialect::MySql => text.replace(".name", ".\"name\"").replace("customers ", "\"customers\" "),
        1 => text.replace(" FROM ", " /* FROM branches */ FROM ").replace("name", "NAME"),
        2 => format!("-- a list\n{text};"),
        _ => text,
    };
    let (text, sort) = match writer.random.below(if sort == Sort::Returned { 1 } else { 25 }) {
        _ if sort == Sort::Returned || disguised.starts_with('-') => (disguised, sort),
        0 => (format!("CREATE TABLE made AS {disguised}"), Sort::Copied),
        1 => (format!("INSERT INTO scratch {disguised}"), Sort::Copied),
        2 if dialect == Dialect::PostgreSql => (format!("COPY ({disguised}) TO STDOUT"), Sort::Copied),
        _ => (disguised, sort),
    };
    Statement { text, engine, marked, dialect, sort, probes: writer.probes }
}

impl Writer {
    pub fn alias(&mut self, start: &str) -> String {
        self.aliases += 1;
        format!("{start}{}", self.aliases)
    }

    fn outermost(&mut self) -> (Sort, Block) {
        match self.random.below(24) {
            0..=5 => (Sort::Plain, self.rows(1, 0, 0)),
            6..=8 => (Sort::Computed, self.rows(1, 2, 0)),
            9..=12 => (Sort::Joined, self.rows(2, 0, 0)),
            13 => (Sort::Whole, self.aggregates(false)),
            14 => (Sort::Aggregated, self.aggregates(true)),
            15 | 16 => (Sort::Grouped, self.grouped()),
            17 => (Sort::Distinct, self.distinct()),
            18 | 19 => (Sort::Nested, self.rows(1, 1, 2)),
            20 => (Sort::Nested, self.rows(2, 1, 1)),
            21 => (Sort::Set, self.set_operation()),
            22 if self.random.once_in(2) => (Sort::Returned, self.returned()),
            22 => (Sort::Window, self.windows()),
            _ if self.random.once_in(4) => (Sort::Recursive, self.recursive()),
            _ => (Sort::Distinct, self.distinct()),
        }
    }

    /// A block that may stand in another.
    fn inner(&mut self, nested: usize) -> Block {
        match self.random.below(9) {
            0 => self.grouped(),
            1 => self.aggregates(true),
            2 => self.set_operation(),
            3 => self.windows(),
            4 => self.distinct(),
            _ => {
                let count = 1 + self.random.below(2);
                self.rows(count, 1, nested)
            }
        }
    }

    /// A base table, a query in its place, or a common table expression: text, engine, marked.
    fn source(&mut self, nested: usize) -> (Source, [String; 3]) {
        let alias = self.alias("t");
        if nested == 0 {
            let table = *self.random.pick(&["customers", "customers", "accounts", "calls", "branches"]).expect("there are some");
            let item = format!("{table} {alias}");
            let source = Source { columns: columns_of(table, &alias), order: vec![format!("{alias}.k")], alias, table };
            return (source, [item.clone(), item.clone(), item]);
        }
        let block = self.inner(nested - 1);
        let renamed = self.random.once_in(3);
        let block = if renamed { self.renamed(block) } else { block };
        let names: Vec<&str> = block.columns.iter().map(|column| column.name.as_str()).collect();
        let list = if renamed { format!("({})", names.join(", ")) } else { String::new() };
        let columns: Vec<Column> =
            block.columns.iter().map(|column| Column { mark: format!("{alias}.p_{}", column.name), ..column.clone() }).collect();
        let order = names.iter().map(|name| format!("{alias}.{name}")).collect();
        let items = if self.random.once_in(3) {
            let name = self.alias("w");
            let used = format!("{name} {alias}");
            self.ctes.push((format!("{name}{list}"), block));
            [used.clone(), used.clone(), used]
        } else {
            [
                format!("({}) AS {alias}{list}", block.text),
                format!("({}) AS {alias}", block.engine),
                format!("({}) AS {alias}", block.marked),
            ]
        };
        (Source { alias, columns, order, table: "" }, items)
    }

    /// New names by position. The text gets them by its list; what the engine takes selects them anew.
    fn renamed(&mut self, block: Block) -> Block {
        let inner = self.alias("r");
        let names: Vec<(String, String)> = block.columns.iter().map(|column| (column.name.clone(), self.alias("n"))).collect();
        let plain: Vec<String> = names.iter().map(|(old, new)| format!("{inner}.{old} AS {new}")).collect();
        let marks: Vec<String> = names.iter().map(|(old, new)| format!("{inner}.{old} AS {new}, {inner}.p_{old} AS p_{new}")).collect();
        Block {
            engine: format!("SELECT {} FROM ({}) {inner}", plain.join(", "), block.engine),
            marked: format!("SELECT {} FROM ({}) {inner}", marks.join(", "), block.marked),
            columns: block.columns.into_iter().zip(&names).map(|(column, (_, new))| Column { name: new.clone(), ..column }).collect(),
            text: block.text,
        }
    }

    /// FROM with its conditions: text, engine, marked. Whether all rows of one table are in it.
    pub fn from(&mut self, count: usize, nested: usize) -> (Vec<Source>, [String; 3], bool) {
        let (first, mut texts) = self.source(nested);
        let mut sources = vec![first];
        let mut conditions = Vec::new();
        for _ in 1..count {
            let deep = if self.random.once_in(2) { nested } else { 0 };
            let (next, items) = self.source(deep);
            let beside = self.random.pick(&sources).expect("there is one").clone();
            let on = link(&beside, &next).filter(|_| self.random.below(5) > 0);
            // Rows that are there because a person is in both tables tell so.
            self.probes |= on.is_some();
            let how = match (&on, self.random.below(5)) {
                (Some(on), 0) => {
                    conditions.push(on.clone());
                    (", ", String::new())
                }
                (Some(on), 1) => {
                    let outer = *self.random.pick(&[" LEFT JOIN ", " RIGHT JOIN ", " FULL JOIN "]).expect("there are some");
                    (outer, format!(" ON {on}"))
                }
                (Some(on), _) => (" JOIN ", format!(" ON {on}")),
                (None, _) => (" CROSS JOIN ", String::new()),
            };
            // After a comma a join would not see what stands before it.
            let joint = if texts[0].contains(", ") && how.0 == " JOIN " {
                conditions.push(how.1.trim_start_matches(" ON ").to_owned());
                (", ", String::new())
            } else {
                how
            };
            for (text, item) in texts.iter_mut().zip(items) {
                text.push_str(joint.0);
                text.push_str(&item);
                text.push_str(&joint.1);
            }
            sources.push(next);
        }
        if self.random.once_in(2) {
            let condition = self.condition(&sources);
            conditions.push(condition);
        }
        let whole = conditions.is_empty() && sources.len() == 1 && nested == 0;
        if !conditions.is_empty() {
            let all = conditions.join(" AND ");
            texts.iter_mut().for_each(|text| text.push_str(&format!(" WHERE {all}")));
        }
        (sources, texts, whole)
    }

    /// Rows of tables.
    fn rows(&mut self, tables: usize, deep: usize, nested: usize) -> Block {
        let (sources, from, _) = self.from(tables, nested);
        let order = self.random.once_in(4).then(|| {
            let columns: Vec<String> = sources.iter().flat_map(|source| source.order.clone()).collect();
            let limit = 1 + self.random.below(6);
            let offset = if self.random.once_in(4) { " OFFSET 1" } else { "" };
            format!(" ORDER BY {} LIMIT {limit}{offset}", columns.join(", "))
        });
        let tail = order.unwrap_or_default();
        if let ([only], true) = (sources.as_slice(), self.random.once_in(5)) {
            return star(only, &from, &tail);
        }
        let values: Vec<Value> = (0..1 + self.random.below(3)).map(|_| self.value(&sources, deep)).collect();
        self.select("", values, &from, &tail)
    }

    /// A select list over a FROM, with what follows it.
    pub fn select(&mut self, distinct: &str, values: Vec<Value>, from: &[String; 3], tail: &str) -> Block {
        let names: Vec<String> = values.iter().map(|_| self.alias("c")).collect();
        let plain: Vec<String> = values.iter().zip(&names).map(|(value, name)| format!("{} AS {name}", value.text)).collect();
        let marks: Vec<String> =
            values.iter().zip(&names).map(|(value, name)| format!("{} AS {name}, {} AS p_{name}", value.text, value.mark)).collect();
        let (plain, marks) = (plain.join(", "), marks.join(", "));
        let columns = values.into_iter().zip(names).map(|(value, name)| Column {
            mark: String::new(),
            name,
            personal: value.personal,
            packed: value.packed,
            numeric: value.numeric,
        });
        Block {
            text: format!("SELECT {distinct}{plain} FROM {}{tail}", from[0]),
            engine: format!("SELECT {distinct}{plain} FROM {}{tail}", from[1]),
            marked: format!("SELECT {marks} FROM {}{tail}", from[2]),
            columns: columns.collect(),
        }
    }

    /// Rows that are alike are shown once: each shows one of those who have them.
    fn distinct(&mut self) -> Block {
        let count = 1 + self.random.below(2);
        let (sources, from, _) = self.from(count, 0);
        let values: Vec<Value> = (0..1 + self.random.below(2)).map(|_| self.value(&sources, 1)).collect();
        let block = self.select("DISTINCT ", values, &from, "");
        let marked = once(&block, &block.marked, "");
        Block { marked, ..block }
    }

    /// What a change of rows gives back.
    fn returned(&mut self) -> Block {
        let (source, _) = self.source(0);
        let sources = [source];
        let condition = self.condition(&sources);
        let (table, alias) = (sources[0].table, sources[0].alias.clone());
        let from = [(); 3].map(|()| format!("{table} {alias} WHERE {condition}"));
        let values: Vec<Value> = (0..1 + self.random.below(2)).map(|_| self.column(&sources)).collect();
        let list: Vec<&str> = values.iter().map(|value| value.text.as_str()).collect();
        let what = match self.random.below(2) {
            0 => format!("UPDATE {table} AS {alias} SET k = {alias}.k"),
            _ => format!("DELETE FROM {table} AS {alias}"),
        };
        let text = format!("{what} WHERE {condition} RETURNING {}", list.join(", "));
        Block { text, ..self.select("", values, &from, "") }
    }

    fn set_operation(&mut self) -> Block {
        let width = 1 + self.random.below(2);
        let [left, right] = [(), ()].map(|()| {
            let count = 1 + self.random.below(2);
            let (sources, from, _) = self.from(count, 0);
            let values = (0..width).map(|_| self.value(&sources, 1)).collect();
            self.select("", values, &from, "")
        });
        let operation = *self.random.pick(&["UNION ALL", "UNION", "INTERSECT", "EXCEPT"]).expect("there are some");
        let both = |left: &str, right: &str| format!("{left} {operation} {right}");
        let engine = both(&left.engine, &right.engine);
        let all = format!("{} UNION ALL {}", left.marked, right.marked);
        let marked = match operation {
            "UNION ALL" => all,
            "UNION" => once(&left, &all, ""),
            _ => {
                let same: Vec<String> = left.columns.iter().map(|column| format!("q.{0} IS o.{0}", column.name)).collect();
                once(&left, &left.marked, &format!(" WHERE EXISTS (SELECT 1 FROM ({engine}) q WHERE {})", same.join(" AND ")))
            }
        };
        let columns = left.columns.iter().zip(&right.columns).map(|(left, right)| Column {
            personal: left.personal || right.personal,
            packed: left.packed || right.packed,
            numeric: left.numeric && right.numeric,
            ..left.clone()
        });
        Block { text: both(&left.text, &right.text), engine, marked, columns: columns.collect() }
    }

    /// A query that puts one name after the other.
    fn recursive(&mut self) -> Block {
        let rows = 1 + self.random.below(9);
        let column = *self.random.pick(&["name", "phone", "balance"]).expect("there are some");
        let step = format!("SELECT n + 1, acc || (SELECT {column} FROM customers WHERE k = n + 1) FROM walk WHERE n < {rows}");
        let text = format!("WITH RECURSIVE walk(n, acc) AS (SELECT 0, '' UNION ALL {step}) SELECT acc FROM walk ORDER BY n DESC LIMIT 1");
        let marks = format!("SELECT '' AS acc, (SELECT group_concat('|c' || id, '') FROM customers WHERE k <= {rows}) AS p_acc");
        Block { engine: text.clone(), text, marked: marks, columns: Vec::new() }
    }
}

/// `SELECT *`.
fn star(only: &Source, from: &[String; 3], tail: &str) -> Block {
    let marks: Vec<String> =
        only.columns.iter().map(|column| format!("{}.{1} AS {1}, {2} AS p_{1}", only.alias, column.name, column.mark)).collect();
    Block {
        text: format!("SELECT * FROM {}{tail}", from[0]),
        engine: format!("SELECT * FROM {}{tail}", from[1]),
        marked: format!("SELECT {} FROM {}{tail}", marks.join(", "), from[2]),
        columns: only.columns.clone(),
    }
}

/// Rows that are alike once, with the marks of one of those behind them.
fn once(block: &Block, rows: &str, condition: &str) -> String {
    let names: Vec<&str> = block.columns.iter().map(|column| column.name.as_str()).collect();
    let marks: Vec<String> = names.iter().map(|name| format!("min(p_{name}) AS p_{name}")).collect();
    let (names, marks) = (names.join(", "), marks.join(", "));
    format!("SELECT {names}, {marks} FROM ({rows}) o{condition} GROUP BY {names}")
}
