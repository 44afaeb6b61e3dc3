//! One trade at the desk: everything about it, and what its viewer may do.

use danbao_engine::change::{Command, Grounds};
use danbao_engine::deadlines::{self, DeadlineKind};
use danbao_engine::fastpay_refund;
use danbao_engine::machine;
use danbao_engine::refund::{self, Application, Refund};
use danbao_engine::refusal::Refusal;
use danbao_engine::standing::UserStatus;
use danbao_engine::trade::{Mode, Shipment, Trade};
use danbao_node::Fault;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::ids::{TradeNo, UserId};
use danbao_protocol::money::Fen;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::service::payment::TransportType;
use danbao_protocol::status::TradeStatus;

use super::{member, refund_batch};
use crate::cashier;
use crate::deed::{self, Deed, Side};
use crate::pages::{
    self, Action, ApplyRefund, Due, DueKind, FormError, LedgerAccount, Message, NoticeFact, NoticeState,
    Party, Posting, RefundFacts, RefundForms, RefundLine, RefundPaid, Role, SendGoods, TradeDetail,
};
use crate::refunds::DeskRefund;
use crate::rows::notice::Thread;
use crate::rows::refund_batch as stored_refunds;
use crate::rows::resend::{self, StoredResend};
use crate::rows::users::User;
use crate::rows::{account, deadline, fault_plan, notice, payment_request, trade as trades};
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web::Fields;

/// A viewer at a trade of theirs.
struct At {
    visit: Visit,
    user: User,
    trade: Trade,
    role: Role,
}

/// Finds the viewer's own trade; anybody else's is not there.
fn find(turn: &mut Turn<'_>, request: &Request, trade_no: &TradeNo) -> Result<Result<At, Response>, Fault> {
    let visit = Visit::of(turn, request)?;
    let user = match member(&visit, request) {
        Ok(user) => user,
        Err(response) => return Ok(Err(response)),
    };
    let Some(trade) = trades::load(turn.tx, trade_no)? else { return Ok(Err(visit.not_found())) };
    let role = match &user.user_id {
        id if *id == trade.buyer => Role::Buyer,
        id if *id == trade.seller => Role::Seller,
        _ => return Ok(Err(visit.not_found())),
    };
    Ok(Ok(At { visit, user, trade, role }))
}

/// GET `/desk/trades/{trade_no}`.
pub(crate) fn show(turn: &mut Turn<'_>, request: &Request, trade_no: &TradeNo) -> Result<Response, Fault> {
    let at = match find(turn, request, trade_no)? {
        Ok(at) => at,
        Err(response) => return Ok(response),
    };
    let query = Fields::of_query(request);
    let done = Action::ALL.iter().find(|action| action.key() == query.get("done")).copied();
    page(turn, &at, &Fields::default(), done, None)
}

/// POST `/desk/trades/{trade_no}/{action}`.
pub(crate) fn act(
    turn: &mut Turn<'_>,
    request: &Request,
    trade_no: &TradeNo,
    action: &str,
) -> Result<Response, Fault> {
    let at = match find(turn, request, trade_no)? {
        Ok(at) => at,
        Err(response) => return Ok(response),
    };
    let form = Fields::of_body(request);
    let Some(action) = Action::ALL.iter().find(|known| known.key() == action).copied() else {
        return Ok(at.visit.not_found());
    };
    let done = if at.visit.is_own_form(&form) {
        carry_out(turn, &at, action, &form)?
    } else {
        Err(FormError::whole(Message::FormExpired))
    };
    match done {
        Ok(()) => Ok(at.visit.see_other(&format!("/desk/trades/{trade_no}?done={}", action.key()))),
        Err(error) => page(turn, &at, &form, None, Some(error)),
    }
}

fn carry_out(
    turn: &mut Turn<'_>,
    at: &At,
    action: Action,
    form: &Fields,
) -> Result<Result<(), FormError>, Fault> {
    // What cannot be undone asks for the payment password once more.
    let moves_money = matches!(
        action,
        Action::ConfirmGoods | Action::AgreeRefund | Action::ConfirmReturn | Action::RefundPaid
    );
    if moves_money && let Err(error) = cashier::check_payment_password(turn, &at.user, form)? {
        return Ok(Err(error));
    }
    let deed = match deed(&at.trade, action, form) {
        Ok(deed) => deed,
        Err(error) => return Ok(Err(error)),
    };
    let side = match at.role {
        Role::Buyer => Side::Buyer,
        Role::Seller => Side::Seller,
    };
    Ok(deed::carry_out(turn, &at.trade, side, deed)?.map(|_| ()).map_err(refused))
}

