//! What the shop offers: an order, and the request by which its buyer is to come to the gateway.

use danbao_protocol::charset::Charset;
use danbao_protocol::money::Fen;
use danbao_protocol::node::Response;
use danbao_protocol::params::Params;
use danbao_protocol::service::payment::PaymentRequest;
use danbao_protocol::service::payment::{LogisticsGroup, PaymentService};
use danbao_protocol::sign::{self, Leniency, Verifier};
use serde::Deserialize;

/// An order that the shop has placed.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) out_trade_no: String,
    /// Where the buyer is to go, up to the query.
    pub(crate) address: String,
    pub(crate) params: Params,
    pub(crate) request: PaymentRequest,
    /// Where the order's state is told, if the shop names a place.
    pub(crate) state_url: Option<String>,
    /// What the shop says that the order costs, one amount for each way to ship; nothing if it does not say.
    pub(crate) totals: Vec<Fen>,
}

/// The shop's answer to `POST` of an order.
#[derive(Debug, Deserialize)]
struct Placed {
    out_trade_no: String,
    payment_url: String,
    #[serde(default)]
    total_fee: Option<String>,
    #[serde(default)]
    total_fees: Vec<String>,
    #[serde(default)]
    state_url: Option<String>,
}

/// Why there is no order to go on with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoOffer {
    /// The shop did not place one, and says this.
    NotPlaced(String),
    /// The request cannot be read.
    Unreadable(String),
}

impl Offer {
    /// Reads the shop's answer.
    ///
    /// # Errors
    /// [`NoOffer`]
    pub(crate) fn read(answer: &Response) -> Result<Offer, NoOffer> {
        if !answer.status().is_success() {
            let text: String = String::from_utf8_lossy(answer.body()).chars().take(200).collect();
            return Err(NoOffer::NotPlaced(format!("{} {text}", answer.status().as_u16())));
        }
        let placed: Placed =
            serde_json::from_slice(answer.body()).map_err(|why| NoOffer::NotPlaced(why.to_string()))?;
        let (address, query) = placed.payment_url.split_once('?').unwrap_or((&placed.payment_url, ""));
        let unreadable = |why: String| NoOffer::Unreadable(why);
        let params = Params::parse_urlencoded(query.as_bytes()).map_err(|why| unreadable(why.to_string()))?;
        let charset = params.charset().map_err(|why| unreadable(why.to_string()))?;
        let request = PaymentRequest::parse(&params, charset).map_err(|code| unreadable(code.to_string()))?;
        let amounts = placed.total_fees.iter().chain(&placed.total_fee).map(|text| Fen::parse(text));
        let totals = amounts.collect::<Result<_, _>>().map_err(|why| NoOffer::NotPlaced(why.to_string()))?;
        let address = address.to_owned();
        let Placed { out_trade_no, state_url, .. } = placed;
        Ok(Offer { out_trade_no, address, params, request, state_url, totals })
    }

    /// Whether the request is signed with this key, as it must be.
    pub(crate) fn is_signed(&self, verifier: &Verifier) -> bool {
        self.params.get("sign_type") == Some(verifier.sign_type().as_str().as_bytes())
            && sign::verify(&self.params, verifier, &Leniency::default()).is_ok()
    }

    /// The way to ship that this gateway's buyer chooses: the first.
    pub(crate) fn logistics(&self) -> Option<LogisticsGroup> {
        self.request.logistics.first().copied()
    }

    /// What the buyer pays.
    pub(crate) fn total(&self) -> Option<Fen> {
        self.request.amount.payable(self.logistics().as_ref())
    }

    pub(crate) fn charset(&self) -> Charset {
        self.request.charset
    }

    pub(crate) fn service(&self) -> PaymentService {
        self.request.service
    }
}
