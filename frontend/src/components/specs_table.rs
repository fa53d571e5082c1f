//! Specs, one row each: those of a package, or the newest of a mirror.

use std::rc::Rc;

use larder_frontend::{
    columns::{Column, Order},
    format,
    machine::Machine,
    variants::{Compared, Ordered},
    window::DRAWN_WHOLE,
};
use larder_shared::{
    api::SpecSummary,
    name::{DagHash, MirrorName},
};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, row_link, table_head},
    spec_text::{chip, compiler, hash, signed_badge, spec_page, target_chip, variants_line, version},
    values::{Age, foreign, size},
    virtual_rows::{spacer, use_rows_to_draw},
};

/// Variants written in a row before the rest is counted.
const MOST_VARIANTS: usize = 5;

#[derive(Properties, PartialEq)]
pub(crate) struct SpecsTableProps {
    pub mirror: MirrorName,
    /// The specs of one package.
    pub specs: Rc<Vec<SpecSummary>>,
    /// Which of them, in order.
    pub rows: Rc<Vec<usize>>,
    /// What they have in common.
    pub compared: Rc<Compared>,
    /// The columns after the hash.
    pub columns: Vec<Column>,
    /// Whether variants that are the same in all are left out.
    pub only_what_differs: bool,
    pub order: Option<Order>,
    /// The URL of this table in another order.
    pub url_of_order: Callback<String, String>,
    pub machine: Option<Machine>,
    /// The specs that are selected.
    pub picked: Rc<Vec<DagHash>>,
    /// Takes a spec into the selection, or out of it; answers whether it is in it.
    pub onpick: Callback<DagHash, bool>,
}

/// The specs of a package.
#[component]
pub(crate) fn SpecsTable(props: &SpecsTableProps) -> Html {
    let body = use_node_ref();
    let total = props.rows.len();
    let drawn = use_rows_to_draw(total, &body);
    let is_long = total > DRAWN_WHOLE;
    let cells = props.columns.len() + 1;
    html! {
        <div class="scroll">
            <table class={if is_long { "table lines specs even" } else { "table lines specs" }} aria-rowcount={is_long.then(|| (total + 1).to_string())}>
                <thead>
                    <tr>
                        <th scope="col" class="hash-head">{ "Hash" }</th>
                        { for props.columns.iter().map(|column| head(props, *column)) }
                    </tr>
                </thead>
                <tbody ref={body}>
                    if is_long { { spacer("before", cells) } }
                    for index in drawn.filter(|index| *index < total) {
                        { row(props, index, is_long) }
                    }
                    if is_long { { spacer("after", cells) } }
                </tbody>
            </table>
        </div>
    }
}

fn head(props: &SpecsTableProps, column: Column) -> Html {
    let class = classes!(column.key(), column.is_figure().then_some("num"));
    if column == Column::Variants {
        let differ = props.only_what_differs && props.specs.len() > 1;
        return html! { <th scope="col" {class}>{ if differ { "Variants that differ" } else { "Variants set" } }</th> };
    }
    let sorted = props.order.filter(|order| order.column == column);
    let aria_sort = sorted.map(|order| if order.is_descending { "descending" } else { "ascending" });
    let href = props.url_of_order.emit(Order::after_click(column, props.order));
    html! { <th scope="col" {class} aria-sort={aria_sort}><a {href}>{ column.name() }</a></th> }
}

