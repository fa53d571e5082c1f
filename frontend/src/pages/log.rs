//! The log of a build: it opens on the first error, whatever its length.

use std::{collections::BTreeSet, rc::Rc};

use gloo::utils::window;
use larder_frontend::{
    format,
    log::{
        message::{Ask, Block, Summary},
        range::LineRange,
        scan::slots,
    },
    outcome::{place, run_name},
};
use larder_shared::{api::report::Build, name::MirrorName, report::Failure, route::page::Page};
use yew::prelude::*;

use super::{
    block, is_mirror_missing, is_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    announce::announce,
    api, browser,
    components::{
        failure::failure_note,
        log_bar::{Search, Sought, log_search, phases, steps},
        log_map::LogMap,
        log_rows::{LogRows, Marks},
        log_view::{LogView, line},
        outcome::outcome,
        page_head::page_head,
        parts::mute,
        values::foreign,
    },
    load::use_answer,
    log_reader::{Known, use_log},
    route::{self, Place},
};

/// Lines of a plain page.
const PLAIN_LINES: u64 = 2_000;

/// Where it is remembered whether times and paths of the stage step back.
const DIM_KEY: &str = "larder-log-dim";

/// Where it is remembered whether lines are broken.
const WRAP_KEY: &str = "larder-log-wrap";

#[derive(Properties, PartialEq)]
pub(crate) struct LogPageProps {
    pub mirror: MirrorName,
    pub id: u64,
    pub place: Place,
}

/// The log of one build.
#[component]
pub(crate) fn LogPage(props: &LogPageProps) -> Html {
    let build = use_answer(api::build(&props.mirror, props.id), 0);
    let name = build.data.as_ref().map_or_else(|| format!("build {}", props.id), |build| build.summary.package.clone());
    use_title(&format!("Log of {} · {}", format::visible(&name), props.mirror));
    let page = Page::Log(props.mirror.clone(), props.id);
    if is_mirror_missing(&build) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    if is_missing(&build) {
        let what = format!("build {}", props.id);
        return html! { <NotFoundPage missing={Missing::Report(props.mirror.clone(), what.into())} {page}/> };
    }
    let heading =
        html! { <><span class="sr">{ "Log of " }</span><span class="spec"><b>{ foreign(&name) }</b></span></> };
    let beside = build.data.as_ref().map_or_else(Html::default, |build| beside(&props.mirror, build));
    let plain = props.place.param("plain").map(|from| from.parse::<u64>().unwrap_or(1).max(1));
    html! {
        <article class={if plain.is_some() { "page log-page plain" } else { "page log-page" }}>
            { page_head(&page, heading, beside, None) }
            { block(&build, 12, |build| {
                let (mirror, build) = (props.mirror.clone(), build.clone());
                if build.summary.log_bytes.is_none() {
                    return no_log(&mirror, &build);
                }
                match plain {
                    Some(from) => html! { <PlainLog {mirror} {build} {from}/> },
                    None => html! { <Viewer {mirror} {build} part={props.place.part.clone()} visit={props.place.visit}/> },
                }
            }) }
        </article>
    }
}

fn beside(mirror: &MirrorName, build: &Build) -> Html {
    let summary = &build.summary;
    html! {
        <>
            { outcome(summary.status) }
            <span class="mute">
                if let Some(phase) = &summary.phase { { "phase " }{ foreign(phase) }{ ", " } }
                { "in " }<a href={route::href(&Page::Run(mirror.clone(), summary.run))}>{ foreign(&run_name(&build.in_run.run, summary.run)) }</a>
            </span>
        </>
    }
}

fn no_log(mirror: &MirrorName, build: &Build) -> Html {
    html! {
        <div class="note">
            <strong>{ "This build has no log" }</strong>
            { "CDash documents carry only what stands around an error. " }<code>{ "larder report" }</code>{ " hands in whole logs, and so does a JUnit report. " }
            <a href={route::href(&Page::Build(mirror.clone(), build.summary.id))}>{ "The build" }</a>
        </div>
    }
}

#[derive(Properties, PartialEq)]
struct ViewerProps {
    mirror: MirrorName,
    build: Rc<Build>,
    /// What follows `#` in the URL.
    part: AttrValue,
    /// Rises with every visit, so that the same line can be gone to again.
    visit: u32,
}

