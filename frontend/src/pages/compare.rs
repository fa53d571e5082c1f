//! Specs side by side, and why the reader's own was not fetched.

use std::rc::Rc;

use larder_frontend::format;
use larder_shared::{
    api::{ErrorCode, Spec},
    compare::{
        By, Comparison, MAX_SPECS, Property, Row, Side, Value,
        pasted::{self, Pasted},
        reason::{Graph, Reason, reason},
    },
    name::{MirrorName, PackageName, is_dag_hash_prefix},
    route::page::Page,
};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use super::{
    block, has_code, is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    announce, api,
    components::{
        page_head::page_head,
        parts::{code, in_code, mute, small_head},
        skeleton::skeleton,
        spec_text::{hash, spec_page, version},
        values::foreign,
    },
    load::{Answer, use_answer, use_answers},
    route::{self, Place},
};

#[derive(Properties, PartialEq)]
pub(crate) struct ComparePageProps {
    pub mirror: MirrorName,
    pub place: Place,
}

/// The hashes in the URL's `specs`, at most as many as fit.
fn hashes(text: &str) -> Vec<String> {
    let mut hashes: Vec<String> = Vec::new();
    for hash in text.split(',').map(|hash| hash.trim_start_matches('/')).filter(|hash| is_dag_hash_prefix(hash)) {
        if !hashes.iter().any(|known| known == hash) {
            hashes.push(hash.to_owned());
        }
    }
    hashes.truncate(MAX_SPECS);
    hashes
}

/// The URL of a comparison.
pub(crate) fn compare_url(mirror: &MirrorName, hashes: &[String], with: &str) -> String {
    route::url(&Page::Compare(mirror.clone()), &[("specs", &hashes.join(",")), ("with", with)])
}

/// A spec of the reader's, which Spack did not fetch.
#[derive(Clone, PartialEq)]
enum Mine {
    /// Pasted.
    Pasted(Rc<Vec<Graph>>),
    /// Something was pasted that is not one.
    Unreadable(String),
}

#[component]
pub(crate) fn ComparePage(props: &ComparePageProps) -> Html {
    use_title(&format!("Compare · {}", props.mirror));
    let mirror = &props.mirror;
    let page = Page::Compare(mirror.clone());
    let wanted = hashes(props.place.param("specs").unwrap_or_default());
    let with = props.place.param("with").filter(|hash| is_dag_hash_prefix(hash)).unwrap_or_default().to_owned();
    let asked = wanted.iter().chain((!with.is_empty()).then_some(&with)).map(|hash| api::spec(mirror, hash)).collect();
    let answers = use_answers(asked);
    let mine = use_state_eq(|| None::<Mine>);
    if answers.iter().any(is_mirror_missing) {
        return html! { <NotFoundPage missing={Missing::Mirror(mirror.clone())} {page}/> };
    }
    let specs: Vec<Rc<Spec>> = answers.iter().filter_map(|answer| answer.data.clone()).collect();
    let is_whole = specs.len() == answers.len();
    let base = answers.first().filter(|_| !wanted.is_empty()).and_then(|answer| answer.data.clone());
    let with_spec = answers.last().filter(|_| !with.is_empty()).and_then(|answer| answer.data.clone());
    let pasted = match &*mine {
        Some(Mine::Pasted(graphs)) => Some(chosen(graphs, base.as_ref().map(|spec| &spec.summary.name))),
        _ => None,
    };
    let mut sides: Vec<Side> = specs.iter().map(|spec| Side::of_spec(spec)).collect();
    sides.extend(pasted.as_ref().map(Graph::side));
    let comparison = Comparison::of(&sides);
    let beside = (is_whole && sides.len() > 1).then(|| mute(counts(&comparison)));
    let on_read = {
        let (mine, mirror, wanted) = (mine.clone(), mirror.clone(), wanted.clone());
        Callback::from(move |text: String| match pasted::read(&text) {
            Ok(Pasted::Hash(hash)) => {
                mine.set(None);
                route::go(&compare_url(&mirror, &wanted, &hash));
            }
            Ok(Pasted::Specs(graphs)) => {
                if !with_is_empty() {
                    route::go_instead(&compare_url(&mirror, &wanted, ""));
                }
                mine.set(Some(Mine::Pasted(Rc::new(graphs))));
            }
            Err(error) => mine.set(Some(Mine::Unreadable(error.to_string()))),
        })
    };
    let forget = {
        let (mine, url) = (mine.clone(), compare_url(mirror, &wanted, ""));
        Callback::from(move |()| {
            mine.set(None);
            route::go_instead(&url);
        })
    };
    html! {
        <article class="page">
            { page_head(&page, html! { "Compare" }, beside.unwrap_or_default(), None) }
            <div class="stack">
                { for problems(mirror, &wanted, &with, &answers) }
                if let (Some(base), Some(wanted)) = (&base, &pasted) {
                    <Verdict mirror={mirror.clone()} base={base.clone()} wanted={Rc::new(wanted.clone())}/>
                } else if let (Some(base), Some(wanted)) = (&base, &with_spec) {
                    <VerdictOfTwo mirror={mirror.clone()} base={base.clone()} wanted={wanted.clone()}/>
                } else if let Some(wanted) = &pasted {
                    <Nearest mirror={mirror.clone()} wanted={Rc::new(wanted.clone())}/>
                }
                if !sides.is_empty() && base.is_some() {
                    { table(mirror, &wanted, &with, &specs, pasted.as_ref(), &comparison) }
                } else if !answers.is_empty() && !is_whole && answers.iter().all(|answer| answer.state.waiting) {
                    { skeleton(8) }
                } else if pasted.is_none() {
                    { nothing_chosen(mirror) }
                }
                { mine_section(mine.as_ref(), base.is_some(), &on_read, &forget) }
            </div>
        </article>
    }
}

