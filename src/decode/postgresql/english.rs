//! The server's own messages in English, whatever language it speaks: connections, plain statements, durations.
//!
//! What follows a known beginning is kept as it is; a message that is not known stays as it is.

use std::borrow::Cow;

const RECEIVED: [&str; 14] = [
    "connection received: ",
    "已接收到连接: ",
    "接收到连接: ",
    "連線已接收: ",
    "接続を受け付けました: ",
    "접속 수락: ",
    "Verbindung empfangen: ",
    "connexion reçue : ",
    "conexión recibida: ",
    "connessione ricevuta: ",
    "принято подключение: ",
    "з'єднання отримано: ",
    "ansluting mottagen: ",
    "შემოსული დაკავშირება: ",
];

const AUTHORIZED: [&str; 13] = [
    "connection authorized: ",
    "连接已授权: ",
    "連線已授權: ",
    "接続の認証完了: ",
    "연결 인증: ",
    "Verbindung autorisiert: ",
    "connexion autorisée : ",
    "conexión autorizada: ",
    "connessione autorizzata: ",
    "подключение авторизовано: ",
    "підключення авторизовано: ",
    "anslutning auktoriserad: ",
    "შეერთება ავტორიზებულია: ",
];

const REPLICATION: [&str; 14] = [
    "replication connection authorized: ",
    "复制连接已授权: ",
    "复制连接已经授权: ",
    "複寫連線已授權: ",
    "レプリケーション接続の認証完了: ",
    "복제 연결 인증: ",
    "Replikationsverbindung autorisiert: ",
    "connexion de réplication autorisée : ",
    "conexión de replicación autorizada: ",
    "connessione di replica autorizzata: ",
    "подключение для репликации авторизовано: ",
    "підключення для реплікації авторизовано: ",
    "replikeringsanslutning auktoriserad: ",
    "რეპლიკაციის შეერთება ავტორიზებულია: ",
];

const ENDED: [&str; 12] = [
    "disconnection: ",
    "断开连接: ",
    "中斷連線: ",
    "接続を切断: ",
    "연결종료: ",
    "Verbindungsende: ",
    "déconnexion : ",
    "desconexión: ",
    "disconnessione: ",
    "отключение: ",
    "відключення: ",
    "nedkoppling: ",
];

const DATABASE: [&str; 12] = [
    " database=",
    " 数据库=",
    " 資料庫=",
    " データベース=",
    " 데이터베이스=",
    " Datenbank=",
    " base de données ",
    " base_de_datos=",
    " database ",
    " база=",
    " ბაზა=",
    "databas=",
];

const APPLICATION: [&str; 5] =
    [" application_name=", " nombre_de_aplicación=", " приложение=", " applikationsnamn=", " აპლიკაციის_სახელი="];

const DURATION: [&str; 15] = [
    "耗时: ",
    "执行时间: ",
    "持續時間: ",
    "期間: ",
    "실행시간: ",
    "수행시간: ",
    "Dauer: ",
    "durée : ",
    "duración: ",
    "durata: ",
    "продолжительность: ",
    "тривалість: ",
    "varaktighet: ",
    "varaktighet ",
    "ხანგრძლივობა: ",
];

const UNITS: [&str; 6] = [" ms", " 毫秒", " ミリ秒", " мс", " მწმs", " მწმ"];

const STATEMENT: [&str; 12] = [
    "语句: ",
    "陳述式: ",
    "文: ",
    "명령 구문: ",
    "Anweisung: ",
    "instruction : ",
    "sentencia: ",
    "istruzione: ",
    "оператор: ",
    "sats: ",
    "ოპერატორი: ",
    "გამოსახულება: ",
];

/// Further rows of a portal: no statement of their own.
const FETCH: [&str; 12] = [
    "执行提取，来源为",
    "执行FETCH操作",
    "執行擷取，來源為",
    "取り出し実行",
    "자료뽑기",
    "Ausführen Fetch von",
    "exécute fetch à partir de",
    "ejecutar fetch desde",
    "esecuzione di fetch da",
    "выборка из",
    "виконати витягнення з",
    "kör hämtning från",
];

const EXECUTE: [&str; 11] =
    ["执行", "執行", "実行", "쿼리실행", "Ausführen ", "exécute ", "ejecutar ", "esecuzione di ", "выполнение ", "виконувати ", "kör "];

const PARAMETERS: [&str; 10] = [
    "参数: ",
    "參數: ",
    "パラメータ: ",
    "매개 변수: ",
    "Parameter: ",
    "paramètres : ",
    "parámetros: ",
    "parametri: ",
    "параметры: ",
    "parametrar: ",
];

