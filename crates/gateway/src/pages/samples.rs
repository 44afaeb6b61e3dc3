//! One or more samples of every page, as a route would fill it. The tests render them all; they are also what to look
//! at when a page is designed.

use danbao_protocol::error_code::ErrorCode;

use super::*;

mod login;

/// A page with its samples, each under a short name.
pub(super) trait Sampled: Page + Sized {
    fn samples() -> Vec<(&'static str, Self)>;
}

/// Shows every sample of every page to `see`, by name.
pub(super) fn each(mut see: impl FnMut(String, &dyn Fn(&Shell) -> Result<String, minijinja::Error>)) {
    fn all<P: Sampled>(see: &mut impl FnMut(String, &dyn Fn(&Shell) -> Result<String, minijinja::Error>)) {
        for (name, page) in P::samples() {
            let file = P::TEMPLATE.trim_end_matches(".html");
            see(format!("{file}-{name}"), &|shell| render_strictly(shell, &page));
        }
    }
    all::<Home>(&mut see);
    all::<Cashier>(&mut see);
    all::<Pay>(&mut see);
    all::<Bank>(&mut see);
    all::<Paid>(&mut see);
    all::<Notice>(&mut see);
    all::<DebugError>(&mut see);
    all::<SignIn>(&mut see);
    all::<Desk>(&mut see);
    all::<TradeDetail>(&mut see);
    all::<RefundBatch>(&mut see);
    all::<Errors>(&mut see);
    all::<OneError>(&mut see);
    all::<Addresses>(&mut see);
    all::<HandoverSignIn>(&mut see);
    all::<Consent>(&mut see);
    all::<AddressChoice>(&mut see);
    all::<AddressForm>(&mut see);
    all::<AddressPosting>(&mut see);
    all::<Etao>(&mut see);
}

const ID: &str = "k3v9x2m7q4";
const NO: &str = "2011111100000001";

pub(super) fn order() -> Order {
    Order {
        subject: "测试商品：青瓷茶杯一对".into(),
        body: "龙泉青瓷，手工，附木盒".into(),
        show_url: WebLink::parse("http://shop.example/goods/17"),
        merchant: "小店".into(),
        out_trade_no: "SHOP20111111-0007".into(),
        price: "0.01".into(),
        quantity: 1,
        discount: None,
        total: "0.01".into(),
    }
}

fn large_order() -> Order {
    Order {
        quantity: 3,
        price: "128.00".into(),
        discount: Some("-20.00".into()),
        total: "376.00".into(),
        show_url: None,
        ..order()
    }
}

fn logistics(index: usize, kind: Word, fee: &str, payment: Word, total: &str) -> LogisticsChoice {
    LogisticsChoice {
        index,
        logistics_type: kind,
        fee: fee.into(),
        payment,
        total: total.into(),
        chosen: index == 0,
    }
}

fn free_express() -> LogisticsChoice {
    logistics(0, "EXPRESS", "0.00", "SELLER_PAY", "0.01")
}

fn address(index: usize) -> Address {
    Address {
        index,
        name: "李雷".into(),
        address: "浙江省 杭州市 西湖区 文三路 477 号 3 幢 502 室".into(),
        zip: "310012".into(),
        phone: if index == 0 { String::new() } else { "0571-81234567".into() },
        mobile: "13800138000".into(),
    }
}

impl Sampled for Home {
    fn samples() -> Vec<(&'static str, Self)> {
        let account = |seller, account: &str| DemoAccount {
            seller,
            account: account.into(),
            login_password: "login-2011".into(),
            payment_password: "pay-2011".into(),
        };
        let sandbox = Home {
            shop_url: WebLink::parse("http://127.0.0.1:8081/"),
            etao_url: Some("/etao".into()),
            api_docs_url: Some("/sandbox/v1/openapi.json".into()),
            demo_accounts: vec![account(false, "buyer@example.com"), account(true, "seller@example.com")],
        };
        vec![("bare", Home::default()), ("sandbox", sandbox)]
    }
}

impl Sampled for Cashier {
    fn samples() -> Vec<(&'static str, Self)> {
        let dual = Cashier {
            id: ID.into(),
            order: order(),
            logistics: vec![free_express()],
            mode: Mode::Escrow,
            mode_open: true,
            member: Member::Unknown { account: String::new(), fixed: false },
            visitor: Some(Visitor::default()),
            error: None,
        };
        let escrow = Cashier {
            order: Order { total: "364.00".into(), ..large_order() },
            logistics: vec![
                logistics(0, "EXPRESS", "12.00", "BUYER_PAY", "376.00"),
                logistics(1, "EMS", "22.00", "BUYER_PAY", "386.00"),
                logistics(2, "POST", "8.00", "BUYER_PAY_AFTER_RECEIVE", "364.00"),
            ],
            mode_open: false,
            member: Member::Unknown { account: "buyer@example.com".into(), fixed: true },
            error: Some(FormError::at("login_password", Message::SignInWrong)),
            visitor: None,
            ..dual.clone()
        };
        let direct = Cashier {
            logistics: vec![],
            mode: Mode::Direct,
            mode_open: false,
            member: Member::SignedIn {
                account: "buyer@example.com".into(),
                other_url: Some(format!("/cashier/{ID}?other=1")),
            },
            ..dual.clone()
        };
        let equal = Cashier {
            member: Member::SignedIn { account: "seller@example.com".into(), other_url: None },
            visitor: Some(Visitor { contact: "13800138000".into(), name: "李雷".into() }),
            error: Some(FormError::whole(Message::BuyerIsSeller).with_code("BUYER_SELLER_EQUAL")),
            ..dual.clone()
        };
        vec![("dual", dual), ("escrow", escrow), ("direct", direct), ("equal", equal)]
    }
}

impl Sampled for Pay {
    fn samples() -> Vec<(&'static str, Self)> {
        let member = Pay {
            id: ID.into(),
            order: order(),
            logistics: Some(free_express()),
            mode: Mode::Escrow,
            payer: "buyer@example.com".into(),
            address: PayAddress::Choose {
                book: vec![address(0), address(1)],
                chosen: Some(0),
                entry: AddressEntry::default(),
            },
            balance: Some(Balance { available: "1000.00".into(), missing: None }),
            banks: BANKS.to_vec(),
            bank: "ICBCB2C".into(),
            method: Method::Balance,
            back_url: Some(format!("/cashier/{ID}")),
            error: None,
        };
        let poor = Pay {
            balance: Some(Balance { available: "0.00".into(), missing: Some("376.00".into()) }),
            order: large_order(),
            method: Method::Bank,
            address: PayAddress::Choose {
                book: vec![address(0)],
                chosen: None,
                entry: AddressEntry { name: "韩梅梅".into(), ..AddressEntry::default() },
            },
            error: Some(FormError::at("receive_zip", Message::AddressIncomplete)),
            ..member.clone()
        };
        let visitor = Pay {
            payer: "13800138000".into(),
            balance: None,
            method: Method::Bank,
            bank: String::new(),
            back_url: None,
            address: PayAddress::Choose { book: vec![], chosen: None, entry: AddressEntry::default() },
            ..member.clone()
        };
        let direct = Pay {
            logistics: None,
            mode: Mode::Direct,
            address: PayAddress::None,
            error: Some(FormError::at("payment_password", Message::PaymentPasswordWrong)),
            ..member.clone()
        };
        let given = Pay {
            address: PayAddress::Given { address: address(0) },
            banks: vec!["CMB-DEBIT", "ICBCB2C"],
            bank: "CMB-DEBIT".into(),
            method: Method::Bank,
            error: Some(FormError::whole(Message::BankDeclined)),
            ..member.clone()
        };
        vec![("member", member), ("poor", poor), ("visitor", visitor), ("direct", direct), ("given", given)]
    }
}

impl Sampled for Bank {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = Bank {
            id: ID.into(),
            bank: "ICBCB2C".into(),
            payee: "小店".into(),
            subject: order().subject,
            trade_no: NO.into(),
            amount: "376.00".into(),
        };
        vec![("known", page.clone()), ("unknown", Bank { bank: "OTHERBANK".into(), ..page })]
    }
}

