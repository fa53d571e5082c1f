//! The Web Worker that holds a log: it fetches, reads and searches it while the page stays free.
//!
//! What it is asked and what it tells is in `larder_frontend::log::message`.

#[cfg(target_arch = "wasm32")]
mod reader {
    use std::{cell::RefCell, ops::Range};

    use js_sys::{Date, Function, JsString, Reflect, RegExp, Uint8Array};
    use larder_frontend::{
        format,
        in_worker::{listen, pause, scope, tell},
        log::{
            lines::Lines,
            message::{Ask, Block, Found, Hit, MAX_COPIED_LINES, MAX_LINES, Size, Summary, Tell},
            quiet::quiet,
            scan::{Scan, slots},
            text::{Styled, plain},
        },
        token,
    };
    use larder_shared::{api::ErrorBody, report::log::LogReader};
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{ReadableStreamDefaultReader, Response};

    /// How often the page hears of progress.
    const TELL_MILLIS: f64 = 100.0;

    /// Bytes that are searched before a question may come between.
    const SLICE_BYTES: usize = 2_000_000;

    /// Bytes that are reserved for a log at most, whatever its length is said to be.
    const MAX_RESERVED_BYTES: f64 = 256e6;

    thread_local! {
        static STATE: RefCell<State> = RefCell::default();
    }

    #[derive(Default)]
    struct State {
        lines: Lines,
        is_whole: bool,
        /// Whether times and paths of the stage step back.
        is_dimmed: bool,
        search: Option<Search>,
        /// Rises with every search, so that an older one ends.
        searches: u32,
    }

    /// A search, as far as it has come.
    struct Search {
        expression: Expression,
        /// Where it goes on.
        at: usize,
        /// The number of the line there.
        number: u64,
        hits: u64,
        /// The lines with hits.
        lines: Vec<u32>,
    }

    /// Begins to listen.
    pub(crate) fn start() {
        listen(answer);
        tell(&Tell::Ready);
    }

    fn answer(ask: Ask) {
        match ask {
            Ask::Open { url, package, token } => spawn_local(async move {
                token::carry(token);
                if let Err(why) = read(&url, &package).await {
                    tell(&Tell::Failed(why));
                }
            }),
            Ask::Lines { from, to } => STATE.with_borrow(|state| {
                let expression = state.search.as_ref().map(|search| &search.expression);
                let to = to.min(from.saturating_add(MAX_LINES));
                let lines = state.lines.get(from..to).map(|raw| {
                    let line = Styled::of(raw);
                    let hits = expression.map(|expression| expression.hits_in(&line.text)).unwrap_or_default();
                    let quiet = if state.is_dimmed { quiet(&line.text) } else { Vec::new() };
                    line.line(&hits, &quiet)
                });
                tell(&Tell::Lines(Block::of(from, lines)));
            }),
            Ask::Alive => tell(&Tell::Alive),
            Ask::Dim(is_dimmed) => STATE.with_borrow_mut(|state| state.is_dimmed = is_dimmed),
            Ask::Find { text, is_regex } => find(&text, is_regex),
            Ask::Step { line, back } => STATE.with_borrow(|state| {
                let lines = state.search.as_ref().map_or(&[][..], |search| &search.lines);
                let wanted = u32::try_from(line).unwrap_or(u32::MAX);
                let place = if back {
                    lines.partition_point(|hit| *hit < wanted).checked_sub(1).unwrap_or(lines.len().saturating_sub(1))
                } else {
                    Some(lines.partition_point(|hit| *hit <= wanted)).filter(|place| *place < lines.len()).unwrap_or(0)
                };
                if let Some(line) = lines.get(place) {
                    tell(&Tell::Hit(Hit { line: u64::from(*line), place: place as u64 + 1 }));
                }
            }),
            Ask::Text { from, to } => STATE.with_borrow(|state| {
                let to = to.min(from.saturating_add(MAX_COPIED_LINES));
                let (start, end) = (state.lines.start(from), state.lines.start(to));
                let text = plain(state.lines.bytes().get(start..end).unwrap_or_default()).into_owned();
                tell(&Tell::Text(text.strip_suffix('\n').unwrap_or(&text).to_owned()));
            }),
        }
    }

