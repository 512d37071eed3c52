//! The API described as OpenAPI 3.1, from one table: what each route takes, brings and answers. A test holds the table against the routes.

use crate::console::answer::{Answer, Asked};
use crate::console::api::writes;
use crate::desk::DeskError;
use crate::desk::case::CaseState;
use crate::desk::list::LONGEST_PAGE;
use crate::desk::token::{LONGEST_DAYS, Scope};
use crate::model::decision::{SilenceReason, VerdictOutcome, VerdictReason};
use crate::model::severity::Severity;
use axum::http::Method;
use serde_json::{Map, Value, json};

/// A field of a query or body.
struct Field {
    name: &'static str,
    schema: fn() -> Value,
    required: bool,
    what: &'static str,
}

/// A route as it is described.
struct Described {
    method: Method,
    path: &'static str,
    query: &'static [Field],
    body: &'static [Field],
    /// The status of an answer, and its schema; none of server-sent events.
    answer: (u16, Option<&'static str>),
}

const fn field(name: &'static str, schema: fn() -> Value, required: bool, what: &'static str) -> Field {
    Field { name, schema, required, what }
}

const fn get(path: &'static str, query: &'static [Field], schema: &'static str) -> Described {
    Described { method: Method::GET, path, query, body: &[], answer: (200, Some(schema)) }
}

const fn post(path: &'static str, body: &'static [Field], answer: (u16, Option<&'static str>)) -> Described {
    Described { method: Method::POST, path, query: &[], body, answer }
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn long_text() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": crate::desk::LONGEST_TEXT })
}

fn number() -> Value {
    json!({ "type": "integer", "format": "int64" })
}

fn one_of(names: impl IntoIterator<Item = &'static str>) -> Value {
    json!({ "type": "string", "enum": names.into_iter().collect::<Vec<_>>() })
}

fn agrees() -> Value {
    json!({ "type": "boolean" })
}

fn cites() -> Value {
    json!({ "type": "object", "additionalProperties": { "type": "integer", "format": "int64" } })
}

const VERDICT: &[Field] = &[
    field("verdict", || one_of(VerdictOutcome::ALL.map(VerdictOutcome::name)), true, "What was found"),
    field("reason", || one_of(VerdictReason::ALL.iter().map(|reason| reason.name())), true, "Why: a code that goes with the verdict"),
    field("text", long_text, true, "What was looked at, or is missing"),
    field("cites", cites, true, "Each alert of the case, with the revision that was read"),
];

const SILENCE: &[Field] = &[
    field("typology", text, false, "A glob of it"),
    field("unit", text, false, "A glob of it"),
    field("role", text, false, "A glob of it"),
    field("employee", text, false, "A glob of it; needs two people"),
    field("source", text, false, "A glob of it"),
    field("days", || json!({ "type": "integer", "minimum": 1, "maximum": 30 }), true, "For how many days"),
    field("reason", || one_of(SilenceReason::ALL.iter().map(|reason| reason.name())), true, "Why, as a code"),
    field("text", long_text, true, "Why, in words"),
];

const CASES: &[Field] = &[
    field(
        "state",
        || one_of(CaseState::ALL.map(CaseState::name).into_iter().chain(["any"])),
        false,
        "In this state; without it the open ones",
    ),
    field("shown", || one_of(["yes", "no"]), false, "Shown within the day's budget, or not"),
    field("severity", || one_of(Severity::ALL.map(Severity::name)), false, "Of this severity or a graver one"),
    field("owner", text, false, "Assigned to this account"),
    field("about", text, false, "About this person, account or source"),
    field("limit", || json!({ "type": "integer", "minimum": 1, "maximum": LONGEST_PAGE }), false, "Cases of a page"),
    field("after", text, false, "`next` of the page before"),
];

const AGREES: &[Field] = &[field("agrees", agrees, true, "Whether one agrees")];

const COUNTERSIGN: &[Field] = &[
    field("agrees", agrees, true, "Whether one agrees"),
    field("entry", number, true, "The proposal that was read"),
    field("why", text, false, "Why not, where one does not agree"),
];

const UNMASK: &[Field] = &[
    field("purpose", long_text, true, "For what"),
    field("pseudonyms", text, true, "Pseudonyms that the case's alerts name, divided by spaces; at most 50"),
];

const TOKEN: &[Field] = &[
    field("name", || json!({ "type": "string", "minLength": 1, "maxLength": 100 }), true, "What it is for"),
    field("scopes", text, true, "Scopes, divided by spaces"),
    field("days", || json!({ "type": "integer", "minimum": 1, "maximum": LONGEST_DAYS }), true, "For how many days"),
];

/// The table, in the order of the routes.
const API: &[Described] = &[
    get("/api/v1/openapi.json", &[], "Any"),
    get("/api/v1/session", &[], "Session"),
    get("/api/v1/cases", CASES, "Cases"),
    get("/api/v1/cases/{id}", &[], "Case"),
    Described {
        method: Method::PATCH,
        path: "/api/v1/cases/{id}/assignment",
        query: &[],
        body: &[field("owner", text, false, "The account; without it the case is given back")],
        answer: (200, Some("Changed")),
    },
    post("/api/v1/cases/{id}/notes", &[field("note", long_text, true, "What to note")], (200, Some("Changed"))),
    post("/api/v1/cases/{id}/verdicts", VERDICT, (200, Some("Changed"))),
    post("/api/v1/cases/{id}/countersignature", COUNTERSIGN, (200, Some("Changed"))),
    post("/api/v1/cases/{id}/reopening", &[field("reason", long_text, true, "Why")], (200, Some("Changed"))),
    get("/api/v1/alerts/{id}", &[], "AlertOfCase"),
    get("/api/v1/alerts/{id}/dossier", &[], "DossierOfAlert"),
    get("/api/v1/silences", &[], "Silences"),
    post("/api/v1/silences", SILENCE, (201, Some("Silence"))),
    post("/api/v1/silences/{id}/decision", AGREES, (200, Some("Silence"))),
    post("/api/v1/silences/{id}/end", &[], (200, Some("Silence"))),
    get("/api/v1/views", &[field("before", number, false, "`next` of the page before")], "Views"),
    get("/api/v1/explanations", &[], "Explanations"),
    post("/api/v1/explanations/{id}/decision", AGREES, (200, Some("Explanation"))),
    post("/api/v1/explanations/{id}/end", &[], (200, Some("Explanation"))),
    get("/api/v1/coverage", &[], "Coverage"),
    get("/api/v1/quality", &[], "Quality"),
    get("/api/v1/deliveries", &[], "Deliveries"),
    get("/api/v1/queue", &[field("rows", text, false, "Rows as a page shows them: number:version, divided by commas")], "QueueDiffers"),
    Described {
        method: Method::GET,
        path: "/api/v1/events",
        query: &[field("after", || json!({ "type": "integer", "format": "int64", "minimum": 0 }), false, "The last event that was had")],
        body: &[],
        answer: (200, None),
    },
    post("/api/v1/cases/{id}/unmaskings", UNMASK, (201, Some("Unmasking"))),
    get("/api/v1/unmaskings", &[], "Unmaskings"),
    get("/api/v1/unmaskings/{id}", &[], "Unmasking"),
    post("/api/v1/unmaskings/{id}/approval", AGREES, (200, Some("Unmasking"))),
    get("/api/v1/unmaskings/{id}/identities", &[], "Identities"),
    get("/api/v1/cases/{id}/holds", &[], "Holds"),
    post("/api/v1/cases/{id}/holds", &[field("reason", long_text, true, "Why")], (201, Some("Hold"))),
    post("/api/v1/holds/{id}/decision", AGREES, (200, Some("Hold"))),
    post("/api/v1/holds/{id}/lifting", &[], (200, Some("Hold"))),
    get("/api/v1/tokens", &[], "Tokens"),
    post("/api/v1/tokens", TOKEN, (201, Some("Token"))),
    post("/api/v1/tokens/{id}/end", &[], (200, Some("Token"))),
];

/// `GET /api/v1/openapi.json`
pub async fn serve(_: Asked) -> Result<Answer, DeskError> {
    Ok(Answer::plain_json(document()))
}

/// The whole description.
pub fn document() -> Value {
    let mut paths = Map::new();
    for of in API {
        let operations = paths.entry(of.path).or_insert_with(|| json!({}));
        operations[of.method.as_str().to_ascii_lowercase()] = operation(of);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "leakwarden",
            "version": "1",
            "description": "Cases, alerts and decisions, within the rights of whoever asks: what they may not see is answered by 404. \
                What is written brings `If-Match` (the version that was read) and `Idempotency-Key`. Errors are RFC 9457, with place, rule and value.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": { "schemas": schemas(), "securitySchemes": {
            "session": { "type": "apiKey", "in": "cookie", "name": "__Host-leakwarden", "description": "What a person has after signing in; what is written brings X-CSRF-Token" },
            "token": { "type": "http", "scheme": "bearer", "description": format!("A token with scopes: {}. It decides nothing", Scope::ALL.map(Scope::name).join(", ")) },
        } },
        "security": [{ "session": [] }, { "token": [] }],
    })
}

fn operation(of: &Described) -> Value {
    let (writes, of_one) = (of.method != Method::GET, of.path.contains("{id}"));
    let mut parameters = Vec::new();
    if of_one {
        let is_alert = of.path.contains("/alerts/");
        let schema = if is_alert { text() } else { json!({ "type": "integer", "format": "int64", "minimum": 1 }) };
        parameters.push(json!({ "name": "id", "in": "path", "required": true, "schema": schema }));
    }
    for field in of.query {
        parameters.push(
            json!({ "name": field.name, "in": "query", "required": field.required, "description": field.what, "schema": (field.schema)() }),
        );
    }
    if writes {
        let key = json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": "^[!-~]+$" });
        parameters.push(json!({ "name": writes::KEY, "in": "header", "required": true, "description": "The same for a request that is sent again", "schema": key }));
    }
    if writes && of_one {
        let version = json!({ "type": "string", "pattern": "^\"[0-9]+\"$" });
        parameters.push(
            json!({ "name": "If-Match", "in": "header", "required": true, "description": "The ETag that was read", "schema": version }),
        );
    }
    let mut operation = json!({ "operationId": name_of(of), "parameters": parameters, "responses": responses(of) });
    if writes {
        let mut properties = Map::new();
        for field in of.body {
            let mut schema = (field.schema)();
            schema["description"] = field.what.into();
            properties.insert(field.name.to_owned(), schema);
        }
        let required: Vec<&str> = of.body.iter().filter(|field| field.required).map(|field| field.name).collect();
        let schema = json!({ "type": "object", "properties": properties, "required": required });
        operation["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if of.path.ends_with("/openapi.json") {
        operation["security"] = json!([]);
    }
    operation
}

fn name_of(of: &Described) -> String {
    let words = of.path.trim_start_matches("/api/v1/").split(['/', '.']).filter(|word| !word.starts_with('{'));
    let one = if of.path.ends_with("{id}") { "_one" } else { "" };
    format!("{}_{}{one}", of.method.as_str().to_ascii_lowercase(), words.collect::<Vec<_>>().join("_"))
}

/// What each route may answer: its own, and all that is answered before a handler is asked.
fn responses(of: &Described) -> Value {
    let (writes, open) = (of.method != Method::GET, of.path.ends_with("/openapi.json"));
    let problem = |what: &str| json!({ "description": what, "content": { "application/problem+json": { "schema": { "$ref": "#/components/schemas/Problem" } } } });
    let (status, schema) = of.answer;
    let content = match schema {
        Some(name) => json!({ "application/json": { "schema": { "$ref": format!("#/components/schemas/{name}") } } }),
        None => json!({ "text/event-stream": { "schema": text() } }),
    };
    let mut all = Map::new();
    all.insert(status.to_string(), json!({ "description": "Done", "content": content }));
    let mut may = |status: u16, what: &str| {
        all.insert(status.to_string(), problem(what));
    };
    may(400, "The request cannot be understood");
    if !open {
        may(401, "Nobody has signed in, and there is no token that is in force");
        may(403, "The role, the state of the case or the token does not include it; or it comes from elsewhere");
    }
    may(404, "It is not there, or not for whoever asks");
    may(421, "The Host is none of this console's");
    may(422, "A field breaks a rule");
    may(503, "The database does not answer: nothing was changed, and nothing shown");
    if writes {
        may(409, "The state does not allow it, or newer revisions have settled, or the request was broken off before");
        may(413, "The body is too long");
        may(415, "The body is no JSON");
    }
    if writes && of.path.contains("{id}") {
        may(412, "It has changed since it was read");
        may(428, "If-Match is missing");
    }
    Value::Object(all)
}

fn object(required: &[(&str, Value)], optional: &[(&str, Value)]) -> Value {
    let properties: Map<String, Value> =
        required.iter().chain(optional).map(|(name, schema)| ((*name).to_owned(), schema.clone())).collect();
    json!({ "type": "object", "properties": properties, "required": required.iter().map(|(name, _)| *name).collect::<Vec<_>>() })
}

fn list_of(name: &str) -> Value {
    json!({ "type": "array", "items": { "$ref": format!("#/components/schemas/{name}") } })
}

fn schemas() -> Value {
    let time = || json!({ "type": "string", "format": "date-time" });
    let maybe = |kind: &str| json!({ "type": [kind, "null"] });
    let (int, real) = (number(), json!({ "type": "number" }));
    let anything = || json!({ "type": "object" });
    let party = object(&[("name", text()), ("unit", maybe("string"))], &[]);
    let case = [
        ("id", int.clone()),
        ("key", text()),
        ("state", one_of(CaseState::ALL.map(CaseState::name))),
        ("owner", maybe("string")),
        ("version", int.clone()),
        ("typology", text()),
        ("severity", one_of(Severity::ALL.map(Severity::name))),
        ("score", real.clone()),
        ("alerts", int.clone()),
        ("parties", json!({ "type": "array", "items": party })),
        ("opened_at", time()),
        ("last_access", time()),
        ("shown_at", maybe("string")),
        ("verdict", maybe("string")),
        ("proposed_by", maybe("string")),
        ("proposal", maybe("integer")),
        ("closed_at", maybe("string")),
        ("erased_at", maybe("string")),
    ];
    let entry = object(&[("id", int.clone()), ("at", time()), ("by", maybe("string")), ("kind", text()), ("body", json!({}))], &[]);
    let share = json!({ "type": ["object", "null"], "properties": { "share": real, "low": real, "high": real }, "required": ["share", "low", "high"] });
    json!({
        "Any": anything(),
        "Problem": object(
            &[("type", text()), ("title", text()), ("status", int.clone()), ("place", text()), ("rule", text()), ("value", text())], &[]),
        "Session": object(&[("account", text()), ("roles", json!({ "type": "array", "items": anything() })), ("csrf", text()), ("scopes", maybe("string"))], &[]),
        "Case": object(&case, &[("cites", cites()), ("entries", json!({ "type": "array", "items": entry }))]),
        "Cases": object(&[("cases", list_of("Case")), ("next", maybe("string")), ("count", int.clone()), ("counted_up_to", int.clone())], &[]),
        // Whoever gave a case away may not see it any more: its number alone.
        "Changed": object(&[("id", int.clone())], &case[1..]),
        "AlertOfCase": object(&[("alert", anything()), ("case", int.clone())], &[]),
        "DossierOfAlert": object(&[("dossier", anything())], &[]),
        "Silence": object(&[
            ("id", int.clone()), ("version", int.clone()), ("state", one_of(["proposed", "in_force", "ended"])), ("match", anything()), ("to", time()),
            ("reason", text()), ("text", text()), ("by", text()), ("at", time()), ("second", maybe("string")), ("ended_by", maybe("string")), ("ended_at", maybe("string")),
        ], &[]),
        "Silences": object(&[("silences", list_of("Silence"))], &[]),
        "Views": object(&[("views", json!({ "type": "array", "items": anything() })), ("next", maybe("integer"))], &[]),
        "Explanation": object(
            &[
                ("id", int.clone()), ("version", int.clone()), ("case", int.clone()), ("state", one_of(["proposed", "in_force", "ended"])),
                ("whom_kind", text()), ("whom", text()), ("objects", text()), ("to", time()), ("reason", text()), ("max_persons", int.clone()),
                ("text", text()), ("by", text()), ("at", time()), ("second", maybe("string")), ("ended_by", maybe("string")), ("ended_at", maybe("string")),
            ],
            &[],
        ),
        "Explanations": object(&[("explanations", list_of("Explanation"))], &[]),
        "Coverage": object(
            &[("days", json!({ "type": "array", "items": anything() })), ("unknown_tables", json!({ "type": "array", "items": anything() })), ("taken_at", maybe("string"))],
            &[],
        ),
        "QualityOf": object(
            &[
                ("typology", maybe("string")), ("confirmed", int.clone()), ("innocent", int.clone()), ("unclear", int.clone()), ("detector_wrong", int.clone()),
                ("open", int.clone()), ("precision", share), ("median_hours", maybe("number")),
            ],
            &[],
        ),
        "Quality": object(&[("quality", list_of("QualityOf")), ("all", json!({ "$ref": "#/components/schemas/QualityOf" }))], &[]),
        "Delivery": object(
            &[
                ("name", text()), ("waiting", int.clone()), ("oldest", maybe("string")), ("tries", int.clone()), ("told", int.clone()), ("superseded", int.clone()),
                ("days", int.clone()), ("last", maybe("string")), ("dead_letters", int.clone()),
            ],
            &[],
        ),
        "Deliveries": object(&[("deliveries", list_of("Delivery"))], &[]),
        "QueueDiffers": object(&[("new", int.clone()), ("changed", int.clone()), ("gone", int.clone())], &[]),
        "Unmasking": object(&[
            ("id", int.clone()), ("version", int.clone()), ("case", int.clone()), ("state", one_of(["asked", "approved", "declined"])), ("purpose", text()),
            ("pseudonyms", json!({ "type": "array", "items": text() })), ("asked_by", text()), ("asked_at", time()), ("decided_by", maybe("string")),
            ("decided_at", maybe("string")), ("expires_at", maybe("string")),
        ], &[]),
        "Unmaskings": object(&[("unmaskings", list_of("Unmasking"))], &[]),
        "Identities": object(&[
            ("id", int.clone()), ("expires_at", maybe("string")), ("identities", json!({ "type": "object", "additionalProperties": { "type": "array", "items": text() } })),
            ("places", int.clone()), ("places_there", int.clone()),
        ], &[]),
        "Hold": object(&[
            ("id", int.clone()), ("version", int.clone()), ("case", int.clone()), ("state", one_of(["asked", "set", "declined", "lifted"])),
            ("by", text()), ("at", time()), ("reason", text()), ("decided_by", maybe("string")), ("decided_at", maybe("string")),
            ("lifted_by", maybe("string")), ("lifted_at", maybe("string")),
        ], &[]),
        "Holds": object(&[("holds", list_of("Hold"))], &[]),
        "Token": object(&[
            ("id", int.clone()), ("name", text()), ("scopes", text()), ("version", int), ("created_at", time()), ("expires_at", time()),
            ("ended_at", maybe("string")), ("used_at", maybe("string")),
        ], &[("secret", maybe("string"))]),
        "Tokens": object(&[("tokens", list_of("Token"))], &[]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::routes::ROUTES;

    #[test]
    fn every_route_of_the_api_is_described_and_nothing_else() {
        let name = |method: &Method, path: &str| format!("{method} {path}");
        let mut routes: Vec<String> =
            ROUTES.iter().filter(|route| route.path.starts_with("/api/")).map(|route| name(&route.method, route.path)).collect();
        let mut described: Vec<String> = API.iter().map(|of| name(&of.method, of.path)).collect();
        routes.sort();
        described.sort();
        assert_eq!(routes, described);
    }

    #[test]
    fn it_is_openapi_and_every_reference_leads_somewhere() {
        let document = document();
        let read: utoipa::openapi::OpenApi = serde_json::from_value(document.clone()).expect("OpenAPI 3.1");
        assert_eq!(read.paths.paths.len(), document["paths"].as_object().expect("paths").len());
        let text = document.to_string();
        let names: Vec<&str> = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(names.len() > 100);
        for name in names {
            assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
        }
        let mut ids: Vec<String> = API.iter().map(name_of).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), API.len(), "operations have names of their own");
    }
}
