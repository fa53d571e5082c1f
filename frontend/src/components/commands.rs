//! Commands, each in a line with its own copy button.

use larder_frontend::commands::Command;
use yew::prelude::*;

use super::copy::Copy;

/// Commands in order. Numbers and prompts are never part of what is copied.
pub(crate) fn commands(commands: &[Command]) -> Html {
    html! {
        <ol class={if commands.len() == 1 { "cmd single" } else { "cmd" }}>
            for command in commands {
                <li key={command.line()}>
                    <code>{ for command.0.iter().enumerate().map(|(index, word)| argument(index, word)) }</code>
                    <Copy text={command.line()} name={format!("Copy {}", command.line())}/>
                </li>
            }
        </ol>
    }
}

/// Letters of a word that is never broken, on a phone of 390 pixels.
const LONGEST_WHOLE: usize = 24;

/// A word of a command. A line breaks between words and after `/`; elsewhere only where a word would
/// not fit otherwise.
fn argument(index: usize, word: &str) -> Html {
    let space = if index > 0 { " " } else { "" };
    let (scheme, rest) = word.split_once("://").map_or(("", word), |(scheme, rest)| (scheme, rest));
    let parts = if scheme.is_empty() { vec![rest] } else { rest.split_inclusive('/').collect() };
    html! {
        <>
            { space }
            for (index, part) in parts.into_iter().enumerate() {
                <span class={(part.len() > LONGEST_WHOLE).then_some("long")}>
                    { if index == 0 && !scheme.is_empty() { format!("{scheme}://{part}") } else { part.to_owned() } }
                </span><wbr/>
            }
        </>
    }
}
