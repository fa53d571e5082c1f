//! The cause of a failure: the error line, and the log around it.

use larder_frontend::{
    format,
    outcome::{place, tool_word},
};
use larder_shared::report::{Excerpt, Failure, Tool};
use yew::prelude::*;

use super::values::foreign;

/// The error line as one reads it in the log, and who said it where.
pub(crate) fn cause(failure: &Failure, log_lines: Option<u64>) -> Html {
    let error = match place(failure.file.as_deref(), failure.line) {
        Some(place) => format!("{place}: {}", failure.message),
        None => failure.message.clone(),
    };
    html! { <p class="cause">{ foreign(&error) }<span>{ said(failure, log_lines) }</span></p> }
}

/// `gcc in phase build, line 6 of 25.`
fn said(failure: &Failure, log_lines: Option<u64>) -> String {
    let mut words = match failure.tool {
        Tool::Unknown => String::new(),
        tool => tool_word(tool).to_owned(),
    };
    if let Some(phase) = &failure.phase {
        words.push_str(if words.is_empty() { "phase " } else { " in phase " });
        words.push_str(&format::visible(phase));
    }
    if let Some(line) = failure.log_line {
        words.push_str(if words.is_empty() { "line " } else { ", line " });
        words.push_str(&format::count(line));
        if let Some(lines) = log_lines {
            words.push_str(&format!(" of {}", format::count(lines)));
        }
        words.push_str(" of the log");
    }
    if !words.is_empty() {
        words.push('.');
    }
    words
}

/// The lines around the error. `log` is the page of the whole log, to whose lines the numbers lead.
pub(crate) fn excerpt(excerpt: &Excerpt, log: Option<&str>) -> Html {
    html! {
        <ol class="log" tabindex="0" aria-label="The log around the error">
            for (index, line) in excerpt.lines.iter().enumerate() {
                <li class={line_class(excerpt, index, line)}>
                    { number(excerpt, index, log) }
                    <span>
                        if index == excerpt.error { <span class="sr">{ "The error: " }</span> }
                        { for line.split('\t').enumerate().map(|(part, text)| html! { <>{ if part > 0 { "\t" } else { "" } }{ foreign(text) }</> }) }
                    </span>
                </li>
            }
        </ol>
    }
}

fn line_class(excerpt: &Excerpt, index: usize, line: &str) -> Option<&'static str> {
    if index == excerpt.error {
        Some("err first")
    } else if line.contains(": error:") || line.contains("fatal error:") {
        Some("err")
    } else if line.contains(": warning:") {
        Some("warn")
    } else {
        None
    }
}

fn number(excerpt: &Excerpt, index: usize, log: Option<&str>) -> Html {
    let Some(first) = excerpt.first_line else { return html! { <span class="no"></span> } };
    let number = first + index as u64;
    match log {
        Some(log) => {
            html! { <a href={format!("{log}#L{number}")} aria-label={format!("Line {number} of the log")}>{ number }</a> }
        }
        None => html! { <span class="no">{ number }</span> },
    }
}
