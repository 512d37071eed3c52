//! Values of a select list and conditions, each with the mark of whose data goes into it.
//!
//! A mark is an SQL expression of text: `|c11` for the customer 11, several one after the other, nothing where nobody's data
//! is in the value.

use super::grammar::Writer;
use leakwarden::model::record::Dialect;

/// Something in FROM.
#[derive(Clone)]
pub struct Source {
    pub alias: String,
    pub columns: Vec<Column>,
    /// A column by which its rows have one order.
    pub order: Vec<String>,
    pub table: &'static str,
}

/// A column that may be named.
#[derive(Clone)]
pub struct Column {
    pub name: String,
    /// Without alias where it is a column of marks.
    pub mark: String,
    pub personal: bool,
    pub packed: bool,
    pub numeric: bool,
}

/// An expression, and whose data it shows.
#[derive(Clone)]
pub struct Value {
    pub text: String,
    pub mark: String,
    pub personal: bool,
    pub packed: bool,
    pub numeric: bool,
}

impl Value {
    pub fn constant(text: &str) -> Value {
        Value { text: text.to_owned(), mark: "''".to_owned(), personal: false, packed: false, numeric: false }
    }
}

/// The columns of the company's tables: name, mark, numeric.
pub fn columns_of(table: &str, alias: &str) -> Vec<Column> {
    let personal = |name: &str, space: &str, key: &str, numeric: bool| Column {
        name: name.to_owned(),
        mark: format!("coalesce('|{space}' || {alias}.{key}, '')"),
        personal: true,
        packed: false,
        numeric,
    };
    let plain = |name: &str, numeric| Column { name: name.to_owned(), mark: "''".to_owned(), personal: false, packed: false, numeric };
    match table {
        "customers" => vec![
            plain("k", true),
            personal("id", "c", "id", true),
            personal("name", "c", "id", false),
            personal("phone", "c", "id", true),
            personal("balance", "c", "id", true),
            plain("city", false),
            plain("branch", true),
        ],
        "accounts" => vec![
            plain("k", true),
            personal("customer_id", "c", "customer_id", true),
            personal("account_no", "c", "customer_id", false),
            personal("amount", "c", "customer_id", true),
            plain("kind", false),
        ],
        "calls" => {
            vec![plain("k", true), personal("caller", "t", "caller", true), personal("callee", "t", "callee", true), plain("cell", true)]
        }
        _ => vec![plain("k", true), plain("id", true), plain("city", false)],
    }
}

impl Writer {
    /// A column of one of the sources.
    pub fn column(&mut self, sources: &[Source]) -> Value {
        let source = self.random.pick(sources).expect("something is in FROM").clone();
        let column = self.random.pick(&source.columns).expect("a source has columns").clone();
        let text = if sources.len() == 1 && self.random.once_in(3) { column.name } else { format!("{}.{}", source.alias, column.name) };
        Value { text, mark: column.mark, personal: column.personal, packed: column.packed, numeric: column.numeric }
    }

    fn concatenated(&self, parts: &[&str]) -> String {
        if self.dialect == Dialect::MySql { format!("concat({})", parts.join(", ")) } else { format!("({})", parts.join(" || ")) }
    }

    /// A value of one row.
    pub fn value(&mut self, sources: &[Source], deep: usize) -> Value {
        if deep == 0 || self.random.below(10) < 6 {
            return self.column(sources);
        }
        let inner = self.value(sources, deep - 1);
        let x = &inner.text;
        let of = |text: String, numeric: bool| Value { text, numeric, ..inner.clone() };
        match self.random.below(15) {
            0 => of(format!("upper({x})"), false),
            1 => of(format!("lower({x})"), false),
            2 => of(format!("coalesce({x}, '-')"), false),
            3 => of(format!("length({x})"), true),
            4 => of(format!("substr({x}, 1, 2)"), false),
            5 => of(format!("CAST({x} AS CHAR)"), false),
            6 => of(format!("nullif({x}, 5)"), inner.numeric),
            7 => of(format!("replace({x}, 'a', 'b')"), false),
            8 => of(self.concatenated(&[x, "'!'"]), false),
            9 if inner.numeric => of(format!("({x} + 1)"), true),
            9 => of(format!("trim({x})"), false),
            10 => {
                let other = self.value(sources, deep - 1);
                Value {
                    text: self.concatenated(&[x, "'-'", &other.text]),
                    mark: format!("({} || {})", inner.mark, other.mark),
                    personal: inner.personal || other.personal,
                    packed: inner.packed || other.packed,
                    numeric: false,
                }
            }
            11 => {
                let (other, by) = (self.value(sources, deep - 1), self.column(sources));
                let condition = self.compare(&by);
                Value {
                    text: format!("CASE WHEN {condition} THEN {x} ELSE {} END", other.text),
                    mark: format!("({} || CASE WHEN {condition} THEN {} ELSE {} END)", by.mark, inner.mark, other.mark),
                    personal: inner.personal || other.personal || by.personal,
                    packed: inner.packed || other.packed || by.packed,
                    numeric: false,
                }
            }
            12 => of(format!("({x} IS NULL)"), false),
            13 => self.beside(sources),
            _ => {
                let constant = *self.random.pick(&["1", "'x'", "NULL", "42"]).expect("there are some");
                Value::constant(constant)
            }
        }
    }

