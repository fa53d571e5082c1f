//! The rows of a log that are drawn. They are filled by hand, not rendered: while one scrolls, every frame
//! shows other lines, and to make, compare and drop their elements anew takes longer than a frame.
//!
//! ```text
//! scrolled by 8 rows   rows 1 to 8 go to the end and are filled with the lines that follow
//! scrolled far         all rows stay where they are and are filled with other lines
//! ```

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use gloo::utils::document;
use larder_frontend::{
    format,
    log::{
        message::{Ask, Block, Shown, Size},
        range::LineRange,
        scroll::Scale,
    },
};
use web_sys::{Element, HtmlElement, Text};
use yew::prelude::*;

/// Rows drawn on either side of the view, so that scrolling meets a drawn row.
const AROUND: u64 = 12;

/// The range that is drawn moves in steps of so many rows, so that it seldom changes.
const STEP: u64 = 8;

/// Lines asked for beyond what is drawn where one jumps to.
const BESIDE: u64 = 40;

/// Lines asked for beyond what is drawn when one scrolls towards them.
const AHEAD: u64 = 400;

/// Higher than any browser lets an element be, to learn how high that is.
const TOO_HIGH: &str = "60000000px";

/// What is assumed when a browser does not tell.
const SAFE_LIMIT: f64 = 15e6;

/// The elements that are measured and moved.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Parts {
    /// What scrolls.
    pub scroller: NodeRef,
    /// As high as all lines would be.
    pub sizer: NodeRef,
    /// Holds the rows.
    pub rows: NodeRef,
    /// A row of one line, never seen.
    pub probe: NodeRef,
}

/// What stands out among the lines.
#[derive(Clone, PartialEq, Default)]
pub(crate) struct Marks {
    /// Lines that look like errors.
    pub errors: Rc<BTreeSet<u64>>,
    /// The first real error.
    pub first_error: Option<u64>,
    /// The lines the URL points at.
    pub selected: Option<LineRange>,
    /// The line one has stepped to.
    pub current: Option<u64>,
}

impl Marks {
    fn of(&self, number: u64) -> Mark {
        Mark {
            is_error: self.errors.contains(&number),
            is_first_error: self.first_error == Some(number),
            is_selected: self.selected.is_some_and(|range| range.contains(number)),
            is_current: self.current == Some(number),
        }
    }
}

/// How one line stands out.
#[derive(Clone, Copy, PartialEq, Default)]
struct Mark {
    is_error: bool,
    is_first_error: bool,
    is_selected: bool,
    is_current: bool,
}

impl Mark {
    fn class(self) -> String {
        classes!(
            "log-line",
            (self.is_error || self.is_first_error).then_some("err"),
            self.is_first_error.then_some("first"),
            self.is_selected.then_some("here"),
            self.is_current.then_some("current"),
        )
        .to_string()
    }
}

/// The rows, held by all who have something to draw.
#[derive(Clone, Default)]
pub(crate) struct LogRows(Rc<RefCell<Rows>>);

impl PartialEq for LogRows {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

#[derive(Default)]
struct Rows {
    parts: Parts,
    scale: Scale,
    /// How high an element may be here, once that is known.
    limit: f64,
    wrap: bool,
    marks: Marks,
    /// The lines that are known.
    block: Rc<Block>,
    /// The lines to draw: the first, and the one after the last.
    wanted: (u64, u64),
    /// The lines that are asked for: the first, and the one after the last.
    asked: Option<(u64, u64)>,
    ask: Callback<Ask>,
    /// The number of the line in the first row.
    first: u64,
    rows: Vec<Row>,
}

impl LogRows {
    /// Says where lines are asked for.
    pub(crate) fn ask_by(&self, ask: Callback<Ask>) {
        self.0.borrow_mut().ask = ask;
    }

    /// Measures everything, and draws what is in view.
    pub(crate) fn settle(&self, parts: &Parts, size: Size, wrap: bool) {
        let mut rows = self.0.borrow_mut();
        rows.parts.clone_from(parts);
        rows.wrap = wrap;
        let before = rows.scale.rows;
        rows.measure(size.lines);
        rows.draw();
        // What was the last line may have been the beginning of one.
        if before < size.lines && rows.block.get(before).is_some() {
            rows.ask_anew();
        }
    }

    /// Draws what is in view now.
    pub(crate) fn scrolled(&self) {
        self.0.borrow_mut().draw();
    }

    /// Takes lines that have come.
    pub(crate) fn show(&self, block: Rc<Block>) {
        let mut rows = self.0.borrow_mut();
        rows.asked = None;
        let before = std::mem::replace(&mut rows.block, block);
        rows.fill(Some(&before));
        rows.draw();
    }

    /// Asks for what is drawn once more, because it is drawn otherwise now.
    pub(crate) fn ask_again(&self) {
        let mut rows = self.0.borrow_mut();
        rows.ask_anew();
    }

