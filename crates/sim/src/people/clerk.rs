//! Somebody at the merchant's who gives money back in batches, and does not ask the others what they are doing.

use danbao_protocol::node::{Request, Response};
use http::Method;
use serde_json::{Value, json};

use super::errand::{answered_trade, look_up};
use super::{Hand, Heard, KnownOrder, Manner, Person, Treasurer, fen};

/// Batches after which it is time to go home.
const BATCHES_MAX: u32 = 5;
/// How often one batch is asked for while nothing is heard of it.
const TRIES_MAX: u32 = 4;

/// A clerk.
#[derive(Debug, Clone)]
pub struct Clerk {
    pause_max_ms: u64,
    /// How many of a thousand batches go to the seller's desk.
    by_page: u32,
    batches: u32,
    tries: u32,
    /// Orders whose trades are still to be looked up.
    orders: Vec<KnownOrder>,
    /// Items of the batch that is being written.
    items: Vec<Value>,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    /// Waits for the next batch.
    Resting,
    /// Has asked for the trade of an order.
    Looking(KnownOrder),
    /// Has sent the batch; its number, once it was heard.
    Sent(Option<String>),
}

impl Clerk {
    /// A clerk who waits at most so long between two batches, and lets the seller confirm so many of a thousand at the
    /// desk.
    pub fn new(pause_max_ms: u64, by_page: u32) -> Clerk {
        let (orders, items) = (Vec::new(), Vec::new());
        Clerk { pause_max_ms, by_page, batches: 0, tries: 0, orders, items, state: State::Resting }
    }

    fn rest(&mut self, hand: &mut Hand<'_>) {
        self.state = State::Resting;
        let pause = hand.chance.millis(1, self.pause_max_ms.max(1));
        hand.wake_after(pause);
    }

    fn begin(&mut self, hand: &mut Hand<'_>) {
        self.batches += 1;
        if self.batches > BATCHES_MAX {
            return;
        }
        self.items.clear();
        // Mostly what can be refunded, now and then what cannot.
        let with_escrow = hand.chance.per_mille(300);
        let is_meant = |order: &&KnownOrder| with_escrow || order.service != "create_partner_trade_by_buyer";
        let known: Vec<KnownOrder> = hand.town.orders.iter().filter(is_meant).cloned().collect();
        let count = usize::try_from(hand.chance.between(1, 4)).unwrap_or(1);
        self.orders = (0..count).filter(|_| !known.is_empty()).map(|_| hand.chance.pick(&known)).collect();
        self.orders.sort_by(|one, other| one.out_trade_no.cmp(&other.out_trade_no));
        self.orders.dedup();
        self.look(hand);
    }

    fn look(&mut self, hand: &mut Hand<'_>) {
        match self.orders.pop() {
            Some(order) => {
                hand.ask(look_up(hand.town, &order.out_trade_no));
                self.state = State::Looking(order);
            }
            None => self.write(hand),
        }
    }

    fn see(&mut self, order: &KnownOrder, response: &Response, hand: &mut Hand<'_>) {
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let trade = answered_trade(&answer);
        if let (Some(trade_no), Some(total)) =
            (trade["trade_no"].as_str(), trade["total_fee"].as_str().and_then(fen))
        {
            let amount = hand.chance.pick(&[total, total, total / 2, 1, 333, total + 1]);
            let royalty = shares_back(order, &hand.town.merchant.seller_email, hand.chance.below(4));
            self.items.push(json!({ "trade_no": trade_no, "amount": amount, "royalty": royalty }));
        }
        self.look(hand);
    }

