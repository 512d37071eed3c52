//! The words before the colon of a line on stderr, in the languages that the server speaks (`lc_messages`).

use crate::decode::postgresql::line::Severity;
use hashbrown::HashMap;
use std::sync::LazyLock;

/// What the text behind a word is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Label {
    /// A message begins.
    Message(Severity),
    Detail,
    /// The statement that was being run.
    Statement,
    /// The functions within which it happened.
    Context,
    /// A statement within a function. An error's place is then in it.
    Query,
    /// Hints, places in the source of the server, stacks: nothing that is needed here.
    Other,
}

use Label::{Context, Detail, Message, Other, Query, Statement};
const LOG: Label = Message(Severity::Log);
const ERROR: Label = Message(Severity::Error);
const FATAL: Label = Message(Severity::Fatal);
const NOTICE: Label = Message(Severity::Notice);

/// English first: most logs are. Catalogs of different releases differ, so some languages have several words for one thing.
#[rustfmt::skip]
const WORDS: &[(&str, Label)] = &[
    ("LOG", LOG), ("ERROR", ERROR), ("STATEMENT", Statement), ("DETAIL", Detail), ("FATAL", FATAL), ("CONTEXT", Context),
    ("HINT", Other), ("QUERY", Query), ("WARNING", NOTICE), ("NOTICE", NOTICE), ("INFO", NOTICE), ("DEBUG", NOTICE),
    ("PANIC", FATAL), ("LOCATION", Other), ("BACKTRACE", Other),
    // Chinese
    ("日志", LOG), ("错误", ERROR), ("致命错误", FATAL), ("灾难性错误", FATAL), ("比致命错误还过分的错误", FATAL), ("警告", NOTICE),
    ("注意", NOTICE), ("信息", NOTICE), ("调试", NOTICE), ("详细信息", Detail), ("详情", Detail), ("提示", Other), ("查询", Query),
    ("上下文", Context), ("语句", Statement), ("位置", Other), ("回溯", Other),
    ("日誌", LOG), ("記錄", LOG), ("錯誤", ERROR), ("致命錯誤", FATAL), ("嚴重錯誤", FATAL), ("資訊", NOTICE), ("除錯", NOTICE),
    ("詳情", Detail), ("詳細內容", Detail), ("查詢", Query), ("陳述式", Statement), ("敘述", Statement),
    // Japanese
    ("詳細", Detail), ("ヒント", Other), ("問い合わせ", Query), ("クエリー", Query), ("文脈", Context), ("コンテキスト", Context),
    ("文", Statement), ("ステートメント", Statement), ("場所", Other), ("バックトレース", Other),
    ("ログ", LOG), ("エラー", ERROR), ("致命的エラー", FATAL), ("パニック", FATAL),
    // Korean
    ("로그", LOG), ("오류", ERROR), ("치명적오류", FATAL), ("손상", FATAL), ("경고", NOTICE), ("알림", NOTICE), ("정보", NOTICE),
    ("디버그", NOTICE), ("상세정보", Detail), ("힌트", Other), ("쿼리", Query), ("내용", Context), ("명령 구문", Statement), ("구문", Statement),
    ("위치", Other), ("역추적", Other),
    // German
    ("FEHLER", ERROR), ("PANIK", FATAL), ("WARNUNG", NOTICE), ("HINWEIS", NOTICE), ("TIPP", Other), ("ANFRAGE", Query),
    ("ZUSAMMENHANG", Context), ("ANWEISUNG", Statement), ("ORT", Other),
    // French
    ("ERREUR", ERROR), ("ATTENTION", NOTICE), ("DÉTAIL", Detail), ("ASTUCE", Other), ("REQUÊTE", Query), ("CONTEXTE", Context),
    ("INSTRUCTION", Statement), ("EMPLACEMENT", Other), ("PILE D'APPEL", Other),
    // Spanish
    ("DETALLE", Detail), ("SUGERENCIA", Other), ("CONSULTA", Query), ("CONTEXTO", Context), ("SENTENCIA", Statement), ("UBICACIÓN", Other),
    // Italian
    ("ERRORE", ERROR), ("FATALE", FATAL), ("PANICO", FATAL), ("ATTENZIONE", NOTICE), ("NOTIFICA", NOTICE), ("DETTAGLI", Detail),
    ("SUGGERIMENTO", Other), ("CONTESTO", Context), ("ISTRUZIONE", Statement), ("POSIZIONE", Other),
    // Portuguese
    ("ERRO", ERROR), ("PÂNICO", FATAL), ("AVISO", NOTICE), ("NOTA", NOTICE), ("DETALHE", Detail), ("DICA", Other), ("COMANDO", Statement),
    // Russian
    ("СООБЩЕНИЕ", LOG), ("ОШИБКА", ERROR), ("ВАЖНО", FATAL), ("ПАНИКА", FATAL), ("ПРЕДУПРЕЖДЕНИЕ", NOTICE), ("ЗАМЕЧАНИЕ", NOTICE),
    ("ИНФОРМАЦИЯ", NOTICE), ("ОТЛАДКА", NOTICE), ("ПОДРОБНОСТИ", Detail), ("ПОДСКАЗКА", Other), ("ЗАПРОС", Query),
    ("КОНТЕКСТ", Context), ("ОПЕРАТОР", Statement), ("КОМАНДА", Statement), ("ПОЛОЖЕНИЕ", Other), ("СТЕК", Other),
    // Ukrainian
    ("ЗАПИСУВАННЯ", LOG), ("ПОМИЛКА", ERROR), ("ФАТАЛЬНО", FATAL), ("ПАНІКА", FATAL), ("ПОПЕРЕДЖЕННЯ", NOTICE), ("ПОВІДОМЛЕННЯ", NOTICE),
    ("ІНФОРМАЦІЯ", NOTICE), ("НАЛАГОДЖЕННЯ", NOTICE), ("ВІДОМОСТІ", Detail), ("УКАЗІВКА", Other), ("ЗАПИТ", Query),
    ("ІНСТРУКЦІЯ", Statement), ("РОЗТАШУВАННЯ", Other), ("ВІДСТЕЖУВАТИ", Other),
    // Swedish
    ("LOGG", LOG), ("FEL", ERROR), ("FATALT", FATAL), ("VARNING", NOTICE), ("NOTIS", NOTICE), ("DETALJ", Detail), ("TIPS", Other),
    ("FRÅGA", Query), ("KONTEXT", Context), ("SATS", Statement), ("PLATS", Other),
    // Polish, Turkish, Georgian
    ("DZIENNIK", LOG), ("BŁĄD", ERROR), ("KATASTROFALNY", FATAL), ("PANIKA", FATAL), ("OSTRZEŻENIE", NOTICE), ("UWAGA", NOTICE),
    ("SZCZEGÓŁY", Detail), ("PODPOWIEDŹ", Other), ("ZAPYTANIE", Query), ("KONTEKST", Context), ("WYRAŻENIE", Statement),
    ("HATA", ERROR), ("ÖLÜMCÜL", FATAL), ("KRİTİK", FATAL), ("UYARI", NOTICE), ("BİLGİ", NOTICE), ("AYRINTI", Detail), ("İPUCU", Other),
    ("SORGU", Query), ("ORTAM", Context), ("İFADE", Statement),
    ("ჟურნალი", LOG), ("შეცდომა", ERROR), ("ფატალური", FATAL), ("პანიკა", FATAL), ("გაფრთხილება", NOTICE), ("ინფორმაცია", NOTICE),
    ("გამართვა", NOTICE), ("დეტალები", Detail), ("მინიშნება", Other), ("მოთხოვნა", Query), ("კონტექსტი", Context), ("ოპერატორი", Statement),
    ("მდებარეობა", Other), ("სტეკი", Other),
];

