//! The keys a mirror's packages are signed with.

use larder_frontend::{commands::mirror_url, format};
use larder_shared::{
    api::{Key, Timestamp},
    name::MirrorName,
};
use yew::prelude::*;

use super::{
    copy::Copy,
    parts::{cell, figure_cell, table_head},
    values::{Age, foreign},
};
use crate::site;

/// The keys, and whether they have ended by `now`.
pub(crate) fn keys_table(mirror: &MirrorName, keys: &[Key], now: Timestamp) -> Html {
    let url = mirror_url(&site::url(), mirror);
    html! {
        <table class="table lines keys">
            { table_head(&[("", "Fingerprint"), ("", "Owner"), ("", "Kind"), ("", "Made"), ("", "Ends"), ("num", "Pushed")]) }
            <tbody>
                for key in keys {
                    <tr key={key.fingerprint.as_str()}>
                        <td class="mono">
                            <a href={format!("{url}/{}", key.path)} download="" data-row="" class="fingerprint">{ format::fingerprint(key.fingerprint.as_str()) }</a>
                            <Copy text={key.fingerprint.to_string()} name="Copy the fingerprint"/>
                        </td>
                        <td class="owner">
                            if let Some(owner) = &key.owner { { foreign(owner) } } else { <span class="mute">{ "unknown" }</span> }
                        </td>
                        { cell("", foreign(&key.algorithm)) }
                        <td data-l="made"><time datetime={key.created.to_string()}>{ format::date(key.created) }</time></td>
                        <td data-l="ends">{ end(key.expires, now) }</td>
                        { figure_cell(Some("pushed"), html! { <Age time={key.pushed}/> }) }
                    </tr>
                }
            </tbody>
        </table>
    }
}

fn end(expires: Option<Timestamp>, now: Timestamp) -> Html {
    match expires {
        None => html! { "never" },
        Some(end) if end <= now => {
            html! { <span class="badge unsigned">{ format!("ended {}", format::date(end)) }</span> }
        }
        Some(end) => html! { <time datetime={end.to_string()}>{ format::date(end) }</time> },
    }
}
