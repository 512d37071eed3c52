//! What the HTTP server must have where others than this machine reach it.

use crate::config::schema::Config;
use crate::model::problem::Problem;
use std::net::SocketAddr;

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