/// Whether the URL names no spec in `with`.
fn with_is_empty() -> bool {
    Place::here(route::Arrival::Within, 0).param("with").unwrap_or_default().is_empty()
}

/// Of several pasted specs the one of the package that is compared, else the first.
fn chosen(graphs: &[Graph], package: Option<&PackageName>) -> Graph {
    let fits = graphs.iter().find(|graph| Some(&graph.root().name) == package);
    fits.unwrap_or(&graphs[0]).clone()
}

fn counts(comparison: &Comparison) -> String {
    let (differ, same) = (comparison.rows.len() as u64, comparison.same.len() as u64);
    format!(
        "{} {}, {} {} the same",
        format::counted(differ, "line"),
        if differ == 1 { "differs" } else { "differ" },
        format::count(same),
        if same == 1 { "is" } else { "are" }
    )
}

/// What became of the hashes that cannot be shown.
fn problems(mirror: &MirrorName, wanted: &[String], with: &str, answers: &[Answer<Spec>]) -> Vec<Html> {
    let all = wanted.iter().map(String::as_str).chain((!with.is_empty()).then_some(with));
    let mut notes = Vec::new();
    for (hash, answer) in all.zip(answers) {
        let written = code(&format!("/{}", format::short_hash(hash)));
        if is_missing(answer) {
            notes.push(html! {
                <p class="note warn" role="status">
                    { foreign(mirror.as_str()) }{ " has no spec whose hash begins with " }{ written }{ ". " }
                    if hash == with { { "Paste what " }{ code("spack spec --json") }{ " prints to see why." } }
                </p>
            });
        } else if has_code(answer, ErrorCode::Ambiguous) {
            let choose = route::href(&Page::Spec(mirror.clone(), hash.to_owned()));
            notes.push(html! {
                <p class="note warn" role="status">
                    { written }{ " is the start of several hashes. Type more of it, or " }<a href={choose}>{ "choose one" }</a>{ "." }
                </p>
            });
        } else if answer.state.failure.is_some() && answer.data.is_none() {
            notes.push(block(answer, 0, |_| Html::default()));
        }
    }
    notes
}

