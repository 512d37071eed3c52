//! Signing in with a provider of OpenID Connect: a small one of our own, which says what it should not, too.

use crate::company::{alert, staffed, take};
use crate::console::{Got, Running, on_sqlite};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use leakwarden::console::oidc::client::Client;
use leakwarden::console::settings::SignIn;
use leakwarden::database::Database;
use leakwarden::desk::account;
use leakwarden::model::severity::Severity;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

const CLIENT: &str = "the console";
const SECRET: &str = "what the console proves itself by";

/// What the provider says next.
#[derive(Default)]
struct Told {
    /// Its signing key, by which name.
    key: Option<(String, EcdsaKeyPair)>,
    /// Whose codes it takes, with the challenge of who began.
    codes: BTreeMap<String, String>,
    /// The token's header and claims.
    header: Value,
    claims: Value,
    /// What of the token is changed after it was signed.
    spoilt: bool,
    /// How often it was asked for its keys.
    asked_for_keys: usize,
}

struct Provider {
    address: SocketAddr,
    told: Arc<Mutex<Told>>,
}

fn new_key() -> EcdsaKeyPair {
    let random = SystemRandom::new();
    let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).expect("a key");
    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &random).expect("a key")
}

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() as i64
}

fn token(told: &Told) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&told.header), part(&told.claims));
    let (_, key) = told.key.as_ref().expect("a key");
    let mut signature = key.sign(&SystemRandom::new(), signed.as_bytes()).expect("signed").as_ref().to_vec();
    if told.spoilt {
        signature[9] ^= 1;
    }
    let signature = if told.header["alg"] == "none" { String::new() } else { URL_SAFE_NO_PAD.encode(signature) };
    format!("{signed}.{signature}")
}

impl Provider {
    fn start() -> Provider {
        let listener = TcpListener::bind("127.0.0.1:0").expect("bound");
        let address = listener.local_addr().expect("an address");
        let told = Arc::new(Mutex::new(Told { key: Some(("k1".to_owned(), new_key())), ..Told::default() }));
        let says = Arc::clone(&told);
        // It ends with the test.
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let mut reader = BufReader::new(stream.try_clone().expect("the same"));
                let (mut head, mut length) = (String::new(), 0);
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).expect("read") <= 2 {
                        break;
                    }
                    if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                        length = value.trim().parse().expect("a number");
                    }
                    head += &line;
                }
                let mut body = vec![0; length];
                reader.read_exact(&mut body).expect("read");
                let path = head.split(' ').nth(1).expect("a path").to_owned();
                let (status, answer) = answer(address, &says, &path, &head, &String::from_utf8(body).expect("text"));
                let text = answer.to_string();
                let sent = format!(
                    "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                );
                let _ = stream.write_all(sent.as_bytes());
            }
        });
        Provider { address, told }
    }

    fn issuer(&self) -> String {
        format!("http://{}/realm", self.address)
    }

    fn tells(&self, change: impl FnOnce(&mut Told)) {
        change(&mut self.told.lock().expect("its turn"));
    }
}

fn answer(address: SocketAddr, told: &Mutex<Told>, path: &str, head: &str, body: &str) -> (u16, Value) {
    let mut told = told.lock().expect("its turn");
    let issuer = format!("http://{address}/realm");
    match path {
        "/realm/.well-known/openid-configuration" => (
            200,
            json!({ "issuer": issuer, "authorization_endpoint": format!("{issuer}/auth"), "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"), "end_session_endpoint": format!("{issuer}/logout") }),
        ),
        "/realm/keys" => {
            told.asked_for_keys += 1;
            let (name, key) = told.key.as_ref().expect("a key");
            let point = key.public_key().as_ref();
            let part = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
            (
                200,
                json!({ "keys": [{ "kty": "EC", "crv": "P-256", "kid": name, "use": "sig", "x": part(&point[1..33]), "y": part(&point[33..]) }] }),
            )
        }
        "/realm/token" => {
            let form = fields(body);
            let basic = base64::engine::general_purpose::STANDARD.encode("the%20console:what%20the%20console%20proves%20itself%20by");
            let challenge = |verifier: &String| URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, verifier.as_bytes()));
            let wanted = form.get("code").and_then(|code| told.codes.get(code)).cloned();
            let proves = wanted.is_some() && form.get("code_verifier").map(challenge) == wanted && head.contains(&format!("Basic {basic}"));
            let fits = form.get("redirect_uri").is_some_and(|uri| uri == "https://desk.bank.example/sign-in/oidc/callback");
            if proves && fits {
                (200, json!({ "access_token": "x", "token_type": "Bearer", "id_token": token(&told) }))
            } else {
                (400, json!({ "error": "invalid_grant" }))
            }
        }
        _ => (404, json!({})),
    }
}

