//! Bugs of a gateway, put between it and its disk: each is what a mistake in its code would have written.

use danbao_sim::tampered::{Fate, Plant, int, run, text};
use danbao_store::{Bind, Conn, Error, Value};

/// What is wrong with this gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bug {
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
    /// A batch that waits for its password is taken as if it were confirmed.
    ConfirmedByItself,
    /// A batch waits a day too long for its password.
    ConfirmableTooLong,
    /// A refused request is told to nobody.
    RefusalUntold,
    /// The same refusal is owed as often as it is met.
    RefusalOwedAgain,
    /// Whoever is told anything meets with every plan, whose ever it is.
    PlanOfAnother,
    /// What a plan has spoiled until the tries were over is not begun anew.
    PlanLoses,
    /// A try is not on lease: whoever looks next may take it for lost.
    LeaseForgotten,
}

const DAY_MS: i64 = 86_400_000;

/// One bug, and what it remembers of the statements before.
pub(crate) struct Planted {
    bug: Bug,
    /// What the last journal was for.
    reason: String,
    /// The last command that was written into a history.
    command: String,
    /// An item's result was just not written down; and how often that has happened.
    is_again: bool,
    agains: u32,
}

impl Planted {
    pub(crate) fn new(bug: Bug) -> Planted {
        let (reason, command) = (String::new(), String::new());
        Planted { bug, reason, command, is_again: false, agains: 0 }
    }

    fn tamper(&mut self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        let is_into = |table: &str| sql.starts_with(&format!("INSERT INTO {table} "));
        if is_into("journal") {
            text(binds, 3).clone_into(&mut self.reason);
        }
        if is_into("trade_event") {
            text(binds, 4).clone_into(&mut self.command);
        }
        match self.bug {
            Bug::RefundUnannounced if is_into("notice") && text(binds, 5) == "WAIT_SELLER_AGREE" => {
                return Ok(Fate::Skipped);
            }
            Bug::PriceUnannounced if is_into("notice") && self.command == "adjust_price" => {
                return Ok(Fate::Skipped);
            }
            Bug::OldPriceAnnounced if is_into("notice") && self.command == "adjust_price" => {
                binds[7] = Value::Int(0);
            }
            Bug::AnnouncedTwice if is_into("notice") && self.command == "agree_refund" => {
                let mut again = binds.to_vec();
                again[1] = Value::Int(int(binds, 1) + 1_000);
                again[2] = Value::Text(format!("{}x", text(binds, 2)));
                run(conn, sql, &again)?;
            }
            Bug::OutOfOrder if is_into("notice") && self.command == "apply_refund" => {
                binds[10] = Value::Int(int(binds, 10) + DAY_MS);
            }
            Bug::RefundedTwice if is_into("posting") && self.reason == "agree_refund" => {
                give_again(conn, text(binds, 2), int(binds, 3))?;
                let mut again = binds.to_vec();
                again[0] = Value::Int(int(binds, 0) + 50);
                again[1] = Value::Text("sandbox".to_owned());
                run(conn, sql, &again)?;
            }
            Bug::RefundedTooMuch if is_into("refund") && int(binds, 2) == 1 => binds[2] = Value::Int(2),
            Bug::ReturnSkipped => rename(binds, "WAIT_BUYER_RETURN_GOODS", "WAIT_SELLER_CONFIRM_GOODS"),
            Bug::WrongActor if is_into("trade_event") && self.command == "agree_refund" => {
                rename(binds, "seller", "buyer");
            }
            Bug::ClockLate if is_into("deadline") && text(binds, 1) == "agree_refund" => {
                binds[2] = Value::Int(int(binds, 2) + DAY_MS);
            }
            Bug::ClockEarly if is_into("deadline") && text(binds, 1) == "agree_refund" => {
                binds[2] = Value::Int(int(binds, 2) - DAY_MS);
            }
            Bug::ExtensionForgotten if is_into("deadline") && self.command == "extend_timeout" => {
                return Ok(Fate::Skipped);
            }
            Bug::ShareCut if is_into("trade_royalty") && int(binds, 4) > 1 => {
                binds[4] = Value::Int(int(binds, 4) - 1);
            }
            Bug::ItemTakenTwice
            | Bug::RepaymentForgotten
            | Bug::RepaymentUnannounced
            | Bug::LetterLies
            | Bug::LetterTwice
            | Bug::LetterForgotten
            | Bug::ResultLies
            | Bug::ResultTooHard
            | Bug::ChargeKept => return self.tamper_with_batches(conn, sql, binds),
            Bug::ReleasedTwice if is_into("posting") && self.reason == "release" => {
                give_again(conn, text(binds, 2), int(binds, 3))?;
                let mut again = binds.to_vec();
                again[0] = Value::Int(int(binds, 0) + 50);
                again[1] = Value::Text("sandbox".to_owned());
                run(conn, sql, &again)?;
            }
            Bug::HeldUnannounced if is_into("notice") && self.command == "pay_held" => {
                return Ok(Fate::Skipped);
            }
            Bug::FreezeForgotten if sql.starts_with("UPDATE users SET kind") => return Ok(Fate::Skipped),
            Bug::NotHeld => {
                rename(binds, "pay_held", "pay");
                rename(binds, "TRADE_PENDING", "TRADE_FINISHED");
            }
            Bug::TokenForEver if sql.starts_with("DELETE FROM token ") => return Ok(Fate::Skipped),
            Bug::SignedInForEver if sql.starts_with("DELETE FROM session WHERE expires_at") => {
                return Ok(Fate::Skipped);
            }
            Bug::TokenOfAnother if is_into("token") => {
                binds[2] = Value::Text(somebody_else(conn, text(binds, 2))?);
            }
            Bug::ConfirmedTwice if sql.starts_with("UPDATE login_return SET verified_at") => {
                let sql = "UPDATE login_return SET verified_at = NULL WHERE notify_id = $1";
                run(conn, sql, &binds[..1])?;
            }
            Bug::SwitchesIgnored if is_into("trade") => {
                let all = "TRADE_FINISHED TRADE_SUCCESS WAIT_BUYER_PAY TRADE_CLOSED";
                rename(binds, "TRADE_FINISHED TRADE_SUCCESS", all);
            }
            Bug::ConfirmedByItself | Bug::ConfirmableTooLong if is_into("refund_batch") => {
                self.tamper_with_confirmation(binds);
            }
            Bug::RefusalUntold if is_into("notice") && is_refusal(binds) => return Ok(Fate::Skipped),
            Bug::PlanLoses if sql.contains("begun_anew_at = $3, tries_before") => {
                let sql = "UPDATE notice SET awaiting = 0, due_at = NULL WHERE thread = $1 AND seq = $2";
                run(conn, sql, &binds[..2])?;
                return Ok(Fate::Skipped);
            }
            Bug::LeaseForgotten if sql.contains("awaiting = 1, due_at = $4") => binds[3] = binds[4].clone(),
            Bug::PriceForgotten if sql.starts_with("UPDATE trade SET mode") => binds[7] = Value::Int(0),
            _ => {}
        }
        Ok(Fate::Done)
    }