fn row(props: &SpecsTableProps, index: usize, is_long: bool) -> Html {
    let spec = &props.specs[props.rows[index]];
    let href = spec_page(&props.mirror, &spec.hash);
    let short = format::short_hash(spec.hash.as_str());
    let is_picked = props.picked.contains(&spec.hash);
    let onpick = {
        let (onpick, hash) = (props.onpick.clone(), spec.hash.clone());
        Callback::from(move |event: Event| {
            let pick: HtmlInputElement = event.target_unchecked_into();
            // The page may refuse.
            pick.set_checked(onpick.emit(hash.clone()));
        })
    };
    html! {
        <tr class={if is_picked { "row picked" } else { "row" }} key={spec.hash.as_str()} data-hash={spec.hash.to_string()} aria-rowindex={is_long.then(|| (index + 2).to_string())}>
            <td class="pick-cell">
                <input type="checkbox" class="pick" data-key="x" tabindex="-1" checked={is_picked} onchange={onpick} aria-label={format!("Compare /{short}")}/>
                <a class="hash row-link" data-row="" {href} title={spec.hash.to_string()}>{ short.to_owned() }</a>
            </td>
            { for props.columns.iter().map(|column| column_cell(props, spec, *column)) }
        </tr>
    }
}

fn column_cell(props: &SpecsTableProps, spec: &SpecSummary, column: Column) -> Html {
    match column {
        Column::Version => cell("spec", version(&spec.version)),
        Column::Variants => variants_cell(props, spec),
        Column::Compiler => cell("spec", compiler(spec.compiler.as_deref())),
        Column::Os => cell("", chip(&spec.os)),
        Column::Target => cell("", target_chip(props.machine.as_ref(), &spec.os, &spec.target)),
        Column::Platform => cell("", chip(&spec.platform)),
        Column::Signed => cell("", signed_badge(spec)),
        Column::Layout => cell("", html! { { spec.layout.as_str() } }),
        Column::Size => figure_cell(Some("size"), size(spec.size)),
        Column::Pushed => figure_cell(None, html! { <Age time={spec.pushed}/> }),
    }
}

fn variants_cell(props: &SpecsTableProps, spec: &SpecSummary) -> Html {
    let variants = if props.only_what_differs && props.specs.len() > 1 {
        props.compared.differing_of(spec)
    } else {
        Ordered { off: Vec::new(), ..Ordered::of(&spec.variants) }
    };
    html! {
        <td class="spec wide">
            if variants.is_empty() {
                { mute(if spec.variants.is_empty() { "has none" } else { "none" }) }
            } else {
                { variants_line(&variants, MOST_VARIANTS) }
            }
        </td>
    }
}

/// The newest pushes, in short rows.
pub(crate) fn newest_table(mirror: &MirrorName, specs: &[SpecSummary]) -> Html {
    html! {
        <table class="table dense newest">
            { table_head(&[("", "Spec"), ("hide-s", "Hash"), ("", "Target"), ("num", "Pushed")]) }
            <tbody>
                for spec in specs {
                    <tr class="row" key={spec.hash.as_str()} data-hash={spec.hash.to_string()}>
                        { cell("spec cut", html! { <>{ row_link(spec_page(mirror, &spec.hash), foreign(spec.name.as_str())) }{ version(&spec.version) }</> }) }
                        { cell("hide-s", hash(&spec.hash)) }
                        { cell("", chip(&spec.target)) }
                        { figure_cell(None, html! { <Age time={spec.pushed}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

/// Specs whose hashes begin alike, to choose from.
pub(crate) fn choice_table(mirror: &MirrorName, specs: &[SpecSummary]) -> Html {
    html! {
        <table class="table lines choice">
            { table_head(&[("", "Hash"), ("", "Spec"), ("", "System"), ("", "Target"), ("num", "Pushed")]) }
            <tbody>
                for spec in specs {
                    <tr class="row" key={spec.hash.as_str()} data-hash={spec.hash.to_string()}>
                        <td><a class="hash row-link" data-row="" href={spec_page(mirror, &spec.hash)}>{ spec.hash.to_string() }</a></td>
                        { cell("spec", html! { <><b>{ foreign(spec.name.as_str()) }</b>{ version(&spec.version) }{ " " }{ compiler(spec.compiler.as_deref()) }</> }) }
                        { cell("", chip(&spec.os)) }
                        { cell("", chip(&spec.target)) }
                        { figure_cell(None, html! { <Age time={spec.pushed}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}
