//! What a check says, as text: sections of lines, and the warnings at the end.

use leakwarden::model::problem::Problem;
use leakwarden::telemetry::untrusted::Untrusted;
use std::fmt::Write;
use std::path::Path;

/// A report under way.
#[derive(Default)]
pub struct Report {
    text: String,
    warnings: Vec<String>,
}

impl Report {
    /// Begins a section.
    pub fn section(&mut self, title: &str) {
        let _ = writeln!(self.text, "\n{}", Untrusted(title));
    }

    /// A line of the section. What it quotes comes from files: it is made safe to show.
    pub fn line(&mut self, text: impl AsRef<str>) {
        let _ = writeln!(self.text, "  {}", Untrusted(text.as_ref()));
    }

    /// Bytes so far.
    pub fn length(&self) -> usize {
        self.text.len()
    }

    /// Something valid that is rarely meant, or keeps something from working.
    pub fn warn(&mut self, warning: Problem) {
        self.warnings.push(warning.to_string());
    }

    /// The whole text.
    pub fn finish(self, file: &Path) -> String {
        let count = self.warnings.len();
        let warnings = match count {
            0 => "no warnings".to_owned(),
            1 => "1 warning".to_owned(),
            more => format!("{more} warnings"),
        };
        let mut text = format!("{} is valid, with {warnings}\n{}", Untrusted(&file.display().to_string()), self.text);
        if count > 0 {
            let _ = writeln!(text, "\nWarnings");
            for warning in &self.warnings {
                let _ = writeln!(text, "  {}", Untrusted(warning));
            }
        }
        text
    }
}

/// `1 table`, `2 tables`.
pub fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// A path, for people.
pub fn shown(path: &Path) -> String {
    path.display().to_string()
}