    fn tamper_with_confirmation(&self, binds: &mut [Value]) {
        if text(binds, 3) != "pwd" {
            return;
        }
        match self.bug {
            Bug::ConfirmedByItself => (binds[14], binds[16]) = (binds[13].clone(), binds[13].clone()),
            _ => binds[13] = Value::Int(int(binds, 13) + DAY_MS),
        }
    }

    fn tamper_with_batches(
        &mut self,
        conn: &mut dyn Conn,
        sql: &str,
        binds: &mut [Value],
    ) -> Result<Fate, Error> {
        let is_into = |table: &str| sql.starts_with(&format!("INSERT INTO {table} "));
        let is_letter = is_into("notice") && sql.contains("letter");
        let is_result = sql.starts_with("UPDATE refund_item SET result");
        match self.bug {
            Bug::ItemTakenTwice if is_result && text(binds, 2) == "SUCCESS" && self.agains == 0 => {
                (self.is_again, self.agains) = (true, 1);
                return Ok(Fate::Skipped);
            }
            Bug::ItemTakenTwice if is_letter && self.is_again => return Ok(Fate::Skipped),
            Bug::ItemTakenTwice if sql.starts_with("UPDATE refund_batch SET done") && self.is_again => {
                self.is_again = false;
                let sql = "UPDATE refund_item SET result = NULL WHERE thread = $1";
                run(conn, sql, &binds[..1])?;
                return Ok(Fate::Skipped);
            }
            Bug::RepaymentForgotten if sql.starts_with("UPDATE trade SET mode") => binds[25] = Value::Int(0),
            Bug::RepaymentUnannounced if is_into("notice") && self.command == "refund_paid" && !is_letter => {
                return Ok(Fate::Skipped);
            }
            Bug::LetterLies if is_letter => {
                let Value::Bytes(letter) = &binds[7] else { return Ok(Fate::Done) };
                let said = String::from_utf8_lossy(letter).replace("TRADE_HAS_FINISHED", "SUCCESS");
                binds[7] = Value::Bytes(said.into_bytes());
            }
            Bug::LetterTwice if is_letter => {
                let mut again = binds.to_vec();
                again[1] = Value::Int(int(binds, 1) + 1);
                again[2] = Value::Text(format!("{}x", text(binds, 2)));
                run(conn, sql, &again)?;
            }
            Bug::LetterForgotten if is_letter => return Ok(Fate::Skipped),
            Bug::ResultLies if is_result && text(binds, 2) == "TRADE_HAS_FINISHED" => {
                binds[2] = Value::Text("SUCCESS".to_owned());
            }
            Bug::ResultTooHard if is_result && text(binds, 2) == "REFUND_TRADE_FEE_ERROR" => {
                binds[2] = Value::Text("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH".to_owned());
            }
            Bug::ChargeKept
                if is_into("posting") && self.reason == "refund_paid" && text(binds, 1) == "fee" =>
            {
                binds[3] = Value::Int(1);
            }
            _ => {}
        }
        Ok(Fate::Done)
    }

