//! Bugs of a gateway, put between it and its disk: each is what a mistake in its code would have written.

use danbao_store::{Bind, Conn, Dialect, Error, Row, Value};

/// What is wrong with this gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plant {
    /// An application for a refund is announced to nobody.
    RefundUnannounced,
    /// A changed price is announced to nobody.
    PriceUnannounced,
    /// A changed price is announced with the discount that it had before.
    OldPriceAnnounced,
    /// An agreement is announced twice, under two ids.
    AnnouncedTwice,
    /// Newer changes may be told first.
    OutOfOrder,
    /// The money of a refund is given twice.
    RefundedTwice,
    /// The refund is of one fen more than was applied for.
    RefundedTooMuch,
    /// An agreement to goods that must come back counts as their coming back.
    ReturnSkipped,
    /// What the seller agreed to was agreed to by the buyer.
    WrongActor,
    /// A seller's silence counts a day too late.
    ClockLate,
    /// A seller's silence counts a day too early.
    ClockEarly,
    /// A seller's extension is written into the history and changes nothing.
    ExtensionForgotten,
    /// Others are given a fen less than was promised.
    ShareCut,
    /// A changed price is told and not kept: the trade has the old discount and the new total.
    PriceForgotten,
    /// An item of a batch is taken a second time, as if nothing had been written down of the first.
    ItemTakenTwice,
    /// The trade forgets how much of it has gone back.
    RepaymentForgotten,
    /// A refund of a direct payment is announced to nobody.
    RepaymentUnannounced,
    /// The letter says of an item that failed that it succeeded.
    LetterLies,
    /// The letter is owed twice, under two ids.
    LetterTwice,
    /// A batch that is done owes no letter.
    LetterForgotten,
    /// An item that failed is written down as one that succeeded.
    ResultLies,
    /// An item that could be refunded is refused.
    ResultTooHard,
    /// The platform keeps its charge on what is refunded.
    ChargeKept,
    /// A seller that is released is given twice what was held for it.
    ReleasedTwice,
    /// A payment that is held is announced to nobody.
    HeldUnannounced,
    /// An account is said to be frozen and is not.
    FreezeForgotten,
    /// A payment to a frozen seller goes through at once.
    NotHeld,
    /// A token is good for ever.
    TokenForEver,
    /// A token stands for somebody else than the login that it came with.
    TokenOfAnother,
    /// Whoever asks again is told again that a login is genuine.
    ConfirmedTwice,
    /// Whoever has signed in once is in for ever.
    SignedInForEver,
    /// The shop is brought an address of somebody else.
    AddressOfAnother,
    /// Every change of direct pay is announced, whatever the partner wants.
    SwitchesIgnored,
}

const DAY_MS: i64 = 86_400_000;

/// A gateway's connection with one bug in it.
pub(crate) struct Tampered {
    conn: Box<dyn Conn>,
    plant: Plant,
    /// What the last journal was for.
    reason: String,
    /// The last command that was written into a history.
    command: String,
    /// An item's result was just not written down; and how often that has happened.
    is_again: bool,
    agains: u32,
}

impl Tampered {
    pub(crate) fn new(conn: Box<dyn Conn>, plant: Plant) -> Tampered {
        let (reason, command) = (String::new(), String::new());
        Tampered { conn, plant, reason, command, is_again: false, agains: 0 }
    }

