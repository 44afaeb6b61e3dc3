//! Broken inputs, each made by making the mistake, with plain means and nothing of the crate under test.
#![allow(dead_code, unused_imports, reason = "the tests and the bench use different parts of it")]

mod asks;
mod cases;
mod field;
mod texts;

pub(crate) use asks::{KEY, NOTIFICATION, Pairs, REQUEST, RETURN, encode, gbk, join, md5, query, text, utf8};
pub(crate) use cases::{Case, cases};
