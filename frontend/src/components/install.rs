//! How to use a mirror or install a spec, by version of Spack.

use larder_frontend::commands::{Client, Recipe};
use yew::prelude::*;

use super::{commands::commands, copy::Copy, parts::in_code};
use crate::browser;

const KEY: &str = "larder-client";

/// The version of Spack whose commands were last looked at.
pub(crate) fn remembered_client() -> Client {
    browser::remembered(KEY).and_then(|key| Client::from_key(&key)).unwrap_or_default()
}

#[derive(Properties, PartialEq)]
pub(crate) struct InstallProps {
    /// The commands for each version of Spack.
    pub recipe: Callback<Client, Recipe>,
    /// The version to show, where the page's URL says it.
    #[prop_or_default]
    pub client: Option<Client>,
    /// Another version was chosen.
    #[prop_or_default]
    pub onclient: Callback<Client>,
    /// Distinguishes several of these on a page.
    pub id: &'static str,
}

#[component]
pub(crate) fn Install(props: &InstallProps) -> Html {
    let chosen = use_state_eq(|| props.client.unwrap_or_else(remembered_client));
    let choose = {
        let (chosen, onclient) = (chosen.setter(), props.onclient.clone());
        Callback::from(move |client: Client| {
            browser::remember(KEY, client.key());
            chosen.set(client);
            onclient.emit(client);
        })
    };
    let recipe = props.recipe.emit(*chosen);
    let lines: Vec<String> = recipe.commands.iter().map(larder_frontend::commands::Command::line).collect();
    let id = props.id;
    let onkeydown = {
        let (choose, chosen) = (choose.clone(), *chosen);
        Callback::from(move |event: KeyboardEvent| {
            let place = Client::ALL.iter().position(|client| *client == chosen).unwrap_or_default();
            let step = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => Client::ALL.len() - 1,
                _ => return,
            };
            let next = Client::ALL[(place + step) % Client::ALL.len()];
            event.prevent_default();
            choose.emit(next);
            if let Some(tab) = browser::find(&format!("#{id}-{}", tab_id(next))) {
                let _ = tab.focus();
            }
        })
    };
    html! {
        <div class="install">
            <div class="clients">
                <div class="tabs" role="tablist" aria-label="Version of Spack" {onkeydown}>
                    for client in Client::ALL {
                        <button type="button" role="tab" id={format!("{id}-{}", tab_id(client))} aria-controls={format!("{id}-panel")}
                            aria-selected={(client == *chosen).to_string()} tabindex={if client == *chosen { "0" } else { "-1" }}
                            onclick={choose.reform(move |_| client)}>{ client.label() }</button>
                    }
                </div>
                <Copy text={lines.join("\n")} label="Copy all" name="Copy all commands"/>
            </div>
            <div role="tabpanel" id={format!("{id}-panel")} aria-labelledby={format!("{id}-{}", tab_id(*chosen))}>
                { commands(&recipe.commands) }
                { for recipe.notes.iter().map(|note| html! { <p class="search-note">{ in_code(note) }</p> }) }
            </div>
        </div>
    }
}

fn tab_id(client: Client) -> &'static str {
    match client {
        Client::Before1 => "before-1",
        Client::Since1 => "since-1",
    }
}
