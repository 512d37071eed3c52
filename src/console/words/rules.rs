//! Rules that a form breaks, and what one may not do, in Chinese: they are said by whoever checks them, in English, and translated where a
//! page tells them. A test holds that every one of them is here; what is not (words of the engine's own checks) stays as it is.

use crate::desk::DeskError;
use crate::page::Lang;

/// What went wrong, in Chinese and without the value that was sent; `None` where it is told in English.
pub fn told(error: &DeskError, lang: Lang) -> Option<String> {
    if lang == Lang::En {
        return None;
    }
    match error {
        DeskError::Refused { place, rule, .. } => Some(format!("{}：{}", field(place)?, rule_of(rule)?)),
        DeskError::NotAllowed(why) => Some(format!("{}。", may_not(why)?)),
        DeskError::State { state, what } => Some(format!("{}的不能{}。", state_of(state)?, act(what)?)),
        DeskError::NotFound | DeskError::Changed { .. } | DeskError::Stale(_) | DeskError::Database(_) => None,
    }
}

fn find(table: &[(&str, &'static str)], text: &str) -> Option<&'static str> {
    table.iter().find(|(english, _)| *english == text).map(|(_, chinese)| *chinese)
}

const FIELDS: &[(&str, &str)] = &[
    ("after", "分页位置"),
    ("agrees", "是否同意"),
    ("cites", "引用的修订版"),
    ("days", "天数"),
    ("decision", "决定"),
    ("employee", "员工"),
    ("entry", "结论提案"),
    ("explanation", "说明"),
    ("keys", "快捷键"),
    ("language", "语言"),
    ("limit", "每页数量"),
    ("match", "匹配条件"),
    ("max_persons", "最多人数"),
    ("name", "名称"),
    ("note", "备注"),
    ("objects", "表"),
    ("owner", "经办人"),
    ("password", "密码"),
    ("pseudonyms", "假名"),
    ("purpose", "目的"),
    ("reason", "理由"),
    ("role", "岗位"),
    ("rows", "案件列表"),
    ("scopes", "权限范围"),
    ("session", "会话"),
    ("severity", "级别"),
    ("shown", "是否已展示"),
    ("silence", "静默"),
    ("source", "来源"),
    ("state", "状态"),
    ("subject", "身份标识"),
    ("text", "文字说明"),
    ("to", "截止"),
    ("typology", "类型"),
    ("unit", "部门"),
    ("verdict", "结论"),
    ("whom", "对象"),
    ("zone", "时区"),
    ("why", "原因"),
];

/// The name of a field, in Chinese.
pub fn field(place: &str) -> Option<&'static str> {
    find(FIELDS, place)
}

/// Rules without a figure.
const RULES: &[(&str, &str)] = &[
    ("must be given", "必须填写"),
    (
        "has ended and nothing was done: copy what you had written, sign in and send it again",
        "会话已结束，未执行任何操作：请复制您填写的内容，登录后重新提交",
    ),
    ("must be yes or no", "须为 yes 或 no"),
    ("must be on or off", "须为 on 或 off"),
    ("must be en or zh-CN", "须为 en 或 zh-CN"),
    ("must be a number", "须为数字"),
    ("must be the name of a time zone, e.g. Asia/Shanghai", "须为时区名称，如 Asia/Shanghai"),
    ("must be a glob", "须为通配表达式"),
    ("must be employee or unit", "须为 employee 或 unit"),
    ("must be the employee: no unit is known", "部门未知，只能指定员工"),
    ("must be the number of an event, or 0", "须为事件编号或 0"),
    ("must be `next` of the page before", "须为上一页给出的 next"),
    ("must be the proposal that was read", "须为所阅读的结论提案"),
    ("must be alerts with their revisions", "须为警报及其修订版"),
    ("must name alerts of this case", "只能引用本案件的警报"),
    ("must name revisions that are there", "只能引用已有的修订版"),
    ("must be an account", "没有这个账号"),
    ("must be an account that may judge this case", "该账号不能对本案件作结论"),
    ("must be named by accesses of this case's alerts", "须为本案件警报的访问中出现的假名"),
    ("must not have an account yet", "已有账号"),
    ("must not be that of another account", "已属于另一账号"),
    (
        "must be given: nobody works on their own case, so whose account it is must be known",
        "必须填写：任何人不得处理自己的案件，因此须知道账号属于谁",
    ),
    ("must have 1 to 100 characters", "须为1至100个字符"),
    ("must be left empty where the verdict or its reason proposes none", "该结论或理由不能提出说明，请留空"),
];

/// Rules with figures or names: how they begin, and what stands for that.
const BEGINNINGS: &[(&str, &str)] = &[
    ("must be any, or one of ", "须为 any 或下列之一："),
    ("must be one of at most ", "令牌数量已达上限："),
    ("must be one of ", "须为下列之一： "),
    ("must go with the verdict ", "须与所选结论相符： "),
    ("must be of ", "只能包含："),
    ("must name one of ", "至少包含其一："),
    ("must be given, from ", "必须填写，范围："),
    ("must be from ", "范围："),
    ("must be 1 to ", "数量须为1至"),
    ("must have at most ", "长度上限："),
    ("must have 1 to ", "长度须为1至"),
    ("must have ", "长度须为"),
];

/// A rule, in Chinese.
pub fn rule(rule: &str) -> Option<String> {
    rule_of(rule)
}

fn rule_of(rule: &str) -> Option<String> {
    if let Some(found) = find(RULES, rule) {
        return Some(found.to_owned());
    }
    let (_, chinese, rest) = BEGINNINGS.iter().find_map(|(english, chinese)| Some((english, chinese, rule.strip_prefix(english)?)))?;
    Some(format!("{chinese}{}", rest.replace(" to ", " – ").replace(" characters", "个字符").replace(" bytes", "字节")))
}

const MAY_NOT: &[(&str, &str)] = &[
    ("your role does not include this", "您的角色不包括此操作"),
    ("take the case first: this is for whoever it is assigned to", "请先领取案件：此操作仅限经办人"),
    ("a verdict is countersigned by a lead", "结论须由主管会签"),
    ("cases are given to others by a lead", "案件由主管分派"),
    (
        "silences are proposed by investigators and leads, for their units, and never about oneself",
        "静默由经办人和主管为其部门提出，且不得涉及本人",
    ),
    ("a second person is needed, who neither manages the first nor is managed by them", "需要第二人，且双方不得有上下级关系"),
    ("a second person is needed who neither manages the first nor is managed by them", "需要第二人，且双方不得有上下级关系"),
    ("a second person is needed: this verdict is yours", "需要第二人：该结论由您提出"),
    ("explanations are put into force by a lead of the unit", "说明须由该部门的主管使其生效"),
    ("silences are put into force by a lead of the unit", "静默须由该部门的主管使其生效"),
    ("silences are ended by investigators and leads of the unit", "静默由该部门的经办人和主管结束"),
    ("explanations are ended by investigators and leads of the unit", "说明由该部门的经办人和主管结束"),
    ("this console has neither the key nor the sources", "本控制台没有密钥或来源文件"),
    ("the sources cannot be read", "无法读取来源文件"),
    ("sign in again: identities are shown for some minutes after one has signed in", "请重新登录：身份仅在登录后数分钟内展示"),
];

fn may_not(why: &str) -> Option<&'static str> {
    find(MAY_NOT, why)
}

const STATES: &[(&str, &str)] = &[
    ("new", "新案件"),
    ("assigned", "已分派"),
    ("working", "处理中"),
    ("proposed", "待第二人"),
    ("closed", "已结案"),
    ("reopened", "重新打开"),
    ("erased", "内容已删除"),
    ("asked", "已申请"),
    ("approved", "已同意"),
    ("declined", "未获同意"),
    ("over", "已到期"),
    ("set", "已设置"),
    ("lifted", "已解除"),
    ("in_force", "生效中"),
    ("ended", "已结束"),
];

fn state_of(state: &str) -> Option<&'static str> {
    find(STATES, state)
}

