//! What is in a spec's tarball, and the spec as a bill of materials; drawn when it is asked for.

use std::rc::Rc;

use js_sys::Uint8Array;
use larder_frontend::{format, window::DRAWN_WHOLE};
use larder_shared::{
    api::{FileKind, Spec},
    name::MirrorName,
    route::page::Page,
    sbom::{self, Origin},
    tar::{Entry, Kind, Reader, common_folder},
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    api, browser,
    components::{
        failure::failure_note,
        parts::{cell, figure_cell, mute, small_head, table_head},
        values::{foreign, size},
        virtual_rows::{spacer, use_rows_to_draw},
    },
    site,
};

/// The files and the exports of a spec.
pub(crate) fn contents(mirror: &MirrorName, spec: &Rc<Spec>) -> Html {
    let tarball = spec.files.iter().find(|file| file.kind == FileKind::Tarball);
    html! {
        <div class="stack">
            <section>
                { small_head("Bill of materials", "the spec and all that it depends on; licences are not in it") }
                { exports(mirror, spec) }
            </section>
            if let Some(tarball) = tarball {
                <Files url={site::file_url(mirror, tarball)} size={spec.summary.size}/>
            }
        </div>
    }
}

/// Buttons that make a document and have the browser save it.
fn exports(mirror: &MirrorName, spec: &Rc<Spec>) -> Html {
    let button = |name: &'static str, end: &'static str, make: fn(&Spec, Origin<'_>) -> String| {
        let (mirror, spec) = (mirror.clone(), spec.clone());
        let onclick = Callback::from(move |_: MouseEvent| {
            let origin = site::url();
            let page = format!("{origin}{}", Page::Spec(mirror.clone(), spec.summary.hash.to_string()));
            let tarball = spec.files.iter().find(|file| file.kind == FileKind::Tarball);
            let tarball = tarball.map(|file| site::file_url(&mirror, file));
            let text = make(&spec, Origin { page: &page, tarball: tarball.as_deref(), made: browser::now() });
            let name = format!("{}-{}-{}.{end}", spec.summary.name, spec.summary.version, spec.prefix);
            browser::save(&name, "application/json", &text);
        });
        html! { <button type="button" class="btn" {onclick}>{ name }</button> }
    };
    html! {
        <p class="tools">
            { button("CycloneDX 1.5", "cdx.json", sbom::cyclonedx) }
            { button("SPDX 2.3", "spdx.json", sbom::spdx) }
        </p>
    }
}

/// How far a tarball is read.
#[derive(Clone, PartialEq)]
enum Stand {
    Reading { bytes: u64 },
    Read(Rc<Vec<Entry>>, Totals),
    Failed(String),
}

#[derive(Clone, Copy, PartialEq)]
struct Totals {
    bytes: u64,
    left_out: u64,
}

#[derive(Properties, PartialEq)]
struct FilesProps {
    url: String,
    /// Bytes of the tarball, where they are known.
    size: Option<u64>,
}

/// The files of a tarball, listed while it streams by. Nothing of their contents is kept.
#[component]
fn Files(props: &FilesProps) -> Html {
    let stand = use_state_eq(|| Stand::Reading { bytes: 0 });
    let attempt = use_state_eq(|| 0u32);
    {
        let stand = stand.setter();
        use_effect_with((props.url.clone(), *attempt), move |(url, _)| {
            let (url, stop) = (url.clone(), Rc::new(std::cell::Cell::new(false)));
            let is_stopped = stop.clone();
            stand.set(Stand::Reading { bytes: 0 });
            spawn_local(async move {
                let mut reader = Reader::default();
                let mut told = 0;
                let outcome = api::unpacked(&url, |bytes: &Uint8Array, read| {
                    if read >= told + TELL_BYTES {
                        told = read;
                        stand.set(Stand::Reading { bytes: read });
                    }
                    reader.push(&bytes.to_vec()).map_err(|error| error.to_string())?;
                    Ok(!is_stopped.get())
                });
                let outcome = outcome.await;
                stand.set(match outcome {
                    Ok(()) => Stand::Read(
                        Rc::new(std::mem::take(&mut reader.entries)),
                        Totals { bytes: reader.bytes, left_out: reader.left_out },
                    ),
                    Err(why) => Stand::Failed(why),
                });
            });
            move || stop.set(true)
        });
    }
    let retry = {
        let attempt = attempt.clone();
        Callback::from(move |()| attempt.set(*attempt + 1))
    };
    html! {
        <section>
            { small_head("Files in the tarball", "") }
            { match &*stand {
                Stand::Reading { bytes } => {
                    let of = props.size.map_or_else(String::new, |size| format!(" of a tarball of {}", format::size(size)));
                    html! { <p class="mute" role="status">{ format!("Reading{of}: {} unpacked.", format::size(*bytes)) }</p> }
                }
                Stand::Failed(why) => failure_note(why, "Check the connection, then retry.", false, Some(&retry)),
                Stand::Read(entries, totals) => html! { <Listed entries={entries.clone()} totals={*totals}/> },
            } }
        </section>
    }
}

/// How much is read between two words of progress.
const TELL_BYTES: u64 = 2_000_000;

#[derive(Properties, PartialEq)]
struct ListedProps {
    entries: Rc<Vec<Entry>>,
    totals: Totals,
}

#[component]
fn Listed(props: &ListedProps) -> Html {
    let body = use_node_ref();
    let shown: Vec<&Entry> = props.entries.iter().filter(|entry| entry.kind != Kind::Folder).collect();
    let total = shown.len();
    let drawn = use_rows_to_draw(total, &body);
    let is_long = total > DRAWN_WHOLE;
    let folder = common_folder(&props.entries);
    html! {
        <>
            <p class="tools">
                <strong>{ format::counted(total as u64 + props.totals.left_out, "file") }</strong>
                { mute(format!("{} unpacked", format::size(props.totals.bytes))) }
                if props.totals.left_out > 0 { { mute(format!("the last {} are not listed", format::count(props.totals.left_out))) } }
            </p>
            if !folder.is_empty() { <p class="search-note below">{ "Below " }<span class="mono">{ foreign(folder) }</span></p> }
            <table class={if is_long { "table dense contents even" } else { "table dense contents" }} aria-rowcount={is_long.then(|| (total + 1).to_string())}>
                { table_head(&[("", "Path"), ("num", "Size")]) }
                <tbody ref={body}>
                    if is_long { { spacer("before", 2) } }
                    for index in drawn.filter(|index| *index < total) {
                        { row(shown[index], folder, index, is_long) }
                    }
                    if is_long { { spacer("after", 2) } }
                </tbody>
            </table>
        </>
    }
}

fn row(entry: &Entry, folder: &str, index: usize, is_long: bool) -> Html {
    html! {
        <tr class="row" key={index} aria-rowindex={is_long.then(|| (index + 2).to_string())}>
            { cell("mono", html! {
                <>
                    { foreign(entry.path.strip_prefix(folder).unwrap_or(&entry.path)) }
                    if let Kind::Link(to) = &entry.kind { <span class="mute">{ " → " }{ foreign(to) }</span> }
                    if entry.is_executable { <span class="mute sans">{ " executable" }</span> }
                </>
            }) }
            { figure_cell(None, if entry.kind == Kind::File { size(Some(entry.size)) } else { mute("link") }) }
        </tr>
    }
}
