//! What every node with a database needs and none has for itself: the loop that takes groups, the fault that rolls one
//! back, and randomness from a seed. Ring 1, and about no business at all: it knows
//! neither trades nor orders.
//!
//! | module | what |
//! |---|---|
//! | [`group`] | one transaction over all inputs that wait; after a fault, one over each of them |
//! | [`fault`] | why a turn is rolled back: a broken disk or a bug |
//! | [`entropy`] | unguessable texts from the seed that the node was given at birth |

pub mod entropy;
pub mod fault;
pub mod group;

pub use entropy::Entropy;
pub use fault::Fault;
pub use group::{Again, Program, Untaken};
