//! One search of all mirrors: what each of them has, the way into each.

use std::rc::Rc;

use larder_frontend::{
    everywhere::{Answered, Kept, SHOWN, Wanted},
    find::paint::Read,
    format,
};
use larder_shared::{api::Mirror, find::Trouble, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{block, use_title};
use crate::{
    announce::announce,
    api,
    components::{
        failure::failure_note,
        mirrors_table::mirrors_table,
        page_head::page_head,
        parts::{code, in_code},
        results_table::{results_of_packages, results_of_specs},
        skeleton::skeleton,
        values::foreign,
    },
    load::{Answer, use_answer, use_answers},
    my_machine::use_machine,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct SearchPageProps {
    /// The URL's `q`.
    pub text: AttrValue,
}

#[component]
pub(crate) fn SearchPage(props: &SearchPageProps) -> Html {
    use_title(&if props.text.is_empty() { "Search".to_owned() } else { format!("{} · Search", props.text) });
    let mirrors = use_answer(api::mirrors(), 0);
    let only = match mirrors.data.as_ref().map(|mirrors| &mirrors[..]) {
        Some([only]) if !mirrors.state.waiting => Some(only.name.clone()),
        _ => None,
    };
    use_effect_with((only, props.text.clone()), |(only, text)| {
        // Of one mirror the list of its packages is the search.
        if let Some(only) = only {
            route::go_instead(&route::url(&Page::Packages(only.clone()), &[("q", text)]));
        }
    });
    let last = use_mut_ref(|| Wanted::Nothing);
    let wanted = Wanted::parse(&props.text);
    let fault = match &wanted {
        Wanted::Faulty(trouble) => Some(trouble.clone()),
        _ => {
            last.replace(wanted);
            None
        }
    };
    let wanted = last.borrow().clone();
    html! {
        <article class="page">
            { page_head(&Page::Search, html! { "Search all mirrors" }, Html::default(), None) }
            if let Some(trouble) = &fault { { faulty(&props.text, trouble) } }
            { block(&mirrors, 8, |mirrors| html! {
                <div class={if fault.is_some() { "found-list old" } else { "found-list" }}>
                    if wanted == Wanted::Nothing {
                        if fault.is_none() { { nothing_asked(mirrors) } }
                    } else {
                        <Results mirrors={mirrors.clone()} {wanted}/>
                    }
                </div>
            }) }
        </article>
    }
}

/// A query that cannot be read: underlined where it is wrong, and what is wrong.
fn faulty(text: &AttrValue, trouble: &Trouble) -> Html {
    let read = Read { query: text.to_string(), problem: Some(trouble.clone()), ..Read::default() };
    let parts: Vec<Html> = read
        .stretches(text)
        .iter()
        .map(|stretch| match stretch.is_fault {
            true => html! { <u class="fault">{ format::visible(stretch.text).into_owned() }</u> },
            false => html! { { format::visible(stretch.text).into_owned() } },
        })
        .collect();
    html! {
        <div class="note bad" role="alert">
            <strong>{ in_code(&trouble.message) }</strong>
            <code class="faulty">{ for parts }</code>
        </div>
    }
}

fn nothing_asked(mirrors: &[Mirror]) -> Html {
    if mirrors.is_empty() {
        return html! {
            <div class="note">{ "There is no mirror yet. " }<a href={route::href(&Page::Home)}>{ "Home" }</a>{ " says how one is made." }</div>
        };
    }
    html! {
        <>
            <p class="tools mute">{ format!("What is written in the box is looked for in {}: words, a spec, or the beginning of a hash after /.", format::counted(mirrors.len() as u64, "mirror")) }</p>
            { mirrors_table(mirrors) }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ResultsProps {
    mirrors: Rc<Vec<Mirror>>,
    wanted: Wanted,
}

/// What one mirror has.
#[derive(Clone, PartialEq)]
struct Held {
    mirror: MirrorName,
    kept: Kept,
    /// Why it could not be asked.
    failure: Option<api::Failure>,
}

/// What was asked, and what has been answered to it.
#[derive(Clone, PartialEq)]
struct Found {
    wanted: Wanted,
    held: Vec<Held>,
}

#[component]
fn Results(props: &ResultsProps) -> Html {
    let ResultsProps { mirrors, wanted } = props;
    let answers = use_answers(mirrors.iter().filter_map(|mirror| api::searched(&mirror.name, wanted)).collect());
    let before = use_mut_ref(|| None::<Found>);
    let held: Vec<Option<Held>> =
        mirrors.iter().zip(&answers).map(|(mirror, answer)| held(mirror, answer, wanted)).collect();
    let number = held.iter().flatten().count();
    let is_done = number == mirrors.len();
    // In the order of the mirrors, as far as they have answered: what is there does not move.
    let news = Found { wanted: wanted.clone(), held: held.into_iter().map_while(|held| held).collect() };
    let said = is_done.then(|| said(&news));
    use_effect_with(said.clone(), |said| {
        if let Some(said) = said {
            announce(said.replace('`', ""));
        }
    });
    if is_done {
        before.replace(Some(news.clone()));
    }
    let shown = before.borrow().clone().unwrap_or(news);
    let is_old = shown.wanted != *wanted;
    let has_any = shown.held.iter().any(|held| held.kept.total > 0 || held.failure.is_some());
    let machine = use_machine();
    let retry = answers.first().map(|answer| answer.retry.clone());
    let waits = format!("{} of {} have answered", number, format::counted(mirrors.len() as u64, "mirror"));
    html! {
        <div class={if is_old { "answer old" } else { "answer" }} aria-busy={(!is_done).to_string()}>
            if !is_done || is_old || has_any { <p class="found-words">{ in_code(said.as_deref().unwrap_or(&waits)) }</p> }
            { named_so(mirrors, &shown.wanted) }
            for held in &shown.held {
                if let Some(failure) = &held.failure {
                    <section key={held.mirror.as_str()}>
                        <h2 class="mono">{ foreign(held.mirror.as_str()) }</h2>
                        { failure_note(&failure.message(), &failure.next_step(), false, retry.as_ref().filter(|_| failure.may_pass())) }
                    </section>
                } else if held.kept.total > 0 {
                    <section key={held.mirror.as_str()}>
                        { head(held, &shown.wanted) }
                        if held.kept.specs.is_empty() {
                            { results_of_packages(&held.mirror, &held.kept.packages) }
                        } else {
                            { results_of_specs(held.kept.specs.iter().map(|spec| (&held.mirror, spec)), machine.as_ref(), false) }
                        }
                    </section>
                }
            }
            if is_done && !is_old { { found_nowhere(&shown) } } else if shown.held.len() < mirrors.len() { { skeleton(4) } }
        </div>
    }
}

/// What a mirror has, once it has answered.
fn held(mirror: &Mirror, answer: &Answer<Answered>, wanted: &Wanted) -> Option<Held> {
    if answer.state.waiting && (answer.state.is_partial || answer.data.is_none()) {
        return None;
    }
    let kept = answer.data.as_ref().map(|answered| Kept::of(answered, wanted)).unwrap_or_default();
    Some(Held { mirror: mirror.name.clone(), kept, failure: answer.state.failure.clone() })
}

/// `12 packages in 2 of 7 mirrors match`
fn said(found: &Found) -> String {
    let (noun, text) = match &found.wanted {
        Wanted::Packages(words) => ("package", words),
        Wanted::Specs(query) => ("spec", query),
        Wanted::Nothing | Wanted::Faulty(_) => return String::new(),
    };
    let total: usize = found.held.iter().map(|held| held.kept.total).sum();
    let at_least = if found.held.iter().any(|held| held.kept.has_more) { "At least " } else { "" };
    let having = found.held.iter().filter(|held| held.kept.total > 0).count();
    let all = format::counted(found.held.len() as u64, "mirror");
    format!("{at_least}{} in {having} of {all}: `{}`", format::counted(total as u64, noun), format::visible(text))
}

/// The mirror as a link to all that it has, and how much that is.
fn head(Held { mirror, kept, .. }: &Held, wanted: &Wanted) -> Html {
    let (noun, text) = match wanted {
        Wanted::Specs(query) => ("spec", query.as_str()),
        Wanted::Packages(words) => ("package", words.as_str()),
        Wanted::Nothing | Wanted::Faulty(_) => ("package", ""),
    };
    let all = route::url(&Page::Packages(mirror.clone()), &[("q", text)]);
    let shown = kept.packages.len() + kept.specs.len();
    let number = format::counted(kept.total as u64, noun);
    let words = match (kept.has_more, shown < kept.total) {
        (false, false) => number,
        (false, true) => format!("{SHOWN} of {number}"),
        (true, _) => format!("{} of at least {number}", format::count(shown as u64)),
    };
    html! {
        <h2 class="result-head">
            <a class="mono" href={all.clone()}>{ foreign(mirror.as_str()) }</a>
            <span class="mute">{ words }</span>
            if kept.has_more || shown < kept.total { <a class="end" href={all}>{ "Show all" }<span class="sr">{ format!(" in {mirror}") }</span></a> }
        </h2>
    }
}

/// Mirrors whose own names hold the words.
fn named_so(mirrors: &[Mirror], wanted: &Wanted) -> Html {
    let Wanted::Packages(words) = wanted else { return Html::default() };
    let words: Vec<String> = words.split_whitespace().map(str::to_ascii_lowercase).collect();
    let named: Vec<&Mirror> =
        mirrors.iter().filter(|mirror| words.iter().all(|word| mirror.name.as_str().contains(word.as_str()))).collect();
    if named.is_empty() {
        return Html::default();
    }
    html! {
        <p class="tools">
            { if named.len() == 1 { "A mirror is called so: " } else { "Mirrors are called so: " } }
            for mirror in named { <a class="mono" href={route::href(&Page::Mirror(mirror.name.clone()))}>{ foreign(mirror.name.as_str()) }</a> }
        </p>
    }
}

/// The mirrors that have nothing of it; a note where that are all.
fn found_nowhere(found: &Found) -> Html {
    let without = found.held.iter().filter(|held| held.kept.total == 0 && held.failure.is_none());
    let without: Vec<&MirrorName> = without.map(|held| &held.mirror).collect();
    let text = match &found.wanted {
        Wanted::Packages(text) | Wanted::Specs(text) => text,
        Wanted::Nothing | Wanted::Faulty(_) => return Html::default(),
    };
    let names = html! { for (index, name) in without.iter().enumerate() { { if index == 0 { "" } else { ", " } }<a class="mono" href={route::href(&Page::Packages((*name).clone()))}>{ foreign(name.as_str()) }</a> } };
    let is_unsure = found.held.iter().any(|held| held.kept.total == 0 && held.kept.has_more);
    html! {
        if without.is_empty() {
        } else if without.len() == found.held.len() {
            <div class="note">
                <strong>{ "No mirror has " }{ code(text) }</strong>
                { match &found.wanted {
                    Wanted::Packages(_) => "The first word must be part of a package's name; the others part of it, or the beginning of its newest version, a target or a system. ",
                    _ => "A name in a spec is a whole name; in quotes it is a part of one. ",
                } }
                { "Looked for in " }{ names }{ "." }
                if is_unsure { { " Large mirrors were not searched to their end; their own lists are." } }
            </div>
        } else {
            <p class="mute nowhere">{ "Nothing in " }{ names }{ "." }</p>
        }
    }
}
