//! One build: how it ended, why, where it ran, and its package's builds before and after.

use larder_frontend::{
    format,
    outcome::{provider_word, run_name, spack_version, took},
};
use larder_shared::{
    api::report::Build,
    name::{DagHash, MirrorName, PackageName},
    report::Status,
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
        builds_table::{self, When, builds_table},
        excerpt::{cause, excerpt},
        outcome::{history_cells, outcome},
        page_head::page_head,
        parts::{code, fact, mono_fact, mute, small_head},
        spec_text::{hash, spec_page},
        values::{Age, foreign},
    },
    load::use_answer,
    route,
};

#[derive(Properties, PartialEq)]
pub(crate) struct BuildPageProps {
    pub mirror: MirrorName,
    pub id: u64,
}

/// One build of a mirror.
#[component]
pub(crate) fn BuildPage(props: &BuildPageProps) -> Html {
    let build = use_answer(api::build(&props.mirror, props.id), 0);
    let name = build.data.as_ref().map_or_else(|| format!("build {}", props.id), |build| build.summary.package.clone());
    let title = match &build.data {
        Some(build) => format!("{} {}", format::visible(&name), build.summary.status.as_str()),
        None => name.clone(),
    };
    use_title(&format!("{title} · {}", props.mirror));
    let page = Page::Build(props.mirror.clone(), props.id);
    if is_mirror_missing(&build) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&build) {
        let what = format!("build {}", props.id);
        return html! { <NotFoundPage missing={Missing::Report(props.mirror.clone(), what.into())} {page}/> };
    }
    let heading = html! { <span class="spec"><b>{ foreign(&name) }</b></span> };
    let (beside, end) = match &build.data {
        Some(build) => (beside(&props.mirror, build), Some(buttons(&props.mirror, build))),
        None => (Html::default(), None),
    };
    html! {
        <article class="page" data-hash={build.data.as_ref().and_then(|build| build.summary.hash.clone())}>
            { page_head(&page, heading, beside, end) }
            { block(&build, 12, |build| html! {
                <div class="split">
                    <div class="stack">
                        { why(&props.mirror, build) }
                        { history(&props.mirror, build) }
                    </div>
                    <section>
                        { small_head("Facts", "") }
                        { facts(&props.mirror, build) }
                    </section>
                </div>
            }) }
        </article>
    }
}

fn beside(mirror: &MirrorName, build: &Build) -> Html {
    let run = &build.in_run;
    html! {
        <>
            { outcome(build.summary.status) }
            <span class="mute">
                { "in " }<a href={route::href(&Page::Run(mirror.clone(), run.id))}>{ foreign(&run_name(&run.run, run.id)) }</a>{ ", " }<Age time={build.summary.received} ago=true/>
            </span>
        </>
    }
}

fn buttons(mirror: &MirrorName, build: &Build) -> Html {
    let summary = &build.summary;
    html! {
        <>
            if let Some(signature) = &summary.signature {
                <a class="btn main" href={route::href(&Page::Failure(mirror.clone(), signature.clone()))}>{ "Show the failure" }</a>
            }
            if summary.log_bytes.is_some() {
                <a class="btn" href={route::href(&Page::Log(mirror.clone(), summary.id))}>{ "Whole log" }</a>
            }
            if let Some(link) = &build.in_run.link {
                <a class="btn" href={link.clone()} rel="noreferrer" target="_blank">{ format!("Open the run at {} ↗", provider_word(build.place.provider)) }</a>
            }
        </>
    }
}

/// How it ended, in sentences; with the error where there is one.
fn why(mirror: &MirrorName, build: &Build) -> Html {
    let summary = &build.summary;
    let log = summary.log_bytes.map(|_| route::href(&Page::Log(mirror.clone(), summary.id)));
    let words = match summary.status {
        Status::Built if build.proved_by_push => html! { "It was built: its package was pushed here." },
        Status::Built => html! { "It was built, as its report proves." },
        Status::Reused => html! { "It was not built, because it was there already." },
        Status::Unknown => {
            html! { "No error was reported, which proves nothing: a recipe that raises leaves no trace in CDash. Once its package is pushed, or its JUnit report or log is handed in, Larder knows." }
        }
        Status::Blocked => {
            html! { <>{ "It was never begun. It waits for " }{ builds_table::cause(mirror, summary) }{ ", which failed." }</> }
        }
        Status::Failed if build.failure.is_none() => html! { "It failed, and its report does not say why." },
        Status::Failed => Html::default(),
    };
    html! {
        <section class="stack">
            if summary.status != Status::Failed || build.failure.is_none() { <p>{ words }</p> }
            if let Some(failure) = &build.failure {
                { cause(failure, None) }
                if !failure.excerpt.lines.is_empty() { { excerpt(&failure.excerpt, log.as_deref()) } }
            }
            if let (Some(log), false) = (&log, build.log_read_whole) {
                <p class="note">
                    { "Of its log only the first and the last MB were read here; the first error may stand between them. " }
                    <a href={log.clone()}>{ "The log's page reads all of it" }</a>
                </p>
            }
        </section>
    }
}

fn history(mirror: &MirrorName, build: &Build) -> Html {
    if build.history.is_empty() {
        return Html::default();
    }
    html! {
        <section>
            <h2 class="k">{ "Builds of " }<span class="mono">{ foreign(&build.summary.package) }</span>{ " " }{ mute("before and after, the oldest first") }</h2>
            <p class="tools">{ history_cells(mirror, &build.history) }</p>
            { builds_table(mirror, &build.history, When::Age) }
        </section>
    }
}

fn facts(mirror: &MirrorName, build: &Build) -> Html {
    let summary = &build.summary;
    let told = &build.place;
    let package = summary.package.parse::<PackageName>().ok();
    html! {
        <dl class="facts">
            if let Some(package) = package {
                { fact("Package", html! { <a class="mono" href={route::href(&Page::Package(mirror.clone(), package))}>{ foreign(&summary.package) }</a> }) }
            }
            if !summary.spec.is_empty() { { fact("Asked for", code(&summary.spec)) } }
            if let Some(text) = &summary.hash {
                { fact("Hash", match text.parse::<DagHash>() {
                    Ok(known) if build.proved_by_push => html! { <a href={spec_page(mirror, &known)}>{ hash(&known) }</a> },
                    Ok(known) => hash(&known),
                    Err(_) => foreign(text),
                }) }
            }
            if let Some(phase) = &summary.phase { { fact("Phase", foreign(phase)) } }
            { fact("Took", match took(summary) {
                Some(took) => html! { { took } },
                None => mute("unknown"),
            }) }
            if let Some(started) = summary.started { { fact("Began", html! { <Age time={started} ago=true/> }) } }
            { fact("Warnings", html! { { format::count(summary.warnings) } }) }
            { fact("Log", match summary.log_bytes {
                Some(bytes) => html! { <span title={format::exact_size(bytes)}>{ format::size(bytes) }</span> },
                None => mute("none was handed in"),
            }) }
            if let Some(job) = summary.job.as_ref().or(told.job.as_ref()) { { mono_fact("Job", job) } }
            if let Some(runner) = &told.runner { { mono_fact("Machine", runner) } }
            if let Some(site) = &told.site { { mono_fact("Site", site) } }
            if let Some(generator) = &told.generator { { mono_fact("Spack", &spack_version(generator)) } }
            { fact("Reported by", foreign(&format::joined(&build.reports))) }
        </dl>
    }
}
