//! Generates the OpenAPI document from the Rust types.

use std::{env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let document = larder_shared::api::openapi::document(env!("CARGO_PKG_VERSION"));
    let path = Path::new(&env::var("OUT_DIR")?).join("openapi.json");
    fs::write(path, serde_json::to_vec(&document)?)?;
    println!("cargo::rerun-if-changed=build.rs");
    Ok(())
}
