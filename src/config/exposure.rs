//! What the HTTP server must have where others than this machine reach it.

use crate::config::schema::Config;
use crate::model::problem::Problem;
use crate::notify::http::is_safe;
use std::net::{IpAddr, SocketAddr};

/// Settings of `[http]` that would send what names people in the clear.
pub fn problems(config: &Config) -> Vec<Problem> {
    let (file, http) = (config.file.display(), &config.http);
    let mut problems = Vec::new();
    if http.token_file.is_some() && http.tls_certificate_file.is_none() && !is_local(config) {
        let rule = "must be a loopback address, or http.tls_certificate_file be given: the token and employees would travel in the clear";
        problems.push(Problem::new(format!("{file}: http.listen"), rule, &http.listen.0));
    }
    problems
}

/// Settings of `[console]` that go together, or would send what names people in the clear.
pub fn of_console(config: &Config) -> Vec<Problem> {
    let (file, console) = (config.file.display(), &config.console);
    let mut problems = Vec::new();
    let pairs = [
        ("tls_certificate_file", console.tls_certificate_file.is_some(), "tls_key_file", console.tls_key_file.is_some()),
        ("proxy_header", console.proxy_header.is_some(), "proxy_secret_file", console.proxy_secret_file.is_some()),
        ("oidc_issuer", console.oidc_issuer.is_some(), "oidc_client_id", console.oidc_client_id.is_some()),
        ("oidc_issuer", console.oidc_issuer.is_some(), "oidc_address", console.oidc_address.is_some()),
    ];
    for (one, has_one, other, has_other) in pairs {
        if has_one != has_other {
            let missing = if has_one { other } else { one };
            problems.push(Problem::plain(format!("{file}: console.{missing}"), format!("must be given: {one} and {other} go together")));
        }
    }
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    if let Some(header) = console.proxy_header.as_ref().filter(|header| !is_word(header)) {
        problems.push(Problem::new(format!("{file}: console.proxy_header"), "must be the name of a header", format!("{header:?}")));
    }
    if let Some(address) = console.proxy_addresses.iter().find(|address| address.parse::<IpAddr>().is_err()) {
        problems.push(Problem::new(format!("{file}: console.proxy_addresses"), "must be IP addresses", format!("{address:?}")));
    }
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    if let Some(issuer) = console.oidc_issuer.as_ref().filter(|_| console.proxy_header.is_some()) {
        let rule = "must not be given beside console.proxy_header: people are signed in by one of them";
        problems.push(Problem::new(format!("{file}: console.oidc_issuer"), rule, format!("{issuer:?}")));
    }
    for (name, address) in [("oidc_issuer", &console.oidc_issuer), ("oidc_address", &console.oidc_address)] {
        if let Some(address) = address.as_ref().filter(|address| !is_safe(address)) {
            let rule = "must be https, or an address of this machine: who signs in, and as whom, would travel in the clear";
            problems.push(Problem::new(format!("{file}: console.{name}"), rule, format!("{address:?}")));
        }
    }
    if let Some(name) = console.hosts.iter().find(|name| !is_name(name)) {
        problems.push(Problem::new(format!("{file}: console.hosts"), "must be names without a port", format!("{name:?}")));
    }
    if let Some(listen) = &console.listen {
        let is_near = listen.0.parse().is_ok_and(|address: SocketAddr| address.ip().is_loopback());
        if !is_near && console.tls_certificate_file.is_none() {
            let rule =
                "must be a loopback address, or console.tls_certificate_file be given: passwords and employees would travel in the clear";
            problems.push(Problem::new(format!("{file}: console.listen"), rule, &listen.0));
        }
    }
    problems
}

/// Whether only this machine reaches the address.
pub fn is_local(config: &Config) -> bool {
    config.http.listen.0.parse().is_ok_and(|address: SocketAddr| address.ip().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn told(http: &str) -> Vec<String> {
        let text = format!("[catalog]\nfile = \"catalog.toml\"\n[http]\n{http}");
        let problems = Config::parse(&text, Path::new("c.toml")).err().unwrap_or_default();
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn names_of_people_do_not_travel_in_the_clear() {
        assert!(told("token_file = \"t\"\n").is_empty() && told("listen = \"0.0.0.0:1\"\n").is_empty());
        let found = told("token_file = \"t\"\nlisten = \"0.0.0.0:1\"\n");
        assert!(found.len() == 1 && found[0].starts_with("c.toml: http.listen must be a loopback address, or "), "{found:?}");
        let tls = "tls_certificate_file = \"c\"\n";
        assert!(told(&format!("token_file = \"t\"\nlisten = \"0.0.0.0:1\"\n{tls}tls_key_file = \"k\"\n")).is_empty());
    }
}
