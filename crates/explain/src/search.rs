//! The search: the rule first, then each mistake alone, then two together, within a budget.

use danbao_protocol::sign::Verifier;

use crate::claim::Claim;
use crate::draft::Draft;
use crate::hypothesis::{Axis, Case, HYPOTHESES};
use crate::mistake::Mistake;
use crate::{BYTES_MAX, DIGESTS_MAX, VERIFICATIONS_MAX};

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was done, in the order in which it was done; one or two, and what the look of the signature shows.
    pub mistakes: Vec<Mistake>,
    /// The text that was signed; the key does not stand in it.
    pub text: Vec<u8>,
    /// Whether a gateway with the default settings accepts the signature all the same (protocol.md §14).
    pub is_forgiven: bool,
}

/// A parameter costs as much as so many bytes of text: it is copied and sorted.
const PART_COST: usize = 8;
/// What is left for the second of two searches at least, as a part of the whole.
const RESERVE: u64 = BYTES_MAX / 4;

/// How much may be tried, and how much has been.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) tried: u32,
    bytes: u64,
    has_pairs: bool,
    /// There was more to try when it was spent.
    pub(crate) was_cut: bool,
}

impl Budget {
    /// Nothing is tried yet; `is_brief` forgoes pairs of mistakes.
    pub(crate) fn new(is_brief: bool) -> Budget {
        Budget { tried: 0, bytes: 0, has_pairs: !is_brief, was_cut: false }
    }

    /// For another search about the same message, so that both together stay within the time of one and a quarter.
    pub(crate) fn rest(self) -> Budget {
        Budget { tried: 0, bytes: self.bytes.min(BYTES_MAX - RESERVE), was_cut: false, ..self }
    }
}

/// What a text is held against.
pub(crate) enum Judge<'a> {
    /// A digest.
    Digest(&'a Claim),
    /// A signature by somebody's private key, in the spellings that it may have had.
    Public(&'a [Verifier], &'a [Vec<u8>]),
}

impl Judge<'_> {
    fn most(&self) -> u32 {
        match self {
            Judge::Digest(_) => DIGESTS_MAX,
            Judge::Public(..) => VERIFICATIONS_MAX,
        }
    }

    /// Whether this draft makes the signature.
    pub(crate) fn accepts(&self, draft: &Draft<'_>, budget: &mut Budget) -> bool {
        self.accepts_text(draft, &draft.text(), budget)
    }

    /// The same, if the draft's text is there already.
    fn accepts_text(&self, draft: &Draft<'_>, text: &[u8], budget: &mut Budget) -> bool {
        let size = text.len().saturating_add(draft.parts.len().saturating_mul(PART_COST));
        budget.bytes = budget.bytes.saturating_add(u64::try_from(size).unwrap_or(u64::MAX));
        match self {
            Judge::Digest(claim) => {
                budget.tried += 1;
                let (head, key) = draft.digested(text);
                match draft.recipe {
                    crate::claim::Recipe::Hmac => claim.is_digest_of(text, &draft.key.key, draft.recipe),
                    recipe => claim.is_digest_of(&head, key, recipe),
                }
            }
            Judge::Public(verifiers, signs) => verifiers.iter().any(|verifier| {
                signs.iter().any(|sign| {
                    budget.tried += 1;
                    verifier.verify(text, sign).is_ok()
                })
            }),
        }
    }

    /// With the key not used at all, mistakes about it are none.
    fn uses(&self, axis: Axis) -> bool {
        match self {
            Judge::Digest(_) => true,
            Judge::Public(..) => axis < Axis::Key,
        }
    }

    /// Asked when there is one more to try.
    fn is_spent(&self, budget: &mut Budget) -> bool {
        budget.was_cut |= budget.tried >= self.most() || budget.bytes >= BYTES_MAX;
        budget.was_cut
    }
}

/// Looks for the mistakes that make the signature. Nothing, if there are none within the budget.
pub(crate) fn search<'c>(
    case: &Case<'c>,
    base: &Draft<'c>,
    judge: &Judge<'_>,
    budget: &mut Budget,
) -> Option<(Vec<Mistake>, Draft<'c>)> {
    if judge.accepts(base, budget) {
        return Some((Vec::new(), base.clone()));
    }
    let mut singles = Vec::new();
    for (at, hypothesis) in HYPOTHESES.iter().enumerate().filter(|(_, h)| judge.uses(h.axis)) {
        for (mistake, draft) in (hypothesis.guess)(case, base) {
            if judge.is_spent(budget) {
                return None;
            }
            if judge.accepts(&draft, budget) {
                return Some((vec![mistake], draft));
            }
            if hypothesis.axis.is_first() {
                singles.push((at, mistake, draft));
            }
        }
    }
    if matches!(judge, Judge::Public(..)) || !budget.has_pairs {
        return None;
    }
    for (at, first, draft) in &singles {
        let text = draft.text();
        for later in HYPOTHESES.iter().skip(second_from(*at)) {
            if !HYPOTHESES[*at].axis.goes_with(later.axis) {
                continue;
            }
            for (second, draft) in (later.guess)(case, draft) {
                if judge.is_spent(budget) {
                    return None;
                }
                let is_it = match later.axis {
                    Axis::Key | Axis::Digest => judge.accepts_text(&draft, &text, budget),
                    _ => judge.accepts(&draft, budget),
                };
                if is_it {
                    return Some((vec![first.clone(), second], draft));
                }
            }
        }
    }
    None
}

/// Two parameters may have been added; every other mistake is made once.
fn second_from(at: usize) -> usize {
    if HYPOTHESES[at].axis == Axis::Drop { at } else { at + 1 }
}
