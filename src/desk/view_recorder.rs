//! Records of what is shown to readers who come at once, in one transaction: a commit waits for the disk, and each page would wait for the
//! commits of all before it.

use crate::database::{Database, DatabaseError};
use crate::desk::rights::Caller;
use crate::desk::view_log::{self, View, ViewRecord};
use crate::model::time::Timestamp;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// Who writes the records of all pages of a console.
#[derive(Clone)]
pub struct ViewRecorder {
    database: Database,
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Default)]
struct Waiting {
    asked: Vec<(ViewRecord, oneshot::Sender<Result<(), DatabaseError>>)>,
    /// Somebody writes, and will look again before they stop.
    at_work: bool,
}

impl ViewRecorder {
    /// Of this database.
    pub fn new(database: Database) -> ViewRecorder {
        ViewRecorder { database, waiting: Arc::default() }
    }

    /// Records that somebody is shown something; once it returns without an error, that is on disk.
    pub async fn record(&self, caller: &Caller, view: &View<'_>, now: Timestamp) -> Result<(), DatabaseError> {
        let (done, told) = oneshot::channel();
        let begins = {
            let mut waiting = self.waiting();
            waiting.asked.push((ViewRecord::new(caller, view, now), done));
            !std::mem::replace(&mut waiting.at_work, true)
        };
        if begins {
            // Of its own: the reader who began it may leave before the others have their answer.
            tokio::spawn(self.clone().work());
        }
        told.await.unwrap_or_else(|_| Err(ended()))
    }

    async fn work(self) {
        while self.is_asked() {
            // Whoever comes while the writers' place is waited for is taken along.
            let place = self.database.write().await;
            let (records, readers): (Vec<_>, Vec<_>) = std::mem::take(&mut self.waiting().asked).into_iter().unzip();
            let written = match place {
                Ok(mut write) => {
                    let written = tokio::spawn(async move {
                        view_log::append(&mut write, records).await?;
                        write.commit().await
                    });
                    written.await.unwrap_or_else(|_| Err(ended()))
                }
                Err(error) => Err(error),
            };
            for reader in readers {
                // They may have left.
                let _ = reader.send(written.clone());
            }
        }
    }

    /// Whether somebody waits; if nobody does, the work ends with this answer.
    fn is_asked(&self) -> bool {
        let mut waiting = self.waiting();
        waiting.at_work = !waiting.asked.is_empty();
        waiting.at_work
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ended() -> DatabaseError {
    DatabaseError::plain("record what is shown", "the program is ending", true)
}
