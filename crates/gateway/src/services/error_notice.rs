//! 错误通知: a refused direct-pay request is told to the address that it names (protocol.md §8.4).
//!
//! Three things keep the gateway from being made to send to arbitrary hosts: the contract must have it opened, the
//! request must have been signed by the partner, and the same refusal is owed once at a time, however often somebody
//! follows the merchant's link.

use danbao_node::Fault;
use danbao_protocol::service::error_notify;
use danbao_protocol::sign::SignType;

use super::{Refused, payment};
use crate::rows::notice::{self, Letter, Thread};
use crate::turn::Turn;

/// Owes the letter that a refusal calls for, if it does.
pub(crate) fn owe(turn: &mut Turn<'_>, refused: &Refused) -> Result<(), Fault> {
    let (Some(partner), Some(params)) = (&refused.signed_by, &refused.params) else { return Ok(()) };
    if !partner.error_notify {
        return Ok(());
    }
    let Some(url) = error_notify::address(params, refused.charset) else { return Ok(()) };
    let sign_type = params.get_text("sign_type", refused.charset).ok().flatten();
    let letter = Letter {
        partner: partner.partner.clone(),
        sign_type: sign_type.and_then(|name| SignType::from_wire(&name)).unwrap_or(SignType::Md5),
        charset: refused.charset,
        params: error_notify::build(params, refused.charset, refused.code).to_urlencoded().into_bytes(),
    };
    if notice::is_owed(turn.tx, &url, &letter)? {
        return Ok(());
    }
    let thread = Thread::from(&payment::next_trade_no(turn)?);
    notice::insert_letter(turn.tx, &thread, &url, &letter, &mut turn.memory.entropy, turn.now)?;
    Ok(())
}
