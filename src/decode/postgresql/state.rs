//! SQLSTATE of the messages that matter, for logs whose prefix has no `%e`.
//!
//! Only what decides how a statement ended: whether it never ran, or the client was lost. The words are those of the server in
//! English and Chinese. A function can raise the same words, but then the log has its context; `log_error_verbosity = terse`
//! leaves contexts out, so there `%e` should stand in the prefix.

/// (how it begins, how it ends, state).
const STATES: [(&str, &str, &str); 49] = [
    ("permission denied for ", "", "42501"),
    ("must be owner of ", "", "42501"),
    ("对表 ", "", "42501"),
    ("对视图 ", "", "42501"),
    ("对关系 ", "", "42501"),
    ("对模式 ", "", "42501"),
    ("对物化视图 ", "", "42501"),
    ("对外部表 ", "", "42501"),
    ("访问外部表", "", "42501"),
    ("current transaction is aborted", "", "25P02"),
    ("当前事务被终止", "", "25P02"),
    ("当前事务已中止", "", "25P02"),
    ("syntax error", "", "42601"),
    ("语法错误", "", "42601"),
    ("unterminated ", "", "42601"),
    ("relation ", " does not exist", "42P01"),
    ("关系 ", " 不存在", "42P01"),
    ("missing FROM-clause entry for ", "", "42P01"),
    ("invalid reference to FROM-clause entry for ", "", "42P01"),
    ("column ", " does not exist", "42703"),
    ("字段 ", " 不存在", "42703"),
    ("列 ", " 不存在", "42703"),
    ("function ", " does not exist", "42883"),
    ("procedure ", " does not exist", "42883"),
    ("operator does not exist: ", "", "42883"),
    ("函数 ", " 不存在", "42883"),
    ("操作符不存在: ", "", "42883"),
    ("type ", " does not exist", "42704"),
    ("column reference ", " is ambiguous", "42702"),
    ("column ", " must appear in the GROUP BY clause or be used in an aggregate function", "42803"),
    ("schema ", " does not exist", "3F000"),
    ("模式 ", " 不存在", "3F000"),
    ("prepared statement ", " does not exist", "26000"),
    ("准备好的语句 ", " 不存在", "26000"),
    ("预备语句 ", " 不存在", "26000"),
    ("cursor ", " does not exist", "34000"),
    ("游标 ", " 不存在", "34000"),
    ("database ", " does not exist", "3D000"),
    ("role ", " does not exist", "28000"),
    ("no pg_hba.conf entry for ", "", "28000"),
    ("password authentication failed for user ", "", "28P01"),
    ("could not send data to client", "", "08006"),
    ("could not receive data from client", "", "08006"),
    ("connection to client lost", "", "08006"),
    ("unexpected EOF on client connection", "", "08006"),
    ("无法发送数据给客户端", "", "08006"),
    ("无法向客户端发送数据", "", "08006"),
    ("丢失了到客户端的连接", "", "08006"),
    ("到客户端的连接已丢失", "", "08006"),
];

/// The state of a message without its place in the statement.
pub(super) fn of_message(message: &str) -> Option<&'static str> {
    STATES.iter().find(|(start, end, _)| message.starts_with(start) && message.ends_with(end)).map(|(_, _, state)| *state)
}

/// `42P01: ` at the beginning of a message, as `log_error_verbosity = verbose` writes it, and the rest.
pub(super) fn leading(message: &str) -> Option<(&str, &str)> {
    let (state, rest) = message.split_at_checked(5)?;
    let rest = rest.strip_prefix(": ")?;
    is_state(state).then_some((state, rest))
}

/// Whether the word is a SQLSTATE of a class that the server has.
pub(super) fn is_state(word: &str) -> bool {
    let classed =
        word.as_bytes().first().is_some_and(u8::is_ascii_digit) || ["F0", "HV", "P0", "XX"].iter().any(|class| word.starts_with(class));
    word.len() == 5 && classed && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_tell_their_state() {
        assert_eq!(of_message("permission denied for table accounts"), Some("42501"));
        assert_eq!(of_message("对表 accounts 权限不够"), Some("42501"));
        assert_eq!(of_message("relation \"crm.x\" does not exist"), Some("42P01"));
        assert_eq!(of_message("字段 \"x\" 不存在"), Some("42703"));
        assert_eq!(of_message("division by zero"), None);
    }

    #[test]
    fn verbose_messages_begin_with_their_state() {
        assert_eq!(leading("00000: AUDIT: SESSION"), Some(("00000", "AUDIT: SESSION")));
        assert_eq!(leading("XX000: x"), Some(("XX000", "x")));
        assert_eq!(leading("AUDIT: SESSION"), None);
        assert_eq!(leading("日志日志"), None);
    }
}
