//! One package: where it runs, its specs and what differs between them, its versions, who needs it.

use std::{cell::RefCell, rc::Rc};

use larder_frontend::{
    columns::{self, Column, Order, Shown},
    coverage::Coverage,
    format,
    machine::{Fit, Machine},
    spec_filter::SpecFilter,
    variants::{Compared, Ordered},
};
use larder_shared::{
    api::{Dependency, Mirror, Package, SpecSummary, VersionCount},
    compare::MAX_SPECS,
    name::{DagHash, MirrorName, PackageName},
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block,
    compare::compare_url,
    install::InstallDialog,
    is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    announce, api,
    components::{
        builds_table::{When, builds_table},
        column_menu::ColumnMenu,
        copy::Copy,
        coverage_grid::coverage_grid,
        eras_table::eras_table,
        install::remembered_way,
        outcome::history_cells,
        page_head::page_head,
        parts::{code, fact, mono_fact, mute, small_head},
        skeleton::skeleton,
        spec_text::variants_line,
        specs_table::SpecsTable,
        values::{Age, foreign, total_size},
    },
    load::use_answer,
    my_machine::use_machine,
    route::{self, Place},
    site,
};

/// Versions that are listed before the rest is counted.
const MOST_VERSIONS: usize = 12;

/// Specs of a mirror up to which who needs a package is looked for without being asked: the index answers such a
/// question in one request.
const LOOKED_THROUGH: u64 = 2_000;

/// Packages that need this one, listed before the rest is counted.
const MOST_NEEDING: usize = 40;

thread_local! {
    /// What was selected last, and of which package: Back from a comparison finds it again.
    static PICKED: RefCell<(String, Rc<Vec<DagHash>>)> = RefCell::default();
}

#[derive(Properties, PartialEq)]
pub(crate) struct PackagePageProps {
    pub mirror: MirrorName,
    pub name: PackageName,
    pub place: Place,
}

/// What the URL says of the table.
struct View {
    page: Page,
    filter: SpecFilter,
    columns: Vec<Column>,
    /// Whether what is the same in all is shown, too.
    with_same: bool,
    order: Option<Order>,
}

impl View {
    fn of(page: Page, place: &Place) -> Self {
        let param = |name: &str| place.param(name).unwrap_or_default();
        Self {
            page,
            filter: SpecFilter::parse(param("q")),
            columns: columns::parse(param("cols")),
            with_same: param("same") == "shown",
            order: Order::parse(param("sort")),
        }
    }

    fn url(&self, filter: &SpecFilter, columns: &[Column], with_same: bool, sort: &str) -> String {
        let (filter, columns) = (filter.to_string(), columns::print(columns));
        let same = if with_same { "shown" } else { "" };
        route::url(&self.page, &[("q", &filter), ("cols", &columns), ("same", same), ("sort", sort)])
    }

    fn sort(&self) -> String {
        let Some(Order { column, is_descending }) = self.order else { return String::new() };
        format!("{}{}", if is_descending { "-" } else { "" }, column.key())
    }

    fn with_filter(&self, filter: &SpecFilter) -> String {
        self.url(filter, &self.columns, self.with_same, &self.sort())
    }

    fn with_columns(&self, columns: &[Column]) -> String {
        self.url(&self.filter, columns, self.with_same, &self.sort())
    }

    fn with_same(&self, with_same: bool) -> String {
        self.url(&self.filter, &self.columns, with_same, &self.sort())
    }
}

