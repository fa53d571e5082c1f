//! Tabs: one of several things is shown, arrows go between them.

use yew::prelude::*;

use crate::browser;

/// One tab.
#[derive(Clone, Copy, PartialEq)]
pub(crate) struct Tab {
    /// What its id ends in.
    pub key: &'static str,
    pub label: &'static str,
}

/// A row of tabs with `end` beside it, above the `panel` of the one at `chosen`. `id` tells several of these on a
/// page apart.
pub(crate) fn tabs(
    id: &'static str,
    name: &'static str,
    all: &[Tab],
    chosen: usize,
    choose: &Callback<usize>,
    end: Html,
    panel: Html,
) -> Html {
    // A key may hold a dot, which a selector reads otherwise.
    let id_of = |tab: &Tab| format!("{id}-{}", tab.key.replace('.', "-"));
    let onkeydown = {
        let (choose, ids): (_, Vec<String>) = (choose.clone(), all.iter().map(id_of).collect());
        Callback::from(move |event: KeyboardEvent| {
            let step = match event.key().as_str() {
                "ArrowRight" => 1,
                "ArrowLeft" => ids.len() - 1,
                _ => return,
            };
            let next = (chosen + step) % ids.len();
            event.prevent_default();
            choose.emit(next);
            if let Some(tab) = browser::find(&format!("#{}", ids[next])) {
                let _ = tab.focus();
            }
        })
    };
    let panel_id = format!("{id}-panel");
    html! {
        <div class="install">
            <div class="clients">
                <div class="tabs" role="tablist" aria-label={name} {onkeydown}>
                    for (place, tab) in all.iter().enumerate() {
                        <button type="button" role="tab" key={tab.key} id={id_of(tab)} aria-controls={panel_id.clone()}
                            aria-selected={(place == chosen).to_string()} tabindex={if place == chosen { "0" } else { "-1" }}
                            onclick={choose.reform(move |_| place)}>{ tab.label }</button>
                    }
                </div>
                { end }
            </div>
            <div role="tabpanel" id={panel_id.clone()} aria-labelledby={all.get(chosen).map(id_of)}>{ panel }</div>
        </div>
    }
}
