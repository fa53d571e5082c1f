//! Small pieces that many tables and lists are made of.
//!
//! They are functions of their own because each element written out adds to what a first visit loads.

use yew::prelude::*;

use super::values::foreign;

/// The head of a table: each column's class and name. A name may be only heard.
pub(crate) fn table_head(columns: &[(&'static str, &'static str)]) -> Html {
    html! {
        <thead>
            <tr>{ for columns.iter().map(|(class, name)| html! { <th scope="col" class={*class}>{ *name }</th> }) }</tr>
        </thead>
    }
}

/// A fact and its name, in a list of facts.
pub(crate) fn fact(name: &'static str, value: Html) -> Html {
    html! { <><dt>{ name }</dt><dd>{ value }</dd></> }
}

/// A fact that a machine reads too.
pub(crate) fn mono_fact(name: &'static str, value: &str) -> Html {
    fact(name, mono(value))
}

/// Text that a machine reads too.
pub(crate) fn mono(text: &str) -> Html {
    html! { <span class="mono">{ foreign(text) }</span> }
}

/// What somebody wrote, inside a sentence.
pub(crate) fn code(text: &str) -> Html {
    html! { <code>{ foreign(text) }</code> }
}

/// Text that steps back.
pub(crate) fn mute(text: impl Into<AttrValue>) -> Html {
    html! { <span class="mute">{ text.into() }</span> }
}

/// A cell of a figure; a phone writes `label` before it.
pub(crate) fn figure_cell(label: Option<&'static str>, value: Html) -> Html {
    html! { <td class="num" data-l={label}>{ value }</td> }
}

/// A cell.
pub(crate) fn cell(class: &'static str, value: Html) -> Html {
    html! { <td {class}>{ value }</td> }
}

/// The link of a row, whose target is the whole row.
pub(crate) fn row_link(href: String, name: Html) -> Html {
    html! { <a class="row-link" data-row="" {href}>{ name }</a> }
}

/// The small head of a block, and what is said beside it.
pub(crate) fn small_head(name: &'static str, beside: &'static str) -> Html {
    html! {
        <h2 class="k">
            { name }
            if !beside.is_empty() { { " " }{ mute(beside) } }
        </h2>
    }
}

/// A sentence with what stands between backticks as code.
pub(crate) fn in_code(text: &str) -> Html {
    let parts = text.split('`').enumerate().map(|(index, part)| {
        if index % 2 == 1 {
            html! { <code>{ part.to_owned() }</code> }
        } else {
            html! { { part.to_owned() } }
        }
    });
    html! { <>{ for parts }</> }
}
