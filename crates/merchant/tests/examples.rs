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

/// Without the margin, which depends on where a piece stands.
fn bare(text: &str) -> String {
    text.lines().map(|line| line.trim_start().to_owned() + "\n").collect()
}

#[test]
fn the_code_of_the_readme_stands_in_an_example_word_for_word() {
    let examples = [
        include_str!("../examples/axum_shop.rs"),
        include_str!("../examples/plain_http.rs"),
        include_str!("../examples/several_accounts.rs"),
    ];
    let examples = examples.map(bare);
    let pieces: Vec<_> = include_str!("../README.md").split("```rust\n").skip(1).collect();
    assert!(pieces.len() > 5);
    for piece in pieces {
        let code = piece.split("```").next().unwrap_or_default();
        assert!(examples.iter().any(|example| example.contains(&bare(code))), "{code}");
    }
}

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
