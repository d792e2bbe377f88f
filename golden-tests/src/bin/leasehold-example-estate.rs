//! Writes the example estate, at any scale: `leasehold-example-estate --scale 10 --out /tmp/estate`.
#![expect(clippy::disallowed_methods, reason = "this is the shell around the generator: it writes files")]

use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use leasehold_golden_tests::estate_generator::{Load, SCALE_MAX, generate, kea, model_with_load};

/// Writes the example estate: 142 sites, 829 subnets and 14,404 reservations, times SCALE.
#[derive(Parser)]
struct Arguments {
    /// How many times as large as the example, at most 100.
    #[arg(long, default_value_t = 1)]
    scale: usize,
    /// The folder to write: new, empty, or one that holds this estate already.
    #[arg(long)]
    out: PathBuf,
    /// Adds a site with one subnet for load tests, for example 172.16.0.0/12.
    #[arg(long, value_name = "PREFIX", requires = "load_pool", value_parser = prefix)]
    load_subnet: Option<(Ipv4Addr, u8)>,
    /// The pool of that subnet, for example "172.20.0.0 - 172.27.255.255".
    #[arg(long, value_name = "RANGE", requires = "load_subnet", value_parser = range)]
    load_pool: Option<(Ipv4Addr, Ipv4Addr)>,
    /// Writes a Kea configuration of the same estate to this file too.
    #[arg(long, value_name = "FILE")]
    kea: Option<PathBuf>,
}

fn prefix(text: &str) -> Result<(Ipv4Addr, u8), String> {
    let cidr: leasehold_schemas::vocab::Cidr =
        text.parse().map_err(|_| "not a prefix such as 172.16.0.0/12")?;
    Ok((cidr.network(), cidr.length()))
}

fn range(text: &str) -> Result<(Ipv4Addr, Ipv4Addr), String> {
    let range: leasehold_schemas::vocab::AddrRange = text.parse().map_err(|_| "not a range such as A - B")?;
    Ok((range.first(), range.last()))
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if !(1..=SCALE_MAX).contains(&arguments.scale) {
        eprintln!("leasehold-example-estate: the scale is 1 to {SCALE_MAX}");
        return ExitCode::from(2);
    }
    let load = arguments.load_subnet.zip(arguments.load_pool);
    let load = load.map(|((network, length), pool)| Load { network, length, pool });
    let files = generate(arguments.scale, load);
    match write(&arguments.out, &files).and_then(|()| write_kea(&arguments, load)) {
        Ok(()) => {
            let bytes: usize = files.iter().map(|(_, text)| text.len()).sum();
            println!("{}: {} files, {bytes} bytes", arguments.out.display(), files.len());
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("leasehold-example-estate: {why}");
            ExitCode::from(2)
        }
    }
}

fn write_kea(arguments: &Arguments, load: Option<Load>) -> Result<(), String> {
    let Some(path) = &arguments.kea else { return Ok(()) };
    let configuration = kea::configuration(&model_with_load(arguments.scale, load));
    fs::write(path, configuration.to_string()).map_err(|why| format!("{}: {why}", path.display()))
}

fn write(out: &Path, files: &[(String, String)]) -> Result<(), String> {
    for stranger in yaml_files(out, out)? {
        if files.iter().all(|(path, _)| *path != stranger) {
            return Err(format!(
                "{} is not part of this estate; choose an empty folder",
                out.join(stranger).display()
            ));
        }
    }
    for (path, text) in files {
        let path = out.join(path);
        let folder = path.parent().expect("every file lies in the folder");
        fs::create_dir_all(folder).map_err(|why| format!("{}: {why}", folder.display()))?;
        fs::write(&path, text).map_err(|why| format!("{}: {why}", path.display()))?;
    }
    Ok(())
}

/// YAML files below `folder`, by their path from `root`; none if there is no such folder yet.
fn yaml_files(root: &Path, folder: &Path) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => return Ok(found),
        Err(why) => return Err(format!("{}: {why}", folder.display())),
    };
    for entry in entries {
        let path = entry.map_err(|why| format!("{}: {why}", folder.display()))?.path();
        if path.is_dir() {
            found.extend(yaml_files(root, &path)?);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            let path = path.strip_prefix(root).expect("it was found below the root");
            found.push(path.display().to_string());
        }
    }
    Ok(found)
}
