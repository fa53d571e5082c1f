//! The versions of a package over time: a strip of marks for each, and the same in figures.

use larder_frontend::{columns::Era, format};
use larder_shared::api::Timestamp;
use yew::prelude::*;

use super::{
    parts::{figure_cell, table_head},
    values::{Age, foreign},
};

/// Versions that are listed; older ones are counted.
const MOST: usize = 20;

/// How long a strip must be, for marks on it to say anything.
const SHORTEST_MILLIS: u64 = 60_000;

/// How wide a strip is, in its own units.
const WIDTH: u64 = 1_000;

/// The table; `url_of` leads to the specs of a version.
pub(crate) fn eras_table(eras: &[Era], url_of: &dyn Fn(&str) -> String) -> Html {
    let all = || eras.iter().flat_map(|era| era.pushed_millis.iter().copied());
    let (first, last) = (all().min().unwrap_or_default(), all().max().unwrap_or_default());
    let rest = eras.len().saturating_sub(MOST);
    html! {
        <>
            <div class="scroll">
                <table class="table eras">
                    { table_head(&[("", "Version"), ("strip", "Pushes"), ("num", "Specs"), ("num", "First"), ("num", "Last")]) }
                    <tbody>
                        for era in eras.iter().take(MOST) {
                            <tr class="row" key={era.version.as_str()}>
                                <td class="spec"><a class="row-link" data-row="" href={url_of(&era.version)}><i class="v">{ "@" }</i>{ foreign(&era.version) }</a></td>
                                <td class="strip">{ strip(era, first, last) }</td>
                                { figure_cell(None, html! { { format::count(era.pushed_millis.len() as u64) } }) }
                                { figure_cell(None, age(era.pushed_millis.first())) }
                                { figure_cell(None, age(era.pushed_millis.last())) }
                            </tr>
                        }
                    </tbody>
                </table>
            </div>
            if rest > 0 { <p class="search-note">{ format!("and {} before these", format::counted(rest as u64, "version")) }</p> }
        </>
    }
}

fn age(millis: Option<&u64>) -> Html {
    millis.map_or_else(Html::default, |millis| html! { <Age time={Timestamp::from_millis(*millis)}/> })
}

/// The pushes between the first and the last of all versions.
fn strip(era: &Era, first: u64, last: u64) -> Html {
    if last - first < SHORTEST_MILLIS {
        return html! { <span class="mute">{ "all at once" }</span> };
    }
    let place =
        |millis: u64| (u128::from(millis - first) * u128::from(WIDTH - 8) / u128::from(last - first)).to_string();
    let mut places: Vec<String> = era.pushed_millis.iter().map(|millis| place(*millis)).collect();
    places.dedup();
    html! {
        <svg viewBox={format!("0 0 {WIDTH} 12")} preserveAspectRatio="none" aria-hidden="true">
            <path class="ground" d={format!("M0 6H{WIDTH}")}/>
            { for places.into_iter().map(|x| html! { <rect {x} y="1" width="8" height="10"/> }) }
        </svg>
    }
}
