//! The desk: lists, a trade with everything that can happen to one, a batch of refunds.

use super::*;

const STATUSES: [Word; 7] = [
    "WAIT_BUYER_PAY",
    "WAIT_SELLER_SEND_GOODS",
    "WAIT_BUYER_CONFIRM_GOODS",
    "TRADE_PENDING",
    "TRADE_SUCCESS",
    "TRADE_FINISHED",
    "TRADE_CLOSED",
];

impl Sampled for Desk {
    fn samples() -> Vec<(&'static str, Self)> {
        let row = |(at, status): (usize, &Word)| DeskRow {
            trade_no: format!("20111111000000{at:02}"),
            out_trade_no: format!("SHOP20111111-00{at:02}"),
            subject: order().subject,
            other: "小店".into(),
            total: "376.00".into(),
            status,
            refund_status: (at == 1).then_some("WAIT_SELLER_AGREE"),
            created_at: "2011-11-11 11:11:11".into(),
            to_do: match at {
                0 => Some(Action::Pay),
                1 => Some(Action::SendGoods),
                2 => Some(Action::ConfirmGoods),
                _ => None,
            },
        };
        let buyer = Desk {
            account: "buyer@example.com".into(),
            balance: "1000.00".into(),
            role: Role::Buyer,
            status: None,
            statuses: STATUSES.to_vec(),
            rows: STATUSES.iter().enumerate().map(row).collect(),
            page: 2,
            more: true,
        };
        let empty = Desk { rows: vec![], page: 1, more: false, ..buyer.clone() };
        let seller = Desk { role: Role::Seller, status: Some("TRADE_PENDING"), ..empty.clone() };
        let filtered = Desk { role: Role::Seller, status: Some("TRADE_CLOSED"), ..buyer.clone() };
        vec![("buyer", buyer), ("empty", empty), ("seller", seller), ("filtered", filtered)]
    }
}

fn notice(state: NoticeState, outcomes: &[(&str, &str)]) -> NoticeFact {
    NoticeFact {
        notify_id: "RqPnCoPT3K9vwbh3IxD7nLkQeZ2mUa81".into(),
        notify_url: "http://127.0.0.1:8081/notify_url".into(),
        state,
        next_at: (state == NoticeState::Pending).then(|| "2011-11-11 11:23:20".into()),
        attempts: outcomes
            .iter()
            .map(|(outcome, answer)| Attempt {
                at: "2011-11-11 11:13:15".into(),
                outcome: (*outcome).into(),
                answer: (*answer).into(),
                duration_ms: 12,
                ok: *answer == "success",
                faults: if *answer == "success" { Vec::new() } else { vec!["slow_body"] },
            })
            .collect(),
        waits: if state == NoticeState::Pending { vec!["delay"] } else { Vec::new() },
        resends: vec![Resend { reason: "asked".into(), ended: None }],
    }
}

fn posting(debit: &str, credit: &str, amount: &str) -> Posting {
    Posting { debit: debit.into(), credit: credit.into(), amount: amount.into() }
}

