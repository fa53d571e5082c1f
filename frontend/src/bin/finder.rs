//! The Web Worker that finds specs: it keeps a mirror's catalogue and searches it while the page stays free.
//!
//! What it is asked and what it tells is in `larder_frontend::find::message`. A copy of the catalogue is
//! kept in the browser's Cache API between visits and brought up to date by what has changed since. A
//! static mirror, which has no catalogue, is read by its own index.

#[cfg(target_arch = "wasm32")]
mod finder {
    use std::cell::RefCell;

    use js_sys::{Array, Date, Function, Promise, Reflect, Uint8Array};
    use larder_frontend::{
        find::message::{Ask, Failed, Ready, Tell},
        format,
        in_worker::{listen, pause, scope, sleep, tell},
        token,
    };
    use larder_shared::{
        api::ErrorBody,
        find::{Finder, Question},
        index::{
            catalogue::{
                Catalogue, CatalogueError, Cursor, Edges, Entry, PackedReader, PackedTable, Part, RowMap, Signature,
                Specs, Writer, merge_edges, merge_specs,
            },
            document::IndexReader,
        },
        layout::manifest::Manifest,
        route::site::catalogue_file,
    };
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::{JsFuture, spawn_local};
    use web_sys::{Cache, ReadableStream, ReadableStreamDefaultReader, Response};

    /// How often is asked for what the server will have soon: a large catalogue takes minutes once.
    const MAX_TRIES: u32 = 60;

    /// The header of a copy that says when it was what the mirror has, in milliseconds since 1970.
    const AS_OF: &str = "larder-as-of";

    /// The name of the cache with the copies.
    const COPIES: &str = "larder-catalogues-1";

    /// How often the page hears of progress, in milliseconds.
    const TELL_MILLIS: f64 = 100.0;

    thread_local! {
        static STATE: RefCell<State> = RefCell::default();
    }

    #[derive(Default)]
    struct State {
        mirror: String,
        url: String,
        finder: Option<Finder>,
        ready: Ready,
        /// The question that waits to be answered.
        question: Option<(u32, Question)>,
        /// The question about the caret that waits: a query, and a byte of it.
        completion: Option<(u32, String, u32)>,
        /// Whether what waits will be looked at when messages that wait have been heard.
        is_awake: bool,
        /// The last question, when it could not be answered without the graphs.
        unanswered: Option<(u32, Question)>,
        /// Rises with every mirror that is opened, so that what belongs to another is dropped.
        opened: u32,
        is_loading: bool,
    }

    /// Begins to listen.
    pub(crate) fn start() {
        listen(answer);
        tell(&Tell::Listening);
    }

    fn answer(ask: Ask) {
        match ask {
            Ask::Open { mirror, url, token } => {
                token::carry(token);
                STATE.with_borrow_mut(|state| {
                    let opened = state.opened + 1;
                    *state = State { mirror, url, opened, question: state.question.take(), ..State::default() };
                });
                spawn_local(load());
            }
            Ask::Refresh => spawn_local(load()),
            Ask::Find { id, question } => {
                STATE.with_borrow_mut(|state| state.question = Some((id, question)));
                wake();
            }
            Ask::Complete { id, query, caret } => {
                STATE.with_borrow_mut(|state| state.completion = Some((id, query, caret)));
                wake();
            }
        }
    }

    /// Answers soon: what has been asked meanwhile takes the place of what was asked before.
    fn wake() {
        if !STATE.with_borrow_mut(|state| std::mem::replace(&mut state.is_awake, true)) {
            spawn_local(async {
                pause().await;
                STATE.with_borrow_mut(|state| state.is_awake = false);
                // The list first: one looks at it while one types.
                find();
                complete();
            });
        }
    }

    fn complete() {
        STATE.with_borrow_mut(|state| {
            let Some((id, query, caret)) = state.completion.take() else { return };
            let items = state.finder.as_ref().map(|finder| finder.complete(&query, caret)).unwrap_or_default();
            tell(&Tell::Completions { id, items });
        });
    }

