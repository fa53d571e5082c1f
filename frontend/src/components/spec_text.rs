//! A spec as Spack writes it; only the sigils carry colour.

use larder_frontend::{format, machine::Machine, variants::Ordered};
use larder_shared::{
    api::SpecSummary,
    name::{DagHash, MirrorName},
    route::page::Page,
};
use yew::prelude::*;

use super::values::foreign;
use crate::route;

/// `@1.14.5`
pub(crate) fn version(version: &str) -> Html {
    html! { <><i class="v">{ "@" }</i>{ foreign(version) }</> }
}

/// `%gcc@12.2.0`
pub(crate) fn compiler(compiler: Option<&str>) -> Html {
    match compiler {
        Some(compiler) => html! { <><i class="c">{ "%" }</i>{ foreign(compiler) }</> },
        None => html! { <span class="mute">{ "none" }</span> },
    }
}

/// A place in the world of machines: a system, a target, a virtual package.
pub(crate) fn chip(name: &str) -> Html {
    html! { <span class="chip">{ foreign(name) }</span> }
}

/// A target; a tick says that what was built on `os` for it runs on the reader's machine.
pub(crate) fn target_chip(machine: Option<&Machine>, os: &str, target: &str) -> Html {
    if machine.is_some_and(|machine| machine.runs(os, target)) {
        html! { <span class="chip fits" title="It runs on your machine">{ foreign(target) }<span class="sr">{ ", runs on your machine" }</span></span> }
    } else {
        chip(target)
    }
}

/// The first of some chips, and how many more there are.
pub(crate) fn chips(names: &[String], most: usize) -> Html {
    let shown = if names.len() <= most { names.len() } else { most.saturating_sub(1) };
    let rest = names.len() - shown;
    html! {
        <span class="chips" title={(rest > 0).then(|| names.join(", "))}>
            { for names[..shown].iter().map(|name| chip(name)) }
            if rest > 0 { <span class="count">{ format!("and {rest} more") }</span> }
        </span>
    }
}

/// Where a spec is shown.
pub(crate) fn spec_page(mirror: &MirrorName, hash: &DagHash) -> String {
    route::href(&Page::Spec(mirror.clone(), hash.as_str().to_owned()))
}

/// Words about the signature a spec arrived with.
pub(crate) fn signed_badge(spec: &SpecSummary) -> Html {
    match spec.signed {
        Some(true) => html! { <span class="badge signed">{ "signed" }</span> },
        Some(false) => html! { <span class="badge unsigned">{ "unsigned" }</span> },
        None => html! { <span class="badge mute">{ "signature unknown" }</span> },
    }
}

/// `/slmgyj5`, with all 32 characters in its title.
pub(crate) fn hash(hash: &DagHash) -> Html {
    html! { <span class="hash" title={hash.to_string()}>{ format::short_hash(hash.as_str()).to_owned() }</span> }
}

/// Variants on one line: on ones, off ones muted, then valued ones; after `most` the rest is counted.
pub(crate) fn variants_line(variants: &Ordered, most: usize) -> Html {
    let Ordered { on, off, valued } = variants;
    let on = on.iter().map(|name| html! { <><i class="on">{ "+" }</i>{ foreign(name) }</> });
    let off = off.iter().map(|name| html! { <span class="off">{ "~" }{ foreign(name) }</span> });
    let valued = valued.iter().map(|(name, value)| assigned(name, value));
    let all: Vec<Html> = on.chain(off).chain(valued).collect();
    let rest = all.len().saturating_sub(most);
    html! {
        <>
            { for all.into_iter().take(most).map(|variant| html! { <><span class="variant">{ variant }</span>{ " " }</> }) }
            if rest > 0 { <span class="more">{ format!("and {rest} more") }</span> }
        </>
    }
}

/// `name=value`
pub(crate) fn assigned(name: &str, value: &str) -> Html {
    html! { <>{ foreign(name) }<i class="on">{ "=" }</i>{ foreign(value) }</> }
}
