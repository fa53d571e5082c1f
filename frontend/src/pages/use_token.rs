//! The dialog in which a reader gives a token, to see what only some may see.

use larder_frontend::token;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    api, browser,
    components::{
        dialog::Dialog,
        failure::failure_note,
        parts::{code, mono},
    },
    route::{self, Arrival, Place},
};

/// The parameter that opens the dialog.
pub(crate) const PARAM: &str = "token";

/// How many characters of a token are shown: as many as the list of tokens shows.
const SHOWN: usize = 8;

/// The URL of this page with the dialog open.
pub(crate) fn dialog_url() -> String {
    url_with("use")
}

fn url_with(value: &str) -> String {
    let Place { page, params, .. } = Place::here(Arrival::Within, 0);
    let rest = params.iter().filter(|(name, _)| name != PARAM).map(|(name, value)| (name.as_str(), value.as_str()));
    route::url(&page, &rest.chain([(PARAM, value)]).collect::<Vec<_>>())
}

#[derive(Properties, PartialEq)]
pub(crate) struct TokenDialogProps {
    /// Rises with every arrival; 0 where the browser was sent here.
    pub visit: u32,
}

#[component]
pub(crate) fn TokenDialog(props: &TokenDialogProps) -> Html {
    let onclose = {
        let was_opened_by_link = props.visit > 0;
        Callback::from(move |()| if was_opened_by_link { route::back() } else { route::go_instead(&url_with("")) })
    };
    let title = if token::held().is_some() { "A token is used" } else { "Use a token" };
    html! {
        <Dialog title={html! { { title } }} {onclose}>
            if let Some(held) = token::held() { { used(&held) } } else { <Form/> }
        </Dialog>
    }
}

/// Loads the page anew: everything that is shown was asked for with the other rights.
fn start_anew() {
    browser::load(&url_with(""));
}

fn used(held: &str) -> Html {
    let forget = Callback::from(|_: MouseEvent| {
        token::forget();
        start_anew();
    });
    let begins: String = held.chars().take(SHOWN).collect();
    html! {
        <>
            <p>
                { "The token that begins with " }{ mono(&begins) }{ " is used in this tab" }
                if token::is_admin() { { "; it is an admin\u{2019}s" } }
                { ". It is forgotten when the tab is closed." }
            </p>
            <p class="tools form-end"><button type="button" class="btn main" onclick={forget}>{ "Forget it" }</button></p>
        </>
    }
}

/// How a try stands.
#[derive(Clone, PartialEq)]
enum Stand {
    Idle,
    Waiting,
    /// The browser keeps nothing for this site.
    NotKept,
    Failed(api::Failure),
}

#[component]
fn Form() -> Html {
    let stand = use_state_eq(|| Stand::Idle);
    let field = use_node_ref();
    let onsubmit = {
        let (stand, field) = (stand.clone(), field.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(field) = field.cast::<HtmlInputElement>() else { return };
            let given = field.value().trim().to_owned();
            if given.is_empty() || *stand == Stand::Waiting {
                let _ = field.focus();
                return;
            }
            stand.set(Stand::Waiting);
            let stand = stand.clone();
            spawn_local(async move {
                match api::is_admin(&given).await {
                    Ok(is_admin) if token::hold(&given, is_admin) => start_anew(),
                    Ok(_) => {
                        token::forget();
                        stand.set(Stand::NotKept);
                    }
                    Err(failure) => stand.set(Stand::Failed(failure)),
                }
            });
        })
    };
    html! {
        <form {onsubmit} novalidate=true>
            <p><label for="token-field">{ "Token" }</label></p>
            <input ref={field} id="token-field" class="field mono" type="password" autofocus=true autocomplete="off" autocapitalize="off" spellcheck="false"
                aria-invalid={matches!(*stand, Stand::Failed(_)).then_some("true")} aria-describedby="token-help"/>
            { match &*stand {
                Stand::Idle | Stand::Waiting => Html::default(),
                Stand::NotKept => failure_note("The browser keeps nothing for this site.", "Allow it to store data for this site, then try again.", false, None),
                Stand::Failed(failure) => failure_note(&failure.message(), &failure.next_step(), false, None),
            } }
            <p class="search-note" id="token-help">{ "With it you see the private mirrors that it may read; an admin\u{2019}s shows the tokens too. It stays in this tab until that is closed, and goes to this Larder only. Commands that are copied do not hold it: use " }{ code("$LARDER_TOKEN") }{ " there." }</p>
            <p class="tools form-end"><button type="submit" class="btn main">{ if *stand == Stand::Waiting { "Trying it" } else { "Use it" } }</button></p>
        </form>
    }
}
