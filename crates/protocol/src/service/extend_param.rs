//! 公用业务扩展参数, `extend_param`: what products beyond direct pay itself want to know (protocol.md §3.3).

use crate::error_code::ErrorCode;
use crate::service::fields::Fields;
use crate::service::payment::Extension;

/// Characters of the whole.
pub(super) const CHARS_MAX: usize = 1000;
/// Pairs; more are malformed. No product of the time had so many.
const PAIRS_MAX: usize = 20;

/// Reads `name^value|name^value`; a value may be empty, a name may not.
pub(super) fn read(fields: Fields<'_>) -> Result<Vec<Extension>, ErrorCode> {
    let Some(list) = fields.optional("extend_param", CHARS_MAX)? else { return Ok(Vec::new()) };
    parse(list).ok_or(ErrorCode::IllegalArgument)
}

/// The pairs of a list; `None` if it is none.
pub(super) fn parse(list: &str) -> Option<Vec<Extension>> {
    let pairs: Option<Vec<Extension>> = list.split('|').map(parse_pair).collect();
    pairs.filter(|pairs| pairs.len() <= PAIRS_MAX)
}

fn parse_pair(pair: &str) -> Option<Extension> {
    let (name, value) =
        pair.split_once('^').filter(|(name, value)| !name.is_empty() && !value.contains('^'))?;
    Some(Extension { name: name.to_owned(), value: value.to_owned() })
}

/// The text of `extend_param`; empty for no pairs.
pub(super) fn wire(pairs: &[Extension]) -> String {
    let pair = |pair: &Extension| format!("{}^{}", pair.name, pair.value);
    pairs.iter().map(pair).collect::<Vec<_>>().join("|")
}