impl Sampled for Paid {
    fn samples() -> Vec<(&'static str, Self)> {
        let back = Paid {
            amount: "0.01".into(),
            merchant: "小店".into(),
            trade_no: NO.into(),
            out_trade_no: order().out_trade_no,
            next: NextStep::SellerShips,
            back: Some(Return { url: format!("/cashier/{ID}/return"), seconds: 5 }),
            trade_url: Some(format!("/desk/trades/{NO}")),
        };
        let stay = Paid { next: NextStep::Done, back: None, ..back.clone() };
        let visitor = Paid { trade_url: None, ..back.clone() };
        let pending = Paid { next: NextStep::Pending, ..back.clone() };
        vec![("back", back), ("stay", stay), ("visitor", visitor), ("pending", pending)]
    }
}

impl Sampled for Notice {
    fn samples() -> Vec<(&'static str, Self)> {
        let page = |kind: &NoticeKind| Notice {
            kind: *kind,
            code: (*kind == NoticeKind::AlreadyPaid).then(|| "TRADE_NOT_ALLOWED_PAY".into()),
            links: LinkLabel::ALL
                .iter()
                .filter(|_| *kind == NoticeKind::AlreadyPaid)
                .map(|label| Link { label: *label, url: format!("/{}", label.key()) })
                .collect(),
        };
        NoticeKind::ALL.iter().map(|kind| (kind.key(), page(kind))).collect()
    }
}

