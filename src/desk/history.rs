//! What is kept of one person, account or source, as far as whoever asks may see it.

use crate::database::Database;
use crate::desk::DeskError;
use crate::desk::list::{Argument, Filter, Statement, alert_of, matching};
use crate::desk::rights::Caller;
use crate::model::alert::Alert;
use sqlx::Row;

/// Alerts that are listed.
const MOST: i64 = 100;

/// The alerts about somebody, of the cases that a filter leaves, at their newest settled revisions, newest first, each with its case.
pub async fn alerts_about(database: &Database, caller: &Caller, filter: &Filter, name: &str) -> Result<Vec<(Alert, i64)>, DeskError> {
    let mut statement = Statement::default();
    let rules = matching(caller, filter, &mut statement);
    let (name, most) = (statement.bind(Argument::Text(name.to_owned())), statement.bind(Argument::Number(MOST)));
    statement.text = format!(
        "select a.body, a.case_id from alert a join case_file c on c.id = a.case_id
         where a.about = {name} and {rules} order by a.raised_at desc, a.id limit {most}"
    );
    let mut read = database.read().await?;
    let rows = statement.query().fetch_all(&mut *read).await?;
    rows.iter().map(|row| Ok((alert_of(row)?, row.try_get(1)?))).collect()
}
