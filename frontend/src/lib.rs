//! What the dashboard decides before it draws: formats, words, orders and shapes.
//!
//! Nothing here knows a browser, so all of it is tested natively: `cargo test -p larder-frontend --lib`.

pub mod commands;
pub mod coverage;
pub mod filter;
pub mod find;
pub mod format;
pub mod log;
pub mod nearest;
pub mod order;
pub mod outcome;
pub mod search_text;
pub mod spec_filter;
pub mod tree;
pub mod trust;
pub mod variants;
pub mod visit;
pub mod window;
