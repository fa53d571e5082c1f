//! What was found, one row a package or a spec; only the rows around the view are there and asked for.

use std::rc::Rc;

use larder_frontend::{
    format,
    found_columns::{Column, PACKAGES, SPECS, THROUGH, chosen},
    source::Source,
};
use larder_shared::{
    api::Timestamp,
    find::{By, PackageRow, Question, Row, SpecRow},
    name::PackageName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, mute, row_link},
    spec_text::{chip, chips, compiler, version},
    values::{Age, count, foreign, size, total_size},
    virtual_rows::{spacer, use_rows_in_view_first},
};
use crate::{finder::Shown, route};

/// Rows that are asked for beyond those drawn.
const AROUND: usize = 50;

/// Variants written in a row before the rest is counted.
const MOST_VARIANTS: usize = 4;

#[derive(Properties, PartialEq)]
pub(crate) struct FoundTableProps {
    /// What is listed.
    pub source: Source,
    pub shown: Rc<Shown>,
    /// The URL's `sort`.
    pub sort: AttrValue,
    /// The URL's `cols`.
    pub cols: AttrValue,
    /// The URL of this list in another order.
    pub url_of_order: Callback<String, String>,
    /// Hears which rows are missing: the first, and how many.
    pub on_missing: Callback<(u32, u32)>,
}

/// Whether a column is known of a source: a static mirror's index tells neither sizes, times nor signatures.
pub(crate) fn is_known(source: &Source, column: &Column) -> bool {
    matches!(source, Source::Mirror(_)) || !matches!(column.key, "size" | "pushed" | "signed")
}

#[component]
pub(crate) fn FoundTable(props: &FoundTableProps) -> Html {
    let body = use_node_ref();
    let Shown { question, found } = &*props.shown;
    let total = found.total as usize;
    let listed = Question { offset: 0, limit: 0, ..question.clone() };
    let drawn = use_rows_in_view_first(total, listed, &body);
    let first = question.offset as usize;
    {
        let on_missing = props.on_missing.clone();
        let known = first..first + found.rows.len();
        let wanted = drawn.start.min(total)..drawn.end.min(total);
        use_effect_with((wanted, known), move |(wanted, known)| {
            if wanted.start < wanted.end && (wanted.start < known.start || wanted.end > known.end) {
                let from = wanted.start.saturating_sub(AROUND);
                let as_number = |rows: usize| u32::try_from(rows).unwrap_or(u32::MAX);
                on_missing.emit((as_number(from), as_number(wanted.end - from + AROUND)));
            }
        });
    }
    let is_partial = drawn.len() < total;
    let has_path = found.rows.iter().any(|row| matches!(row, Row::Spec(spec) if !spec.through.is_empty()));
    let (mut columns, class) = match question.by {
        By::Packages => (chosen(&PACKAGES, &props.cols), "table lines even packages"),
        By::Specs => (chosen(&SPECS, &props.cols), "table lines even packages found"),
    };
    columns.retain(|column| is_known(&props.source, column));
    if has_path {
        let place = columns.iter().position(|column| !matches!(column.key, "name" | "hash")).unwrap_or(columns.len());
        columns.insert(place, THROUGH);
    }
    html! {
        <table {class} aria-rowcount={is_partial.then(|| (total + 1).to_string())}>
            <thead><tr>{ for columns.iter().map(|column| head(props, column)) }</tr></thead>
            <tbody ref={body}>
                { for is_partial.then(|| spacer("before", columns.len())) }
                { for drawn.map(|index| row(props, index, index.checked_sub(first).and_then(|place| found.rows.get(place)), is_partial, &columns)) }
                { for is_partial.then(|| spacer("after", columns.len())) }
            </tbody>
        </table>
    }
}

fn head(props: &FoundTableProps, Column { key, class, name, is_sorted, .. }: &Column) -> Html {
    let (key, class, name) = (*key, *class, *name);
    if !is_sorted {
        return html! { <th scope="col" {class}>{ name }</th> };
    }
    let (sorted, is_descending) = props.sort.strip_prefix('-').map_or((&*props.sort, false), |sorted| (sorted, true));
    let is_here = sorted == key;
    // Figures begin with the largest, names with `a`; again turns it.
    let turned = if is_here { !is_descending } else { matches!(key, "specs" | "size" | "pushed") };
    let href = props.url_of_order.emit(format!("{}{key}", if turned { "-" } else { "" }));
    let aria_sort = is_here.then_some(if is_descending { "descending" } else { "ascending" });
    html! { <th scope="col" {class} aria-sort={aria_sort}><a {href}>{ name }</a></th> }
}

fn row(props: &FoundTableProps, index: usize, row: Option<&Row>, is_partial: bool, columns: &[Column]) -> Html {
    let rowindex = is_partial.then(|| (index + 2).to_string());
    let hash = match row {
        Some(Row::Spec(spec)) => Some(spec.hash.clone()),
        _ => None,
    };
    html! {
        <tr class="row" key={index} aria-rowindex={rowindex} data-hash={hash.filter(|hash| hash.len() == 32)}>
            { match row {
                Some(Row::Package(package)) => package_cells(&props.source, package, columns),
                Some(Row::Spec(spec)) => spec_cells(&props.source, spec, columns),
                None => html! { <td colspan={columns.len().to_string()}></td> },
            } }
        </tr>
    }
}

