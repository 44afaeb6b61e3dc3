//! The ways to ship that a request offers, and where the goods go (protocol.md §3.6).

use crate::error_code::ErrorCode;
use crate::money::Fen;
use crate::params::Text;
use crate::service::fields::Fields;
use crate::service::payment::{LogisticsGroup, LogisticsPayment, LogisticsType, Receive};

/// The names of the three groups; a group needs the one before it.
pub(super) const GROUPS: [[&str; 3]; 3] = [
    ["logistics_type", "logistics_fee", "logistics_payment"],
    ["logistics_type_1", "logistics_fee_1", "logistics_payment_1"],
    ["logistics_type_2", "logistics_fee_2", "logistics_payment_2"],
];

/// Reads the groups; the first is required.
pub(super) fn read(text: &Text) -> Result<Vec<LogisticsGroup>, ErrorCode> {
    let mut groups: Vec<LogisticsGroup> = Vec::new();
    for (nth, names) in GROUPS.into_iter().enumerate() {
        let Some(group) = read_group(text, names)? else { continue };
        let repeats = groups.iter().any(|earlier| earlier.logistics_type == group.logistics_type);
        if groups.len() < nth || repeats {
            return Err(ErrorCode::IllegalLogisticsFormat);
        }
        groups.push(group);
    }
    if groups.is_empty() { Err(ErrorCode::IllegalLogisticsFormat) } else { Ok(groups) }
}

/// One group; given whole or not at all, but that a fee which is missing is zero, because the PHP samples lose a zero
/// on the way (protocol.md §10, trap 9).
fn read_group(text: &Text, names: [&str; 3]) -> Result<Option<LogisticsGroup>, ErrorCode> {
    let [logistics_type, fee, payment] = names.map(|name| text.get(name));
    let (Some(logistics_type), Some(payment)) = (logistics_type, payment) else {
        let nothing = logistics_type.is_none() && fee.is_none() && payment.is_none();
        return if nothing { Ok(None) } else { Err(ErrorCode::IllegalLogisticsFormat) };
    };
    let group = || {
        Some(LogisticsGroup {
            logistics_type: LogisticsType::from_wire(logistics_type)?,
            logistics_fee: fee.map_or(Ok(Fen::ZERO), Fen::parse).ok()?,
            logistics_payment: LogisticsPayment::from_wire(payment)?,
        })
    };
    group().map(Some).ok_or(ErrorCode::IllegalLogisticsFormat)
}

/// Reads `receive_*`; `None` if the request has none of them.
pub(super) fn read_receive(fields: Fields<'_>) -> Result<Option<Receive>, ErrorCode> {
    let part = |name, chars_max| fields.owned(name, chars_max).map(Option::unwrap_or_default);
    let receive = Receive {
        name: part("receive_name", 128)?,
        address: part("receive_address", 256)?,
        zip: part("receive_zip", 20)?,
        phone: part("receive_phone", 30)?,
        mobile: part("receive_mobile", 30)?,
    };
    Ok(Some(receive).filter(|receive| *receive != Receive::default()))
}

impl Receive {
    /// The parts with their names on the wire, those that are empty left out.
    pub fn wire(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("receive_name", self.name.as_str()),
            ("receive_address", &self.address),
            ("receive_zip", &self.zip),
            ("receive_phone", &self.phone),
            ("receive_mobile", &self.mobile),
        ]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
    }
}
