//! One run: what failed first, what that dragged along, then the rest.

use larder_frontend::{
    format,
    outcome::{branch, counts_sentence, provider_word, run_name, spack_version},
};
use larder_shared::{
    api::report::{BuildSummary, Run},
    name::MirrorName,
    report::Provider,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block, is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api,
    components::{
        builds_table::run_table,
        outcome::run_cells,
        page_head::page_head,
        parts::{fact, mono, mono_fact, small_head},
        values::{Age, foreign},
    },
    load::use_answer,
};

#[derive(Properties, PartialEq)]
pub(crate) struct RunPageProps {
    pub mirror: MirrorName,
    pub id: u64,
}

/// One run of a mirror.
#[component]
pub(crate) fn RunPage(props: &RunPageProps) -> Html {
    let run = use_answer(api::run(&props.mirror, props.id), 0);
    let name =
        run.data.as_ref().map_or_else(|| format!("run {}", props.id), |run| run_name(&run.summary.run, props.id));
    use_title(&format!("{} · {}", format::visible(&name), props.mirror));
    let page = Page::Run(props.mirror.clone(), props.id);
    if is_mirror_missing(&run) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&run) {
        let what = format!("run {}", props.id);
        return html! { <NotFoundPage missing={Missing::Report(props.mirror.clone(), what.into())} {page}/> };
    }
    let beside = run.data.as_ref().map_or_else(Html::default, |run| beside(run));
    let end = run.data.as_ref().and_then(|run| provider_button(run));
    html! {
        <article class="page">
            { page_head(&page, foreign(&name), beside, end) }
            { block(&run, 10, |run| html! {
                <div class="stack">
                    <p class="tools">
                        { run_cells(&props.mirror, &run.summary) }
                        <strong>{ format::counted(run.summary.counts.total(), "build") }</strong>
                        <span class="mute">{ counts_sentence(&run.summary.counts) }</span>
                    </p>
                    <div class="split">
                        <section>
                            if (run.builds.len() as u64) < run.summary.counts.total() {
                                <AllBuilds mirror={props.mirror.clone()} run={props.id}/>
                            } else {
                                { run_table(&props.mirror, &run.builds) }
                            }
                        </section>
                        <section>
                            { small_head("Facts", "") }
                            { facts(run) }
                        </section>
                    </div>
                </div>
            }) }
        </article>
    }
}

/// When it ran, with which Spack, on what.
fn beside(run: &Run) -> Html {
    let summary = &run.summary;
    let mut words = vec![format::span(summary.started, summary.last)];
    if let Some(generator) = &summary.run.generator {
        words.push(format!("Spack {}", spack_version(generator)));
    }
    if let Some(machine) = summary.run.runner.as_ref().or(summary.run.site.as_ref()) {
        words.push(machine.clone());
    }
    html! { <span class="mute">{ foreign(&words.join(". ")) }</span> }
}

fn provider_button(run: &Run) -> Option<Html> {
    let link = run.summary.link.clone()?;
    let name = format!("Open the run at {} ↗", provider_word(run.summary.run.provider));
    Some(html! { <a class="btn" href={link} rel="noreferrer" target="_blank">{ name }</a> })
}

fn facts(run: &Run) -> Html {
    let summary = &run.summary;
    let told = &summary.run;
    html! {
        <dl class="facts">
            if let Some(commit) = &told.commit { { fact("Commit", commit_link(run, commit)) } }
            if let Some(git_ref) = &told.git_ref { { mono_fact("Branch or tag", branch(git_ref)) } }
            if let Some(attempt) = told.attempt { { fact("Attempt", html! { { attempt } }) } }
            if let Some(runner) = &told.runner { { mono_fact("Machine", runner) } }
            if let Some(site) = &told.site { { mono_fact("Site", site) } }
            if let Some(stamp) = &told.stamp { { mono_fact("Stamp", stamp) } }
            if let Some(generator) = &told.generator { { mono_fact("Spack", &spack_version(generator)) } }
            if let Some(revision) = &told.revision { { fact("Spack's commit", html! { <span title={revision.clone()}>{ mono(short(revision)) }</span> }) } }
            { fact("Pushed", html! { { format!("{} of {}", format::count(summary.pushed), format::counted(summary.counts.total(), "build")) } }) }
            { fact("Began", html! { <Age time={summary.started} ago=true/> }) }
            { fact("Ended", html! { <Age time={summary.last} ago=true/> }) }
        </dl>
    }
}

/// The beginning of a commit's hash, as git shortens it.
fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}

/// The commit, linked where its page is known.
fn commit_link(run: &Run, commit: &str) -> Html {
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte));
    let told = &run.summary.run;
    let host = match told.provider {
        Some(Provider::Github) => "https://github.com",
        Some(Provider::Gitlab) => "https://gitlab.com",
        Some(Provider::Other) | None => "",
    };
    match &told.repository {
        Some(repository) if !host.is_empty() && is_plain(repository) && is_plain(commit) => {
            let middle = if told.provider == Some(Provider::Gitlab) { "-/commit" } else { "commit" };
            html! { <a class="mono" href={format!("{host}/{repository}/{middle}/{commit}")} rel="noreferrer" target="_blank" title={commit.to_owned()}>{ short(commit).to_owned() }{ " ↗" }</a> }
        }
        _ => html! { <span title={commit.to_owned()}>{ mono(short(commit)) }</span> },
    }
}

#[derive(Properties, PartialEq)]
struct AllBuildsProps {
    mirror: MirrorName,
    run: u64,
}

/// The builds of a run that has more than its document lists.
#[component]
fn AllBuilds(props: &AllBuildsProps) -> Html {
    let builds = use_answer(api::builds_of_run(&props.mirror, props.run), 0);
    block(&builds, 10, |builds| {
        // The list has the newest first, a run its first build first.
        let first_first: Vec<BuildSummary> = builds.iter().rev().cloned().collect();
        run_table(&props.mirror, &first_first)
    })
}
