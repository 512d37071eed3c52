//! Fields of queries, forms and JSON bodies: names with texts, bounded, each as often as it was sent.

use crate::http::query::{decoded, pairs};
use serde_json::Value;

/// Fields in their order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

/// Fields of one request at the most: a verdict cites each alert of a case.
const MOST: usize = 2_000;

impl Fields {
    /// Of a query or a form: `name=value&…`, percent-encoded. `None` where it is not.
    pub fn encoded(text: &str) -> Option<Fields> {
        let mut fields = Vec::new();
        for (name, value) in pairs(text) {
            if fields.len() == MOST {
                return None;
            }
            fields.push((decoded(name)?, decoded(value)?));
        }
        Some(Fields(fields))
    }

    /// Of a JSON object of texts, numbers and objects of numbers: `cites: {id: n}` becomes fields `cite` of `id:n`, as forms send them.
    pub fn json(text: &[u8]) -> Option<Fields> {
        let Value::Object(object) = serde_json::from_slice(text).ok()? else { return None };
        let mut fields = Vec::new();
        for (name, value) in object {
            match value {
                Value::String(text) => fields.push((name, text)),
                Value::Number(number) => fields.push((name, number.to_string())),
                Value::Bool(flag) => fields.push((name, flag.to_string())),
                Value::Null => {}
                Value::Object(cites) if name == "cites" && cites.len() <= MOST => {
                    for (id, revision) in cites {
                        fields.push(("cite".to_owned(), format!("{id}:{}", revision.as_i64()?)));
                    }
                }
                Value::Object(_) | Value::Array(_) => return None,
            }
        }
        Some(Fields(fields))
    }

    /// A field that is sent once; the first, where it is more.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// A field, or an empty text.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.get(name)?.parse().ok()
    }

    /// Whether a text has what no database holds.
    pub fn has_nul(&self) -> bool {
        self.0.iter().any(|(name, value)| name.contains('\0') || value.contains('\0'))
    }

    /// All of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

/// A text as a part of an address.
pub fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            byte if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => out.push(char::from(byte)),
            byte => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_json_say_the_same() {
        let form = Fields::encoded("verdict=innocent&text=a+b%26%E5%BC%A0&cite=x%3A3&cite=y%3A1").expect("a form");
        let json = Fields::json(r#"{"verdict":"innocent","text":"a b&张","cites":{"x":3,"y":1},"reason":null}"#.as_bytes()).expect("JSON");
        for name in ["verdict", "text", "reason"] {
            assert_eq!(form.get(name), json.get(name), "{name}");
        }
        assert_eq!(form.all("cite").collect::<Vec<_>>(), json.all("cite").collect::<Vec<_>>());
        assert_eq!((Fields::encoded("a=%zz"), Fields::json(b"[1]"), Fields::json(b"{\"a\":[1]}")), (None, None, None));
        assert_eq!(encoded("E 1/张?&"), "E%201%2F%E5%BC%A0%3F%26");
    }
}
