//! Figures in a row: on the page, not in boxes.

use yew::prelude::*;

/// A figure with its name.
pub(crate) struct Figure {
    pub name: &'static str,
    pub value: Html,
    /// Said small beside it.
    pub note: Option<Html>,
}

impl Figure {
    pub(crate) const fn new(name: &'static str, value: Html) -> Self {
        Self { name, value, note: None }
    }

    pub(crate) fn with_note(mut self, note: Html) -> Self {
        self.note = Some(note);
        self
    }
}

/// All figures of a page.
pub(crate) fn stats(figures: &[Figure]) -> Html {
    html! {
        <dl class="stats">
            for figure in figures {
                <div>
                    <dt>{ figure.name }</dt>
                    <dd>
                        { figure.value.clone() }
                        if let Some(note) = &figure.note { { " " }<small>{ note.clone() }</small> }
                    </dd>
                </div>
            }
        </dl>
    }
}
