//! A campaign allows a hundred people, and ten thousand are taken under it.

use crate::company::{Company, takes_all};

#[test]
fn a_campaign_covers_as_many_as_it_says() {
    let campaign = |most: &str| {
        format!(
            r#"{{"unit":"U","objects":"crm.*","from":"2026-05-04T00:00:00Z","to":"2026-05-05T00:00:00Z","reason":"campaign","ref":"C-1"{most}}}"#
        )
    };
    let open = Company::bank().with("explanations.jsonl", "").sees(&[takes_all("10:00")]);
    let capped = Company::bank().with("explanations.jsonl", campaign(r#","max_persons":100"#));
    let seen = capped.sees(&[takes_all("10:00").set("purpose", "campaign:C-1")]);
    assert_eq!(seen.first(), open.first(), "{:?}", seen.told());
    assert!(seen.is_shown() && seen.rank().expect("caught").1 > 75.0, "{:?}", seen.told());
    Company::bank().with("explanations.jsonl", campaign("")).sees(&[takes_all("10:00")]).is_quiet();
}
