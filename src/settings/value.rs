//! What may stand behind a key: the types of values, how each is written, checked, shown and hashed.

use crate::model::record::Dialect;
use crate::model::severity::Severity;
use crate::model::time::{Span, TimeUnit};
use crate::model::zone::Zone;
use crate::settings::entry::Content;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use toml::Value;

/// What may stand behind a key, for documentation and JSON Schema.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ValueType {
    /// A text.
    Text,
    /// A path, relative to the configuration file.
    Path,
    /// A path or glob, relative to the configuration file.
    Glob,
    /// A length of time.
    Duration,
    /// A whole number.
    Number,
    /// A share, from 0 to 1.
    Share,
    /// True or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A zone of the IANA database.
    Zone,
    /// An IP address and port.
    Address,
    /// A text, or a list of texts.
    Texts,
    /// A table of texts.
    Table,
}

/// A type of value.
pub trait Setting: Sized {
    /// For documentation and schema.
    const TYPE: ValueType;

    /// What must hold of a value, as messages say it.
    fn rule(bounds: (i64, i64)) -> String;

    /// What is said where it is not given and must be.
    const MISSING: &'static str = "must be given";

    /// Whether a value that breaks the rule may stand in the message: false where it may be a secret.
    const SHOWN: bool = true;

    /// The value; `None` where it breaks the rule.
    fn parse(value: &Value, bounds: (i64, i64)) -> Option<Self>;

    /// The value where relative paths begin at `base`.
    fn relative_to(self, _base: &Path) -> Self {
        self
    }

    /// In the forms in which all keys are treated alike.
    fn content(&self) -> Content;

    /// What the hash of results takes of it.
    fn hash_into(&self, bytes: &mut Vec<u8>) {
        if let Content::One { shown, .. } = self.content() {
            bytes.extend_from_slice(shown.as_bytes());
        }
    }
}

fn quoted(text: impl ToString) -> Content {
    let shown = text.to_string();
    Content::One { toml: Value::String(shown.clone()).to_string(), shown }
}

fn bare(text: impl ToString) -> Content {
    let shown = text.to_string();
    Content::One { toml: shown.clone(), shown }
}

impl<T: Setting> Setting for Option<T> {
    const TYPE: ValueType = T::TYPE;
    const SHOWN: bool = T::SHOWN;

    fn rule(bounds: (i64, i64)) -> String {
        T::rule(bounds)
    }

    fn parse(value: &Value, bounds: (i64, i64)) -> Option<Self> {
        T::parse(value, bounds).map(Some)
    }

    fn relative_to(self, base: &Path) -> Self {
        self.map(|value| value.relative_to(base))
    }

    fn content(&self) -> Content {
        self.as_ref().map_or(Content::Nothing, T::content)
    }

    fn hash_into(&self, bytes: &mut Vec<u8>) {
        if let Some(value) = self {
            value.hash_into(bytes);
        }
    }
}

impl Setting for String {
    const TYPE: ValueType = ValueType::Text;

    fn rule(_: (i64, i64)) -> String {
        "must be a string".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<String> {
        value.as_str().map(str::to_owned)
    }

    fn content(&self) -> Content {
        quoted(self)
    }
}

impl Setting for PathBuf {
    const TYPE: ValueType = ValueType::Path;

    fn rule(bounds: (i64, i64)) -> String {
        String::rule(bounds)
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<PathBuf> {
        value.as_str().map(PathBuf::from)
    }

    fn relative_to(self, base: &Path) -> PathBuf {
        base.join(self)
    }

    fn content(&self) -> Content {
        Content::File(self.clone())
    }
}

/// A path, or a pattern of paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Glob(pub String);

impl Setting for Glob {
    const TYPE: ValueType = ValueType::Glob;

    fn rule(bounds: (i64, i64)) -> String {
        String::rule(bounds)
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Glob> {
        value.as_str().map(|text| Glob(text.to_owned()))
    }

    fn relative_to(self, base: &Path) -> Glob {
        Glob(base.join(self.0).display().to_string())
    }

    fn content(&self) -> Content {
        quoted(&self.0)
    }
}

impl Setting for Span {
    const TYPE: ValueType = ValueType::Duration;

    fn rule(_: (i64, i64)) -> String {
        "must be a duration like \"90s\", \"20m\", \"24h\" or \"7d\"".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Span> {
        value.as_str().and_then(Span::parse)
    }

    fn content(&self) -> Content {
        quoted(self)
    }

    fn hash_into(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(&self.0.to_le_bytes());
    }
}

impl Setting for bool {
    const TYPE: ValueType = ValueType::Flag;

    fn rule(_: (i64, i64)) -> String {
        "must be true or false".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<bool> {
        value.as_bool()
    }

    fn content(&self) -> Content {
        bare(self)
    }

    fn hash_into(&self, bytes: &mut Vec<u8>) {
        bytes.push(u8::from(*self));
    }
}

/// Whole numbers; a key's bounds lie within those of the type.
macro_rules! number {
    ($($type:ty),+) => {$(
        impl Setting for $type {
            const TYPE: ValueType = ValueType::Number;

            fn rule(bounds: (i64, i64)) -> String {
                match bounds {
                    (1, i64::MAX) => "must be > 0".to_owned(),
                    (i64::MIN, i64::MAX) => "must be a whole number".to_owned(),
                    (low, i64::MAX) => format!("must be a whole number >= {low}"),
                    (low, high) => format!("must be a whole number from {low} to {high}"),
                }
            }

            fn parse(value: &Value, (low, high): (i64, i64)) -> Option<$type> {
                value.as_integer().filter(|n| (low..=high).contains(n)).and_then(|n| n.try_into().ok())
            }

            fn content(&self) -> Content {
                bare(self)
            }

            fn hash_into(&self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&(*self as u64).to_le_bytes());
            }
        }
    )+};
}

number!(u32, i32, u64, usize);

/// A share, from 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Share(pub f64);

impl Setting for Share {
    const TYPE: ValueType = ValueType::Share;

