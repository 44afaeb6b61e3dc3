//! 分润: the shares of third parties in a direct payment (protocol.md §3.10).

use crate::error_code::ErrorCode;
use crate::money::Fen;
use crate::params::Text;
use crate::service::payment::RoyaltyShare;

/// More groups are malformed.
const SHARES_MAX: usize = 10;
/// Characters of `royalty_parameters`.
const CHARS_MAX: usize = 1000;

/// The only `royalty_type` there is.
pub(super) const ROYALTY_TYPE: &str = "10";

/// Reads `royalty_type` and `royalty_parameters`, which come together or not at all.
pub(super) fn read(text: &Text) -> Result<Vec<RoyaltyShare>, ErrorCode> {
    let (royalty_type, list) = (text.get("royalty_type"), text.get("royalty_parameters"));
    match (royalty_type, list) {
        (None, None) => Ok(Vec::new()),
        (Some(ROYALTY_TYPE), None) => Err(ErrorCode::RoyaltyForamtError),
        (Some(ROYALTY_TYPE), Some(list)) if list.chars().count() > CHARS_MAX => {
            Err(ErrorCode::RoyaltyLengthError)
        }
        (Some(ROYALTY_TYPE), Some(list)) => parse(list).ok_or(ErrorCode::RoyaltyForamtError),
        _ => Err(ErrorCode::RoyaltyTypeError),
    }
}

/// `receiver^amount^memo` or `payer^receiver^amount^memo`, joined with `|`.
fn parse(list: &str) -> Option<Vec<RoyaltyShare>> {
    let shares: Vec<RoyaltyShare> = list.split('|').map(parse_share).collect::<Option<_>>()?;
    (shares.len() <= SHARES_MAX).then_some(shares)
}

fn parse_share(share: &str) -> Option<RoyaltyShare> {
    let parts: Vec<&str> = share.split('^').collect();
    let (payer, receiver, amount, memo) = match parts[..] {
        [receiver, amount, memo] => (None, receiver, amount, memo),
        [payer, receiver, amount, memo] if !payer.is_empty() => (Some(payer), receiver, amount, memo),
        _ => return None,
    };
    let amount = Fen::parse(amount).ok().filter(|amount| amount.is_positive())?;
    if receiver.is_empty() || share.contains('\0') {
        return None;
    }
    Some(RoyaltyShare {
        payer_email: payer.map(str::to_owned),
        receiver_email: receiver.to_owned(),
        amount,
        memo: memo.to_owned(),
    })
}

/// The text of `royalty_parameters`.
pub(super) fn wire(shares: &[RoyaltyShare]) -> String {
    let share = |share: &RoyaltyShare| {
        let payer = share.payer_email.as_ref().map(|payer| format!("{payer}^")).unwrap_or_default();
        format!("{payer}{}^{}^{}", share.receiver_email, share.amount, share.memo)
    };
    shares.iter().map(share).collect::<Vec<_>>().join("|")
}
