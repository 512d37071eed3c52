//! The declaration of a table of settings.

use crate::settings::Key;
use crate::settings::entry::Entry;
use crate::settings::section::Section;

/// A declared table of settings.
pub trait SettingsTable: Sized {
    /// Its keys, in the order of the declaration.
    const KEYS: &'static [Key];
    /// What the table is for: the lines of the doc comment.
    const DOC: &'static [&'static str];

    /// Reads every key. Mistakes are noted, and the default stands in for what is wrong; `None` where a key that must be
    /// given is missing or wrong.
    fn read(section: &mut Section<'_>) -> Option<Self>;

    /// What each key holds.
    fn entries(&self) -> Vec<Entry>;
}

/// Declares a table of settings: a struct with a field a key.
///
/// ```ignore
/// settings! {
///     /// What the table is for.
///     pub struct Time {
///         /// What the key means, as the documentation shows it.
///         lateness: Span = Span::minutes(20) => RELOAD.in_results(1);
///         /// A key without a default must be given.
///         path: PathBuf => RESTART;
///     }
/// }
/// ```
macro_rules! settings {
    (
        $(#[doc = $table_doc:literal])+
        pub struct $table:ident {
            $( $(#[doc = $doc:literal])+ $key:ident : $type:ty $(= $default:expr)? => $traits:expr; )+
        }
    ) => {
        $(#[doc = $table_doc])+
        #[derive(Clone, Debug)]
        pub struct $table {
            $( $(#[doc = $doc])+ pub $key: $type, )+
        }

        impl $crate::settings::SettingsTable for $table {
            const KEYS: &'static [$crate::settings::Key] = &[
                $( $crate::settings::Key {
                    name: stringify!($key),
                    doc: &[$($doc),+],
                    value: <$type as $crate::settings::Setting>::TYPE,
                    default: || {
                        #[allow(unused_mut, unused_assignments, reason = "a key without a default leaves it as it is")]
                        let mut default = $crate::settings::DefaultValue::Required;
                        $( default = $crate::settings::Entry::default_of::<$type>(&$default); )?
                        default
                    },
                    traits: { use $crate::settings::{RELOAD, RESTART}; let _ = (RELOAD, RESTART); $traits },
                }, )+
            ];
            const DOC: &'static [&'static str] = &[$($table_doc),+];

            fn read(section: &mut $crate::settings::Section<'_>) -> Option<$table> {
                let mut keys = Self::KEYS.iter();
                $(
                    #[allow(unused_mut, unused_assignments, reason = "a key without a default leaves it as it is")]
                    let mut default: Option<$type> = None;
                    $( default = Some($default); )?
                    let $key = keys.next().and_then(|key| section.setting::<$type>(key, default));
                )+
                Some($table { $( $key: $key?, )+ })
            }

            fn entries(&self) -> Vec<$crate::settings::Entry> {
                let mut keys = Self::KEYS.iter();
                let mut entries = Vec::with_capacity(Self::KEYS.len());
                $( entries.extend(keys.next().map(|key| $crate::settings::Entry::new(key, &self.$key))); )+
                entries
            }
        }
    };
}

pub(crate) use settings;
