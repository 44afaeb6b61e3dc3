//! 防钓鱼时间戳, `query_timestamp`: gives a short-lived key for `anti_phishing_key` (protocol.md §7.2).
//!
//! The samples do not sign it; a signature that is there is checked like any other.

use crate::charset::Charset;
use crate::error_code::ErrorCode;
use crate::ids::PartnerId;
use crate::params::{INPUT_CHARSET, Params};
use crate::service::draft::{BuildError, Draft};
use crate::service::fields::Fields;

/// A request for a time stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryTimestamp {
    /// Who asks.
    pub partner: PartnerId,
    /// The charset of the answer.
    pub charset: Charset,
}

impl QueryTimestamp {
    /// Reads a request.
    ///
    /// # Errors
    /// ILLEGAL_PARTNER, ILLEGAL_CHARSET.
    pub fn parse(params: &Params, charset: Charset) -> Result<QueryTimestamp, ErrorCode> {
        let text = params.decode(charset)?;
        Ok(QueryTimestamp { partner: Fields(&text).partner()?, charset })
    }

    /// Writes the request as unsigned parameters, for the merchant's side.
    ///
    /// # Errors
    /// [`BuildError`]: a request that the gateway would refuse.
    pub fn to_params(&self) -> Result<Params, BuildError> {
        let mut draft = Draft::new(self.charset);
        draft.push("service", "query_timestamp")?;
        draft.push("partner", self.partner.as_str())?;
        draft.push(INPUT_CHARSET, self.charset.label())?;
        draft.finish(QueryTimestamp::parse)
    }
}