    fn rule(_: (i64, i64)) -> String {
        "must be a number from 0 to 1".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Share> {
        let share = value.as_float().or_else(|| value.as_integer().map(|whole| whole as f64))?;
        (0.0..=1.0).contains(&share).then_some(Share(share))
    }

    fn content(&self) -> Content {
        bare(format!("{:?}", self.0))
    }
}

impl Setting for Severity {
    const TYPE: ValueType = ValueType::Word(&["low", "medium", "high", "critical"]);

    fn rule(_: (i64, i64)) -> String {
        format!("must be one of {}", Severity::ALL.map(Severity::name).join(", "))
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Severity> {
        Severity::ALL.into_iter().find(|grade| value.as_str() == Some(grade.name()))
    }

    fn content(&self) -> Content {
        quoted(self.name())
    }
}

/// The names of all dialects.
const DIALECTS: [&str; Dialect::ALL.len()] = {
    let mut names = [""; Dialect::ALL.len()];
    let mut nth = 0;
    while nth < names.len() {
        names[nth] = Dialect::ALL[nth].0;
        nth += 1;
    }
    names
};

impl Setting for Dialect {
    const TYPE: ValueType = ValueType::Word(&DIALECTS);

    fn rule(_: (i64, i64)) -> String {
        format!("must be one of {}", DIALECTS.join(", "))
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Dialect> {
        Dialect::ALL.iter().find(|(name, _)| value.as_str() == Some(name)).map(|(_, dialect)| *dialect)
    }

    fn content(&self) -> Content {
        quoted(Dialect::ALL.iter().find(|(_, dialect)| dialect == self).map_or("", |(name, _)| name))
    }
}

const TIME_UNITS: [&str; 4] = ["s", "ms", "us", "ns"];

impl Setting for TimeUnit {
    const TYPE: ValueType = ValueType::Word(&TIME_UNITS);

    fn rule(_: (i64, i64)) -> String {
        format!("must be one of {}", TIME_UNITS.join(", "))
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<TimeUnit> {
        TimeUnit::ALL.iter().find(|(name, _)| value.as_str() == Some(name)).map(|(_, unit)| *unit)
    }

    fn content(&self) -> Content {
        quoted(self.name())
    }
}

impl Setting for Zone {
    const TYPE: ValueType = ValueType::Zone;

    fn rule(_: (i64, i64)) -> String {
        "must be a zone of the IANA database, e.g. Asia/Shanghai".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Zone> {
        value.as_str().and_then(Zone::named)
    }

    fn content(&self) -> Content {
        quoted(self.name())
    }
}

/// An IP address and port, as written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address(pub String);

impl Setting for Address {
    const TYPE: ValueType = ValueType::Address;

    fn rule(_: (i64, i64)) -> String {
        "must be an address and port, e.g. 127.0.0.1:9464".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Address> {
        value.as_str().filter(|text| text.parse::<std::net::SocketAddr>().is_ok()).map(|text| Address(text.to_owned()))
    }

    fn content(&self) -> Content {
        quoted(&self.0)
    }
}

/// The text, or the list of texts.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(many) => many.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

impl Setting for Vec<String> {
    const TYPE: ValueType = ValueType::Texts;

    fn rule(_: (i64, i64)) -> String {
        "must be a string or a list of strings".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Vec<String>> {
        texts(value)
    }

    fn content(&self) -> Content {
        let toml = Value::Array(self.iter().cloned().map(Value::String).collect()).to_string();
        Content::One { toml, shown: self.join(", ") }
    }
}

/// Brokers of a Kafka cluster: `host:port`, separated by commas.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Brokers(pub String);

impl Setting for Brokers {
    const TYPE: ValueType = ValueType::Texts;
    const MISSING: &'static str = "must be given: it must name at least one broker as host:port";

    fn rule(_: (i64, i64)) -> String {
        "must name at least one broker as host:port".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<Brokers> {
        texts(value).map(|brokers| brokers.join(",")).filter(|brokers| !brokers.is_empty()).map(Brokers)
    }

    fn content(&self) -> Content {
        quoted(&self.0)
    }
}

impl Setting for BTreeMap<String, String> {
    const TYPE: ValueType = ValueType::Table;

    fn rule(_: (i64, i64)) -> String {
        "must be a table of strings".to_owned()
    }

    fn parse(value: &Value, _: (i64, i64)) -> Option<BTreeMap<String, String>> {
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Integer(_) | Value::Boolean(_) | Value::Float(_) => Some(value.to_string()),
            Value::Datetime(_) | Value::Array(_) | Value::Table(_) => None,
        };
        value.as_table()?.iter().map(|(key, value)| Some((key.clone(), text(value)?))).collect()
    }

    fn hash_into(&self, bytes: &mut Vec<u8>) {
        for text in self.iter().flat_map(|(key, value)| [key, value]) {
            bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
    }

    fn content(&self) -> Content {
        Content::Named(self.clone())
    }
}
