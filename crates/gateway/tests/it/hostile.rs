//! What the outside may throw at a gateway: it answers rightly, never with a fault, and loses nothing.

use bytes::Bytes;
use danbao_protocol::node::Response;
use http::{Method, StatusCode};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use serde_json::{Value, json};

use super::browser::{Browser, Form};
use super::order::Call;
use super::world::{World, body_text, on_both_databases, request};

/// The code of a debug-error page or of an XML error; where the browser is sent otherwise.
fn code_of(response: &Response) -> String {
    if let Some(location) = response.headers().get(http::header::LOCATION) {
        return location.to_str().unwrap().to_owned();
    }
    let body = body_text(response);
    let marks = [("<p class=\"code\">错误代码： <code>", "<"), ("<error>", "<")];
    let found = marks.iter().find_map(|(start, end)| {
        let (_, rest) = body.split_once(start)?;
        rest.split(end).next()
    });
    match found {
        Some(code) => code.to_owned(),
        None => {
            body.split_once("<code>").map_or(String::new(), |(_, c)| c.split('<').next().unwrap().to_owned())
        }
    }
}

#[test]
fn a_megabyte_of_anything_is_answered() {
    on_both_databases(|world| {
        for fill in ["a", "a=b&", "%", "%41", "=", "&", "\0", "\r\n", "<", "{\"a\":", "担"] {
            let body = Bytes::from(fill.repeat((1 << 20) / fill.len()));
            for path in ["/gateway.do", "/trade/notify_query.do", "/desk/sign-in", "/cashier/x/member"] {
                world.ask(request(Method::POST, path, body.clone()));
            }
            let mut multipart = request(Method::POST, "/gateway.do", body.clone());
            let content_type = "multipart/form-data; boundary=a".parse().unwrap();
            multipart.headers_mut().insert(http::header::CONTENT_TYPE, content_type);
            world.ask(multipart);
            let mut api = request(Method::POST, "/sandbox/v1/checkout", body);
            let bearer = format!("Bearer {}", world.demo.sandbox_token).parse().unwrap();
            api.headers_mut().insert(http::header::AUTHORIZATION, bearer);
            assert_eq!(world.ask(api).status(), StatusCode::BAD_REQUEST);
        }
    });
}

#[test]
fn a_megabyte_of_subject_is_too_long() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let call = Call::direct(&shop, "h1", "1.00").with("subject", &"长".repeat(300_000));
        let response = world.ask(request(Method::POST, "/gateway.do", call.signed()));
        assert_eq!(code_of(&response), "ILLEGAL_ARGUMENT");
    });
}

#[test]
fn what_is_no_form_is_an_illegal_argument() {
    on_both_databases(|world| {
        let many: String = (0..10_000).map(|number| format!("p{number}=1&")).collect();
        for body in ["a=%", "a=%4", "a=%zz", "%=1", "service=a&service=b", many.as_str()] {
            let response = world.ask(request(Method::POST, "/gateway.do", body.to_owned()));
            assert_eq!(code_of(&response), "ILLEGAL_ARGUMENT", "{}", &body[..body.len().min(40)]);
            let response = world.ask(request(Method::POST, "/trade/notify_query.do", body.to_owned()));
            assert_eq!(body_text(&response), "invalid");
        }
        let conflict = world.ask(request(Method::POST, "/gateway.do?partner=1", "partner=2"));
        assert_eq!(code_of(&conflict), "ILLEGAL_ARGUMENT");
    });
}

#[test]
fn amounts_beyond_all_bounds_are_refused() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let odd = [
            "-0.01",
            "-1",
            "1e9",
            "NaN",
            "inf",
            "0x10",
            "１",
            "1,000.00",
            " 1",
            "1 ",
            "+1",
            "1.",
            ".5",
            "92233720368547758.07",
            "92233720368547758.08",
            "99999999999999999999999999",
            "1.000",
        ];
        for (nth, amount) in odd.into_iter().enumerate() {
            let direct = Call::direct(&shop, &format!("h2-{nth}"), amount);
            assert_eq!(code_of(&world.get(&direct.url())), "ILLEGAL_FEE_PARAM", "total_fee={amount}");
            let good = Call::escrow(&shop, &format!("h2-{nth}"), "1.00");
            for name in ["price", "discount", "total_fee", "logistics_fee"] {
                if name == "discount" && amount.starts_with('-') {
                    continue;
                }
                let call = good.clone().with("logistics_payment", "BUYER_PAY").with(name, amount);
                let code = code_of(&world.get(&call.url()));
                let lawful = ["ILLEGAL_FEE_PARAM", "ILLEGAL_LOGISTICS_FORMAT", "TOTAL_FEE_GREATER_THAN_MAX"];
                assert!(lawful.contains(&code.as_str()), "{name}={amount}: {code}");
            }
            let code = code_of(&world.get(&good.with("quantity", amount).url()));
            assert!(
                code == "ILLEGAL_ARGUMENT" || code == "TOTAL_FEE_GREATER_THAN_MAX",
                "quantity={amount}: {code}"
            );
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM payment_request"), 0);
    });
}

