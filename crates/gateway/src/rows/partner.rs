//! Partners: who may call, with which key, for which sellers.

use std::collections::BTreeSet;

use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::service::Service;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::md5::Md5Key;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn};

use crate::fault::Fault;
use crate::rows::word;

/// 合作者: a merchant under contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Partner {
    pub(crate) partner: PartnerId,
    /// 商户名称, shown at the cashier.
    pub(crate) display_name: String,
    /// The account that signed the contract.
    pub(crate) user_id: UserId,
    /// 服务费率, in parts per million.
    pub(crate) fee_ppm: i64,
    /// Advanced direct-pay contract: TRADE_SUCCESS first (protocol.md §5.6).
    pub(crate) is_refundable: bool,
    /// May set time-outs of its own (protocol.md §3.2).
    pub(crate) custom_timeouts: bool,
    /// The anti-phishing check is on: timestamp and client IP are required for direct pay (protocol.md §3.3).
    pub(crate) anti_phishing: bool,
    /// The newest MD5 key; `None` if the partner has none of that kind.
    pub(crate) md5_key: Option<Md5Key>,
    /// Interfaces that the contract names.
    pub(crate) services: BTreeSet<Service>,
    /// Sellers on whose behalf the partner may ask for money.
    pub(crate) sellers: BTreeSet<UserId>,
}

/// Looks a partner up, with its key, its contract and its sellers. Ask [`crate::turn::Turn::partner`], which does so
/// once a transaction.
pub(crate) fn load(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Partner>, Fault> {
    let id = [Bind::Text(partner.as_str())];
    let row = tx.query_opt(
        "SELECT display_name, user_id, fee_ppm, is_refundable, custom_timeouts, anti_phishing
         FROM partner WHERE partner = $1",
        &id,
    )?;
    let Some(row) = row else { return Ok(None) };
    let services = tx.query("SELECT service FROM contract WHERE partner = $1", &id)?;
    let sellers = tx.query("SELECT user_id FROM partner_seller WHERE partner = $1", &id)?;
    Ok(Some(Partner {
        partner: partner.clone(),
        display_name: row.get(0)?,
        user_id: UserId::new(row.get::<String>(1)?),
        fee_ppm: row.get(2)?,
        is_refundable: row.get(3)?,
        custom_timeouts: row.get(4)?,
        anti_phishing: row.get(5)?,
        md5_key: load_md5_key(tx, partner)?,
        services: services
            .iter()
            .map(|row| word(&row.get::<String>(0)?, Service::from_wire))
            .collect::<Result<_, Fault>>()?,
        sellers: sellers
            .iter()
            .map(|row| Ok(UserId::new(row.get::<String>(0)?)))
            .collect::<Result<_, Fault>>()?,
    }))
}

fn load_md5_key(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Md5Key>, Fault> {
    let row = tx.query_opt(
        "SELECT secret FROM partner_key WHERE partner = $1 AND sign_type = $2 ORDER BY key_no DESC LIMIT 1",
        &[Bind::Text(partner.as_str()), Bind::Text(SignType::Md5.as_str())],
    )?;
    Ok(row.map(|row| row.get::<String>(0)).transpose()?.map(Md5Key::new))
}

/// All partners' ids.
pub(crate) fn load_ids(tx: &mut dyn Conn) -> Result<Vec<PartnerId>, Fault> {
    let rows = tx.query("SELECT partner FROM partner ORDER BY partner LIMIT 100", &[])?;
    rows.iter().map(|row| Ok(PartnerId::new(row.get::<String>(0)?))).collect()
}

/// Writes a new partner with its key, its contract and its sellers.
pub(crate) fn insert(tx: &mut dyn Conn, partner: &Partner, now: Timestamp) -> Result<(), Fault> {
    let id = Bind::Text(partner.partner.as_str());
    tx.execute(
        "INSERT INTO partner (partner, display_name, user_id, fee_ppm, is_refundable, custom_timeouts,
                              anti_phishing, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[
            id,
            Bind::Text(&partner.display_name),
            Bind::Text(partner.user_id.as_str()),
            Bind::Int(partner.fee_ppm),
            partner.is_refundable.into(),
            partner.custom_timeouts.into(),
            partner.anti_phishing.into(),
            Bind::Int(now.0),
        ],
    )?;
    if let Some(key) = &partner.md5_key {
        tx.execute(
            "INSERT INTO partner_key (partner, sign_type, key_no, secret) VALUES ($1, $2, 1, $3)",
            &[id, Bind::Text(SignType::Md5.as_str()), Bind::Text(key.reveal())],
        )?;
    }
    for service in &partner.services {
        tx.execute(
            "INSERT INTO contract (partner, service) VALUES ($1, $2)",
            &[id, Bind::Text(service.as_str())],
        )?;
    }
    for seller in &partner.sellers {
        tx.execute(
            "INSERT INTO partner_seller (partner, user_id) VALUES ($1, $2)",
            &[id, Bind::Text(seller.as_str())],
        )?;
    }
    Ok(())
}