#[component]
pub(crate) fn PackagePage(props: &PackagePageProps) -> Html {
    use_title(&format!("{} · {}", props.name, props.mirror));
    let page = Page::Package(props.mirror.clone(), props.name.clone());
    let package = use_answer(api::package(&props.mirror, &props.name), 0);
    let specs = use_answer(api::specs_of(&props.mirror, &props.name), 0);
    let mirrors = use_answer(api::mirrors(), 0);
    let machine = use_machine();
    let is_here = |mirror: &&Mirror| mirror.name == props.mirror;
    let here = mirrors.data.as_ref().and_then(|all| all.iter().find(is_here));
    let view = View::of(page.clone(), &props.place);
    let compared =
        use_memo(specs.data.clone(), |specs| specs.as_ref().map(|specs| Compared::of(specs)).unwrap_or_default());
    let rows = use_memo((specs.data.clone(), view.filter.clone(), view.sort()), |(specs, filter, sort)| {
        let specs = specs.as_ref().map_or(&[][..], |specs| &specs[..]);
        let rows: Vec<usize> = (0..specs.len()).filter(|index| filter.shows(&specs[*index])).collect();
        match Order::parse(sort) {
            Some(order) => order.sort(&rows, specs),
            None => rows,
        }
    });
    let picked = use_state({
        let page = page.to_string();
        move || PICKED.with_borrow(|(of, picked)| if *of == page { picked.clone() } else { Rc::default() })
    });
    let onpick = {
        let (picked, page) = (picked.clone(), page.to_string());
        Callback::from(move |hash: DagHash| {
            let mut next = (**picked).clone();
            let place = next.iter().position(|known| *known == hash);
            match place {
                Some(place) => drop(next.remove(place)),
                None if next.len() == MAX_SPECS => {
                    announce::answer(format!("{MAX_SPECS} specs fit side by side. Take one out first."));
                    return false;
                }
                None => next.push(hash),
            }
            announce::answer(format!("{} selected", format::counted(next.len() as u64, "spec")));
            let next = Rc::new(next);
            PICKED.replace((page.clone(), next.clone()));
            picked.set(next);
            place.is_none()
        })
    };
    if is_mirror_missing(&package) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&package) {
        return html! { <NotFoundPage missing={Missing::Package(props.mirror.clone(), props.name.clone())} {page}/> };
    }
    let title = html! { <span class="spec"><b>{ props.name.to_string() }</b></span> };
    let known_specs = specs.data.as_ref().map_or(&[][..], |specs| &specs[..]);
    let beside =
        package.data.as_ref().map_or_else(Html::default, |package| counts(package, known_specs, machine.as_ref()));
    let install = route::url(&page, &[("install", &remembered_way())]);
    let end = html! { <a class="btn main" id="install-button" href={install}>{ "Install" }</a> };
    let url_of = |filter: &SpecFilter| view.with_filter(filter);
    let needs = known_specs.first().map_or_else(Html::default, |newest| {
        html! { <Needs mirror={props.mirror.clone()} newest={newest.hash.clone()}/> }
    });
    let is_coming = package.data.is_none() && package.state.waiting || specs.data.is_none() && specs.state.waiting;
    html! {
        <article class="page">
            { page_head(&page, title, beside, Some(end)) }
            if is_coming {
                // Both at once: what came first would move when the other comes.
                <div aria-busy="true">{ skeleton(14) }</div>
            } else {
                <div class="stack">
                    <div class="split">
                        <section>
                            { small_head("Where it runs", "specs by system and target; a number shows only those") }
                            { block(&specs, 3, |specs| coverage_grid(&Coverage::of(specs), &view.filter, machine.as_ref(), &url_of)) }
                        </section>
                        <section>
                            { small_head("Facts", "") }
                            { block(&package, 4, |package| facts(package, &view.filter, &url_of, needs)) }
                        </section>
                    </div>
                    <section>
                        { block(&specs, 8, |specs| specs_block(props, &view, specs, &rows, &compared, machine.as_ref(), &picked, &onpick)) }
                    </section>
                    if known_specs.len() > 1 {
                        <section>
                            { small_head("Versions over time", "each mark is a push") }
                            { eras_table(&columns::eras(known_specs), &|version| view.with_filter(&SpecFilter { version: Some(version.to_owned()), ..SpecFilter::default() })) }
                        </section>
                    }
                    if let Some(here) = here {
                        <NeededBy mirror={props.mirror.clone()} name={props.name.clone()} at_once={here.specs <= LOOKED_THROUGH}/>
                        if here.reports.builds > 0 {
                            <BuildHistory mirror={props.mirror.clone()} name={props.name.clone()}/>
                        }
                    }
                </div>
            }
            if let Some(client) = props.place.param("install") {
                <InstallDialog mirror={props.mirror.clone()} package={props.name.clone()} tab={client.to_owned()} visit={props.place.visit}/>
            }
        </article>
    }
}

/// `8 specs, 3 versions; 2 fit debian12 zen3`
fn counts(package: &Package, specs: &[SpecSummary], machine: Option<&Machine>) -> Html {
    let (number, versions) = (package.summary.specs, package.summary.versions);
    let counts = format!("{}, {}", format::counted(number, "spec"), format::counted(versions, "version"));
    let Some(machine) = machine.filter(|_| specs.len() as u64 == number) else { return mute(counts) };
    let fitting = specs.iter().filter(|spec| machine.fit(spec) == Fit::Runs).count() as u64;
    let fit = match fitting {
        0 => format!("none fits {}", machine.short()),
        1 => format!("1 fits {}", machine.short()),
        several => format!("{} fit {}", format::count(several), machine.short()),
    };
    html! { <span class="mute">{ counts }{ "; " }<strong>{ fit }</strong></span> }
}

