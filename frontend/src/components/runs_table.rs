//! Runs, one line each, below the day they began.

use larder_frontend::{
    format,
    outcome::{counts_sentence, run_details, run_name},
};
use larder_shared::{api::report::RunSummary, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{
    outcome::run_cells,
    parts::{cell, figure_cell, mute, row_link, table_head},
    values::foreign,
};
use crate::route;

const COLUMNS: usize = 6;

/// The runs, the newest first.
pub(crate) fn runs_table(mirror: &MirrorName, runs: &[RunSummary]) -> Html {
    let days = runs.chunk_by(|a, b| format::date(a.started) == format::date(b.started));
    html! {
        <table class="table lines runs">
            { table_head(&[("", "Run"), ("", "Builds, in order"), ("", "Outcomes"), ("num", "Pushed"), ("num", "Took"), ("num", "Began")]) }
            for day in days {
                <tbody key={format::date(day[0].started)}>
                    <tr class="day"><th scope="rowgroup" colspan={COLUMNS.to_string()}>{ format::date(day[0].started) }</th></tr>
                    for run in day { { row(mirror, run) } }
                </tbody>
            }
        </table>
    }
}

fn row(mirror: &MirrorName, run: &RunSummary) -> Html {
    let details = run_details(&run.run);
    let took = run.last.as_millis().saturating_sub(run.started.as_millis());
    html! {
        <tr class="row" key={run.id}>
            { cell("name", html! {
                <>
                    { row_link(route::href(&Page::Run(mirror.clone(), run.id)), foreign(&run_name(&run.run, run.id))) }
                    if !details.is_empty() { <span class="sub">{ foreign(&details.join(", ")) }</span> }
                </>
            }) }
            { cell("run-cells", run_cells(mirror, run)) }
            { cell("why", html! { { counts_sentence(&run.counts) } }) }
            { figure_cell(Some("pushed"), html! { { format::count(run.pushed) } }) }
            { figure_cell(Some("took"), if took == 0 { mute("unknown") } else { html! { { format::duration(took) } } }) }
            { figure_cell(None, html! { <time datetime={run.started.to_string()} title={format::utc(run.started)}>{ format::clock(run.started) }</time> }) }
        </tr>
    }
}
