//! `cargo run --release -p larder-shared --example amplify -- 100000 index.json`: an index of that
//! many specs, for benchmarks and trials.

#[path = "../benches/amplify/mod.rs"]
mod amplify;

use std::{env, error::Error, fs};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [count, path] = &arguments[..] else { return Err("usage: amplify COUNT FILE".into()) };
    fs::write(path, amplify::index(count.parse()?))?;
    Ok(())
}
