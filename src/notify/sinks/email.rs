//! E-mail: a message for each event, threaded by case, or a digest of several.

use crate::model::severity::Severity;
use crate::model::time::{Span, Timestamp};
use crate::notify::deadline::Bounded;
use crate::notify::event::Message;
use crate::notify::secret::Secret;
use crate::notify::sinks::syslog::host_and_port;
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError, roots, words};
use crate::settings::{Entry, Section, SettingsTable, settings};
use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MessageBuilder};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{SmtpTransport, Transport};
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "email", doc: EmailKeys::DOC, keys: EmailKeys::KEYS, parse };

settings! {
    /// E-mail by SMTP: plain text, one thread for each case.
    pub struct EmailKeys {
        /// Host and port of the mail server: `"mail.example:587"`.
        server: String => RESTART;
        /// `starttls` (587, 25), `tls` (465) or `none`, which is for servers on this machine.
        tls: String = "starttls".to_owned() => RESTART;
        /// Who sends: `"leakwarden <leakwarden@bank.example>"`.
        from: String => RESTART;
        /// Whom to tell.
        to: Vec<String> => RESTART;
        /// Name by which to sign in, where the server asks for it.
        username: Option<String> = None => RESTART;
        /// File with its password.
        password_file: Option<PathBuf> = None => RESTART.secret();
        /// Variable of the environment with it instead.
        password_env: Option<String> = None => RESTART;
        /// Gathers for so long what is not critical, and sends one message; default: a message for each event.
        digest: Option<Span> = None => RESTART;
        /// Certificates by which the server proves who it is; default: what the system trusts.
        ca_file: Option<PathBuf> = None => RESTART;
    }
}

#[derive(Debug)]
struct Configured {
    keys: EmailKeys,
    from: Mailbox,
    to: Vec<Mailbox>,
    password: Option<Secret>,
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = EmailKeys::read(section)?;
    if host_and_port(&keys.server).is_none() {
        section.wrong("server", "must be a host and a port, like \"mail.example:587\"", format!("{:?}", keys.server));
    }
    if !["starttls", "tls", "none"].contains(&keys.tls.as_str()) {
        section.wrong("tls", "must be starttls, tls or none", format!("{:?}", keys.tls));
    }
    let mailbox = |text: &String| text.parse::<Mailbox>().ok();
    let from = mailbox(&keys.from);
    if from.is_none() {
        section.wrong("from", "must be an address of mail", format!("{:?}", keys.from));
    }
    let to: Option<Vec<Mailbox>> = keys.to.iter().map(mailbox).collect();
    let to = to.filter(|to| !to.is_empty());
    if to.is_none() {
        section.wrong("to", "must be addresses of mail", keys.to.join(", "));
    }
    let password = Secret::optional(section, "password", keys.password_file.clone(), keys.password_env.clone());
    if keys.username.is_some() != password.is_some() {
        section.missing("username", "must be given together with password_file or password_env");
    }
    if keys.tls == "none" && (password.is_some() || keys.ca_file.is_some()) {
        section.missing("tls", "must not be none where there is a password or ca_file");
    }
    if keys.digest.is_some_and(|digest| digest < Span::minutes(1) || digest > Span::days(1)) {
        section.missing("digest", "must be from \"1m\" to \"24h\"");
    }
    Some(Box::new(Configured { from: from?, to: to?, password, keys }))
}

impl NotifierConfig for Configured {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        self.keys.entries()
    }

    fn describe(&self) -> String {
        let digest = self.keys.digest.map_or_else(String::new, |digest| format!(", gathered for {digest} unless critical"));
        format!("to {} by {} ({}){digest}", self.keys.to.join(", "), self.keys.server, self.keys.tls)
    }

    fn pace(&self) -> Pace {
        let digest = self.keys.digest.map(|digest| Duration::from_millis(digest.0.unsigned_abs()));
        Pace { per_minute: Some(30), gather: 50, digest, ..Pace::default() }
    }

    fn check(&self) -> Result<(), String> {
        if let Some(password) = &self.password {
            password.read()?;
        }
        self.tls().map(drop)
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        let (host, port) = host_and_port(&self.keys.server).ok_or("its server has no port")?;
        Ok(Box::new(Email {
            host: host.to_owned(),
            port,
            tls: self.tls()?,
            credentials: self.keys.username.clone().zip(self.password.clone()),
            from: self.from.clone(),
            to: self.to.clone(),
            timeout: common.timeout,
            bounded: Bounded::default(),
        }))
    }
}

impl Configured {
    fn tls(&self) -> Result<Tls, String> {
        if self.keys.tls == "none" {
            return Ok(Tls::None);
        }
        let host = host_and_port(&self.keys.server).map(|(host, _)| host.to_owned()).unwrap_or_default();
        let mut parameters = TlsParameters::builder(host);
        if self.keys.ca_file.is_some() {
            parameters = parameters.certificate_store(CertificateStore::None);
            for root in roots::trusted(self.keys.ca_file.as_deref())? {
                let root = Certificate::from_der(root.to_vec()).map_err(|_| "ca_file holds what is no certificate".to_owned())?;
                parameters = parameters.add_root_certificate(root);
            }
        }
        let parameters = parameters.build_rustls().map_err(|_| "TLS cannot be set up".to_owned())?;
        Ok(if self.keys.tls == "tls" { Tls::Wrapper(parameters) } else { Tls::Required(parameters) })
    }
}