/// ` at character 15` at the end of a message, as (before, after).
const PLACES: [(&str, &str); 14] = [
    (" at character ", ""),
    (" 第 ", " 个字符处"),
    (" 第", "个字符处"),
    (" 在第 ", " 個字元處"),
    ("(", "文字目)"),
    (" ", " 번째 문자 부근"),
    (" bei Zeichen ", ""),
    (" au caractère ", ""),
    (" en carácter ", ""),
    (" al carattere ", ""),
    (" (символ ", ")"),
    (" символ ", ""),
    (" vid tecken ", ""),
    (" სიმბოლოსთან ", ""),
];

const ENGLISH: [&str; 7] = [
    "AUDIT: ",
    "duration: ",
    "statement: ",
    "disconnection: ",
    "connection received: host=",
    "connection authorized: user=",
    "replication connection authorized: user=",
];

/// A message of severity LOG in English.
pub(super) fn message(message: Cow<'_, str>) -> Cow<'_, str> {
    // Beginnings that are English already and by far the most.
    if ENGLISH.iter().any(|start| message.starts_with(start)) {
        return message;
    }
    if let Some(rest) = strip(&message, &RECEIVED) {
        // `host=… port=…`, in whatever words.
        let host = rest.split_once('=').map_or(rest, |(_, host)| host);
        let (host, port) = host.split_once(' ').unwrap_or((host, ""));
        let port = port.split_once('=').map_or(String::new(), |(_, port)| format!(" port={port}"));
        return Cow::Owned(format!("connection received: host={host}{port}"));
    }
    if let Some(rest) = strip(&message, &AUTHORIZED) {
        return Cow::Owned(format!("connection authorized: {}", authorized(rest)));
    }
    if let Some(rest) = strip(&message, &REPLICATION) {
        return Cow::Owned(format!("replication connection authorized: {}", authorized(rest)));
    }
    if let Some(rest) = strip(&message, &ENDED) {
        return Cow::Owned(format!("disconnection: {rest}"));
    }
    if let Some(rest) = strip(&message, &DURATION) {
        return timed(rest).map_or_else(|| message.clone(), Cow::Owned);
    }
    match step(&message) {
        Some(step) => Cow::Owned(step),
        None => message,
    }
}

/// The bind values of a detail under their English name.
pub(super) fn detail(detail: Cow<'_, str>) -> Cow<'_, str> {
    match strip(&detail, &PARAMETERS) {
        Some(rest) => Cow::Owned(format!("parameters: {rest}")),
        None => detail,
    }
}

/// A message without the place in the statement that stderr puts behind it, and whether there was one.
pub(super) fn without_place(message: &str) -> (&str, bool) {
    for (before, after) in PLACES {
        let Some(head) = message.strip_suffix(after) else { continue };
        let digits = head.bytes().rev().take_while(u8::is_ascii_digit).count();
        let number = head.len() - digits;
        if let Some(found) = head[..number].strip_suffix(before).filter(|_| matches!(digits, 1..=10)) {
            return (found, true);
        }
    }
    (message, false)
}

/// The host of a line about a new connection.
pub(super) fn host_of(message: &str) -> Option<&str> {
    let rest = message.strip_prefix("connection received: host=")?;
    Some(rest.split_once(" port=").map_or(rest, |(host, _)| host)).filter(|host| !host.is_empty())
}

/// The user and database of a line about a login.
pub(super) fn login_of(message: &str) -> Option<(&str, Option<&str>)> {
    let rest = message.strip_prefix("replication ").unwrap_or(message).strip_prefix("connection authorized: user=")?;
    let until =
        |text: &'_ str| [" database=", " application_name=", " SSL enabled", " GSS ("].iter().filter_map(|end| text.find(end)).min();
    let end = until(rest).unwrap_or(rest.len());
    let database = rest[end..].strip_prefix(" database=").map(|database| &database[..until(database).unwrap_or(database.len())]);
    Some((&rest[..end], database))
}

fn strip<'t>(text: &'t str, starts: &[&str]) -> Option<&'t str> {
    // Every message is held against all of them.
    let first = text.as_bytes().first();
    starts.iter().filter(|start| start.as_bytes().first() == first).find_map(|start| text.strip_prefix(start))
}

