//! Builds, one row each: those of a run, of a package, or of a filter.

use larder_frontend::{
    format,
    outcome::{by_outcome, kind_word, took, what_stopped},
};
use larder_shared::{api::report::BuildSummary, name::MirrorName, report::Status, route::page::Page};
use yew::prelude::*;

use super::{
    outcome::outcome,
    parts::{cell, figure_cell, mute, row_link, table_head},
    values::{Age, foreign},
};
use crate::route;

/// What stands in the last columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The time of day at which it began, for the builds of one run.
    Clock,
    /// How long ago it was reported.
    Age,
}

/// The builds in the given order.
pub(crate) fn builds_table(mirror: &MirrorName, builds: &[BuildSummary], when: When) -> Html {
    let rows = builds.iter().map(|build| (build, false));
    table(mirror, rows, when)
}

/// The builds of a run: each cause with what it blocks below it.
pub(crate) fn run_table(mirror: &MirrorName, builds: &[BuildSummary]) -> Html {
    let rows = by_outcome(builds).into_iter().map(|(index, is_below)| (&builds[index], is_below));
    table(mirror, rows, When::Clock)
}

fn table<'a>(mirror: &MirrorName, builds: impl Iterator<Item = (&'a BuildSummary, bool)>, when: When) -> Html {
    let last = if when == When::Clock { "Started" } else { "Reported" };
    html! {
        <table class="table lines grow builds">
            { table_head(&[("", "Outcome"), ("", "Package"), ("", "Phase"), ("wide", "What stopped it"), ("num", "Took"), ("num", last)]) }
            <tbody>
                { for builds.map(|(build, is_below)| row(mirror, build, when, is_below)) }
            </tbody>
        </table>
    }
}

fn row(mirror: &MirrorName, build: &BuildSummary, when: When, is_below: bool) -> Html {
    html! {
        <tr class={if is_below { "row below" } else { "row" }} key={build.id} data-hash={build.hash.clone()}>
            { cell("st-cell", outcome(build.status)) }
            { cell("spec", html! {
                <>
                    { row_link(route::href(&Page::Build(mirror.clone(), build.id)), foreign(&build.package)) }
                    if let Some(hash) = &build.hash { { " " }<span class="hash" title={hash.clone()}>{ format::short_hash(hash).to_owned() }</span> }
                </>
            }) }
            { cell("nowrap", phase(build)) }
            { why(mirror, build) }
            { figure_cell(Some("took"), match took(build) {
                Some(took) => html! { { took } },
                None => mute("unknown"),
            }) }
            { figure_cell(None, began(build, when)) }
        </tr>
    }
}

fn phase(build: &BuildSummary) -> Html {
    match (&build.phase, build.status) {
        (_, Status::Blocked) => mute("not begun"),
        (Some(phase), Status::Failed) => foreign(phase),
        (Some(phase), _) => html! { <span class="mute">{ foreign(phase) }</span> },
        (None, Status::Reused) => mute("none"),
        (None, _) => mute("unknown"),
    }
}

fn why(mirror: &MirrorName, build: &BuildSummary) -> Html {
    let text = match build.status {
        Status::Blocked => {
            return cell("wide why", html! { <>{ "waits for " }{ cause(mirror, build) }</> });
        }
        Status::Failed => what_stopped(build),
        Status::Unknown => {
            return cell("wide why", html! { "no error was reported, and nothing proves that it was built" });
        }
        Status::Built | Status::Reused => None,
    };
    match (text, build.kind) {
        (Some(text), _) => {
            let text = format::visible(&text).into_owned();
            html! { <td class="wide why mono"><bdi title={text.clone()}>{ text }</bdi></td> }
        }
        (None, Some(kind)) => cell("wide why", html! { { kind_word(kind) } }),
        (None, None) => cell("wide why none", mute(if build.status == Status::Failed { "unknown" } else { "nothing" })),
    }
}

/// What a blocked build waits for, as a link to why that failed.
pub(crate) fn cause(mirror: &MirrorName, build: &BuildSummary) -> Html {
    let name = match &build.blocked_by {
        Some(package) => foreign(package),
        None => html! { "a package it needs" },
    };
    match &build.signature {
        Some(signature) => {
            html! { <a class="mono above" href={route::href(&Page::Failure(mirror.clone(), signature.clone()))}>{ name }</a> }
        }
        None => html! { <span class="mono">{ name }</span> },
    }
}

fn began(build: &BuildSummary, when: When) -> Html {
    match (when, build.started) {
        (When::Age, _) => html! { <Age time={build.received}/> },
        (When::Clock, Some(started)) => html! {
            <time datetime={started.to_string()} title={format::utc(started)}>{ format::clock_seconds(started) }</time>
        },
        (When::Clock, None) => mute("unknown"),
    }
}
