//! Mirrors, one row each.

use larder_frontend::trust::Trust;
use larder_shared::{
    api::{Mirror, Origin},
    route::page::Page,
};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, row_link, table_head},
    values::{Age, count, foreign, size},
};
use crate::route;

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
            { cell("spec", row_link(route::href(&Page::Mirror(mirror.name.clone())), foreign(mirror.name.as_str()))) }
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
