//! Reading one field of a request by the rules that all tables share (protocol.md §3.1).

use crate::error_code::ErrorCode;
use crate::ids::{PartnerId, Token, UserId};
use crate::params::Text;
use crate::service::payment::Party;
use crate::sign::SignType;

/// The fields of one request. Every value read through it is free of NUL, which no database column takes.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a>(pub(super) &'a Text);

impl<'a> Fields<'a> {
    /// The value, or `None` if it is absent or empty; the length is counted in characters, which is the lenient
    /// reading of limits that the documents give in bytes of GBK.
    pub(super) fn optional(self, name: &str, chars_max: usize) -> Result<Option<&'a str>, ErrorCode> {
        match self.0.get(name) {
            Some(value) if value.contains('\0') || exceeds(value, chars_max) => {
                Err(ErrorCode::IllegalArgument)
            }
            value => Ok(value),
        }
    }

    /// The value of a field that must be there.
    pub(super) fn required(self, name: &str, chars_max: usize) -> Result<&'a str, ErrorCode> {
        self.optional(name, chars_max)?.ok_or(ErrorCode::IllegalArgument)
    }

    /// As [`Fields::optional`], owned.
    pub(super) fn owned(self, name: &str, chars_max: usize) -> Result<Option<String>, ErrorCode> {
        Ok(self.optional(name, chars_max)?.map(str::to_owned))
    }

    /// An address that the gateway or a browser will call: complete, http or https.
    pub(super) fn url(self, name: &str, chars_max: usize) -> Result<Option<String>, ErrorCode> {
        match self.optional(name, chars_max)? {
            Some(url) if !is_full_http_address(url) => Err(ErrorCode::IllegalArgument),
            url => Ok(url.map(str::to_owned)),
        }
    }

    /// One of the listed values, if there is one.
    pub(super) fn one_of(self, name: &str, values: &[&str], refusal: ErrorCode) -> Result<(), ErrorCode> {
        match self.0.get(name) {
            Some(value) if !values.contains(&value) => Err(refusal),
            _ => Ok(()),
        }
    }

    /// `partner`, by its form.
    pub(super) fn partner(self) -> Result<PartnerId, ErrorCode> {
        let partner = PartnerId::new(self.0.get("partner").unwrap_or_default());
        if partner.is_well_formed() { Ok(partner) } else { Err(ErrorCode::IllegalPartner) }
    }

    /// `sign_type`, which has been checked; MD5 where the parameters were never signed.
    pub(super) fn sign_type(self) -> SignType {
        self.0.get("sign_type").and_then(SignType::from_wire).unwrap_or(SignType::Md5)
    }

    /// `token`, which has a code of its own for its length and none for its form: one that is not ours only fails to
    /// save the sign-in (protocol.md §3.13).
    pub(super) fn token(self) -> Result<Option<Token>, ErrorCode> {
        match self.0.get("token") {
            Some(token) if exceeds(token, Token::CHARS_MAX) => Err(ErrorCode::TokenLenTooLong),
            _ => Ok(self.optional("token", Token::CHARS_MAX)?.map(Token::new)),
        }
    }

    /// `exter_invoke_ip` by its length; whether it is an address, and must be there, depends on the contract.
    pub(super) fn exter_invoke_ip(self) -> Result<Option<&'a str>, ErrorCode> {
        self.optional("exter_invoke_ip", 15).map_err(|_| ErrorCode::IllegalExterInvokeIp)
    }

    /// How the request names the `seller` or the `buyer`: by id, e-mail or alias, in this order. Whether there is
    /// such an account is for the gateway to say.
    pub(super) fn party(self, who: &str) -> Result<Option<Party>, ErrorCode> {
        let id = self.owned(&format!("{who}_id"), 30)?;
        let email = self.owned(&format!("{who}_email"), 100)?;
        let account_name = self.owned(&format!("{who}_account_name"), 100)?;
        let id = id.map(|id| Party::Id(UserId::new(id)));
        Ok(id.or(email.map(Party::Email)).or(account_name.map(Party::AccountName)))
    }
}

fn exceeds(value: &str, chars_max: usize) -> bool {
    value.len() > chars_max && value.chars().nth(chars_max).is_some()
}

/// Whether this is `http://` or `https://` with a host and without blanks or control characters, which would break
/// out of a header line.
pub(crate) fn is_full_http_address(url: &str) -> bool {
    let after_scheme = ["http://", "https://"].into_iter().find_map(|scheme| {
        let head = url.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| &url[scheme.len()..])
    });
    let Some(rest) = after_scheme else { return false };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    !host.is_empty() && !host.starts_with(':') && !url.chars().any(|c| c.is_control() || c.is_whitespace())
}
