use std::collections::BTreeSet;

use super::*;

#[test]
fn there_are_at_least_sixty_and_each_has_a_name_of_its_own() {
    let all = all();
    let names: BTreeSet<&str> = all.iter().map(|scenario| scenario.id).collect();
    assert!(all.len() >= 60, "{}", all.len());
    assert_eq!(names.len(), all.len());
}

#[test]
fn each_ends_with_a_look_at_the_order_or_at_the_request() {
    for scenario in all() {
        let last = scenario.steps.last();
        assert!(matches!(last, Some(Step::Then(_) | Step::Look(_) | Step::Afterwards)), "{}", scenario.id);
    }
}

#[test]
fn no_forgery_is_to_be_acknowledged() {
    for scenario in all() {
        for step in &scenario.steps {
            let says = match step {
                Step::Say(say) => std::slice::from_ref(say),
                Step::AtOnce(says) | Step::Shuffled(says) => says,
                Step::Look(_) | Step::Bare(_) | Step::Gateway(_) | Step::Then(_) | Step::Afterwards => &[],
            };
            for say in says.iter().filter(|say| say.twist.is_forged()) {
                assert!(matches!(say.answer, Answer::Refusal | Answer::Any), "{}", scenario.id);
            }
        }
    }
}
