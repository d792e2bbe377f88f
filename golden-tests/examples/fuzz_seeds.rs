//! Writes the seeds of the journal's fuzzer into a folder: `cargo run --example fuzz_seeds -- FOLDER`.
#![expect(clippy::disallowed_methods, reason = "writes files")]

use std::path::PathBuf;
use std::{env, fs};

use leasehold_golden_tests::server_fuzz::directory;

fn main() -> std::io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from).expect("name the folder");
    fs::create_dir_all(&folder)?;
    for (name, octets) in directory::seeds() {
        fs::write(folder.join(name), octets)?;
    }
    Ok(())
}
