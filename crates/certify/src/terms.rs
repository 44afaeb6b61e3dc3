//! What a run is told.

use std::time::Duration;

use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::sign::{Signer, Verifier};

/// Who the shop is, where it is, and how patient the run.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The shop's own address, without a slash at the end: messages go nowhere else.
    pub target: String,
    /// Where orders are placed; `{orders_url}/{out_trade_no}.json` tells of one, unless the shop names another address.
    pub orders_url: String,
    /// Where the shop is to find this gateway, without a slash at the end.
    pub gateway_url: String,
    /// 合作者身份
    pub partner: PartnerId,
    /// Signs what the gateway says.
    pub signer: Signer,
    /// Verifies what the shop asks.
    pub verifier: Verifier,
    /// The account that is paid.
    pub seller_id: UserId,
    /// Its e-mail address.
    pub seller_email: String,
    /// What is ordered, by the shop's own name for it.
    pub good: String,
    /// How many of it. More than one, or there may be no smaller amount than the right one.
    pub quantity: u32,
    /// Decides every order that a scenario leaves open.
    pub seed: u64,
    /// How long an order may take to become what it must be, once all answers are there.
    pub settle: Duration,
    /// How long the whole run may take.
    pub time_max: Duration,
}
