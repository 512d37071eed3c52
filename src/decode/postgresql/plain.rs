//! Plain statement lines: `log_statement`, `log_min_duration_statement`.

/// A statement as a plain line gives it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Plain<'m> {
    pub text: &'m str,
    /// It has a duration, so it was logged when the statement had ended.
    pub timed: bool,
    /// The extended protocol ran it, by a portal.
    pub portal: bool,
}

/// Reads `statement: …`, `execute NAME: …`, with or without `duration: … ms` before it. Parse and bind steps run nothing, and
/// a later fetch from a portal goes on with a statement that is already told.
pub(super) fn parse(message: &str) -> Option<Plain<'_>> {
    let timed = message.starts_with("duration: ");
    let rest = match message.strip_prefix("duration: ") {
        // Some collectors make one blank of two.
        Some(rest) => rest.split_once(" ms ")?.1.trim_start(),
        None => message,
    };
    for word in ["statement: ", "语句: ", "语句："] {
        if let Some(text) = rest.strip_prefix(word) {
            return Some(Plain { text, timed, portal: false });
        }
    }
    let execute = rest.strip_prefix("execute ").or_else(|| rest.strip_prefix("执行 "))?;
    if execute.starts_with("fetch from ") {
        return None;
    }
    let (name, text) = execute.split_once(": ")?;
    // `execute q: …` names a prepared statement, of which the colon may not be the first.
    (!name.is_empty()).then_some(Plain { text, timed, portal: true })
}

/// Bind values of a detail: `parameters: $1 = '43', $2 = NULL`.
pub(super) fn parameters(detail: &str) -> Vec<Option<String>> {
    const STARTS: [&str; 5] = ["parameters: ", "Parameters: ", "参数: ", "参数：", "parameters："];
    STARTS.iter().find_map(|start| detail.strip_prefix(start)).map_or_else(Vec::new, values)
}

/// The values of a list: `$1 = '43', $2 = NULL`.
pub(super) fn values(list: &str) -> Vec<Option<String>> {
    let (mut rest, mut values) = (list, Vec::new());
    while let Some((_, value)) = rest.split_once(" = ") {
        if let Some(quoted) = value.strip_prefix('\'') {
            let Some((text, after)) = quoted_text(quoted) else { break };
            values.push(Some(text));
            rest = after;
        } else {
            let end = value.find(',').unwrap_or(value.len());
            let word = value[..end].trim();
            values.push((word != "NULL").then(|| word.to_owned()));
            rest = &value[end..];
        }
        if values.len() >= MOST_PARAMETERS {
            break;
        }
    }
    values
}

/// Most bind values that are read; the protocol has no more.
const MOST_PARAMETERS: usize = 65_535;

fn quoted_text(text: &str) -> Option<(String, &str)> {
    let (mut value, mut rest) = (String::new(), text);
    loop {
        let end = rest.find('\'')?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('\'') {
            Some(next) => {
                value.push('\'');
                rest = next;
            }
            None => return Some((value, rest)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_found_with_and_without_duration() {
        let text = |message| parse(message).map(|plain| plain.text);
        assert_eq!(text("statement: SELECT 1"), Some("SELECT 1"));
        assert_eq!(text("duration: 0.1 ms  execute <unnamed>: SELECT $1"), Some("SELECT $1"));
        assert_eq!(text("execute S_1: SELECT ': '"), Some("SELECT ': '"));
        assert_eq!(text("duration: 0.1 ms  bind <unnamed>: SELECT $1"), None);
        assert_eq!(text("duration: 0.1 ms"), None);
        assert_eq!(text("execute fetch from <unnamed>: SELECT 1"), None);
        assert_eq!(text("checkpoint starting: time"), None);
    }

    #[test]
    fn parameters_keep_quotes_and_nulls() {
        assert_eq!(
            parameters("parameters: $1 = '4''3', $2 = NULL, $3 = 'a, $4 = b'"),
            [Some("4'3".to_owned()), None, Some("a, $4 = b".to_owned())]
        );
        assert!(parameters("something else").is_empty());
    }
}
