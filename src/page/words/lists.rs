//! Names of what the engine enumerates, in words: patterns, severities, kinds, reasons, states. A variant without a text does not compile.

use super::Lang;
use crate::model::access::Operation;
use crate::model::alert::AlertState;
use crate::model::coverage::{Reason, State};
use crate::model::dossier::DutyMark;
use crate::model::kind::Kind;
use crate::model::severity::Severity;
use crate::model::typology::Typology;
use crate::page::words::Word;

fn of(lang: Lang, (en, zh): (&'static str, &'static str)) -> &'static str {
    match lang {
        Lang::En => en,
        Lang::Zh => zh,
    }
}

/// A pattern in a few words.
pub fn typology(typology: Typology, lang: Lang) -> &'static str {
    of(
        lang,
        match typology {
            Typology::BulkExtract => ("many people at once", "短时间内大量人员"),
            Typology::LowAndSlow => ("a little more every day, for long", "长期少量累积"),
            Typology::SubscriptionHarvest => ("the newest rows at regular intervals", "定期提取最新记录"),
            Typology::Enumeration => ("counting through ids or prefixes", "按编号或前缀逐个遍历"),
            Typology::ToolDriven => ("in a machine's rhythm", "机器般的节奏"),
            Typology::ListMatching => ("following a list from outside", "按外部名单逐一核对"),
            Typology::LookupToOrder => ("strangers looked up one by one", "逐个查询陌生人"),
            Typology::DossierAssembly => ("one person from all sides", "从多方汇集同一人的信息"),
            Typology::FabricatedBusiness => ("a claimed reason that is on no file", "所称事由查无记录"),
            Typology::OutOfTerritory => ("people of other territories", "查询辖区以外人员"),
            Typology::BorrowedAccount => ("unlike the account's owner", "与账号本人的习惯不符"),
            Typology::SharedPrivilege => ("one account, several hands", "一个账号多人使用"),
            Typology::GhostLeaver => ("after leaving, or while absent", "离职后或缺勤期间"),
            Typology::OffDuty => ("outside working time", "工作时间以外"),
            Typology::RoleWithoutNeed => ("where the role has nothing to do", "岗位并不需要的数据"),
            Typology::SegmentSkim => ("people chosen by event or value", "按事件或数值挑选人员"),
            Typology::TrackedPerson => ("one person followed", "持续跟踪同一人"),
            Typology::Celebrity => ("people of public interest", "公众人物"),
            Typology::ControlChangeThenLookup => ("looked up right after a change of protection", "更改保护后立即查询"),
            Typology::PrivilegedBypass => ("past the applications, with direct tools", "绕过应用直接访问"),
            Typology::LogGap => ("a gap in the log", "日志缺口"),
            Typology::ThresholdHugging => ("just below a limit, day after day", "每天都刚好低于限额"),
            Typology::SplittingCollusion => ("a group with one list", "多人分担同一名单"),
            Typology::VendorCohort => ("agents of one outside employer, the same people", "同一外包单位查询相同人员"),
            Typology::Canary => ("a planted record was touched", "触及预设的诱饵记录"),
            Typology::DepartureHoarding => ("taken along before leaving", "离职前集中查询"),
            Typology::Tampering => ("signs against the record itself", "针对日志本身的痕迹"),
        },
    )
}

/// A severity.
pub fn severity(severity: Severity, lang: Lang) -> &'static str {
    of(
        lang,
        match severity {
            Severity::Low => ("low", "低"),
            Severity::Medium => ("medium", "中"),
            Severity::High => ("high", "高"),
            Severity::Critical => ("critical", "严重"),
        },
    )
}

/// A kind of personal information.
pub fn kind(kind: Kind, lang: Lang) -> &'static str {
    of(
        lang,
        match kind {
            Kind::Name => ("name", "姓名"),
            Kind::Age => ("age", "年龄"),
            Kind::IdNumber => ("ID number", "身份证号"),
            Kind::MaritalStatus => ("marital status", "婚姻状况"),
            Kind::Workplace => ("workplace", "工作单位"),
            Kind::Education => ("education", "学历"),
            Kind::WorkExperience => ("work experience", "履历"),
            Kind::HomeAddress => ("home address", "家庭住址"),
            Kind::PhoneNumber => ("phone number", "电话号码"),
            Kind::HouseholdRegistration => ("household registration", "户籍"),
            Kind::OtherIdentifying => ("other identifying data", "其他身份信息"),
            Kind::BankAccount => ("bank account", "银行账号"),
            Kind::TelecomAccount => ("telecom account", "通信账号"),
            Kind::OtherPrivate => ("other private data", "其他私密信息"),
            Kind::Biometric => ("biometric data", "生物识别信息"),
            Kind::Religion => ("religion", "宗教信仰"),
            Kind::Minor => ("data of minors", "未成年人信息"),
            Kind::LocationTrack => ("location track", "行踪轨迹"),
            Kind::CommunicationContent => ("content of communication", "通信内容"),
            Kind::CreditReport => ("credit report", "征信信息"),
            Kind::Property => ("property", "财产信息"),
            Kind::Accommodation => ("accommodation", "住宿信息"),
            Kind::CommunicationRecord => ("communication record", "通信记录"),
            Kind::Health => ("health", "健康信息"),
            Kind::Transaction => ("transaction", "交易信息"),
            Kind::OtherSafety => ("other safety-related data", "其他影响安全的信息"),
        },
    )
}

