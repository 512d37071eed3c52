//! What holds for every request, before and after its handler: the `Host`, the session, the form's token and `Origin`, the policy; then the
//! record of what is shown, committed before the answer goes out, and the headers that keep pages from being embedded, cached or scripted.

use crate::console::answer::{Answer, Asked, Body, Shows, status};
use crate::console::api::scopes;
use crate::console::api::writes::{self, Once};
use crate::console::form::Fields;
use crate::console::html::{self, Shell};
use crate::console::in_its_page;
use crate::console::reader::{self, Reader};
use crate::console::routes::{Policy, ROUTES, Route};
use crate::console::session_ended;
use crate::console::settings::{PROXY_SECRET, SignIn};
use crate::console::state::Console;
use crate::desk::session::{self, Session, Use};
use crate::desk::{DeskError, account, attempt, token};
use crate::http::Peer;
use crate::model::time::Timestamp;
use crate::telemetry::metrics::table::HTTP_REFUSED;
use axum::Router;
use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodFilter, on};
use serde_json::json;
use std::net::IpAddr;
use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a request's body.
const LONGEST_BODY: usize = 256 * 1024;
/// The session's cookie: of this host alone, for every path, by TLS or on this machine.
pub const COOKIE: &str = "__Host-leakwarden";
/// The cookie of a sign-in that was begun with the provider.
pub const ATTEMPT: &str = "__Host-leakwarden-attempt";
/// The header by which the API brings the form's token.
pub const CSRF: &str = "x-csrf-token";

/// What every answer says to the browser.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::CACHE_CONTROL, "no-store"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
];

impl Console {
    /// Every route.
    pub fn router(&self) -> Router {
        router(self)
    }
}

/// The table as routes; what is not in it is not there.
fn router(console: &Console) -> Router {
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.method {
            Method::POST => MethodFilter::POST,
            Method::PATCH => MethodFilter::PATCH,
            _ => MethodFilter::GET,
        };
        let console = console.clone();
        let handler = move |parameters: Result<RawPathParams, RawPathParamsRejection>, request: Request| {
            let console = console.clone();
            // What is no text, or none that a database holds, names nothing that there is.
            let path: Vec<String> = parameters.iter().flatten().map(|(_, value)| value.to_owned()).collect();
            let path = if path.iter().any(|value| value.contains('\0')) { Vec::new() } else { path };
            async move { answer(console, route, path, request).await }
        };
        router = router.route(route.path, on(filter, handler));
    }
    let (console, other) = (console.clone(), console.clone());
    let router = router.fallback(move |request: Request| {
        let console = console.clone();
        async move {
            let api = is_api(request.uri().path());
            let reader = Reader::of(request.headers(), "/");
            finished(&console, failed(&console, None, &reader, api, &DeskError::NotFound))
        }
    });
    router.method_not_allowed_fallback(move |request: Request| {
        let console = other.clone();
        async move {
            let api = is_api(request.uri().path());
            finished(&console, refusal(api, StatusCode::METHOD_NOT_ALLOWED, "method", "is none of this place"))
        }
    })
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

#[expect(clippy::disallowed_methods, reason = "when somebody looks is told by the clock")]
pub(super) fn now() -> Timestamp {
    Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64))
}

