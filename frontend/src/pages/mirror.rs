//! One mirror: what is in it, how it grew last, where it comes from, how to use it.

use larder_frontend::{
    commands::{Client, recipe_for_mirror},
    format,
    trust::{Health, OriginWords, Trust, layout_words},
};
use larder_shared::{
    api::{Mirror, Origin, Timestamp, report::Reports},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block,
    home::stored_figure,
    hosted::{Hosted, Part, Program},
    is_mirror_missing, use_title,
};
use crate::{
    api,
    clock::use_now,
    components::{
        install::Install,
        mirrors_table::trust_badge,
        outcome::run_cells,
        page_head::page_head,
        parts::{fact, in_code, mono, small_head},
        specs_table::newest_table,
        stats::{Figure, stats},
        values::{Age, foreign},
    },
    load::use_answer,
    route, site,
};

/// How many of the newest specs are shown.
pub(crate) const NEWEST: usize = larder_shared::route::site::NEWEST;

#[derive(Properties, PartialEq)]
pub(crate) struct MirrorPageProps {
    pub mirror: MirrorName,
    /// The page it is shown as: its own, or Home.
    pub page: Page,
}

#[component]
pub(crate) fn MirrorPage(props: &MirrorPageProps) -> Html {
    use_title(props.mirror.as_str());
    let mirror = use_answer(api::mirror(&props.mirror), 0);
    let now = use_now();
    let packages = use_answer(api::packages(&props.mirror), 0);
    if is_mirror_missing(&mirror) {
        return html! { <Hosted program={Program::Mirrors} part={Part::NoMirror(props.mirror.clone())}/> };
    }
    let largest = packages.data.as_ref().and_then(|packages| packages.iter().max_by_key(|package| package.bytes));
    // Until a package is known, its command keeps its place.
    let unknown = packages.state.waiting.then(|| "…".to_owned());
    let example = largest.map(|package| package.name.to_string()).or(unknown);
    html! {
        <article class="page">
            { page_head(&props.page, mono(props.mirror.as_str()), Html::default(), None) }
            { block(&mirror, 8, |mirror| html! {
                <>
                    { stats(&figures(mirror)) }
                    <div class="split turned">
                        <aside class="stack">
                            if mirror.specs > 0 {
                                { use_section(mirror, example) }
                            }
                            { origin_section(mirror, now) }
                        </aside>
                        if mirror.specs > 0 {
                            <div class="stack">
                                { broken(mirror) }
                                <section>
                                    <h2>{ "Newest pushes" }</h2>
                                    <NewestPushes mirror={props.mirror.clone()} number={NEWEST}/>
                                    <p class="search-note"><a href={route::href(&Page::Packages(props.mirror.clone()))}>{ all_packages(mirror) }</a></p>
                                </section>
                                // A site of files does not know how it is used.
                                if !site::is_static() { <Hosted program={Program::Mirrors} part={Part::Usage(props.mirror.clone())}/> }
                            </div>
                        } else {
                            <div class="stack">{ broken(mirror) }<Hosted program={Program::Mirrors} part={Part::Empty(Some(mirror.name.clone()))}/></div>
                        }
                    </div>
                </>
            }) }
        </article>
    }
}

/// What broke, where something is failing.
fn broken(mirror: &Mirror) -> Html {
    let failing = mirror.reports.failing;
    let part = Part::Broken { mirror: mirror.name.clone(), failing, named: false };
    html! { if failing > 0 { <Hosted program={Program::Reports} {part}/> } }
}

fn all_packages(mirror: &Mirror) -> String {
    match mirror.packages {
        1 => "The one package".to_owned(),
        packages => format!("All {} packages", format::count(packages)),
    }
}

fn figures(mirror: &Mirror) -> Vec<Figure> {
    let trust = Figure::new("Trust", trust_badge(mirror));
    let trust = match Trust::of(mirror) {
        Trust::PartlySigned => trust
            .with_note(html! { { format!("{} of {}", format::count(mirror.signed), format::count(mirror.specs)) } }),
        Trust::Signed | Trust::Unsigned | Trust::Empty | Trust::Unknown => trust,
    };
    let changed = match mirror.updated {
        Some(updated) => html! { <Age time={updated} ago=true/> },
        None => html! { "never" },
    };
    let mut figures = vec![
        Figure::new("Specs", html! { { format::count(mirror.specs) } }),
        Figure::new("Packages", html! { { format::count(mirror.packages) } }),
        stored_figure(mirror.bytes, mirror.unsized_specs),
        trust,
        Figure::new("Last change", changed),
    ];
    figures.extend(reports_figures(&mirror.name, &mirror.reports));
    figures
}

