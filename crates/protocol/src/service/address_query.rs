//! 快捷登录用户物流地址查询, `user.logistics.address.query`: the buyer chooses a delivery address at the gateway and
//! brings it to the shop (protocol.md §3.12). What comes back is a [`crate::address_post::AddressPost`].

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::{PartnerId, Token};
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;
use crate::sign::SignType;

/// A request for one of the buyer's addresses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressQuery {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of what is sent back for it.
    pub charset: Charset,
    /// The kind of its signature, and so of what is sent back. Signing writes the parameter.
    pub sign_type: SignType,
    /// Where the buyer's browser POSTs the address.
    pub return_url: String,
    /// `token` of the quick login; without a valid one the sign-in comes first.
    pub token: Option<Token>,
}

impl AddressQuery {
    /// Reads a request whose signature has been checked.
    ///
    /// # Errors
    /// ILLEGAL_ARGUMENT without a complete return_url, TOKEN_LEN_TOO_LONG, ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<AddressQuery, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        Ok(AddressQuery {
            partner: fields.partner()?,
            charset,
            sign_type: fields.sign_type(),
            return_url: fields.url("return_url", 200)?.ok_or(ErrorCode::IllegalArgument)?,
            token: fields.token()?,
        })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "user.logistics.address.query")?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        draft.push("return_url", &self.return_url)?;
        draft.optional("token", self.token.as_ref().map(Token::as_str))?;
        draft.finish(AddressQuery::parse)
    }
}