#[test]
fn a_nul_in_any_parameter_is_refused_and_no_fault() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let calls = [
            Call::direct(&shop, "h3", "1.00")
                .with("body", "x")
                .with("show_url", "http://shop.example/1")
                .with("buyer_email", "zhang@danbao.example")
                .with("paymethod", "directPay")
                .with("enable_paymethod", "directPay")
                .with("royalty_type", "10")
                .with("royalty_parameters", "zhang@danbao.example^0.01^x")
                .with("anti_phishing_key", "x")
                .with("exter_invoke_ip", "1.2.3.4")
                .with("extra_common_param", "x")
                .with("extend_param", "x^x")
                .with("token", "x")
                .with("it_b_pay", "1h"),
            Call::escrow(&shop, "h4", "1.00")
                .addressed()
                .with("receive_phone", "1")
                .with("seller_id", &shop.seller_id),
            Call::dual(&shop, "h5", "1.00").addressed().with("anti_phishing_key", "x"),
            Call::new(&shop, "send_goods_confirm_by_platform")
                .with("trade_no", "1")
                .with("transport_type", "EXPRESS")
                .with("logistics_name", "x")
                .with("invoice_no", "x")
                .with("seller_ip", "x"),
            Call::new(&shop, "single_trade_query").with("trade_no", "1"),
            Call::new(&shop, "single_trade_query").with("out_trade_no", "1"),
            Call::new(&shop, "close_trade").with("out_order_no", "1").with("ip", "1"),
            Call::new(&shop, "query_timestamp"),
        ];
        for call in calls {
            let names: Vec<String> =
                call.params().iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect();
            for name in names {
                for value in ["\0", "a\0", "\0a"] {
                    let response = world.get(&call.clone().with(&name, value).url());
                    let code = code_of(&response);
                    let is_code = code.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_');
                    assert!(!code.is_empty() && is_code, "{name}={value:?}: {code}");
                }
            }
            // An unknown parameter is nobody's business, whatever it holds.
            world.get(&call.with("unknown", "\0").url());
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM trade"), 0);
    });
}

#[test]
fn a_nul_in_a_form_of_ours_does_nothing() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::escrow(&shop, "h6", "1.00").url());
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let names = |form: &Form| form.fields.keys().cloned().collect::<Vec<_>>();
        for name in names(&form) {
            let answer = browser.send(world, &form.clone().with(&name, "a\0"));
            assert!(answer.status.is_client_error(), "{name}");
        }
        let pay = browser.send(world, &form);
        let form =
            pay.form("/pay").with("payment_password", "pay123").with("address", "new").with("bank", "CMB");
        for name in names(&form) {
            let answer = browser.send(world, &form.clone().with(&name, "a\0"));
            assert!(answer.status.is_client_error(), "{name}");
        }
        let desk = browser.open(world, "/desk/addresses").form("/desk/addresses").with("action", "add");
        for name in ["receive_name", "receive_address", "receive_zip", "receive_phone", "receive_mobile"] {
            browser.send(world, &desk.clone().with(name, "a\0"));
        }
        assert_eq!(world.count("SELECT COUNT(*) FROM address"), 2, "the demo's own");
        for query in
            ["/desk?status=%00", "/desk?page=%00", "/desk/sign-in?next=%00", "/?lang=%00", "/desk/trades/%00"]
        {
            browser.open(world, query);
        }
    });
}

