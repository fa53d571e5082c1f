//! The spec of a hash, whichever mirror has it: it is opened where one mirror has it, chosen where several do.

use larder_frontend::{
    everywhere::{Answered, Wanted},
    format,
};
use larder_shared::{
    api::{Mirror, SpecSummary},
    name::MirrorName,
    route::page::Page,
};
use yew::prelude::*;

use super::{block, use_title};
use crate::{
    api,
    components::{
        failure::failure_note, page_head::page_head, parts::mute, results_table::results_of_specs, skeleton::skeleton,
        values::foreign,
    },
    load::{Answer, use_answer, use_answers},
    my_machine::use_machine,
    route::{self, Place},
};

#[derive(Properties, PartialEq)]
pub(crate) struct HashPageProps {
    /// The beginning of the hash in the URL.
    pub prefix: AttrValue,
    pub place: Place,
}

#[component]
pub(crate) fn HashPage(props: &HashPageProps) -> Html {
    let prefix = &props.prefix;
    use_title(&format!("/{}", format::short_hash(prefix)));
    let mirrors = use_answer(api::mirrors(), 0);
    let wanted = Wanted::Specs(format!("/{prefix}"));
    let all = mirrors.data.as_ref().filter(|_| !mirrors.state.is_partial).map_or(&[][..], |mirrors| &mirrors[..]);
    // The only mirror has it, or its page says that it does not.
    let asked = if all.len() == 1 { &[][..] } else { all };
    let answers = use_answers(asked.iter().filter_map(|mirror| api::searched(&mirror.name, &wanted)).collect());
    let is_whole =
        |answer: &Answer<Answered>| !answer.state.waiting || answer.data.is_some() && !answer.state.is_partial;
    let is_done = mirrors.data.is_some() && answers.iter().all(is_whole);
    let having: Vec<(&Mirror, &[SpecSummary])> = asked
        .iter()
        .zip(&answers)
        .filter_map(|(mirror, answer)| Some((mirror, &answer.data.as_ref()?.specs[..])))
        .filter(|(_, specs)| !specs.is_empty())
        .collect();
    let is_sure = is_done && answers.iter().all(|answer| answer.state.failure.is_none());
    let only = match (all, &having[..]) {
        ([only], _) if !mirrors.state.waiting => Some(only.name.clone()),
        (_, [(only, _)]) if is_sure => Some(only.name.clone()),
        _ => None,
    };
    let url = only.map(|only| url_in(&only, &props.place, prefix));
    let is_leaving = url.is_some();
    use_effect_with(url, |url| {
        if let Some(url) = url {
            route::go_instead(url);
        }
    });
    let machine = use_machine();
    let hash = html! { <span class="spec"><i class="h">{ "/" }</i>{ prefix }</span> };
    let title = match (is_done && !is_leaving, having.len()) {
        (true, 0) => html! { <>{ "No mirror has " }{ hash }</> },
        (true, 1) => html! { <>{ hash }{ " is in a mirror" }</> },
        (true, number) => html! { <>{ hash }{ format!(" is in {number} mirrors") }</> },
        (false, _) => hash,
    };
    let rows = having.iter().flat_map(|(mirror, specs)| specs.iter().map(|spec| (&mirror.name, spec)));
    html! {
        <article class="page">
            { page_head(&Page::Hash(prefix.to_string()), title, Html::default(), None) }
            { block(&mirrors, 4, |_| html! {
                <div class="answer" aria-busy={(!is_done).to_string()}>
                    if is_done && !is_leaving {
                        for (mirror, answer) in asked.iter().zip(&answers) { { unanswered(mirror, answer) } }
                        if having.is_empty() {
                            { nowhere(asked, prefix) }
                        } else {
                            <p class="tools">{ choice(having.len(), is_one(&having)) }</p>
                            { results_of_specs(rows, machine.as_ref(), true) }
                        }
                    } else {
                        { skeleton(4) }
                    }
                </div>
            }) }
        </article>
    }
}

/// The spec's page in a mirror, with what this one's URL asks to be shown.
fn url_in(mirror: &MirrorName, place: &Place, prefix: &str) -> String {
    let params: Vec<_> = place.params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    route::url(&Page::Spec(mirror.clone(), prefix.to_owned()), &params)
}

/// Whether all mirrors mean the same spec.
fn is_one(having: &[(&Mirror, &[SpecSummary])]) -> bool {
    let mut hashes = having.iter().flat_map(|(_, specs)| specs.iter().map(|spec| &spec.hash));
    let first = hashes.next();
    hashes.all(|hash| Some(hash) == first)
}

const fn choice(mirrors: usize, is_one: bool) -> &'static str {
    match (mirrors, is_one) {
        (1, true) => "Not every mirror could be asked. This one has it:",
        (_, true) => "It is the same spec in each. Choose where to look at it:",
        (_, false) => "Several hashes begin so. Type one more character, or choose:",
    }
}

fn unanswered(mirror: &Mirror, answer: &Answer<Answered>) -> Html {
    let Some(failure) = &answer.state.failure else { return Html::default() };
    let message = format!("{} could not be asked: {}", mirror.name, failure.message());
    failure_note(&message, &failure.next_step(), false, failure.may_pass().then_some(&answer.retry))
}

/// What was looked for, and where.
fn nowhere(asked: &[Mirror], prefix: &str) -> Html {
    let kind = if prefix.len() == 32 { "A spec with this hash" } else { "A spec whose hash begins so" };
    html! {
        <div class="note">
            if asked.is_empty() {
                { "There is no mirror yet. " }<a href={route::href(&Page::Home)}>{ "Home" }</a>{ " says how one is made." }
            } else {
                <strong>{ format!("{kind} was looked for in {}", format::counted(asked.len() as u64, "mirror")) }</strong>
                for (index, mirror) in asked.iter().enumerate() {
                    { if index == 0 { "" } else { ", " } }
                    <a class="mono" data-row="" href={route::href(&Page::Packages(mirror.name.clone()))}>{ foreign(mirror.name.as_str()) }</a>
                }
                { ". It was never pushed there, or was removed. " }
                { mute("A private mirror is looked at with a token only.") }
            }
        </div>
    }
}
