//! Every text of pages and reports, in each language beside the other: one that is missing does not compile. Sentences are made from figures,
//! in [`sentences`].
//!
//! Nothing here speaks of what somebody meant or wanted, or calls a number anything but a number.

mod fixed;
pub mod lists;
pub mod sentences;

pub use fixed::Word;

/// A language.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Lang {
    /// English.
    #[default]
    En,
    /// 简体中文.
    Zh,
}

impl Lang {
    /// All of them.
    pub const ALL: [Lang; 2] = [Lang::En, Lang::Zh];

    /// The tag of documents and settings.
    pub fn tag(self) -> &'static str {
        match self {
            Lang::En => "en",
            Lang::Zh => "zh-CN",
        }
    }

    /// The language of that tag.
    pub fn parse(tag: &str) -> Option<Lang> {
        Lang::ALL.into_iter().find(|lang| lang.tag().eq_ignore_ascii_case(tag))
    }

    /// Joins the parts of a list.
    pub fn join(self, parts: &[String]) -> String {
        parts.join(match self {
            Lang::En => ", ",
            Lang::Zh => "、",
        })
    }
}

/// Declares messages with their text in every language.
macro_rules! words {
    ($(#[$doc:meta])* $kind:ident { $($name:ident: $en:literal, $zh:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[allow(missing_docs, reason = "the texts are the definition")]
        pub enum $kind { $($name),+ }

        impl $kind {
            /// All of them.
            pub const ALL: &'static [$kind] = &[$($kind::$name),+];

            /// The text.
            pub fn say(self, lang: $crate::page::words::Lang) -> &'static str {
                match (self, lang) {
                    $(($kind::$name, $crate::page::words::Lang::En) => $en,
                      ($kind::$name, $crate::page::words::Lang::Zh) => $zh,)+
                }
            }
        }
    };
}
pub(crate) use words;

/// A number with separators of thousands.
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests;
