//! Where a person ends who loads the address of a form again, chooses the other language there, or reads slowly.

use http::header::ALLOW;
use http::{Method, StatusCode};

use super::browser::{Browser, Page};
use super::login::login;
use super::order::Call;
use super::world::{World, on_both_databases, request};

/// Follows the page's link to the other language.
fn in_english(world: &mut World, browser: &mut Browser, page: &Page) -> Page {
    let path = page.at.split('?').next().unwrap();
    let link = page.link(&format!("{path}?"));
    assert!(link.ends_with("lang=en"), "{link}");
    browser.open(world, &link)
}

#[test]
fn a_form_that_came_back_leads_to_its_page_in_the_other_language() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let cashier = browser.open(world, &Call::direct(&shop, "f1", "10.00").url());
        let wrong = cashier.form("/member").with("account", &zhang.email).with("login_password", "wrong");
        let came_back = browser.send(world, &wrong);
        assert!(came_back.says("sign_in_wrong") && came_back.at.ends_with("/member"), "{}", came_back.at);
        let english = in_english(world, &mut browser, &came_back);
        assert_eq!(english.status, StatusCode::OK, "{}", english.html);
        assert!(english.html.contains("<html lang=\"en") && english.has_form("/member"));

        let mut browser = Browser::default();
        let handover = browser.open(world, &login(&shop).url());
        let wrong = handover.form("/sign-in").with("account", &zhang.email).with("login_password", "wrong");
        let came_back = browser.send(world, &wrong);
        assert!(came_back.at.ends_with("/sign-in"), "{}", came_back.at);
        let english = in_english(world, &mut browser, &came_back);
        assert!(english.html.contains("<html lang=\"en") && english.has_form("/sign-in"), "{}", english.html);

        let mut browser = Browser::default();
        for (form, page) in [
            ("/desk/trades/2012010500000001/close", "/desk/trades/2012010500000001"),
            ("/desk/sign-out", "/desk"),
            ("/desk/faults/1/end", "/desk/faults"),
        ] {
            let signs_in = browser.open(world, &format!("{form}?lang=en"));
            let next = signs_in.form("/sign-in").fields["next"].clone();
            assert!(next.starts_with(page) && !next.contains(form), "{form} leads to {next}");
        }
        let nothing = browser.open(world, "/desk/trades/2012010500000001/nothing");
        assert_eq!(nothing.status, StatusCode::NOT_FOUND);
    });
}

#[test]
fn who_reads_slowly_keeps_the_page_that_says_paid() {
    on_both_databases(|world| {
        let (shop, zhang) = (world.shop.clone(), world.zhang());
        let mut browser = Browser::default();
        let cashier = browser.open(world, &Call::direct(&shop, "f2", "10.00").url());
        let form = cashier.form("/member").with("account", &zhang.email).with("login_password", "login123");
        let pay = browser.send(world, &form);
        let paid = browser
            .send(world, &pay.form("/pay").with("method", "balance").with("payment_password", "pay123"));
        assert!(paid.html.contains("http-equiv=\"refresh\""));
        let link = paid.link(&format!("{}?stay", paid.at));
        let stays = browser.open(world, &link);
        assert!(!stays.html.contains("http-equiv"), "the browser does not go on by itself");
        assert!(stays.shows(&paid.at.replace("/paid", "/return")), "but may be told to");
    });
}

#[test]
fn whoever_asks_for_the_head_of_a_page_is_told_it_and_a_strange_method_is_told_the_known_ones() {
    on_both_databases(|world| {
        for path in ["/", "/errors", "/desk/sign-in", "/static/danbao.css", "/static/danbao.svg"] {
            assert_eq!(world.ask(request(Method::HEAD, path, "")).status(), StatusCode::OK, "{path}");
        }
        let refused = world.ask(request(Method::PUT, "/", ""));
        assert_eq!(refused.status(), StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refused.headers()[ALLOW], "GET, HEAD, POST");
    });
}