    /// Fetches the log and reads it as it arrives.
    async fn read(url: &str, package: &str) -> Result<(), String> {
        let lost = |_: JsValue| "The log cannot be loaded: Larder cannot be reached.".to_owned();
        let answer = JsFuture::from(scope().fetch_with_str_and_init(url, &token::request(url))).await.map_err(lost)?;
        let answer: Response = answer.dyn_into().map_err(lost)?;
        if !answer.ok() {
            let text = JsFuture::from(answer.text().map_err(lost)?).await.map_err(lost)?.as_string();
            let body = serde_json::from_str::<ErrorBody>(&text.unwrap_or_default());
            return Err(body.map_or_else(
                |_| format!("The log cannot be loaded: status {}.", answer.status()),
                |body| format::sentence(&body.error.message),
            ));
        }
        let length = answer.headers().get("content-length").ok().flatten().and_then(|length| length.parse().ok());
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded just here")]
        let capacity = length.unwrap_or(0.0_f64).clamp(0.0, MAX_RESERVED_BYTES) as usize;
        STATE.with_borrow_mut(|state| state.lines = Lines::with_capacity(capacity));
        let mut reader = LogReader::of_package(package);
        let mut scan = Scan::default();
        let mut told = Date::now();
        if let Some(body) = answer.body() {
            let stream: ReadableStreamDefaultReader = body.get_reader().dyn_into().map_err(|_| String::new())?;
            loop {
                let part = JsFuture::from(stream.read()).await.map_err(lost)?;
                let field = |name: &str| Reflect::get(&part, &name.into()).unwrap_or_default();
                if field("done").is_truthy() {
                    break;
                }
                let piece = field("value").dyn_into::<Uint8Array>().map_err(lost)?.to_vec();
                reader.push(&piece);
                let size = STATE.with_borrow_mut(|state| {
                    let before = state.lines.open();
                    state.lines.push(&piece);
                    scan.push(&state.lines.bytes()[before..state.lines.open()]);
                    size(&state.lines)
                });
                if Date::now() - told > TELL_MILLIS {
                    told = Date::now();
                    tell(&Tell::Progress(size));
                }
            }
        }
        let report = reader.finish();
        let summary = STATE.with_borrow_mut(|state| {
            scan.push(&state.lines.bytes()[state.lines.open()..]);
            state.is_whole = true;
            let size = size(&state.lines);
            Summary {
                size,
                error_lines: report.error_lines.iter().map(|error| error.line).collect(),
                errors: report.errors,
                warnings: report.warnings,
                warning_slots: slots(scan.warnings, size.lines),
                phases: scan.phases,
                failure: report.failure,
            }
        });
        tell(&Tell::Read(Box::new(summary)));
        go_on_searching();
        Ok(())
    }

    fn size(lines: &Lines) -> Size {
        Size { bytes: lines.bytes().len() as u64, lines: lines.count(), longest: lines.longest() as u64 }
    }

    fn find(text: &str, is_regex: bool) {
        let expression = if text.is_empty() { Ok(None) } else { Expression::new(text, is_regex).map(Some) };
        let fault = expression.as_ref().err().cloned();
        STATE.with_borrow_mut(|state| {
            state.searches += 1;
            let start = |expression| Search { expression, at: 0, number: 1, hits: 0, lines: Vec::new() };
            state.search = expression.ok().flatten().map(start);
        });
        if fault.is_some() || text.is_empty() {
            tell(&Tell::Found(Found { percent: 100, fault, ..Found::default() }));
        } else {
            go_on_searching();
        }
    }

    /// Searches what has arrived and was not searched, a slice at a time.
    fn go_on_searching() {
        let started = STATE.with_borrow_mut(|state| {
            state.searches += 1;
            state.searches
        });
        spawn_local(async move {
            let mut told = 0.0;
            loop {
                let went_on = STATE.with_borrow_mut(|state| {
                    if state.searches != started {
                        return None;
                    }
                    let end = if state.is_whole { state.lines.bytes().len() } else { state.lines.open() };
                    let bytes = &state.lines.bytes()[..end];
                    let search = state.search.as_mut()?;
                    let went_on = search.go_on(bytes);
                    if !went_on || Date::now() - told > TELL_MILLIS {
                        told = Date::now();
                        tell(&Tell::Found(search.found(state.lines.count(), bytes.len())));
                    }
                    Some(went_on)
                });
                if went_on != Some(true) {
                    break;
                }
                pause().await;
            }
        });
    }

    impl Search {
        /// Searches the next slice; whether there was one.
        fn go_on(&mut self, bytes: &[u8]) -> bool {
            let rest = &bytes[self.at.min(bytes.len())..];
            if rest.is_empty() {
                return false;
            }
            let enough = rest.len().min(SLICE_BYTES);
            let end = memchr::memchr(b'\n', &rest[enough..]).map_or(rest.len(), |end| enough + end + 1);
            let slice = &rest[..end];
            let text = plain(slice);
            let (hits, lines) = self.expression.lines_in(&text);
            self.hits += hits;
            let number = self.number;
            self.lines.extend(lines.iter().filter_map(|line| u32::try_from(number + line).ok()));
            self.number += memchr::memchr_iter(b'\n', slice).count() as u64;
            self.at += end;
            true
        }

        fn found(&self, lines: u64, bytes: usize) -> Found {
            Found {
                hits: self.hits,
                lines: self.lines.len() as u64,
                slots: slots(self.lines.iter().map(|line| u64::from(*line)), lines),
                percent: u8::try_from(self.at as u64 * 100 / (bytes as u64).max(1)).unwrap_or(100),
                fault: None,
            }
        }
    }

