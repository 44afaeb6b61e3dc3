//! 快捷登录, `alipay.auth.authorize`: the buyer signs in at the gateway and is sent back to the shop as somebody
//! (protocol.md §3.11). What comes back is a [`crate::login_return::LoginReturn`].

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::PartnerId;
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;
use crate::sign::SignType;

/// The only value of `target_service`.
pub const TARGET_SERVICE: &str = "user.auth.quick.login";

/// A request to have a buyer sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorize {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the request and of what is sent back for it.
    pub charset: Charset,
    /// The kind of its signature, and so of what is sent back. Signing writes the parameter.
    pub sign_type: SignType,
    /// Where the buyer's browser goes afterwards.
    pub return_url: String,
    /// `email`: pre-fills the sign-in, as the older login interface has it; a wish, not a condition.
    pub email: Option<String>,
    /// `anti_phishing_key`
    pub anti_phishing_key: Option<String>,
    /// `exter_invoke_ip`
    pub exter_invoke_ip: Option<String>,
}

impl Authorize {
    /// Reads a request whose signature has been checked.
    ///
    /// # Errors
    /// ILLEGAL_TARGET_SERVICE, ILLEGAL_ARGUMENT without a complete return_url or for a value that is too long,
    /// ILLEGAL_EXTER_INVOKE_IP, ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<Authorize, ErrorCode> {
        let text = params.decode(charset)?;
        let fields = Fields(&text);
        let partner = fields.partner()?;
        if text.get("target_service") != Some(TARGET_SERVICE) {
            return Err(ErrorCode::IllegalTargetService);
        }
        Ok(Authorize {
            partner,
            charset,
            sign_type: fields.sign_type(),
            return_url: fields.url("return_url", 200)?.ok_or(ErrorCode::IllegalArgument)?,
            email: fields.owned("email", 100)?,
            anti_phishing_key: fields.owned("anti_phishing_key", 512)?,
            exter_invoke_ip: fields.exter_invoke_ip()?.map(str::to_owned),
        })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a character without a code, or a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "alipay.auth.authorize")?;
        draft.push("target_service", TARGET_SERVICE)?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        draft.push("return_url", &self.return_url)?;
        draft.optional("email", self.email.as_deref())?;
        draft.optional("anti_phishing_key", self.anti_phishing_key.as_deref())?;
        draft.optional("exter_invoke_ip", self.exter_invoke_ip.as_deref())?;
        draft.finish(Authorize::parse)
    }
}