#[component]
fn Viewer(props: &ViewerProps) -> Html {
    let summary = &props.build.summary;
    let url = api::log_path(&props.mirror, summary.id);
    let rows = use_mut_ref(LogRows::default).borrow().clone();
    let on_lines = {
        let rows = rows.clone();
        Callback::from(move |block| rows.show(block))
    };
    let (known, ask) = use_log(url.clone().into(), summary.package.clone().into(), on_lines);
    rows.ask_by(ask.clone());
    let wrap = use_state_eq(wraps_at_first);
    let sought = use_state_eq(Sought::default);
    let target = use_state_eq(|| None::<(u64, u32)>);
    let current = use_state_eq(|| None::<u64>);
    let selected = use_state_eq(|| LineRange::parse(&props.part));
    {
        let selected = selected.setter();
        use_effect_with((props.part.clone(), props.visit), move |(part, _)| selected.set(LineRange::parse(part)));
    }

    let go_to = {
        let (target, current) = (target.clone(), current.setter());
        Callback::from(move |line: u64| {
            current.set(Some(line));
            target.set(Some((line, target.map_or(0, |(_, before)| before + 1))));
        })
    };
    let first_error = known
        .summary
        .as_ref()
        .and_then(|summary| summary.failure.as_ref())
        .or(props.build.failure.as_ref())
        .and_then(|failure| failure.log_line);
    use_first_target(&known, props, first_error, &go_to);

    let on_change = {
        let (sought, ask, rows) = (sought.setter(), ask.clone(), rows.clone());
        Callback::from(move |wanted: Sought| {
            ask.emit(Ask::Find { text: wanted.text.clone(), is_regex: wanted.is_regex });
            rows.ask_again();
            sought.set(wanted);
        })
    };
    let is_searching = !sought.text.is_empty();
    let on_step = {
        let (ask, current, known, go_to) = (ask.clone(), current.clone(), known.clone(), go_to.clone());
        Callback::from(move |back: bool| {
            let here = current.or(first_error).unwrap_or(0);
            if is_searching {
                ask.emit(Ask::Step { line: current.unwrap_or(0), back });
            } else if let Some(line) = known.summary.as_ref().and_then(|summary| next_error(summary, here, back)) {
                go_to.emit(line);
            }
        })
    };
    {
        let go_to = go_to.clone();
        use_effect_with(known.hit, move |hit| {
            if let Some((hit, _)) = hit {
                go_to.emit(hit.line);
            }
        });
    }
    {
        let found = known.found.clone().filter(|found| found.percent >= 100 && is_searching);
        use_effect_with(found, |found| {
            if let Some(found) = found {
                announce(format::counted(found.hits, "hit"));
            }
        });
    }
    let on_pick = {
        let (selected, page) = (selected.clone(), Page::Log(props.mirror.clone(), summary.id));
        Callback::from(move |(line, shift): (u64, bool)| {
            let range = match *selected {
                Some(range) if shift => LineRange::of(range.first).stretched_to(line),
                _ => LineRange::of(line),
            };
            route::correct(&format!("{page}#{range}"));
            selected.set(Some(range));
        })
    };
    let turn_wrap = {
        let wrap = wrap.clone();
        Callback::from(move |_| {
            browser::remember(WRAP_KEY, if *wrap { "off" } else { "on" });
            wrap.set(!*wrap);
        })
    };
    let dim = use_state_eq(|| browser::remembered(DIM_KEY).as_deref() == Some("on"));
    {
        let (ask, rows, is_here) = (ask.clone(), rows.clone(), known.size.lines > 0);
        use_effect_with((*dim, is_here), move |(dim, is_here)| {
            if *is_here {
                ask.emit(Ask::Dim(*dim));
                rows.ask_again();
            }
        });
    }
    let turn_dim = {
        let dim = dim.clone();
        Callback::from(move |_| {
            browser::remember(DIM_KEY, if *dim { "off" } else { "on" });
            dim.set(!*dim);
        })
    };
    let copy = {
        let (ask, selected) = (ask.clone(), *selected);
        Callback::from(move |_| {
            if let Some(range) = selected {
                ask.emit(Ask::Text { from: range.first, to: range.last + 1 });
            }
        })
    };
    let on_jump = {
        let (go_to, lines) = (go_to.clone(), known.size.lines);
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a line's number"
        )]
        Callback::from(move |part: f64| go_to.emit((part * lines as f64) as u64 + 1))
    };
    let errors = use_memo(known.summary.clone(), |summary| {
        summary.as_ref().map(|summary| summary.error_lines.iter().copied().collect::<BTreeSet<_>>()).unwrap_or_default()
    });
    let error_slots =
        use_memo((errors.clone(), known.size.lines), |(errors, lines)| slots(errors.iter().copied(), *lines));
    let warning_slots = use_memo(known.summary.clone(), |summary| {
        summary.as_ref().map(|summary| summary.warning_slots.clone()).unwrap_or_default()
    });
    let hit_slots =
        use_memo(known.found.clone(), |found| found.as_ref().map(|found| found.slots.clone()).unwrap_or_default());
    let search = Search {
        sought: &sought,
        found: known.found.as_ref(),
        place: known
            .hit
            .map(|(hit, _)| hit)
            .filter(|hit| is_searching && *current == Some(hit.line))
            .map(|hit| hit.place),
        on_change,
        on_step: on_step.clone(),
    };
    let marks = Marks { errors, first_error, selected: *selected, current: *current };
    if let Some(why) = &known.failure {
        return failure_note(why, "Reload the page to try again.", false, None);
    }
    html! {
        <>
            { cause_line(props, &known) }
            <div class="log-bar">
                { log_search(&search) }
                { steps(if is_searching { "hit" } else { "error" }, &on_step) }
                if let Some(line) = first_error {
                    <button type="button" class="btn" data-key="e" title="Key e" onclick={go_to.reform(move |_| line)}>{ "First error" }</button>
                }
                if !is_searching { { error_place(&known, *current) } }
                { phases(known.summary.as_ref().map_or(&[][..], |summary| &summary.phases), &go_to) }
                <span class="end">
                    { mute(size_words(&known, summary.log_bytes)) }
                    if let Some(range) = *selected { <button type="button" class="btn" onclick={copy}>{ if range.last > range.first { "Copy lines" } else { "Copy line" } }</button> }
                    <button type="button" class="btn" aria-pressed={dim.to_string()} title="Times and paths of the stage step back" onclick={turn_dim}>{ "Dim" }</button>
                    <button type="button" class="btn" aria-pressed={wrap.to_string()} onclick={turn_wrap}>{ "Wrap" }</button>
                    <a class="btn" href={url} download={format!("{}-{}.txt", summary.package.replace('/', "-"), summary.id)}>{ "Download" }</a>
                    <a class="btn" href={route::url(&Page::Log(props.mirror.clone(), summary.id), &[("plain", "1")])}>{ "Plain page" }</a>
                </span>
            </div>
            <div class="log-frame">
                <LogView size={known.size} {rows} {marks} wrap={*wrap} target={*target} {on_pick}/>
                <LogMap warnings={warning_slots} errors={error_slots} hits={hit_slots} {on_jump}/>
            </div>
            <p class="sr">{ "The log shows only the lines in view. Press / to search all of it; the plain page holds 2,000 lines at a time." }</p>
        </>
    }
}