/// A console where people sign in with this provider, and `li.na` is `sub-1` there.
async fn console(database: &Database, provider: &Provider) -> Running {
    staffed(database).await;
    account::set_subject(database, "li.na", Some("sub-1")).await.expect("known");
    take(database, &[alert("a1", "E7", 1, Severity::High)]).await;
    let client = Client::new(&provider.issuer(), CLIENT, Some(SECRET.to_owned()), "https://desk.bank.example/", None).expect("a client");
    Running::start(database.clone(), SignIn::Oidc(Arc::new(client))).await
}

/// The fields of a query or a form.
fn fields(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
        while let Some((first, more)) = rest.split_first() {
            let hex = (*first == b'%').then(|| u8::from_str_radix(std::str::from_utf8(&more[..2]).expect("ASCII"), 16).expect("a byte"));
            bytes.push(hex.unwrap_or(*first));
            rest = if hex.is_some() { &more[2..] } else { more };
        }
        String::from_utf8(bytes).expect("text")
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (decoded(name), decoded(value))).collect()
}

/// What a browser has after it was sent away.
struct Begun {
    cookie: String,
    sent: BTreeMap<String, String>,
}

async fn begun(running: &Running, query: &str) -> Begun {
    let away = running.send("GET", &format!("/sign-in/oidc?{query}"), &[], "").await;
    assert_eq!(away.status, 303, "{}", away.body);
    let cookie = away.header("set-cookie").expect("a cookie").to_owned();
    for part in ["__Host-leakwarden-attempt=", "; Secure", "; HttpOnly", "; SameSite=Lax", "; Path=/", "; Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let place = away.header("location").expect("a place").split_once('?').expect("a query").1.to_owned();
    let sent = fields(&place);
    Begun { cookie: cookie.split(';').next().expect("its value").to_owned(), sent }
}

fn claims(provider: &Provider, begun: &Begun) -> Value {
    json!({ "iss": provider.issuer(), "sub": "sub-1", "aud": CLIENT, "exp": now() + 300, "iat": now(), "nonce": begun.sent["nonce"], "auth_time": now() })
}

/// The browser comes back with a code, and the provider says this of it.
async fn back(running: &Running, provider: &Provider, begun: &Begun, header: Value, claims: Value) -> Got {
    provider.tells(|told| {
        (told.header, told.claims) = (header, claims);
        told.codes.insert("c-1".to_owned(), begun.sent["code_challenge"].clone());
    });
    let path = format!("/sign-in/oidc/callback?code=c-1&state={}", begun.sent["state"]);
    running.send("GET", &path, &[("Cookie", &begun.cookie)], "").await
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "k1", "typ": "JWT" })
}

/// The session that an answer begins.
fn session(got: &Got) -> Option<String> {
    let cookies = got.head.lines().filter_map(|line| line.strip_prefix("set-cookie: "));
    cookies
        .filter(|cookie| cookie.starts_with("__Host-leakwarden="))
        .filter_map(|cookie| cookie.split(';').next())
        .map(str::to_owned)
        .next()
}

