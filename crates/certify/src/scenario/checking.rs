//! The gateway's answers to `notify_verify`: exactly `true`, or it is not (protocol.md §6.2).

use super::{Answer, DIRECT, FINISHED, Group, Mood, Scenario, Step, notify, once, page, scenario, untouched};

pub(super) fn scenarios() -> Vec<Scenario> {
    // Nothing may be believed while the gateway does not say yes; the same message is believed when it does.
    let story = |id, source, mood| {
        let steps = vec![
            Step::Gateway(mood),
            notify(FINISHED).answered(Answer::Refusal).into(),
            untouched().into(),
            Step::Gateway(Mood::Truth),
            notify(FINISHED).into(),
            once(FINISHED, 1).into(),
        ];
        scenario(Group::Checking, DIRECT, id, source, steps)
    };
    let back = |id, source, mood| {
        let steps = vec![
            Step::Gateway(mood),
            page(FINISHED).answered(Answer::Any).into(),
            untouched().into(),
            Step::Gateway(Mood::Truth),
            notify(FINISHED).into(),
            once(FINISHED, 1).into(),
        ];
        scenario(Group::Checking, DIRECT, id, source, steps)
    };
    vec![
        story("the_gateway_is_down_when_it_is_asked", ("6.2", "4.2 2 B"), Mood::Down),
        story("the_gateway_calls_the_question_invalid", ("6.2", "4.2 3 A"), Mood::Invalid),
        story("the_gateway_answers_a_page_that_ends_in_true", ("6.2", "3.4 4"), Mood::Page),
        story("the_gateway_answers_nothing", ("6.2", "4.2 3 A"), Mood::Empty),
        back("the_gateway_is_down_when_the_buyer_comes_back", ("6.2", "4.2 2 B"), Mood::Down),
        back("the_gateway_says_invalid_when_the_buyer_comes_back", ("6.2", "4.2 3 A"), Mood::Invalid),
        back("the_gateway_shows_a_page_when_the_buyer_comes_back", ("6.2", "3.4 4"), Mood::Page),
        back("the_gateway_says_nothing_when_the_buyer_comes_back", ("6.2", "4.2 3 A"), Mood::Empty),
    ]
}