/// How far a day was evaluated.
pub fn state(state: State, lang: Lang) -> &'static str {
    match state {
        State::Fully => Word::Fully,
        State::Partly => Word::Partly,
        State::Not => Word::NotAtAll,
    }
    .say(lang)
}

/// Why a day was not fully evaluated.
pub fn obstacle(reason: Reason, lang: Lang) -> &'static str {
    of(
        lang,
        match reason {
            Reason::DeadLetters => ("records could not be decoded", "有记录无法解析"),
            Reason::LogGap => ("the log has a gap", "日志存在缺口"),
            Reason::Late => ("records came after the day had closed", "记录在该日结束后才到达"),
            Reason::UnknownPersons => ("the log does not say how many people", "日志未说明人数"),
            Reason::UnknownTables => ("a table that the catalog does not list", "目录未登记的表"),
            Reason::ColdStart => ("too few days before it", "之前的天数太少"),
            Reason::Restore => ("the service resumed, and records in between are lost", "服务恢复，其间记录缺失"),
            Reason::Evicted => ("what was known of the employee was given up for room", "因容量限制，曾丢弃该员工的历史"),
        },
    )
}

/// The same by its name in dossiers; another name stands for itself.
pub fn obstacle_named(name: &str, lang: Lang) -> Option<&'static str> {
    Reason::ALL.into_iter().find(|reason| reason.name() == name).map(|reason| obstacle(reason, lang))
}

/// Where an access stands to working time.
pub fn duty(duty: DutyMark, lang: Lang) -> &'static str {
    of(
        lang,
        match duty {
            DutyMark::On => ("on duty", "当班"),
            DutyMark::OutsideShift => ("outside the shift", "班外"),
            DutyMark::Holiday => ("holiday", "节假日"),
            DutyMark::Absent => ("absent", "缺勤"),
            DutyMark::NotEmployed => ("not employed", "不在职"),
        },
    )
}

/// What was done.
pub fn operation(operation: Operation, lang: Lang) -> &'static str {
    of(
        lang,
        match operation {
            Operation::Read => ("read", "读取"),
            Operation::Export => ("export", "导出"),
            Operation::Write => ("write", "写入"),
            Operation::Delete => ("delete", "删除"),
            Operation::Login => ("login", "登录"),
            Operation::Admin => ("administration", "管理"),
            Operation::Other => ("other", "其他"),
        },
    )
}

/// Where an episode stands.
pub fn alert_state(state: AlertState, lang: Lang) -> &'static str {
    match state {
        AlertState::Open => Word::StateOpen,
        AlertState::Closed => Word::StateClosed,
        AlertState::Retracted => Word::StateRetracted,
    }
    .say(lang)
}

/// An innocent reason by its name in alerts; another name stands for itself.
pub fn reason(name: &str, lang: Lang) -> Option<&'static str> {
    let texts = match name {
        "known_reason" => {
            ("a known business reason: ticket, appointment, assignment, campaign, batch", "已知业务理由：工单、预约、任务、活动、批处理")
        }
        "usual_for_the_person" => ("usual for the person", "属于本人常态"),
        "usual_for_peers" => ("usual for the peers", "属于同组常态"),
        "late_personnel_feed" => ("personnel data came late", "人事数据迟到"),
        "new_in_the_place" => ("new in the place", "新到岗"),
        "shared_by_peers" => ("the same is found of most peers", "同组多数人也有同样情况"),
        "reasons_not_kept" => ("reasons were not kept for most others either", "其他多数人当时也未登记理由"),
        "others_did_more" => ("all others did more as well", "其他人的工作量也同样增加"),
        "maintenance" => ("maintenance of the source", "来源维护"),
        "holiday" => ("a holiday", "节假日"),
        "shared_by_other_sources" => ("other sources gave little as well", "其他来源也同样减少"),
        "usual_for_the_source" => ("usual for the source", "属于该来源常态"),
        _ => return None,
    };
    Some(of(lang, texts))
}

/// A band of the statutory counter by its name in alerts.
pub fn band(name: &str, lang: Lang) -> &'static str {
    match name {
        "serious" => Word::Serious,
        "especially_serious" => Word::EspeciallySerious,
        _ => Word::Below,
    }
    .say(lang)
}

/// A window by its name in alerts: `24h`, `7d`.
pub fn window(name: &str, lang: Lang) -> String {
    let counted = |unit: char| name.strip_suffix(unit).and_then(|count| count.parse::<u64>().ok());
    match (counted('h'), counted('d'), lang) {
        (Some(count), _, Lang::En) => format!("{count} h"),
        (Some(count), _, Lang::Zh) => format!("{count}小时"),
        (_, Some(count), Lang::En) => format!("{count} days"),
        (_, Some(count), Lang::Zh) => format!("{count}天"),
        _ => crate::page::names::plain(name),
    }
}
