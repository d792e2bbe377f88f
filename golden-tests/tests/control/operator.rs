//! `leasehold-server ha`, and a place where it meets nobody.

use std::process::{Command, Output};

use leasehold_golden_tests::binaries;
use leasehold_golden_tests::loopback::must;
use libtest_mimic::Failed;

/// A port that is in use.
pub struct TcpListening {
    pub name: String,
    _listener: std::net::TcpListener,
}

impl TcpListening {
    pub fn any() -> Result<TcpListening, Failed> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        Ok(TcpListening { name: listener.local_addr()?.to_string(), _listener: listener })
    }
}

/// `leasehold-server ha WORDS`, from a shell in which nothing is set.
pub fn ha(words: &[&str]) -> Result<Output, Failed> {
    let mut command = Command::new(binaries::binary("leasehold-server")?);
    for name in ["LEASEHOLD_CONTROL", "LEASEHOLD_CONTROL_TOKEN_FILE", "LEASEHOLD_CONTROL_CA"] {
        command.env_remove(name);
    }
    Ok(command.arg("ha").args(words).output()?)
}

pub fn ends(output: &Output, code: i32, says: &str) -> Result<(), Failed> {
    let text = if code == 0 { &output.stdout } else { &output.stderr };
    let said = String::from_utf8_lossy(text).into_owned();
    let right =
        output.status.code() == Some(code) && said.contains(says) && (code == 0 || said.lines().count() == 1);
    must(right, format!("not {code} `{says}` but {:?}: {said}", output.status.code()))
}
