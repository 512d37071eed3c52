//! `queue`: by how many rows today's queue differs from the one that a page shows. Counts, and nobody: the page asks when something has
//! happened, and its reader fetches the rows, which is written down, when they want them.

use crate::console::answer::{Answer, Asked};
use crate::console::pages::today;
use crate::desk::case::CaseFile;
use crate::desk::{DeskError, list};
use serde_json::json;
use std::collections::BTreeMap;

/// By what a page differs from what it would show now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Differs {
    new: usize,
    changed: usize,
    gone: usize,
}

impl Differs {
    /// Of the rows that a page shows, by their versions, from those that there are.
    fn of(shown: &BTreeMap<i64, i64>, now: &[CaseFile]) -> Differs {
        let mut differs = Differs::default();
        for case in now {
            match shown.get(&case.id) {
                None => differs.new += 1,
                Some(version) => differs.changed += usize::from(*version != case.version),
            }
        }
        // Each case that there is stands once: what is shown and not found again is gone.
        differs.gone = shown.len() - (now.len() - differs.new);
        differs
    }
}

/// Rows as a page sends them: `number:version`, divided by commas.
fn rows(text: &str) -> Option<BTreeMap<i64, i64>> {
    let mut rows = BTreeMap::new();
    for row in text.split(',').filter(|row| !row.is_empty()) {
        let (id, version) = row.split_once(':')?;
        rows.insert(id.parse().ok()?, version.parse().ok()?);
        if rows.len() > list::LONGEST_PAGE {
            return None;
        }
    }
    Some(rows)
}

/// `GET /api/v1/queue`
pub async fn differs(asked: Asked) -> Result<Answer, DeskError> {
    let text = asked.query.text("rows");
    let rule = "must be numbers of cases with their versions, as in 12:3,15:1";
    let shown = rows(text).ok_or_else(|| DeskError::refused("rows", rule, text))?;
    let now = list::cases(&asked.console.database, asked.caller()?, &today::queue(), None, today::ROWS).await?;
    let Differs { new, changed, gone } = Differs::of(&shown, &now.cases);
    Ok(Answer::plain_json(json!({ "new": new, "changed": changed, "gone": gone })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbers_with_versions() {
        assert_eq!(rows("12:3,15:1"), Some(BTreeMap::from([(12, 3), (15, 1)])));
        assert_eq!(rows(""), Some(BTreeMap::new()));
        for broken in ["12", "12:", ":3", "a:1", "12:3;15:1", "<script>"] {
            assert_eq!(rows(broken), None, "{broken}");
        }
        let many: Vec<String> = (0..=list::LONGEST_PAGE).map(|id| format!("{id}:1")).collect();
        assert_eq!(rows(&many.join(",")), None, "no page has so many");
    }
}
