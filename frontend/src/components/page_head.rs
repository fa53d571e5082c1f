//! The head of a page: its path with every step a link, its title, and what stands beside it.

use larder_shared::route::page::Page;
use yew::prelude::*;

use crate::route;

/// The head of `page`; `beside` follows the title, `end` stands at the right.
pub(crate) fn page_head(page: &Page, title: Html, beside: Html, end: Option<Html>) -> Html {
    html! {
        <header>
            { crumb(page) }
            <h1 tabindex="-1">{ title }</h1>
            { beside }
            if let Some(end) = end { <span class="end">{ end }</span> }
        </header>
    }
}

/// The page's own path; each step that is a page itself is a link.
fn crumb(page: &Page) -> Html {
    let here = page.to_string();
    let mut steps = vec![Page::Home];
    if let Some(mirror) = page.mirror() {
        steps.push(Page::Mirror(mirror.clone()));
        match page {
            Page::Package(..) => steps.push(Page::Packages(mirror.clone())),
            Page::Build(..) => steps.push(Page::Builds(mirror.clone())),
            Page::Log(_, id) => steps.extend([Page::Builds(mirror.clone()), Page::Build(mirror.clone(), *id)]),
            Page::Failure(..) => steps.push(Page::Failures(mirror.clone())),
            _ => {}
        }
    }
    steps.push(page.clone());
    steps.dedup();
    let mut written = String::new();
    let parts = steps.iter().map(|step| {
        let path = step.to_string();
        let part = path.strip_prefix(&written).unwrap_or(&path).to_owned();
        written.clone_from(&path);
        let current = (path == here).then_some("page");
        let href = route::href(step);
        html! { <><a {href} aria-current={current}>{ part }</a><wbr/></> }
    });
    html! { <nav class="crumb" aria-label="Path">{ for parts }</nav> }
}
