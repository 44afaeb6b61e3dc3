//! What a contract says beyond naming interfaces.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::PartnerId;
use danbao_protocol::service::Service;
use danbao_store::{Bind, Conn};

use crate::rows::word;

/// A type with a fixed list of words, which the database and the sandbox API share.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum $name { $($(#[$doc])* $variant,)+ }

        impl $name {
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word,)+ }
            }

            pub(crate) fn from_name(name: &str) -> Option<$name> {
                [$($name::$variant),+].into_iter().find(|known| known.as_str() == name)
            }
        }
    };
}

words! {
    /// Why an interface that the contract names is not served.
    Withheld {
        /// Signed for, but never opened, or opened for another product.
        Unopened = "unopened",
        /// Switched off.
        Closed = "closed",
        /// Set up wrongly on the platform's side.
        Misconfigured = "misconfigured",
        /// No product of this merchant stands behind it.
        NoProduct = "no_product",
    }
}

impl Withheld {
    /// What a call is refused with (protocol.md §8.5 item 6).
    pub(crate) const fn code(self) -> ErrorCode {
        match self {
            Withheld::Unopened => ErrorCode::IllegalPartnerExterface,
            Withheld::Closed => ErrorCode::ExterfaceIsClosed,
            Withheld::Misconfigured => ErrorCode::IllegalExterface,
            Withheld::NoProduct => ErrorCode::ProductNotExist,
        }
    }
}

words! {
    /// Something that a request may ask for unless the contract bars it.
    Barred {
        /// Payment out of the balance as the way that the merchant names.
        Balance = "balance",
        /// Banks as the way that the merchant names.
        BankGateway = "bank_gateway",
        /// Credit cards.
        CreditCard = "credit_card",
        /// Cards of banks abroad.
        ForeignCard = "foreign_card",
        /// `need_ctu_check`
        CtuCheck = "ctu_check",
        /// Naming the buyer.
        NamedBuyer = "named_buyer",
        /// Royalty.
        Royalty = "royalty",
    }
}

/// The terms of a contract. Without any, everything is as the interface documents describe it, and no list is checked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Interfaces that the contract names and that are not served.
    pub(crate) withheld: BTreeMap<Service, Withheld>,
    pub(crate) barred: BTreeSet<Barred>,
    /// Where its servers call from; anywhere if empty.
    pub(crate) client_ips: BTreeSet<IpAddr>,
    /// Where buyers come from, in lower case; anywhere if empty. A domain covers those below it.
    pub(crate) domains: BTreeSet<String>,
    /// Values of `product_type`; any if empty.
    pub(crate) products: BTreeSet<String>,
    /// Values of `agent`; any if empty.
    pub(crate) agents: BTreeSet<String>,
    /// Accounts that agreed to receive royalty; all have if empty.
    pub(crate) royalty_receivers: BTreeSet<String>,
    /// Whether refusals take the finer codes of the later client lists (protocol.md §8.6).
    pub(crate) fine_error_codes: bool,
}

const BARRED: &str = "barred";
const CLIENT_IP: &str = "client_ip";
const DOMAIN: &str = "domain";
const PRODUCT: &str = "product";
const AGENT: &str = "agent";
const ROYALTY_RECEIVER: &str = "royalty_receiver";
const FINE_ERROR_CODES: &str = "fine_error_codes";

impl Terms {
    fn rows(&self) -> Vec<(&'static str, String)> {
        let texts = |term: &'static str, values: &BTreeSet<String>| {
            values.iter().map(move |value| (term, value.clone())).collect::<Vec<_>>()
        };
        let mut rows: Vec<(&'static str, String)> =
            self.barred.iter().map(|barred| (BARRED, barred.as_str().to_owned())).collect();
        rows.extend(self.client_ips.iter().map(|ip| (CLIENT_IP, ip.to_string())));
        rows.extend(texts(DOMAIN, &self.domains));
        rows.extend(texts(PRODUCT, &self.products));
        rows.extend(texts(AGENT, &self.agents));
        rows.extend(texts(ROYALTY_RECEIVER, &self.royalty_receivers));
        if self.fine_error_codes {
            rows.push((FINE_ERROR_CODES, String::new()));
        }
        rows
    }

    fn read(&mut self, term: &str, value: String) -> Result<(), Fault> {
        match term {
            BARRED => {
                self.barred.insert(word(&value, Barred::from_name)?);
            }
            CLIENT_IP => {
                self.client_ips.insert(word(&value, |value| value.parse().ok())?);
            }
            DOMAIN => {
                self.domains.insert(value);
            }
            PRODUCT => {
                self.products.insert(value);
            }
            AGENT => {
                self.agents.insert(value);
            }
            ROYALTY_RECEIVER => {
                self.royalty_receivers.insert(value);
            }
            FINE_ERROR_CODES => self.fine_error_codes = true,
            other => return Err(Fault::invariant(format!("the database holds the unknown term {other:?}"))),
        }
        Ok(())
    }
}

/// The interfaces that a contract names, and its terms.
pub(crate) fn load(tx: &mut dyn Conn, partner: &PartnerId) -> Result<(BTreeSet<Service>, Terms), Fault> {
    let id = [Bind::Text(partner.as_str())];
    let mut services = BTreeSet::new();
    let mut terms = Terms::default();
    for row in tx.query("SELECT service, withheld FROM contract WHERE partner = $1", &id)? {
        let service = word(&row.get::<String>(0)?, Service::from_wire)?;
        services.insert(service);
        if let Some(withheld) = row.get::<Option<String>>(1)? {
            terms.withheld.insert(service, word(&withheld, Withheld::from_name)?);
        }
    }
    for row in tx.query("SELECT term, value FROM contract_term WHERE partner = $1", &id)? {
        terms.read(&row.get::<String>(0)?, row.get(1)?)?;
    }
    Ok((services, terms))
}

/// Puts terms in the place of those that were. Withheld interfaces which the contract does not name are passed over.
pub(crate) fn save_terms(tx: &mut dyn Conn, partner: &PartnerId, terms: &Terms) -> Result<(), Fault> {
    let id = Bind::Text(partner.as_str());
    tx.execute("DELETE FROM contract_term WHERE partner = $1", &[id])?;
    tx.execute("UPDATE contract SET withheld = NULL WHERE partner = $1", &[id])?;
    for (term, value) in terms.rows() {
        let sql = "INSERT INTO contract_term (partner, term, value) VALUES ($1, $2, $3)";
        tx.execute(sql, &[id, Bind::Text(term), Bind::Text(&value)])?;
    }
    for (service, withheld) in &terms.withheld {
        tx.execute(
            "UPDATE contract SET withheld = $3 WHERE partner = $1 AND service = $2",
            &[id, Bind::Text(service.as_str()), Bind::Text(withheld.as_str())],
        )?;
    }
    Ok(())
}