    fn tamper(&mut self, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let is_into = |table: &str| sql.starts_with(&format!("INSERT INTO {table} "));
        if is_into("journal") {
            text(binds, 3).clone_into(&mut self.reason);
        }
        if is_into("trade_event") {
            text(binds, 4).clone_into(&mut self.command);
        }
        match self.plant {
            Plant::RefundUnannounced if is_into("notice") && text(binds, 5) == "WAIT_SELLER_AGREE" => {
                return Ok(Fate::Skipped);
            }
            Plant::PriceUnannounced if is_into("notice") && self.command == "adjust_price" => {
                return Ok(Fate::Skipped);
            }
            Plant::OldPriceAnnounced if is_into("notice") && self.command == "adjust_price" => {
                binds[7] = Value::Int(0);
            }
            Plant::AnnouncedTwice if is_into("notice") && self.command == "agree_refund" => {
                let mut again = binds.to_vec();
                again[1] = Value::Int(int(binds, 1) + 1_000);
                again[2] = Value::Text(format!("{}x", text(binds, 2)));
                self.run(sql, &again)?;
            }
            Plant::OutOfOrder if is_into("notice") && self.command == "apply_refund" => {
                binds[10] = Value::Int(int(binds, 10) + DAY_MS);
            }
            Plant::RefundedTwice if is_into("posting") && self.reason == "agree_refund" => {
                self.give_again(text(binds, 2), int(binds, 3))?;
                let mut again = binds.to_vec();
                again[0] = Value::Int(int(binds, 0) + 50);
                again[1] = Value::Text("sandbox".to_owned());
                self.run(sql, &again)?;
            }
            Plant::RefundedTooMuch if is_into("refund") && int(binds, 2) == 1 => binds[2] = Value::Int(2),
            Plant::ReturnSkipped => rename(binds, "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS"),
            Plant::WrongActor if is_into("trade_event") && self.command == "agree_refund" => {
                rename(binds, "seller", "buyer");
            }
            Plant::ClockLate if is_into("deadline") && text(binds, 1) == "agree_refund" => {
                binds[2] = Value::Int(int(binds, 2) + DAY_MS);
            }
            Plant::ClockEarly if is_into("deadline") && text(binds, 1) == "agree_refund" => {
                binds[2] = Value::Int(int(binds, 2) - DAY_MS);
            }
            Plant::ExtensionForgotten if is_into("deadline") && self.command == "extend_timeout" => {
                return Ok(Fate::Skipped);
            }
            Plant::ShareCut if is_into("trade_royalty") && int(binds, 4) > 1 => {
                binds[4] = Value::Int(int(binds, 4) - 1);
            }
            Plant::ItemTakenTwice
            | Plant::RepaymentForgotten
            | Plant::RepaymentUnannounced
            | Plant::LetterLies
            | Plant::LetterTwice
            | Plant::LetterForgotten
            | Plant::ResultLies
            | Plant::ResultTooHard
            | Plant::ChargeKept => return self.tamper_with_batches(sql, binds),
            Plant::ReleasedTwice if is_into("posting") && self.reason == "release" => {
                self.give_again(text(binds, 2), int(binds, 3))?;
                let mut again = binds.to_vec();
                again[0] = Value::Int(int(binds, 0) + 50);
                again[1] = Value::Text("sandbox".to_owned());
                self.run(sql, &again)?;
            }
            Plant::HeldUnannounced if is_into("notice") && self.command == "pay_held" => {
                return Ok(Fate::Skipped);
            }
            Plant::FreezeForgotten if sql.starts_with("UPDATE users SET kind") => return Ok(Fate::Skipped),
            Plant::NotHeld => {
                rename(binds, "pay_held", "pay");
                rename(binds, "TRADE_PENDING", "TRADE_FINISHED");
            }
            Plant::TokenForEver if sql.starts_with("DELETE FROM token ") => return Ok(Fate::Skipped),
            Plant::SignedInForEver if sql.starts_with("DELETE FROM session WHERE expires_at") => {
                return Ok(Fate::Skipped);
            }
            Plant::TokenOfAnother if is_into("token") => {
                binds[2] = Value::Text(self.somebody_else(text(binds, 2))?);
            }
            Plant::ConfirmedTwice if sql.starts_with("UPDATE login_return SET verified_at") => {
                let sql = "UPDATE login_return SET verified_at = NULL WHERE notify_id = $1";
                self.run(sql, &binds[..1])?;
            }
            Plant::SwitchesIgnored if is_into("trade") => {
                let all = "TRADE_FINISHED TRADE_SUCCESS WAIT_BUYER_PAY TRADE_CLOSED";
                rename(binds, "TRADE_FINISHED TRADE_SUCCESS", all);
            }
            Plant::PriceForgotten if sql.starts_with("UPDATE trade SET mode") => binds[7] = Value::Int(0),
            _ => {}
        }
        Ok(Fate::Done)
    }

    fn tamper_with_batches(&mut self, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let is_into = |table: &str| sql.starts_with(&format!("INSERT INTO {table} "));
        let is_letter = is_into("notice") && sql.contains("letter");
        let is_result = sql.starts_with("UPDATE refund_item SET result");
        match self.plant {
            Plant::ItemTakenTwice if is_result && text(binds, 2) == "SUCCESS" && self.agains == 0 => {
                (self.is_again, self.agains) = (true, 1);
                return Ok(Fate::Skipped);
            }
            Plant::ItemTakenTwice if is_letter && self.is_again => return Ok(Fate::Skipped),
            Plant::ItemTakenTwice if sql.starts_with("UPDATE refund_batch SET done") && self.is_again => {
                self.is_again = false;
                let sql = "UPDATE refund_item SET result = NULL WHERE thread = $1";
                self.run(sql, &binds[..1])?;
                return Ok(Fate::Skipped);
            }
            Plant::RepaymentForgotten if sql.starts_with("UPDATE trade SET mode") => {
                binds[25] = Value::Int(0)
            }
            Plant::RepaymentUnannounced
                if is_into("notice") && self.command == "refund_paid" && !is_letter =>
            {
                return Ok(Fate::Skipped);
            }
            Plant::LetterLies if is_letter => {
                let Value::Bytes(letter) = &binds[7] else { return Ok(Fate::Done) };
                let said = String::from_utf8_lossy(letter).replace("TRADE_HAS_FINISHED", "SUCCESS");
                binds[7] = Value::Bytes(said.into_bytes());
            }
            Plant::LetterTwice if is_letter => {
                let mut again = binds.to_vec();
                again[1] = Value::Int(int(binds, 1) + 1);
                again[2] = Value::Text(format!("{}x", text(binds, 2)));
                self.run(sql, &again)?;
            }
            Plant::LetterForgotten if is_letter => return Ok(Fate::Skipped),
            Plant::ResultLies if is_result && text(binds, 2) == "TRADE_HAS_FINISHED" => {
                binds[2] = Value::Text("SUCCESS".to_owned());
            }
            Plant::ResultTooHard if is_result && text(binds, 2) == "REFUND_TRADE_FEE_ERROR" => {
                binds[2] = Value::Text("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH".to_owned());
            }
            Plant::ChargeKept
                if is_into("posting") && self.reason == "refund_paid" && text(binds, 1) == "fee" =>
            {
                binds[3] = Value::Int(1);
            }
            _ => {}
        }
        Ok(Fate::Done)
    }