fn deed(trade: &Trade, action: Action, form: &Fields) -> Result<Deed, FormError> {
    Ok(match action {
        Action::Pay => return Err(FormError::whole(Message::TradeMovedOn)),
        Action::SendGoods => Deed::SendGoods(shipment(form)?),
        Action::ConfirmGoods => Deed::ConfirmGoods,
        Action::Close => Deed::Close,
        Action::AdjustPrice => {
            let entered = Fen::parse_signed(form.get("discount"));
            Deed::AdjustPrice(entered.map_err(|_| FormError::at("discount", Message::AmountWrong))?)
        }
        Action::ExtendTimeout => Deed::ExtendTimeout(form.get("days").parse().unwrap_or(0)),
        Action::ApplyRefund => Deed::ApplyRefund(application(trade, form)?),
        Action::AgreeRefund => Deed::AgreeRefund,
        Action::RefuseRefund => Deed::RefuseRefund(Grounds {
            reason: words(form, "answer")?,
            evidence: evidence(form, "answer_evidence")?,
        }),
        Action::ReturnGoods => Deed::ReturnGoods(shipment(form)?),
        Action::ConfirmReturn => Deed::ConfirmReturn,
        Action::WithdrawRefund => Deed::WithdrawRefund,
        Action::RefundPaid => Deed::RefundPaid(desk_refund(trade, form)?),
    })
}

fn application(trade: &Trade, form: &Fields) -> Result<Application, FormError> {
    let amount = match form.get("amount") {
        "" => trade.total_fee,
        amount => Fen::parse(amount).map_err(|_| FormError::at("amount", Message::AmountWrong))?,
    };
    let reason = words(form, "refund_reason")?;
    let evidence = evidence(form, "evidence")?;
    Ok(Application { goods_received: form.get("goods_received") == "yes", amount, reason, evidence })
}

/// A part may be refunded again and again, so that the form says of which rest: sent twice, it refunds once.
fn desk_refund(trade: &Trade, form: &Fields) -> Result<DeskRefund, FormError> {
    let is_open = fastpay_refund::check_state(trade).is_ok();
    if is_open && form.get("left") != fastpay_refund::left(trade).to_string() {
        return Err(FormError::whole(Message::TradeMovedOn));
    }
    let amount = match form.get("amount") {
        "" => fastpay_refund::left(trade),
        amount => Fen::parse(amount).map_err(|_| FormError::at("amount", Message::AmountWrong))?,
    };
    Ok(DeskRefund { amount, reason: words(form, "refund_reason")? })
}

/// What one side tells the other; it must say something.
fn words(form: &Fields, field: &'static str) -> Result<String, FormError> {
    match form.get(field) {
        "" => Err(FormError::at(field, Message::ReasonMissing)),
        text if text.chars().count() > deed::REASON_MAX => Err(FormError::at(field, Message::TooLong)),
        text => Ok(text.to_owned()),
    }
}

/// What shows that it is so; may be empty.
fn evidence(form: &Fields, field: &'static str) -> Result<String, FormError> {
    match form.get(field) {
        text if text.chars().count() > deed::EVIDENCE_MAX => Err(FormError::at(field, Message::TooLong)),
        text => Ok(text.to_owned()),
    }
}

fn refused(refusal: Refusal) -> FormError {
    let error = match refusal {
        Refusal::Wire(ErrorCode::RefundTradeFeeError) => FormError::at("amount", Message::AmountWrong),
        Refusal::Wire(ErrorCode::TxnResultAccountBalanceNotEnough) => {
            FormError::at("amount", Message::SellerBalanceTooLow)
        }
        Refusal::Wire(ErrorCode::TxnResultAccountStatusNotValid) => FormError::whole(Message::AccountFrozen),
        Refusal::Wire(
            ErrorCode::TotalFeeLessequalZero
            | ErrorCode::TotalFeeGreaterThanMax
            | ErrorCode::IllegalFeeParam
            | ErrorCode::NavigationIncomeOfRoyaltyAccount,
        ) => FormError::at("discount", Message::AmountWrong),
        _ => FormError::whole(Message::TradeMovedOn),
    };
    error.with_code(refusal.code())
}

