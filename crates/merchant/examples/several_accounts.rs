//! A change of keys, and two contracts, as values: `cargo run -p danbao-merchant --example several_accounts`
//!
//! A key is changed in three steps, none of which stops the shop: hold both accounts, sign with the new one, and let the
//! old one go when the last message under it has come (the gateway's retries end after 24 h 22 min at most, protocol.md §6.5).

use std::error::Error;

use bytes::Bytes;
use danbao_merchant::protocol::params::Params;
use danbao_merchant::protocol::sign;
use danbao_merchant::{
    Account, AccountError, Genuine, Md5Key, PartnerId, Received, Rejected, Response, Signer, UserId,
};

/// The accounts of one merchant: the first of a partner signs, all of them are heard.
struct Accounts(Vec<Account>);

impl Accounts {
    /// The account that new requests of this partner are signed with.
    fn signing(&self, partner: &PartnerId) -> Option<&Account> {
        self.0.iter().find(|account| account.partner() == partner)
    }

    /// Believes a notification of any of them; `true` stands for what the gateway says to `notify_verify`.
    fn believe(&self, body: &[u8]) -> Result<Genuine, Rejected> {
        let signed = Received::notification(None, body)?.check_sign_of(&self.0)?;
        // To the gateway of the account whose key fitted.
        let _question = signed.question();
        signed.hear(&Response::new(Bytes::from_static(b"true")))
    }
}

fn account(partner: &str, key: &str) -> Result<Account, AccountError> {
    let seller = UserId::new("2088000000000002");
    let gateway = "http://127.0.0.1:8080/gateway.do";
    Account::new(PartnerId::new(partner), Md5Key::new(key), "seller@example.com", seller, gateway)
}

/// Before, during and after a change of the first partner's key; the second partner is not touched by it.
pub fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    const FIRST: &str = "2088000000000001";
    const SECOND: &str = "2088000000000009";
    let (old, new, other) = ("old-key-of-the-first", "new-key-of-the-first", "key-of-the-second");

    let before = Accounts(vec![account(FIRST, old)?, account(SECOND, other)?]);
    let during = Accounts(vec![account(FIRST, new)?, account(FIRST, old)?, account(SECOND, other)?]);
    let after = Accounts(vec![account(FIRST, new)?, account(SECOND, other)?]);

    let heard = |accounts: &Accounts, key: &str| {
        accounts.believe(message(key)?.as_bytes()).map(|genuine| genuine.partner().as_str().to_owned())
    };
    for (accounts, key, partner) in [
        (&before, old, Ok(FIRST)),
        (&before, new, Err(Rejected::Sign)),
        (&during, old, Ok(FIRST)),
        (&during, new, Ok(FIRST)),
        (&after, old, Err(Rejected::Sign)),
        (&after, new, Ok(FIRST)),
        (&before, other, Ok(SECOND)),
        (&during, other, Ok(SECOND)),
        (&after, other, Ok(SECOND)),
    ] {
        assert_eq!(heard(accounts, key), partner.map(str::to_owned), "{key}");
    }

    // From the second step on, what the shop itself sends is signed with the new key.
    let signs_with = |accounts: &Accounts| accounts.signing(&PartnerId::new(FIRST)).cloned();
    assert_eq!(signs_with(&before), Some(account(FIRST, old)?));
    assert_eq!(signs_with(&during), Some(account(FIRST, new)?));
    assert_eq!(during.signing(&PartnerId::new("2088000000000003")), None);
    Ok(())
}

fn message(key: &str) -> Result<String, Rejected> {
    let mut params = Params::new();
    for (name, value) in [("notify_id", "0123456789abcdef"), ("out_trade_no", "20120229000001")] {
        params.push(name, value.as_bytes());
    }
    sign::append(&mut params, &Signer::Md5(Md5Key::new(key))).map_err(|_| Rejected::Sign)?;
    Ok(params.to_urlencoded())
}
