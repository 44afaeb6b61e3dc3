//! What every node with a database needs and none has for itself. Ring 1, and about no business at all: nothing here
//! knows a trade, an order, a partner or a word of the wire (docs/adr/0026-the-nodes-own-crate.md).
//!
//! | module | what |
//! |---|---|
//! | [`group`] | one transaction over all inputs that wait; after a fault, one over each of them |
//! | [`effects`] | what a group wants done once it is committed, and whose answers are waited for then |
//! | [`names`] | numbers for sends and messages, one life of a database apart from the next |
//! | [`fault`] | why a turn is rolled back: a broken disk or a bug |
//! | [`entropy`] | unguessable texts from the seed that the node was given at birth |
//! | [`sweep`] | forgetting what has had its time, in slices |
//! | [`web`] | forms, cookies, pages, redirects |
//! | [`problem`] | problems of RFC 9457, and what a body of JSON may hold |
//! | [`lang`] | the languages that pages speak |
//! | `openapi` | for tests, as a feature: the description of an API held against the API |

pub mod effects;
pub mod entropy;
pub mod fault;
pub mod group;
pub mod lang;
pub mod names;
#[cfg(any(test, feature = "openapi"))]
pub mod openapi;
pub mod problem;
pub mod sweep;
pub mod web;

pub use effects::Effects;
pub use entropy::Entropy;
pub use fault::Fault;
pub use group::{Again, Program, Untaken};
pub use lang::Lang;
pub use names::Names;
pub use sweep::Sweep;