/// The parcel of the shipping form (protocol.md §7.1: a carrier unless nothing is carried).
fn shipment(form: &Fields) -> Result<Shipment, FormError> {
    let transport_type = TransportType::from_wire(form.get("transport_type"))
        .ok_or_else(|| FormError::at("transport_type", Message::CarrierMissing))?;
    let (logistics_name, invoice_no) = (form.get("logistics_name"), form.get("invoice_no"));
    if transport_type != TransportType::Direct && logistics_name.is_empty() {
        return Err(FormError::at("logistics_name", Message::CarrierMissing));
    }
    if logistics_name.chars().count() > 64 || invoice_no.chars().count() > 32 {
        return Err(FormError::at("logistics_name", Message::TooLong));
    }
    Ok(Shipment {
        transport_type,
        logistics_name: logistics_name.to_owned(),
        invoice_no: invoice_no.to_owned(),
    })
}

fn page(
    turn: &mut Turn<'_>,
    at: &At,
    form: &Fields,
    done: Option<Action>,
    error: Option<FormError>,
) -> Result<Response, Fault> {
    let (trade, status) = (&at.trade, at.trade.trade_status);
    let merchant = turn.partner(&trade.request.partner)?.map(|partner| partner.display_name.clone());
    let stored = payment_request::load(turn.tx, &trade.trade_no)?;
    let is_unpaid = status == TradeStatus::WaitBuyerPay;
    let events = events(turn, &trade.trade_no)?;
    let page = TradeDetail {
        trade_no: trade.trade_no.to_string(),
        role: at.role,
        order: cashier::order(
            &trade.request,
            &trade.amount,
            &merchant.unwrap_or_default(),
            Some(trade.total_fee),
        ),
        service: trade.service().as_str(),
        mode: Some(cashier::mode(trade.mode)),
        status: status.as_str(),
        refund_status: trade.refund_status.map(|status| status.as_str()),
        buyer: Some(party(turn, &trade.buyer)?),
        seller: party(turn, &trade.seller)?,
        logistics: cashier::chosen_logistics(trade),
        address: trade.receive.as_ref().map(|to| cashier::address(0, to)),
        shipment: trade.shipment.as_ref().map(shown_parcel),
        due: due(turn, &trade.trade_no)?,
        is_advised: is_advised(trade, &events),
        events,
        pay_url: stored.filter(|_| is_unpaid && at.role == Role::Buyer).map(|stored| cashier::path(&stored)),
        send_goods: (status == TradeStatus::WaitSellerSendGoods && at.role == Role::Seller)
            .then(|| send_goods_form(trade, form)),
        may_confirm_goods: status == TradeStatus::WaitBuyerConfirmGoods && at.role == Role::Buyer,
        may_close: is_unpaid,
        discount: (is_unpaid && at.role == Role::Seller).then(|| trade.amount.discount.to_string()),
        extension_days: extension_days(trade, at.role),
        refund: trade.refund.as_ref().map(refund_facts),
        refund_forms: refund_forms(turn, trade, at.role, form),
        refund_paid: refund_paid(trade, &at.user, at.role, form),
        refund_lines: refund_lines(turn, trade, at.role)?,
        done,
        error,
    };
    Ok(at.visit.page(&page))
}

fn send_goods_form(trade: &Trade, form: &Fields) -> SendGoods {
    let entered = form.get("transport_type");
    let agreed = trade.logistics.map_or("EXPRESS", |group| group.logistics_type.as_str());
    SendGoods {
        transport_type: if entered.is_empty() { agreed } else { entered }.to_owned(),
        transport_types: TransportType::ALL.iter().map(|known| known.as_str()).collect(),
        logistics_name: form.get("logistics_name").to_owned(),
        invoice_no: form.get("invoice_no").to_owned(),
    }
}

/// Whether the platform has advised the buyer to apply, and nobody has done anything about it.
fn is_advised(trade: &Trade, events: &[pages::Event]) -> bool {
    let is_waiting = deadlines::running(trade) == Some(DeadlineKind::AdviseRefund);
    is_waiting && events.iter().any(|event| event.command == Command::AdviseRefund.as_str())
}

fn extension_days(trade: &Trade, role: Role) -> Vec<u64> {
    let is_running = deadlines::running(trade) == Some(DeadlineKind::ConfirmGoods);
    if role == Role::Seller && is_running { machine::EXTENSION_DAYS.to_vec() } else { Vec::new() }
}

