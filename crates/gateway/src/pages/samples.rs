//! One or more samples of every page, as a route would fill it. The tests render them all; they are also what to look
//! at when a page is designed.

use danbao_protocol::error_code::ErrorCode;

use super::*;

mod desk;
mod faults;
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
    all::<Faults>(&mut see);
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
            back: Some(Return {
                url: format!("/cashier/{ID}/return"),
                seconds: Some(5),
                stay_url: format!("/cashier/{ID}/paid?stay=1"),
            }),
            trade_url: Some(format!("/desk/trades/{NO}")),
        };
        let stay = Paid { next: NextStep::Done, back: None, ..back.clone() };
        let waits =
            Paid { back: back.back.clone().map(|link| Return { seconds: None, ..link }), ..back.clone() };
        let visitor = Paid { trade_url: None, ..back.clone() };
        let pending = Paid { next: NextStep::Pending, ..back.clone() };
        vec![("back", back), ("stay", stay), ("waits", waits), ("visitor", visitor), ("pending", pending)]
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
