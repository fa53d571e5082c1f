//! Packages, one row each.

use std::{ops::Range, rc::Rc};

use larder_frontend::{filter::Match, order::sorted, window::DRAWN_WHOLE};
use larder_shared::{api::PackageSummary, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{
    parts::{cell, figure_cell, row_link},
    spec_text::{chips, version},
    values::{Age, count, total_size},
    virtual_rows::{spacer, use_rows_to_draw},
};

/// What packages can be ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Specs,
    Size,
    Pushed,
}

impl Column {
    /// What the URL calls it.
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Specs => "specs",
            Self::Size => "size",
            Self::Pushed => "pushed",
        }
    }

    const fn head(self) -> &'static str {
        match self {
            Self::Name => "Package",
            Self::Specs => "Specs",
            Self::Size => "Size",
            Self::Pushed => "Pushed",
        }
    }
}

/// An order of rows: by a column, up or down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Order {
    pub column: Column,
    pub is_descending: bool,
}

impl Order {
    /// Reads `size` or `-size`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (name, is_descending) = text.strip_prefix('-').map_or((text, false), |name| (name, true));
        let all = [Column::Name, Column::Specs, Column::Size, Column::Pushed];
        let column = all.into_iter().find(|column| column.key() == name)?;
        Some(Self { column, is_descending })
    }

    /// What a click on a head asks for: figures begin with the largest, names with `a`; again turns it.
    fn after_click(column: Column, now: Option<Self>) -> String {
        let first_descending = column != Column::Name;
        let is_descending = match now {
            Some(now) if now.column == column => !now.is_descending,
            _ => first_descending,
        };
        format!("{}{}", if is_descending { "-" } else { "" }, column.key())
    }
}

/// Puts `rows` into an order; equal ones stay as they are.
pub(crate) fn sort(rows: &[Match], packages: &[PackageSummary], order: Order) -> Vec<Match> {
    let places = sorted(rows.len(), &|a, b| {
        let (a, b) = (&packages[rows[a].index], &packages[rows[b].index]);
        let ordering = match order.column {
            Column::Name => a.name.cmp(&b.name),
            Column::Specs => a.specs.cmp(&b.specs),
            Column::Size => a.bytes.cmp(&b.bytes),
            Column::Pushed => a.pushed.cmp(&b.pushed),
        };
        if order.is_descending { ordering.reverse() } else { ordering }
    });
    places.into_iter().map(|place| rows[place].clone()).collect()
}

#[derive(Properties, PartialEq)]
pub(crate) struct PackagesTableProps {
    pub mirror: MirrorName,
    pub packages: Rc<Vec<PackageSummary>>,
    /// Which of them, in order.
    pub rows: Rc<Vec<Match>>,
    pub order: Option<Order>,
    /// The URL of this list in another order.
    pub url_of_order: Callback<String, String>,
}

const COLUMNS: usize = 6;

#[component]
pub(crate) fn PackagesTable(props: &PackagesTableProps) -> Html {
    let body = use_node_ref();
    let total = props.rows.len();
    let drawn = use_rows_to_draw(total, &body);
    let is_long = total > DRAWN_WHOLE;
    let head = |column: Column, class: &'static str| {
        let sorted = props.order.filter(|order| order.column == column);
        let aria_sort = sorted.map(|order| if order.is_descending { "descending" } else { "ascending" });
        let href = props.url_of_order.emit(Order::after_click(column, props.order));
        html! { <th scope="col" {class} aria-sort={aria_sort}><a {href}>{ column.head() }</a></th> }
    };
    html! {
        <table class="table lines even packages" aria-rowcount={is_long.then(|| (total + 1).to_string())}>
            <thead>
                <tr>
                    { head(Column::Name, "name") }
                    { head(Column::Specs, "num specs") }
                    <th scope="col" class="system hide-s">{ "System" }</th>
                    <th scope="col" class="target">{ "Target" }</th>
                    { head(Column::Size, "num size") }
                    { head(Column::Pushed, "num age") }
                </tr>
            </thead>
            <tbody ref={body}>
                if is_long { { spacer("before", COLUMNS) } }
                for index in drawn.filter(|index| *index < total) {
                    { row(props, index, is_long) }
                }
                if is_long { { spacer("after", COLUMNS) } }
            </tbody>
        </table>
    }
}

fn row(props: &PackagesTableProps, index: usize, is_long: bool) -> Html {
    let found = &props.rows[index];
    let package = &props.packages[found.index];
    let href = Page::Package(props.mirror.clone(), package.name.clone()).to_string();
    html! {
        <tr class="row" key={package.name.as_str()} aria-rowindex={is_long.then(|| (index + 2).to_string())}>
            { cell("spec cut", html! { <>{ row_link(href, marked(package.name.as_str(), &found.marks)) }{ version(&package.newest) }</> }) }
            { figure_cell(Some("specs"), count(package.specs)) }
            { cell("cut hide-s", chips(&package.systems, 2)) }
            { cell("cut", chips(&package.targets, 3)) }
            { figure_cell(Some("size"), total_size(package.bytes)) }
            { figure_cell(None, html! { <Age time={package.pushed}/> }) }
        </tr>
    }
}

/// A name with the parts that matched underlined.
pub(crate) fn marked(name: &str, marks: &[Range<usize>]) -> Html {
    let mut parts = Vec::new();
    let mut written = 0;
    for mark in marks {
        if let (Some(before), Some(inside)) = (name.get(written..mark.start), name.get(mark.clone())) {
            parts.push(html! { <>{ before.to_owned() }<mark>{ inside.to_owned() }</mark></> });
            written = mark.end;
        }
    }
    let rest = name.get(written..).unwrap_or_default().to_owned();
    html! { <>{ for parts }{ rest }</> }
}
