//! The list of keys, and the switch that turns single letters off.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::dialog::Dialog;
use crate::keyboard;

const KEYS: [(&[&str], &str); 17] = [
    (&["/", "Ctrl K"], "Search; in a log, / searches the log"),
    (&["j", "k", "↓", "↑"], "Next or previous row"),
    (&["Enter"], "Open"),
    (&["o"], "Open in a new tab"),
    (&["x"], "Select the row"),
    (&["c"], "Compare what is selected"),
    (&["y"], "Copy the hash"),
    (&["i"], "Install"),
    (&["t"], "Dependencies as a tree or a graph"),
    (&["n", "N"], "Next or previous hit or error, in a log"),
    (&["e"], "First error, in a log"),
    (&["f"], "Narrow the list"),
    (&["m"], "Choose a mirror"),
    (&["h"], "Your machine"),
    (&["g o", "g p", "g b", "g f", "g k"], "Overview, packages, builds, failures, keys"),
    (&["Esc"], "Back out one step"),
    (&["?"], "This list"),
];

/// The list in a dialog.
pub(crate) fn shortcuts(onclose: Callback<()>) -> Html {
    let onchange = Callback::from(|event: Event| {
        keyboard::allow_letters(event.target_unchecked_into::<HtmlInputElement>().checked());
    });
    html! {
        <Dialog title={html! { "Keys" }} {onclose}>
            <table class="table dense shortcuts">
                <thead class="sr"><tr><th>{ "Key" }</th><th>{ "What it does" }</th></tr></thead>
                <tbody>
                    for (keys, meaning) in KEYS {
                        <tr>
                            <td>{ for keys.iter().map(|key| html! { <><kbd>{ *key }</kbd>{ " " }</> }) }</td>
                            <td>{ meaning }</td>
                        </tr>
                    }
                </tbody>
            </table>
            <label class="switch">
                <input type="checkbox" checked={keyboard::are_letters_allowed()} {onchange}/>
                { "Single letters are keys" }
            </label>
        </Dialog>
    }
}