    fn write(&mut self, hand: &mut Hand<'_>) {
        if hand.chance.per_mille(100) {
            self.items.push(json!({ "trade_no": "2012030199999999", "amount": 1 }));
        }
        if self.items.is_empty() {
            return self.rest(hand);
        }
        let charset = hand.chance.pick(&["utf-8", "gbk"]);
        let mut wish = json!({ "items": self.items, "charset": charset });
        let by_page = hand.chance.per_mille(self.by_page);
        if by_page {
            wish["by_page"] = true.into();
        }
        self.tries = 0;
        let Some(request) = at_kiosk(hand, &wish) else { return self.rest(hand) };
        // The same once more, under another number: only one of them may give the money.
        if !by_page && hand.chance.per_mille(400) {
            hand.ask_deaf(request.clone());
        }
        self.state = State::Sent(None);
        hand.ask(request);
    }

    /// A batch of which nothing certain was heard is asked for once more under its own number.
    fn hear(&mut self, response: &Response, hand: &mut Hand<'_>) {
        let answer: Value = serde_json::from_slice(response.body()).unwrap_or_default();
        let batch_no = answer["batch_no"].as_str().map(str::to_owned);
        if let (Some(url), Some(body)) = (answer["url"].as_str(), answer["body"].as_str()) {
            self.hand_over((url.to_owned(), body.to_owned()), hand);
            return self.rest(hand);
        }
        match (batch_no, answer["said"].as_str()) {
            (Some(batch_no), said) => {
                hand.say(format!("hears {said:?} of batch {batch_no}"));
                self.state = State::Sent(Some(batch_no));
                if said.is_some() { self.rest(hand) } else { self.ask_again(hand) }
            }
            (None, _) => self.ask_again(hand),
        }
    }

    /// The seller's people confirm it, who do not ask each other either.
    fn hand_over(&self, form: (String, String), hand: &mut Hand<'_>) {
        let count = if hand.chance.per_mille(250) { 2 } else { 1 };
        for _ in 0..count {
            let manner = Manner::draw(hand.chance);
            let after = hand.chance.millis(0, 60_000);
            hand.send(Box::new(Treasurer::new(form.clone(), manner)), after);
        }
    }

    fn ask_again(&mut self, hand: &mut Hand<'_>) {
        self.tries += 1;
        let State::Sent(Some(batch_no)) = self.state.clone() else { return self.rest(hand) };
        let request = at_kiosk(hand, &json!({ "batch_no": batch_no })).filter(|_| self.tries < TRIES_MAX);
        match request {
            Some(request) => hand.ask(request),
            None => self.rest(hand),
        }
    }
}

/// The shares of an order on their way back: all, the first alone, one that is too large, or none.
fn shares_back(order: &KnownOrder, seller: &str, choice: u64) -> Vec<Value> {
    let back = |(payer, receiver, amount): (Option<String>, String, i64)| {
        let gets = payer.unwrap_or_else(|| seller.to_owned());
        let amount = if choice == 2 { amount + 1 } else { amount };
        json!({ "payer": receiver, "receiver": gets, "amount": amount })
    };
    let mut shares: Vec<Value> = order.shares().into_iter().map(back).collect();
    // The last receiver gives first, so that nobody is short on the way.
    shares.reverse();
    match choice {
        0 => Vec::new(),
        1 => shares.pop().into_iter().collect(),
        _ => shares,
    }
}

fn at_kiosk(hand: &Hand<'_>, wish: &Value) -> Option<Request> {
    let mut request = Request::new(wish.to_string().into());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = format!("{}/refunds", hand.town.shop).parse().ok()?;
    Some(request)
}

impl Person for Clerk {
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>) {
        match (heard, self.state.clone()) {
            (Heard::Woke, _) => self.begin(hand),
            (Heard::Answer(Ok(response)), State::Looking(order)) => self.see(&order, &response, hand),
            (Heard::Answer(Err(_)), State::Looking(_)) => self.look(hand),
            (Heard::Answer(Ok(response)), State::Sent(_)) => self.hear(&response, hand),
            (Heard::Answer(Err(_)), State::Sent(_)) => self.ask_again(hand),
            (Heard::Answer(_), State::Resting) => self.rest(hand),
        }
    }
}
