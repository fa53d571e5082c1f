//! What a mirror's packages take, what was asked for in vain, and its slices.

use larder_frontend::{commands::mirror_url, format, strip::percent};
use larder_shared::{
    api::usage::{Amount, KnownSlice, PackageSize, Usage, Wanted},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    copy::Copy,
    parts::{cell, figure_cell, mute, row_link, table_head},
    values::{Age, count, foreign, total_size},
};
use crate::{route, site};

/// The packages that take the most, and the others in one row.
pub(crate) fn sizes_table(mirror: &MirrorName, usage: &Usage) -> Html {
    let all = usage.largest.iter().map(|package| package.amount.bytes).sum::<u64>() + usage.rest.amount.bytes;
    let most = usage.largest.first().map_or(1, |package| package.amount.bytes.max(1));
    let figures = |Amount { specs, bytes }: Amount| {
        let share = percent(bytes, all).map_or_else(|| "unknown".to_owned(), |share| format!("{share} %"));
        html! {
            <>
                <td class="num hide-s">{ count(specs) }</td>
                { figure_cell(None, total_size(bytes)) }
                { figure_cell(None, html! { { share } }) }
            </>
        }
    };
    html! {
        <table class="table dense largest">
            { table_head(&[("", "Package"), ("num hide-s", "Specs"), ("num", "Size"), ("num", "Of all"), ("", "Compared")]) }
            <tbody>
                for PackageSize { name, amount } in &usage.largest {
                    <tr class="row" key={name.as_str()}>
                        { cell("spec cut", row_link(route::href(&Page::Package(mirror.clone(), name.clone())), foreign(name.as_str()))) }
                        { figures(*amount) }
                        <td class="bar-cell" aria-hidden="true"><svg viewBox="0 0 100 1" preserveAspectRatio="none"><rect width={(amount.bytes * 100 / most).max(1).to_string()} height="1"/></svg></td>
                    </tr>
                }
                if usage.rest.packages > 0 {
                    <tr key="the others">
                        { cell("", mute(format!("{} more", format::counted(usage.rest.packages, "package")))) }
                        { figures(usage.rest.amount) }
                        <td></td>
                    </tr>
                }
            </tbody>
        </table>
    }
}

/// What was asked for in vain, the most wanted first. A row leads to what there is of the package.
pub(crate) fn wanted_table(mirror: &MirrorName, wanted: &[Wanted]) -> Html {
    html! {
        <table class="table lines wanted">
            { table_head(&[("", "Spec asked for"), ("", "Hash"), ("", "For"), ("num", "Times"), ("num", "First"), ("num", "Last")]) }
            <tbody>
                for one in wanted {
                    <tr class="row" key={one.hash.as_str()}>
                        { cell("spec", row_link(
                            route::url(&Page::Packages(mirror.clone()), &[("q", one.name.as_str())]),
                            html! { <><b>{ foreign(one.name.as_str()) }</b><i class="v">{ "@" }</i>{ foreign(&one.version) }</> },
                        )) }
                        <td class="hash" title={one.hash.to_string()}>{ format::short_hash(one.hash.as_str()).to_owned() }</td>
                        { cell("", place(one)) }
                        { figure_cell(Some("times"), count(one.times)) }
                        { figure_cell(Some("first"), html! { <Age time={one.first}/> }) }
                        { figure_cell(None, html! { <Age time={one.last}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

/// The system and the target, where the path told them.
fn place(one: &Wanted) -> Html {
    match (&one.os, &one.target) {
        (Some(os), Some(target)) => {
            html! { <><span class="chip">{ foreign(os) }</span>{ " " }<span class="chip">{ foreign(target) }</span></> }
        }
        _ => mute("not told"),
    }
}

/// The slices, each with the URL to add as a mirror.
pub(crate) fn slices_table(mirror: &MirrorName, slices: &[KnownSlice]) -> Html {
    let root = mirror_url(&site::url(), mirror);
    html! {
        <table class="table lines slices">
            { table_head(&[("", "Slice"), ("num", "Specs"), ("num", "URL")]) }
            <tbody>
                for KnownSlice { slice, specs } in slices {
                    <tr key={slice.to_string()}>
                        { cell("mono", foreign(&slice.to_string())) }
                        { figure_cell(Some("specs"), specs.map_or_else(|| mute("asked for"), count)) }
                        <td class="url">
                            <Copy text={format!("{root}/slice/{slice}")} label="Copy URL" name={format!("Copy URL of {slice}")}/>
                        </td>
                    </tr>
                }
            </tbody>
        </table>
    }
}
