//! One record of SQL Server Audit as a row of `sys.fn_get_audit_file`, whatever it came in.

use crate::decode::local_clock::{Instant, LocalClock};
use crate::decode::row::{ExportRow, form};
use crate::decode::tool_time;
use crate::decode::{DecodeError, Decoded, Raw};
use crate::decode::{Ignored, IgnoredReason};
use crate::model::access::{Position, RecordHash};
use crate::model::doubts::Doubts;
use crate::model::record::{Client, EventOutcome, Text};
use crate::model::time::Timestamp;
use serde_json::Value;

use super::{EXPECTED, action};

/// What one record says.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub position: Position,
    pub hash: RecordHash,
    pub length: u32,
    pub time: Timestamp,
    pub action: String,
    pub ok: bool,
    pub key: String,
    pub id: Option<String>,
    pub session: Option<Text<'static>>,
    pub account: Option<Text<'static>>,
    pub system: Option<Text<'static>>,
    pub client: Client<'static>,
    pub object: Option<String>,
    pub statement: String,
    /// The statement goes on elsewhere, or began there.
    pub cut: bool,
    /// Nothing but blanks stands where the statement was: it lies behind the end of what is logged.
    pub pushed_out: bool,
    pub doubts: Doubts,
    pub sequence: u64,
    pub group: String,
    pub transaction: String,
    pub rows: Option<u64>,
    pub error: Option<u32>,
}

/// The server puts so many characters of a statement into one record.
const WHOLE_STATEMENT: usize = 3_900;
/// So many blanks and nothing else are no statement that somebody typed.
const PUSHED_OUT: usize = 256;

/// Whether a text has the length at which records end: 4,000 characters, or what 4,000 bytes hold of one or two bytes each.
pub(super) fn may_be_cut(text: &str) -> bool {
    let characters = text.chars().count();
    characters >= WHOLE_STATEMENT || matches!(characters, 1_999 | 2_000) || matches!(text.len(), 3_996..=4_000)
}

impl Event {
    pub fn of(row: &ExportRow, raw: Raw<'_>, clock: &mut LocalClock) -> Result<Event, DecodeError> {
        let Instant { time, ambiguous } = row
            .text(&["eventtime", "originaleventtimestamp"])
            .and_then(|text| tool_time::read(&text, clock))
            .or(raw.envelope.time.map(|time| Instant { time, ambiguous: false }))
            .ok_or(DecodeError::Field { field: "event_time", rule: "must be a time between 2000 and 2100".to_owned() })?;
        let text = |names: &[&str]| row.text(names).map(|text| Text::Owned(text.trim().to_owned()));
        let word = |names: &[&str]| text(names).map_or_else(String::new, Text::into_owned);
        let action = action::code(&word(&["actionid"]), &word(&["actionname"]));
        if action.is_empty() {
            return Err(form(EXPECTED, "`action_id` is missing"));
        }
        // Others have actions, too.
        let own = [
            "sessionserverprincipalname",
            "serverprincipalname",
            "databaseprincipalname",
            "serverinstancename",
            "sequencenumber",
            "classtype",
            "sequencegroupid",
        ];
        if !own.iter().any(|name| row.has(name)) {
            return Err(form(EXPECTED, "no principal, instance or number of SQL Server"));
        }
        let (instance, session, connection) = (word(&["serverinstancename"]), word(&["sessionid"]), word(&["connectionid"]));
        let (object, schema) = (word(&["objectname"]), word(&["schemaname"]));
        // Servers of one's own write 0 into all three, Azure counts.
        let number = |name| row.number(&[name]).unwrap_or(0);
        let counted = number("responserows") > 0 || number("affectedrows") > 0 || number("durationmilliseconds") > 0;
        let written = row.value(&["statement"]).and_then(Value::as_str).unwrap_or("");
        let sequence = row.number(&["sequencenumber"]).unwrap_or(1);
        let group = word(&["sequencegroupid"]);
        let event_time = word(&["eventtime"]);
        let id = text(&["eventid"]).map(Text::into_owned).filter(|id| id.len() > 8).or_else(|| {
            // A group's id alone might be shared: together these are of one record.
            (!group.is_empty()).then(|| format!("{group}/{event_time}/{session}/{action}/{}", word(&["objectid"])))
        });
        let ip = text(&["clientip"]).filter(|ip| !matches!(ip.as_ref(), "local machine" | "Unknown" | "internal"));
        Ok(Event {
            position: raw.position,
            hash: raw.hash,
            length: u32::try_from(raw.bytes.len()).unwrap_or(u32::MAX),
            time,
            ok: row.flag(&["succeeded"]).unwrap_or(true),
            key: format!("{instance}\n{session}\n{connection}"),
            id,
            session: Some(session).filter(|session| !session.is_empty() && session != "0").map(Text::Owned),
            // The login that connected, not the one that it took on by EXECUTE AS.
            account: text(&["sessionserverprincipalname"]).or_else(|| text(&["serverprincipalname"])),
            system: text(&["databasename"]).or_else(|| text(&["serverinstancename"])),
            client: Client { ip, host: text(&["hostname"]), app: text(&["applicationname"]) },
            object: (!object.is_empty()).then(|| if schema.is_empty() { object.clone() } else { format!("{schema}.{object}") }),
            cut: sequence > 1 || may_be_cut(written),
            pushed_out: written.trim().is_empty() && written.len() >= PUSHED_OUT,
            statement: if written.trim().is_empty() { String::new() } else { written.to_owned() },
            doubts: Doubts::TIME.if_so(ambiguous),
            sequence,
            group,
            transaction: word(&["transactionid"]),
            rows: row.number(&["responserows"]).filter(|_| counted && action_is_batch(&action)),
            error: error_number(&word(&["additionalinformation"])),
            action,
        })
    }

    /// It is passed over.
    pub fn ignored(&self, reason: IgnoredReason) -> Decoded<'static> {
        Decoded::Ignored(Ignored { position: self.position, lines: 1, reason })
    }

    /// A batch or a remote call, at its end.
    pub fn is_batch(&self) -> bool {
        action_is_batch(&self.action)
    }

    /// Its ending; `alone`: the text is one statement, so a refusal concerns all of it.
    pub fn outcome(&self, alone: bool) -> EventOutcome {
        match (self.ok, self.is_batch()) {
            (true, _) => EventOutcome::Success,
            // A statement's own record is written when its permission is checked.
            (false, false) => EventOutcome::Refused,
            (false, true) => match self.error {
                // Rights, missing tables and columns, syntax.
                Some(102 | 105 | 156 | 170 | 207 | 208 | 229 | 230 | 262 | 300 | 916) if alone || self.rows == Some(0) => {
                    EventOutcome::Refused
                }
                _ => EventOutcome::Interrupted,
            },
        }
    }
}

fn action_is_batch(action: &str) -> bool {
    matches!(action, "BCM" | "RCM")
}

/// `<failure_reason>Err 229, Level 14, …`.
fn error_number(information: &str) -> Option<u32> {
    let (_, rest) = information.split_once("Err ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
