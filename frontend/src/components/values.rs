//! Sizes, ages and foreign text, each with its exact value on hover.

use larder_frontend::format;
use larder_shared::api::Timestamp;
use yew::prelude::*;

use crate::{browser, clock::use_now};

/// Text that is not ours: kept apart from the direction of the text around it.
pub(crate) fn foreign(text: &str) -> Html {
    html! { <bdi>{ format::visible(text).into_owned() }</bdi> }
}

#[derive(Properties, PartialEq)]
pub(crate) struct AgeProps {
    pub time: Timestamp,
    /// Whether it stands in a sentence: `46 min ago`.
    #[prop_or_default]
    pub ago: bool,
}

/// How old something is.
#[component]
pub(crate) fn Age(props: &AgeProps) -> Html {
    let (time, now) = (props.time, use_now());
    let text = if props.ago { format::ago(time, now) } else { format::age(time, now) };
    let title = format!("{}, {} here", format::utc(time), browser::local_clock(time));
    html! { <time datetime={time.to_string()} {title}>{ text }</time> }
}

/// How many; in a narrow cell.
pub(crate) fn count(number: u64) -> Html {
    html! { <span title={format::count(number)}>{ format::short_count(number) }</span> }
}

/// The size of some tarballs, none of which is empty: zero says that no size is known yet.
pub(crate) fn total_size(bytes: u64) -> Html {
    size((bytes > 0).then_some(bytes))
}

/// A number of bytes; `None`: not known yet.
pub(crate) fn size(bytes: Option<u64>) -> Html {
    match bytes {
        Some(bytes) => html! { <span title={format::exact_size(bytes)}>{ format::size(bytes) }</span> },
        None => html! { <span class="mute" title="Learnt when the tarball is first read">{ "unknown" }</span> },
    }
}