impl Sampled for TradeDetail {
    fn samples() -> Vec<(&'static str, Self)> {
        let event = |at: &str, actor, command, status| Event {
            at: at.into(),
            actor,
            command,
            status,
            refund_status: None,
            reason: String::new(),
            evidence: String::new(),
            postings: vec![],
            notices: vec![],
        };
        let created = Event {
            notices: vec![notice(
                NoticeState::Acknowledged,
                &[("timed_out", ""), ("500", "<h1>Internal</h1>"), ("200", "success")],
            )],
            ..event("2011-11-11 11:11:11", "buyer", "create", "WAIT_BUYER_PAY")
        };
        let paid = Event {
            postings: vec![
                posting("bank:ICBCB2C", "user:2088000000000002", "376.00"),
                posting("user:2088000000000002", "escrow:2011111100000001", "376.00"),
            ],
            notices: vec![notice(NoticeState::Pending, &[("unreachable", "")])],
            ..event("2011-11-11 11:13:10", "buyer", "pay", "WAIT_SELLER_SEND_GOODS")
        };
        let advised = Event {
            reason: "颜色不符 <b>".into(),
            evidence: "照片两张 <i>".into(),
            ..event("2011-11-18 11:13:10", "timer", "advise_refund", "WAIT_SELLER_SEND_GOODS")
        };
        let shipped = Event {
            notices: vec![notice(NoticeState::GivenUp, &[("404", "not found"), ("broken", "")])],
            ..event("2011-11-12 09:00:00", "partner", "send_goods", "WAIT_BUYER_CONFIRM_GOODS")
        };
        let finished = Event {
            postings: vec![
                posting("escrow:2011111100000001", "user:2088000000000003", "376.00"),
                posting("user:2088000000000003", "fee", "2.26"),
            ],
            refund_status: Some("REFUND_CLOSED"),
            ..event("2011-11-22 09:00:00", "timer", "confirm_goods", "TRADE_FINISHED")
        };
        let party = |name: &str, account: &str, id: &str| Party {
            name: name.into(),
            account: account.into(),
            user_id: id.into(),
        };
        let to_ship = TradeDetail {
            trade_no: NO.into(),
            role: Role::Seller,
            order: large_order(),
            service: "create_partner_trade_by_buyer",
            mode: Some(Mode::Escrow),
            status: "WAIT_SELLER_SEND_GOODS",
            refund_status: None,
            buyer: Some(party("李雷", "buyer@example.com", "2088000000000002")),
            seller: party("小店掌柜", "seller@example.com", "2088000000000003"),
            logistics: Some(logistics(0, "EXPRESS", "12.00", "BUYER_PAY", "376.00")),
            address: Some(address(1)),
            shipment: None,
            due: None,
            is_advised: true,
            events: vec![created.clone(), paid.clone(), advised],
            pay_url: None,
            send_goods: Some(SendGoods {
                transport_type: "EXPRESS".into(),
                transport_types: vec!["EXPRESS", "POST", "EMS", "VIRTUAL", "DIRECT"],
                ..SendGoods::default()
            }),
            may_confirm_goods: false,
            may_close: false,
            discount: None,
            extension_days: vec![],
            refund: None,
            refund_forms: RefundForms::default(),
            refund_paid: None,
            refund_lines: vec![],
            done: None,
            error: Some(FormError::at("logistics_name", Message::CarrierMissing)),
        };
        let to_confirm = TradeDetail {
            role: Role::Buyer,
            status: "WAIT_BUYER_CONFIRM_GOODS",
            shipment: Some(Shipment {
                transport_type: "EXPRESS",
                logistics_name: "顺丰".into(),
                invoice_no: "SF1234567890".into(),
            }),
            due: Some(Due { kind: DueKind::Confirm, at: "2011-11-22 09:00:00".into() }),
            is_advised: false,
            events: vec![created.clone(), paid.clone(), shipped.clone()],
            send_goods: None,
            may_confirm_goods: true,
            refund_forms: RefundForms {
                any: true,
                apply: Some(ApplyRefund {
                    may_have_received: true,
                    goods_received: true,
                    amount: "376.00".into(),
                    reason: String::new(),
                    evidence: String::new(),
                }),
                ..RefundForms::default()
            },
            done: Some(Action::SendGoods),
            error: None,
            ..to_ship.clone()
        };
        let to_pay = TradeDetail {
            service: "trade_create_by_buyer",
            mode: None,
            status: "WAIT_BUYER_PAY",
            buyer: None,
            logistics: None,
            address: None,
            shipment: None,
            due: Some(Due { kind: DueKind::Close, at: "2011-11-26 11:11:11".into() }),
            events: vec![created.clone()],
            pay_url: Some(format!("/cashier/{ID}")),
            may_confirm_goods: false,
            may_close: true,
            done: None,
            ..to_confirm.clone()
        };
        let finished = TradeDetail {
            status: "TRADE_FINISHED",
            refund_status: Some("REFUND_CLOSED"),
            due: None,
            events: vec![created, paid, shipped, finished],
            may_confirm_goods: false,
            done: Some(Action::ConfirmGoods),
            ..to_confirm.clone()
        };
        let direct = TradeDetail {
            order: order(),
            service: "create_direct_pay_by_user",
            mode: Some(Mode::Direct),
            status: "TRADE_SUCCESS",
            buyer: Some(party("13800138000", "13800138000", "")),
            due: Some(Due { kind: DueKind::Finish, at: "2012-02-09 11:13:10".into() }),
            done: Some(Action::Pay),
            ..to_pay.clone()
        };
        let to_refund = TradeDetail {
            role: Role::Seller,
            refund_status: Some("REFUND_SUCCESS"),
            pay_url: None,
            may_close: false,
            refund_forms: RefundForms::default(),
            refund_paid: Some(RefundPaid {
                left: "0.01".into(),
                amount: "0.02".into(),
                reason: "少发一件".into(),
            }),
            refund_lines: refund_lines(),
            done: None,
            error: Some(FormError::at("amount", Message::SellerBalanceTooLow)),
            ..direct.clone()
        };
        let refund = RefundFacts {
            goods_received: true,
            amount: "100.00".into(),
            reason: "颜色不符 <b>".into(),
            evidence: "照片：http://img.example/1.jpg <i>".into(),
            answer: String::new(),
            answer_evidence: String::new(),
            parcel: None,
        };
        let to_answer = TradeDetail {
            role: Role::Seller,
            refund_status: Some("WAIT_SELLER_AGREE"),
            due: Some(Due { kind: DueKind::AgreeRefund, at: "2011-11-27 09:00:00".into() }),
            may_confirm_goods: false,
            refund: Some(refund.clone()),
            refund_forms: RefundForms { any: true, may_answer: true, ..RefundForms::default() },
            done: None,
            ..to_confirm.clone()
        };
        let to_return = TradeDetail {
            role: Role::Buyer,
            refund_status: Some("WAIT_BUYER_RETURN_GOODS"),
            due: Some(Due { kind: DueKind::WithdrawRefund, at: "2011-11-27 09:00:00".into() }),
            refund_forms: RefundForms {
                any: true,
                return_goods: to_ship.send_goods.clone(),
                may_withdraw: true,
                ..RefundForms::default()
            },
            done: Some(Action::AgreeRefund),
            ..to_answer.clone()
        };
        let to_take_back = TradeDetail {
            role: Role::Seller,
            refund_status: Some("WAIT_SELLER_CONFIRM_GOODS"),
            due: Some(Due { kind: DueKind::ConfirmReturn, at: "2011-11-27 09:00:00".into() }),
            refund: Some(RefundFacts {
                answer: "请先寄回".into(),
                answer_evidence: "出库录像 <u>".into(),
                parcel: to_confirm.shipment.clone(),
                ..refund
            }),
            refund_forms: RefundForms { any: true, may_confirm_return: true, ..RefundForms::default() },
            done: None,
            ..to_return.clone()
        };
        let to_wait = TradeDetail {
            role: Role::Seller,
            may_confirm_goods: false,
            extension_days: vec![3, 5, 7, 10],
            refund_forms: RefundForms::default(),
            done: None,
            ..to_confirm.clone()
        };
        let to_price = TradeDetail {
            role: Role::Seller,
            discount: Some("-3.00".into()),
            pay_url: None,
            refund_forms: RefundForms::default(),
            ..to_pay.clone()
        };
        vec![
            ("to-answer", to_answer),
            ("to-return", to_return),
            ("to-take-back", to_take_back),
            ("to-wait", to_wait),
            ("to-price", to_price),
            ("to-ship", to_ship),
            ("to-confirm", to_confirm),
            ("to-pay", to_pay),
            ("finished", finished),
            ("direct", direct),
            ("to-refund", to_refund),
        ]
    }
}

