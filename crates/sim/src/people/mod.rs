//! People: those who buy and sell and quarrel, and one who forges. They see nothing but pages and answers, and they lose patience.

mod browser;
mod buyer;
mod clerk;
mod desk;
mod errand;
mod forger;
mod shopper;
mod staff;
mod tester;
mod thief;
mod town;
mod treasurer;

use std::time::Duration;

use danbao_protocol::node::{NoAnswer, Request, Response};
use danbao_protocol::time::Timestamp;

pub use browser::{Browser, Page, hidden_field};
pub use buyer::{Buyer, Habits, Means, Quarrel, Way};
pub use clerk::Clerk;
pub use desk::{Party, Temper};
pub use errand::{Errand, Purpose};
pub use forger::Forger;
pub use shopper::{Door, Shopper, Visit};
pub use staff::{Staff, TRIGGERS};
pub use tester::Tester;
pub use thief::Thief;
pub(crate) use thief::made_up;
pub(crate) use town::fen;
pub use town::{Customer, KnownOrder, Login, Merchant, Town};
pub use treasurer::{Manner, Treasurer};

use crate::chance::Chance;

/// Somebody who lives in the world. A turn takes no time; who wants nothing at its end has left for good.
pub trait Person {
    /// Something has happened to this person.
    fn turn(&mut self, heard: Heard, hand: &mut Hand<'_>);
}

/// What happens to a person.
#[derive(Debug)]
pub enum Heard {
    /// The time that was wanted has passed.
    Woke,
    /// What came of a request.
    Answer(Result<Response, NoAnswer>),
}

/// What a person does in a turn.
pub struct Hand<'w> {
    /// The instant.
    pub now: Timestamp,
    /// This person's own chance.
    pub chance: &'w mut Chance,
    /// What everybody knows.
    pub town: &'w mut Town,
    pub(crate) wants: Vec<Want>,
}

pub(crate) enum Want {
    Ask(Request),
    AskDeaf(Request),
    Wake(Duration),
    Meet(Box<dyn Person>, Duration),
    Say(String),
}

impl Hand<'_> {
    /// Asks, and waits for the answer.
    pub fn ask(&mut self, request: Request) {
        self.wants.push(Want::Ask(request));
    }

    /// Asks without listening.
    pub fn ask_deaf(&mut self, request: Request) {
        self.wants.push(Want::AskDeaf(request));
    }

    /// Wants to be woken.
    pub fn wake_after(&mut self, length: Duration) {
        self.wants.push(Want::Wake(length));
    }

    /// Sends somebody else, who begins after so long.
    pub fn send(&mut self, person: Box<dyn Person>, after: Duration) {
        self.wants.push(Want::Meet(person, after));
    }

    /// Says something for the log.
    pub fn say(&mut self, line: impl Into<String>) {
        self.wants.push(Want::Say(line.into()));
    }
}
