//! How often a notification is tried, and what counts as heard (protocol.md §6.5).

use std::time::Duration;

use danbao_protocol::time::Timestamp;
use expect_test::{Expect, expect};

use super::NOON;
use crate::notices::{RetrySchedule, acknowledges};

/// When each try begins, counted from the first, for a merchant that takes so long to say no each time.
fn sends(schedule: &RetrySchedule, answer_takes: Duration) -> Vec<Duration> {
    let mut at = NOON;
    let mut sends = vec![Duration::ZERO];
    while let Some(next) = schedule.next_try(sends.len(), NOON, at.plus(answer_takes)) {
        at = next;
        sends.push(at.since(NOON));
    }
    sends
}

fn listed(schedule: &RetrySchedule, expected: &Expect) {
    let lines: Vec<String> = sends(schedule, Duration::ZERO)
        .iter()
        .map(Duration::as_secs)
        .map(|s| format!("{:02} h {:02} m {:02} s\n", s / 3600, s / 60 % 60, s % 60))
        .collect();
    expected.assert_eq(&lines.concat());
}

#[test]
fn the_list_of_2011_stops_before_24_h_22_m_are_over() {
    listed(
        &RetrySchedule::of_2011(),
        &expect![[r#"
            00 h 00 m 00 s
            00 h 00 m 05 s
            00 h 02 m 05 s
            00 h 12 m 05 s
            00 h 27 m 05 s
            01 h 27 m 05 s
            03 h 27 m 05 s
            09 h 27 m 05 s
        "#]],
    );
}

#[test]
fn the_list_of_2016_ends_at_24_h_22_m_exactly() {
    listed(
        &RetrySchedule::of_2016(),
        &expect![[r#"
            00 h 00 m 00 s
            00 h 02 m 00 s
            00 h 12 m 00 s
            00 h 22 m 00 s
            01 h 22 m 00 s
            03 h 22 m 00 s
            09 h 22 m 00 s
            24 h 22 m 00 s
        "#]],
    );
}

#[test]
fn a_merchant_that_is_slow_to_say_no_is_tried_as_often_as_a_quick_one() {
    for schedule in [RetrySchedule::of_2011(), RetrySchedule::of_2016()] {
        for answer_takes in [Duration::from_millis(1), Duration::from_secs(45)] {
            assert_eq!(sends(&schedule, answer_takes).len(), 8, "{schedule:?} {answer_takes:?}");
        }
    }
}

#[test]
fn nothing_is_tried_again_long_after_the_first_try() {
    let late = NOON.plus(Duration::from_secs(25 * 3600));
    for schedule in [RetrySchedule::of_2011(), RetrySchedule::of_2016()] {
        assert_eq!(schedule.next_try(2, NOON, late), None);
        assert_eq!(schedule.next_try(0, NOON, NOON), None, "nothing was tried yet");
        assert_eq!(schedule.next_try(usize::MAX, NOON, NOON), None);
        assert_eq!(schedule.next_try(1, NOON, Timestamp(i64::MAX)), None);
    }
}

#[test]
fn seven_bytes_under_status_200_acknowledge() {
    for (status, body, kindly, strictly) in [
        (200, "success", true, true),
        (200, "success\n", true, false),
        (200, "\r\n success \t", true, false),
        (200, "SUCCESS", false, false),
        (200, "success!", false, false),
        (200, "<html>success</html>", false, false),
        (200, "fail", false, false),
        (200, "", false, false),
        (201, "success", false, false),
        (302, "success", false, false),
        (500, "success", false, false),
    ] {
        assert_eq!(acknowledges(status, body.as_bytes(), false), kindly, "{status} {body:?}");
        assert_eq!(acknowledges(status, body.as_bytes(), true), strictly, "{status} {body:?}");
    }
}