    fn give_again(&mut self, credit: &str, amount: i64) -> Result<(), Error> {
        for (account, amount) in [("sandbox", -amount), (credit, amount)] {
            let sql = "UPDATE account SET balance = balance + $1 WHERE account = $2";
            self.conn.execute(sql, &[Bind::Int(amount), Bind::Text(account)])?;
        }
        Ok(())
    }

    /// Another member than this one.
    fn somebody_else(&mut self, user_id: &str) -> Result<String, Error> {
        let sql = "SELECT user_id FROM users WHERE status = 'member' AND email LIKE '%@danbao.example'
                   AND email NOT LIKE 'seller%' AND email NOT LIKE 'advanced%' AND user_id <> $1 ORDER BY user_id LIMIT 1";
        self.conn
            .query(sql, &[Bind::Text(user_id)])?
            .first()
            .map_or_else(|| Ok(user_id.to_owned()), |row| row.get(0))
    }

    /// Asks for something else than was meant.
    fn tamper_with_question(&mut self, sql: &str, binds: &mut [Value]) -> Result<(), Error> {
        match self.plant {
            Plant::TokenForEver if sql.contains("FROM token WHERE") => binds[2] = Value::Int(0),
            Plant::SignedInForEver if sql.contains("FROM session WHERE session_id") => {
                binds[1] = Value::Int(0)
            }
            Plant::AddressOfAnother if sql.contains("FROM address") && binds.len() == 1 => {
                binds[0] = Value::Text(self.somebody_else(text(binds, 0))?);
            }
            _ => {}
        }
        Ok(())
    }

    fn run(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let binds: Vec<Bind<'_>> = values.iter().map(Bind::from).collect();
        self.conn.execute(sql, &binds)
    }
}

enum Fate {
    /// To be run, with the binds as they are now.
    Done,
    /// Not to be run, and to look as if it was.
    Skipped,
}

fn text(binds: &[Value], index: usize) -> &str {
    match &binds[index] {
        Value::Text(text) => text,
        _ => "",
    }
}

fn int(binds: &[Value], index: usize) -> i64 {
    match &binds[index] {
        Value::Int(int) => *int,
        _ => 0,
    }
}

fn rename(binds: &mut [Value], from: &str, to: &str) {
    for bind in binds.iter_mut().filter(|bind| **bind == Value::Text(from.to_owned())) {
        *bind = Value::Text(to.to_owned());
    }
}

/// The rule that a trade's notices go in their order, taken out of the query for those that are due.
fn without_order(sql: &str) -> Option<String> {
    let (select, rest) = sql.split_once("AND NOT EXISTS")?;
    let (_, end) = rest.split_once("ORDER BY n.due_at, n.thread")?;
    Some(format!("{select} ORDER BY n.due_at, n.thread{end}"))
}

impl Conn for Tampered {
    fn execute(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<u64, Error> {
        let mut values: Vec<Value> = binds.iter().map(crate::owned).collect();
        match self.tamper(sql, &mut values)? {
            Fate::Done => self.run(sql, &values),
            Fate::Skipped => Ok(1),
        }
    }

    fn query(&mut self, sql: &str, binds: &[Bind<'_>]) -> Result<Vec<Row>, Error> {
        let mut values: Vec<Value> = binds.iter().map(crate::owned).collect();
        self.tamper_with_question(sql, &mut values)?;
        let binds: &[Bind<'_>] = &values.iter().map(Bind::from).collect::<Vec<_>>();
        match without_order(sql).filter(|_| self.plant == Plant::OutOfOrder) {
            Some(sql) => self.conn.query(&sql, binds),
            None => self.conn.query(sql, binds),
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        self.conn.begin()
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.conn.commit()
    }

    fn rollback(&mut self) -> Result<(), Error> {
        self.conn.rollback()
    }

    fn savepoint(&mut self) -> Result<(), Error> {
        self.conn.savepoint()
    }

    fn release(&mut self) -> Result<(), Error> {
        self.conn.release()
    }

    fn rollback_to(&mut self) -> Result<(), Error> {
        self.conn.rollback_to()
    }

    fn batch(&mut self, sql: &str) -> Result<(), Error> {
        self.conn.batch(sql)
    }

    fn dialect(&self) -> Dialect {
        self.conn.dialect()
    }
}
