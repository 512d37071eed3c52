//! What a statement reads: tables, columns that leave, how the rows were chosen, and what bounds their number.
//!
//! Owns the understanding of SQL text, and nothing of whose data it is: which columns are personal is the catalog's
//! matter. What cannot be parsed degrades to the tables that its words name, and says so; it never degrades to nothing.
//! Every text is taken as hostile: length, nesting and the number of parts are capped, and no text panics.

pub mod auditing;
mod batch;
mod cache;
mod call;
mod called;
mod commands;
pub mod comment;
pub mod contains;
mod copies;
mod cte;
mod dialect;
mod expr;
mod from;
mod functions;
mod grouped;
mod hints;
mod join;
mod lexer;
mod making;
mod modify;
mod output;
mod parse;
pub mod plan;
mod predicate;
mod query;
mod several;
pub mod split;
mod statement;
pub mod system;
mod tokens;
mod walk;
mod wrapped;
mod written;

use crate::model::record::Dialect;
pub use making::{Made, MadeColumn, Making, OriginColumn};
pub use predicate::array_elements;
use std::collections::BTreeSet;
use std::rc::Rc;
pub use written::WrittenRows;

/// Longest text that is parsed, in bytes; of a longer one only the tables that its first part names are known.
pub const LONGEST_PARSED: usize = 256 * 1024;

/// What sort of statement it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[expect(missing_docs, reason = "the names are the definition")]
pub enum Class {
    Select,
    Insert,
    Update,
    Delete,
    Merge,
    CopyTo,
    CopyFrom,
    CreateTableAs,
    Explain,
    Ddl,
    Grant,
    Set,
    Transaction,
    Declare,
    Fetch,
    Close,
    Prepare,
    Execute,
    Call,
    Do,
    Show,
    /// A statement that reads nothing: lock, vacuum, listen and the like.
    Maintenance,
    #[default]
    Other,
}

impl Class {
    /// The name printed by `decode`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Select => "select",
            Class::Insert => "insert",
            Class::Update => "update",
            Class::Delete => "delete",
            Class::Merge => "merge",
            Class::CopyTo => "copy_to",
            Class::CopyFrom => "copy_from",
            Class::CreateTableAs => "create_table_as",
            Class::Explain => "explain",
            Class::Ddl => "ddl",
            Class::Grant => "grant",
            Class::Set => "set",
            Class::Transaction => "transaction",
            Class::Declare => "declare",
            Class::Fetch => "fetch",
            Class::Close => "close",
            Class::Prepare => "prepare",
            Class::Execute => "execute",
            Class::Call => "call",
            Class::Do => "do",
            Class::Show => "show",
            Class::Maintenance => "maintenance",
            Class::Other => "other",
        }
    }
}

/// What is known of a statement.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Analysis {
    /// What sort it is.
    pub class: Class,
    /// Whether the text was understood; if not, the tables are those that its words name.
    pub unparsed: bool,
    /// Nothing but comments and space: what was run is not in the text.
    pub blank: bool,
    /// What is read, one for each arm of a set operation; empty where nothing is read.
    pub branches: Vec<Branch>,
    /// Tables that are written.
    pub writes: Vec<String>,
    /// Tables that are made or filled from others, which pass on what is known of them.
    pub makes: Vec<Made>,
    /// Rows that it writes itself.
    pub written: Vec<WrittenRows>,
    /// Tables and views that are dropped.
    pub drops: Vec<String>,
    /// `LIMIT`, `FETCH FIRST`, `TOP` of the whole.
    pub limit: Option<RowLimit>,
    /// The logged number of rows may be smaller than the number of rows read (`ON CONFLICT`, `MERGE`).
    pub rows_may_be_fewer: bool,
    /// It asks for a later page of a list: an offset.
    pub paged: bool,
    /// Clauses follow that are not looked into: an order, a limit, an offset.
    pub trailing: bool,
    /// `UNION`, `INTERSECT` and `EXCEPT` drop rows that are alike.
    pub set_operation: bool,
    /// It fills a materialized view anew: what goes into it only its definition tells.
    pub refreshes: bool,
}

/// The words and names of a text in lower case, without its comments and strings.
pub fn names(text: &str, dialect: Dialect) -> BTreeSet<String> {
    let tokens = lexer::tokens(text, dialect).list;
    tokens.iter().filter(|token| token.names()).map(|token| token.name().to_lowercase()).collect()
}

/// A bound on the number of result rows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RowLimit {
    /// So many.
    Rows(u64),
    /// As many as the bind value of that number says, from 1.
    Bind(usize),
}

