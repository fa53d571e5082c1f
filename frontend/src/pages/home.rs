//! Home: all mirrors, or how to make the first. With one mirror, that mirror's page stands here.

use std::rc::Rc;

use larder_frontend::{format, order::sorted};
use larder_shared::{api::Mirror, route::page::Page};
use yew::prelude::*;

use super::{
    block,
    hosted::{Hosted, Part, Program},
    mirror::{NewestPushes, last_run, use_section},
    use_title,
};
use crate::{
    components::{
        mirrors_table::mirrors_table,
        page_head::page_head,
        stats::{Figure, stats},
        values::{foreign, size},
    },
    load::Answer,
};

/// How many of the newest specs are shown.
const NEWEST: usize = 5;

/// Of how many mirrors it is shown what broke.
const BROKEN: usize = 3;

#[derive(Properties, PartialEq)]
pub(crate) struct HomePageProps {
    pub mirrors: Answer<Vec<Mirror>>,
}

#[component]
pub(crate) fn HomePage(props: &HomePageProps) -> Html {
    use_title("");
    html! {
        <article class="page">
            { page_head(&Page::Home, html! { "Overview" }, Html::default(), None) }
            { block(&props.mirrors, 8, |mirrors| if mirrors.is_empty() { html! { <Hosted program={Program::Mirrors} part={Part::Empty(None)}/> } } else { overview(mirrors) }) }
        </article>
    }
}

fn overview(mirrors: &Rc<Vec<Mirror>>) -> Html {
    let sum = |part: fn(&Mirror) -> u64| mirrors.iter().map(part).sum::<u64>();
    let unsized_specs = sum(|mirror| mirror.unsized_specs);
    let bytes = sum(|mirror| mirror.bytes);
    let mut figures = vec![
        Figure::new("Mirrors", html! { { format::count(mirrors.len() as u64) } }),
        Figure::new("Specs in all of them", html! { { format::count(sum(|mirror| mirror.specs)) } }),
        stored_figure(bytes, unsized_specs),
    ];
    if sum(|mirror| mirror.reports.builds) > 0 {
        figures.push(Figure::new("Builds", html! { { format::count(sum(|mirror| mirror.reports.builds)) } }));
        figures.push(Figure::new("Still failing", html! { { format::count(sum(|mirror| mirror.reports.failing)) } }));
        figures.extend(last_run(mirrors));
    }
    // Those that fail most, as far as there is room.
    let failing = |mirror: &Mirror| mirror.reports.failing;
    let order = sorted(mirrors.len(), &|a, b| failing(&mirrors[b]).cmp(&failing(&mirrors[a])));
    let broken: Vec<&Mirror> =
        order.into_iter().map(|place| &mirrors[place]).filter(|mirror| failing(mirror) > 0).take(BROKEN).collect();
    // The mirror that changed last is the one most people come for.
    let latest = mirrors.iter().max_by_key(|mirror| (mirror.updated, mirror.specs));
    html! {
        <>
            { stats(&figures) }
            <div class="split">
                <div class="stack">
                    for mirror in broken {
                        <Hosted key={mirror.name.as_str()} program={Program::Reports} part={Part::Broken { mirror: mirror.name.clone(), failing: failing(mirror), named: true }}/>
                    }
                    <section>
                        <h2>{ "Mirrors" }</h2>
                        { mirrors_table(mirrors) }
                    </section>
                </div>
                if let Some(latest) = latest {
                    <aside class="stack">
                        { use_section(latest, None) }
                        <section>
                            <h2>{ "Newest in " }{ foreign(latest.name.as_str()) }</h2>
                            <NewestPushes mirror={latest.name.clone()} number={NEWEST}/>
                        </section>
                    </aside>
                }
            </div>
        </>
    }
}

/// The figure of all bytes; says for how many specs they are not known.
pub(crate) fn stored_figure(bytes: u64, unsized_specs: u64) -> Figure {
    let known = (bytes > 0 || unsized_specs == 0).then_some(bytes);
    let figure = Figure::new("Stored", html! { { size(known) } });
    if unsized_specs == 0 || known.is_none() {
        return figure;
    }
    figure.with_note(html! { { format!("and {} of unknown size", format::counted(unsized_specs, "spec")) } })
}