#[expect(clippy::too_many_arguments, reason = "what the table is made of")]
fn specs_block(
    props: &PackagePageProps,
    view: &View,
    specs: &Rc<Vec<SpecSummary>>,
    rows: &Rc<Vec<usize>>,
    compared: &Rc<Compared>,
    machine: Option<&Machine>,
    picked: &Rc<Vec<DagHash>>,
    onpick: &Callback<DagHash, bool>,
) -> Html {
    let shown = if view.with_same {
        Shown { columns: view.columns.clone(), common: Vec::new() }
    } else {
        columns::only_what_differs(&view.columns, specs, compared)
    };
    let url_of_order = {
        let view = View::of(view.page.clone(), &props.place);
        Callback::from(move |sort: String| view.url(&view.filter, &view.columns, view.with_same, &sort))
    };
    html! {
        <>
            { tools(&props.mirror, view, specs, rows, compared, &shown, picked) }
            if rows.is_empty() {
                <p class="note">{ "No spec of this package is " }{ code(&view.filter.to_string()) }{ ". " }<a href={view.with_filter(&SpecFilter::default())}>{ "Show all" }</a></p>
            } else {
                <SpecsTable mirror={props.mirror.clone()} specs={specs.clone()} rows={rows.clone()} compared={compared.clone()}
                    columns={shown.columns} only_what_differs={!view.with_same} order={view.order} {url_of_order}
                    machine={machine.cloned()} picked={picked.clone()} onpick={onpick.clone()}/>
            }
        </>
    }
}

fn facts(package: &Package, filter: &SpecFilter, url_of: &dyn Fn(&SpecFilter) -> String, needs: Html) -> Html {
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
            { needs }
        </dl>
    }
}

/// The line above the table: what is shown, and what all have in common.
fn tools(
    mirror: &MirrorName,
    view: &View,
    specs: &Rc<Vec<SpecSummary>>,
    rows: &[usize],
    compared: &Compared,
    shown: &Shown,
    picked: &[DagHash],
) -> Html {
    let same = columns::common_words(shown, compared);
    let toggle = {
        let url = view.with_same(!view.with_same);
        Callback::from(move |_: MouseEvent| route::go(&url))
    };
    let onchoose = {
        let url_of = |chosen: &[Column]| view.with_columns(chosen);
        let urls: Vec<(Column, String)> =
            Column::ALL.into_iter().map(|column| (column, url_of(&toggled(&view.columns, column)))).collect();
        Callback::from(move |key: &'static str| {
            if let Some((_, url)) = urls.iter().find(|(column, _)| column.key() == key) {
                route::go(url);
            }
        })
    };
    let hashes: Vec<String> = picked.iter().map(|hash| format::short_hash(hash.as_str()).to_owned()).collect();
    html! {
        <div class="tools">
            { small_head("Specs", "") }
            if !view.filter.is_empty() {
                <span>
                    <strong>{ format!("{} of {}", format::count(rows.len() as u64), format::count(specs.len() as u64)) }</strong>
                    { " with " }{ code(&view.filter.to_string()) }
                </span>
                <a class="btn" href={view.with_filter(&SpecFilter::default())}>{ "Show all" }</a>
            }
            if specs.len() > 1 {
                <button type="button" class="btn" aria-pressed={(!view.with_same).to_string()} onclick={toggle}>{ "Only what differs" }</button>
                if !view.with_same && !same.is_empty() {
                    <details class="same">
                        <summary>{ format!("The same in all {}: {same}", format::count(specs.len() as u64)) }</summary>
                        <p class="spec">{ variants_line(&Ordered::of(&compared.same), usize::MAX) }</p>
                    </details>
                }
            }
            <span class="end">
                <a class="btn" data-key="c" href={compare_url(mirror, &hashes, "")}>
                    { "Compare" }
                    if !picked.is_empty() { { format!(" {}", picked.len()) } }
                    <kbd aria-hidden="true">{ "c" }</kbd>
                </a>
                <ColumnMenu columns={Column::ALL.map(|column| (column.key(), column.name(), view.columns.contains(&column))).to_vec()} {onchoose}/>
            </span>
        </div>
    }
}

