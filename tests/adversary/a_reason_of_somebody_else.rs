//! The ticket is a colleague's, has ended, is of another table, or covers one person of those who are shown.

use crate::company::{Company, takes_all};

#[test]
fn a_reason_covers_whom_when_and_what_it_says() {
    let open = Company::bank().with("explanations.jsonl", "").sees(&[takes_all("10:00")]);
    let reason = |who: &str, what: &str, to: &str| {
        format!(r#"{{{who},{what},"from":"2026-05-04T00:00:00Z","to":"2026-05-04T{to}:00Z","reason":"ticket","ref":"T-7"}}"#)
    };
    let all = r#""objects":"crm.*""#;
    for (file, act) in [
        (reason(r#""employee":"bob1""#, all, "23:00"), takes_all("10:00").set("purpose", "ticket:T-7")),
        (reason(r#""unit":"S""#, all, "23:00"), takes_all("10:00").set("purpose", "ticket:T-7")),
        (reason(r#""employee":"ann""#, all, "09:59"), takes_all("10:00").set("purpose", "ticket:T-7")),
        (reason(r#""employee":"ann""#, r#""objects":"ref.*""#, "23:00"), takes_all("10:00").set("purpose", "ticket:T-7")),
        (reason(r#""employee":"ann""#, r#""subjects":["7"]"#, "23:00"), takes_all("10:00").of([7])),
    ] {
        Company::bank().with("explanations.jsonl", file).sees(&[act]).no_quieter_than(&open);
    }
}
