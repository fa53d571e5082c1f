//! How to use a mirror, by version of Spack.

use larder_frontend::commands::{Client, Command, Recipe};
use yew::prelude::*;

use super::{
    commands::commands,
    copy::Copy,
    parts::in_code,
    tabs::{Tab, tabs},
};
use crate::browser;

const KEY: &str = "larder-client";

/// The key of the way to install that was last looked at.
pub(crate) fn remembered_way() -> String {
    browser::remembered(KEY).unwrap_or_else(|| Client::default().key().to_owned())
}

/// Remembers the way to install that is looked at.
pub(crate) fn remember_way(key: &str) {
    browser::remember(KEY, key);
}

#[derive(Properties, PartialEq)]
pub(crate) struct InstallProps {
    /// The commands for each version of Spack.
    pub recipe: Callback<Client, Recipe>,
    /// Distinguishes several of these on a page.
    pub id: &'static str,
}

#[component]
pub(crate) fn Install(props: &InstallProps) -> Html {
    let chosen = use_state_eq(|| Client::from_key(&remembered_way()).unwrap_or_default());
    let choose = {
        let chosen = chosen.setter();
        Callback::from(move |place: usize| {
            let client = Client::ALL[place];
            remember_way(client.key());
            chosen.set(client);
        })
    };
    let recipe = props.recipe.emit(*chosen);
    let all = Client::ALL.map(|client| Tab { key: client.key(), label: client.label() });
    let place = Client::ALL.iter().position(|client| *client == *chosen).unwrap_or_default();
    tabs(props.id, "Version of Spack", &all, place, &choose, copy_all(&recipe.commands), told(&recipe))
}

/// A button that copies all commands.
pub(crate) fn copy_all(commands: &[Command]) -> Html {
    let lines: Vec<String> = commands.iter().map(Command::line).collect();
    html! { <Copy text={lines.join("\n")} label="Copy all" name="Copy all commands"/> }
}

/// Commands, and the sentences that belong to them.
pub(crate) fn told(recipe: &Recipe) -> Html {
    html! {
        <>
            if !recipe.commands.is_empty() { { commands(&recipe.commands) } }
            { for recipe.notes.iter().map(|note| html! { <p class="search-note">{ in_code(note) }</p> }) }
        </>
    }
}
