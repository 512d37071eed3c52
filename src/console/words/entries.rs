//! What was entered in a case, in words.

use super::of;
use crate::page::Lang;

/// What somebody did; `given`: to somebody, not back. Another kind stands for itself.
pub fn did(kind: &str, given: bool, lang: Lang) -> Option<&'static str> {
    let texts = match (kind, given) {
        ("opened", _) => ("opened the case", "立案"),
        ("alert", _) => ("added an alert", "加入警报"),
        ("graver", _) => ("an alert became graver", "警报级别上升"),
        ("assigned", true) => ("gave it to", "分派给"),
        ("assigned", false) => ("gave it back", "退回"),
        ("note", _) => ("noted", "备注"),
        ("proposed", _) => ("proposes", "提出结论"),
        ("verdict", _) => ("decided", "作出结论"),
        ("countersigned", _) => ("agreed: the verdict is in force", "同意：结论生效"),
        ("sent_back", _) => ("sent the verdict back", "退回结论"),
        ("unmasking_asked", _) => ("asked for identities", "申请查看身份"),
        ("unmasking_decided", _) => ("decided on the identities", "就身份申请作出决定"),
        ("hold_asked", _) => ("asked for a hold", "申请保留"),
        ("hold_set", _) => ("set a hold", "设置保留"),
        ("hold_declined", _) => ("did not set the hold", "未设置保留"),
        ("hold_lifted", _) => ("lifted the hold", "解除保留"),
        ("erased", _) => ("erased what named or described somebody", "删除了涉及个人的内容"),
        ("reopened", _) => ("opened it again", "重新打开"),
        _ => return None,
    };
    Some(of(lang, texts))
}
