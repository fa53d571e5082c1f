//! Failures, one row each, named by the line that broke.

use std::collections::BTreeSet;

use larder_frontend::{
    format,
    outcome::{kind_word, short_place},
    visit::Visit,
};
use larder_shared::{api::report::FailureSummary, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, table_head},
    values::{Age, count, foreign},
};
use crate::route;

/// Which failures are selected, by signature, and who hears that one is taken in or out.
pub(crate) struct Picked<'a> {
    pub signatures: &'a BTreeSet<String>,
    pub on_turn: &'a Callback<String>,
}

/// The failures in the given order; what is new since `visit` has a dot.
pub(crate) fn failures_table(mirror: &MirrorName, failures: &[FailureSummary], visit: &Visit, picked: &Picked) -> Html {
    html! {
        <table class="table lines grow failures">
            { table_head(&[("wide", "First real error"), ("", "Kind"), ("", "Where"), ("", "Package"), ("num", "Seen"), ("num", "Blocks"), ("num hide-s", "First"), ("num", "Last")]) }
            <tbody>
                for failure in failures {
                    <tr class="row" key={failure.signature.as_str()}>
                        { cell("wide first", html! { <>{ pick(failure, picked) }{ error(mirror, failure, visit.is_new(failure.first)) }</> }) }
                        { cell("nowrap", html! { { kind_word(failure.kind) } }) }
                        { place(failure) }
                        { cell("spec", packages(failure)) }
                        { figure_cell(Some("seen"), count(failure.seen)) }
                        { figure_cell(Some("blocks"), count(failure.blocks)) }
                        <td class="num hide-s"><Age time={failure.first}/></td>
                        { figure_cell(None, html! { <Age time={failure.last}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

fn pick(failure: &FailureSummary, picked: &Picked) -> Html {
    let signature = failure.signature.as_str().to_owned();
    let is_picked = picked.signatures.contains(&signature);
    let onchange = picked.on_turn.reform(move |_: Event| signature.clone());
    html! { <input type="checkbox" class="pick" data-key="x" checked={is_picked} {onchange} aria-label={format!("Select {}", format::visible(&failure.message))}/> }
}

/// Failures in short: the error, what broke, what waits, since when.
pub(crate) fn broken_table(mirror: &MirrorName, failures: &[FailureSummary]) -> Html {
    html! {
        <table class="table lines grow broken">
            { table_head(&[("wide", "First real error"), ("", "Package"), ("num", "Blocks"), ("num", "Last seen")]) }
            <tbody>
                for failure in failures {
                    <tr class="row" key={failure.signature.as_str()}>
                        { cell("wide first", error(mirror, failure, false)) }
                        { cell("spec", packages(failure)) }
                        { figure_cell(Some("blocks"), count(failure.blocks)) }
                        { figure_cell(None, html! { <Age time={failure.last}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

fn error(mirror: &MirrorName, failure: &FailureSummary, is_new: bool) -> Html {
    let message = format::visible(&failure.message).into_owned();
    let href = route::href(&Page::Failure(mirror.clone(), failure.signature.clone()));
    let (class, word) = if failure.still_failing { ("st failed", "still failing: ") } else { ("st built", "fixed: ") };
    html! {
        <>
            if is_new { <span class="new">{ "new" }</span> }
            <span {class}><span class="sr">{ word }</span><a class="err-link row-link" data-row="" {href}><bdi title={message.clone()}>{ message.clone() }</bdi></a></span>
        </>
    }
}

fn place(failure: &FailureSummary) -> Html {
    match short_place(failure) {
        Some(place) => cell("mono nowrap", foreign(&place)),
        None => cell("nowrap", mute("not in a file")),
    }
}

fn packages(failure: &FailureSummary) -> Html {
    let first = failure.packages.first().map(String::as_str).unwrap_or_default();
    let rest = failure.package_count.saturating_sub(1);
    html! {
        <>
            <b>{ foreign(first) }</b>
            if rest > 0 { <span class="more">{ format!(" and {} more", format::count(rest)) }</span> }
        </>
    }
}