struct Email {
    host: String,
    port: u16,
    tls: Tls,
    credentials: Option<(String, Secret)>,
    from: Mailbox,
    to: Vec<Mailbox>,
    timeout: Duration,
    bounded: Bounded,
}

impl Email {
    fn transport(&self) -> Result<SmtpTransport, SendError> {
        let mut transport =
            SmtpTransport::builder_dangerous(self.host.clone()).port(self.port).tls(self.tls.clone()).timeout(Some(self.timeout));
        if let Some((name, password)) = &self.credentials {
            transport = transport.credentials(Credentials::new(name.clone(), password.read().map_err(SendError::transient)?));
        }
        Ok(transport.build())
    }
}

impl Notifier for Email {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let mail = mail(&self.from, &self.to, messages, now).map_err(SendError::lasting)?;
        let transport = self.transport()?;
        self.bounded.run(self.timeout, move || transport.send(&mail).map_err(|error| failed(&error)))?;
        Ok("accepted".to_owned())
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        let transport = self.transport()?;
        match self.bounded.run(self.timeout, move || transport.test_connection().map_err(|error| failed(&error)))? {
            true => Ok("it lets us in".to_owned()),
            false => Err(SendError::transient("it does not answer")),
        }
    }
}

/// Never what the server says: it may repeat what it was given.
fn failed(error: &lettre::transport::smtp::Error) -> SendError {
    let status = error.status().map_or_else(String::new, |status| format!(" with {status}"));
    match error {
        error if error.is_permanent() => SendError::lasting(format!("it refused{status}")),
        error if error.is_transient() => SendError::transient(format!("it refused for now{status}")),
        error if error.is_timeout() => SendError::transient("it did not answer in time"),
        error if error.is_tls() => SendError::transient("its certificate is not trusted, or it speaks no TLS"),
        error if error.is_response() => SendError::transient("it does not speak SMTP"),
        error if error.is_client() => SendError::lasting("it does not offer what the configuration asks for"),
        _ => SendError::transient("the connection failed"),
    }
}

/// What made it, so that no program answers it.
#[derive(Clone)]
struct Generated;

impl Header for Generated {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Generated, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Generated)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Generated::name(), "auto-generated".to_owned())
    }
}

/// How urgent it is, as programs of mail show it.
#[derive(Clone)]
struct Importance(Severity);

impl Header for Importance {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Importance")
    }

    fn parse(_: &str) -> Result<Importance, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Importance(Severity::Low))
    }

    fn display(&self) -> HeaderValue {
        let word = if self.0 >= Severity::High { "high" } else { "normal" };
        HeaderValue::new(Importance::name(), word.to_owned())
    }
}

fn mail(from: &Mailbox, to: &[Mailbox], messages: &[Message], now: Timestamp) -> Result<lettre::Message, String> {
    let domain = from.email.domain();
    let (title, text) = words::plain(messages);
    let gravest = messages.iter().map(|message| message.event.severity).max().unwrap_or(Severity::Low);
    let date = UNIX_EPOCH + Duration::from_millis(now.0.max(0).unsigned_abs());
    let mut mail: MessageBuilder =
        lettre::Message::builder().from(from.clone()).subject(title).date(date).header(Generated).header(Importance(gravest));
    for one in to {
        mail = mail.to(one.clone());
    }
    mail = match messages {
        [message] => {
            let event = &message.event;
            // The case itself is what all of its messages refer to, whichever of them came first.
            let thread = format!("<{}@{domain}>", event.case);
            mail.message_id(Some(format!("<{}.{}@{domain}>", event.case, event.number))).in_reply_to(thread.clone()).references(thread)
        }
        _ => {
            let ids: Vec<String> = messages.iter().map(|message| message.event.id()).collect();
            let id = blake3::hash(ids.join(" ").as_bytes()).to_hex()[..24].to_owned();
            mail.message_id(Some(format!("<digest.{id}@{domain}>")))
        }
    };
    mail.body(text).map_err(|_| "the message cannot be written".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::tests::message;

    fn written(messages: &[Message]) -> String {
        let from: Mailbox = "leakwarden <leakwarden@bank.example>".parse().expect("an address");
        let to: Vec<Mailbox> = vec!["desk@bank.example".parse().expect("an address")];
        let mail = mail(&from, &to, messages, Timestamp(1_772_442_845_000)).expect("written");
        String::from_utf8_lossy(&mail.formatted()).into_owned()
    }

    #[test]
    fn a_case_is_a_thread_and_nothing_in_it_makes_a_header() {
        let mut named = message("c1", 2);
        named.event.whom = Some("E1\r\nBcc: thief@evil.example\r\n\r\n<script>".to_owned());
        named.link = Some("https://desk.example/\r\nBcc:x".to_owned());
        let text = written(&[named]);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.contains("Message-ID: <c1.2@bank.example>") && head.contains("References: <c1@bank.example>"), "{head}");
        assert!(head.contains("Auto-Submitted: auto-generated") && head.contains("Importance: high"), "{head}");
        assert!(!head.to_lowercase().contains("bcc"), "{head}");
        assert!(!head.contains("E1"), "the subject names nobody: {head}");
        assert!(body.contains("Concerns: E1\\r\\nBcc"), "{body}");
        assert_eq!(written(&[message("c1", 2)]), written(&[message("c1", 2)]), "sent again it is the same message");
    }

    #[test]
    fn a_digest_is_a_thread_of_its_own() {
        let text = written(&[message("c1", 1), message("c2", 1)]);
        assert!(text.contains("Subject: leakwarden: 2 cases, up to high") && !text.contains("References:"), "{text}");
    }
}