/// The commands that make Spack use a mirror; `example` is a package to install from it.
pub(crate) fn use_section(mirror: &Mirror, example: Option<String>) -> Html {
    let recipe = {
        let mirror = mirror.clone();
        Callback::from(move |client: Client| {
            recipe_for_mirror(&site::packages_url(), &mirror, example.as_deref(), client)
        })
    };
    let (first, words) = match site::has_registry() {
        true => ("oci", "Other ways: an environment, OCI, Stackinator, GitHub Actions"),
        false => ("stackinator", "Other ways: an environment, Stackinator, GitHub Actions"),
    };
    let ways = route::url(&Page::Mirror(mirror.name.clone()), &[("install", first)]);
    html! {
        <section>
            <h2>{ "Use " }{ foreign(mirror.name.as_str()) }</h2>
            <Install id="use" {recipe}/>
            <p class="search-note"><a href={ways}>{ words }</a></p>
        </section>
    }
}

fn origin_section(mirror: &Mirror, now: Timestamp) -> Html {
    let words = OriginWords::of(mirror, now);
    let class = match words.health {
        Health::Well | Health::Unasked => None,
        Health::Stale => Some("note warn"),
        Health::Failed => Some("note bad"),
    };
    let layouts: Vec<String> = mirror.layouts.iter().map(|layout| layout_words(*layout).to_owned()).collect();
    html! {
        <section>
            { small_head("Where it comes from", "") }
            if class.is_some() { <p {class} role="status">{ in_code(&words.state) }</p> }
            <dl class="facts">
                { fact("Origin", match &mirror.origin {
                    Origin::Bucket if site::is_static() => html! { "Files that were exported from a Larder" },
                    Origin::Bucket => html! { "Larder's own bucket: what is pushed here" },
                    Origin::Http { url } => html! { <>{ "read through from " }<a class="mono" href={web_url(url)} rel="noreferrer" target="_blank">{ foreign(url) }{ " ↗" }</a></> },
                    Origin::Oci { url } => html! { <>{ "read through from " }<span class="mono">{ foreign(&url.to_string()) }</span></> },
                }) }
                if class.is_none() && mirror.origin != Origin::Bucket { { fact("State", html! { { &words.state } }) } }
                if !layouts.is_empty() {
                    { fact("Arrived as", html! { { format!("{}; the other layouts are derived.", format::joined(&layouts)) } }) }
                }
                { fact("Made", html! { <Age time={mirror.created} ago=true/> }) }
                { fact("Generation", html! { { format::count(mirror.generation) } }) }
            </dl>
        </section>
    }
}

/// A URL that is safe to link to: only what leads to a web page.
pub(crate) fn web_url(url: &str) -> Option<String> {
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}

#[derive(Properties, PartialEq)]
pub(crate) struct NewestPushesProps {
    pub mirror: MirrorName,
    pub number: usize,
}

/// The specs that arrived last.
#[component]
pub(crate) fn NewestPushes(props: &NewestPushesProps) -> Html {
    let newest = use_answer(api::newest_specs(&props.mirror, props.number), 0);
    block(&newest, props.number, |list| newest_table(&props.mirror, &list.items))
}

/// The figures about builds, where some were reported.
fn reports_figures(mirror: &MirrorName, reports: &Reports) -> Vec<Figure> {
    if reports.builds == 0 {
        return Vec::new();
    }
    let link = |page: Page, number: u64| html! { <a href={route::href(&page)}>{ format::count(number) }</a> };
    let mut figures = vec![
        Figure::new("Builds", link(Page::Builds(mirror.clone()), reports.builds)),
        Figure::new("Still failing", link(Page::Failures(mirror.clone()), reports.failing)),
    ];
    if let Some(run) = &reports.last_run {
        figures.push(Figure::new("Last run", run_cells(mirror, run)));
    }
    figures
}

/// The run that was reported last, of all mirrors.
pub(crate) fn last_run(mirrors: &[Mirror]) -> Option<Figure> {
    let of = |mirror: &Mirror| mirror.reports.last_run.as_ref().map(|run| run.last);
    let mirror = mirrors.iter().filter(|mirror| of(mirror).is_some()).max_by_key(|mirror| of(mirror))?;
    let run = mirror.reports.last_run.as_ref()?;
    Some(Figure::new("Last run", run_cells(&mirror.name, run)))
}