fn refund_lines() -> Vec<RefundLine> {
    let done = RefundLine {
        trade_no: NO.into(),
        batch_no: "20111111001".into(),
        amount: "12.00".into(),
        reason: "颜色不符 <b>".into(),
        has_royalty: true,
        result: Some("SUCCESS".into()),
        charge: Some("0.07".into()),
        at: Some("2011-11-11 11:20:00".into()),
    };
    let refused = RefundLine {
        trade_no: "2011111100000002".into(),
        reason: "买家重复付款，按约定退回全部款项，并向买家致歉".into(),
        has_royalty: false,
        result: Some("TXN_RESULT_ACCOUNT_BALANCE_NOT_ENOUGH".into()),
        charge: None,
        ..done.clone()
    };
    let waiting = RefundLine {
        trade_no: "2011111100000003".into(),
        result: None,
        at: None,
        reason: String::new(),
        ..refused.clone()
    };
    vec![done, refused, waiting]
}

impl Sampled for RefundBatch {
    fn samples() -> Vec<(&'static str, Self)> {
        let running = RefundBatch {
            id: ID.into(),
            state: BatchState::Running,
            merchant: "小店".into(),
            batch_no: "20111111001".into(),
            seller: "seller@example.com".into(),
            total: Some("36.00".into()),
            count: 3,
            done: 2,
            succeeded: 1,
            failed: 1,
            lines: refund_lines(),
            error: None,
        };
        let unconfirmed = RefundBatch {
            state: BatchState::Unconfirmed,
            done: 0,
            succeeded: 0,
            failed: 0,
            lines: refund_lines().into_iter().skip(2).collect(),
            error: Some(FormError::at("payment_password", Message::PaymentPasswordWrong)),
            ..running.clone()
        };
        let finished = RefundBatch {
            state: BatchState::Finished,
            count: 2,
            total: None,
            lines: refund_lines().into_iter().take(2).collect(),
            ..running.clone()
        };
        vec![("unconfirmed", unconfirmed), ("running", running), ("finished", finished)]
    }
}
