//! Everything exact about a spec.

use larder_frontend::{
    format,
    trust::{derived_layouts, layout_words, layouts_of_spec},
};
use larder_shared::{
    api::{File, FileKind, Spec, SpecSummary},
    name::MirrorName,
};
use yew::prelude::*;

use super::{
    copy::Copy,
    parts::{fact, mono, mono_fact, mute},
    values::{Age, foreign, size},
};
use crate::site;

/// The facts of a spec.
pub(crate) fn spec_facts(spec: &Spec) -> Html {
    let summary = &spec.summary;
    let recipe = format::recipe(spec.namespace.as_deref(), &summary.name);
    html! {
        <dl class="facts">
            { fact("Hash", html! { <>{ mono(summary.hash.as_str()) }{ " " }<Copy text={summary.hash.to_string()} name="Copy the hash"/></> }) }
            { fact("Tarball", size(summary.size)) }
            { fact("sha256", digest(spec)) }
            { fact("Signature", signature(summary)) }
            { fact("Pushed", html! { <><Age time={summary.pushed} ago=true/>{ format!(", {}", format::utc(summary.pushed)) }</> }) }
            { fact("Last used", last_use(spec)) }
            { fact("Layout", html! { { layouts_of_spec(summary) } }) }
            { mono_fact("Platform", &format!("{}-{}-{}", summary.platform, summary.os, summary.target)) }
            { fact("Recipe", html! { <>{ mono(&recipe) }{ package_hash(spec.package_hash.as_deref()) }</> }) }
        </dl>
    }
}

fn digest(spec: &Spec) -> Html {
    match &spec.tarball {
        Some(digest) => {
            let digits = digest.to_string();
            let digits = digits.strip_prefix("sha256:").unwrap_or(&digits).to_owned();
            html! {
                <>
                    <span class="mono" title={digits.clone()}>{ format::short_digest(&digits) }</span>{ " " }
                    <Copy text={digits} name="Copy the sha256"/>
                </>
            }
        }
        None => mute("unknown until the tarball is first read"),
    }
}

/// The day on which a client last read it: the day is all that is kept.
fn last_use(spec: &Spec) -> Html {
    match spec.last_used {
        Some(day) => html! { <time datetime={day.to_string()}>{ format::date(day) }</time> },
        None => mute("not seen yet"),
    }
}

fn signature(summary: &SpecSummary) -> Html {
    let SpecSummary { layout, .. } = *summary;
    let Some(signed) = summary.signed else {
        return html! { "unknown; Larder learns it when the spec is first read" };
    };
    if summary.managed {
        html! { <><span class="badge signed">{ "signed" }</span>{ " in every layout; what Larder derives, with the mirror's own key." }</> }
    } else if signed {
        html! {
            <>
                <span class="badge signed">{ "signed" }</span>
                { format!(" when it was pushed as {}. ", layout.as_str()) }
                { for derived_layouts(layout).iter().map(|layout| format!("What Larder derives as {}, carries no signature. ", layout_words(*layout))) }
            </>
        }
    } else {
        html! { <><span class="badge unsigned">{ "unsigned" }</span>{ " when it was pushed." }</> }
    }
}

fn package_hash(hash: Option<&str>) -> Html {
    match hash {
        Some(hash) => {
            let short: String = hash.chars().take(7).collect();
            html! { <span class="mute mono" title={hash.to_owned()}>{ format!(" {}", format::visible(&short)) }</span> }
        }
        None => Html::default(),
    }
}

/// The files of a spec, and which of them arrived as they are.
pub(crate) fn spec_files(mirror: &MirrorName, files: &[File]) -> Html {
    html! {
        <ul class="files">
            for file in files {
                <li key={file.path.as_str()}>
                    <span class="files-kind">
                        { match file.kind { FileKind::Tarball => "Tarball", FileKind::SpecFile => "Spec file", FileKind::Manifest => "Manifest" } }
                        <span class="mute">{ format!(", {}, {}", file.layout.as_str(), if file.stored { "as pushed" } else { "derived" }) }</span>
                    </span>
                    <a class="mono" href={site::file_url(mirror, file)} download="">{ path(&file.path) }</a>
                </li>
            }
        </ul>
    }
}

/// A path that may break after each `/`.
fn path(path: &str) -> Html {
    let parts = path.split_inclusive('/').map(|part| html! { <>{ foreign(part) }<wbr/></> });
    html! { <>{ for parts }</> }
}
