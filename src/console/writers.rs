//! What leaves the database for files, in the background: decisions for the engine, and who looked at what for the detectors. Each is
//! marked as written after it is on disk; after a crash between the two it is there twice, under the same id.

use crate::console::dispatch::now;
use crate::console::state::Console;
use crate::desk::feedback;
use crate::desk::view_log::{self, Mark};
use crate::model::decision::Decision;
use crate::pipeline::decisions::log::DecisionLog;
use crate::pipeline::decisions::topic::TopicLog;
use crate::sink::append::Appender;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often it is looked for something to write.
const EVERY: Duration = Duration::from_secs(1);
/// Records of a step.
const STEP: i64 = 500;
/// Bytes at the end of the file of access records among which its last line is looked for.
const TAIL: u64 = 64 * 1024;

/// Where decisions are read from.
#[derive(Clone)]
pub enum DecisionsTo {
    /// A file.
    File(PathBuf),
    /// The topic of a cluster.
    Topic(Arc<Mutex<TopicLog>>),
}

impl DecisionsTo {
    /// Writes them in their order: what fails is written again as a whole, and known by its id.
    fn write(&self, decisions: &[Decision]) -> Result<(), String> {
        match self {
            DecisionsTo::File(path) => {
                let log = DecisionLog::at(path);
                decisions.iter().try_for_each(|decision| log.append(decision)).map_err(|error| error.to_string())
            }
            DecisionsTo::Topic(log) => {
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                decisions.iter().try_for_each(|decision| log.append(decision)).map_err(|error| error.message)
            }
        }
    }
}

/// Where it goes.
#[derive(Clone, Default)]
pub struct Files {
    /// Where decisions go; without such a place they stay in the database.
    pub decisions: Option<DecisionsTo>,
    /// The file of access records, as canonical lines; without one they stay in the database.
    pub views: Option<PathBuf>,
}

/// Writes until the task is dropped. What fails is told, and tried again.
pub async fn run(console: Console, files: Files) {
    let mut troubled = false;
    loop {
        let done = step(&console, &files).await;
        if let Err(why) = &done {
            // Once, not every second.
            if !troubled {
                tracing::error!(why, "decisions or view records cannot be written, and are tried again");
            }
        }
        troubled = done.is_err();
        tokio::time::sleep(EVERY).await;
    }
}

/// Writes what is there.
pub async fn step(console: &Console, files: &Files) -> Result<(), String> {
    if let Some(to) = &files.decisions {
        decisions(console, to.clone()).await?;
    }
    if let Some(path) = &files.views {
        views(console, path.clone()).await?;
    }
    Ok(())
}

async fn decisions(console: &Console, to: DecisionsTo) -> Result<(), String> {
    let waiting = feedback::unwritten(&console.database).await.map_err(|error| error.to_string())?;
    let Some(last) = waiting.last().map(|(number, _)| *number) else { return Ok(()) };
    let waiting: Vec<Decision> = waiting.into_iter().map(|(_, decision)| decision).collect();
    let written = tokio::task::spawn_blocking(move || to.write(&waiting));
    written.await.map_err(|_| "the writer stopped".to_owned())??;
    feedback::written(&console.database, last).await.map_err(|error| error.to_string())
}

/// The last line of the file, as far as there is one: it tells how far the chain went.
fn last_mark(path: &Path) -> Option<Mark> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail).ok()?;
    String::from_utf8_lossy(&tail).lines().rev().find_map(Mark::of_line)
}

async fn views(console: &Console, path: PathBuf) -> Result<(), String> {
    let at = path.clone();
    let mark = tokio::task::spawn_blocking(move || last_mark(&at)).await.map_err(|_| "the writer stopped".to_owned())?;
    if let Some(mark) = mark
        && view_log::misses(&console.database, &mark, now()).await.map_err(|error| error.to_string())?
    {
        tracing::error!("{}: it names a record of a view that the database has not: its chain of views was cut off", path.display());
    }
    let mut read = console.database.read().await.map_err(|error| error.to_string())?;
    let waiting = view_log::unwritten(&mut read, STEP).await.map_err(|error| error.to_string())?;
    drop(read);
    let Some(last) = waiting.last().map(|(record, _)| record.number) else { return Ok(()) };
    let lines: String = waiting.iter().map(|(record, employee)| record.canonical(employee) + "\n").collect();
    let written = tokio::task::spawn_blocking(move || {
        // Several consoles may write to it: nothing is cut off or completed.
        Appender::open_shared(&path)
            .and_then(|mut file| file.append(lines.as_bytes()))
            .map_err(|error| format!("{}: {error}", path.display()))
    });
    written.await.map_err(|_| "the writer stopped".to_owned())??;
    view_log::written(&console.database, last).await.map_err(|error| error.to_string())
}
