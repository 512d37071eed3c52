//! Syslog over TCP or TLS, with lines of CEF. A receiver of syslog never says that it has something: what is told here is *sent*.

use crate::model::time::Timestamp;
use crate::notify::deadline::Bounded;
use crate::notify::event::Message;
use crate::notify::sinks::cef;
use crate::notify::{Common, Notifier, NotifierConfig, NotifierKind, Pace, SendError, roots};
use crate::settings::{Entry, Section, SettingsTable, settings};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The row of the table.
pub const KIND: NotifierKind = NotifierKind { name: "syslog", doc: SyslogKeys::DOC, keys: SyslogKeys::KEYS, parse };

settings! {
    /// A receiver of syslog (a SIEM), with events as lines of CEF. Such a receiver never says that it has something: metrics tell what was sent.
    pub struct SyslogKeys {
        /// Host and port: `"siem.example:6514"`.
        address: String => RESTART;
        /// Whether it speaks TLS.
        tls: bool = true => RESTART;
        /// Certificates by which it proves who it is; default: what the system trusts.
        ca_file: Option<PathBuf> = None => RESTART;
        /// How a message ends: `octets` (its length before it, RFC 6587 and 5425) or `lines`.
        framing: String = "octets".to_owned() => RESTART;
        /// The name of this host in messages; default: none.
        hostname: String = "-".to_owned() => RESTART;
    }
}

fn parse(section: &mut Section<'_>) -> Option<Box<dyn NotifierConfig>> {
    let keys = SyslogKeys::read(section)?;
    if host_and_port(&keys.address).is_none() {
        section.wrong("address", "must be a host and a port, like \"siem.example:6514\"", format!("{:?}", keys.address));
    }
    if !["octets", "lines"].contains(&keys.framing.as_str()) {
        section.wrong("framing", "must be octets or lines", format!("{:?}", keys.framing));
    }
    if !keys.tls && keys.ca_file.is_some() {
        section.missing("ca_file", "must not be given where there is no TLS");
    }
    Some(Box::new(keys))
}

/// Host and port of an address.
pub fn host_and_port(address: &str) -> Option<(&str, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_host = !host.is_empty() && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':'));
    Some((host, port.parse().ok().filter(|port| *port > 0)?)).filter(|_| is_host)
}

impl NotifierConfig for SyslogKeys {
    fn kind(&self) -> &'static NotifierKind {
        &KIND
    }

    fn entries(&self) -> Vec<Entry> {
        SettingsTable::entries(self)
    }

    fn describe(&self) -> String {
        format!("to syslog at {}, {}", self.address, if self.tls { "TLS" } else { "in the open" })
    }

    fn pace(&self) -> Pace {
        // A record of what was told when: every state is one.
        Pace { gather: 100, journal: true, ..Pace::default() }
    }

    fn check(&self) -> Result<(), String> {
        if self.tls { client(self).map(drop) } else { Ok(()) }
    }

    fn build(&self, common: &Common) -> Result<Box<dyn Notifier>, String> {
        let tls = self.tls.then(|| client(self)).transpose()?;
        let target = Target { address: self.address.clone(), tls, timeout: common.timeout };
        Ok(Box::new(Syslog { target, octets: self.framing == "octets", hostname: self.hostname.clone(), bounded: Bounded::default() }))
    }
}

fn client(keys: &SyslogKeys) -> Result<Arc<ClientConfig>, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots::trusted(keys.ca_file.as_deref())?);
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider())).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    Ok(Arc::new(config.with_root_certificates(store).with_no_client_auth()))
}

#[derive(Clone)]
struct Target {
    address: String,
    tls: Option<Arc<ClientConfig>>,
    timeout: Duration,
}

struct Syslog {
    target: Target,
    octets: bool,
    hostname: String,
    bounded: Bounded,
}

impl Notifier for Syslog {
    fn send(&mut self, messages: &[Message], now: Timestamp) -> Result<String, SendError> {
        let mut bytes = Vec::new();
        for message in messages {
            let text = cef::message(message, &self.hostname, now);
            match self.octets {
                true => bytes.extend_from_slice(format!("{} {text}", text.len()).as_bytes()),
                false => bytes.extend_from_slice(format!("{text}\n").as_bytes()),
            }
        }
        let target = self.target.clone();
        self.bounded.run(self.target.timeout, move || target.deliver(&bytes))?;
        Ok("sent; whether it was received nobody says".to_owned())
    }

    fn connect(&mut self, _: Timestamp) -> Result<String, SendError> {
        let target = self.target.clone();
        self.bounded.run(self.target.timeout, move || target.deliver(&[]))?;
        Ok("it takes connections".to_owned())
    }
}

impl Target {
    fn deliver(&self, bytes: &[u8]) -> Result<(), SendError> {
        let failed = |error: std::io::Error| SendError::transient(format!("the connection failed: {}", error.kind()));
        let mut stream = self.connected().map_err(failed)?;
        let Some(config) = &self.tls else {
            stream.write_all(bytes).map_err(failed)?;
            stream.shutdown(Shutdown::Write).map_err(failed)?;
            return closed(&mut stream).map_err(failed);
        };
        let host = host_and_port(&self.address).map(|(host, _)| host.to_owned()).unwrap_or_default();
        let name = ServerName::try_from(host).map_err(|_| SendError::lasting("its address is no name of a host"))?;
        let no_tls = |_| SendError::transient("its certificate is not trusted, or it speaks no TLS");
        let mut client = ClientConnection::new(config.clone(), name).map_err(|_| SendError::transient("TLS could not begin"))?;
        while client.is_handshaking() {
            client.complete_io(&mut stream).map_err(no_tls)?;
        }
        let mut stream = StreamOwned::new(client, stream);
        stream.write_all(bytes).map_err(failed)?;
        stream.conn.send_close_notify();
        stream.flush().map_err(failed)?;
        // What is not flushed by the end of the session would be lost.
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut stream.sock).map_err(failed)?;
        }
        stream.sock.shutdown(Shutdown::Write).map_err(failed)?;
        closed(&mut stream.sock).map_err(failed)
    }

    fn connected(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::from(std::io::ErrorKind::NotFound);
        for address in self.address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.timeout) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(self.timeout))?;
                    stream.set_write_timeout(Some(self.timeout))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

/// Waits a moment for the other side's end. One that resets the connection has not read everything.
fn closed(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(500)))?;
    let mut rest = [0; 512];
    loop {
        match stream.read(&mut rest) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            // It keeps the connection open: most do.
            Err(error) if matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}
