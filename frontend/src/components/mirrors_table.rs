//! Mirrors, one row each, and the largest packages of one.

use larder_frontend::trust::Trust;
use larder_shared::{
    api::{Mirror, Origin, PackageSummary},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, row_link, table_head},
    values::{Age, count, foreign, size, total_size},
};

/// How much of a mirror is signed, as a badge.
pub(crate) fn trust_badge(mirror: &Mirror) -> Html {
    let trust = Trust::of(mirror);
    let class = match trust {
        Trust::Signed => "badge signed",
        Trust::PartlySigned | Trust::Unsigned => "badge unsigned",
        Trust::Empty | Trust::Unknown => "badge mute",
    };
    html! { <span {class}>{ trust.word() }</span> }
}

/// The size of all a mirror's tarballs, as far as known.
pub(crate) fn stored(mirror: &Mirror) -> Html {
    size((mirror.unsized_specs == 0 || mirror.bytes > 0).then_some(mirror.bytes))
}

/// All mirrors.
pub(crate) fn mirrors_table(mirrors: &[Mirror]) -> Html {
    html! {
        <table class="table lines mirrors">
            { table_head(&[("", "Mirror"), ("num", "Specs"), ("num", "Packages"), ("num", "Stored"), ("", "Trust"), ("hide-s", "Origin"), ("num", "Last change")]) }
            <tbody>
                for mirror in mirrors { { mirror_row(mirror) } }
            </tbody>
        </table>
    }
}

fn mirror_row(mirror: &Mirror) -> Html {
    let trouble = mirror.origin_state.as_ref().is_some_and(|state| state.error.is_some());
    html! {
        <tr class="row" key={mirror.name.as_str()}>
            { cell("spec", row_link(Page::Mirror(mirror.name.clone()).to_string(), foreign(mirror.name.as_str()))) }
            { figure_cell(Some("specs"), count(mirror.specs)) }
            { figure_cell(Some("packages"), count(mirror.packages)) }
            { figure_cell(Some("stored"), stored(mirror)) }
            <td data-l="trust">{ trust_badge(mirror) }</td>
            <td class="hide-s">
                { match mirror.origin { Origin::Bucket => "bucket", Origin::Http { .. } | Origin::Oci { .. } => "read-through" } }
                if trouble { <span class="badge unsigned trouble">{ "origin fails" }</span> }
            </td>
            { figure_cell(None, match mirror.updated {
                Some(updated) => html! { <Age time={updated} ago=true/> },
                None => mute("never"),
            }) }
        </tr>
    }
}

/// The packages that take the most room, the largest first, with bars against it.
pub(crate) fn largest_table(mirror: &MirrorName, packages: &[PackageSummary]) -> Html {
    let most = packages.first().map_or(1, |package| package.bytes.max(1));
    html! {
        <table class="table dense largest">
            { table_head(&[("", "Package"), ("num", "Specs"), ("num", "Size"), ("", "Of the largest")]) }
            <tbody>
                for package in packages {
                    <tr class="row" key={package.name.as_str()}>
                        { cell("spec cut", row_link(Page::Package(mirror.clone(), package.name.clone()).to_string(), foreign(package.name.as_str()))) }
                        { figure_cell(None, count(package.specs)) }
                        { figure_cell(None, total_size(package.bytes)) }
                        <td class="bar-cell" aria-hidden="true"><svg viewBox="0 0 100 1" preserveAspectRatio="none"><rect width={percent(package.bytes, most)} height="1"/></svg></td>
                    </tr>
                }
            </tbody>
        </table>
    }
}

/// `part` of `whole` in percent, at least one.
fn percent(part: u64, whole: u64) -> String {
    (part.saturating_mul(100) / whole.max(1)).max(1).to_string()
}
