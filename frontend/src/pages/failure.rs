//! One failure over all runs: its cause, where it was seen, what it stops, and the issue to file.

use larder_frontend::{
    format,
    outcome::{kind_sentence, kind_word, place, run_name, spack_version, tool_word},
};
use larder_shared::{
    api::report::{BuildSummary, Failure, Issue, RunSummary},
    name::MirrorName,
    report::Signature,
    route::page::Page,
};
use yew::prelude::*;

use super::{
    block, is_mirror_missing, is_missing,
    mirror::web_url,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api,
    components::{
        copy::Copy,
        excerpt::{cause, excerpt},
        outcome::outcome,
        page_head::page_head,
        parts::{cell, fact, figure_cell, mono, mono_fact, mute, row_link, small_head, table_head},
        values::{Age, foreign},
    },
    load::use_answer,
    route,
};

/// Lines of the issue that are shown before it is opened.
const PREVIEWED_LINES: usize = 14;

#[derive(Properties, PartialEq)]
pub(crate) struct FailurePageProps {
    pub mirror: MirrorName,
    pub signature: Signature,
}

/// One failure of a mirror.
#[component]
pub(crate) fn FailurePage(props: &FailurePageProps) -> Html {
    let failure = use_answer(api::failure(&props.mirror, &props.signature), 0);
    let title = failure.data.as_ref().map_or_else(|| "Failure".to_owned(), |failure| failure.summary.message.clone());
    use_title(&format!("{} · {}", format::visible(&title), props.mirror));
    let page = Page::Failure(props.mirror.clone(), props.signature.clone());
    if is_mirror_missing(&failure) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&failure) {
        let what = format!("failure {}", props.signature);
        return html! { <NotFoundPage missing={Missing::Report(props.mirror.clone(), what.into())} {page}/> };
    }
    let (title, beside, end) = match &failure.data {
        Some(failure) => (heading(failure), state(failure), Some(buttons(&failure.issue))),
        None => (html! { <span>{ "Failure" }</span> }, Html::default(), None),
    };
    html! {
        <article class="page">
            { page_head(&page, title, beside, end) }
            { block(&failure, 14, |failure| html! {
                <div class="split">
                    <div class="stack">
                        { cause(&failure.cause, None) }
                        { log_section(&props.mirror, failure) }
                        { seen_section(&props.mirror, failure) }
                    </div>
                    <div class="stack">
                        { stops_section(&props.mirror, failure) }
                        { facts_section(failure) }
                        { issue_section(&failure.issue) }
                    </div>
                </div>
            }) }
        </article>
    }
}

fn heading(failure: &Failure) -> Html {
    let summary = &failure.summary;
    let package = summary.packages.first().cloned().unwrap_or_else(|| failure.build.package.clone());
    html! { <><span class="spec"><b>{ foreign(&package) }</b></span>{ " " }{ kind_sentence(summary.kind) }</> }
}

fn state(failure: &Failure) -> Html {
    let rest = failure.summary.package_count.saturating_sub(1);
    html! {
        <>
            if failure.summary.still_failing {
                <span class="st failed">{ "still failing" }</span>
            } else {
                <span class="st built">{ "fixed" }</span>
            }
            if rest > 0 { { mute(format!("and {} more", format::counted(rest, "package"))) } }
        </>
    }
}

fn buttons(issue: &Issue) -> Html {
    html! {
        <>
            if let Some(form) = web_url(&issue.url) {
                <a class="btn main" href={form} rel="noreferrer" target="_blank">{ "Open issue upstream ↗" }</a>
            }
            <Copy text={issue.markdown.clone()} label="Copy as Markdown" said="the issue as Markdown" large=true/>
        </>
    }
}

fn log_section(mirror: &MirrorName, failure: &Failure) -> Html {
    let build = &failure.build;
    let log = build.log_bytes.map(|_| route::href(&Page::Log(mirror.clone(), build.id)));
    html! {
        <section>
            <div class="log-bar">
                <h2 class="k">{ "Build log" }</h2>
                if let Some(bytes) = build.log_bytes { { mute(format::size(bytes)) } }
                if let Some(log) = &log { <span class="end"><a class="btn" href={log.clone()}>{ "Whole log" }</a></span> }
            </div>
            if failure.cause.excerpt.lines.is_empty() {
                <p class="mute">{ "The report has no log." }</p>
            } else {
                { excerpt(&failure.cause.excerpt, log.as_deref()) }
            }
        </section>
    }
}

