//! Partners: who may call, with which key, for which sellers.

use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::service::Service;
use danbao_protocol::sign::SignType;
use danbao_protocol::sign::md5::Md5Key;
use danbao_protocol::time::Timestamp;
use danbao_store::{Bind, Conn, Row};

use crate::fault::Fault;

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
}

fn read(row: &Row) -> Result<Partner, Fault> {
    Ok(Partner {
        partner: PartnerId::new(row.get::<String>(0)?),
        display_name: row.get(1)?,
        user_id: UserId::new(row.get::<String>(2)?),
        fee_ppm: row.get(3)?,
        is_refundable: row.get(4)?,
        custom_timeouts: row.get(5)?,
        anti_phishing: row.get(6)?,
    })
}

/// Looks a partner up.
pub(crate) fn load(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Partner>, Fault> {
    let sql = "SELECT partner, display_name, user_id, fee_ppm, is_refundable, custom_timeouts, anti_phishing
               FROM partner WHERE partner = $1";
    tx.query_opt(sql, &[Bind::Text(partner.as_str())])?.as_ref().map(read).transpose()
}

/// All partners, by number.
pub(crate) fn load_all(tx: &mut dyn Conn) -> Result<Vec<Partner>, Fault> {
    let sql = "SELECT partner, display_name, user_id, fee_ppm, is_refundable, custom_timeouts, anti_phishing
               FROM partner ORDER BY partner LIMIT 100";
    tx.query(sql, &[])?.iter().map(read).collect()
}

/// The partner's newest MD5 key; `None` if it has none of that kind.
pub(crate) fn load_md5_key(tx: &mut dyn Conn, partner: &PartnerId) -> Result<Option<Md5Key>, Fault> {
    let row = tx.query_opt(
        "SELECT secret FROM partner_key WHERE partner = $1 AND sign_type = $2 ORDER BY key_no DESC LIMIT 1",
        &[Bind::Text(partner.as_str()), Bind::Text(SignType::Md5.as_str())],
    )?;
    Ok(row.map(|row| row.get::<String>(0)).transpose()?.map(Md5Key::new))
}

/// Whether the contract names the interface.
pub(crate) fn has_contract(tx: &mut dyn Conn, partner: &PartnerId, service: Service) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM contract WHERE partner = $1 AND service = $2";
    Ok(tx.query_opt(sql, &[Bind::Text(partner.as_str()), Bind::Text(service.as_str())])?.is_some())
}

/// Whether the partner may ask for money on behalf of this seller.
pub(crate) fn has_seller(tx: &mut dyn Conn, partner: &PartnerId, seller: &UserId) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM partner_seller WHERE partner = $1 AND user_id = $2";
    Ok(tx.query_opt(sql, &[Bind::Text(partner.as_str()), Bind::Text(seller.as_str())])?.is_some())
}

/// Writes a new partner with its key, its contracts and its sellers.
pub(crate) fn insert(
    tx: &mut dyn Conn,
    partner: &Partner,
    md5_key: &str,
    services: &[Service],
    sellers: &[UserId],
    now: Timestamp,
) -> Result<(), Fault> {
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
    tx.execute(
        "INSERT INTO partner_key (partner, sign_type, key_no, secret) VALUES ($1, $2, 1, $3)",
        &[id, Bind::Text(SignType::Md5.as_str()), Bind::Text(md5_key)],
    )?;
    for service in services {
        tx.execute(
            "INSERT INTO contract (partner, service) VALUES ($1, $2)",
            &[id, Bind::Text(service.as_str())],
        )?;
    }
    for seller in sellers {
        tx.execute(
            "INSERT INTO partner_seller (partner, user_id) VALUES ($1, $2)",
            &[id, Bind::Text(seller.as_str())],
        )?;
    }
    Ok(())
}
