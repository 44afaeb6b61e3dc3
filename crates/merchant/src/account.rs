//! The merchant's contract with one gateway, as a value: nothing here is global, so one program can hold several.

use std::fmt;

use bytes::Bytes;
use danbao_protocol::charset::Charset;
use danbao_protocol::ids::{PartnerId, UserId};
use danbao_protocol::node::Request;
use danbao_protocol::params::Params;
use danbao_protocol::reply::Reply;
use danbao_protocol::sign::{self, Leniency, Md5Key, SignType, Signer, Verifier};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method, Uri};

use crate::rejected::Rejected;

/// Who the merchant is to a gateway: partner, keys, seller, and where the gateway is.
///
/// Cloning is cheap enough for one per request. `Debug` shows everything but the keys.
#[derive(Clone, PartialEq, Eq)]
pub struct Account {
    partner: PartnerId,
    signer: Signer,
    verifier: Verifier,
    seller_email: String,
    seller_id: UserId,
    gateway: Uri,
}

/// What is wrong with the data of an account; the first items of the tutorials' check list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// Not 16 digits beginning 2088.
    #[error("the partner is not 16 digits beginning 2088")]
    Partner,
    /// What stands in the key's place has the form of a partner.
    #[error("partner and key are the wrong way round")]
    Swapped,
    /// Empty, or something was pasted with it: blanks, a line end, a byte order mark, full-width letters.
    #[error("the key is empty or has blanks or other foreign characters in it")]
    Key,
    /// The private key is broken: it cannot make a signature.
    #[error("the private key cannot sign")]
    CannotSign,
    /// Under MD5 both sides have one key, and these are two.
    #[error("the keys of the two sides differ, but MD5 has one for both")]
    TwoKeys,
    /// One key is for another kind of signature than the other.
    #[error("the merchant's and the gateway's key are for different kinds of signature")]
    KeyKinds,
    /// Not 16 digits beginning 2088.
    #[error("the seller_id is not 16 digits beginning 2088")]
    SellerId,
    /// Empty, or blanks were pasted with it.
    #[error("the seller_email is empty or has blanks in it")]
    SellerEmail,
    /// Not an absolute http or https address without a query.
    #[error("the gateway's address is not an absolute http or https address without a query")]
    GatewayUrl,
}

impl Account {
    /// Takes the data of a contract. `gateway_url` is the address of `gateway.do`, such as
    /// `http://127.0.0.1:8080/gateway.do`.
    ///
    /// # Errors
    /// [`AccountError`] names what cannot be right, before the first signature fails because of it.
    ///
    /// ```
    /// use danbao_merchant::protocol::ids::{PartnerId, UserId};
    /// use danbao_merchant::protocol::sign::Md5Key;
    /// use danbao_merchant::{Account, AccountError};
    ///
    /// let account = |partner: &str, key: &str| {
    ///     let seller = UserId::new("2088000000000002");
    ///     let gateway = "http://127.0.0.1:8080/gateway.do";
    ///     Account::new(PartnerId::new(partner), Md5Key::new(key), "seller@example.com", seller, gateway)
    /// };
    /// let (partner, key) = ("2088000000000001", "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
    /// assert!(account(partner, key).is_ok());
    /// assert_eq!(account(key, partner), Err(AccountError::Swapped));          // before the first signature fails
    /// ```
    pub fn new(
        partner: PartnerId,
        key: Md5Key,
        seller_email: impl Into<String>,
        seller_id: UserId,
        gateway_url: &str,
    ) -> Result<Account, AccountError> {
        let verifier = Verifier::Md5(key.clone());
        Account::with_keys(partner, Signer::Md5(key), verifier, seller_email, seller_id, gateway_url)
    }