    /// Answers the question that waits, once there is something to search.
    fn find() {
        STATE.with_borrow_mut(|state| {
            let Some(finder) = &state.finder else { return };
            let Some((id, question)) = state.question.take() else { return };
            let found = finder.find(&question, now());
            state.unanswered = found.needs_edges.then_some((id, question));
            tell(&Tell::Found { id, found: Box::new(found) });
        });
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time after 1970")]
    fn now() -> u64 {
        Date::now() as u64
    }

    /// Why something cannot be had.
    enum Trouble {
        /// Nobody answered, or the browser does not let the page read the answer.
        Unreachable,
        /// There is no such thing, or it is not for this reader.
        Closed(String),
        /// The answer says why.
        Refused(String),
        /// What came is not what was asked for.
        Unreadable(String),
    }

    impl From<CatalogueError> for Trouble {
        fn from(error: CatalogueError) -> Self {
            Self::Unreadable(error.to_string())
        }
    }

    impl From<JsValue> for Trouble {
        fn from(_: JsValue) -> Self {
            Self::Unreachable
        }
    }

    type Result<T> = std::result::Result<T, Trouble>;

    /// Has the catalogue: the copy first, then what is new.
    async fn load() {
        let (mirror, url, opened, is_loading) = STATE.with_borrow_mut(|state| {
            let is_loading = std::mem::replace(&mut state.is_loading, true);
            (state.mirror.clone(), state.url.clone(), state.opened, is_loading)
        });
        if is_loading {
            return;
        }
        let is_static = url.starts_with("https://") || url.starts_with("http://");
        let has_finder = STATE.with_borrow(|state| state.finder.is_some());
        if !has_finder && let Some((catalogue, as_of)) = copy_of(&mirror).await {
            let edges = read_copy(&mirror, Part::Edges).await.map(|(edges, _)| edges);
            show(opened, catalogue, edges, as_of, false);
        }
        let loaded =
            if is_static { load_static(&mirror, &url, opened).await } else { update(&mirror, &url, opened).await };
        let is_mine = STATE.with_borrow_mut(|state| {
            let is_mine = state.opened == opened;
            state.is_loading &= !is_mine;
            is_mine
        });
        if let Err(trouble) = loaded
            && is_mine
        {
            if let Trouble::Closed(_) = &trouble {
                forget(&mirror).await;
            }
            fail(trouble, is_static);
        }
    }

    /// Says what went wrong; with a copy to search, being offline is none.
    fn fail(trouble: Trouble, is_static: bool) {
        let has_copy = STATE.with_borrow_mut(|state| {
            state.ready.offline = true;
            state.finder.is_some()
        });
        if let (Trouble::Unreachable, true) = (&trouble, has_copy) {
            STATE.with_borrow(|state| tell(&Tell::Ready(state.ready.clone())));
            return;
        }
        let what = "The list of this mirror's specs cannot be loaded.".to_owned();
        let (why, next) = match trouble {
            Trouble::Unreachable if is_static => (
                "The mirror cannot be reached, or does not let web pages read it (CORS).".to_owned(),
                "Its owner can allow it; or open it through a Larder with origin http.".to_owned(),
            ),
            Trouble::Closed(_) if is_static => (
                "There is no index at this address that may be read: neither v3/manifests/index nor build_cache/index.json.".to_owned(),
                "Look at the address; its owner makes an index with spack buildcache update-index.".to_owned(),
            ),
            Trouble::Unreadable(why) if is_static => {
                (format::sentence(&why), "Its owner can make the index anew with spack buildcache update-index.".to_owned())
            }
            Trouble::Unreachable => {
                ("Larder cannot be reached.".to_owned(), "It is tried again with the next visit.".to_owned())
            }
            Trouble::Closed(why) => (why, "Look at the mirror's name and at your rights.".to_owned()),
            Trouble::Refused(why) => (why, "It is tried again with the next visit.".to_owned()),
            Trouble::Unreadable(why) => (
                format::sentence(&why),
                "Reload the page; if that does not help, tell whoever runs this Larder.".to_owned(),
            ),
        };
        tell(&Tell::Failed(Failed { what, why, next }));
    }

    /// Makes a catalogue what is searched.
    fn show(opened: u32, mut catalogue: Catalogue, edges: Option<Vec<u8>>, as_of: u64, is_fresh: bool) {
        if let Some(edges) = edges {
            // Graphs of other rows are loaded anew.
            let _ = catalogue.add_edges(edges);
        }
        STATE.with_borrow_mut(|state| {
            if state.opened != opened {
                return;
            }
            let finder = Finder::new(catalogue);
            state.ready = Ready {
                generation: finder.catalogue().specs.cursor().generation,
                specs: finder.specs(),
                packages: finder.packages(),
                as_of,
                offline: false,
                has_edges: finder.catalogue().edges.is_some(),
            };
            state.finder = Some(finder);
            if is_fresh || state.question.is_none() {
                state.question = state.question.take().or_else(|| state.unanswered.take());
            }
            tell(&Tell::Ready(state.ready.clone()));
        });
        find();
    }

    /// Loads what is new of a mirror's catalogue, and what is not here of its graphs.
    async fn update(mirror: &str, url: &str, opened: u32) -> Result<()> {
        let since = STATE.with_borrow(|state| {
            let finder = state.finder.as_ref().filter(|_| state.opened == opened);
            finder.map_or(Cursor::default(), |finder| finder.catalogue().specs.cursor())
        });
        let mut tables = Vec::new();
        for table in fetch_tables(&part_url(url, Part::Specs, since), true).await? {
            tables.push(Specs::read(table)?);
        }
        let goes_on = tables.first().is_some_and(|first| first.table().since() != Cursor::default());
        let is_same = goes_on && tables.iter().all(|table| table.cursor() == since && table.rows() == 0);
        if is_same {
            keep_time(mirror).await;
            let has_edges = STATE.with_borrow_mut(|state| {
                (state.ready.as_of, state.ready.offline) = (now(), false);
                tell(&Tell::Ready(state.ready.clone()));
                state.ready.has_edges
            });
            if has_edges {
                return Ok(());
            }
        }
        let old_edges = match goes_on {
            true => read_copy(mirror, Part::Edges).await.map(|(edges, _)| edges),
            false => None,
        };
        if goes_on {
            let known = STATE.with_borrow(|state| {
                let finder = state.finder.as_ref().filter(|_| state.opened == opened)?;
                Some(finder.catalogue().specs.table().bytes().to_vec())
            });
            tables.insert(0, Specs::read(known.unwrap_or_default())?);
        }
        let is_joined = tables.len() > 1;
        let (specs, maps) = merge_specs(&tables)?;
        drop(tables);
        // What can be asked of an older catalogue is not taken away while the graphs of the newer arrive.
        let has_graphs = STATE.with_borrow(|state| state.finder.is_some() && state.ready.has_edges);
        if !is_same && !has_graphs {
            show(opened, Catalogue::of(specs.clone()), None, now(), true);
        }
        let is_kept = keep(mirror, Part::Specs, specs.table().bytes()).await;
        // The graphs: what is new of them when those of the copy are here, else all.
        let old = if goes_on { old_edges.map(Edges::parse).transpose()? } else { None };
        let edges = match old.is_some() == goes_on {
            true => more_edges(url, if goes_on { since } else { Cursor::default() }, old, &maps, &specs).await,
            false => Err(Trouble::from(CatalogueError::Part)),
        };
        let Ok(edges) = edges else {
            // The parts were made at different times: all of it anew.
            let (specs, edges) = whole(url).await?;
            let is_kept = keep(mirror, Part::Specs, specs.table().bytes()).await;
            let is_kept = keep(mirror, Part::Edges, &edges).await && is_kept;
            show(opened, Catalogue::of(specs), Some(edges), now(), true);
            if is_kept {
                tell(&Tell::Kept);
            }
            return Ok(());
        };
        let is_kept = keep(mirror, Part::Edges, &edges).await && is_kept;
        if has_graphs {
            show(opened, Catalogue::of(specs), Some(edges), now(), true);
        } else {
            show_graphs(opened, edges);
        }
        if is_joined && is_kept {
            tell(&Tell::Kept);
        }
        Ok(())
    }

    /// Adds the graphs to what is searched.
    fn show_graphs(opened: u32, edges: Vec<u8>) {
        STATE.with_borrow_mut(|state| {
            if state.opened == opened
                && let Some(finder) = &mut state.finder
                && finder.add_edges(edges).is_ok()
            {
                state.ready.has_edges = true;
                tell(&Tell::Ready(state.ready.clone()));
                state.question = state.question.take().or_else(|| state.unanswered.take());
            }
        });
        find();
    }

    /// The graphs of some specs: those of the copy, and what was made since.
    async fn more_edges(
        url: &str,
        since: Cursor,
        old: Option<Edges>,
        maps: &[RowMap],
        specs: &Specs,
    ) -> Result<Vec<u8>> {
        let mut tables: Vec<Edges> = old.into_iter().collect();
        for table in fetch_tables(&part_url(url, Part::Edges, since), false).await? {
            tables.push(Edges::parse(table)?);
        }
        Ok(merge_edges(&tables, maps, specs)?)
    }

    /// All specs and their graphs.
    async fn whole(url: &str) -> Result<(Specs, Vec<u8>)> {
        let mut tables = Vec::new();
        for table in fetch_tables(&part_url(url, Part::Specs, Cursor::default()), true).await? {
            tables.push(Specs::read(table)?);
        }
        let (specs, maps) = merge_specs(&tables)?;
        drop(tables);
        let edges = more_edges(url, Cursor::default(), None, &maps, &specs).await?;
        Ok((specs, edges))
    }

    fn part_url(url: &str, part: Part, since: Cursor) -> String {
        if url.ends_with('/') {
            // Files of an exported site, which are always whole.
            return format!("{url}{}", catalogue_file(part));
        }
        let mut parameters = Vec::new();
        if part != Part::Specs {
            parameters.push(format!("part={part}"));
        }
        if since != Cursor::default() {
            parameters.push(format!("since={since}"));
        }
        match parameters.is_empty() {
            true => url.to_owned(),
            false => format!("{url}?{}", parameters.join("&")),
        }
    }

    /// Reads a static mirror: its v3 index, or its v2 index.
    async fn load_static(mirror: &str, url: &str, opened: u32) -> Result<()> {
        let root = url.trim_end_matches('/');
        let mut reader = IndexReader::new();
        let mut writer = Writer::new();
        let blob = match fetch(&format!("{root}/v3/manifests/index/index.manifest.json")).await {
            Ok(answer) => index_blob(root, &all_bytes(&answer, false).await?),
            Err(Trouble::Closed(_)) => None,
            Err(trouble) => return Err(trouble),
        };
        let answer = match blob {
            Some((blob, true)) => inflated(&fetch(&blob).await?, "gzip")?,
            Some((blob, false)) => fetch(&blob).await?,
            None => fetch(&format!("{root}/build_cache/index.json")).await?,
        };
        let wrong = |error: &dyn std::fmt::Display| Trouble::Unreadable(error.to_string());
        let mut unreadable = None;
        each_piece(&answer, true, |piece| {
            reader.push(piece);
            while unreadable.is_none() {
                match reader.next_record() {
                    Ok(Some(record)) => writer.add(&Entry {
                        node: &record.node,
                        is_package: record.in_buildcache,
                        signature: Signature::Unknown,
                        size: None,
                        pushed: 0,
                    }),
                    Ok(None) => break,
                    Err(error) => unreadable = Some(wrong(&error)),
                }
            }
        })
        .await?;
        if let Some(trouble) = unreadable {
            return Err(trouble);
        }
        reader.finish().map_err(|error| wrong(&error))?;
        let tables = writer.finish(Cursor::default(), Cursor::default())?;
        keep(mirror, Part::Specs, &tables.specs).await;
        keep(mirror, Part::Edges, &tables.edges).await;
        show(opened, Catalogue::new(tables.specs)?, Some(tables.edges), now(), true);
        Ok(())
    }

    /// The URL of the index document that a v3 manifest names, and whether it is gzipped.
    fn index_blob(root: &str, manifest: &[u8]) -> Option<(String, bool)> {
        let manifest = Manifest::parse(std::str::from_utf8(manifest).ok()?).ok()?;
        let record = manifest.index().ok()?;
        let digest = record.checksum.to_string();
        Some((format!("{root}/blobs/sha256/{}/{digest}", digest.get(..2)?), record.compression == "gzip"))
    }

    /// Fetches; asks again while the server says that it will have it soon.
    async fn fetch(url: &str) -> Result<Response> {
        let mut left = MAX_TRIES;
        let answer = loop {
            left -= 1;
            let answer: Response =
                JsFuture::from(scope().fetch_with_str_and_init(url, &token::request(url))).await?.dyn_into()?;
            let again = answer.headers().get("retry-after").ok().flatten().and_then(|wait| wait.parse::<i32>().ok());
            match again {
                Some(seconds) if answer.status() == 503 && left > 0 => sleep(seconds.clamp(1, 60) * 1000).await,
                _ => break answer,
            }
        };
        if answer.ok() {
            return Ok(answer);
        }
        let text = JsFuture::from(answer.text()?).await?.as_string();
        let body = serde_json::from_str::<ErrorBody>(&text.unwrap_or_default());
        let why = body.map_or_else(
            |_| format!("The answer has status {}.", answer.status()),
            |body| format::sentence(&body.error.message),
        );
        Err(if matches!(answer.status(), 401 | 403 | 404) { Trouble::Closed(why) } else { Trouble::Refused(why) })
    }

    /// Reads a body as it arrives.
    async fn each_piece(answer: &Response, is_told: bool, mut take: impl FnMut(&[u8])) -> Result<()> {
        let of = answer.headers().get("content-length").ok().flatten().and_then(|length| length.parse().ok());
        let Some(body) = answer.body() else { return Ok(()) };
        let stream: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let (mut bytes, mut told) = (0, Date::now());
        loop {
            let part = JsFuture::from(stream.read()).await?;
            if Reflect::get(&part, &"done".into())?.is_truthy() {
                return Ok(());
            }
            let piece = Reflect::get(&part, &"value".into())?.dyn_into::<Uint8Array>()?.to_vec();
            bytes += piece.len() as u64;
            take(&piece);
            if is_told && Date::now() - told > TELL_MILLIS {
                told = Date::now();
                tell(&Tell::Loading { bytes, of });
            }
        }
    }

    async fn all_bytes(answer: &Response, is_told: bool) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        each_piece(answer, is_told, |piece| bytes.extend_from_slice(piece)).await?;
        Ok(bytes)
    }

