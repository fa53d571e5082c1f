//! Where a package runs: systems by targets; a cell filters the specs below.

use larder_frontend::{coverage::Coverage, format, machine::Machine, spec_filter::SpecFilter};
use yew::prelude::*;

use super::values::foreign;

/// The grid; `url_of` gives the URL of the page with another filter.
pub(crate) fn coverage_grid(
    coverage: &Coverage,
    filter: &SpecFilter,
    machine: Option<&Machine>,
    url_of: &dyn Fn(&SpecFilter) -> String,
) -> Html {
    let Coverage { systems, targets, counts } = coverage;
    html! {
        <div class="scroll" tabindex="0" role="group" aria-label="Specs by system and target">
            <table class="cover">
                <thead>
                    <tr><td></td>{ for targets.iter().map(|target| html! { <th scope="col">{ foreign(target) }</th> }) }</tr>
                </thead>
                <tbody>
                    for (system, counts) in systems.iter().zip(counts) {
                        <tr key={system.as_str()}>
                            <th scope="row">{ foreign(system) }</th>
                            { for targets.iter().zip(counts).map(|(target, count)| cell(filter, machine, url_of, system, target, *count)) }
                        </tr>
                    }
                </tbody>
            </table>
        </div>
    }
}

fn cell(
    filter: &SpecFilter,
    machine: Option<&Machine>,
    url_of: &dyn Fn(&SpecFilter) -> String,
    system: &str,
    target: &str,
    count: u64,
) -> Html {
    if count == 0 {
        return html! { <td><span class="sr">{ "none" }</span><span aria-hidden="true">{ "·" }</span></td> };
    }
    let is_here = filter.os.as_deref() == Some(system) && filter.target.as_deref() == Some(target);
    // The cell that is chosen lets go of its choice.
    let (os, target_wanted) = if is_here { (None, None) } else { (Some(system.to_owned()), Some(target.to_owned())) };
    let wanted = SpecFilter { os, target: target_wanted, version: filter.version.clone() };
    let fits = machine.is_some_and(|machine| machine.runs(system, target));
    let label = format!(
        "{} for {system} {target}{}{}",
        format::counted(count, "spec"),
        if fits { ", runs on your machine" } else { "" },
        if is_here { ", shown alone; show all" } else { "" }
    );
    html! {
        <td class={classes!("has", fits.then_some("fits"), is_here.then_some("here"))}>
            <a href={url_of(&wanted)} aria-label={label} aria-current={is_here.then_some("true")}>{ format::short_count(count) }</a>
        </td>
    }
}