fn nothing_chosen(mirror: &MirrorName) -> Html {
    html! {
        <p class="note">
            { "Specs stand here side by side. On the page of a package, choose two to six rows (" }<kbd>{ "x" }</kbd>
            { "), then press Compare (" }<kbd>{ "c" }</kbd>{ "). " }
            <a href={route::href(&Page::Packages(mirror.clone()))}>{ "All packages" }</a>
        </p>
    }
}

/// The table; the reader's own spec is its last column.
fn table(
    mirror: &MirrorName,
    wanted: &[String],
    with: &str,
    specs: &[Rc<Spec>],
    pasted: Option<&Graph>,
    comparison: &Comparison,
) -> Html {
    let columns = specs.len() + usize::from(pasted.is_some());
    if columns < 2 {
        let spec = &specs[0].summary;
        return html! {
            <p class="note">
                <a class="spec" href={spec_page(mirror, &spec.hash)}>{ foreign(spec.name.as_str()) }{ version(&spec.version) }</a>
                { " is alone. Choose another of " }
                <a href={route::href(&Page::Package(mirror.clone(), spec.name.clone()))}>{ "its package" }</a>
                { ", or compare it with your own below." }
            </p>
        };
    }
    let is_of_one_package = specs.iter().all(|spec| spec.summary.name == specs[0].summary.name);
    let without = |index: usize| {
        let rest: Vec<String> =
            wanted.iter().enumerate().filter(|(place, _)| *place != index).map(|(_, hash)| hash.clone()).collect();
        compare_url(mirror, &rest, with)
    };
    let first = |index: usize| {
        let mut order = wanted.to_vec();
        let base = order.remove(index);
        order.insert(0, base);
        compare_url(mirror, &order, with)
    };
    let head = |index: usize, spec: &Rc<Spec>| {
        let (summary, is_with) = (&spec.summary, index >= wanted.len());
        let name = format!("/{}", format::short_hash(summary.hash.as_str()));
        html! {
            <th scope="col" key={summary.hash.as_str()} data-hash={summary.hash.to_string()}>
                <a class="hash" data-row="" href={spec_page(mirror, &summary.hash)} title={summary.hash.to_string()}>{ format::short_hash(summary.hash.as_str()).to_owned() }</a>
                if !is_of_one_package { <span class="spec">{ " " }{ foreign(summary.name.as_str()) }</span> }
                <span class="diff-role">
                    if is_with {
                        <span>{ "yours" }</span>
                    } else if index == 0 {
                        <span>{ "base" }</span>
                    } else {
                        <a href={first(index)} aria-label={format!("make base {name}")}>{ "make base" }</a>
                    }
                    if !is_with && wanted.len() > 1 {
                        <a href={without(index)} aria-label={format!("take out {name}")}>{ "take out" }</a>
                    }
                </span>
            </th>
        }
    };
    html! {
        <section>
            <div class="scroll" tabindex="0" role="group" aria-label="Specs side by side">
                <table class="table dense diff">
                    <thead>
                        <tr>
                            <td><span class="sr">{ "Property" }</span></td>
                            { for specs.iter().enumerate().map(|(index, spec)| head(index, spec)) }
                            if let Some(graph) = pasted {
                                <th scope="col">{ hash(&graph.root().hash) }<span class="diff-role">{ "yours" }</span></th>
                            }
                        </tr>
                    </thead>
                    <tbody>
                        if comparison.rows.is_empty() {
                            <tr><th scope="row">{ "nothing differs" }</th><td colspan={columns.to_string()}>{ "in what lists and graphs say; the hashes tell of more" }</td></tr>
                        }
                        { for comparison.rows.iter().map(|each| row(mirror, each)) }
                    </tbody>
                    <Same same={comparison.same.clone()} {columns}/>
                </table>
            </div>
        </section>
    }
}

