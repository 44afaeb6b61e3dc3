//! What the shop itself sends: the request that leads the buyer to the gateway.

use super::{DIRECT, DUAL, ESCROW, Group, Look, Scenario, Step, scenario};

pub(super) fn scenarios() -> Vec<Scenario> {
    let look =
        |service, id, source, look| scenario(Group::Request, service, id, source, vec![Step::Look(look)]);
    vec![
        look(DIRECT, "direct_request_is_signed", ("2.1", "direct-pay 5.2 3 A"), Look::Signature),
        look(ESCROW, "escrow_request_is_signed", ("2.1", "4.2 3 A"), Look::Signature),
        look(DUAL, "dual_request_is_signed", ("2.1", "dual 4.2 3 A"), Look::Signature),
        look(ESCROW, "request_in_gbk_is_signed", ("2.1", "4.2 1 D"), Look::Signature).in_gbk(),
        look(DIRECT, "request_leads_to_this_gateway", ("1.1", "4.2 3 A"), Look::Address),
        look(DIRECT, "request_names_both_pages", ("3.1", "4.3"), Look::Pages),
        look(ESCROW, "pages_have_no_parameters_of_their_own", ("2.3", "4.2 1 C"), Look::OwnParameters),
        look(DIRECT, "request_asks_for_what_the_order_costs", ("3.5", "2.2"), Look::Total),
        look(DIRECT, "two_orders_have_two_numbers", ("3.7", "3.2 1"), Look::Number),
    ]
}
