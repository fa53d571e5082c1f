//! What one of several mirrors has of what was searched for.

use larder_frontend::machine::Machine;
use larder_shared::{
    api::{PackageSummary, SpecSummary},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, row_link, table_head},
    spec_text::{chip, chips, compiler, hash, spec_page, target_chip, version},
    values::{Age, count, foreign, size, total_size},
};
use crate::route;

/// Specs of a mirror; `with_mirror` where rows of several mirrors stand together, which have the same sizes.
pub(crate) fn results_of_specs<'a>(
    specs: impl Iterator<Item = (&'a MirrorName, &'a SpecSummary)>,
    machine: Option<&Machine>,
    with_mirror: bool,
) -> Html {
    let mut columns =
        vec![("name", "Spec"), ("hash-of hide-s", "Hash"), ("hide-s", "System"), ("", "Target"), ("num age", "Pushed")];
    match with_mirror {
        true => columns.insert(1, ("system", "Mirror")),
        false => columns.insert(4, ("num size", "Size")),
    }
    let row = |(mirror, spec): (&MirrorName, &SpecSummary)| {
        let name = html! {
            <>
                { row_link(spec_page(mirror, &spec.hash), foreign(spec.name.as_str())) }
                { version(&spec.version) }
                if spec.compiler.is_some() { { " " }{ compiler(spec.compiler.as_deref()) } }
            </>
        };
        html! {
            <tr class="row" key={format!("{mirror} {}", spec.hash)} data-hash={spec.hash.to_string()}>
                { cell("spec cut", name) }
                if with_mirror { { cell("mono cut", foreign(mirror.as_str())) } }
                { cell("hide-s", hash(&spec.hash)) }
                { cell("hide-s", chip(&spec.os)) }
                { cell("", target_chip(machine, &spec.os, &spec.target)) }
                if !with_mirror { { figure_cell(Some("size"), size(spec.size)) } }
                { figure_cell(None, html! { <Age time={spec.pushed}/> }) }
            </tr>
        }
    };
    html! {
        <table class="table lines even results">
            { table_head(&columns) }
            <tbody>{ for specs.map(row) }</tbody>
        </table>
    }
}

/// Packages of a mirror.
pub(crate) fn results_of_packages(mirror: &MirrorName, packages: &[PackageSummary]) -> Html {
    let row = |package: &PackageSummary| {
        let href = route::href(&Page::Package(mirror.clone(), package.name.clone()));
        html! {
            <tr class="row" key={package.name.as_str()}>
                { cell("spec cut", html! { <>{ row_link(href, foreign(package.name.as_str())) }{ version(&package.newest) }</> }) }
                { figure_cell(Some("specs"), count(package.specs)) }
                { cell("cut hide-s", chips(&package.systems, 2)) }
                { cell("cut", chips(&package.targets, 3)) }
                { figure_cell(Some("size"), total_size(package.bytes)) }
                { figure_cell(None, html! { <Age time={package.pushed}/> }) }
            </tr>
        }
    };
    html! {
        <table class="table lines even results">
            { table_head(&[("name", "Package"), ("num specs", "Specs"), ("hide-s", "System"), ("", "Target"), ("num size", "Size"), ("num age", "Pushed")]) }
            <tbody>{ for packages.iter().map(row) }</tbody>
        </table>
    }
}
