//! 快捷登录返回: the parameters with which a buyer's browser comes to the shop's quick-login `return_url`, after signing
//! in or by a click on etao (protocol.md §4.5, §3.14). The gateway builds them, the merchant reads them.

use crate::charset::{Charset, Unmappable};
use crate::ids::{NotifyId, Token, UserId};
use crate::message::Writer;
use crate::params::{Params, Text};
use crate::reported::{MissingField, Reported};
use crate::status::{UserGrade, UserGradeType};

/// A quick-login return.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginReturn {
    /// `notify_id`, to be asked about with `notify_verify`
    pub notify_id: NotifyId,
    /// Who comes, and which way.
    pub arrival: Arrival,
}

/// Who comes to the quick-login `return_url`. A `target_url` is the sign of etao, and the shop goes on to it when its
/// own work is done (quick-login tutorial 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrival {
    /// Signed in by the quick login.
    QuickLogin(Buyer),
    /// Clicked on etao, signed in at the platform or at the market.
    Etao {
        /// Who it is; `real_name` is perhaps the market's nickname.
        buyer: Buyer,
        /// Where the shop goes on to.
        target_url: String,
    },
    /// Clicked on etao, signed in nowhere: nothing but the address is known.
    EtaoUnknown {
        /// Where the shop goes on to.
        target_url: String,
    },
}

/// What a return says of a buyer who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// `user_id`: the only key of a member's record, because everything else may change (quick-login tutorial 4)
    pub user_id: UserId,
    /// `token`, to be sent with the address query and the payment
    pub token: Token,
    /// `real_name`: the account's real name, or from etao perhaps the market's nickname
    pub real_name: Option<String>,
    /// `email`: the account's name, an e-mail address or a mobile number; only with the permission
    pub email: Option<String>,
    /// The buyer's grade; only with the permission.
    pub grade: Option<Grade>,
}

/// How the platform values a buyer (protocol.md §3.9, §4.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grade {
    /// `user_grade`
    pub user_grade: Reported<UserGrade>,
    /// `user_grade_type`
    pub user_grade_type: Option<Reported<UserGradeType>>,
    /// `gmt_decay`: when the grade ends, as it was written; no sample shows its form
    pub gmt_decay: Option<String>,
}

/// A message that is not the return of a successful login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoLogin {
    /// `is_success=F`, with `error` if it says one. Our gateway never sends it, because samples of the time take every
    /// return with a right signature for a login (protocol.md §4.5).
    #[error("the login was refused: {}", error.as_deref().unwrap_or("no error code"))]
    Refused {
        /// The code as it was written.
        error: Option<String>,
    },
    /// A field that the return must have is missing or malformed.
    #[error(transparent)]
    Field(#[from] MissingField),
}

impl LoginReturn {
    /// Builds the unsigned parameters, sorted by name; signing adds `sign` and `sign_type` at the end. What is absent is
    /// left out, never sent empty (protocol.md §4.1).
    ///
    /// # Errors
    /// [`Unmappable`] if the charset cannot write one of the texts.
    pub fn build(&self, charset: Charset) -> Result<Params, Unmappable> {
        let mut page = Writer::new(charset);
        page.text("is_success", "T")?
            .text("notify_id", self.notify_id.as_str())?
            .optional("target_url", self.target_url())?;
        if let Some(buyer) = self.buyer() {
            buyer.write(&mut page)?;
        }
        let mut params = page.finish();
        params.sort();
        Ok(params)
    }

    /// Reads what a return says. Only what has been verified deserves to be read.
    ///
    /// # Errors
    /// [`NoLogin`] if it says that the login failed, lacks what it must have, or has a malformed id.
    pub fn read(text: &Text) -> Result<LoginReturn, NoLogin> {
        match text.get("is_success") {
            Some("T") => {}
            Some("F") => return Err(NoLogin::Refused { error: text.get("error").map(str::to_owned) }),
            Some(_) => return Err(MissingField::Malformed("is_success").into()),
            None => return Err(MissingField::Absent("is_success").into()),
        }
        let notify_id = text.get("notify_id").ok_or(MissingField::Absent("notify_id"))?;
        let target_url = text.get("target_url").map(str::to_owned);
        let is_somebody = text.get("user_id").is_some() || text.get("token").is_some();
        let arrival = match target_url {
            Some(target_url) if !is_somebody => Arrival::EtaoUnknown { target_url },
            Some(target_url) => Arrival::Etao { buyer: Buyer::read(text)?, target_url },
            None => Arrival::QuickLogin(Buyer::read(text)?),
        };
        Ok(LoginReturn { notify_id: NotifyId::new(notify_id), arrival })
    }

    /// Who it is, unless it is an unknown buyer from etao.
    pub fn buyer(&self) -> Option<&Buyer> {
        match &self.arrival {
            Arrival::QuickLogin(buyer) | Arrival::Etao { buyer, .. } => Some(buyer),
            Arrival::EtaoUnknown { .. } => None,
        }
    }

    /// Where the shop goes on to, if the buyer came by etao.
    pub fn target_url(&self) -> Option<&str> {
        match &self.arrival {
            Arrival::QuickLogin(_) => None,
            Arrival::Etao { target_url, .. } | Arrival::EtaoUnknown { target_url } => Some(target_url),
        }
    }
}

impl Buyer {
    fn write(&self, page: &mut Writer) -> Result<(), Unmappable> {
        page.text("user_id", self.user_id.as_str())?
            .text("token", self.token.as_str())?
            .optional("real_name", self.real_name.as_deref())?
            .optional("email", self.email.as_deref())?;
        if let Some(grade) = &self.grade {
            let grade_type = grade.user_grade_type.as_ref().map(|kind| kind.wire(UserGradeType::as_str));
            page.text("user_grade", grade.user_grade.wire(UserGrade::as_str))?
                .optional("user_grade_type", grade_type)?
                .optional("gmt_decay", grade.gmt_decay.as_deref())?;
        }
        Ok(())
    }

    fn read(text: &Text) -> Result<Buyer, MissingField> {
        let owned = |name| text.get(name).map(str::to_owned);
        let user_id = UserId::new(text.get("user_id").ok_or(MissingField::Absent("user_id"))?);
        if !user_id.is_well_formed() {
            return Err(MissingField::Malformed("user_id"));
        }
        let token = text.get("token").ok_or(MissingField::Absent("token"))?;
        if token.chars().count() > Token::CHARS_MAX {
            return Err(MissingField::Malformed("token"));
        }
        Ok(Buyer {
            user_id,
            token: Token::new(token),
            real_name: owned("real_name"),
            email: owned("email"),
            grade: text.get("user_grade").map(|grade| Grade {
                user_grade: Reported::read(grade, UserGrade::from_wire),
                user_grade_type: text
                    .get("user_grade_type")
                    .map(|kind| Reported::read(kind, UserGradeType::from_wire)),
                gmt_decay: owned("gmt_decay"),
            }),
        })
    }
}