#[test]
fn whom_the_provider_names_is_signed_in_with_the_rights_of_this_house() {
    on_sqlite(|place| async move {
        let (database, provider) = (place.open().await, Provider::start());
        let running = console(&database, &provider).await;
        let form = running.send("GET", "/sign-in?next=%2Fcases%2F1", &[], "").await.body;
        assert!(form.contains("/sign-in/oidc?next=%2Fcases%2F1") && !form.contains("name=\"password\""), "{form}");
        let own = format!("http://{}", running.address);
        let headers = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        assert_eq!(running.send("POST", "/sign-in", &headers, "account=li.na&password=x").await.status, 404, "no password counts");
        let one = begun(&running, "next=%2Fcases%2F1").await;
        let fixed = [
            ("response_type", "code"),
            ("scope", "openid"),
            ("client_id", CLIENT),
            ("code_challenge_method", "S256"),
            ("redirect_uri", "https://desk.bank.example/sign-in/oidc/callback"),
        ];
        assert!(fixed.iter().all(|(name, value)| one.sent[*name] == *value) && !one.sent.contains_key("prompt"), "{:?}", one.sent);
        let entered = back(&running, &provider, &one, header(), claims(&provider, &one)).await;
        assert_eq!((entered.status, entered.header("location")), (303, Some("/cases/1")), "{}", entered.body);
        assert!(entered.head.contains("__Host-leakwarden-attempt=; ") && entered.head.contains("Max-Age=0"), "{}", entered.head);
        let cookie = session(&entered).expect("a session");
        let page = running.send("GET", "/cases/1", &[("Cookie", &cookie)], "").await;
        assert!(page.status == 200 && page.body.contains("<bdi>li.na</bdi>") && page.body.contains("E7"), "{}", page.body);
        assert_eq!(running.send("GET", "/deliveries", &[("Cookie", &cookie)], "").await.status, 404, "roles are of this house");
        // The same once more is refused, though the provider would give the same again.
        let again = back(&running, &provider, &one, header(), claims(&provider, &one)).await;
        assert!(again.status == 401 && session(&again).is_none(), "{}", again.status);
        // The provider's keys change: it is asked for them once more.
        provider.tells(|told| told.key = Some(("k2".to_owned(), new_key())));
        let two = begun(&running, "next=%2F%2Fevil.example").await;
        let renewed = back(&running, &provider, &two, json!({ "alg": "ES256", "kid": "k2" }), claims(&provider, &two)).await;
        assert_eq!((renewed.status, renewed.header("location")), (303, Some("/")), "and nobody is sent to another site");
        assert_eq!(provider.told.lock().expect("its turn").asked_for_keys, 2);
        // Whoever is to be shown identities signs in anew, there.
        let anew = begun(&running, "next=%2F&again=yes").await;
        assert_eq!((anew.sent["prompt"].as_str(), anew.sent["max_age"].as_str()), ("login", "0"));
        for (auth_time, status) in [(json!(null), 401), (json!(now() - 400), 401), (json!(now() + 400), 401), (json!(now() - 5), 303)] {
            let anew = begun(&running, "again=yes").await;
            let mut says = claims(&provider, &anew);
            says["auth_time"] = auth_time.clone();
            assert_eq!(back(&running, &provider, &anew, json!({ "alg": "ES256", "kid": "k2" }), says).await.status, status, "{auth_time}");
        }
        // An account that is disabled, or has another subject, is nobody's.
        account::disable(&database, "li.na", true).await.expect("disabled");
        let off = begun(&running, "").await;
        assert_eq!(back(&running, &provider, &off, json!({ "alg": "ES256", "kid": "k2" }), claims(&provider, &off)).await.status, 401);
        let taken = account::set_subject(&database, "chen.lei", Some("sub-1")).await;
        assert!(taken.is_err(), "a subject is of one account");
    });
}

