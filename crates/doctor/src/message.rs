//! Test notifications that are signed as the gateway's are and can move no order.
//!
//! Two locks: they name an order that does not exist, unless the merchant gives one that may be used, and they say
//! WAIT_BUYER_PAY, a state in which nothing has been paid yet (protocol.md §5.1), whatever order they name.

use danbao_protocol::ids::{NotifyId, OutTradeNo, PartnerId, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::notify;
use danbao_protocol::page_return;
use danbao_protocol::params::Params;
use danbao_protocol::service::notify_verify::NotifyVerify;
use danbao_protocol::service::payment::PaymentService;
use danbao_protocol::sign::{self, SignType};
use danbao_protocol::status::TradeStatus;
use danbao_protocol::trade_message::TradeMessage;

use crate::probe::{Freshness, ProbeId};
use crate::settings::Settings;

/// What every order number that the doctor makes up begins with.
pub const ORDER_PREFIX: &str = "DANBAO-DOCTOR-";
/// The smallest amount, as in the tutorials' tests.
const AMOUNT: Fen = Fen(1);
/// An account that the gateway's numbers never reach.
const NOBODY: &str = "2088999999999999";

/// Which characters the texts of a test notification have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// ASCII alone: no charset can hurt it.
    Ascii,
    /// Chinese too.
    Chinese,
}

/// The id of a test notification: 34 letters and digits, as ours are.
pub fn notify_id(probe: ProbeId, fresh: Freshness) -> String {
    let kind = probe.as_str().bytes().next().map_or('x', char::from);
    format!("d{kind}{}", hex(&fresh.nonce))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The order number that test notifications name.
pub fn out_trade_no(settings: &Settings, fresh: Freshness) -> String {
    let made_up = || format!("{ORDER_PREFIX}{}", hex(fresh.nonce.get(..6).unwrap_or_default()));
    settings.order.clone().unwrap_or_else(made_up)
}

/// A notification of an unpaid trade, signed; `None` without a key that signs, or in a charset that there is not.
pub fn signed(settings: &Settings, fresh: Freshness, notify_id: &str, subject: Subject) -> Option<Params> {
    let key = settings.signing_key()?;
    let kinds = [SignType::Md5, SignType::Rsa, SignType::Dsa];
    let signer = kinds.into_iter().find_map(|kind| key.signer(kind))?;
    let message = message(settings, fresh, notify_id, subject);
    let mut params = notify::build(&message, settings.charset()?).ok()?;
    sign::append(&mut params, &signer).ok()?;
    Some(params)
}

/// The page return of the same unpaid trade, signed; `None` as for [`signed`].
pub fn signed_return(settings: &Settings, fresh: Freshness, notify_id: &str) -> Option<Params> {
    let (key, charset) = (settings.signing_key()?, settings.charset()?);
    let kinds = [SignType::Md5, SignType::Rsa, SignType::Dsa];
    let signer = kinds.into_iter().find_map(|kind| key.signer(kind))?;
    let message = message(settings, fresh, notify_id, Subject::Ascii);
    let mut params = page_return::build(&message, charset).ok()?;
    sign::append(&mut params, &signer).ok()?;
    Some(params)
}

/// The same message with a signature that cannot be its own.
pub fn forged(params: &Params) -> Params {
    let mut forged = Params::new();
    for (name, value) in params.iter() {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if name == "sign" {
            // Turned round and in small letters, it has the right form and is no digest of this text.
            let turned: Vec<u8> = value.iter().rev().copied().collect();
            let other = if turned == value { vec![b'0'; value.len()] } else { turned };
            forged.push(name, &other);
        } else {
            forged.push(name, value);
        }
    }
    forged
}

/// `notify_verify` of an id that was never sent.
pub fn unknown_id(settings: &Settings, fresh: Freshness) -> Params {
    let partner = partner(settings);
    let notify_id = NotifyId::new(notify_id(ProbeId::GatewayAsked, fresh));
    NotifyVerify { partner: PartnerId::new(partner), notify_id }.to_params()
}

/// The partner as it is named to others: never what is no number, since it may be the key in the wrong place.
fn partner(settings: &Settings) -> &str {
    let partner = settings.partner.as_deref().map(str::trim).unwrap_or_default();
    let is_number = !partner.is_empty() && partner.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { partner } else { NOBODY }
}

fn message(settings: &Settings, fresh: Freshness, notify_id: &str, subject: Subject) -> TradeMessage {
    let amount = settings.amount.unwrap_or(AMOUNT);
    let seller = partner(settings);
    TradeMessage {
        service: settings.service.unwrap_or(PaymentService::CreatePartnerTradeByBuyer),
        notify_id: NotifyId::new(notify_id),
        notify_time: fresh.now,
        out_trade_no: OutTradeNo::new(out_trade_no(settings, fresh)),
        trade_no: TradeNo::new(format!("{}00000000", fresh.now.wire_day())),
        trade_status: TradeStatus::WaitBuyerPay,
        refund_status: None,
        subject: match subject {
            Subject::Ascii => "danbao doctor".to_owned(),
            Subject::Chinese => "担保医生：测试通知".to_owned(),
        },
        body: None,
        payment_type: "1".to_owned(),
        price: amount,
        quantity: 1,
        discount: Fen(0),
        total_fee: amount,
        is_total_fee_adjust: false,
        use_coupon: false,
        seller_email: settings.seller_email.clone().unwrap_or_else(|| "seller@example.com".to_owned()),
        seller_id: UserId::new(seller),
        buyer_email: "doctor@example.com".to_owned(),
        buyer_id: UserId::new(NOBODY),
        logistics: None,
        gmt_logistics_modify: None,
        receive: None,
        gmt_create: fresh.now,
        gmt_payment: None,
        gmt_send_goods: None,
        gmt_refund: None,
        gmt_close: None,
        seller_actions: Vec::new(),
        buyer_actions: Vec::new(),
        extra_common_param: None,
    }
}
