//! The gateway's messages, and what a forger makes of them.

use std::time::Duration;

use bytes::Bytes;
use danbao_protocol::ids::{NotifyId, OutTradeNo, TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::node::Request;
use danbao_protocol::page_return::append_to_url;
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::{PaymentService, Receive};
use danbao_protocol::sign::{self, Md5Key, Signer};
use danbao_protocol::status::{RefundStatus, TradeStatus};
use danbao_protocol::time::Timestamp;
use danbao_protocol::trade_message::TradeMessage;
use danbao_protocol::{notify, page_return};
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Uri};

use crate::offer::Offer;
use crate::scenario::{Door, Say, Twist};
use crate::terms::Terms;

/// What all messages of one order have in common.
pub(crate) struct Issuer<'a> {
    pub(crate) terms: &'a Terms,
    pub(crate) offer: &'a Offer,
    /// Tells runs apart, so that no id is used in two of them.
    pub(crate) run: u64,
    /// Tells the orders of one run apart.
    pub(crate) serial: u64,
    /// When the trade came into being.
    pub(crate) created: Timestamp,
    /// Whether the goods are shipped in this story before it ends.
    pub(crate) is_shipped: bool,
}

/// A message ready to be sent.
pub(crate) struct Issued {
    pub(crate) request: Request,
    pub(crate) notify_id: String,
    /// What the gateway says to whoever asks about the id.
    pub(crate) is_known: bool,
}

/// A message that cannot be written: the shop's own request does not allow it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct CannotIssue(String);

impl CannotIssue {
    pub(crate) fn because(why: impl std::fmt::Display) -> CannotIssue {
        CannotIssue(why.to_string())
    }
}

const OTHER_NUMBER: &str = "DANBAO-NO-SUCH-ORDER";
const OTHER_SELLER: &str = "2088999999999999";
const OTHER_EMAIL: &str = "somebody.else@danbao.example";
const OTHER_KEY: &str = "forgedforgedforgedforgedforgedfo";

