//! What stands where nothing is yet: no mirror, or a mirror without packages.

use larder_frontend::commands::{Command, push, push_with_spack};
use larder_shared::{
    api::{Mirror, Origin},
    name::MirrorName,
};
use yew::prelude::*;

use super::block;
use crate::{api, components::commands::commands, load::use_answer, site};

/// What to say where there is no mirror, and the commands that make one.
pub(crate) fn no_mirror() -> Html {
    let origin = site::url();
    let make = Command::of(&[
        "curl",
        "-X",
        "POST",
        "-H",
        "\"Authorization: Bearer $LARDER_TOKEN\"",
        "-d",
        "'{\"name\": \"my-mirror\"}'",
        &format!("{origin}/api/v1/mirrors"),
    ]);
    html! {
        <div class="stack narrow">
            <section>
                <h2>{ "No mirror yet" }</h2>
                <p>{ "A mirror holds the packages of one Spack build cache. Push the folder of one, and it is made and shown here:" }</p>
                { commands(&[push(&origin, "my-mirror")]) }
                <p class="search-note">{ "The folder is one that " }<code>{ "spack buildcache push" }</code>{ " wrote: it holds " }<code>{ "build_cache" }</code>{ " or " }<code>{ "v3" }</code>{ " and " }<code>{ "blobs" }</code>{ ". The token is an admin's." }</p>
            </section>
            <section>
                <h2 class="k">{ "Or make an empty one" }</h2>
                { commands(&[make]) }
            </section>
        </div>
    }
}

#[derive(Properties, PartialEq)]
pub(crate) struct EmptyMirrorProps {
    pub mirror: MirrorName,
}

/// What stands where a mirror's packages would be.
#[component]
pub(crate) fn EmptyMirror(props: &EmptyMirrorProps) -> Html {
    let mirror = use_answer(api::mirror(&props.mirror), 0);
    block(&mirror, 2, |mirror| empty_mirror(mirror))
}

/// What to say of a mirror without packages, and the command that changes it.
fn empty_mirror(mirror: &Mirror) -> Html {
    match mirror.origin {
        Origin::Bucket => html! {
            <section class="narrow">
                <h2>{ "This mirror is empty" }</h2>
                <p>{ "Push to it, and it shows here with the next read:" }</p>
                if let Some(recipe) = push_with_spack(&site::url(), &mirror.name) {
                    { commands(&recipe) }
                    <p class="search-note">{ "Nobody runs " }<code>{ "update-index" }</code>{ ". A folder that Spack filled, and packages over 100 MB, which Cloudflare refuses in one request, go by:" }</p>
                }
                { commands(&[push(&site::url(), mirror.name.as_str())]) }
            </section>
        },
        Origin::Http { .. } | Origin::Oci { .. } => html! {
            <section class="narrow">
                <h2>{ "This mirror shows nothing yet" }</h2>
                <p>{ "Its packages come from its origin, and Larder has none of it yet. \u{201c}Where it comes from\u{201d} on the overview tells how the origin fares." }</p>
            </section>
        },
    }
}
