//! How a mirror grows and is used: the lower part of its page.

use larder_frontend::{
    format,
    strip::{every_day, percent, totals},
};
use larder_shared::{
    api::usage::{Amount, Day, Usage},
    name::MirrorName,
};
use yew::prelude::*;

use super::block;
use crate::{
    api,
    components::{
        chart::{Shape, Strip, strip},
        parts::{code, small_head},
        usage_tables::{sizes_table, slices_table, wanted_table},
    },
    load::use_answer,
};

/// About as many rows as it is high, while it is loading.
pub(crate) const ROWS: usize = 12;

#[derive(Properties, PartialEq)]
pub(crate) struct UsageSectionsProps {
    pub mirror: MirrorName,
}

#[component]
pub(crate) fn UsageSections(props: &UsageSectionsProps) -> Html {
    let usage = use_answer(api::usage(&props.mirror), 0);
    block(&usage, ROWS, |usage| {
        html! {
            <div class="stack">
                <section>
                    <h2>{ "The last 90 days" }</h2>
                    { strips(usage) }
                </section>
                <section>
                    <h2>{ "Asked for and not found" }</h2>
                    if usage.wanted.is_empty() {
                        <p class="mute">{ "Nothing has been asked for in vain yet. What a client looks for here and does not find is listed for 30 days, the most wanted first." }</p>
                    } else {
                        { wanted_table(&props.mirror, &usage.wanted) }
                        <p class="search-note">{ "A client that does not find a spec builds it. These are of the last 30 days, the most wanted first; one that is pushed leaves the list." }</p>
                    }
                </section>
                <section>
                    <h2>{ "Size by package" }</h2>
                    if usage.largest.iter().all(|package| package.amount.bytes == 0) {
                        <p class="mute">{ "Sizes are learnt when tarballs are first read." }</p>
                    } else {
                        { sizes_table(&props.mirror, usage) }
                    }
                </section>
                if !usage.slices.is_empty() {
                    <section>
                        { small_head("Slices", "parts of this mirror, each with a small index of its own") }
                        { slices_table(&props.mirror, &usage.slices) }
                        <p class="search-note">{ "A slice's URL goes where the mirror's would, as in " }{ code("spack mirror add") }{ ". Others are named the same way, by " }{ code("os") }{ ", " }{ code("target") }{ ", " }{ code("compiler") }{ " and " }{ code("name") }{ "." }</p>
                    </section>
                }
            </div>
        }
    })
}

/// Size, pushes and questions, on one scale of days.
fn strips(usage: &Usage) -> Html {
    let days = every_day(usage);
    let totals = totals(usage.before, &days);
    let values = |of: fn(&Day) -> u64| days.iter().map(of).collect::<Vec<_>>();
    let ends = days.first().zip(days.last()).map(|(first, last)| (format::date(first.day), format::date(last.day)));
    let (pushed, hits, misses) = (values(|day| day.arrived.specs), values(|day| day.hits), values(|day| day.misses));
    let is_asked = hits.iter().chain(&misses).any(|number| *number > 0);
    let told = |has: fn(&Day) -> bool, says: &dyn Fn(usize, &Day) -> String| {
        let say = |(place, day): (usize, &Day)| match has(day) {
            true => format!("{}: {}", format::date(day.day), says(place, day)),
            false => String::new(),
        };
        days.iter().enumerate().map(say).collect::<Vec<_>>()
    };
    let has_arrived = |day: &Day| day.arrived != Amount::default();
    let held: Vec<u64> = totals.iter().map(|total| total.bytes).collect();
    let arrived = Amount { specs: pushed.iter().sum(), bytes: days.iter().map(|day| day.arrived.bytes).sum() };
    let growth = Strip {
        name: "Stored",
        says: match held.last() {
            Some(0) | None => "no size is known yet".to_owned(),
            Some(all) => format!("{}, {} of it from these days", format::size(*all), format::size(arrived.bytes)),
        },
        shape: Shape::Area(&held),
        scale: format::size,
        days: told(has_arrived, &|place, day| {
            format!("{} came, {} in all", format::size(day.arrived.bytes), format::size(held[place]))
        }),
        ends: None,
        columns: &["Came", "In all"],
        rows: rows(&days, has_arrived, |place, day| {
            vec![format::exact_size(day.arrived.bytes), format::exact_size(held[place])]
        }),
    };
    let pushes = Strip {
        name: "Pushed",
        says: match arrived.specs {
            0 => "nothing came in these days".to_owned(),
            specs => format!(
                "{} on {}",
                format::counted(specs, "spec"),
                format::counted(pushed.iter().filter(|specs| **specs > 0).count() as u64, "day")
            ),
        },
        shape: Shape::Bars(&pushed),
        scale: format::short_count,
        days: told(has_arrived, &|_, day| format::counted(day.arrived.specs, "spec")),
        ends: ends.clone().filter(|_| !is_asked),
        columns: &["Specs", "Bytes"],
        rows: rows(&days, has_arrived, |_, day| {
            vec![format::count(day.arrived.specs), format::exact_size(day.arrived.bytes)]
        }),
    };
    html! { <>{ strip(&growth) }{ strip(&pushes) }{ asked_for(&days, &hits, &misses, &told, ends) }</> }
}

/// What is said of each day.
type Told<'a> = dyn Fn(fn(&Day) -> bool, &dyn Fn(usize, &Day) -> String) -> Vec<String> + 'a;

/// How often packages were asked for, and how often they were found.
fn asked_for(days: &[Day], hits: &[u64], misses: &[u64], told: &Told<'_>, ends: Option<(String, String)>) -> Html {
    let (found, missed): (u64, u64) = (hits.iter().sum(), misses.iter().sum());
    let Some(rate) = percent(found, found + missed) else {
        return html! {
            <div class="strip">
                <p><strong>{ "Asked for" }</strong></p>
                <p class="mute">{ "No client has asked for a package yet. How many are found and how many are not shows here from the first " }{ code("spack install") }{ " on." }</p>
            </div>
        };
    };
    let was_asked = |day: &Day| day.hits + day.misses > 0;
    let rate_of =
        |day: &Day| percent(day.hits, day.hits + day.misses).map_or_else(String::new, |rate| format!("{rate} %"));
    strip(&Strip {
        name: "Asked for",
        says: format!("{rate} % found: {} above, {} not found below", format::count(found), format::count(missed)),
        shape: Shape::UpAndDown(hits, misses),
        scale: format::short_count,
        days: told(was_asked, &|_, day| {
            format!("{} found, {} not found", format::count(day.hits), format::count(day.misses))
        }),
        ends,
        columns: &["Found", "Not found", "Hit rate"],
        rows: rows(days, was_asked, |_, day| vec![format::count(day.hits), format::count(day.misses), rate_of(day)]),
    })
}

/// The rows of a table of days.
fn rows(days: &[Day], has: fn(&Day) -> bool, cells: impl Fn(usize, &Day) -> Vec<String>) -> Vec<Vec<String>> {
    let row = |(place, day): (usize, &Day)| [vec![format::date(day.day)], cells(place, day)].concat();
    days.iter().enumerate().filter(|(_, day)| has(day)).map(row).collect()
}