#[test]
fn a_nul_in_the_sandboxs_json_is_refused() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let url = Call::escrow(&shop, "h7", "1.00").url();
        let zhang = world.zhang();
        let paid = world.checkout(&url, &zhang.email, Value::Null);
        world.acknowledge_all();
        let actions = format!("/trades/{}/actions", paid["trade_no"].as_str().unwrap());
        let bodies = [
            (
                "/users",
                json!({ "email": "a@x.example", "display_name": "a", "login_password": "a", "payment_password": "a", "balance": "1.00" }),
            ),
            ("/partners", json!({ "seller_email": zhang.email, "display_name": "a", "key": "a" })),
            (
                "/checkout",
                json!({ "url": url, "buyer": "a", "mode": "escrow", "method": "bank", "bank": "CMB" }),
            ),
            (
                actions.as_str(),
                json!({ "action": "send_goods", "transport_type": "EXPRESS", "logistics_name": "a", "invoice_no": "a", "method": "bank" }),
            ),
        ];
        for (path, body) in bodies {
            for name in body.as_object().unwrap().keys() {
                let mut bad = body.clone();
                bad[name] = json!("a\0");
                let (status, problem) = world.sandbox(Method::POST, path, &bad);
                assert_eq!(status, StatusCode::BAD_REQUEST, "{path} {name}");
                assert_eq!(problem["code"], "malformed_json");
            }
        }
        for query in ["out_trade_no=%00", "out_trade_no=1&partner=%00", "out_trade_no=%", "%00=1"] {
            let (status, _) = world.sandbox(Method::GET, &format!("/trades?{query}"), &Value::Null);
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{query}");
        }
    });
}

#[test]
fn play_money_has_an_end() {
    on_both_databases(|world| {
        for balance in ["92233720368547758.07", "10000000000.01", "-1.00", "1e9", ""] {
            let body = json!({ "email": "rich@x.example", "balance": balance });
            let (status, problem) = world.sandbox(Method::POST, "/users", &body);
            assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{balance}");
            assert_eq!(problem["code"], "balance_malformed");
        }
        world.member("rich@x.example", "10000000000.00");
        world.member("richer@x.example", "10000000000.00");
        assert_eq!(world.balance("sandbox"), "-20000020000.00");
    });
}

#[test]
fn a_return_url_cannot_break_out_of_its_header() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        for bad in [
            "http://shop.example/\r\nSet-Cookie: a=b",
            "http://shop.example/ a",
            "http://shop.example/\t",
            "http://shop.example/\u{85}",
            "javascript:alert(1)",
            "//shop.example/",
            "http://",
        ] {
            for name in ["return_url", "notify_url"] {
                let call = Call::direct(&shop, "h8", "1.00").with(name, bad);
                assert_eq!(code_of(&world.get(&call.url())), "ILLEGAL_ARGUMENT", "{name}={bad:?}");
            }
        }
        let odd = "http://shop.example/返回?a=\"b\"&c='d'<e>#f";
        let mut browser = Browser::default();
        let page = browser.open(world, &Call::direct(&shop, "h9", "1.00").with("return_url", odd).url());
        let form = page.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        let form = pay.form("/pay").with("method", "balance").with("payment_password", "pay123");
        let paid = browser.send(world, &form);
        let back = browser.open(world, &paid.at.replace("/paid", "/return"));
        assert!(
            back.at.starts_with("http://shop.example/%E8%BF%94%E5%9B%9E?a=\"b\"&c='d'<e>&"),
            "{}",
            back.at
        );
        assert!(back.at.ends_with("#f") && back.at.contains("&sign="));
    });
}

#[test]
fn texts_of_merchants_and_visitors_never_become_html() {
    on_both_databases(|world| {
        let shop = world.shop.clone();
        let nasty = "\"><script>alert('担')</script>{{ 7*7 }}{% raw %}";
        let mut browser = Browser::default();
        let call = Call::escrow(&shop, nasty, "1.00")
            .with("subject", nasty)
            .with("body", nasty)
            .with("show_url", "javascript:alert(1)");
        let page = browser.open(world, &call.url());
        assert!(!page.html.contains("<script>") && !page.html.contains("javascript:") && page.shows(nasty));
        let form = page
            .form("/member")
            .by_button_to("visitor")
            .with("contact", "a@b.example")
            .with("contact_name", nasty);
        let pay = browser.send(world, &form);
        let form =
            pay.form("/pay").with("bank", "CMB").with("receive_name", nasty).with("receive_address", nasty);
        let back = browser.send(world, &form.clone());
        assert!(!back.html.contains("<script>") && back.shows(nasty));
        let bank = browser.send(world, &form.with("receive_mobile", nasty.get(..20).unwrap()));
        let paid = browser.send(world, &bank.form("/bank/CMB").with("decision", "pay"));
        assert!(paid.at.ends_with("/paid") && !paid.html.contains("<script>"));
        let reply = world.get(&Call::new(&shop, "single_trade_query").with("out_trade_no", nasty).url());
        let reply = danbao_protocol::reply::Reply::parse(reply.body()).unwrap();
        assert_eq!(reply.get("subject"), Some(nasty));
        world.acknowledge();
        assert_eq!(world.sent[0].said.get("subject"), nasty);
    });
}

