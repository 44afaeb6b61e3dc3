//! What checking a notification costs beside MD5 alone: `cargo run --release -p danbao-protocol --example verify_ratio`
//! prints `{"md5_ns":..,"verify_ns":..,"ratio":..}`. Medians of interleaved rounds, so that a noisy machine disturbs
//! both alike; only the ratio means anything.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "this measures"
)]
#![allow(clippy::unwrap_used, reason = "the message is ours")]

use std::hint::black_box;
use std::time::Instant;

use ::md5::{Digest, Md5};
use danbao_protocol::charset::Charset;
use danbao_protocol::params::Params;
use danbao_protocol::sign::{self, Md5Key, Signer, md5};

const ROUNDS: usize = 201;
const TIMES: u32 = 500;

fn main() {
    let key = Md5Key::new("k0k1k2k3k4k5k6k7k8k9kakbkckdkekf");
    let mut params = notification();
    sign::append(&mut params, &Signer::Md5(key.clone())).unwrap();
    let body = params.to_urlencoded();
    let signed = [sign::sign_text(&params), key.reveal().as_bytes().to_vec()].concat();

    let (mut md5_ns, mut verify_ns) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        md5_ns.push(measure(|| {
            black_box(Md5::digest(black_box(&signed)));
        }));
        verify_ns.push(measure(|| {
            let params = Params::parse_urlencoded(black_box(body.as_bytes())).unwrap();
            black_box(md5::verify(&params, &key)).unwrap();
        }));
    }
    let (md5_ns, verify_ns) = (median(&mut md5_ns), median(&mut verify_ns));
    println!(
        "{{\"md5_ns\":{md5_ns:.0},\"verify_ns\":{verify_ns:.0},\"ratio\":{:.3},\"body_bytes\":{},\"signed_bytes\":{}}}",
        verify_ns / md5_ns,
        body.len(),
        signed.len(),
    );
}

/// An escrow notification of an ordinary size.
fn notification() -> Params {
    let fields = [
        ("discount", "0.00"),
        ("payment_type", "1"),
        ("subject", "录音笔 2G 黑色 送耳机"),
        ("trade_no", "2012022912345678"),
        ("buyer_email", "buyer@mail.example"),
        ("gmt_create", "2012-02-29 23:50:01"),
        ("notify_type", "trade_status_sync"),
        ("quantity", "1"),
        ("out_trade_no", "ORDER-2012-0229-000017"),
        ("seller_id", "2088000000000001"),
        ("notify_time", "2012-02-29 23:59:59"),
        ("body", "订单 17：录音笔一支，赠送耳机一副；请在工作日发货，谢谢"),
        ("trade_status", "WAIT_SELLER_SEND_GOODS"),
        ("is_total_fee_adjust", "N"),
        ("total_fee", "338.00"),
        ("gmt_payment", "2012-02-29 23:59:58"),
        ("seller_email", "seller@shop.example"),
        ("price", "328.00"),
        ("buyer_id", "2088000000000002"),
        ("notify_id", "70fec0c2730b27528665af4517c27b95aa"),
        ("use_coupon", "N"),
        ("logistics_type", "EXPRESS"),
        ("logistics_fee", "10.00"),
        ("logistics_payment", "BUYER_PAY"),
        ("gmt_logistics_modify", "2012-02-29 23:55:12"),
        ("receive_name", "张三"),
        ("receive_address", "上海市 普陀区 某路100号 3单元 502室"),
        ("receive_zip", "200062"),
        ("receive_mobile", "13800000000"),
    ];
    let mut params = Params::new();
    for (name, value) in fields {
        params.push_text(name, value, Charset::Utf8).unwrap();
    }
    params
}

fn measure(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    for _ in 0..TIMES {
        work();
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