fn refund_facts(refund: &Refund) -> RefundFacts {
    RefundFacts {
        goods_received: refund.application.goods_received,
        amount: refund.application.amount.to_string(),
        reason: refund.application.reason.clone(),
        evidence: refund.application.evidence.clone(),
        answer: refund.answer.clone(),
        answer_evidence: refund.answer_evidence.clone(),
        parcel: refund.parcel.as_ref().map(shown_parcel),
    }
}

fn shown_parcel(parcel: &Shipment) -> pages::Shipment {
    pages::Shipment {
        transport_type: parcel.transport_type.as_str(),
        logistics_name: parcel.logistics_name.clone(),
        invoice_no: parcel.invoice_no.clone(),
    }
}

/// The forms that the refund machine would listen to, so that none is shown in vain.
fn refund_forms(turn: &Turn<'_>, trade: &Trade, role: Role, form: &Fields) -> RefundForms {
    let (clocks, now) = (&turn.config.clocks, turn.now);
    let is_held =
        matches!(trade.trade_status, TradeStatus::WaitSellerSendGoods | TradeStatus::WaitBuyerConfirmGoods)
            && trade.mode == Mode::Escrow;
    let received = trade.refund.as_ref().is_some_and(|refund| refund.application.goods_received);
    let may = |side: Role, command: Command| {
        role == side && is_held && refund::next(trade.refund_status, received, command).is_some()
    };
    let is_sent = trade.trade_status == TradeStatus::WaitBuyerConfirmGoods;
    let forms = RefundForms {
        any: false,
        apply: (role == Role::Buyer && refund::may_apply(trade, clocks, now)).then(|| ApplyRefund {
            may_have_received: is_sent,
            goods_received: is_sent && form.get("goods_received") != "no",
            amount: Some(form.get("amount"))
                .filter(|amount| !amount.is_empty())
                .map_or_else(|| trade.total_fee.to_string(), str::to_owned),
            reason: form.get("refund_reason").to_owned(),
            evidence: form.get("evidence").to_owned(),
        }),
        may_answer: may(Role::Seller, Command::AgreeRefund),
        return_goods: may(Role::Buyer, Command::ReturnGoods).then(|| send_goods_form(trade, form)),
        may_confirm_return: may(Role::Seller, Command::ConfirmReturn),
        may_withdraw: may(Role::Buyer, Command::WithdrawRefund),
    };
    let any = forms.apply.is_some()
        || forms.may_answer
        || forms.return_goods.is_some()
        || forms.may_confirm_return
        || forms.may_withdraw;
    RefundForms { any, ..forms }
}

/// The seller's form, as long as the trade can be refunded by it and the account may pay.
fn refund_paid(trade: &Trade, user: &User, role: Role, form: &Fields) -> Option<RefundPaid> {
    let is_possible = fastpay_refund::check_state(trade).is_ok() && user.holder().may_give_back();
    let may = role == Role::Seller && is_possible;
    let left = fastpay_refund::left(trade).to_string();
    let entered = Some(form.get("amount")).filter(|amount| !amount.is_empty());
    may.then(|| RefundPaid {
        amount: entered.map_or_else(|| left.clone(), str::to_owned),
        reason: form.get("refund_reason").to_owned(),
        left,
    })
}

/// What was asked for; a buyer has no business with what was refused to the seller.
fn refund_lines(turn: &mut Turn<'_>, trade: &Trade, role: Role) -> Result<Vec<RefundLine>, Fault> {
    let found = stored_refunds::load_of_trade(turn.tx, trade, role == Role::Buyer)?;
    Ok(found.iter().map(|(batch_no, item)| refund_batch::line(batch_no, item)).collect())
}

fn party(turn: &mut Turn<'_>, user_id: &UserId) -> Result<Party, Fault> {
    let user = turn
        .user(user_id)?
        .ok_or_else(|| Fault::invariant(format!("a trade names the unknown user {user_id}")))?;
    let is_member = user.status == UserStatus::Member;
    Ok(Party {
        name: user.display_name,
        account: user.email,
        user_id: if is_member { user_id.to_string() } else { String::new() },
    })
}

