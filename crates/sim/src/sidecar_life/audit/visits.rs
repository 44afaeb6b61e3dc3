//! Who has signed in and which address was chosen: what the gateway has handed to a browser, once, and nobody else's.

use std::collections::{BTreeMap, BTreeSet};

use danbao_store::Error;
use danbao_store::faulty::Disk;

use super::{Audit, Case, Event, Wish, rows};

/// Visit (empty for etao) and user.
type SignIn = (String, String);

fn count(sign_ins: impl Iterator<Item = SignIn>) -> BTreeMap<SignIn, u32> {
    let mut counted = BTreeMap::new();
    for sign_in in sign_ins {
        *counted.entry(sign_in).or_default() += 1;
    }
    counted
}

/// The visits by which an address was chosen, as long as the sidecar keeps them.
pub(in super::super) fn chosen(sidecar: &Disk) -> Result<Vec<String>, Error> {
    let sql = "SELECT id FROM visit WHERE kind = 'address' AND done_at IS NOT NULL";
    rows(sidecar, sql, |c| c.next::<String>())
}

pub(super) fn audit(
    audit: &mut Audit,
    case: &Case<'_>,
    events: &[Event],
    wishes: &[Wish],
) -> Result<(), Error> {
    let told = count(
        events
            .iter()
            .filter(|event| event.kind() == "buyer.signed_in")
            .map(|event| (event.text("login_id"), event.text("user_id"))),
    );
    let of = |ids: &mut dyn Iterator<Item = &String>| {
        let handed = ids.filter_map(|id| case.lookout.logins.get(id));
        let known = handed.filter_map(|handed| Some((handed.visit.clone(), handed.user_id.clone()?)));
        count(known.collect::<Vec<_>>().into_iter())
    };
    let handed = of(&mut case.lookout.logins.keys());
    let let_in = of(&mut case.lookout.let_in.iter());
    for (sign_in, times) in &told {
        let made = handed.get(sign_in).copied().unwrap_or(0);
        // One visit is one login, however often its buyer goes to the gateway.
        let allowed = if sign_in.0.is_empty() { made } else { made.min(1) };
        if *times > allowed {
            audit.find(format!("sidecar: {sign_in:?} was made {allowed} times, told {times} times"));
        }
    }
    for (sign_in, times) in &let_in {
        if told.get(sign_in) < Some(times) {
            audit
                .find(format!("sidecar: {sign_in:?} was let in {times} times, told {:?}", told.get(sign_in)));
        }
    }
    in_at_shop(audit, case, &told)?;
    addresses(audit, case, events, wishes)
}

/// Whoever is in at the shop is so by a sign-in that was told of, on the browser that was sent for it.
fn in_at_shop(audit: &mut Audit, case: &Case<'_>, told: &BTreeMap<SignIn, u32>) -> Result<(), Error> {
    let rows = rows(&case.disks.shop, "SELECT sid, user_id, login_id FROM sign_in ORDER BY rowid", |c| {
        Ok((c.next::<String>()?, (c.next::<Option<String>>()?, c.next::<Option<String>>()?)))
    })?;
    let mut visits = BTreeSet::new();
    for (sid, (user_id, visit)) in rows {
        let sign_in = (visit.unwrap_or_default(), user_id.unwrap_or_default());
        audit.mark(if sign_in.0.is_empty() { "in by etao" } else { "in by a visit" });
        if case.lookout.burglars.contains(&sid) {
            audit.find(format!("shop: the burglar is in as {sign_in:?}"));
        }
        if !told.contains_key(&sign_in) {
            audit.find(format!("shop: {sign_in:?} is in, of whom nothing was told"));
        }
        if !sign_in.0.is_empty() && !visits.insert(sign_in.clone()) {
            audit.find(format!("shop: {sign_in:?} is in twice by one visit"));
        }
    }
    Ok(())
}

/// Every address that was chosen is the one of the gateway's page, for its buyer, and in the shop's hands.
fn addresses(audit: &mut Audit, case: &Case<'_>, events: &[Event], wishes: &[Wish]) -> Result<(), Error> {
    let done = case.chosen;
    let chosen = events.iter().filter(|event| event.kind() == "address.chosen");
    let mut told: Vec<(String, String)> =
        chosen.map(|event| (event.text("address_id"), event.text("user_id"))).collect();
    told.sort();
    if !told.iter().map(|(id, _)| id).eq(done) {
        audit.find(format!("sidecar: addresses were chosen on {done:?}, told were {told:?}"));
    }
    for (id, user_id) in told {
        let wish = wishes.iter().find(|wish| wish.key == format!("address-{id}"));
        let address = wish.map(|wish| &wish.answer["address"]);
        let part = |name: &str| {
            address
                .and_then(|address| address[name].as_str())
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
        };
        let parts: Option<Vec<String>> = ["prov", "address", "fullname"].into_iter().map(part).collect();
        let is_chosen = match (case.lookout.addresses.get(&id), &parts) {
            (Some((whose, page)), Some(parts)) => {
                *whose == user_id && parts.iter().all(|part| page.contains(part))
            }
            _ => false,
        };
        if !is_chosen {
            audit.find(format!(
                "shop: has the address {address:?} of {user_id}, which the buyer did not choose"
            ));
        }
    }
    Ok(())
}