/// Goes to the line the URL points at, else to the first error, as soon as it is there.
#[hook]
fn use_first_target(
    known: &UseReducerHandle<Known>,
    props: &ViewerProps,
    first_error: Option<u64>,
    go_to: &Callback<u64>,
) {
    let asked = LineRange::parse(&props.part).map(|range| range.first);
    let wanted = asked.or(first_error);
    let done = use_mut_ref(|| None::<u32>);
    // Some lines below must be there, too, or there is nothing to scroll.
    let is_there = wanted.is_some_and(|line| known.summary.is_some() || known.size.lines > line + 200);
    let go_to = go_to.clone();
    use_effect_with((wanted, is_there, props.visit), move |(wanted, is_there, visit)| {
        let is_new = *done.borrow() != Some(*visit);
        if let (Some(line), true, true) = (wanted, is_there, is_new) {
            *done.borrow_mut() = Some(*visit);
            go_to.emit(*line);
        }
    });
}

/// Whether long lines are broken before anybody chose: on a phone.
fn wraps_at_first() -> bool {
    match browser::remembered(WRAP_KEY).as_deref() {
        Some(remembered) => remembered == "on",
        None => window().match_media("(max-width: 720px)").ok().flatten().is_some_and(|narrow| narrow.matches()),
    }
}

/// The error line after `here`, or before it; past the end it begins anew.
fn next_error(summary: &Summary, here: u64, back: bool) -> Option<u64> {
    let lines = &summary.error_lines;
    if back {
        lines.iter().rev().find(|line| **line < here).or(lines.last()).copied()
    } else {
        lines.iter().find(|line| **line > here).or(lines.first()).copied()
    }
}

