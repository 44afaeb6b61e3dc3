//! Placeholder, replaced within the same session.