/// No word is longer, in bytes.
const LONGEST: usize = 48;

/// The label of that word: `LOG`, `错误`.
pub(super) fn label(word: &str) -> Option<Label> {
    // Lines are looked through for these words at many places.
    static LABELS: LazyLock<HashMap<&'static str, Label>> = LazyLock::new(|| WORDS.iter().rev().copied().collect());
    LABELS.get(word).copied()
}

/// The severity of a word of the csvlog, which speaks the server's language too.
pub(super) fn severity(word: &str) -> Severity {
    match label(word) {
        Some(Message(severity)) => severity,
        // EDB's audit log.
        None if word == "AUDIT" => Severity::Log,
        _ => Severity::Notice,
    }
}

/// The label with which the text begins, and the length of `LABEL:  `.
pub(super) fn at(text: &str) -> Option<(Label, usize)> {
    let bytes = text.as_bytes();
    let colon = memchr::memchr(b':', &bytes[..bytes.len().min(LONGEST)])?;
    // French has a space before its colon.
    let word = text[..colon].strip_suffix([' ', '\u{a0}']).unwrap_or(&text[..colon]);
    let label = label(word)?;
    let mut end = colon + 1;
    while end < bytes.len() && end <= colon + 2 && bytes[end] == b' ' {
        end += 1;
    }
    (end > colon + 1 || end == bytes.len() || word == "쿼리").then_some((label, end))
}

/// The same, with the two spaces that the server writes: strict enough to be looked for in any text.
pub(super) fn exactly_at(text: &str) -> Option<(Label, usize)> {
    at(text).filter(|(_, end)| text[..*end].ends_with(":  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_several_languages_are_read_with_their_spaces() {
        assert_eq!(at("LOG:  x"), Some((LOG, 6)));
        assert_eq!(at("日志:  x"), Some((LOG, 9)));
        assert_eq!(at("ASTUCE :  x"), Some((Other, 10)));
        assert_eq!(at("명령 구문:  x").map(|found| found.0), Some(Statement));
        assert_eq!(severity("ОШИБКА"), Severity::Error);
        assert_eq!(severity("PANIK"), Severity::Fatal);
        assert_eq!(severity("whatever"), Severity::Notice);
    }

    #[test]
    fn other_texts_have_no_label() {
        for text in ["", "LOG", "LOGX:  x", "LOG;", ":", "LOG:x", "log:  x", "\u{65e5}"] {
            assert_eq!(at(text), None, "{text:?}");
        }
        assert_eq!(exactly_at("LOG: x"), None);
        assert!(exactly_at("LOG:  x").is_some());
    }

    #[test]
    fn no_word_is_longer_than_is_looked_at_and_none_stands_twice() {
        for (at, (word, _)) in WORDS.iter().enumerate() {
            assert!(word.len() + 1 < LONGEST, "{word}");
            assert!(!WORDS[..at].iter().any(|(other, _)| other == word), "{word}");
        }
    }
}
