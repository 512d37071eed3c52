//! Names of what can be enumerated.

use super::of;
use crate::desk::case::CaseState;
use crate::desk::hold::HoldState;
use crate::desk::silence::SilenceState;
use crate::desk::unmask::UnmaskState;
use crate::model::decision::{ExplanationReason, MatchedField, SilenceReason, VerdictOutcome, VerdictReason};
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::page::Lang;
use crate::page::words::lists;

/// Where a case stands.
pub fn state(state: CaseState, lang: Lang) -> &'static str {
    of(
        lang,
        match state {
            CaseState::New => ("new", "新"),
            CaseState::Assigned => ("assigned", "已分派"),
            CaseState::Working => ("working", "处理中"),
            CaseState::Proposed => ("waits for a second person", "待第二人"),
            CaseState::Closed => ("closed", "已结案"),
            CaseState::Reopened => ("open again", "重新打开"),
        },
    )
}

/// What a verdict found.
pub fn outcome(outcome: VerdictOutcome, lang: Lang) -> &'static str {
    of(
        lang,
        match outcome {
            VerdictOutcome::Confirmed => ("confirmed", "确认"),
            VerdictOutcome::Innocent => ("innocent", "无问题"),
            VerdictOutcome::Unclear => ("unclear", "不明"),
        },
    )
}

/// What that means.
pub fn meaning(outcome: VerdictOutcome, lang: Lang) -> &'static str {
    of(
        lang,
        match outcome {
            VerdictOutcome::Confirmed => ("it happened, and no reason was found", "确有其事，且未找到理由"),
            VerdictOutcome::Innocent => ("there was a reason, or nothing unusual had happened", "有正当理由，或并无异常"),
            VerdictOutcome::Unclear => ("it cannot be told", "无法判断"),
        },
    )
}

/// An outcome by its name in the database; another name stands for itself.
pub fn outcome_named(name: &str, lang: Lang) -> String {
    VerdictOutcome::ALL.into_iter().find(|one| one.name() == name).map_or_else(|| name.to_owned(), |one| outcome(one, lang).to_owned())
}

/// Why a verdict is what it is.
pub fn reason(reason: VerdictReason, lang: Lang) -> &'static str {
    use VerdictReason as R;
    of(
        lang,
        match reason {
            R::NoReasonFound => ("no reason was found", "未找到理由"),
            R::BeyondTheReason => ("more was taken than the reason needed", "超出理由所需的范围"),
            R::Ticket => ("a ticket, a call, a complaint", "工单、来电或投诉"),
            R::Appointment => ("an appointment", "预约"),
            R::Assignment => ("assigned work", "指派的工作"),
            R::Campaign => ("a campaign", "营销或回访活动"),
            R::Batch => ("a migration, a batch, a report", "迁移、批处理或报表"),
            R::BreakGlass => ("an emergency", "紧急情况"),
            R::NewDuties => ("new duties, or a substitute", "新岗位或代班"),
            R::WrongData => ("directory, calendar, catalog or log was wrong", "人事、日历、目录或日志数据有误"),
            R::DetectorWrong => ("the detector is wrong: nothing unusual had happened", "检测有误：并无异常"),
            R::RecordsMissing => ("records are missing", "记录缺失"),
            R::NobodyToAsk => ("nobody who knows could be asked", "无人可以询问"),
            R::NotVerifiable => ("a reason was named that cannot be checked", "所述理由无法核实"),
        },
    )
}

/// A reason by its name in the database; another name stands for itself.
pub fn reason_named(name: &str, lang: Lang) -> String {
    VerdictReason::ALL.iter().find(|one| one.name() == name).map_or_else(|| name.to_owned(), |one| reason(*one, lang).to_owned())
}

/// A severity by its name in the database; another name stands for itself.
pub fn severity_named(name: &str, lang: Lang) -> String {
    let found = Severity::ALL.into_iter().find(|one| one.name() == name);
    found.map_or_else(|| name.to_owned(), |one| lists::severity(one, lang).to_owned())
}

/// A typology by its name in the database; another name stands for itself.
pub fn typology_named(name: &str, lang: Lang) -> String {
    let found = Typology::ALL.iter().find(|one| one.name() == name);
    found.map_or_else(|| name.replace('_', " "), |one| lists::typology(*one, lang).to_owned())
}