/// One block of a query with everything that flows into it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Branch {
    /// Every table that it touches; a table named twice is there twice.
    pub sources: Vec<Source>,
    /// Columns that leave.
    pub output: Vec<Column>,
    /// Columns that leave only as a sum or mean of their group.
    pub summed: Vec<Column>,
    /// Columns that conditions, groups and orders look at.
    pub probes: Vec<Column>,
    /// Columns that are equal on every row shown.
    pub links: Vec<ColumnEquality>,
    /// Columns whose values are listed by the statement.
    pub keys: Vec<ListedKeys>,
    /// How the rows were chosen.
    pub condition: Condition,
    /// One result row need not be one row of one table, nor one of each: set operations, lists and functions that return rows.
    pub multiplied: bool,
    /// A result row is one row of each of several tables.
    pub joined: bool,
    /// Rows were collapsed: an aggregate.
    pub aggregated: bool,
    /// `GROUP BY`: a row stands for a group.
    pub grouped: bool,
    /// `DISTINCT`: rows that are alike are shown once.
    pub distinct: bool,
    /// One value may hold many rows: `string_agg`, `json_agg`, `ARRAY(SELECT …)`.
    pub packed: bool,
    /// Columns that functions were given which leave them where something else finds them: a setting, a variable, a message.
    pub sends: Vec<Column>,
    /// Columns of the output that are shown in some rows and not in others, whatever they hold.
    pub doubtful: Vec<Column>,
    /// Values of which each row shows one of several alternatives: the columns of each.
    pub choices: Vec<Vec<Vec<Column>>>,
    /// Sources of values that stand beside a row: they do not multiply the rows.
    pub beside: Vec<usize>,
    /// Columns of which one value may hold many rows.
    pub packs: Vec<Column>,
    /// Blocks whose rows each show values of several rows: `min`, `max`, a sum of few, a neighbour in a window.
    pub folds: Vec<Fold>,
    /// Which rows take part was chosen: a condition, a limit, a sample.
    pub narrowed: bool,
    /// Rows of the outermost query stand for several: it aggregates or groups.
    pub collapsed: bool,
    /// Values that hold many rows were put together once more, or step by step.
    pub layered: bool,
    /// The outermost query aggregates everything into one row.
    pub single: bool,
    /// Functions that may read tables which the text does not name.
    pub functions: Vec<String>,
    /// One of them takes a query or returns a document: a row of its result may hold anything.
    pub hides_query: bool,
    /// The column of which no two rows have the same value: `SELECT DISTINCT column`, `GROUP BY column`.
    pub unique: Option<Column>,
    /// Subqueries of which only the outcome is shown: whether there is such a row.
    pub tests: Vec<ExistenceTest>,
}

/// A block of which one row shows values of several rows.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fold {
    /// The values.
    pub values: Vec<FoldValue>,
    /// The columns by which its rows are grouped, where it is grouped by bare columns alone.
    pub keys: Vec<Column>,
    /// Beside the values a row of its own is shown.
    pub own: bool,
    /// Some of the values are those of other rows of a window, whatever the group.
    pub windowed: bool,
}

/// A value of one row, shown in a row that stands for many.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct FoldValue {
    /// The columns that flow into it.
    pub columns: Vec<Column>,
    /// Of how many rows it may tell.
    pub times: u64,
    /// The value itself is not shown, but whether there is such a row.
    pub asked: bool,
}

/// A subquery whose rows are not shown, but whether there are any.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ExistenceTest {
    /// Columns that its conditions look at.
    pub columns: Vec<Column>,
    /// Columns whose values they list.
    pub keys: Vec<ListedKeys>,
}

/// A table as it takes part in a query.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    /// As the statement names it, unquoted: `schema.table` or `table`.
    pub table: String,
    /// Whether its rows flow into the result, or are only looked at by a condition.
    pub flows: bool,
}

/// A column of a source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Column {
    /// Index into the branch's sources.
    pub source: usize,
    /// Its name, or all of them where `None`.
    pub name: Option<String>,
}

/// Two columns that are equal on every row shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ColumnEquality {
    /// The one.
    pub left: Column,
    /// The other.
    pub right: Column,
    /// A list of values for the left one limits the right one too.
    pub forth: bool,
    /// A list of values for the right one limits the left one too.
    pub back: bool,
}

/// The values that a column may have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ListedKeys {
    /// The column.
    pub column: Column,
    /// The values.
    pub values: Vec<KeyValue>,
}

/// A value that a statement compares a column with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum KeyValue {
    /// Written in the text.
    Literal(String),
    /// Written in the text as a number. A column of text compared with it is taken for a number first by some servers.
    Number(String),
    /// The bind value of that number, from 1.
    Bind(usize),
    /// The elements of the array in the bind value of that number.
    BindArray(usize),
    /// A variable of a function's body: a name that is no column.
    Variable(String),
}

/// How the rows of a block were chosen.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Condition {
    /// Not at all.
    #[default]
    None,
    /// By something that is none of the following.
    Other,
    /// By a range.
    Range,
    /// By a prefix or pattern.
    Pattern,
    /// By listed values.
    Keys,
}

/// What the statements of a text read. Several statements are taken together; [`split::statements`] takes them apart.
pub fn analyse(text: &str, dialect: Dialect) -> Rc<Analysis> {
    cache::cached(text, dialect, analyse_anew)
}

/// The text that a statement runs which stands inside of it, with its values: `sp_executesql N'…'`.
pub fn inner_text(text: &str, dialect: Dialect) -> Option<String> {
    match wrapped::wrapped(text, dialect)? {
        wrapped::Wrapped::Runs(text) => Some(text),
        _ => None,
    }
}

/// Whether a word of a text could put several rows into one value.
pub fn may_pack(text: &str, dialect: Dialect) -> bool {
    cache::may_pack(text, dialect, analyse_anew, |text, dialect| tokens::named(text, dialect).packs)
}

/// Whether no server takes the text for a statement: it begins with a word that begins none. What merely is not understood here
/// may run elsewhere.
///
/// Where a bare name calls a procedure, any word may begin a statement.
pub fn is_no_statement(text: &str, dialect: Dialect) -> bool {
    cache::is_no_statement(text, dialect, analyse_anew, several::is_no_statement)
}

/// The same without what is remembered of texts like it.
pub fn analyse_anew(text: &str, dialect: Dialect) -> Analysis {
    several::analyse(text, dialect, 0)
}
