//! pgaudit's lines: CSV inside of a log message, with the bind values as CSV inside of that.

/// One `AUDIT:` message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Audit {
    /// Number of the top-level statement in its session.
    pub statement_id: u64,
    /// Number of the line within the statement.
    pub substatement_id: u64,
    /// `READ`, `WRITE`, `FUNCTION`, `ROLE`, `DDL`, `MISC`, `MISC_SET`.
    pub class: String,
    /// `SELECT`, `COPY`, `DECLARE CURSOR` …
    pub command: String,
    /// `TABLE`, `VIEW`, `FUNCTION` … or empty.
    pub object_type: String,
    /// `schema.name` or empty.
    pub object: String,
    /// The statement; nothing where it was logged before or is not logged.
    pub statement: Said<String>,
    /// Bind values; nothing where there are none or they are not logged.
    pub binds: Said<Vec<Option<String>>>,
    /// Result rows, where `log_rows` is on.
    pub rows: Option<u64>,
}

/// A field that pgaudit may leave out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Said<T> {
    /// As given.
    Here(T),
    /// `<previously logged>`: as on the first line of the statement.
    Before,
    /// `<none>` or `<not logged>`.
    Nothing,
}

/// Reads the part of a message behind `AUDIT: `; `None` where it is not of that form.
pub(super) fn parse(message: &str) -> Option<Audit> {
    audit(fields(message)?)
}

/// The same of one that was cut within a quoted field: what there is of it, without rows. Nobody knows what stood behind.
pub(super) fn parse_cut(message: &str) -> Option<Audit> {
    let mut fields = fields(&format!("{message}\""))?;
    fields.resize_with(fields.len().max(8), String::new);
    fields.truncate(8);
    let audit = audit(fields)?;
    Some(Audit { rows: None, ..audit })
}

fn audit(mut fields: Vec<String>) -> Option<Audit> {
    // log_rows appends a field; so does a later version's client data, which is no number and is ignored.
    let rows = if fields.len() > 9 { fields.get(9).and_then(|rows| rows.trim().parse().ok()) } else { None };
    if fields.len() < 8 || !matches!(fields[0].as_str(), "SESSION" | "OBJECT") {
        return None;
    }
    let mut take = |at: usize| std::mem::take(&mut fields[at]);
    let (statement_id, substatement_id) = (take(1).parse().ok()?, take(2).parse().ok()?);
    let (class, command, object_type, object) = (take(3), take(4), take(5), take(6));
    let statement = match take(7) {
        text if text == "<previously logged>" => Said::Before,
        text if text == "<not logged>" => Said::Nothing,
        text => Said::Here(text),
    };
    let binds = match fields.get(8).map_or("<not logged>", String::as_str) {
        "<previously logged>" => Said::Before,
        "<not logged>" | "<none>" => Said::Nothing,
        list => Said::Here(binds(list)),
    };
    Some(Audit { statement_id, substatement_id, class, command, object_type, object, statement, binds, rows })
}

/// The bind values of a list. NULL and the empty text look the same in it, so both are taken as not said.
fn binds(list: &str) -> Vec<Option<String>> {
    let values = fields(list).unwrap_or_default();
    values
        .into_iter()
        .map(|value| Some(value).filter(|value| !value.is_empty() && value != "<long param suppressed>"))
        .map(unquoted)
        .collect()
}

/// An array value is quoted once more: `"{1,2}"`.
fn unquoted(value: Option<String>) -> Option<String> {
    value.map(|value| match value.strip_prefix('"').and_then(|inner| inner.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => value,
    })
}

/// Most fields of one list.
const MOST_FIELDS: usize = 65_536;

/// The fields of one CSV record, which may run over lines.
fn fields(text: &str) -> Option<Vec<String>> {
    let (mut fields, mut rest) = (Vec::new(), text);
    loop {
        if fields.len() >= MOST_FIELDS {
            return None;
        }
        if let Some(quoted) = rest.strip_prefix('"') {
            let (field, after) = quoted_field(quoted)?;
            fields.push(field);
            match after.strip_prefix(',') {
                Some(next) => rest = next,
                None if after.is_empty() => return Some(fields),
                None => return None,
            }
        } else {
            match rest.split_once(',') {
                Some((field, next)) => {
                    fields.push(field.to_owned());
                    rest = next;
                }
                None => {
                    fields.push(rest.to_owned());
                    return Some(fields);
                }
            }
        }
    }
}

fn quoted_field(text: &str) -> Option<(String, &str)> {
    let (mut field, mut rest) = (String::new(), text);
    loop {
        let end = rest.find('"')?;
        field.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            Some(next) => {
                field.push('"');
                rest = next;
            }
            None => return Some((field, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_csv_and_its_binds_are_csv_inside() {
        let line =
            "SESSION,7,1,READ,SELECT,,,\"SELECT name FROM t WHERE a = $1 OR b = $2\",\",\"\"a,\"\"\"\"b\"\"\"\"\n'c'\\d\"\",4321\",3";
        let audit = parse(line).expect("is a line");
        assert_eq!((audit.statement_id, audit.rows), (7, Some(3)));
        assert_eq!(audit.statement, Said::Here("SELECT name FROM t WHERE a = $1 OR b = $2".to_owned()));
        let binds = vec![None, Some("a,\"b\"\n'c'\\d".to_owned()), Some("4321".to_owned())];
        assert_eq!(audit.binds, Said::Here(binds));
    }

    #[test]
    fn arrays_lose_their_second_quotes() {
        let audit = parse("SESSION,1,1,READ,SELECT,,,SELECT 1,\"\"\"{1,2,3}\"\"\",3").expect("is a line");
        assert_eq!(audit.binds, Said::Here(vec![Some("{1,2,3}".to_owned())]));
    }

    #[test]
    fn what_was_logged_before_or_not_at_all_is_said_so() {
        let audit = parse("OBJECT,1,2,READ,SELECT,TABLE,crm.customers,<previously logged>,<previously logged>").expect("is a line");
        assert_eq!((audit.statement, audit.binds, audit.rows), (Said::Before, Said::Before, None));
        let audit = parse("SESSION,1,1,READ,SELECT,,,SELECT 1,<not logged>,5").expect("is a line");
        assert_eq!((audit.binds, audit.rows), (Said::Nothing, Some(5)));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "SESSION,1", "SESSION,x,1,READ,SELECT,,,a,b", "SESSION,1,1,READ,SELECT,,,\"open", "LOG,1,1,READ,SELECT,,,a,b"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
