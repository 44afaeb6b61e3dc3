//! A shop that opens no door: it reads the feed, and keeps its place beside what follows from the events.

use std::time::Duration;

use danbao_protocol::node::{Crash, Input, Node, Output, Request, Response, SendId};
use danbao_protocol::time::Timestamp;
use danbao_store::{Conn, Error, Tx};
use http::StatusCode;
use serde_json::Value;

use super::recipe::{self, Care};
use super::{SIDECAR, call};
use crate::world::Birth;

/// The shortest pause between two looks.
const PAUSE_MIN: Duration = Duration::from_secs(60);
/// The longest, when nothing happens for long.
const PAUSE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Events of one page: few, so that there are pages.
const PAGE: usize = 3;

struct Reader {
    conn: Box<dyn Conn>,
    care: Care,
    next_look: Timestamp,
    pause: Duration,
    /// After this nobody looks any more: the world has to end.
    last_look: Timestamp,
    /// The question that is on its way, and after which event it asks.
    asked: Option<SendId>,
    sends: u64,
}

/// Builds the reader, who looks for the last time then.
pub(super) fn reader(care: Care, last_look: Timestamp) -> Birth {
    Box::new(move |mut conn, _, now| {
        recipe::prepare(&mut *conn).map_err(|error| Crash(error.to_string()))?;
        Ok(Box::new(Reader {
            conn,
            care,
            next_look: now.plus(PAUSE_MIN),
            pause: PAUSE_MIN,
            last_look,
            asked: None,
            sends: 0,
        }))
    })
}

impl Reader {
    fn look(&mut self) -> Result<Option<Output>, Error> {
        let row = self.conn.query_opt("SELECT after_id FROM danbao_cursor WHERE only_row = 1", &[])?;
        let after: String = row.map(|row| row.get(0)).transpose()?.unwrap_or_default();
        let path = format!("/v1/events?after={after}&limit={PAGE}");
        let Some(request): Option<Request> = call(SIDECAR, http::Method::GET, &path, None) else {
            return Ok(None);
        };
        self.sends += 1;
        let id = SendId(self.sends);
        self.asked = Some(id);
        Ok(Some(Output::Send { id, request }))
    }

    /// Applies a page and keeps the place, all in one transaction; whether there was anything.
    fn take_in(&mut self, page: &Value) -> Result<bool, Error> {
        let empty = Vec::new();
        let events = page["events"].as_array().unwrap_or(&empty);
        if self.care == Care::CursorFirst {
            let mut tx = Tx::begin(&mut *self.conn)?;
            keep_place(&mut tx, page)?;
            tx.commit()?;
        }
        let mut tx = Tx::begin(&mut *self.conn)?;
        for event in events {
            recipe::apply(&mut tx, self.care, event)?;
        }
        keep_place(&mut tx, page)?;
        tx.commit()?;
        Ok(!events.is_empty())
    }

    /// The sidecar knows nothing of the place: its database was restored from an older copy. Everything from the
    /// beginning, then, and what it says of a trade is newer than all that was heard (docs/exactly-once.md).
    fn begin_anew(&mut self) -> Result<(), Error> {
        if self.care == Care::KeepsPlace {
            return Ok(());
        }
        let mut tx = Tx::begin(&mut *self.conn)?;
        recipe::forget_changes(&mut *tx, self.care)?;
        tx.execute("DELETE FROM danbao_cursor", &[])?;
        tx.commit()
    }

    /// An answer of the feed; whether it had anything new.
    fn hear(&mut self, answer: &Response) -> Result<Option<bool>, Error> {
        if answer.status() == StatusCode::GONE {
            return self.begin_anew().map(|()| None);
        }
        let page = Some(answer).filter(|page| page.status().is_success());
        let page: Option<Value> = page.and_then(|page| serde_json::from_slice(page.body()).ok());
        page.map(|page| self.take_in(&page)).transpose()
    }

    fn rest(&mut self, now: Timestamp, pause: Duration) {
        self.asked = None;
        self.pause = pause.clamp(PAUSE_MIN, PAUSE_MAX);
        self.next_look = now.plus(self.pause);
    }
}

fn keep_place(tx: &mut Tx<'_>, page: &Value) -> Result<(), Error> {
    let Some(next) = page["next"].as_str() else { return Ok(()) };
    tx.execute(
        "INSERT INTO danbao_cursor (only_row, after_id) VALUES (1, $1)
         ON CONFLICT (only_row) DO UPDATE SET after_id = excluded.after_id",
        &[next.into()],
    )?;
    Ok(())
}

impl Node for Reader {
    fn step(&mut self, now: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let crash = |error: Error| Crash(error.to_string());
        let mut outputs = Vec::new();
        for input in inputs {
            match input {
                Input::Due if self.asked.is_none() && now >= self.next_look => {
                    outputs.extend(self.look().map_err(crash)?);
                }
                Input::Answer { id, outcome } if self.asked == Some(id) => {
                    let pause = match outcome.map(|answer| self.hear(&answer)) {
                        Ok(Ok(Some(false))) => self.pause.saturating_mul(2),
                        Ok(Err(error)) if !error.is_conflict() => return Err(crash(error)),
                        _ => PAUSE_MIN,
                    };
                    self.rest(now, pause);
                }
                _ => {}
            }
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        let is_waiting = self.asked.is_none() && self.next_look <= self.last_look;
        Ok(is_waiting.then_some(self.next_look))
    }
}
