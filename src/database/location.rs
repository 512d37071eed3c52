//! Where the database is: an address without its secret, and the secret.

use std::fmt;
use std::path::{Path, PathBuf};

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A file.
    Sqlite,
    /// A server.
    Postgres,
}

/// Where it is.
#[derive(Clone, PartialEq, Eq)]
pub struct Location {
    at: At,
}

#[derive(Clone, PartialEq, Eq)]
enum At {
    File(PathBuf),
    /// The address, and the password, which stands nowhere else.
    Server(String, Option<String>),
}

/// What is said of an address that cannot be used. Never the address itself: a password may stand in it.
pub const RULE: &str = "must be sqlite:PATH or postgres://USER@HOST/DATABASE, without a password: that is given by password_file or LEAKWARDEN_DATABASE_PASSWORD";

impl Location {
    /// A file of SQLite.
    pub fn sqlite(file: impl Into<PathBuf>) -> Location {
        Location { at: At::File(file.into()) }
    }

    /// The address of a configuration; relative paths begin at `base`. `None` where it breaks [`RULE`].
    pub fn parse(url: &str, base: &Path) -> Option<Location> {
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return (!path.is_empty() && !path.contains('?')).then(|| Location::sqlite(base.join(path)));
        }
        let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"))?;
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
        let plain = url.chars().all(|c| c.is_ascii_graphic() && c != '#');
        let fits = plain && !user.contains(':') && !rest.to_ascii_lowercase().contains("password=");
        fits.then(|| Location { at: At::Server(format!("postgres://{rest}"), None) })
    }

    /// With this password.
    #[must_use]
    pub fn with_password(self, password: Option<String>) -> Location {
        match self.at {
            At::File(_) => self,
            At::Server(address, before) => Location { at: At::Server(address, password.or(before)) },
        }
    }

    /// Which of the two it is.
    pub fn kind(&self) -> Kind {
        match self.at {
            At::File(_) => Kind::Sqlite,
            At::Server(..) => Kind::Postgres,
        }
    }

    /// The file, where it is one.
    pub fn file(&self) -> Option<&Path> {
        match &self.at {
            At::File(file) => Some(file),
            At::Server(..) => None,
        }
    }

    /// The whole address as the client wants it, the secret with it.
    pub(super) fn connection(&self) -> String {
        match &self.at {
            At::File(file) => format!("sqlite:{}?mode=rwc", encoded(&file.to_string_lossy(), b"/._-")),
            At::Server(address, password) => {
                let mut address = address.clone();
                let mut add = |text: String| {
                    address.push(if address.contains('?') { '&' } else { '?' });
                    address += &text;
                };
                if !self.says_of_tls() && !self.is_near() {
                    add("sslmode=verify-full".to_owned());
                }
                if let Some(password) = password {
                    add(format!("password={}", encoded(password, b"._-")));
                }
                address
            }
        }
    }

    fn says_of_tls(&self) -> bool {
        matches!(&self.at, At::Server(address, _) if address.contains("sslmode="))
    }

    /// Whether it is on this machine.
    fn is_near(&self) -> bool {
        let At::Server(address, _) = &self.at else { return true };
        let authority = address.trim_start_matches("postgres://").split(['/', '?']).next().unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let named = address.split_once("host=").is_some();
        let host = if host.starts_with('[') { host.split(']').next().unwrap_or(host) } else { host.split(':').next().unwrap_or(host) };
        !named && (host.is_empty() || ["localhost", "127.0.0.1", "[::1"].contains(&host) || host.starts_with("%2F"))
    }
}

/// Without the secret.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            At::File(file) => write!(f, "sqlite:{}", file.display()),
            At::Server(address, _) => f.write_str(address),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Written as addresses write it: letters, digits and these as they are, all other bytes as `%` and two digits.
fn encoded(text: &str, plain: &[u8]) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || plain.contains(&byte) => out.push(char::from(byte)),
            byte => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_stands_in_no_address_that_is_shown() {
        let base = Path::new("/etc/leakwarden");
        for refused in [
            "postgres://me:secret@db/desk",
            "postgres://me@db/desk?password=secret",
            "postgres://me@db/desk?PassWord=secret",
            "mysql://me@db/desk",
            "desk.sqlite",
            "sqlite:",
            "postgres://me@db/desk one",
        ] {
            assert_eq!(Location::parse(refused, base), None, "{refused}");
        }
        let near = Location::parse("postgres://me@127.0.0.1:5433/desk", base).expect("is one").with_password(Some("s/e&c".to_owned()));
        assert_eq!(format!("{near} {near:?}"), "postgres://me@127.0.0.1:5433/desk postgres://me@127.0.0.1:5433/desk");
        assert_eq!(near.connection(), "postgres://me@127.0.0.1:5433/desk?password=s%2Fe%26c");
    }

    #[test]
    fn a_server_elsewhere_must_prove_who_it_is() {
        let base = Path::new("");
        let connection = |url: &str| Location::parse(url, base).expect("is one").connection();
        assert_eq!(connection("postgres://me@db.bank.example/desk"), "postgres://me@db.bank.example/desk?sslmode=verify-full");
        assert_eq!(connection("postgresql://db.bank.example/desk?sslmode=require"), "postgres://db.bank.example/desk?sslmode=require");
        assert_eq!(
            connection("postgres://me@localhost/desk?host=db.bank.example"),
            "postgres://me@localhost/desk?host=db.bank.example&sslmode=verify-full"
        );
        for near in ["postgres://me@[::1]:5432/desk", "postgres://%2Frun%2Fpostgresql/desk", "postgres:///desk"] {
            assert!(!connection(near).contains("verify"), "{near}");
        }
    }

    #[test]
    fn a_file_is_relative_to_the_configuration() {
        let file = Location::parse("sqlite:data/desk 1.sqlite", Path::new("/etc/leakwarden")).expect("is one");
        assert_eq!(file.file(), Some(Path::new("/etc/leakwarden/data/desk 1.sqlite")));
        assert_eq!(file.connection(), "sqlite:/etc/leakwarden/data/desk%201.sqlite?mode=rwc");
        assert_eq!(Location::parse("sqlite:///srv/desk.sqlite", Path::new("/etc")), Some(Location::sqlite("/srv/desk.sqlite")));
    }
}