    /// Asks for something else than was meant.
    fn tamper_with_question(
        &mut self,
        conn: &mut dyn Conn,
        sql: &str,
        binds: &mut [Value],
    ) -> Result<(), Error> {
        match self.bug {
            Bug::TokenForEver if sql.contains("FROM token WHERE") => binds[2] = Value::Int(0),
            Bug::SignedInForEver if sql.contains("FROM session WHERE session_id") => binds[1] = Value::Int(0),
            Bug::AddressOfAnother if sql.contains("FROM address") && binds.len() == 1 => {
                binds[0] = Value::Text(somebody_else(conn, text(binds, 0))?);
            }
            _ => {}
        }
        Ok(())
    }
}

fn give_again(conn: &mut dyn Conn, credit: &str, amount: i64) -> Result<(), Error> {
    for (account, amount) in [("sandbox", -amount), (credit, amount)] {
        let sql = "UPDATE account SET balance = balance + $1 WHERE account = $2";
        conn.execute(sql, &[Bind::Int(amount), Bind::Text(account)])?;
    }
    Ok(())
}

/// Another member than this one.
fn somebody_else(conn: &mut dyn Conn, user_id: &str) -> Result<String, Error> {
    let sql = "SELECT user_id FROM users WHERE status = 'member' AND email LIKE '%@danbao.example'
               AND email NOT LIKE 'seller%' AND email NOT LIKE 'advanced%' AND user_id <> $1 ORDER BY user_id LIMIT 1";
    conn.query(sql, &[Bind::Text(user_id)])?.first().map_or_else(|| Ok(user_id.to_owned()), |row| row.get(0))
}

fn rename(binds: &mut [Value], from: &str, to: &str) {
    for bind in binds.iter_mut().filter(|bind| **bind == Value::Text(from.to_owned())) {
        *bind = Value::Text(to.to_owned());
    }
}

/// Whether a letter tells of a refused request.
fn is_refusal(binds: &[Value]) -> bool {
    let Some(Value::Bytes(letter)) = binds.get(7) else { return false };
    String::from_utf8_lossy(letter).contains("error_code=")
}

/// Every plan, as if it were for the partner who is told.
fn plans_of_everybody(sql: &str) -> Option<String> {
    let own = "SELECT plan_id, COALESCE((SELECT MIN(partner) FROM payment_request), partner), NULL,";
    let (_, rest) = sql.split_once("SELECT plan_id, partner, trade_no,")?;
    rest.contains("WHERE until_at >").then(|| format!("{own}{rest}"))
}

/// The rule that a trade's notices go in their order, taken out of the query for those that are due.
fn without_order(sql: &str) -> Option<String> {
    let (select, rest) = sql.split_once("AND NOT EXISTS")?;
    let (_, end) = rest.split_once("ORDER BY n.due_at, n.thread")?;
    Some(format!("{select} ORDER BY n.due_at, n.thread{end}"))
}

impl Plant for Planted {
    fn execute(&mut self, conn: &mut dyn Conn, sql: &str, binds: &mut [Value]) -> Result<Fate, Error> {
        self.tamper(conn, sql, binds)
    }

    fn query(
        &mut self,
        conn: &mut dyn Conn,
        sql: &str,
        binds: &mut Vec<Value>,
    ) -> Result<Option<String>, Error> {
        self.tamper_with_question(conn, sql, binds)?;
        Ok(match self.bug {
            Bug::OutOfOrder => without_order(sql),
            Bug::PlanOfAnother => plans_of_everybody(sql),
            Bug::RefusalOwedAgain if sql.contains("AND due_at IS NOT NULL AND letter IS NOT NULL") => {
                Some(sql.replace("LIMIT 1", "AND 1 = 0"))
            }
            _ => None,
        })
    }
}
