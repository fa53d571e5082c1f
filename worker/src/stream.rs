//! Streams that the platform moves, so that no byte of a package passes through wasm.

use js_sys::{Array, Function, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ReadableStream, ReadableStreamByobReader, ReadableStreamDefaultReader, ReadableStreamGetReaderOptions,
    ReadableStreamReaderMode, StreamPipeOptions, WritableStream,
};

/// A pipe that announces its length: what is written comes out at the other end, and a body made
/// of it has a Content-Length. Too few or too many bytes make it fail.
pub(crate) struct FixedLength {
    pub(crate) readable: ReadableStream,
    pub(crate) writable: WritableStream,
}

impl FixedLength {
    /// A pipe for exactly `bytes` bytes: the runtime's `FixedLengthStream`.
    pub(crate) fn new(bytes: u64) -> Result<Self, JsValue> {
        let constructor: Function = Reflect::get(&js_sys::global(), &"FixedLengthStream".into())?.dyn_into()?;
        #[expect(clippy::cast_precision_loss, reason = "sizes stay far below 2^53")]
        let stream = Reflect::construct(&constructor, &Array::of1(&JsValue::from_f64(bytes as f64)))?;
        Ok(Self {
            readable: Reflect::get(&stream, &"readable".into())?.dyn_into()?,
            writable: Reflect::get(&stream, &"writable".into())?.dyn_into()?,
        })
    }
}

/// A stream read here, chunk by chunk. Unlike `worker::ByteStream` it does not take a stream that
/// broke off for one that ended.
pub(crate) struct Chunks(ReadableStreamDefaultReader);

impl Chunks {
    /// Begins to read a stream.
    pub(crate) fn of(stream: &ReadableStream) -> Result<Self, JsValue> {
        stream.get_reader().dyn_into().map(Self).map_err(JsValue::from)
    }

    /// The next chunk; `None` at the end.
    pub(crate) async fn next(&self) -> Result<Option<Vec<u8>>, JsValue> {
        let result = JsFuture::from(self.0.read()).await?;
        if Reflect::get(&result, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        let chunk: Uint8Array = Reflect::get(&result, &"value".into())?.dyn_into()?;
        Ok(Some(chunk.to_vec()))
    }
}

/// A stream read here in pieces that stay outside wasm, to be passed on.
pub(crate) struct Pieces {
    reader: ReadableStreamByobReader,
    max_bytes: u32,
}

impl Pieces {
    /// Begins to read a stream, at most `max_bytes` at a time.
    pub(crate) fn of(stream: &ReadableStream, max_bytes: u32) -> Result<Self, JsValue> {
        let options = ReadableStreamGetReaderOptions::new();
        options.set_mode(ReadableStreamReaderMode::Byob);
        Ok(Self { reader: stream.get_reader_with_options(&options).dyn_into()?, max_bytes })
    }

    /// What has come; `None` at the end.
    pub(crate) async fn next(&self) -> Result<Option<Uint8Array>, JsValue> {
        let buffer = Uint8Array::new_with_length(self.max_bytes);
        let result = JsFuture::from(self.reader.read_with_array_buffer_view(&buffer)).await?;
        if Reflect::get(&result, &"done".into())?.is_truthy() {
            return Ok(None);
        }
        let piece: Uint8Array = Reflect::get(&result, &"value".into())?.dyn_into()?;
        // A few bytes shall not hold a whole buffer for as long as they are kept.
        Ok(Some(if piece.length() < self.max_bytes / 2 { piece.slice(0, piece.length()) } else { piece }))
    }
}

/// Moves all of `from` into `to` and leaves `to` open for more.
pub(crate) async fn append(from: &ReadableStream, to: &WritableStream) -> Result<(), JsValue> {
    let options = StreamPipeOptions::new();
    options.set_prevent_close(true);
    JsFuture::from(from.pipe_to_with_options(to, &options)).await.map(drop)
}

/// Ends a stream that is complete.
pub(crate) async fn close(to: &WritableStream) -> Result<(), JsValue> {
    JsFuture::from(to.close()).await.map(drop)
}

/// Breaks a stream off, so that its reader learns that it is not whole.
pub(crate) async fn abort(to: &WritableStream, reason: &str) {
    // It may be broken already; then there is nothing to do.
    let _ = JsFuture::from(to.abort_with_reason(&reason.into())).await;
}
