//! Bamboo Lane (竹里小铺), the model shop: a merchant of the gateway, on the public API of the merchant's kit alone.
//!
//! It is a [`Node`](danbao_merchant::protocol::node::Node): it takes requests and answers as values and opens no
//! socket. It reaches the gateway over HTTP only, by the outputs that its host carries out, and has its own database.
//!
//! | address | what |
//! |---|---|
//! | `GET /`, `/goods/{id}` | the shelf |
//! | `GET`, `POST /cart` | what the visitor means to buy; a cookie names the visitor |
//! | `GET`, `POST /checkout` | receiver, way to pay; then on to the gateway |
//! | `GET /orders`, `/orders/{out_trade_no}` | the visitor's orders, and one of them with every message received |
//! | `POST /orders/{out_trade_no}/pay` | to the cashier again, with the same order number |
//! | `POST /orders/{out_trade_no}/ship` | tells the gateway that the goods are on their way |
//! | `GET`, `POST /login`, `POST /logout` | to the gateway to sign in, and back to the very page that was left |
//! | `GET /login/return` | the quick login's `return_url`, also for buyers from etao |
//! | `POST /address`, `/address/return` | to the gateway's address book, and back with an address |
//! | `GET`, `POST /direct` | 直接付款: a payment without a cart |
//! | `GET /pay/return` | `return_url`: where the gateway sends the buyer's browser back to |
//! | `POST /pay/notify` | `notify_url`: answered by exactly `success` or `fail` |
//! | `POST /orders` | JSON: places an order without a browser ([`api`]) |
//! | `GET /orders/{out_trade_no}.json` | JSON: what the shop knows of an order ([`api`]) |
//!
//! Return and notification end in one inbox. Neither is believed before the gateway itself has confirmed it
//! (`notify_verify`); what waits for that confirmation is kept in memory and may be lost, because the gateway repeats
//! a notification that was not answered.
//!
//! The shop has no accounts of its own. Who signs in does so at the gateway and is a member by `user_id`; everybody else
//! may buy as well. An order number has twelve random digits and is the key to its page. The shopkeeper's button is
//! on the same page, as this shop has nothing to lose.

mod address;
pub mod api;
mod cart;
mod catalogue;
mod checkout;
mod direct;
mod incoming;
mod login;
mod order;
mod pages;
mod regions;
mod router;
mod rows;
mod shipping;
mod shop;
mod turn;
mod visitor;
mod web;
mod words;

pub use catalogue::{GOODS, Good};
pub use danbao_node::Lang;
pub use shop::{Config, Members, OpenError, Shop};
