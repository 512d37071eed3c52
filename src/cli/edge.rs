//! The HTTP server of a configuration: its token and its certificate, as `run` uses and `check` tries them.

use leakwarden::config::exposure;
use leakwarden::config::load;
use leakwarden::config::schema::Config;
use leakwarden::http::guard::Guard;
use leakwarden::http::tls;
use leakwarden::model::problem::Problem;
use tokio_rustls::TlsAcceptor;

/// What stands before the server.
pub struct Edge {
    /// Who is shown what names people.
    pub guard: Guard,
    /// TLS, where there is a certificate.
    pub tls: Option<TlsAcceptor>,
}

impl Edge {
    /// Reads what the configuration names; every mistake in it.
    pub fn open(config: &Config) -> Result<Edge, Vec<Problem>> {
        let http = &config.http;
        // The address may come from the command line.
        let mut problems = exposure::problems(config);
        let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        if let Some(name) = http.hosts.iter().find(|name| !is_name(name)) {
            problems.push(Problem::new(
                format!("{}: http.hosts", config.file.display()),
                "must be names without a port",
                format!("{name:?}"),
            ));
        }
        let token = http.token_file.as_deref().map(|file| {
            let secret = load::secret(file)?;
            let text = String::from_utf8(secret).ok().filter(|text| text.chars().all(|c| c.is_ascii_graphic()));
            let place = file.display().to_string();
            text.ok_or_else(|| Problem::plain(place, "must hold one word of letters, digits and signs: it is sent in a header"))
        });
        let token = token.transpose().map_err(|problem| problems.push(problem)).ok().flatten();
        if http.tls_certificate_file.is_some() != http.tls_key_file.is_some() {
            let missing = if http.tls_key_file.is_some() { "tls_certificate_file" } else { "tls_key_file" };
            let place = format!("{}: http.{missing}", config.file.display());
            problems.push(Problem::plain(place, "must be given: a certificate and its key go together"));
        }
        let tls = match (&http.tls_certificate_file, &http.tls_key_file) {
            (Some(certificate), Some(key)) => {
                let place = format!("{}: http", config.file.display());
                let told = tls::acceptor(certificate, key).map_err(|error| problems.push(Problem::plain(place, error.to_string())));
                told.ok()
            }
            _ => None,
        };
        if problems.is_empty() { Ok(Edge { guard: Guard::new(token.as_deref(), &http.hosts), tls }) } else { Err(problems) }
    }
}