    /// Marks lines.
    pub(crate) fn mark(&self, marks: Marks) {
        let mut rows = self.0.borrow_mut();
        rows.marks = marks;
        rows.fill(None);
    }

    /// The measures of the list as it is now.
    pub(crate) fn scale(&self) -> Scale {
        self.0.borrow().scale
    }
}

impl Rows {
    fn measure(&mut self, lines: u64) {
        let Some(scroller) = self.parts.scroller.cast::<HtmlElement>() else { return };
        if self.limit <= 0.0 {
            self.limit = highest(&self.parts.sizer);
        }
        let row = self.parts.probe.cast::<HtmlElement>();
        self.scale = Scale {
            rows: lines,
            row: row.map_or(0.0, |probe| probe.get_bounding_client_rect().height()),
            view: f64::from(scroller.client_height()),
            limit: self.limit,
            past_end: self.wrap,
        };
        set_style(&self.parts.sizer, "height", &format!("{}px", self.scale.height()));
    }

    /// Draws what is in view. Where nothing is known yet, the rows wait for it: they would be filled twice.
    fn draw(&mut self) {
        let Some(scroller) = self.parts.scroller.cast::<HtmlElement>() else { return };
        // Read before anything is changed, or the browser lays out all of it twice.
        let top = f64::from(scroller.scroll_top());
        let (from, to) = rows_to_draw(&self.scale, top, self.wrap);
        self.wanted = (from + 1, to + 1);
        self.ask_ahead();
        self.draw_wanted(top);
    }

    fn draw_wanted(&mut self, top: f64) {
        let (from, to) = self.wanted;
        if from >= to || self.block.get(from).is_some() || self.block.get(to - 1).is_some() {
            self.turn(from, to.saturating_sub(from));
            self.place_at(top);
        }
    }

    /// Makes the rows those of `count` lines from `first` on.
    fn turn(&mut self, first: u64, count: u64) {
        let Some(holder) = self.parts.rows.cast::<Element>() else { return };
        let count = usize::try_from(count).unwrap_or_default();
        if first == self.first && count == self.rows.len() {
            return;
        }
        for row in self.rows.drain(count.min(self.rows.len())..) {
            row.element.remove();
        }
        let moved = usize::try_from(first.abs_diff(self.first)).unwrap_or(usize::MAX);
        if moved < self.rows.len() {
            if first > self.first {
                for row in &self.rows[..moved] {
                    let _ = holder.append_child(&row.element);
                }
                self.rows.rotate_left(moved);
            } else {
                for row in self.rows[self.rows.len() - moved..].iter().rev() {
                    let _ = holder.insert_before(&row.element, holder.first_child().as_ref());
                }
                self.rows.rotate_right(moved);
            }
        }
        while self.rows.len() < count {
            let Some(row) = Row::new() else { break };
            let _ = holder.append_child(&row.element);
            self.rows.push(row);
        }
        self.first = first;
        self.fill(None);
    }

    /// Gives every row the line it stands for; `before` is what was known when they were filled last.
    fn fill(&mut self, before: Option<&Block>) {
        for (number, row) in (self.first..).zip(&mut self.rows) {
            let line = self.block.get(number);
            row.mark(self.marks.of(number));
            if row.number != number {
                row.number_it(number);
                row.write(line);
            } else if before.is_some_and(|before| before.get(number) != line) {
                row.write(line);
            }
        }
    }

    /// Asks for lines that are not there or soon will be in view, unless they are on their way.
    fn ask_ahead(&mut self) {
        let (from, to) = self.wanted;
        let known = self.block.from..self.block.end();
        // Near an end of the log what is drawn is as far as one can scroll.
        let above = from.saturating_sub(AHEAD / 2).max(1);
        let below = (to.saturating_sub(1) + AHEAD / 2).min(self.scale.rows);
        let lines = if !known.contains(&from) && !known.contains(&to.saturating_sub(1)) {
            (from.saturating_sub(BESIDE), to + BESIDE)
        } else if !known.contains(&below) {
            (from.saturating_sub(BESIDE), to + AHEAD)
        } else if !known.contains(&above) {
            (from.saturating_sub(AHEAD), to + BESIDE)
        } else {
            return;
        };
        let is_on_its_way = self.asked.is_some_and(|asked| asked.0 <= from && to <= asked.1);
        if from < to && !is_on_its_way {
            self.ask_for(lines);
        }
    }

    /// Asks for what is drawn, whatever is known of it.
    fn ask_anew(&mut self) {
        let (from, to) = self.wanted;
        self.ask_for((from.saturating_sub(BESIDE), to + BESIDE));
    }

    fn ask_for(&mut self, (from, to): (u64, u64)) {
        let from = from.max(1);
        self.asked = Some((from, to));
        self.ask.emit(Ask::Lines { from, to });
    }

