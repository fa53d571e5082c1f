//! Light, dark, or as the system says.

use yew::prelude::*;

use crate::{announce, theme::Theme};

/// One button that goes through the three.
#[component]
pub(crate) fn ThemeButton() -> Html {
    let theme = use_state_eq(Theme::remembered);
    let onclick = {
        let theme = theme.clone();
        Callback::from(move |_| {
            let next = theme.next();
            next.apply();
            announce::answer(format!("Colours: {}", next.name()));
            theme.set(next);
        })
    };
    let (sign, words) = match *theme {
        Theme::System => ("◐", "as the system"),
        Theme::Light => ("○", "light"),
        Theme::Dark => ("●", "dark"),
    };
    let label = format!("Colours: {words}. Change to {}", theme.next().name());
    html! {
        <button type="button" class="btn bare theme" aria-label={label.clone()} title={label} {onclick}>
            <span aria-hidden="true">{ sign }</span>
        </button>
    }
}
