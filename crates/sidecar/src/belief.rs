//! Messages that tell of no trade: kept and believed step by step like every message, then taken by whoever knows what
//! they are about.

use danbao_merchant::inbox::{self, Outcome};
use danbao_merchant::protocol::node::{AskId, NoAnswer, Response};
use danbao_merchant::{Received, Rejected, Signed, Way, answer};
use danbao_node::Fault;

use crate::rows::visit::Purpose;
use crate::turn::{Turn, Waiting};
use crate::{refunds, refusals, visits};

/// By which address a message came, and so who takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Door {
    /// The gateway tells what came of a batch of refunds.
    RefundResult,
    /// The gateway tells of a payment request that it has refused.
    Refusal,
    /// A browser comes back from signing in; from etao without having been sent.
    Login { visit: Option<String> },
    /// A browser brings the address that its buyer has chosen.
    Address { visit: String },
}

impl Door {
    pub(crate) const fn way(&self) -> Way {
        match self {
            Door::RefundResult | Door::Refusal => Way::Notify,
            Door::Login { .. } | Door::Address { .. } => Way::Return,
        }
    }
}

/// Keeps the message, checks its signature, and asks the gateway.
pub(crate) fn take_in(
    turn: &mut Turn<'_, '_>,
    ask: AskId,
    door: Door,
    raw: &[u8],
    received: Result<Received, Rejected>,
) -> Result<Option<Response>, Fault> {
    if received.as_ref().is_err_and(|rejected| *rejected == Rejected::NoParameters) {
        turn.counts.message(door.way(), &Outcome::Rejected(Rejected::NoParameters));
        return refuse(turn, &door, &Rejected::NoParameters).map(Some);
    }
    let message_id = turn.new_message_id();
    inbox::arrive(turn.tx, &message_id, door.way(), raw, turn.now)?;
    match received.and_then(|received| received.check_sign_of(turn.config.accounts.iter())) {
        Ok(signed) => {
            let question = signed.question();
            let signed = Box::new(signed);
            turn.send(question, Waiting::Believe { ask, door, message_id, signed });
            Ok(None)
        }
        Err(rejected) => {
            let outcome = Outcome::Rejected(rejected.clone());
            turn.counts.message(door.way(), &outcome);
            inbox::settle(turn.tx, &message_id, &outcome, turn.now)?;
            refuse(turn, &door, &rejected).map(Some)
        }
    }
}

/// The gateway has spoken on a message, or has not.
pub(crate) fn heard(
    turn: &mut Turn<'_, '_>,
    door: &Door,
    message_id: &str,
    signed: Signed,
    outcome: &Result<Response, NoAnswer>,
) -> Result<Response, Fault> {
    let genuine = match outcome {
        Ok(answer) => signed.hear(answer),
        Err(why) => Err(signed.unheard(*why)),
    };
    let taken = match genuine {
        Ok(genuine) => match door {
            Door::RefundResult => {
                let taken = refunds::take_result(turn, genuine)?;
                if let Err(rejected) = &taken {
                    tracing::warn!(%rejected, "a genuine result of refunds does not fit its batch");
                }
                taken
            }
            Door::Refusal => {
                let taken = refusals::take_letter(turn, genuine)?;
                if let Err(rejected) = &taken {
                    tracing::warn!(%rejected, "a genuine letter about a refusal fits no payment request");
                }
                taken
            }
            Door::Login { visit } => visits::take_login(turn, visit.as_deref(), genuine)?,
            Door::Address { visit } => visits::take_address(turn, visit, genuine)?,
        },
        Err(rejected) => Err(rejected),
    };
    let outcome = match &taken {
        Ok((outcome, _)) => outcome.clone(),
        Err(rejected) => Outcome::Rejected(rejected.clone()),
    };
    turn.counts.message(door.way(), &outcome);
    inbox::settle(turn.tx, message_id, &outcome, turn.now)?;
    match taken {
        Ok((_, response)) => Ok(response),
        Err(rejected) => refuse(turn, door, &rejected),
    }
}

/// What became of a message that is genuine, and what is answered; or why it is not believed after all.
pub(crate) type Taken = Result<(Outcome, Response), Rejected>;

fn refuse(turn: &mut Turn<'_, '_>, door: &Door, rejected: &Rejected) -> Result<Response, Fault> {
    tracing::info!(way = door.way().as_str(), check = rejected.check().as_str(), %rejected, "a message was not believed");
    match door {
        Door::RefundResult | Door::Refusal => Ok(answer::fail()),
        Door::Login { visit } => visits::turn_away(turn, Purpose::Login, visit.as_deref(), rejected),
        Door::Address { visit } => visits::turn_away(turn, Purpose::Address, Some(visit), rejected),
    }
}