fn due(turn: &mut Turn<'_>, trade_no: &TradeNo) -> Result<Option<Due>, Fault> {
    let next = deadline::load_of(turn.tx, trade_no)?.into_iter().min_by_key(|(_, at)| *at);
    Ok(next.map(|(kind, at)| Due {
        kind: match kind {
            DeadlineKind::AdviseRefund => DueKind::AdviseRefund,
            DeadlineKind::CloseUnpaid => DueKind::Close,
            DeadlineKind::ConfirmGoods => DueKind::Confirm,
            DeadlineKind::FinishRefundable => DueKind::Finish,
            DeadlineKind::AgreeRefund => DueKind::AgreeRefund,
            DeadlineKind::ConfirmReturn => DueKind::ConfirmReturn,
            DeadlineKind::WithdrawRefund => DueKind::WithdrawRefund,
            DeadlineKind::Release => DueKind::Release,
        },
        at: at.wire(),
    }))
}

/// The timeline: each change with the money it moved and the notifications it owed.
fn events(turn: &mut Turn<'_>, trade_no: &TradeNo) -> Result<Vec<pages::Event>, Fault> {
    let notices = notice::load_of(turn.tx, &Thread::from(trade_no))?;
    let mut notices = notices.into_iter().peekable();
    let mut events = Vec::new();
    for event in trades::load_history(turn.tx, trade_no)? {
        let postings = match event.journal_id {
            Some(journal_id) => account::postings(turn.tx, journal_id)?,
            None => Vec::new(),
        };
        // A change owes at most one notice, which is numbered by the version that the change made.
        let Grounds { reason, evidence } = event.grounds.unwrap_or_default();
        let own = notices.next_if(|notice| notice.seq == event.version);
        events.push(pages::Event {
            at: event.at.wire(),
            actor: event.actor,
            command: event.command.as_str(),
            status: event.trade_status.as_str(),
            refund_status: event.refund_status.map(|status| status.as_str()),
            reason,
            evidence,
            postings: postings
                .iter()
                .map(|posting| Posting {
                    debit: LedgerAccount::from(posting.debit.as_str()),
                    credit: LedgerAccount::from(posting.credit.as_str()),
                    amount: posting.amount.to_string(),
                })
                .collect(),
            notices: own.map(|notice| notice_fact(turn, notice)).transpose()?.into_iter().collect(),
        });
    }
    Ok(events)
}

fn notice_fact(turn: &mut Turn<'_>, notice: notice::StoredNotice) -> Result<NoticeFact, Fault> {
    let attempts = notice::load_attempts(turn.tx, &notice.thread, notice.seq)?;
    let mishaps = fault_plan::load_mishaps_of(turn.tx, &notice.thread, notice.seq)?;
    let faults = |attempt: i64| -> Vec<&'static str> {
        mishaps.get(&attempt).into_iter().flatten().map(|mishap| mishap.kind.as_str()).collect()
    };
    let resends = resend::load_of(turn.tx, &notice.thread, notice.seq)?;
    let state = match notice.state() {
        "acknowledged" => NoticeState::Acknowledged,
        "given_up" => NoticeState::GivenUp,
        _ => NoticeState::Pending,
    };
    Ok(NoticeFact {
        notify_id: notice.notify_id.to_string(),
        notify_url: notice.notify_url,
        state,
        next_at: notice.due_at.filter(|_| !notice.awaiting).map(|at| at.wire()),
        attempts: attempts
            .into_iter()
            .map(|attempt| pages::Attempt {
                at: attempt.sent_at.wire(),
                ok: attempt.outcome == "acknowledged",
                outcome: attempt.status.map_or(attempt.outcome, |status| status.to_string()),
                answer: String::from_utf8_lossy(&attempt.answer).into_owned(),
                duration_ms: attempt.duration_ms,
                faults: faults(attempt.attempt),
            })
            .collect(),
        waits: faults(notice.attempts + 1),
        resends: resends.into_iter().map(shown_resend).collect(),
    })
}

fn shown_resend(resend: StoredResend) -> pages::Resend {
    let ended = resend.outcome.map(|outcome| pages::Attempt {
        at: resend.sent_at.map(|at| at.wire()).unwrap_or_default(),
        ok: outcome == "acknowledged",
        outcome: resend.status.map_or(outcome, |status| status.to_string()),
        answer: String::from_utf8_lossy(&resend.answer.unwrap_or_default()).into_owned(),
        duration_ms: resend.duration_ms.unwrap_or_default(),
        faults: Vec::new(),
    });
    pages::Resend { reason: resend.reason, ended }
}