    /// Fetches a document and unpacks its tables, each while the next arrives.
    async fn fetch_tables(url: &str, is_told: bool) -> Result<Vec<Vec<u8>>> {
        let (mut reader, mut begun) = (PackedReader::default(), Vec::new());
        let mut read = Ok(());
        each_piece(&fetch(url).await?, is_told, |piece| {
            if read.is_ok() {
                read = reader.push(piece, |table| begun.push(unpack(&table)));
            }
        })
        .await?;
        read?;
        reader.finish()?;
        let mut tables = Vec::new();
        for table in begun {
            tables.push(table?.whole().await?);
        }
        Ok(tables)
    }

    /// A table that the browser is unpacking.
    struct Unpacking {
        bytes: Promise,
        length: usize,
    }

    /// Has the browser unpack a table, outside this program's memory, which only grows.
    fn unpack(table: &PackedTable<'_>) -> Result<Unpacking> {
        let packed = Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(table.packed)))?;
        let bytes = inflated(&packed, "deflate-raw")?.array_buffer()?;
        Ok(Unpacking { bytes, length: table.length })
    }

    impl Unpacking {
        async fn whole(self) -> Result<Vec<u8>> {
            let buffer = JsFuture::from(self.bytes).await.map_err(|_| CatalogueError::Checksum)?;
            let bytes = Uint8Array::new(&buffer);
            match bytes.length() as usize == self.length {
                true => Ok(bytes.to_vec()),
                false => Err(CatalogueError::Length.into()),
            }
        }
    }

    /// A body with its compression taken off by the browser.
    fn inflated(answer: &Response, format: &str) -> Result<Response> {
        let body = answer.body().ok_or(Trouble::Unreachable)?;
        let constructor: Function = Reflect::get(&js_sys::global(), &"DecompressionStream".into())?.unchecked_into();
        let stream = Reflect::construct(&constructor, &Array::of1(&format.into()))?;
        let unpacked: ReadableStream = body.pipe_through(stream.unchecked_ref());
        Ok(Response::new_with_opt_readable_stream(Some(&unpacked))?)
    }

    async fn copies() -> Option<Cache> {
        let storage = scope().caches().ok()?;
        JsFuture::from(storage.open(COPIES)).await.ok()?.dyn_into().ok()
    }

    fn copy_url(mirror: &str, part: Part) -> String {
        format!("-/copies/{}/{part}", js_sys::encode_uri_component(mirror))
    }

    /// Keeps a table for the next visit; whether that was done. Storage that is full or forbidden is no harm. What was
    /// read with a token is not kept: the next visitor may have none.
    async fn keep(mirror: &str, part: Part, table: &[u8]) -> bool {
        if token::held().is_some() {
            return false;
        }
        let Some(copies) = copies().await else { return false };
        let Ok(answer) = Response::new_with_opt_js_u8_array(Some(&Uint8Array::from(table))) else { return false };
        let _ = answer.headers().set(AS_OF, &now().to_string());
        JsFuture::from(copies.put_with_str(&copy_url(mirror, part), &answer)).await.is_ok()
    }

    /// Drops the copy of a mirror that is gone, or closed to this reader.
    async fn forget(mirror: &str) {
        let Some(copies) = copies().await else { return };
        for part in Part::ALL {
            let _ = JsFuture::from(copies.delete_with_str(&copy_url(mirror, part))).await;
        }
    }

    /// Notes that the copy is as the mirror is now.
    async fn keep_time(mirror: &str) {
        let Some(copies) = copies().await else { return };
        let url = copy_url(mirror, Part::Specs);
        let Ok(Ok(copy)) = JsFuture::from(copies.match_with_str(&url)).await.map(JsCast::dyn_into::<Response>) else {
            return;
        };
        // The bytes go from copy to copy, not through this program's memory.
        let Ok(answer) = Response::new_with_opt_readable_stream(copy.body().as_ref()) else { return };
        let _ = answer.headers().set(AS_OF, &now().to_string());
        let _ = JsFuture::from(copies.put_with_str(&url, &answer)).await;
    }

    /// A part of the copy, and when it was known to be right.
    async fn read_copy(mirror: &str, part: Part) -> Option<(Vec<u8>, u64)> {
        let copies = copies().await?;
        let found = JsFuture::from(copies.match_with_str(&copy_url(mirror, part))).await.ok()?;
        let answer: Response = found.dyn_into().ok()?;
        let as_of = answer.headers().get(AS_OF).ok()??.parse().ok()?;
        let buffer = JsFuture::from(answer.array_buffer().ok()?).await.ok()?;
        Some((Uint8Array::new(&buffer).to_vec(), as_of))
    }

    async fn copy_of(mirror: &str) -> Option<(Catalogue, u64)> {
        let (bytes, as_of) = read_copy(mirror, Part::Specs).await?;
        Some((Catalogue::new(bytes).ok()?, as_of))
    }
}

#[cfg(target_arch = "wasm32")]
fn main() {
    finder::start();
}

/// Outside a browser there is no page to talk to.
#[cfg(not(target_arch = "wasm32"))]
fn main() {}
