//! The keys a mirror's packages are signed with, and how to trust them.

use larder_frontend::{
    commands::{Command, mirror_url, trust_keys},
    format,
    trust::signed_sentence,
};
use larder_shared::{api::Key, name::MirrorName, route::page::Page};
use yew::prelude::*;

use super::{
    block, is_mirror_missing,
    not_found::{Missing, NotFoundPage},
    use_title,
};
use crate::{
    api,
    clock::use_now,
    components::{
        commands::commands,
        keys_table::keys_table,
        page_head::page_head,
        parts::{mute, small_head},
    },
    load::use_answer,
    site,
};

#[derive(Properties, PartialEq)]
pub(crate) struct KeysPageProps {
    pub mirror: MirrorName,
}

#[component]
pub(crate) fn KeysPage(props: &KeysPageProps) -> Html {
    use_title(&format!("Keys · {}", props.mirror));
    let keys = use_answer(api::keys(&props.mirror), 0);
    let mirror = use_answer(api::mirror(&props.mirror), 0);
    let now = use_now();
    let page = Page::Keys(props.mirror.clone());
    if is_mirror_missing(&keys) {
        return html! { <NotFoundPage missing={Missing::Mirror(props.mirror.clone())} {page}/> };
    }
    let beside = mirror.data.as_ref().map_or_else(Html::default, |mirror| mute(signed_sentence(mirror)));
    html! {
        <article class="page">
            { page_head(&page, html! { "Keys" }, beside, None) }
            { block(&keys, 3, |keys| if keys.is_empty() { no_key() } else { html! {
                <div class="stack">
                    <section>
                        { small_head("Signing keys", "Spack trusts a mirror by these; compare a fingerprint with one you were told") }
                        { keys_table(&props.mirror, keys, now) }
                    </section>
                    <section class="narrow">
                        { small_head("Trust all of them", "") }
                        { commands(&[trust_keys()]) }
                        <p class="search-note">{ "Spack takes the keys of every mirror it knows, so add the mirror first." }</p>
                    </section>
                    <section class="narrow">
                        { small_head("Or one key, after comparing it", "") }
                        { commands(&by_hand(&props.mirror, &keys[0])) }
                    </section>
                </div>
            } }) }
        </article>
    }
}

fn no_key() -> Html {
    html! {
        <div class="note">
            <strong>{ "No key is in this mirror" }</strong>
            { "Spack pushes one with each signed package. Without keys, add the mirror with " }<code>{ "spack mirror add --unsigned" }</code>{ "; the Overview has the full command." }
        </div>
    }
}

/// Fetching a key, looking at it, and trusting it.
fn by_hand(mirror: &MirrorName, key: &Key) -> Vec<Command> {
    let url = format!("{}/{}", mirror_url(&site::url(), mirror), key.path);
    // Saved under a name of ours: a path from elsewhere must not choose where the file goes.
    let file = format!("{}.pub", format::short_digest(key.fingerprint.as_str()).replace('…', "-"));
    vec![
        Command::of(&["curl", "-o", &file, &url]),
        Command::of(&["gpg", "--show-keys", &file]),
        Command::of(&["spack", "gpg", "trust", &file]),
    ]
}
