//! The token that the reader uses, and what carries it.
//!
//! It is kept for the tab, until that is closed, and sent to this site only. A Web Worker has no such storage: the page
//! gives it the token with the first question.

use std::cell::RefCell;

use web_sys::{Headers, RequestInit, Storage};

const KEY: &str = "larder-token";

/// What is kept under [`ADMIN_KEY`] where the token is an admin's.
const YES: &str = "yes";
const ADMIN_KEY: &str = "larder-token-admin";

thread_local! {
    /// What the page gave to this worker.
    static CARRIED: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn storage() -> Option<Storage> {
    web_sys::window()?.session_storage().ok().flatten()
}

/// The token, if one is used.
pub fn held() -> Option<String> {
    CARRIED.with_borrow(Clone::clone).or_else(|| storage()?.get_item(KEY).ok().flatten())
}

/// Whether the token was an admin's when it was given. What it may do is decided by the server each time.
pub fn is_admin() -> bool {
    storage().and_then(|storage| storage.get_item(ADMIN_KEY).ok().flatten()).as_deref() == Some(YES)
}

/// Uses a token from now on; whether the browser keeps it.
pub fn hold(token: &str, is_admin: bool) -> bool {
    forget();
    let Some(storage) = storage() else { return false };
    storage.set_item(KEY, token).is_ok() && (!is_admin || storage.set_item(ADMIN_KEY, YES).is_ok())
}

/// Uses no token any more.
pub fn forget() {
    if let Some(storage) = storage() {
        let _ = storage.remove_item(KEY);
        let _ = storage.remove_item(ADMIN_KEY);
    }
}

/// Has a Web Worker use a token.
pub fn carry(token: Option<String>) {
    CARRIED.replace(token);
}

/// What a request for `url` carries.
pub fn request(url: &str) -> RequestInit {
    request_with(url, held().as_deref())
}

/// What a request for `url` carries: `token`, if it stays within this site.
pub fn request_with(url: &str, token: Option<&str>) -> RequestInit {
    let init = RequestInit::new();
    let is_ours = url.starts_with('/') && !url.starts_with("//");
    if let (true, Some(token), Ok(headers)) = (is_ours, token, Headers::new()) {
        // What cannot stand in a header is no token; the server says that none was sent.
        let _ = headers.set("Authorization", &format!("Bearer {token}"));
        init.set_headers(&headers);
    }
    init
}