fn package_cells(source: &Source, package: &PackageRow, columns: &[Column]) -> Html {
    let href = match (source, package.name.parse::<PackageName>()) {
        (Source::Mirror(mirror), Ok(name)) => route::href(&Page::Package(mirror.clone(), name)),
        (Source::Mirror(_), Err(_)) => String::new(),
        (Source::Elsewhere(_), _) => route::list_url(source, &package.name, "", "", "specs", ""),
    };
    let of_column = |column: &Column| match column.key {
        "specs" => figure_cell(Some("specs"), html! { <>{ count(package.specs.into()) }{ fit(package) }</> }),
        "os" => cell("cut hide-s", chips(&package.systems, 2)),
        "target" => cell("cut", chips(&package.targets, 3)),
        "size" => figure_cell(Some("size"), total_size(package.bytes)),
        "pushed" => figure_cell(None, pushed(package.pushed)),
        _ => cell(
            "spec cut",
            html! { <>{ row_link(href.clone(), name(&package.name, &package.marks)) }{ version(&package.newest) }</> },
        ),
    };
    columns.iter().map(of_column).collect()
}

/// How many of a package's specs run on the reader's machine.
fn fit(package: &PackageRow) -> Html {
    if package.fits == 0 {
        return Html::default();
    }
    html! { <span class="fit" title={format!("{} run on your machine", format::count(package.fits.into()))}>{ " ✔" }<span class="sr">{ format!("{} run on your machine", package.fits) }</span></span> }
}

fn spec_cells(source: &Source, spec: &SpecRow, columns: &[Column]) -> Html {
    let href = match source {
        Source::Mirror(mirror) => route::href(&Page::Spec(mirror.clone(), spec.hash.clone())),
        Source::Elsewhere(_) => route::list_url(source, &format!("/{}", spec.hash), "", "", "", ""),
    };
    let of_column = |column: &Column| match column.key {
        "hash" => cell(
            "hide-s",
            html! { <span class="hash" title={spec.hash.clone()}>{ format::short_hash(&spec.hash).to_owned() }</span> },
        ),
        "through" => cell("spec cut", through(spec)),
        "variants" => variants(spec),
        "os" => cell("hide-s", chip(&spec.os)),
        "target" => cell("", target(spec)),
        "signed" => cell("hide-s", mute(signed(spec))),
        "size" => figure_cell(Some("size"), size(spec.size)),
        "pushed" => figure_cell(None, pushed(spec.pushed)),
        _ => cell(
            "spec cut",
            html! { <>{ row_link(href.clone(), name(&spec.name, &spec.marks)) }{ version(&spec.version) }if spec.compiler.is_some() { { " " }{ compiler(spec.compiler.as_deref()) } }</> },
        ),
    };
    columns.iter().map(of_column).collect()
}

fn variants(spec: &SpecRow) -> Html {
    let rest = spec.variants.len().saturating_sub(MOST_VARIANTS);
    html! {
        <td class="spec wide cut hide-s" title={spec.variants.join(" ")}>
            if spec.variants.is_empty() { { mute("none") } }
            { for spec.variants.iter().take(MOST_VARIANTS).map(|variant| html! { <><span class="variant">{ assigned(variant) }</span>{ " " }</> }) }
            if rest > 0 { <span class="more">{ format!("and {rest} more") }</span> }
        </td>
    }
}

const fn signed(spec: &SpecRow) -> &'static str {
    match spec.signed {
        Some(true) => "signed",
        Some(false) => "unsigned",
        None => "unknown",
    }
}

/// `curl ^openssl`
fn through(spec: &SpecRow) -> Html {
    let Some((last, before)) = spec.through.split_last() else { return mute("itself") };
    html! { <>{ for before.iter().map(|name| html! { <>{ foreign(name) }{ " " }</> }) }<i class="c">{ "^" }</i>{ foreign(last) }</> }
}

/// `+mpi`, `api=default`: the sigil in its colour.
fn assigned(variant: &str) -> Html {
    let place = variant.find(['+', '~', '=']).unwrap_or(variant.len());
    let (before, rest) = variant.split_at(place);
    let (sigil, after) = rest.split_at(rest.len().min(1));
    html! { <>{ before.to_owned() }<i class="on">{ sigil.to_owned() }</i>{ foreign(after) }</> }
}

fn target(spec: &SpecRow) -> Html {
    if spec.fits == Some(true) {
        html! { <span class="chip fits" title="It runs on your machine">{ foreign(&spec.target) }<span class="sr">{ ", runs on your machine" }</span></span> }
    } else {
        chip(&spec.target)
    }
}

/// A name with the parts that matched underlined.
fn name(name: &str, marks: &[(u32, u32)]) -> Html {
    let mut parts = Vec::new();
    let mut written = 0;
    for (start, end) in marks.iter().map(|(start, end)| (*start as usize, *end as usize)) {
        if let (Some(before), Some(inside)) = (name.get(written..start), name.get(start..end)) {
            parts.push(html! { <>{ before.to_owned() }<mark>{ inside.to_owned() }</mark></> });
            written = end;
        }
    }
    let rest = name.get(written..).unwrap_or_default().to_owned();
    html! { <>{ for parts }{ rest }</> }
}

/// When something arrived; an index that is read by itself does not tell.
fn pushed(millis: u64) -> Html {
    match millis {
        0 => html! { <span class="mute">{ "unknown" }</span> },
        millis => html! { <Age time={Timestamp::from_millis(millis)}/> },
    }
}