#[test]
fn odd_addresses_and_methods_are_answered_politely() {
    on_both_databases(|world| {
        let long = format!("/{}", "a/".repeat(4_000));
        for path in [
            "//",
            "/..",
            "/cashier",
            "/cashier/",
            "/cashier//pay",
            "/desk/",
            "/desk/trades/",
            "/desk/trades//close",
            "/handover",
            "/handover/",
            "/handover//consent",
            "/handover/x/choose",
            "/sandbox",
            "/sandbox/v1",
            "/sandbox/v1/",
            "/sandbox/v1/trades/",
            "/sandbox/v2/state",
            "/static/",
            "/static/../danbao.css",
            "/gateway.do/",
            "/%67ateway.do",
            "/favicon.ico",
            long.as_str(),
        ] {
            for method in
                [Method::GET, Method::POST, Method::HEAD, Method::PUT, Method::DELETE, Method::OPTIONS]
            {
                let response = world.ask(request(method.clone(), path, ""));
                let location = response.headers().get(http::header::LOCATION);
                let leads_to =
                    |beginning| location.is_some_and(|at| at.to_str().unwrap().starts_with(beginning));
                // The address of a form leads to its page, which is told for itself in addresses_of_forms.
                let is_led = leads_to("/desk/sign-in?") || leads_to("/handover/");
                let status = response.status();
                assert!(status.is_client_error() || is_led, "{method} {path}: {status}");
            }
        }
        for path in ["/", "/livez", "/readyz", "/static/danbao.css", "/static/danbao.svg"] {
            assert_eq!(world.get(path).status(), StatusCode::OK, "{path}");
        }
        assert_eq!(world.ask(request(Method::DELETE, "/", "")).status(), StatusCode::METHOD_NOT_ALLOWED);
    });
}

#[test]
fn garbage_in_cookies_is_nobodys_session() {
    on_both_databases(|world| {
        let long = "x".repeat(10_000);
        for cookie in
            ["", ";;;", "danbao_session", "danbao_session=", "danbao_session=' OR 1=1 --", "=;=", &long]
        {
            let mut asked = request(Method::GET, "/desk", "");
            asked.headers_mut().insert(http::header::COOKIE, cookie.parse().unwrap());
            assert_eq!(world.ask(asked).status(), StatusCode::SEE_OTHER, "{cookie}");
        }
        let mut asked = request(Method::GET, "/desk", "");
        let bytes = http::HeaderValue::from_bytes(b"danbao_session=\xff\xfe").unwrap();
        asked.headers_mut().insert(http::header::COOKIE, bytes);
        assert_eq!(world.ask(asked).status(), StatusCode::SEE_OTHER);
    });
}

#[test]
fn the_sandbox_opens_to_its_token_alone() {
    on_both_databases(|world| {
        let token = world.demo.sandbox_token.clone();
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearer x",
            &token,
            &format!("Basic {token}"),
            &format!("Bearer {token}x"),
        ] {
            for path in ["/state", "/ledger", "/trades?out_trade_no=1", "/nothing"] {
                let mut asked = request(Method::GET, &format!("/sandbox/v1{path}"), "");
                asked.headers_mut().insert(http::header::AUTHORIZATION, header.parse().unwrap());
                let response = world.ask(asked);
                assert_eq!(response.status(), StatusCode::UNAUTHORIZED, "{header} {path}");
                let content_type = &response.headers()[http::header::CONTENT_TYPE];
                assert_eq!(content_type, "application/problem+json");
            }
        }
    });
    super::world::on_both_databases_with(
        |_| {},
        |world| assert_eq!(world.get("/sandbox/v1/openapi.json").status(), StatusCode::OK),
    );
}

fn anything() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"service=".to_vec()),
        Just(b"create_direct_pay_by_user".to_vec()),
        Just(b"notify_verify&notify_id=p20120229".to_vec()),
        Just(b"&partner=2088000000000001&".to_vec()),
        Just(b"_input_charset=gbk".to_vec()),
        Just(b"sign=".to_vec()),
        Just(b"&sign_type=MD5&".to_vec()),
        Just(b"csrf=&account=".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..12),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

#[test]
fn no_bytes_whatever_meet_a_fault() {
    // Drawn once, so that both databases are thrown the same.
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let bodies: Vec<Vec<u8>> =
        (0..300).map(|_| anything().new_tree(&mut runner).unwrap().current()).collect();
    on_both_databases(|world: &mut World| {
        for body in &bodies {
            for path in [
                "/gateway.do",
                "/trade/notify_query.do",
                "/desk/sign-in",
                "/desk/addresses",
                "/handover/x/entry",
                "/etao",
            ] {
                world.ask(request(Method::POST, path, body.clone()));
            }
        }
    });
}
