//! What is drawn from what it is given. Nothing here asks the server or knows a page's state.
//!
//! What keeps a state of its own or listens is a component with props. The rest are functions: each
//! component adds about 1 kB to what a first visit loads.

pub(crate) mod builds_table;
pub(crate) mod chart;
pub(crate) mod column_menu;
pub(crate) mod commands;
pub(crate) mod copy;
pub(crate) mod coverage_grid;
pub(crate) mod dependency_tree;
pub(crate) mod dialog;
pub(crate) mod eras_table;
pub(crate) mod excerpt;
pub(crate) mod facets;
pub(crate) mod failure;
pub(crate) mod failures_table;
pub(crate) mod filters;
pub(crate) mod found_table;
pub(crate) mod glyph;
pub(crate) mod graph_view;
pub(crate) mod install;
pub(crate) mod keys_table;
pub(crate) mod log_bar;
pub(crate) mod log_map;
pub(crate) mod log_rows;
pub(crate) mod log_view;
pub(crate) mod mirror_chooser;
pub(crate) mod mirrors_table;
pub(crate) mod outcome;
pub(crate) mod page_head;
pub(crate) mod parts;
pub(crate) mod results_table;
pub(crate) mod runs_table;
pub(crate) mod search_box;
pub(crate) mod shell;
pub(crate) mod shortcuts;
pub(crate) mod skeleton;
pub(crate) mod spec_facts;
pub(crate) mod spec_text;
pub(crate) mod specs_table;
pub(crate) mod stats;
pub(crate) mod tabs;
pub(crate) mod theme_button;
pub(crate) mod usage_tables;
pub(crate) mod values;
pub(crate) mod virtual_rows;
