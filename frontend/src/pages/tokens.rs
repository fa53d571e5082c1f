//! The tokens of this Larder, for an admin: who may do what, until when, and the way to end it.

use larder_frontend::{format, token};
use larder_shared::{
    api::{Scope, Timestamp, Token},
    name::MirrorName,
    route::page::Page,
};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{block, use_title};
use crate::{
    announce, api,
    clock::use_now,
    components::{
        failure::failure_note,
        page_head::page_head,
        parts::{code, mute, small_head, table_head},
        values::{Age, foreign},
    },
    load::use_answer,
    pages::use_token::dialog_url,
};

#[derive(Properties, PartialEq)]
pub(crate) struct TokensPageProps {
    pub mirror: MirrorName,
}

#[component]
pub(crate) fn TokensPage(props: &TokensPageProps) -> Html {
    use_title(&format!("Tokens · {}", props.mirror));
    let head = page_head(&Page::Tokens(props.mirror.clone()), html! { "Tokens" }, Html::default(), None);
    html! {
        <article class="page">
            { head }
            if token::is_admin() {
                <TokenList mirror={props.mirror.clone()}/>
            } else {
                <div class="note">
                    <strong>{ "Tokens are shown to admins" }</strong>
                    <a href={dialog_url()}>{ "Use a token" }</a>{ " of an admin's in this tab, and they show here." }
                </div>
            }
        </article>
    }
}

#[component]
fn TokenList(props: &TokensPageProps) -> Html {
    let tokens = use_answer(api::tokens(), 0);
    let now = use_now();
    let on_revoked = tokens.retry.clone();
    block(&tokens, 3, |tokens| {
        if tokens.is_empty() {
            return html! {
                <div class="note">
                    <strong>{ "No token has been made" }</strong>
                    { "So far only the admin token of the settings works, which is not listed. Make one with " }{ code("larder token create") }{ "." }
                </div>
            };
        }
        let mut sorted: Vec<&Token> = tokens.iter().collect();
        sorted.sort_by_key(|token| (!concerns(token, &props.mirror), std::cmp::Reverse(token.created)));
        html! {
            <section>
                { small_head("Who may do what", "of this Larder, those for this mirror first; a token itself is never kept") }
                <table class="table lines tokens">
                    { table_head(&[("", "Name"), ("", "May"), ("", "Begins"), ("", "Made"), ("", "Ends"), ("num", "Revoke")]) }
                    <tbody>
                        for token in sorted {
                            <tr key={token.id.to_string()}>
                                <td>{ foreign(&token.name) }</td>
                                <td>{ rights(token) }</td>
                                <td class="mono" data-l="begins">{ foreign(&token.begins) }</td>
                                <td data-l="made"><Age time={token.created}/></td>
                                <td data-l="ends">{ end(token, now) }</td>
                                <td class="num"><Revoke id={token.id.to_string()} name={token.name.clone()} on_revoked={on_revoked.clone()}/></td>
                            </tr>
                        }
                    </tbody>
                </table>
                <p class="search-note">{ "A token that is revoked ends at once. When a token was last used is not kept." }</p>
            </section>
        }
    })
}

fn concerns(token: &Token, mirror: &MirrorName) -> bool {
    token.mirrors.is_empty() || token.mirrors.contains(mirror)
}

/// What a token allows: `pull and push to user-environment`.
fn rights(token: &Token) -> Html {
    let words = if token.scopes.contains(&Scope::Admin) {
        "everything".to_owned()
    } else {
        format::joined(&token.scopes.iter().map(|scope| scope.as_str().to_owned()).collect::<Vec<_>>())
    };
    html! {
        <>
            { words }{ " " }
            if token.mirrors.is_empty() {
                { mute("on all mirrors") }
            } else {
                { mute("on ") }
                for (place, mirror) in token.mirrors.iter().enumerate() {
                    if place > 0 { { ", " } }
                    <span class="mono">{ foreign(mirror.as_str()) }</span>
                }
            }
        </>
    }
}

fn end(token: &Token, now: Timestamp) -> Html {
    match token.expires {
        None => html! { "never" },
        Some(end) if end <= now => {
            html! { <span class="badge unsigned">{ format!("ended {}", format::date(end)) }</span> }
        }
        Some(end) => html! { <time datetime={end.to_string()} title={format::utc(end)}>{ format::date(end) }</time> },
    }
}

#[derive(Properties, PartialEq)]
struct RevokeProps {
    id: String,
    name: String,
    on_revoked: Callback<()>,
}

/// How a revoking stands.
#[derive(Clone, PartialEq)]
enum Stand {
    Idle,
    /// It was pressed once.
    Asked,
    Waiting,
    Failed(api::Failure),
}

/// A button that revokes at its second press.
#[component]
fn Revoke(props: &RevokeProps) -> Html {
    let stand = use_state_eq(|| Stand::Idle);
    let onclick = {
        let (stand, id, name, on_revoked) =
            (stand.clone(), props.id.clone(), props.name.clone(), props.on_revoked.clone());
        Callback::from(move |_| match &*stand {
            Stand::Waiting => {}
            Stand::Idle | Stand::Failed(_) => stand.set(Stand::Asked),
            Stand::Asked => {
                stand.set(Stand::Waiting);
                let (stand, id, name, on_revoked) = (stand.clone(), id.clone(), name.clone(), on_revoked.clone());
                spawn_local(async move {
                    match api::revoke(&id).await {
                        Ok(()) => {
                            announce::answer(format!("Revoked {name}"));
                            on_revoked.emit(());
                        }
                        Err(failure) => stand.set(Stand::Failed(failure)),
                    }
                });
            }
        })
    };
    let onblur = {
        let stand = stand.clone();
        Callback::from(move |_| {
            if *stand == Stand::Asked {
                stand.set(Stand::Idle);
            }
        })
    };
    let word = match &*stand {
        Stand::Idle | Stand::Failed(_) => "Revoke",
        Stand::Asked => "Revoke now",
        Stand::Waiting => "Revoking",
    };
    html! {
        <>
            <button type="button" class={if *stand == Stand::Asked { "btn main revoke" } else { "btn revoke" }} aria-label={format!("{word}: {}", props.name)} {onclick} {onblur}>{ word }</button>
            if let Stand::Failed(failure) = &*stand { { failure_note(&failure.message(), &failure.next_step(), false, None) } }
        </>
    }
}
