//! Notifications sent beside their schedule, in a sandbox: the duplicates of a fault plan, and what somebody asked to be
//! sent again. They carry the same notify_id and take nothing from the tries that are owed.

use danbao_node::Fault;
use danbao_protocol::node::{NoAnswer, Response};

use crate::delivery::{self, ASIDE, BROKEN_ASIDE, Heard};
use crate::fault_plan::Ordeal;
use crate::on_its_way::{Host, Sending};
use crate::rows::notice::{self, StoredNotice};
use crate::rows::resend::{self, Ended, ResendKey, StoredResend};
use crate::turn::Turn;

/// Sends what is due, in the room that the notifications have left.
pub(crate) fn send_due(turn: &mut Turn<'_>) -> Result<(), Fault> {
    let room = delivery::room(turn);
    if room == 0 {
        return Ok(());
    }
    for due in resend::load_due(turn.tx, turn.now, room)? {
        if due.sent_at.is_some() {
            // The process that asked is gone. Nothing is owed that would have to be sent again.
            finish(turn, &due, &lost())?;
            continue;
        }
        let Some(notice) = notice::load(turn.tx, &due.key.thread, due.key.seq)? else {
            return Err(Fault::invariant("a resend of no notice"));
        };
        match send(turn, &due, &notice) {
            Err(Fault::Invariant(what)) => {
                tracing::error!(thread = due.key.thread.as_str(), what, "a resend cannot be written out");
                resend::put_off(turn.tx, &due.key, turn.now.plus(BROKEN_ASIDE))?;
            }
            sent => sent?,
        }
    }
    Ok(())
}

fn lost() -> Heard {
    Heard { is_acknowledged: false, outcome: "lost", status: None, answer: Vec::new() }
}

fn send(turn: &mut Turn<'_>, due: &StoredResend, notice: &StoredNotice) -> Result<(), Fault> {
    let Some((uri, host)) = delivery::address(&notice.notify_url) else {
        let nowhere = Heard { outcome: NoAnswer::Unreachable.as_str(), ..lost() };
        return finish(turn, due, &nowhere);
    };
    match turn.memory.on_its_way.host(&host, turn.now) {
        Host::Open => {}
        Host::Busy(_) | Host::Slow => return resend::put_off(turn.tx, &due.key, turn.now.plus(ASIDE)),
    }
    let request =
        delivery::write(turn, notice, notice.first_sent_at.unwrap_or(turn.now), uri, &Ordeal::default())?;
    notice::note_first_sent(turn.tx, notice, turn.now)?;
    resend::begin(turn.tx, &due.key, turn.now.plus(turn.config.answer_within), turn.now)?;
    turn.send(Sending::Resend(due.key.clone()), host, request);
    Ok(())
}

/// A resend is over. Who says `success` to it has been told, whichever send it was.
pub(crate) fn end(
    turn: &mut Turn<'_>,
    key: &ResendKey,
    outcome: &Result<Response, NoAnswer>,
) -> Result<(), Fault> {
    let Some(stored) = resend::load(turn.tx, key)?.filter(|stored| stored.due_at.is_some()) else {
        return Ok(());
    };
    let heard = Heard::of(turn, outcome);
    finish(turn, &stored, &heard)?;
    if heard.is_acknowledged {
        notice::acknowledge(turn.tx, &key.thread, key.seq, turn.now)?;
    }
    Ok(())
}

fn finish(turn: &mut Turn<'_>, stored: &StoredResend, heard: &Heard) -> Result<(), Fault> {
    let key = &stored.key;
    let duration_ms = delivery::millis(turn.now.since(stored.sent_at.unwrap_or(turn.now)));
    resend::end(turn.tx, key, duration_ms, heard.outcome, heard.status, &heard.answer)?;
    resend::tell(turn.tx, &key.thread, key.seq, &Ended::Resend(key.resend_no), turn.now)
}
