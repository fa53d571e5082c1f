//! One package: where it runs, its versions, and its specs with what differs between them.

use std::rc::Rc;

use larder_frontend::{
    coverage::Coverage,
    format,
    spec_filter::SpecFilter,
    variants::{Compared, Ordered},
};
use larder_shared::{
    api::{Mirror, Package, SpecSummary, VersionCount},
    name::{MirrorName, PackageName},
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block, is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api, browser,
    components::{
        builds_table::{When, builds_table},
        copy::Copy,
        coverage_grid::coverage_grid,
        outcome::history_cells,
        page_head::page_head,
        parts::{code, fact, mono_fact, mute, small_head},
        spec_text::variants_line,
        specs_table::SpecsTable,
        values::{Age, foreign, total_size},
    },
    load::use_answer,
    route::{self, Place},
};

/// Versions that are listed before the rest is counted.
const MOST_VERSIONS: usize = 12;

#[derive(Properties, PartialEq)]
pub(crate) struct PackagePageProps {
    pub mirror: MirrorName,
    pub name: PackageName,
    pub place: Place,
}

#[component]
pub(crate) fn PackagePage(props: &PackagePageProps) -> Html {
    use_title(&format!("{} · {}", props.name, props.mirror));
    let page = Page::Package(props.mirror.clone(), props.name.clone());
    let package = use_answer(api::package(&props.mirror, &props.name), 0);
    let specs = use_answer(api::specs_of(&props.mirror, &props.name), 0);
    let mirrors = use_answer(api::mirrors(), 0);
    let is_here = |mirror: &&Mirror| mirror.name == props.mirror;
    let has_reports =
        mirrors.data.as_ref().and_then(|all| all.iter().find(is_here)).is_some_and(|mirror| mirror.reports.builds > 0);
    let filter = SpecFilter::parse(props.place.param("q").unwrap_or_default());
    let url_of = |filter: &SpecFilter| route::url(&page, &[("q", &filter.to_string())]);
    let compared =
        use_memo(specs.data.clone(), |specs| specs.as_ref().map(|specs| Compared::of(specs)).unwrap_or_default());
    let rows = use_memo((specs.data.clone(), filter.clone()), |(specs, filter)| {
        let specs = specs.as_ref().map_or(&[][..], |specs| &specs[..]);
        (0..specs.len()).filter(|index| filter.shows(&specs[*index])).collect::<Vec<_>>()
    });
    if is_mirror_missing(&package) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&package) {
        return html! { <NotFoundPage missing={Missing::Package(props.mirror.clone(), props.name.clone())} {page}/> };
    }
    let title = html! { <span class="spec"><b>{ props.name.to_string() }</b></span> };
    let beside = package.data.as_ref().map_or_else(Html::default, |package| mute(counts(package)));
    html! {
        <article class="page">
            { page_head(&page, title, beside, None) }
            <div class="stack">
                <div class="split">
                    <section>
                        { small_head("Where it runs", "specs by system and target; a number shows only those") }
                        { block(&specs, 3, |specs| coverage_grid(&Coverage::of(specs), &filter, &url_of)) }
                    </section>
                    <section>
                        { small_head("Facts", "") }
                        { block(&package, 4, |package| facts(package, &filter, &url_of)) }
                    </section>
                </div>
                <section>
                    { block(&specs, 8, |specs| html! {
                        <>
                            { tools(specs, &rows, &compared, &filter, &page) }
                            if rows.is_empty() {
                                <p class="note">{ "No spec of this package is " }{ code(&filter.to_string()) }{ ". " }<a href={page.to_string()}>{ "Show all" }</a></p>
                            } else {
                                <SpecsTable mirror={props.mirror.clone()} specs={specs.clone()} rows={rows.clone()} compared={compared.clone()}/>
                            }
                        </>
                    }) }
                </section>
                if has_reports {
                    <BuildHistory mirror={props.mirror.clone()} name={props.name.clone()}/>
                }
            </div>
        </article>
    }
}

fn counts(package: &Package) -> String {
    let (specs, versions) = (package.summary.specs, package.summary.versions);
    format!("{}, {}", format::counted(specs, "spec"), format::counted(versions, "version"))
}