    /// A subquery of one value beside each row.
    fn beside(&mut self, sources: &[Source]) -> Value {
        let alias = self.alias("v");
        let table = *self.random.pick(&["customers", "accounts", "calls", "branches"]).expect("there are some");
        let inner = Source { alias: alias.clone(), columns: columns_of(table, &alias), order: Vec::new(), table };
        let outer = self.random.pick(sources).expect("something is in FROM").clone();
        let condition = match (link(&inner, &outer), self.random.below(3)) {
            (Some(link), 0 | 1) => link,
            _ => {
                let column = self.column(std::slice::from_ref(&inner));
                self.compare(&column)
            }
        };
        let shown = self.column(std::slice::from_ref(&inner));
        let (rest, x, m) = (format!("FROM {table} {alias} WHERE {condition}"), shown.text.clone(), shown.mark.clone());
        let text = |what: &str| format!("(SELECT {what} {rest} ORDER BY {alias}.k LIMIT 1)");
        let (text, mark) = match self.random.below(5) {
            0 => (format!("(SELECT count({x}) {rest})"), "''".to_owned()),
            1 if self.packs => {
                (format!("(SELECT {} {rest})", self.packed(&x)), format!("coalesce((SELECT group_concat({m}, '') {rest}), '')"))
            }
            2 => (format!("(SELECT max({x}) {rest})"), format!("coalesce((SELECT min(nullif({m}, '')) {rest}), '')")),
            _ => (text(&x), format!("coalesce({}, '')", text(&m))),
        };
        // A test for somebody who is not shown tells that the person is there.
        self.probes = true;
        Value { text, mark, personal: shown.personal, packed: true, numeric: false }
    }

    /// All values of a column in one.
    pub fn packed(&mut self, x: &str) -> String {
        match (self.dialect, self.random.below(3)) {
            (Dialect::MySql, 0 | 1) => format!("group_concat({x})"),
            (_, 0 | 1) => format!("string_agg({x}, ',')"),
            _ => format!("json_group_array({x})"),
        }
    }

    /// A condition on one column.
    pub fn compare(&mut self, column: &Value) -> String {
        let x = &column.text;
        let number = |writer: &mut Writer| {
            *writer.random.pick(&["11", "13", "17", "3", "7002", "7008", "50", "80", "1", "5"]).expect("there are some")
        };
        if column.personal {
            self.probes = true;
        }
        match (column.numeric, self.random.below(8)) {
            (true, 0..=2) => format!("{x} = {}", number(self)),
            (true, 3) => format!("{x} IN ({}, {}, {})", number(self), number(self), number(self)),
            (true, 4) => format!("{x} > {}", number(self)),
            (true, 5) => format!("{x} BETWEEN {} AND {}", number(self), number(self)),
            (true, 6) => format!("{x} <> {}", number(self)),
            (_, 0 | 1) => format!("{x} = 'ann'"),
            (_, 2) => format!("{x} LIKE 'a%'"),
            (_, 3) => format!("{x} IN ('x', 'bea', 'g')"),
            (_, 4) => format!("{x} IS NOT NULL"),
            (_, 5) => format!("{x} >= 'b'"),
            (_, _) => format!("{x} IS NOT NULL"),
        }
    }

    /// A condition on the rows.
    pub fn condition(&mut self, sources: &[Source]) -> String {
        let column = self.column(sources);
        match self.random.below(9) {
            0 => {
                let (left, right) = (self.condition(sources), self.condition(sources));
                let and = if self.random.once_in(2) { "AND" } else { "OR" };
                format!("({left} {and} {right})")
            }
            1 => {
                let inner = self.compare(&column);
                format!("NOT ({inner})")
            }
            2 => self.among(sources),
            _ => self.compare(&column),
        }
    }

    /// A condition by the rows of another table.
    fn among(&mut self, sources: &[Source]) -> String {
        self.probes = true;
        let alias = self.alias("s");
        let table = *self.random.pick(&["customers", "accounts"]).expect("there are some");
        let inner = Source { alias: alias.clone(), columns: columns_of(table, &alias), order: Vec::new(), table };
        let outer = self.random.pick(sources).expect("something is in FROM").clone();
        let by = self.column(std::slice::from_ref(&inner));
        let further = self.compare(&by);
        let not = if self.random.once_in(4) { "NOT " } else { "" };
        match link(&inner, &outer) {
            Some(link) if self.random.once_in(2) => format!("{not}EXISTS (SELECT 1 FROM {table} {alias} WHERE {link} AND {further})"),
            Some(link) => {
                let (left, right) = link.split_once(" = ").expect("a link is an equation");
                format!("{right} {not}IN (SELECT {left} FROM {table} {alias} WHERE {further})")
            }
            None => self.compare(&by.clone()).replace(&by.text, &format!("(SELECT count(*) FROM {table})")),
        }
    }
}

/// What joins two sources by a person's key, or by something else that both have.
pub fn link(left: &Source, right: &Source) -> Option<String> {
    const KEYS: [&str; 2] = ["id", "customer_id"];
    const OTHERS: [&str; 3] = ["city", "k", "caller"];
    let first = |names: &[&str], source: &Source| {
        names.iter().find(|name| source.columns.iter().any(|column| column.name == **name)).map(|name| format!("{}.{name}", source.alias))
    };
    if left.table == "branches" || right.table == "branches" {
        return Some(format!("{} = {}", first(&["city", "branch", "k"], left)?, first(&["city", "branch", "k"], right)?));
    }
    match (first(&KEYS, left), first(&KEYS, right)) {
        (Some(left), Some(right)) => Some(format!("{left} = {right}")),
        _ => Some(format!("{} = {}", first(&OTHERS[1..], left)?, first(&OTHERS[1..], right)?)),
    }
}