    /// What is searched for: the browser's own regular expression.
    struct Expression {
        regex: RegExp,
        exec: Function,
    }

    /// A match in a text, in the units of JavaScript's strings.
    struct Match {
        start: u32,
        end: u32,
    }

    impl Expression {
        /// Letters in lower case find both cases.
        fn new(text: &str, is_regex: bool) -> Result<Self, String> {
            let source = if is_regex { text.to_owned() } else { escaped(text) };
            let flags = if text.chars().any(char::is_uppercase) { "gm" } else { "gim" };
            let arguments = js_sys::Array::of2(&source.into(), &flags.into());
            let constructor: Function =
                Reflect::get(&js_sys::global(), &"RegExp".into()).unwrap_or_default().unchecked_into();
            let regex: RegExp = Reflect::construct(&constructor, &arguments)
                .map_err(|error| {
                    error.dyn_into::<js_sys::Error>().map(|error| String::from(error.message())).unwrap_or_default()
                })?
                .unchecked_into();
            let exec = Reflect::get(&regex, &"exec".into()).unwrap_or_default().unchecked_into();
            Ok(Self { regex, exec })
        }

        fn next(&self, text: &JsString, from: u32) -> Option<Match> {
            self.regex.set_last_index(from);
            let found = self.exec.call1(&self.regex, text).ok().filter(|found| !found.is_null())?;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place in a string")]
            let start = Reflect::get(&found, &"index".into()).ok()?.as_f64()? as u32;
            let length = Reflect::get_u32(&found, 0).ok()?.unchecked_into::<JsString>().length();
            Some(Match { start, end: start + length })
        }

        /// Bytes of one line that match.
        fn hits_in(&self, line: &str) -> Vec<Range<usize>> {
            let text = JsString::from(line);
            let places = (!line.is_ascii()).then(|| places(line));
            let byte = |unit: u32| match &places {
                Some(places) => places.get(unit as usize).copied().unwrap_or(line.len()),
                None => unit as usize,
            };
            let mut hits = Vec::new();
            let mut from = 0;
            while let Some(found) = self.next(&text, from) {
                if found.end > found.start {
                    hits.push(byte(found.start)..byte(found.end));
                }
                from = found.end.max(found.start + 1);
                if from > text.length() {
                    break;
                }
            }
            hits
        }

        /// How many hits some lines have, and which lines, counted from 0.
        fn lines_in(&self, text: &str) -> (u64, Vec<u64>) {
            if text.is_ascii() {
                self.hits(text, text.as_bytes(), b'\n')
            } else {
                let units: Vec<u16> = text.encode_utf16().collect();
                self.hits(text, &units, u16::from(b'\n'))
            }
        }

        fn hits<T: PartialEq + Copy>(&self, text: &str, units: &[T], line_end: T) -> (u64, Vec<u64>) {
            let text = JsString::from(text);
            let (mut hits, mut lines) = (0, Vec::new());
            let (mut from, mut counted, mut number) = (0, 0, 0);
            while let Some(found) = self.next(&text, from) {
                let start = found.start as usize;
                if start >= units.len() {
                    break;
                }
                number += units[counted..start].iter().filter(|unit| **unit == line_end).count() as u64;
                counted = start;
                let end =
                    units[start..].iter().position(|unit| *unit == line_end).map_or(units.len(), |end| start + end);
                #[expect(clippy::cast_possible_truncation, reason = "a slice is shorter than 4 GB")]
                if found.end as usize > end {
                    // It goes on behind the line's end: what the line has by itself counts.
                    let begin = units[..start].iter().rposition(|unit| *unit == line_end).map_or(0, |end| end + 1);
                    let line = text.slice(begin as u32, end as u32);
                    hits += self.note(self.count(&line), number, &mut lines);
                    from = end as u32 + 1;
                } else {
                    hits += self.note(u64::from(found.end > found.start), number, &mut lines);
                    from = found.end.max(found.start + 1);
                }
            }
            (hits, lines)
        }

        fn note(&self, hits: u64, number: u64, lines: &mut Vec<u64>) -> u64 {
            if hits > 0 && lines.last() != Some(&number) {
                lines.push(number);
            }
            hits
        }

        fn count(&self, line: &JsString) -> u64 {
            self.hits_in(&String::from(line)).len() as u64
        }
    }

    /// Text that finds itself.
    fn escaped(text: &str) -> String {
        let mut escaped = String::with_capacity(text.len());
        for letter in text.chars() {
            if r"\^$.*+?()[]{}|/-".contains(letter) {
                escaped.push('\\');
            }
            escaped.push(letter);
        }
        escaped
    }

    /// The byte at which each unit of JavaScript's string of `text` stands.
    fn places(text: &str) -> Vec<usize> {
        text.char_indices().flat_map(|(at, letter)| std::iter::repeat_n(at, letter.len_utf16())).collect()
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    reader::start();
}

/// Outside a browser there is no page to talk to.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