impl Issuer<'_> {
    /// Writes a message.
    pub(crate) fn issue(&self, say: &Say) -> Result<Issued, CannotIssue> {
        let notify_id = self.notify_id(say);
        let message = self.message(say, &notify_id)?;
        let charset = self.offer.charset();
        let params = match say.door {
            Door::Notify => notify::build(&message, charset),
            Door::Return => page_return::build(&message, charset),
        };
        let mut params = params.map_err(CannotIssue::because)?;
        match say.twist {
            Twist::NoId => drop(params.remove("notify_id")),
            Twist::Word(name, value) => params = replaced(&params, name, value.as_bytes()),
            Twist::Text(name, text) => {
                params.push_text(name, text, charset).map_err(CannotIssue::because)?;
            }
            _ => {}
        }
        self.sign(&mut params, &say.twist).map_err(CannotIssue::because)?;
        match say.twist {
            Twist::Altered(name, value) => params = replaced(&params, name, value.as_bytes()),
            Twist::Retargeted => {
                params = replaced(&params, "out_trade_no", self.offer.out_trade_no.as_bytes());
            }
            _ => {}
        }
        let request = self.request(say, &params)?;
        let is_known = !matches!(say.twist, Twist::UnknownId | Twist::Expired | Twist::NoId);
        Ok(Issued { request, notify_id, is_known })
    }

    /// One for each change, at every try (protocol.md §6.3); 34 letters and digits, 43 for a page return (§4.1).
    fn notify_id(&self, say: &Say) -> String {
        let place = |at: Option<usize>| at.map_or(0, |at| at + 1);
        let status = place(TradeStatus::ALL.iter().position(|status| *status == say.trade_status));
        let refund = place(RefundStatus::ALL.iter().position(|status| Some(*status) == say.refund_status));
        let kind = match say.twist {
            Twist::UnknownId => 'f',
            Twist::Expired => 'e',
            _ => '0',
        };
        let run = self.run & 0xffff_ffff;
        let which = format!(
            "{run:08x}{:03x}{status:x}{refund:x}{:02x}{:x}{kind}",
            self.serial & 0xfff,
            say.minute & 0xff,
            say.number & 0xf
        );
        match say.door {
            Door::Notify => format!("{}{which:0<18}", self.trade_no(&say.twist)),
            Door::Return => format!("p{}{which:0<26}", self.trade_no(&say.twist)),
        }
    }

    pub(crate) fn trade_no(&self, twist: &Twist) -> String {
        let own = (self.run / 1000 % 86_400) * 1000 + self.serial % 500;
        let own = if *twist == Twist::OtherTrade { own + 500 } else { own };
        format!("{}{own:08}", self.created.wire_day())
    }

    fn message(&self, say: &Say, notify_id: &str) -> Result<TradeMessage, CannotIssue> {
        let offer = self.offer;
        let request = &offer.request;
        let total = offer.total().ok_or_else(|| CannotIssue("the total is too large".to_owned()))?;
        let total_fee = match say.twist {
            Twist::Amount(fen) => total.checked_add(Fen(fen)).filter(|fen| fen.is_positive()),
            _ => Some(total),
        };
        let total_fee = total_fee.ok_or_else(|| CannotIssue("there is no smaller amount".to_owned()))?;
        let at = |minute: u32| self.created.plus(Duration::from_secs(u64::from(minute) * 60));
        let paid = !matches!(say.trade_status, TradeStatus::WaitBuyerPay) && !self.is_closed_unpaid(say);
        let is_escrow = offer.service() != PaymentService::CreateDirectPayByUser;
        let shipped = is_escrow
            && paid
            && (say.trade_status == TradeStatus::WaitBuyerConfirmGoods
                || self.is_shipped && say.trade_status.is_final());
        Ok(TradeMessage {
            service: offer.service(),
            notify_id: NotifyId::new(notify_id),
            notify_time: at(say.minute),
            out_trade_no: match say.twist {
                Twist::OtherOrder | Twist::Retargeted => OutTradeNo::new(OTHER_NUMBER),
                _ => OutTradeNo::new(offer.out_trade_no.as_str()),
            },
            trade_no: TradeNo::new(self.trade_no(&say.twist)),
            trade_status: say.trade_status,
            refund_status: say.refund_status,
            subject: request.subject.clone(),
            body: request.body.clone(),
            payment_type: request.payment_type.clone(),
            price: request.amount.price,
            quantity: request.amount.quantity,
            discount: request.amount.discount,
            total_fee,
            is_total_fee_adjust: false,
            use_coupon: false,
            seller_email: match say.twist {
                Twist::OtherSeller => OTHER_EMAIL.to_owned(),
                _ => self.terms.seller_email.clone(),
            },
            seller_id: match say.twist {
                Twist::OtherSeller => UserId::new(OTHER_SELLER),
                _ => self.terms.seller_id.clone(),
            },
            buyer_email: "buyer@danbao.example".to_owned(),
            buyer_id: UserId::new("2088102012345678"),
            logistics: offer.logistics().filter(|_| is_escrow),
            gmt_logistics_modify: Some(at(1)).filter(|_| is_escrow),
            receive: Some(self.receiver(say)).filter(|_| is_escrow),
            gmt_create: self.created,
            gmt_payment: Some(at(10.min(say.minute))).filter(|_| paid),
            gmt_send_goods: Some(at(20.min(say.minute))).filter(|_| shipped),
            gmt_refund: Some(at(say.minute))
                .filter(|_| say.refund_status == Some(RefundStatus::RefundSuccess)),
            gmt_close: Some(at(say.minute)).filter(|_| say.trade_status.is_final()),
            seller_actions: if say.trade_status == TradeStatus::WaitSellerSendGoods {
                vec!["SEND_GOODS"]
            } else {
                Vec::new()
            },
            buyer_actions: Vec::new(),
            extra_common_param: request.direct.extra_common_param.clone(),
        })
    }

    fn is_closed_unpaid(&self, say: &Say) -> bool {
        say.trade_status == TradeStatus::TradeClosed && say.refund_status.is_none()
    }

    fn receiver(&self, say: &Say) -> Receive {
        if let Twist::Receiver(name, address) = say.twist {
            return Receive {
                name: name.to_owned(),
                address: address.to_owned(),
                zip: "310000".to_owned(),
                mobile: "13800000000".to_owned(),
                phone: String::new(),
            };
        }
        self.offer.request.receive.clone().unwrap_or_else(|| Receive {
            name: "张三".to_owned(),
            address: "浙江省 杭州市 西湖区 文三路 1 号".to_owned(),
            zip: "310000".to_owned(),
            mobile: "13800000000".to_owned(),
            phone: String::new(),
        })
    }

    pub(crate) fn sign(&self, params: &mut Params, twist: &Twist) -> Result<(), sign::CannotSign> {
        let signer = &self.terms.signer;
        let sign_type = signer.sign_type().as_str().as_bytes();
        match twist {
            Twist::Unsigned => params.push("sign_type", sign_type),
            Twist::EmptySign => {
                params.push("sign", b"");
                params.push("sign_type", sign_type);
            }
            Twist::WrongKey | Twist::OtherSignType(_) | Twist::SignList => {
                let forged = self.forged_sign(params)?;
                params.push("sign", forged.as_bytes());
                params.push("sign_type", sign_type);
            }
            Twist::PartnerAsKey => {
                sign::append(params, &Signer::Md5(Md5Key::new(self.terms.partner.as_str())))?;
            }
            _ => sign::append(params, signer)?,
        }
        *params = misspelt(params, twist);
        Ok(())
    }

    /// A signature that does not fit: made with another key; or, since another pair takes long to make, a genuine one of
    /// another text.
    fn forged_sign(&self, params: &Params) -> Result<String, sign::CannotSign> {
        match &self.terms.signer {
            Signer::Md5(_) => Signer::Md5(Md5Key::new(OTHER_KEY)).sign(params),
            signer => {
                let mut other = params.clone();
                other.push("forged", b"1");
                signer.sign(&other)
            }
        }
    }

    fn request(&self, say: &Say, params: &Params) -> Result<Request, CannotIssue> {
        let page = match say.door {
            Door::Notify => &self.offer.request.notify_url,
            Door::Return => &self.offer.request.return_url,
        };
        let page = page.as_deref().ok_or_else(|| CannotIssue("the request names no such page".to_owned()))?;
        let written = written(params, &say.twist);
        match say.door {
            Door::Return => match say.twist {
                Twist::Doubled(..) | Twist::Ahead(..) => {
                    let mark = if page.contains('?') { '&' } else { '?' };
                    get(&format!("{page}{mark}{written}"))
                }
                _ => get(&append_to_url(page, params)),
            },
            Door::Notify => {
                let address = match say.twist {
                    Twist::InQuery(name, value) => {
                        let mut added = Params::new();
                        added.push(name, value.as_bytes());
                        append_to_url(page, &added)
                    }
                    _ => page.to_owned(),
                };
                let content_type = match say.twist {
                    Twist::OddContentType => {
                        "application/x-www-form-urlencoded; text/html; charset=utf-8".to_owned()
                    }
                    _ => {
                        format!("application/x-www-form-urlencoded; charset={}", self.offer.charset().label())
                    }
                };
                post(&address, Some(&content_type), Bytes::from(written))
            }
        }
    }
}

