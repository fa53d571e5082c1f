//! What became of builds: a word with its shape, and a row of cells.

use larder_frontend::outcome::cells_sentence;
use larder_shared::{
    api::report::{BuildSummary, Cell, RunSummary},
    name::MirrorName,
    report::Status,
    route::page::Page,
};
use yew::prelude::*;

use crate::route;

/// An outcome: its shape and its word.
pub(crate) fn outcome(status: Status) -> Html {
    html! { <span class={classes!("st", status.as_str())}>{ status.as_str() }</span> }
}

/// One cell a build, in build order. Each leads to its build; who hears the page hears how many of what
/// came after each other.
pub(crate) fn cells(mirror: &MirrorName, cells: &[Cell]) -> Html {
    if cells.is_empty() {
        return html! { <span class="mute">{ "no builds" }</span> };
    }
    html! {
        <>
            <span class="sr">{ cells_sentence(cells.iter().map(|cell| cell.status)) }</span>
            <span class="cells" aria-hidden="true">
                for cell in cells {
                    <a key={cell.id} class={cell.status.as_str()} tabindex="-1" href={route::href(&Page::Build(mirror.clone(), cell.id))}
                        title={format!("{}: {}", larder_frontend::format::visible(&cell.package), cell.status.as_str())}></a>
                }
            </span>
        </>
    }
}

/// The cells of a run, and how many builds have none.
pub(crate) fn run_cells(mirror: &MirrorName, run: &RunSummary) -> Html {
    let rest = run.counts.total().saturating_sub(run.cells.len() as u64);
    html! {
        <>
            { cells(mirror, &run.cells) }
            if rest > 0 { <span class="count">{ format!(" and {} more", larder_frontend::format::count(rest)) }</span> }
        </>
    }
}

/// Builds as cells, the oldest first. `builds` has the newest first.
pub(crate) fn history_cells(mirror: &MirrorName, builds: &[BuildSummary]) -> Html {
    let of = |build: &BuildSummary| Cell { id: build.id, package: build.package.clone(), status: build.status };
    cells(mirror, &builds.iter().rev().map(of).collect::<Vec<_>>())
}
