//! Specs, one row each: those of a package, or the newest of a mirror.

use std::rc::Rc;

use larder_frontend::{
    format,
    variants::{Compared, Ordered},
    window::DRAWN_WHOLE,
};
use larder_shared::{api::SpecSummary, name::MirrorName};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, row_link, table_head},
    spec_text::{chip, compiler, hash, spec_page, variants_line, version},
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
}

const COLUMNS: usize = 8;

/// The specs of a package, with the variants that differ between them.
#[component]
pub(crate) fn SpecsTable(props: &SpecsTableProps) -> Html {
    let body = use_node_ref();
    let total = props.rows.len();
    let drawn = use_rows_to_draw(total, &body);
    let is_long = total > DRAWN_WHOLE;
    let variants_head = if props.specs.len() > 1 { "Variants that differ" } else { "Variants set" };
    html! {
        <div class="scroll">
            <table class={if is_long { "table lines specs even" } else { "table lines specs" }} aria-rowcount={is_long.then(|| (total + 1).to_string())}>
                { table_head(&[("", "Hash"), ("", "Version"), ("wide", variants_head), ("", "Compiler"), ("", "System"), ("", "Target"), ("num", "Size"), ("num", "Pushed")]) }
                <tbody ref={body}>
                    if is_long { { spacer("before", COLUMNS) } }
                    for index in drawn.filter(|index| *index < total) {
                        { row(props, index, is_long) }
                    }
                    if is_long { { spacer("after", COLUMNS) } }
                </tbody>
            </table>
        </div>
    }
}

fn row(props: &SpecsTableProps, index: usize, is_long: bool) -> Html {
    let spec = &props.specs[props.rows[index]];
    let variants = if props.specs.len() > 1 {
        props.compared.differing_of(spec)
    } else {
        Ordered { off: Vec::new(), ..Ordered::of(&spec.variants) }
    };
    let href = spec_page(&props.mirror, &spec.hash);
    html! {
        <tr class="row" key={spec.hash.as_str()} data-hash={spec.hash.to_string()} aria-rowindex={is_long.then(|| (index + 2).to_string())}>
            <td><a class="hash row-link" data-row="" {href} title={spec.hash.to_string()}>{ format::short_hash(spec.hash.as_str()).to_owned() }</a></td>
            { cell("spec", version(&spec.version)) }
            <td class="spec wide">
                if variants.is_empty() {
                    { mute(if spec.variants.is_empty() { "has none" } else { "none" }) }
                } else {
                    { variants_line(&variants, MOST_VARIANTS) }
                }
            </td>
            { cell("spec", compiler(spec.compiler.as_deref())) }
            { cell("", chip(&spec.os)) }
            { cell("", chip(&spec.target)) }
            { figure_cell(Some("size"), size(spec.size)) }
            { figure_cell(None, html! { <Age time={spec.pushed}/> }) }
        </tr>
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