async fn answer(console: Console, route: &'static Route, path: Vec<String>, request: Request) -> Response {
    let api = is_api(route.path);
    if !console.guard.knows_host(request.uri(), request.headers()) {
        console.metrics.add(HTTP_REFUSED, ["host"], 1);
        let rule = "is none of this console's: see [console] hosts";
        return finished(&console, refusal(api, StatusCode::MISDIRECTED_REQUEST, "Host", rule));
    }
    let now = now();
    let place = request.uri().path_and_query().filter(|_| route.method == Method::GET).map_or("/", |place| place.as_str());
    let reader = Reader::of(request.headers(), place);
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0);
    let session = match signed_in(&console, request.headers(), peer, route, now).await {
        Ok(session) => session,
        Err(error) => return finished(&console, failed(&console, None, &reader, api, &error)),
    };
    let refused = |response| finished(&console, response);
    match route.policy {
        Policy::Open => {}
        Policy::SignedIn | Policy::May(_) if session.is_none() => {
            let to_sign_in = to_sign_in(&console, api, route, &request);
            // Somebody who was signed in wrote longer than the session lasted.
            let wrote = cookie(request.headers(), COOKIE).is_some() && is_own_origin(request.headers());
            let page = route.page.filter(|_| wrote && to_sign_in.status() == StatusCode::SEE_OTHER);
            let Some(page) = page else { return refused(to_sign_in) };
            let (parts, body) = request.into_parts();
            // What is too long or no form is not half shown.
            let Ok(bytes) = to_bytes(body, LONGEST_BODY).await else { return refused(to_sign_in) };
            let written = std::str::from_utf8(&bytes).ok().and_then(Fields::encoded).filter(|fields| !fields.has_nul());
            let Some(body) = written else { return refused(to_sign_in) };
            let asked = Asked {
                console: console.clone(),
                session: None,
                people: console.people.now(),
                now,
                from: sender(&console, &parts.headers, peer),
                path,
                zone: reader.zone(&console.settings.zone),
                reader,
                query: Fields::default(),
                body,
                if_match: None,
                last_event: None,
                attempt: None,
                refused: None,
            };
            return refused(sent(session_ended::answer(asked, page, parts.uri.path())));
        }
        Policy::May(action) if !session.as_ref().is_some_and(|session| session.caller.may_ever(action)) => {
            return refused(failed(&console, session.as_ref(), &reader, api, &DeskError::NotFound));
        }
        Policy::SignedIn | Policy::May(_) => {}
    }
    let scopes = session.as_ref().and_then(|session| session.scopes.as_ref()).filter(|_| route.policy != Policy::Open);
    if scopes.is_some_and(|scopes| scopes::of(&route.method, route.path).is_none_or(|needed| !scopes.contains(&needed))) {
        return refused(problem(
            StatusCode::FORBIDDEN,
            "Authorization",
            "must be a token with the scope for this, or people who signed in",
            "",
        ));
    }
    let (parts, body) = request.into_parts();
    let writes = route.method != Method::GET;
    if writes && !is_own_origin(&parts.headers) {
        console.metrics.add(HTTP_REFUSED, ["origin"], 1);
        return refused(refusal(api, StatusCode::FORBIDDEN, "Origin", "the request comes from a page of another site"));
    }
    let Some(query) = Fields::encoded(parts.uri.query().unwrap_or_default()).filter(|query| !query.has_nul()) else {
        return refused(refusal(api, StatusCode::BAD_REQUEST, "query", "cannot be understood"));
    };
    let (body, sent_bytes) = if writes {
        let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let Ok(bytes) = to_bytes(body, LONGEST_BODY).await else {
            return refused(refusal(api, StatusCode::PAYLOAD_TOO_LARGE, "body", "is too long"));
        };
        let read = match kind.as_str() {
            "application/x-www-form-urlencoded" if !api => std::str::from_utf8(&bytes).ok().and_then(Fields::encoded),
            "application/json" if api => Fields::json(&bytes),
            _ => {
                return refused(refusal(
                    api,
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    "Content-Type",
                    "forms come as forms, and the API takes JSON",
                ));
            }
        };
        match read.filter(|fields| !fields.has_nul()) {
            Some(fields) => (fields, bytes),
            None => return refused(refusal(api, StatusCode::BAD_REQUEST, "body", "cannot be understood")),
        }
    } else {
        (Fields::default(), Bytes::new())
    };
    // A token comes in no cookie: no page of another site has it.
    if writes && let Some(session) = session.as_ref().filter(|session| session.scopes.is_none()) {
        let header = parts.headers.get(CSRF).and_then(|value| value.to_str().ok());
        let brought = body.get("csrf").or(header).unwrap_or_default();
        if blake3::hash(brought.as_bytes()) != blake3::hash(session.csrf.as_bytes()) {
            console.metrics.add(HTTP_REFUSED, ["csrf"], 1);
            return refused(refusal(api, StatusCode::FORBIDDEN, "X-CSRF-Token", "the form is of another session: open the page again"));
        }
    }
    let brings = match writes::brought(api, writes, route.path, &parts.headers, &body) {
        Ok(brings) => brings,
        Err((status, place, rule)) => return refused(refusal(api, status, place, rule)),
    };
    let once = match (&brings.key, &session) {
        (Some(key), Some(session)) => Some(Once::new(session, key, &route.method, &parts.uri, brings.if_match, &sent_bytes)),
        _ => None,
    };
    let people = console.people.now();
    let from = sender(&console, &parts.headers, peer);
    let asked = Asked {
        console: console.clone(),
        session: session.clone(),
        people,
        now,
        from,
        path,
        reader: reader.clone(),
        zone: reader.zone(&console.settings.zone),
        query,
        body,
        if_match: brings.if_match,
        last_event: brings.last_event,
        attempt: cookie(&parts.headers, ATTEMPT).map(str::to_owned),
        refused: None,
    };
    let again = route.page.map(|page| (page, asked.clone()));
    let before = match &once {
        Some(once) => once.begin(&console.database, now).await,
        None => Ok(None),
    };
    let answered = match before {
        Ok(Some(answer)) => Ok(answer),
        Ok(None) => {
            let answered = (route.handler)(asked).await;
            if let Some(once) = &once {
                once.end(&console.database, answered.as_ref().ok()).await;
            }
            answered
        }
        Err(error) => Err(error),
    };
    let answered = match (answered, again) {
        (Err(error), Some((page, asked))) => in_its_page::answer(asked, page, parts.uri.path(), error).await,
        (answered, _) => answered,
    };
    let answered = match answered {
        Ok(answered) => answered,
        Err(error) => return refused(failed(&console, session.as_ref(), &reader, api, &error)),
    };
    // No view without a record.
    if let (Shows::People(view), Some(session)) = (&answered.shows, &session)
        && let Err(error) = console.views.record(&session.caller, view, now).await
    {
        tracing::error!(%error, "what was to be shown could not be written down, and was not shown");
        return refused(failed(&console, None, &reader, api, &DeskError::Database(error)));
    }
    finished(&console, sent(answered))
}