/// `error 2 of 5`
fn error_place(known: &Known, current: Option<u64>) -> Html {
    let Some(summary) = &known.summary else { return Html::default() };
    let shown = summary.error_lines.len() as u64;
    let place = current.and_then(|line| summary.error_lines.iter().position(|error| *error == line));
    let of = format::count(summary.errors);
    mute(match (place, summary.errors) {
        (_, 0) => "no errors".to_owned(),
        (Some(place), _) => format!("error {} of {of}", format::count(place as u64 + 1)),
        (None, errors) if errors > shown => format!("{of} errors, the first {} marked", format::count(shown)),
        (None, errors) => format::counted(errors, "error"),
    })
}

/// `25 lines, 1.5 kB`; how much has arrived while it does.
fn size_words(known: &Known, bytes: Option<u64>) -> String {
    match (&known.summary, bytes) {
        (Some(summary), _) => format!(
            "{}, {}, {}",
            format::counted(summary.size.lines, "line"),
            format::size(summary.size.bytes),
            format::counted(summary.warnings, "warning")
        ),
        (None, Some(bytes)) => format!("{} of {} are here", format::size(known.size.bytes), format::size(bytes)),
        (None, None) => format!("{} are here", format::size(known.size.bytes)),
    }
}

/// The first real error: as the whole log, read here, has it; else as the report has it.
fn cause_line(props: &ViewerProps, known: &Known) -> Html {
    let read = known.summary.as_ref().and_then(|summary| summary.failure.as_ref());
    let told = props.build.failure.as_ref();
    let Some(failure) = read.or(told) else { return Html::default() };
    let is_news = read.is_some_and(|read| told.is_none_or(|told| told.message != read.message));
    html! {
        <p class="cause">
            { foreign(&error_line(failure)) }
            if is_news && !props.build.log_read_whole {
                <span>{ "Found in this browser, which read the whole log; Larder itself read its first and last MB." }</span>
            }
        </p>
    }
}

fn error_line(failure: &Failure) -> String {
    match place(failure.file.as_deref(), failure.line) {
        Some(place) => format!("{place}: {}", failure.message),
        None => failure.message.clone(),
    }
}

#[derive(Properties, PartialEq)]
struct PlainLogProps {
    mirror: MirrorName,
    build: Rc<Build>,
    /// The first line.
    from: u64,
}

/// The log as plain text, some lines a page: for screen readers, and for those who like it.
#[component]
fn PlainLog(props: &PlainLogProps) -> Html {
    let summary = &props.build.summary;
    let lines = use_state(Rc::<Block>::default);
    let on_lines = {
        let lines = lines.setter();
        Callback::from(move |block| lines.set(block))
    };
    let (known, ask) =
        use_log(api::log_path(&props.mirror, summary.id).into(), summary.package.clone().into(), on_lines);
    let from = props.from;
    {
        let is_read = known.summary.is_some();
        use_effect_with((from, is_read), move |(from, is_read)| {
            if *is_read {
                ask.emit(Ask::Lines { from: *from, to: from + PLAIN_LINES });
            }
        });
    }
    if let Some(why) = &known.failure {
        return failure_note(why, "Reload the page to try again.", false, None);
    }
    let page = Page::Log(props.mirror.clone(), summary.id);
    let total = known.size.lines;
    let url = |from: u64| route::url(&page, &[("plain", &from.to_string())]);
    let last = (from + PLAIN_LINES - 1).min(total.max(from));
    let steps = |label: &'static str| {
        html! {
            <nav class="tools" aria-label={label}>
                <span>{ format!("Lines {} to {} of {}", format::count(from), format::count(last), format::count(total)) }</span>
                if from > 1 { <a class="btn" href={url(from.saturating_sub(PLAIN_LINES).max(1))}>{ "Before" }</a> }
                if last < total { <a class="btn" href={url(last + 1)}>{ "After" }</a> }
                <a class="btn" href={route::href(&page)}>{ "Viewer" }</a>
            </nav>
        }
    };
    html! {
        <div aria-busy={known.summary.is_none().to_string()}>
            { steps("Parts of the log") }
            <ol class="plain-log" start={from.to_string()}>
                { for (from..lines.end()).filter_map(|number| lines.get(number)).map(|text| html! { <li><span class="text">{ line(text) }</span></li> }) }
            </ol>
            { steps("Parts of the log, again") }
        </div>
    }
}