    /// Moves what is drawn to where its rows belong. Set by hand: the page's security policy forbids style
    /// attributes.
    #[expect(clippy::cast_precision_loss, reason = "far fewer lines than a double counts exactly")]
    fn place_at(&self, top: f64) {
        let (scale, from) = (&self.scale, self.first.saturating_sub(1) as f64);
        let at = scale.row_at(top);
        let y = if self.wrap {
            let height = self.rows.first().map_or(scale.row, |row| row.element.get_bounding_client_rect().height());
            top - at.fract() * height
        } else if scale.is_exact() {
            from * scale.row
        } else {
            top - (at - from) * scale.row
        };
        // Not a transform: a row that stays in its place on the page is not painted again.
        set_style(&self.parts.rows, "top", &format!("{y}px"));
    }
}

/// One row: its number, which is a link, and the text of its line.
struct Row {
    /// The number of its line; 0 before it has one.
    number: u64,
    element: Element,
    link: Element,
    number_text: Text,
    text: Element,
    /// The text of a plain line, or what a line with colours begins with.
    plain: Text,
    /// Whether elements follow `plain`.
    is_rich: bool,
    mark: Mark,
}

impl Row {
    fn new() -> Option<Self> {
        let (element, link, text) = (element("div")?, element("a")?, element("span")?);
        let (number_text, plain) = (document().create_text_node(""), document().create_text_node(""));
        element.set_class_name(&Mark::default().class());
        link.set_class_name("no");
        link.set_attribute("tabindex", "-1").ok()?;
        text.set_class_name("text");
        link.append_child(&number_text).ok()?;
        text.append_child(&plain).ok()?;
        element.append_child(&link).ok()?;
        element.append_child(&text).ok()?;
        Some(Self { number: 0, element, link, number_text, text, plain, is_rich: false, mark: Mark::default() })
    }

    fn mark(&mut self, mark: Mark) {
        if self.mark != mark {
            self.element.set_class_name(&mark.class());
            self.mark = mark;
        }
    }

    fn number_it(&mut self, number: u64) {
        let digits = number.to_string();
        let _ = self.element.set_attribute("data-line", &digits);
        let _ = self.link.set_attribute("href", &format!("#L{digits}"));
        let _ = self.link.set_attribute("aria-label", &format!("Line {digits}"));
        self.number_text.set_data(&digits);
        self.number = number;
    }

    /// Shows a line, or nothing: only text nodes, whatever the log holds.
    fn write(&mut self, line: Option<Shown>) {
        if std::mem::take(&mut self.is_rich) {
            while let Some(after) = self.plain.next_sibling() {
                let _ = self.text.remove_child(&after);
            }
        }
        let line = match line {
            None => return self.plain.set_data(""),
            Some(Shown::Plain(text)) => return self.plain.set_data(text),
            Some(Shown::Styled(line)) => line,
        };
        let (begin, rest) = match &line.parts[..] {
            [first, rest @ ..] if first.class.is_empty() && !first.is_hit => (&first.text[..], rest),
            parts => ("", parts),
        };
        self.plain.set_data(begin);
        for part in rest {
            self.add(if part.is_hit { "mark" } else { "span" }, &part.class, &part.text);
        }
        if line.hidden > 0 {
            self.add("span", "rest", &rest_words(line.hidden));
        }
    }

    fn add(&mut self, name: &str, class: &str, text: &str) {
        let Some(part) = element(name) else { return };
        part.set_class_name(class);
        part.set_text_content(Some(text));
        let _ = self.text.append_child(&part);
        self.is_rich = true;
    }
}

fn element(name: &str) -> Option<Element> {
    document().create_element(name).ok()
}

/// What follows the beginning of a very long line.
pub(crate) fn rest_words(hidden: usize) -> String {
    format!(" and {} more in this line", format::size(hidden as u64))
}

/// Rows to draw, counted from 0. Rows that break lines are drawn from the first in view on, because only
/// its place is known.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a row's number")]
fn rows_to_draw(scale: &Scale, top: f64, wrap: bool) -> (u64, u64) {
    let first = (scale.row_at(top) as u64).min(scale.rows);
    let last = first + scale.rows_in_view();
    if wrap {
        return (first, last.min(scale.rows));
    }
    let from = first.saturating_sub(AROUND) / STEP * STEP;
    let to = (last + AROUND).next_multiple_of(STEP);
    (from, to.min(scale.rows))
}

/// How high an element may be here.
fn highest(sizer: &NodeRef) -> f64 {
    set_style(sizer, "height", TOO_HIGH);
    let height = sizer.cast::<HtmlElement>().map_or(0.0, |sizer| sizer.get_bounding_client_rect().height());
    // A little less than the browser's own end, where its arithmetic is tight.
    if height > 0.0 { height * 0.9 } else { SAFE_LIMIT }
}

/// Sets one property of an element's style.
pub(crate) fn set_style(element: &NodeRef, name: &str, value: &str) {
    if let Some(element) = element.cast::<HtmlElement>() {
        let _ = element.style().set_property(name, value);
    }
}
