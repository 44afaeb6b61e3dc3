//! Placeholder, replaced within the same session.
pub mod pages;