/// Why something is silenced.
pub fn silence_reason(reason: SilenceReason, lang: Lang) -> &'static str {
    of(
        lang,
        match reason {
            SilenceReason::Known => ("known and being dealt with", "已知并在处理"),
            SilenceReason::Event => ("an event of the house", "内部活动"),
            SilenceReason::Test => ("a test", "测试"),
            SilenceReason::Tuning => ("the detector is being set anew", "正在调整检测"),
        },
    )
}

/// Where a silence or an explanation stands; over where its end has passed.
pub fn standing(state: SilenceState, is_over: bool, lang: Lang) -> &'static str {
    of(
        lang,
        match (state, is_over) {
            (SilenceState::Proposed, _) => ("waits for a lead", "待主管同意"),
            (SilenceState::InForce, false) => ("in force", "生效中"),
            (SilenceState::InForce, true) => ("over", "已到期"),
            (SilenceState::Ended, _) => ("ended", "已结束"),
        },
    )
}

/// Where a request for identities stands; over where what was agreed to has passed.
pub fn unmask_state(state: UnmaskState, is_live: bool, lang: Lang) -> &'static str {
    of(
        lang,
        match (state, is_live) {
            (UnmaskState::Asked, _) => ("waits for a data protection officer", "待数据保护负责人决定"),
            (UnmaskState::Approved, true) => ("agreed to", "已同意"),
            (UnmaskState::Approved, false) => ("agreed to, and over", "已同意，现已到期"),
            (UnmaskState::Declined, _) => ("not agreed to", "未获同意"),
        },
    )
}

/// The same by its name in the database, as it was decided; another name stands for itself.
pub fn unmask_decided(name: &str, lang: Lang) -> String {
    let found = UnmaskState::ALL.into_iter().find(|one| one.name() == name);
    found.map_or_else(|| name.to_owned(), |one| unmask_state(one, true, lang).to_owned())
}

/// Where a hold stands.
pub fn hold_state(state: HoldState, lang: Lang) -> &'static str {
    of(
        lang,
        match state {
            HoldState::Asked => ("asked for: keeps the case until somebody decides", "已申请：决定之前有效"),
            HoldState::Set => ("keeps the case", "生效中"),
            HoldState::Declined => ("not set", "未设置"),
            HoldState::Lifted => ("lifted", "已解除"),
        },
    )
}

/// What of an alert a silence can be about.
pub fn matched(field: MatchedField, lang: Lang) -> &'static str {
    of(
        lang,
        match field {
            MatchedField::Typology => ("pattern", "类型"),
            MatchedField::Unit => ("unit", "部门"),
            MatchedField::Role => ("role", "岗位"),
            MatchedField::Employee => ("employee", "员工"),
            MatchedField::Source => ("source", "来源"),
        },
    )
}

/// Which sort of reason an explanation is.
pub fn explanation_reason(reason: ExplanationReason, lang: Lang) -> &'static str {
    of(
        lang,
        match reason {
            ExplanationReason::Ticket => ("a ticket", "工单"),
            ExplanationReason::Appointment => ("an appointment", "预约"),
            ExplanationReason::Assignment => ("assigned work", "指派的工作"),
            ExplanationReason::Campaign => ("a campaign", "活动"),
            ExplanationReason::Batch => ("a batch", "批处理"),
            ExplanationReason::BreakGlass => ("an emergency", "紧急情况"),
        },
    )
}

/// A page of the view log by its name in the database; another name stands for itself.
pub fn page_named(name: &str, lang: Lang) -> String {
    let texts = match name {
        "today" => ("today", "今日"),
        "cases" => ("cases", "案件列表"),
        "case" => ("case", "案件"),
        "alert" => ("alert", "警报"),
        "person" => ("person", "人员"),
        "silences" => ("silences", "静默与说明"),
        "views" => ("views", "查阅记录"),
        "unmaskings" => ("requests for identities", "身份申请"),
        "identities" => ("identities", "身份"),
        "pseudonyms" => ("pseudonyms of a case", "案件中的假名"),
        "holds" => ("holds", "保留"),
        "erased" => ("records whose content was erased", "内容已删除的记录"),
        "missing" => {
            ("records after this one's predecessor are missing: the last one written elsewhere", "此前的记录缺失：另处写下的最后一条")
        }
        other => return other.replace('_', " "),
    };
    of(lang, texts).to_owned()
}
