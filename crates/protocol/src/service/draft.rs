//! A request in the making, on the merchant's side.

use crate::charset::{Charset, Unmappable};
use crate::error_code::ErrorCode;
use crate::params::Params;

/// Why a request cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BuildError {
    /// The charset of the request cannot write a value.
    #[error("{name}: {unmappable}")]
    Unmappable {
        /// The parameter.
        name: &'static str,
        /// The character.
        unmappable: Unmappable,
    },
    /// `charset_label` names another charset than `charset` is; absent, it means GBK.
    #[error("the label of the charset is not that of the charset")]
    CharsetLabel,
    /// The gateway would refuse it.
    #[error("the gateway would refuse this request: {0}")]
    Refused(ErrorCode),
}

/// Parameters in the making; what is empty is left out.
pub(super) struct Draft {
    params: Params,
    charset: Charset,
}

impl Draft {
    pub(super) fn new(charset: Charset) -> Draft {
        Draft { params: Params::new(), charset }
    }

    pub(super) fn push(&mut self, name: &'static str, value: &str) -> Result<(), BuildError> {
        if value.is_empty() {
            return Ok(());
        }
        let pushed = self.params.push_text(name, value, self.charset);
        pushed.map_err(|unmappable| BuildError::Unmappable { name, unmappable })
    }

    pub(super) fn optional(&mut self, name: &'static str, value: Option<&str>) -> Result<(), BuildError> {
        self.push(name, value.unwrap_or_default())
    }

    /// Gives the parameters if the gateway's own parser takes them.
    pub(super) fn finish<T>(
        self,
        parse: impl Fn(&Params, Charset) -> Result<T, ErrorCode>,
    ) -> Result<Params, BuildError> {
        match parse(&self.params, self.charset) {
            Ok(_) => Ok(self.params),
            Err(code) => Err(BuildError::Refused(code)),
        }
    }
}
