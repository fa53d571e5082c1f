//! The drawings of the shell.

use yew::prelude::*;

/// Three jars on two shelves.
pub(crate) fn brand() -> Html {
    html! {
        <svg viewBox="0 0 20 20" fill="currentColor" aria-hidden="true">
            <path d="M1 9h18v2H1zm0 8h18v2H1zM3 2h4v6H3zm6 2h3v4H9zm5-3h3v7h-3zM4 13h6v3H4zm9-1h4v4h-4z"/>
        </svg>
    }
}

/// A key.
pub(crate) fn key() -> Html {
    html! {
        <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
            <circle cx="4.5" cy="8" r="3"/><path d="M7.5 8H15v3M12 8v2.5"/>
        </svg>
    }
}

/// A magnifying glass.
pub(crate) fn search() -> Html {
    html! {
        <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.6" aria-hidden="true">
            <circle cx="7" cy="7" r="4.5"/><path d="m10.5 10.5 4 4"/>
        </svg>
    }
}
