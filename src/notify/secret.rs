//! Secrets: tokens, passwords, and addresses that hold one. They come from the environment or a file, are read when they are used, and
//! stand in no error, log or description.

use crate::settings::{Content, Section, Setting, ValueType};
use std::fmt;
use std::path::PathBuf;
use toml::Value;

/// Where a secret comes from.
#[derive(Clone)]
pub enum Secret {
    /// A file that holds nothing else.
    File(PathBuf),
    /// A variable of the environment.
    Environment(String),
    /// The configuration itself: of addresses that may be plain.
    Given(Address),
}

impl Secret {
    /// The secret; why not, without it.
    pub fn read(&self) -> Result<String, String> {
        let (text, place) = match self {
            Secret::File(file) => {
                let text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
                (text, file.display().to_string())
            }
            Secret::Environment(name) => {
                let text = std::env::var(name).map_err(|_| format!("the environment has no usable {name}"))?;
                (text, name.clone())
            }
            Secret::Given(address) => (address.0.clone(), "url".to_owned()),
        };
        let text = text.trim();
        if text.is_empty() || text.chars().any(char::is_control) {
            return Err(format!("{place}: must hold one line"));
        }
        Ok(text.to_owned())
    }

    /// Of a key that is given by a file or by the environment: one of `NAME_file` and `NAME_env`. Notes a mistake otherwise.
    pub fn of(section: &mut Section<'_>, key: &'static str, file: Option<PathBuf>, env: Option<String>) -> Option<Secret> {
        let found = Secret::optional(section, key, file.clone(), env.clone());
        if file.is_none() && env.is_none() {
            section.missing(&format!("{key}_file"), &format!("must be given, or {key}_env: it is a secret"));
        }
        found
    }

    /// The same where it need not be given.
    pub fn optional(section: &mut Section<'_>, key: &'static str, file: Option<PathBuf>, env: Option<String>) -> Option<Secret> {
        match (file, env) {
            (Some(_), Some(_)) => {
                section.missing(&format!("{key}_env"), &format!("must not be given beside {key}_file"));
                None
            }
            (Some(file), None) => Some(Secret::File(file)),
            (None, Some(name)) => Some(Secret::Environment(name)),
            (None, None) => None,
        }
    }

    /// An address that may be given plainly as well.
    pub fn address(section: &mut Section<'_>, plain: Option<Address>, file: Option<PathBuf>, env: Option<String>) -> Option<Secret> {
        match plain {
            Some(_) if file.is_some() || env.is_some() => {
                section.missing("url", "must not be given beside url_file or url_env");
                None
            }
            Some(address) => Some(Secret::Given(address)),
            None => Secret::of(section, "url", file, env),
        }
    }
}

/// Where it comes from; never what it is.
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::File(file) => write!(f, "that in {}", file.display()),
            Secret::Environment(name) => write!(f, "that in ${name}"),
            Secret::Given(address) => write!(f, "{address:?}"),
        }
    }
}

/// An address of HTTP, of which only scheme and host are ever shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(pub String);

impl Address {
    /// Scheme and host.
    pub fn shown(&self) -> String {
        shown(&self.0)
    }
}

/// Scheme and host of an address: the rest may be a token.
pub fn shown(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return "an address".to_owned() };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// What is wrong with an address of HTTP, without it.
pub fn address_mistake(url: &str) -> Option<&'static str> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let plain = url.chars().all(|c| c.is_ascii_graphic());
    match rest {
        Some(rest) if plain && !rest.is_empty() && !rest.starts_with(['/', '?', ':']) => None,
        Some(_) | None => Some("must begin with https:// (or http://) and a host, without blanks"),
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

impl Setting for Address {
    const TYPE: ValueType = ValueType::Text;
    const SHOWN: bool = false;

    fn rule(_: (i64, i64)) -> String {
        "must begin with https:// (or http://) and a host, without blanks; an address with a token belongs into url_file or url_env"
            .to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Address> {
        value.as_str().filter(|url| address_mistake(url).is_none()).map(|url| Address(url.to_owned()))
    }

    fn content(&self) -> Content {
        // Other addresses are other contents, and none of them is told.
        let told_apart = blake3::hash(self.0.as_bytes()).to_hex()[..16].to_owned();
        Content::One { toml: told_apart, shown: self.shown() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_an_address_only_the_host_is_shown() {
        let address = Address("https://u:p4ss@hooks.example:8443/services/T0/B0/t0ken?key=k3y".to_owned());
        for text in [format!("{address:?}"), address.shown(), format!("{:?}", Secret::Given(address.clone()))] {
            assert_eq!(text, "https://hooks.example:8443");
        }
        let Content::One { toml, shown } = address.content() else { panic!("one") };
        assert!(!toml.contains("t0ken") && !shown.contains("t0ken"));
        assert!(
            address_mistake("ftp://x").is_some() && address_mistake("https:///x").is_some() && address_mistake("https://x y").is_some()
        );
        assert!(address_mistake("http://127.0.0.1:9093").is_none());
    }

    #[test]
    fn a_secret_is_one_line_of_a_file_or_the_environment() {
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("token");
        std::fs::write(&file, " s3cret\n").expect("written");
        assert_eq!(Secret::File(file.clone()).read().as_deref(), Ok("s3cret"));
        std::fs::write(&file, "one\ntwo\n").expect("written");
        let refused = Secret::File(file.clone()).read().expect_err("two lines");
        assert_eq!(refused, format!("{}: must hold one line", file.display()));
        let none = Secret::Environment("LEAKWARDEN_NO_SUCH_VARIABLE".to_owned());
        assert_eq!(none.read().expect_err("none"), "the environment has no usable LEAKWARDEN_NO_SUCH_VARIABLE");
    }
}