impl Sampled for DebugError {
    fn samples() -> Vec<(&'static str, Self)> {
        let detail = |label, text: &str| DebugDetail { label, text: text.into() };
        let error = |code| explain(code, Lang::Zh);
        let bare = DebugError {
            error: error(ErrorCode::BusinessDataAltered),
            parameter: None,
            is_planned: false,
            service: None,
            details: vec![],
        };
        let sign = DebugError {
            error: error(ErrorCode::IllegalSign),
            parameter: Some("sign".into()),
            is_planned: false,
            service: Some("trade_create_by_buyer".into()),
            details: vec![
                detail(DebugLabel::Request, "GET /gateway.do"),
                detail(DebugLabel::Charset, "utf-8"),
                detail(
                    DebugLabel::Received,
                    "_input_charset=utf-8\nout_trade_no=SHOP20111111-0007\npartner=2088000000000001\nsubject=测试商品",
                ),
                detail(
                    DebugLabel::SignedText,
                    "_input_charset=utf-8&out_trade_no=SHOP20111111-0007&partner=2088000000000001&subject=测试商品",
                ),
                detail(DebugLabel::SignReceived, "32e1a3dd258508d7afdbb34525fa9c38"),
                detail(DebugLabel::Expected, "<0.01>"),
                detail(DebugLabel::Got, "-1"),
                detail(DebugLabel::FirstRequest, "total_fee=0.01"),
                detail(DebugLabel::Hint, "the signature fits when the values are read as gbk"),
            ],
        };
        let upper = DebugError {
            error: error(ErrorCode::SellerNotInSpecifiedSellersCapitals),
            service: Some("no_such_service".into()),
            ..bare.clone()
        };
        let planned = DebugError { error: error(ErrorCode::PayCheckFail), is_planned: true, ..bare.clone() };
        vec![("altered", bare), ("sign", sign), ("upper", upper), ("planned", planned)]
    }
}

impl Sampled for SignIn {
    fn samples() -> Vec<(&'static str, Self)> {
        let wrong = SignIn {
            account: "buyer@example.com".into(),
            next: "/desk?role=seller".into(),
            error: Some(FormError::at("login_password", Message::SignInWrong)),
        };
        vec![("fresh", SignIn::default()), ("wrong", wrong)]
    }
}

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
            })
            .collect(),
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

impl Sampled for Errors {
    fn samples() -> Vec<(&'static str, Self)> {
        let explained = |code| explain(code, Lang::Zh);
        let errors = vec![
            explained(ErrorCode::IllegalSign),
            explained(ErrorCode::BusinessDataAltered),
            explained(ErrorCode::GenericFailure),
        ];
        vec![("all", Errors { errors })]
    }
}

impl Sampled for OneError {
    fn samples() -> Vec<(&'static str, Self)> {
        let one = |code| OneError { error: explain(code, Lang::En) };
        vec![
            ("rule", one(ErrorCode::IllegalSign)),
            ("finer", one(ErrorCode::RoyaltyReceiverNotInSpecifiedAccounts)),
            ("planned", one(ErrorCode::PayCheckFail)),
            ("never", one(ErrorCode::SignIllegal)),
            ("altered", one(ErrorCode::BusinessDataAltered)),
        ]
    }
}
