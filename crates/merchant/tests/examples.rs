//! The examples are programs that somebody copies: they run.

#[path = "../examples/several_accounts.rs"]
#[expect(unreachable_pub, reason = "a program of its own")]
mod several_accounts;

#[cfg(feature = "sqlite")]
#[path = "../examples/plain_http.rs"]
#[expect(unreachable_pub, reason = "a program of its own")]
mod plain_http;

#[cfg(all(feature = "axum", feature = "client", feature = "sqlite"))]
#[path = "../examples/axum_shop.rs"]
#[expect(unreachable_pub, reason = "a program of its own")]
mod axum_shop;

type Played = Result<(), Box<dyn std::error::Error + Send + Sync>>;

#[test]
fn a_key_is_changed_while_the_shop_is_open() -> Played {
    several_accounts::main()
}

#[cfg(feature = "sqlite")]
#[test]
fn a_shop_of_plain_http_values_delivers_once() -> Played {
    plain_http::main()
}

#[cfg(all(feature = "axum", feature = "client", feature = "sqlite"))]
#[test]
fn a_shop_on_axum_delivers_once() -> Played {
    axum_shop::main()
}