/// The columns with one put in or taken out; the last one stays.
fn toggled(columns: &[Column], column: Column) -> Vec<Column> {
    let is_chosen = |each: &Column| columns.contains(each) != (*each == column);
    let next: Vec<Column> = Column::ALL.into_iter().filter(is_chosen).collect();
    if next.is_empty() { columns.to_vec() } else { next }
}

#[derive(Properties, PartialEq)]
struct NeedsProps {
    mirror: MirrorName,
    newest: DagHash,
}

/// What the newest spec depends on directly.
#[component]
fn Needs(props: &NeedsProps) -> Html {
    let spec = use_answer(api::spec(&props.mirror, props.newest.as_str()), 0);
    if spec.state.waiting && spec.data.is_none() {
        // It has its place before it is known.
        return fact("Needs", html! { "\u{a0}" });
    }
    let Some(spec) = &spec.data else { return Html::default() };
    let Some(root) = spec.nodes.first() else { return Html::default() };
    let is_here = |edge: &Dependency| spec.nodes.iter().any(|node| node.hash == edge.hash && node.in_mirror);
    let mut names: Vec<(&PackageName, bool)> =
        root.dependencies.iter().map(|edge| (&edge.name, is_here(edge))).collect();
    names.sort_unstable();
    names.dedup();
    let item = |(name, is_here): (&PackageName, bool)| {
        if is_here {
            package_link(&props.mirror, name, None)
        } else {
            html! { <li key={name.as_str()}><span class="spec mute" title="Not in this mirror">{ foreign(name.as_str()) }</span></li> }
        }
    };
    fact(
        "Needs",
        html! {
            if names.is_empty() {
                { "nothing else" }
            } else {
                <ul class="inline needs">{ for names.into_iter().map(item) }</ul>
            }
        },
    )
}

fn package_link(mirror: &MirrorName, name: &PackageName, specs: Option<u64>) -> Html {
    html! {
        <li key={name.as_str()}>
            <a class="spec" href={route::href(&Page::Package(mirror.clone(), name.clone()))}>{ foreign(name.as_str()) }</a>
            if let Some(specs) = specs { <span class="count" title={format::counted(specs, "spec")}>{ format!(" {}", format::short_count(specs)) }</span> }
        </li>
    }
}

#[derive(Properties, PartialEq)]
struct NeededByProps {
    mirror: MirrorName,
    name: PackageName,
    /// Whether it is looked for without being asked.
    at_once: bool,
}

/// Who depends on the package.
#[component]
fn NeededBy(props: &NeededByProps) -> Html {
    let is_asked = use_state_eq(|| props.at_once);
    let onclick = {
        let is_asked = is_asked.clone();
        Callback::from(move |_| is_asked.set(true))
    };
    html! {
        <section>
            { small_head("Needed by", "what depends on it directly, and how many specs of it do") }
            if *is_asked {
                <Needing mirror={props.mirror.clone()} name={props.name.clone()}/>
            } else {
                <p><button type="button" class="btn" {onclick}>{ "Look for them" }</button>{ " " }{ mute("This mirror is large: it takes some seconds.") }</p>
            }
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct NeedingProps {
    mirror: MirrorName,
    name: PackageName,
}

#[component]
fn Needing(props: &NeedingProps) -> Html {
    let needing = use_answer(api::needing(&props.mirror, &props.name), 0);
    let is_all = use_state_eq(|| false);
    let show_all = {
        let is_all = is_all.clone();
        Callback::from(move |_| is_all.set(true))
    };
    block(&needing, 1, |specs| {
        let mut counts: Vec<(PackageName, u64)> = Vec::new();
        for spec in specs.iter() {
            match counts.iter_mut().find(|(name, _)| *name == spec.name) {
                Some((_, count)) => *count += 1,
                None => counts.push((spec.name.clone(), 1)),
            }
        }
        counts.sort_unstable();
        if counts.is_empty() {
            return html! { <p class="mute">{ "Nothing in this mirror." }</p> };
        }
        let shown = if *is_all { counts.len() } else { MOST_NEEDING };
        html! {
            <ul class="inline">
                { for counts.iter().take(shown).map(|(name, count)| package_link(&props.mirror, name, Some(*count))) }
                if counts.len() > shown {
                    <li><button type="button" class="refer" onclick={show_all.clone()}>{ format!("and {} more", counts.len() - shown) }</button></li>
                }
            </ul>
        }
    })
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
    let origin = site::url();
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