fn row(mirror: &MirrorName, row: &Row) -> Html {
    let cells = row.cells.iter().zip(&row.apart).map(|(cell, is_apart)| {
        let class = classes!(is_apart.then_some("odd"), cell.is_none().then_some("none"));
        html! {
            <td {class}>
                if *is_apart { <span class="sr">{ "differs: " }</span> }
                { cell.as_ref().map_or_else(|| html! { "none" }, |value| written(mirror, value, row.by)) }
            </td>
        }
    });
    html! {
        <tr key={row.property.label()}>
            <th scope="row">{ foreign(&row.property.label()) }</th>
            { for cells }
        </tr>
    }
}

fn written(mirror: &MirrorName, value: &Value, by: By) -> Html {
    html! {
        <>
            { foreign(&value.text) }
            { for value.hashes.iter().map(|each| html! { <>{ " " }<a class="hash" href={spec_page(mirror, each)} title={each.to_string()}>{ format::short_hash(each.as_str()).to_owned() }</a></> }) }
            if by == By::Detail { { " " }<span class="mute">{ foreign(&value.detail) }</span> }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct SameProps {
    same: Vec<(Property, Value)>,
    columns: usize,
}

/// The lines that are the same in all, folded into one that counts them.
#[component]
fn Same(props: &SameProps) -> Html {
    let is_open = use_state_eq(|| false);
    let number = props.same.len() as u64;
    if number == 0 {
        return Html::default();
    }
    let onclick = {
        let is_open = is_open.clone();
        Callback::from(move |_| is_open.set(!*is_open))
    };
    let words = format!(
        "{} {} the same in all {}",
        format::counted(number, "line"),
        if number == 1 { "is" } else { "are" },
        props.columns
    );
    html! {
        <tbody>
            <tr class="fold">
                <td colspan={(props.columns + 1).to_string()}>
                    <button type="button" class="refer" aria-expanded={is_open.to_string()} {onclick}>{ if *is_open { "▼ " } else { "▶ " } }{ words }</button>
                </td>
            </tr>
            if *is_open {
                for (property, value) in &props.same {
                    <tr key={property.label()}>
                        <th scope="row">{ foreign(&property.label()) }</th>
                        <td colspan={props.columns.to_string()}>{ foreign(&value.text) }</td>
                    </tr>
                }
            }
        </tbody>
    }
}

/// Where the reader's own spec is pasted.
fn mine_section(mine: Option<&Mine>, has_base: bool, on_read: &Callback<String>, forget: &Callback<()>) -> Html {
    let problem = match mine {
        Some(Mine::Unreadable(why)) => Some(why.clone()),
        _ => None,
    };
    html! {
        <section class="narrow">
            { small_head("Compare with mine", "why did Spack build instead of fetch?") }
            <p class="search-note" id="mine-help">
                { "Paste what " }{ code("spack spec --json <spec>") }{ " or " }{ code("spack find --json --deps") }
                { " prints, the text of a " }{ code("spec.json") }{ " file, or a hash. " }
                if !has_base { { "The nearest spec of this mirror is found for it. " } }
                { "It stays in this browser." }
            </p>
            <Paste {problem} on_read={on_read.clone()} forget={matches!(mine, Some(Mine::Pasted(_))).then(|| forget.clone())}/>
        </section>
    }
}

#[derive(Properties, PartialEq)]
struct PasteProps {
    problem: Option<String>,
    on_read: Callback<String>,
    /// Takes away what was pasted, where something was.
    forget: Option<Callback<()>>,
}

#[component]
fn Paste(props: &PasteProps) -> Html {
    let field = use_node_ref();
    let on_read = {
        let (field, on_read) = (field.clone(), props.on_read.clone());
        Callback::from(move |()| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>() {
                on_read.emit(field.value());
            }
        })
    };
    let onkeydown = {
        let on_read = on_read.clone();
        Callback::from(move |event: KeyboardEvent| {
            if event.key() == "Enter" && (event.ctrl_key() || event.meta_key()) {
                event.prevent_default();
                on_read.emit(());
            }
        })
    };
    let onforget = props.forget.clone().map(|forget| {
        let field = field.clone();
        Callback::from(move |_: MouseEvent| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>() {
                field.set_value("");
            }
            forget.emit(());
        })
    });
    html! {
        <div class="paste">
            <textarea ref={field} rows="4" spellcheck="false" autocomplete="off" aria-label="Your spec as JSON, or its hash"
                aria-describedby={if props.problem.is_some() { "mine-problem" } else { "mine-help" }}
                aria-invalid={props.problem.is_some().then_some("true")} {onkeydown}/>
            if let Some(problem) = &props.problem {
                <p class="note bad" id="mine-problem" role="alert">{ in_code(&format::sentence(problem)) }</p>
            }
            <p class="tools">
                <button type="button" class="btn" onclick={on_read.reform(|_| ())}>{ "Compare with mine" }</button>
                if let Some(onclick) = onforget { <button type="button" class="btn bare" {onclick}>{ "Forget mine" }</button> }
            </p>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct VerdictProps {
    mirror: MirrorName,
    base: Rc<Spec>,
    wanted: Rc<Graph>,
}

/// Why the reader's spec was not fetched.
#[component]
fn Verdict(props: &VerdictProps) -> Html {
    let graphs = use_answers(api::graph(&props.mirror, &props.base).into_iter().collect());
    let Some(graph) = graphs.first() else { return Html::default() };
    block(graph, 1, |graph| html! { <Said reason={reason(&props.wanted, graph)}/> })
}

#[derive(Properties, PartialEq)]
struct VerdictOfTwoProps {
    mirror: MirrorName,
    base: Rc<Spec>,
    wanted: Rc<Spec>,
}

/// The same for one that the mirror has, too.
#[component]
fn VerdictOfTwo(props: &VerdictOfTwoProps) -> Html {
    let asked = [&props.base, &props.wanted].into_iter().filter_map(|spec| api::graph(&props.mirror, spec)).collect();
    let graphs = use_answers(asked);
    let [base, wanted] = &graphs[..] else { return Html::default() };
    match &wanted.data {
        Some(wanted) => block(base, 1, |base| html! { <Said reason={reason(wanted, base)}/> }),
        None => block(wanted, 1, |_| Html::default()),
    }
}

#[derive(Properties, PartialEq)]
struct SaidProps {
    reason: Reason,
}

#[component]
fn Said(props: &SaidProps) -> Html {
    let sentence = props.reason.sentence();
    use_effect_with(sentence.clone(), |sentence| announce::answer(sentence.replace('`', "")));
    let class = if props.reason == Reason::Same { "note verdict" } else { "note warn verdict" };
    html! { <p {class}>{ in_code(&sentence) }</p> }
}

#[derive(Properties, PartialEq)]
struct NearestProps {
    mirror: MirrorName,
    wanted: Rc<Graph>,
}

/// Looks for the spec of the mirror that is most like the reader's, and compares with that.
#[component]
fn Nearest(props: &NearestProps) -> Html {
    let name = &props.wanted.root().name;
    let specs = use_answer(api::specs_of(&props.mirror, name), 0);
    let nearest = specs
        .data
        .as_ref()
        .filter(|_| !specs.state.waiting)
        .map(|specs| pasted::nearest(&props.wanted, specs).map(|spec| spec.hash.to_string()));
    {
        let mirror = props.mirror.clone();
        use_effect_with(nearest.clone(), move |nearest| {
            if let Some(Some(hash)) = nearest {
                let short = hash.chars().take(12).collect();
                route::go_instead(&compare_url(&mirror, &[short], ""));
            }
        });
    }
    match nearest {
        Some(None) => html! {
            <p class="note warn verdict" role="status">
                { "Not fetched because " }{ foreign(props.mirror.as_str()) }{ " has no " }{ code(name.as_str()) }{ " at all." }
            </p>
        },
        _ => block(&specs, 1, |_| Html::default()),
    }
}