    /// The same for any kind of signature: `signer` holds the merchant's private key, `verifier` the gateway's public
    /// one (protocol.md §2.2).
    ///
    /// # Errors
    /// [`AccountError`], as for [`Account::new`]; [`AccountError::KeyKinds`], [`AccountError::TwoKeys`] and
    /// [`AccountError::CannotSign`] for keys that are none together.
    ///
    /// ```
    /// use danbao_merchant::protocol::ids::{PartnerId, UserId};
    /// use danbao_merchant::protocol::sign::pasted::examine;
    /// use danbao_merchant::protocol::sign::{SignType, rsa};
    /// use danbao_merchant::{Account, AccountError};
    ///
    /// # let [mine, theirs] = [1, 2].map(|seed| rsa::PrivateKey::generate([seed; 32], 1024));
    /// # let (my_private_pem, gateway_public_pem) = (mine?.to_pem(), theirs?.public().to_pem());
    /// let signer = examine(my_private_pem.as_bytes())?.key.signer(SignType::Rsa).ok_or("not a private key")?;
    /// let verifier = examine(gateway_public_pem.as_bytes())?.key.verifier(SignType::Rsa).ok_or("not a public key")?;
    /// let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
    /// let gateway = "http://127.0.0.1:8080/gateway.do";
    /// let account = Account::with_keys(partner, signer, verifier, "seller@example.com", seller, gateway)?;
    /// assert_eq!(account.sign_type(), SignType::Rsa);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_keys(
        partner: PartnerId,
        signer: Signer,
        verifier: Verifier,
        seller_email: impl Into<String>,
        seller_id: UserId,
        gateway_url: &str,
    ) -> Result<Account, AccountError> {
        let seller_email = seller_email.into();
        check_keys(&signer, &verifier)?;
        if !partner.is_well_formed() {
            return Err(AccountError::Partner);
        }
        if seller_email.is_empty() || seller_email.contains(char::is_whitespace) {
            return Err(AccountError::SellerEmail);
        }
        if !seller_id.is_well_formed() {
            return Err(AccountError::SellerId);
        }
        let gateway: Uri = gateway_url.parse().map_err(|_| AccountError::GatewayUrl)?;
        let is_http = matches!(gateway.scheme_str(), Some("http" | "https"));
        if !is_http || gateway.authority().is_none() || gateway.query().is_some() {
            return Err(AccountError::GatewayUrl);
        }
        Ok(Account { partner, signer, verifier, seller_email, seller_id, gateway })
    }

    /// 合作者身份
    pub fn partner(&self) -> &PartnerId {
        &self.partner
    }

    /// The kind of signature that both sides use.
    pub fn sign_type(&self) -> SignType {
        self.signer.sign_type()
    }

    /// The account that is paid.
    pub fn seller_email(&self) -> &str {
        &self.seller_email
    }

    /// The id of the account that is paid.
    pub fn seller_id(&self) -> &UserId {
        &self.seller_id
    }

    /// Where the gateway is: the address of `gateway.do`.
    pub fn gateway_url(&self) -> String {
        self.gateway.to_string()
    }

    /// Signs the parameters with this account's key and adds `sign` and `sign_type` at the end.
    /// The key has made a signature when the account was made, and so it will now; one that could not would leave them
    /// unsigned, for the gateway to refuse with ILLEGAL_SIGN.
    pub(crate) fn sign(&self, mut params: Params) -> Params {
        let _ = sign::append(&mut params, &self.signer);
        params
    }

    /// Whether the gateway signed these parameters for this account. Strict: what the gateway sends follows the rule
    /// to the letter, the leniencies are for merchants' old clients.
    pub(crate) fn verify(&self, params: &Params) -> Result<(), Rejected> {
        if params.get("sign").is_none_or(<[u8]>::is_empty) {
            return Err(Rejected::Unsigned);
        }
        if params.get("sign_type") != Some(self.verifier.sign_type().as_str().as_bytes()) {
            return Err(Rejected::SignType);
        }
        sign::verify(params, &self.verifier, &Leniency::STRICT).map_err(|_| Rejected::Sign)
    }

    /// Whether the gateway signed this XML answer for this account (protocol.md §2.4).
    pub(crate) fn verify_reply(&self, reply: &Reply) -> Result<(), Rejected> {
        reply.verify(&self.verifier).map_err(|_| Rejected::Sign)
    }

    /// A call from server to server: a POST, because a body may be of any size and a URL may not. The charset also
    /// stands in the query, where the documents want it (protocol.md §1.4).
    pub(crate) fn call(&self, params: &Params, charset: Option<Charset>) -> Request {
        let mut request = Request::new(Bytes::from(params.to_urlencoded()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = charset.map_or_else(|| self.gateway.clone(), |charset| self.address(charset));
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        request.headers_mut().insert(CONTENT_TYPE, form);
        request
    }

    /// The gateway's address with the charset in its query; without it if that were too long for an address.
    pub(crate) fn address(&self, charset: Charset) -> Uri {
        let with_charset = format!("{}?_input_charset={}", self.gateway, charset.label());
        with_charset.parse().unwrap_or_else(|_| self.gateway.clone())
    }
}

/// Whether the keys can do their work together.
fn check_keys(signer: &Signer, verifier: &Verifier) -> Result<(), AccountError> {
    match (signer, verifier) {
        (Signer::Md5(ours), Verifier::Md5(theirs)) => {
            check_shared(ours)?;
            if ours == theirs { Ok(()) } else { Err(AccountError::TwoKeys) }
        }
        _ if signer.sign_type() != verifier.sign_type() => Err(AccountError::KeyKinds),
        _ => signer.sign(&Params::new()).map(|_| ()).map_err(|_| AccountError::CannotSign),
    }
}

fn check_shared(key: &Md5Key) -> Result<(), AccountError> {
    let text = key.reveal();
    if PartnerId::new(text).is_well_formed() {
        return Err(AccountError::Swapped);
    }
    let is_clean = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_clean { Ok(()) } else { Err(AccountError::Key) }
}

/// Everything but the keys.
impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("partner", &self.partner)
            .field("seller_email", &self.seller_email)
            .field("seller_id", &self.seller_id)
            .field("gateway", &self.gateway)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(partner: &str, key: &str, gateway_url: &str) -> Result<Account, AccountError> {
        let seller = UserId::new("2088000000000002");
        Account::new(PartnerId::new(partner), Md5Key::new(key), "seller@example.com", seller, gateway_url)
    }

    #[test]
    fn what_merchants_paste_wrongly_is_named() {
        const PARTNER: &str = "2088000000000001";
        const KEY: &str = "k0k1k2k3k4k5k6k7k8k9kakbkckdkekf";
        const URL: &str = "http://127.0.0.1:8080/gateway.do";
        assert!(account(PARTNER, KEY, URL).is_ok());
        assert_eq!(account(KEY, PARTNER, URL), Err(AccountError::Swapped));
        assert_eq!(account("208800000000000", KEY, URL), Err(AccountError::Partner));
        assert_eq!(account(PARTNER, "k0k1 ", URL), Err(AccountError::Key));
        for key in ["", "k0k1\n", "\u{feff}k0k1", "ｋ0k1", "k0\u{200b}k1"] {
            assert_eq!(account(PARTNER, key, URL), Err(AccountError::Key), "{key:?}");
        }
        for url in ["", "/gateway.do", "ftp://x/gateway.do", "http://x/gateway.do?a=b", "http://"] {
            assert_eq!(account(PARTNER, KEY, url), Err(AccountError::GatewayUrl), "{url}");
        }
    }

    #[test]
    fn the_checks_of_a_shared_key_cannot_be_gone_around() {
        let with = |ours: &str, theirs: &str| {
            let (ours, theirs) = (Signer::Md5(Md5Key::new(ours)), Verifier::Md5(Md5Key::new(theirs)));
            let (partner, seller) = (PartnerId::new("2088000000000001"), UserId::new("2088000000000002"));
            Account::with_keys(partner, ours, theirs, "seller@example.com", seller, "http://x/gateway.do")
        };
        assert!(with("k0k1", "k0k1").is_ok());
        assert_eq!(with("2088000000000001", "2088000000000001"), Err(AccountError::Swapped));
        assert_eq!(with("k0k1 ", "k0k1 "), Err(AccountError::Key));
        assert_eq!(with("k0k1", "k0k2"), Err(AccountError::TwoKeys));
    }

    #[test]
    fn an_account_is_printed_without_its_key() {
        let account = account("2088000000000001", "a-very-secret-key", "http://x/gateway.do").unwrap();
        assert!(!format!("{account:?}").contains("a-very-secret-key"));
    }
}
