//! How long an explanation takes: every broken input of the tests, a signature that nothing explains, and the largest
//! inputs, each beside as many bare digests of its text as it tried, in one run.
//!
//! `cargo bench -p danbao-explain`; it ends with 1 if any message takes longer than the limit.
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::float_arithmetic,
    missing_docs,
    reason = "a measurement is a host: it reads the clock and prints"
)]

#[path = "../tests/broken/mod.rs"]
mod broken;

use std::hint::black_box;
use std::time::{Duration, Instant};

use broken::{KEY, NOTIFICATION, cases, query, utf8};
use danbao_explain::{PAIRS_MAX, Question, explain};
use md5::{Digest, Md5};

/// What an explanation may take.
const LIMIT: Duration = Duration::from_millis(50);
/// Each is taken so often, and the median counts.
const ROUNDS: usize = 5;

fn main() {
    let mut slowest = (Duration::ZERO, "");
    let mut sum = Duration::ZERO;
    let cases = cases();
    for case in &cases {
        let mysign = case.mysign.as_deref().map(str::as_bytes);
        let question = Question { input: &case.input, key: Some(&case.key), mysign, ..Question::default() };
        let (took, _) = median(&question);
        sum += took;
        slowest = slowest.max((took, case.name));
    }
    let count = u32::try_from(cases.len()).unwrap();
    println!("{:>34} {:>8.2} ms on average of {count}", "broken inputs", ms(sum / count));
    println!("{:>34} {:>8.2} ms: {}", "the slowest of them", ms(slowest.0), slowest.1);

    let no_sign = "0123456789abcdef0123456789abcdef";
    let usual = query(&utf8(NOTIFICATION), no_sign);
    let unexplained = report("nothing explains it", &usual);
    let many: String = (0..PAIRS_MAX - 2).map(|n| format!("p{n}=%E6%B5%8B+%22{n}&")).collect();
    let most = report("as many parameters as may be", &format!("{many}sign={no_sign}"));
    let long = "%E6%B5%8B+%26'".repeat(4_500);
    let longest = report("as long as may be", &format!("body={long}&sign={no_sign}"));
    let both = format!("return_url_log:sign={no_sign}&mysign=f{}\n{many}", &no_sign[1..]);
    let twice = report("two digests that nothing explains", &both);

    if slowest.0.max(unexplained).max(most).max(longest).max(twice) > LIMIT {
        println!("the limit for a message of any size is {} ms", LIMIT.as_millis());
        std::process::exit(1);
    }
}

fn report(name: &str, input: &str) -> Duration {
    let question = Question { input: input.as_bytes(), key: Some(KEY.as_bytes()), ..Question::default() };
    let (took, tried) = median(&question);
    let text = explain(&question).unwrap().text;
    let start = Instant::now();
    for _ in 0..tried {
        black_box(Md5::new().chain_update(black_box(&text)).chain_update(KEY).finalize());
    }
    let bare = start.elapsed();
    println!(
        "{name:>34} {:>8.2} ms for {tried} digests, {:.1} of the bare digests",
        ms(took),
        took.as_secs_f64() / bare.as_secs_f64()
    );
    took
}

fn median(question: &Question<'_>) -> (Duration, u32) {
    let mut tried = 0;
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            tried = black_box(explain(black_box(question))).unwrap().tried;
            start.elapsed()
        })
        .collect();
    times.sort();
    (times[ROUNDS / 2], tried)
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