const ACTS: &[(&str, &str)] = &[
    ("decided", "再作决定"),
    ("lifted", "解除"),
    ("judged: open it again first", "作结论：请先重新打开"),
    ("ended", "结束"),
    ("countersigned", "会签"),
    ("shown", "展示"),
    ("assigned", "分派"),
    ("opened again", "重新打开"),
];

fn act(what: &str) -> Option<&'static str> {
    find(ACTS, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|ending| ending == "rs") && !path.ends_with("rules.rs") {
                let text = std::fs::read_to_string(&path).expect("text");
                into.push(text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
            }
        }
    }

    /// The text that begins behind a marker, up to its end: a literal of Rust without escapes.
    fn literals<'a>(text: &'a str, marker: &str) -> Vec<&'a str> {
        let after = text.split(marker).skip(1).map(|rest| rest.trim_start());
        after.filter_map(|rest| rest.strip_prefix('"')?.split('"').next()).collect()
    }

    #[test]
    fn what_a_page_refuses_is_told_in_chinese() {
        let (mut texts, root) = (Vec::new(), Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        for folder in ["desk", "console"] {
            sources(&root.join(folder), &mut texts);
        }
        let mut seen = 0;
        for text in &texts {
            for place in literals(text, "DeskError::refused(") {
                // Headers and options have no form.
                if place.contains('-') {
                    continue;
                }
                assert!(field(place).is_some(), "{place}");
                let marker = format!("refused(\"{place}\",");
                let rules = text.split(&marker).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                for rule in rules.filter_map(|rest| rest.split('"').next()) {
                    assert!(rule_of(rule).is_some(), "{place} {rule}");
                    seen += 1;
                }
            }
            for why in literals(text, "NotAllowed(") {
                assert!(may_not(why).is_some(), "{why}");
                seen += 1;
            }
            for what in literals(text, ", what:") {
                assert!(act(what).is_some(), "{what}");
                seen += 1;
            }
        }
        assert!(seen > 30, "{seen}");
    }

    #[test]
    fn figures_stay_and_english_is_left_alone() {
        let error = DeskError::refused("days", "must be from 1 to 30", "31");
        assert_eq!(told(&error, Lang::Zh).as_deref(), Some("天数：范围：1 – 30"));
        assert_eq!(told(&error, Lang::En), None);
        assert_eq!(
            told(&DeskError::State { state: "erased", what: "opened again" }, Lang::Zh).as_deref(),
            Some("内容已删除的不能重新打开。")
        );
        assert_eq!(told(&DeskError::refused("match", "must be what the engine says", "x"), Lang::Zh), None);
    }
}