fn facts(package: &Package, filter: &SpecFilter, url_of: &dyn Fn(&SpecFilter) -> String) -> Html {
    let summary = &package.summary;
    let rest = package.by_version.len().saturating_sub(MOST_VERSIONS);
    let version = |count: &VersionCount| {
        let is_here = filter.version.as_deref() == Some(count.version.as_str());
        let wanted = SpecFilter { version: (!is_here).then(|| count.version.clone()), ..filter.clone() };
        html! {
            <li>
                <a class={if is_here { "spec here" } else { "spec" }} href={url_of(&wanted)} aria-current={is_here.then_some("true")}><i class="v">{ "@" }</i>{ foreign(&count.version) }</a>
                <span class="count" title={format::counted(count.specs, "spec")}>{ format!(" {}", format::short_count(count.specs)) }</span>
            </li>
        }
    };
    html! {
        <dl class="facts">
            { mono_fact("Newest", &summary.newest) }
            if package.by_version.len() > 1 {
                { fact("Versions", html! {
                    <ul class="inline">
                        { for package.by_version.iter().take(MOST_VERSIONS).map(version) }
                        if rest > 0 { <li>{ mute(format!("and {rest} more")) }</li> }
                    </ul>
                }) }
            }
            { fact("Size", total_size(summary.bytes)) }
            { fact("Last push", html! { <Age time={summary.pushed} ago=true/> }) }
            { mono_fact("Recipe", &format::recipe(package.namespace.as_deref(), &summary.name)) }
        </dl>
    }
}

/// The line above the table: what is shown, and what all have in common.
fn tools(specs: &Rc<Vec<SpecSummary>>, rows: &[usize], compared: &Compared, filter: &SpecFilter, page: &Page) -> Html {
    let same = compared.same.len() as u64;
    html! {
        <div class="tools">
            { small_head("Specs", "") }
            if !filter.is_empty() {
                <span>
                    <strong>{ format!("{} of {}", format::count(rows.len() as u64), format::count(specs.len() as u64)) }</strong>
                    { " with " }{ code(&filter.to_string()) }
                </span>
                <a class="btn" href={page.to_string()}>{ "Show all" }</a>
            }
            if specs.len() > 1 && same > 0 {
                <details class="same">
                    <summary>{ format!("{} {} the same in all {}", format::counted(same, "variant"), if same == 1 { "is" } else { "are" }, format::count(specs.len() as u64)) }</summary>
                    <p class="spec">{ variants_line(&Ordered::of(&compared.same), usize::MAX) }</p>
                </details>
            }
        </div>
    }
}

/// How many builds of a package are shown.
const BUILDS: usize = 20;

#[derive(Properties, PartialEq)]
pub(crate) struct BuildHistoryProps {
    pub mirror: MirrorName,
    pub name: PackageName,
}

/// How the package was built lately, and the badge that says so elsewhere; nothing where no build was
/// reported.
#[component]
pub(crate) fn BuildHistory(props: &BuildHistoryProps) -> Html {
    let builds = use_answer(api::builds(&props.mirror, BUILDS, &[("package", props.name.as_str())]), 0);
    let Some(list) = builds.data.as_ref().filter(|list| !list.items.is_empty()) else { return Html::default() };
    let page = Page::Package(props.mirror.clone(), props.name.clone());
    let origin = browser::origin();
    let badge = api::badge_path(&props.mirror, &props.name);
    let markdown = format!("[![{}]({origin}{badge})]({origin}{page})", props.name);
    let all = route::url(&Page::Builds(props.mirror.clone()), &[("package", props.name.as_str())]);
    html! {
        <section>
            { small_head("Builds", "in order, the last 20 at most") }
            <p class="tools">
                { history_cells(&props.mirror, &list.items) }
                <span class="end badge-line"><img src={badge} alt={format!("Badge of {}", props.name)} height="20"/><Copy text={markdown} label="Copy badge" name="Copy the badge as Markdown" said="the badge as Markdown"/></span>
            </p>
            { builds_table(&props.mirror, &list.items, When::Age) }
            if list.next.is_some() { <p class="search-note"><a href={all}>{ "All builds of " }{ props.name.to_string() }</a></p> }
        </section>
    }
}