fn seen_section(mirror: &MirrorName, failure: &Failure) -> Html {
    let summary = &failure.summary;
    let rest = summary.seen.saturating_sub(failure.builds.len() as u64);
    let all =
        route::url(&Page::Builds(mirror.clone()), &[("status", "failed"), ("signature", summary.signature.as_str())]);
    let run_of = |build: &BuildSummary| failure.runs.iter().find(|run| run.id == build.run);
    html! {
        <section>
            <h2 class="k">{ format!("Seen {}", format::counted(summary.seen, "time")) }</h2>
            <table class="table lines seen">
                { table_head(&[("", "Outcome"), ("", "Spec"), ("", "Run"), ("", "Spack"), ("", "Machine"), ("num", "When")]) }
                <tbody>
                    for build in &failure.builds { { occurrence(mirror, build, run_of(build)) } }
                </tbody>
            </table>
            if rest > 0 { <p class="search-note"><a href={all}>{ format!("All {} builds", format::count(summary.seen)) }</a></p> }
        </section>
    }
}

fn occurrence(mirror: &MirrorName, build: &BuildSummary, run: Option<&RunSummary>) -> Html {
    let told = run.map(|run| &run.run);
    let unknown = || mute("unknown");
    html! {
        <tr class="row" key={build.id} data-hash={build.hash.clone()}>
            { cell("st-cell", outcome(build.status)) }
            { cell("spec", html! {
                <>
                    { row_link(route::href(&Page::Build(mirror.clone(), build.id)), foreign(&build.package)) }
                    if let Some(hash) = &build.hash { { " " }<span class="hash" title={hash.clone()}>{ format::short_hash(hash).to_owned() }</span> }
                </>
            }) }
            <td>
                <a class="above" href={route::href(&Page::Run(mirror.clone(), build.run))}>{ foreign(&told.map_or_else(|| format!("run {}", build.run), |run| run_name(run, build.run))) }</a>
                if let Some(link) = run.and_then(|run| run.link.clone()) { { " " }<a class="above" href={link} rel="noreferrer" target="_blank" aria-label="The run at its provider">{ "↗" }</a> }
            </td>
            { cell("", told.and_then(|run| run.generator.as_deref()).map_or_else(unknown, |generator| mono(&spack_version(generator)))) }
            { cell("", told.and_then(|run| run.runner.as_deref().or(run.site.as_deref())).map_or_else(unknown, mono)) }
            { figure_cell(None, html! { <Age time={build.received} ago=true/> }) }
        </tr>
    }
}

fn stops_section(mirror: &MirrorName, failure: &Failure) -> Html {
    let rest = failure.summary.blocks.saturating_sub(failure.blocked.len() as u64);
    html! {
        <section>
            { small_head("Stops", "") }
            if failure.blocked.is_empty() {
                <p>{ mute("No package waits for it.") }</p>
            } else {
                <ul class="stops">
                    for build in &failure.blocked {
                        <li key={build.id}>{ outcome(build.status) }{ " " }<span class="spec"><a href={route::href(&Page::Build(mirror.clone(), build.id))}>{ foreign(&build.package) }</a></span></li>
                    }
                    if rest > 0 { <li>{ mute(format!("and {} more", format::count(rest))) }</li> }
                </ul>
            }
        </section>
    }
}

fn facts_section(failure: &Failure) -> Html {
    let summary = &failure.summary;
    let signature = summary.signature.to_string();
    html! {
        <section>
            { small_head("Facts", "") }
            <dl class="facts">
                { fact("Kind", html! { { kind_word(summary.kind) } }) }
                { fact("Tool", html! { { tool_word(summary.tool) } }) }
                if let Some(phase) = &summary.phase { { fact("Phase", foreign(phase)) } }
                { match place(summary.file.as_deref(), summary.line) {
                    Some(place) => mono_fact("File", &place),
                    None => fact("File", mute("not in a file")),
                } }
                if summary.packages.len() > 1 { { mono_fact("Packages", &summary.packages.join(", ")) } }
                { fact("First seen", html! { <Age time={summary.first} ago=true/> }) }
                { fact("Last seen", html! { <Age time={summary.last} ago=true/> }) }
                { fact("Signature", html! { <>{ mono(&signature) }{ " " }<Copy text={signature.clone()} name="Copy the signature"/></> }) }
            </dl>
        </section>
    }
}

/// What the upstream form will hold.
fn issue_section(issue: &Issue) -> Html {
    let lines: Vec<&str> = issue.markdown.lines().collect();
    let rest = lines.len().saturating_sub(PREVIEWED_LINES);
    html! {
        <section>
            { small_head("The issue, as it will open", "") }
            <div class="note issue">
                <strong>{ foreign(&issue.title) }</strong>
                <pre tabindex="0" aria-label="The beginning of the issue">{ format::visible_lines(&lines[..lines.len() - rest]) }</pre>
                if rest > 0 { <p class="mute">{ format!("and {}. ", format::counted(rest as u64, "more line")) }</p> }
                { "You review it there before it is sent." }
            </div>
        </section>
    }
}