/// `user=… database=… application_name=…` from the words of another language.
fn authorized(rest: &str) -> String {
    let rest = rest.split_once('=').map_or(rest, |(_, user)| user);
    let find = |text: &str, names: &[&str]| {
        names.iter().filter_map(|name| text.find(name).map(|at| (at, at + name.len()))).min_by_key(|(at, _)| *at)
    };
    let (rest, application) = match find(rest, &APPLICATION) {
        Some((at, value)) => (&rest[..at], format!(" application_name={}", &rest[value..])),
        None => (rest, String::new()),
    };
    match find(rest, &DATABASE) {
        Some((at, value)) => format!("user={} database={}{application}", &rest[..at], &rest[value..]),
        None => format!("user={rest}{application}"),
    }
}

/// `12.3 ms  statement: …` behind the word for duration.
fn timed(rest: &str) -> Option<String> {
    let number = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
    let after = strip(&rest[number..], &UNITS)?;
    let said = after.trim_start_matches([',', ' ']);
    let said = step(said).unwrap_or_else(|| said.to_owned());
    Some(if said.is_empty() { format!("duration: {} ms", &rest[..number]) } else { format!("duration: {} ms  {said}", &rest[..number]) })
}

/// `statement: …`, `execute NAME: …`.
fn step(text: &str) -> Option<String> {
    if let Some(statement) = strip(text, &STATEMENT) {
        return Some(format!("statement: {statement}"));
    }
    if let Some(fetch) = strip(text, &FETCH) {
        return Some(format!("execute fetch from {}", fetch.trim_start()));
    }
    let named = strip(text, &EXECUTE)?.trim_start();
    // The word is also that of other messages; a portal's name stands before a colon.
    named.split_once(": ").filter(|(name, _)| !name.contains(char::is_whitespace)).map(|_| format!("execute {named}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn english(text: &str) -> String {
        message(Cow::Borrowed(text)).into_owned()
    }

    #[test]
    fn connections_are_read_in_several_languages() {
        for text in
            ["connection received: host=10.0.0.1 port=5", "已接收到连接: 主机=10.0.0.1 端口=5", "connexion reçue : hôte=10.0.0.1 port=5"]
        {
            assert_eq!(english(text), "connection received: host=10.0.0.1 port=5");
        }
        assert_eq!(english("Verbindung empfangen: Host=[local]"), "connection received: host=[local]");
        for text in [
            "connection authorized: user=a database=b application_name=c d",
            "连接已授权: 用户=a 数据库=b application_name=c d",
            "подключение авторизовано: пользователь=a база=b приложение=c d",
            "connexion autorisée : utilisateur=a base de données b application_name=c d",
        ] {
            assert_eq!(english(text), "connection authorized: user=a database=b application_name=c d");
        }
        assert_eq!(english("复制连接已经授权: 用户=a application_name=c"), "replication connection authorized: user=a application_name=c");
        assert_eq!(english("断开连接: 会话时间: 0:00"), "disconnection: 会话时间: 0:00");
        assert_eq!(host_of("connection received: host=::1 port=7"), Some("::1"));
        assert_eq!(login_of("connection authorized: user=a b database=c application_name=d"), Some(("a b", Some("c"))));
        assert_eq!(login_of("replication connection authorized: user=a"), Some(("a", None)));
    }

    #[test]
    fn statements_and_durations_are_read_in_several_languages() {
        for text in [
            "执行时间: 1.5 ms 语句: SELECT 1",
            "耗时: 1.5 ms  语句: SELECT 1",
            "durée : 1.5 ms, instruction : SELECT 1",
            "期間: 1.5 ミリ秒  文: SELECT 1",
        ] {
            assert_eq!(english(text), "duration: 1.5 ms  statement: SELECT 1");
        }
        assert_eq!(english("执行时间: 1.5 ms 执行<unnamed>: SELECT $1"), "duration: 1.5 ms  execute <unnamed>: SELECT $1");
        assert_eq!(english("执行 S_1: SELECT $1"), "execute S_1: SELECT $1");
        assert_eq!(english("执行时间: 1.5 ms"), "duration: 1.5 ms");
        assert_eq!(english("Anweisung: SELECT 1"), "statement: SELECT 1");
        assert_eq!(english("执行 其他 动作: x"), "执行 其他 动作: x");
        assert_eq!(detail("参数: $1 = '4'".into()), "parameters: $1 = '4'");
    }

    #[test]
    fn the_place_in_the_statement_comes_off() {
        assert_eq!(without_place("column \"x\" does not exist at character 40"), ("column \"x\" does not exist", true));
        assert_eq!(without_place("字段 \"x\" 不存在 第 40 个字符处"), ("字段 \"x\" 不存在", true));
        assert_eq!(without_place("エラー(3文字目)"), ("エラー", true));
        assert_eq!(without_place("at character x"), ("at character x", false));
        assert_eq!(without_place(""), ("", false));
    }
}