#[test]
fn what_the_provider_did_not_say_for_this_browser_and_this_time_is_refused() {
    on_sqlite(|place| async move {
        let (database, provider) = (place.open().await, Provider::start());
        let running = console(&database, &provider).await;
        type Change = fn(&mut Value, &mut Value);
        let spoils: [(&str, Change); 17] = [
            ("another nonce", |_, claims| claims["nonce"] = json!("guessed")),
            ("no nonce", |_, claims| claims["nonce"] = json!(null)),
            ("another audience", |_, claims| claims["aud"] = json!("another console")),
            ("several audiences", |_, claims| claims["aud"] = json!([CLIENT, "another console"])),
            ("another party", |_, claims| claims["azp"] = json!("another console")),
            ("another issuer", |_, claims| claims["iss"] = json!("https://evil.example")),
            ("over", |_, claims| claims["exp"] = json!(now() - 61)),
            ("not yet", |_, claims| claims["iat"] = json!(now() + 120)),
            ("not before", |_, claims| claims["nbf"] = json!(now() + 120)),
            ("no subject", |_, claims| claims["sub"] = json!("")),
            ("somebody else", |_, claims| claims["sub"] = json!("sub-2")),
            ("none", |header, _| header["alg"] = json!("none")),
            ("None", |header, _| header["alg"] = json!("None")),
            ("by a shared secret", |header, _| header["alg"] = json!("HS256")),
            ("by another algorithm", |header, _| header["alg"] = json!("RS256")),
            ("by another key", |header, _| header["kid"] = json!("k9")),
            ("asks for more", |header, _| header["crit"] = json!(["b64"])),
        ];
        for (name, spoil) in spoils {
            let one = begun(&running, "").await;
            let (mut head, mut says) = (header(), claims(&provider, &one));
            spoil(&mut head, &mut says);
            let got = back(&running, &provider, &one, head, says).await;
            assert!(got.status == 401 && session(&got).is_none(), "{name}: {} {}", got.status, got.head);
            assert!(got.body.contains("You are not signed in") && !got.body.contains("nonce"), "{name}: why is the operator's");
        }
        let one = begun(&running, "").await;
        provider.tells(|told| told.spoilt = true);
        assert_eq!(back(&running, &provider, &one, header(), claims(&provider, &one)).await.status, 401, "changed after it was signed");
        provider.tells(|told| told.spoilt = false);
        // Of another browser, another attempt, without a code, of nobody's making.
        let (one, other) = (begun(&running, "").await, begun(&running, "").await);
        let callback = async |query: String, cookie: &str| {
            running.send("GET", &format!("/sign-in/oidc/callback?{query}"), &[("Cookie", cookie)], "").await.status
        };
        let state = &one.sent["state"];
        for (query, cookie) in [
            (format!("code=c-1&state={state}"), ""),
            (format!("code=c-1&state={state}"), other.cookie.as_str()),
            ("code=c-1".to_owned(), one.cookie.as_str()),
            (format!("state={state}"), one.cookie.as_str()),
            (format!("code=c-1&error=access_denied&state={state}"), one.cookie.as_str()),
            (format!("code=c-9&state={state}"), one.cookie.as_str()),
            (format!("code=c-1&state={state}"), &one.cookie.replace('.', "x.")),
        ] {
            assert_eq!(callback(query.clone(), cookie).await, 401, "{query} {cookie}");
        }
        assert_eq!(back(&running, &provider, &one, header(), claims(&provider, &one)).await.status, 303, "and itself all the same");
        // A code that somebody else began has another challenge.
        let mine = begun(&running, "").await;
        let says = claims(&provider, &mine);
        provider.tells(|told| {
            (told.header, told.claims) = (header(), says);
            told.codes.insert("c-1".to_owned(), "another challenge".to_owned());
        });
        assert_eq!(callback(format!("code=c-1&state={}", mine.sent["state"]), &mine.cookie).await, 401);
    });
}

#[test]
fn whoever_signs_out_may_sign_out_at_the_provider_too_and_one_that_is_away_is_waited_for_once() {
    on_sqlite(|place| async move {
        let (database, provider) = (place.open().await, Provider::start());
        let running = console(&database, &provider).await;
        let one = begun(&running, "").await;
        let cookie = session(&back(&running, &provider, &one, header(), claims(&provider, &one)).await).expect("a session");
        let page = running.send("GET", "/", &[("Cookie", &cookie)], "").await.body;
        let csrf = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token").to_owned();
        let own = format!("http://{}", running.address);
        let headers = [("Origin", own.as_str()), ("Content-Type", "application/x-www-form-urlencoded"), ("Cookie", cookie.as_str())];
        let left = running.send("POST", "/sign-out", &headers, &format!("csrf={csrf}")).await;
        assert_eq!((left.status, left.header("location")), (303, Some("/sign-in?out=yes")), "{}", left.body);
        let form = running.send("GET", "/sign-in?out=yes", &[], "").await.body;
        assert!(form.contains(&format!("{}/logout?client_id=the%20console", provider.issuer())), "{form}");
        assert!(!running.send("GET", "/sign-in", &[], "").await.body.contains("/logout?"));
        assert_eq!(running.send("GET", "/", &[("Cookie", &cookie)], "").await.status, 303, "the session is over");

        // A provider that takes connections and says nothing.
        let silent = TcpListener::bind("127.0.0.1:0").expect("bound");
        let issuer = format!("http://{}/realm", silent.local_addr().expect("an address"));
        let client = Client::new(&issuer, CLIENT, None, "https://desk.bank.example/", None).expect("a client");
        let running = Running::start(database, SignIn::Oidc(Arc::new(client))).await;
        let waits = std::time::Instant::now();
        assert_eq!(running.send("GET", "/sign-in/oidc", &[], "").await.status, 401);
        let first = waits.elapsed();
        for _ in 0..5 {
            assert_eq!(running.send("GET", "/sign-in/oidc", &[], "").await.status, 401);
        }
        assert!(waits.elapsed() < first * 2, "the first waited {first:?}, all of them {:?}", waits.elapsed());
    });
}