/// A browser's call.
pub(crate) fn get(address: &str) -> Result<Request, CannotIssue> {
    let mut request = Request::new(Bytes::new());
    *request.uri_mut() = uri(address)?;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("Mozilla/5.0"));
    Ok(request)
}

/// The gateway's call (protocol.md §1.5).
pub(crate) fn post(address: &str, content_type: Option<&str>, body: Bytes) -> Result<Request, CannotIssue> {
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri(address)?;
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static("Mozilla/4.0"));
    if let Some(value) = content_type.and_then(|text| HeaderValue::from_str(text).ok()) {
        request.headers_mut().insert(CONTENT_TYPE, value);
    }
    Ok(request)
}

fn uri(address: &str) -> Result<Uri, CannotIssue> {
    address.parse().map_err(|_| CannotIssue(format!("{address} is no address")))
}

/// The parameters with one value replaced where it stands, or added before the signature if it is not there.
fn replaced(params: &Params, name: &str, value: &[u8]) -> Params {
    let mut changed = Params::new();
    let mut was_there = false;
    for (known, old) in params.iter() {
        let is_it = known == name.as_bytes();
        was_there |= is_it;
        changed.push(&String::from_utf8_lossy(known), if is_it { value } else { old });
    }
    if !was_there {
        changed.push(name, value);
    }
    changed
}

/// The signature as a forger of this kind writes it.
fn misspelt(params: &Params, twist: &Twist) -> Params {
    let mut changed = Params::new();
    for (name, value) in params.iter() {
        match (name, twist) {
            (b"sign", Twist::SignStart) => changed.push("sign", &value[..value.len().min(1)]),
            (b"sign", Twist::SignList) => changed.push("sign[]", value),
            (b"sign_type", Twist::OtherSignType("")) => {}
            (b"sign_type", Twist::OtherSignType(word)) => changed.push("sign_type", word.as_bytes()),
            (name, _) => changed.push(&String::from_utf8_lossy(name), value),
        }
    }
    changed
}

fn written(params: &Params, twist: &Twist) -> String {
    let text = params.to_urlencoded();
    match *twist {
        Twist::PercentBlank => text.replace('+', "%20"),
        Twist::LowerHex => lower_hex(&text),
        Twist::Doubled(name, value) => format!("{text}&{name}={value}"),
        Twist::Ahead(name, value) => format!("{name}={value}&{text}"),
        Twist::Reversed => {
            let pairs: Vec<&str> = text.split('&').rev().collect();
            pairs.join("&")
        }
        _ => text,
    }
}

fn lower_hex(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut left = 0;
    for character in text.chars() {
        left = if character == '%' { 2 } else { left };
        let is_digit = character != '%' && left > 0;
        left -= u32::from(is_digit);
        out.push(if is_digit { character.to_ascii_lowercase() } else { character });
    }
    out
}
