//! Light, dark, or as the system says; kept in the browser. `start.js` applies it before the first paint.

use gloo::utils::document_element;

use crate::browser;

const KEY: &str = "larder-theme";

/// How the page is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    System,
    Light,
    Dark,
}

impl Theme {
    /// What the browser remembers.
    pub(crate) fn remembered() -> Self {
        match browser::remembered(KEY).as_deref() {
            Some("light") => Self::Light,
            Some("dark") => Self::Dark,
            _ => Self::System,
        }
    }

    /// Colours the page so, and remembers it.
    pub(crate) fn apply(self) {
        let root = document_element();
        let _ = match self {
            Self::System => root.remove_attribute("data-theme"),
            Self::Light | Self::Dark => root.set_attribute("data-theme", self.name()),
        };
        browser::remember(KEY, self.name());
    }

    /// The one after it, when the button is pressed.
    pub(crate) const fn next(self) -> Self {
        match self {
            Self::System => Self::Light,
            Self::Light => Self::Dark,
            Self::Dark => Self::System,
        }
    }

    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}