fn sent(answer: Answer) -> Response {
    let mut response = match answer.body {
        Body::Page(page) => (answer.status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page.into_string()).into_response(),
        Body::Json(value) => (answer.status, [(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response(),
        Body::See(place) => (answer.status, [(header::LOCATION, place)], "").into_response(),
        Body::Events(text) => (answer.status, [(header::CONTENT_TYPE, "text/event-stream")], text).into_response(),
        Body::File(kind, text) => (answer.status, [(header::CONTENT_TYPE, kind)], text).into_response(),
    };
    if let Some(version) = answer.etag
        && let Ok(value) = HeaderValue::from_str(&format!("\"{version}\""))
    {
        response.headers_mut().insert(header::ETAG, value);
    }
    if let Some(secret) = answer.cookie {
        let (secret, age) = secret.map_or((String::new(), 0), |secret| (secret, session::WHOLE_MS / 1000));
        let cookie = format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}");
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    if let Some(sealed) = answer.attempt {
        let (sealed, age) = sealed.map_or((String::new(), 0), |sealed| (sealed, attempt::LONGEST_MS / 1000));
        // Lax: the provider sends people back by a link.
        let cookie = format!("{ATTEMPT}={sealed}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={age}");
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    if let Some(reader) = answer.reader {
        let cookie = format!("{}={}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={}", reader::COOKIE, reader.cookie(), reader::KEPT);
        if let Ok(value) = HeaderValue::from_str(&cookie) {
            response.headers_mut().append(header::SET_COOKIE, value);
        }
    }
    response
}

fn finished(console: &Console, mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if console.settings.tls {
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response()
}

/// A refusal of a request that no handler has seen, for people or for a program.
fn refusal(api: bool, status: StatusCode, place: &str, rule: &str) -> Response {
    if api {
        return problem(status, place, rule, "");
    }
    (status, [(header::CONTENT_TYPE, "text/plain; charset=utf-8")], format!("{place}: {rule}\n")).into_response()
}

/// RFC 9457, with place, rule and value.
fn problem(status: StatusCode, place: &str, rule: &str, value: &str) -> Response {
    let title = status.canonical_reason().unwrap_or_default();
    let body = json!({ "type": "about:blank", "title": title, "status": status.as_u16(), "place": place, "rule": rule, "value": value });
    (status, [(header::CONTENT_TYPE, "application/problem+json")], format!("{body}\n")).into_response()
}

/// What went wrong, as a page or for a program.
fn failed(console: &Console, session: Option<&Session>, reader: &Reader, api: bool, error: &DeskError) -> Response {
    if let DeskError::Database(error) = error {
        tracing::warn!(%error, "the console's database");
    }
    let status = status(error);
    if !api {
        let zone = reader.zone(&console.settings.zone);
        let shell = Shell { session, reader, zone: &zone, now: now(), pseudonyms: console.pseudonyms, follows: false, refused: None };
        let page = html::error(shell, status, error).into_string();
        return (status, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response();
    }
    match error {
        DeskError::Refused { place, rule, value } => problem(status, place, rule, value),
        DeskError::Stale(newer) => {
            problem(status, "cites", "must be the newest settled revisions: read them and decide again", &newer.join(", "))
        }
        DeskError::Changed { now } => problem(status, "If-Match", "must be the version that there is", &now.to_string()),
        DeskError::NotFound | DeskError::NotAllowed(_) | DeskError::State { .. } => problem(status, "path", &error.to_string(), ""),
        DeskError::Database(_) => problem(status, "database", "must answer: try again", ""),
    }
}

fn to_sign_in(console: &Console, api: bool, route: &Route, request: &Request) -> Response {
    if api {
        return problem(StatusCode::UNAUTHORIZED, "session", "must be given: sign in first", "");
    }
    if matches!(console.settings.sign_in, SignIn::Proxy { .. }) {
        return plain(StatusCode::UNAUTHORIZED, "the proxy in front of this console names nobody who has an account here\n");
    }
    let next = match (route.method == Method::GET, request.uri().path_and_query()) {
        (true, Some(place)) if place.as_str() != "/" => format!("?next={}", crate::console::form::encoded(place.as_str())),
        _ => String::new(),
    };
    (StatusCode::SEE_OTHER, [(header::LOCATION, format!("/sign-in{next}"))], "").into_response()
}

/// Whether a page of this console asks: by the `Origin`, which browsers send with every request that writes.
fn is_own_origin(headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let Some(host) = text(header::HOST) else { return false };
    match text(header::ORIGIN) {
        Some(origin) => {
            origin.split_once("://").is_some_and(|(scheme, of)| ["http", "https"].contains(&scheme) && of.eq_ignore_ascii_case(host))
        }
        // Programs send none; browsers say by this that it is none of theirs.
        None => matches!(headers.get("sec-fetch-site").map(|value| value.as_bytes()), None | Some(b"same-origin")),
    }
}

/// From where somebody asks: what the proxy says of it, where it is the proxy that says it.
fn sender(console: &Console, headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
    if !console.settings.is_proxy(peer) {
        return peer;
    }
    // What stands before the last was written by whoever sent it.
    let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
    last.and_then(|list| list.rsplit(',').next()?.trim().parse().ok()).or(peer)
}

/// Who asks: by the cookie of a session, or by the proxy.
async fn signed_in(
    console: &Console,
    headers: &HeaderMap,
    peer: Option<IpAddr>,
    route: &Route,
    now: Timestamp,
) -> Result<Option<Session>, DeskError> {
    let people = console.people.now();
    if is_api(route.path)
        && let Some(bearer) = headers.get(header::AUTHORIZATION)
    {
        let secret = bearer.to_str().ok().and_then(|value| value.split_once(' ')).filter(|(kind, _)| kind.eq_ignore_ascii_case("bearer"));
        let Some((_, secret)) = secret else { return Ok(None) };
        let found = token::find(&console.database, &people, secret.trim(), now).await?;
        return Ok(found.map(|(caller, scopes)| Session::by_token(caller, scopes)));
    }
    match &console.settings.sign_in {
        SignIn::Local | SignIn::PasswordAlone | SignIn::Oidc(_) => {
            let Some(secret) = cookie(headers, COOKIE) else { return Ok(None) };
            let use_of = if route.is_by_itself() { Use::ByItself } else { Use::ByPerson };
            Ok(session::find(&console.database, &people, secret, use_of, now).await?)
        }
        SignIn::Proxy { header, secret } => {
            let once = |name: &str| {
                let mut values = headers.get_all(name).iter();
                match (values.next(), values.next()) {
                    (Some(value), None) => value.to_str().ok(),
                    _ => None,
                }
            };
            let proves = once(PROXY_SECRET).is_some_and(|brought| blake3::hash(brought.as_bytes()) == *secret);
            let proves = proves && console.settings.is_proxy(peer);
            let (true, Some(name)) = (proves, once(header)) else { return Ok(None) };
            let mut read = console.database.read().await?;
            let Some(caller) = account::caller(&mut read, &people, name).await? else { return Ok(None) };
            // Bound to the proxy's secret and the account: a page of another site has neither.
            let csrf = blake3::keyed_hash(secret.as_bytes(), name.as_bytes()).to_hex().to_string();
            Ok(Some(Session::by_proxy(caller, csrf)))
        }
    }
}

/// The value of a cookie; of several none.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut ours = all.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('=')).filter(|(other, _)| *other == name);
    match (ours.next(), ours.next()) {
        (Some((_, secret)), None) => Some(secret),
        _ => None,
    }
}
