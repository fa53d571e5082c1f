//! A strip of days: what happened on each, as a drawing that is no wider than its place, with its table.
//!
//! The drawing is one image to those who do not see it: what it shows is said in a sentence, and each day stands in the
//! table.

use larder_frontend::strip::{area, ceiling, height};
use yew::prelude::*;

use super::parts::{figure_cell, table_head};

/// What is drawn in a strip.
pub(crate) enum Shape<'a> {
    /// An area below a value each day.
    Area(&'a [u64]),
    /// A bar each day.
    Bars(&'a [u64]),
    /// Two bars each day, one up and one down, on one scale.
    UpAndDown(&'a [u64], &'a [u64]),
}

/// A strip with all that is said of it.
pub(crate) struct Strip<'a> {
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub says: String,
    pub shape: Shape<'a>,
    /// How a value is written at the scale.
    pub scale: fn(u64) -> String,
    /// What is said of each day that is pointed at; empty where there is nothing to say.
    pub days: Vec<String>,
    /// The first and the last day; written below the last of several strips of the same days.
    pub ends: Option<(String, String)>,
    /// The heads of the table's columns behind that of the day, and its rows, each with the day first.
    pub columns: &'static [&'static str],
    pub rows: Vec<Vec<String>>,
}

/// Draws a strip.
pub(crate) fn strip(strip: &Strip<'_>) -> Html {
    let (shapes, height_of_all, marks) = shapes(&strip.shape, strip.scale);
    let width = strip.days.len();
    html! {
        <figure class="strip">
            <figcaption><strong>{ strip.name }</strong>{ " " }<span class="mute">{ &strip.says }</span></figcaption>
            <div class="plot">
                <svg viewBox={format!("0 0 {width} {height_of_all}")} preserveAspectRatio="none" role="img" aria-label={format!("{}: {}", strip.name, strip.says)}>
                    { shapes }
                    for (place, says) in strip.days.iter().enumerate().filter(|(_, says)| !says.is_empty()) {
                        <rect class="day" x={place.to_string()} width="1" height={height_of_all.to_string()}><title>{ says }</title></rect>
                    }
                </svg>
                <div class="marks" aria-hidden="true">{ for marks.iter().map(|mark| html! { <span>{ mark }</span> }) }</div>
            </div>
            if let Some((first, last)) = &strip.ends {
                <div class="ends" aria-hidden="true"><span>{ first }</span><span>{ last }</span></div>
            }
            { table(strip) }
        </figure>
    }
}

/// The drawing of a shape, how high it is, and what stands at its scale from the top down.
fn shapes(shape: &Shape<'_>, scale: fn(u64) -> String) -> (Html, u64, Vec<String>) {
    let most = |values: &[u64]| ceiling(values.iter().copied().max().unwrap_or_default());
    let heights = |values: &[u64], top| values.iter().map(|value| height(*value, top)).collect::<Vec<_>>();
    match shape {
        Shape::Area(values) => {
            let top = most(values);
            (html! { <path class="first" d={area(&heights(values, top))}/> }, 1000, vec![scale(top), scale(0)])
        }
        Shape::Bars(values) => {
            let top = most(values);
            (bars("first", &heights(values, top), true, 1000), 1000, vec![scale(top), scale(0)])
        }
        Shape::UpAndDown(up, down) => {
            let top = most(up).max(most(down));
            let drawn = html! {
                <>
                    { bars("first", &heights(up, top), true, 1000) }
                    { bars("second", &heights(down, top), false, 1000) }
                    <rect class="ground" y="996" width={up.len().to_string()} height="8"/>
                </>
            };
            (drawn, 2000, vec![scale(top), scale(0), scale(top)])
        }
    }
}

/// A bar for each height, from `ground` up or down.
fn bars(class: &'static str, heights: &[u64], is_up: bool, ground: u64) -> Html {
    let drawn = heights.iter().enumerate().filter(|(_, height)| **height > 0).map(|(place, height)| {
        let y = if is_up { ground - height } else { ground };
        html! { <rect {class} x={format!("{place}.12")} y={y.to_string()} width="0.76" height={height.to_string()}/> }
    });
    html! { <>{ for drawn }</> }
}

/// The days on which something happened, the newest first.
fn table(strip: &Strip<'_>) -> Html {
    let columns: Vec<_> =
        [("", "Day")].into_iter().chain(strip.columns.iter().map(|column| ("num", *column))).collect();
    html! {
        <details class="same">
            <summary>{ "As a table" }<span class="sr">{ format!(": {}", strip.name) }</span></summary>
            <div class="scroll" tabindex="0" role="group" aria-label={format!("{}, by day", strip.name)}>
                <table class="table dense">
                    { table_head(&columns) }
                    <tbody>
                        for row in strip.rows.iter().rev() {
                            <tr>
                                for (place, cell) in row.iter().enumerate() {
                                    if place == 0 { <td>{ cell }</td> } else { { figure_cell(None, html! { { cell } }) } }
                                }
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
        </details>
    }
}
