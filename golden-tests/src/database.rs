//! Real databases from Debian's packages, each in a folder of its own, on a loopback port nobody else has, run by the
//! unprivileged user of its package.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "starts programs and talks to them")]

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::unistd::{User, chown};

use crate::requirement::Requirement;

/// How long a database may take to be there.
const PATIENCE: Duration = Duration::from_secs(60);
/// The password of the user `leasehold`.
pub const PASSWORD: &str = "Z3bra-crossing";

/// Which database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// PostgreSQL.
    Postgres,
    /// MariaDB.
    Mariadb,
}

impl Kind {
    /// What a test of it needs.
    pub fn needs(self) -> Vec<Requirement> {
        let tool = |name| Requirement::Tool { name, probe: "--version" };
        match self {
            Kind::Postgres => vec![Requirement::Root, tool("psql"), tool(POSTGRES)],
            Kind::Mariadb => vec![Requirement::Root, tool("mariadb"), tool("mariadbd")],
        }
    }

    /// Its user, made by its package.
    fn user(self) -> &'static str {
        match self {
            Kind::Postgres => "postgres",
            Kind::Mariadb => "mysql",
        }
    }
}

/// Debian keeps each version's programs in a folder of its own.
const POSTGRES: &str = "/usr/lib/postgresql/15/bin/postgres";

/// A database that runs, and ends with the test.
pub struct Database {
    kind: Kind,
    folder: tempfile::TempDir,
    port: u16,
    child: Option<Child>,
    /// Its certificate and key, if it is to speak TLS.
    certificate: Option<[PathBuf; 2]>,
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Database {
    /// Makes a new database with a user `leasehold`, who has a database of that name, and starts it.
    ///
    /// # Errors
    /// What went wrong.
    pub fn new(kind: Kind) -> Result<Database, String> {
        let folder = tempfile::tempdir().map_err(|why| why.to_string())?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))
            .map_err(|why| why.to_string())?;
        let data = folder.path().join("data");
        fs::create_dir(&data).map_err(|why| why.to_string())?;
        let owner = user(kind)?;
        chown(&data, Some(owner.uid), Some(owner.gid)).map_err(|why| why.to_string())?;
        match kind {
            Kind::Postgres => run(as_user(kind, "/usr/lib/postgresql/15/bin/initdb")?
                .args([
                    "--no-sync",
                    "--auth-local=trust",
                    "--auth-host=scram-sha-256",
                    "--encoding=UTF8",
                    "-D",
                ])
                .arg(&data))?,
            Kind::Mariadb => run(as_user(kind, "mariadb-install-db")?
                .args(["--no-defaults", "--skip-test-db", "--auth-root-authentication-method=normal"])
                .arg(format!("--datadir={}", data.display())))?,
        }
        let port = free_port()?;
        let mut database = Database { kind, folder, port, child: None, certificate: None };
        database.start()?;
        let statements: &[&str] = match kind {
            Kind::Postgres => {
                &["CREATE ROLE leasehold LOGIN PASSWORD '{}'", "CREATE DATABASE leasehold OWNER leasehold"]
            }
            Kind::Mariadb => &[
                "CREATE USER leasehold@'%' IDENTIFIED BY '{}'",
                "CREATE DATABASE leasehold",
                "GRANT ALL ON leasehold.* TO leasehold@'%'",
            ],
        };
        for statement in statements {
            database.administer(&statement.replace("{}", PASSWORD))?;
        }
        Ok(database)
    }

    /// Starts it, and waits until it answers.
    ///
    /// # Errors
    /// What went wrong.
    pub fn start(&mut self) -> Result<(), String> {
        let mut command = self.command()?;
        let log = fs::File::create(self.folder.path().join("log")).map_err(|why| why.to_string())?;
        let errors = log.try_clone().map_err(|why| why.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let begin = Instant::now();
        loop {
            // One whose former life has not ended wholly gives up, and is started again.
            let ended =
                self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some()));
            if ended {
                self.child = Some(command.spawn().map_err(|why| format!("not started: {why}"))?);
            }
            let Err(why) = self.administer("SELECT 1") else { return Ok(()) };
            if begin.elapsed() > PATIENCE {
                let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
                return Err(format!("no database after {PATIENCE:?}: {why}\n{log}"));
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn command(&self) -> Result<Command, String> {
        let (data, port) = (self.data(), self.port);
        let mut command = match self.kind {
            Kind::Postgres => {
                let mut command = as_user(self.kind, POSTGRES)?;
                command.arg("-D").arg(&data).args([
                    "-p",
                    &port.to_string(),
                    "-c",
                    "listen_addresses=127.0.0.1",
                ]);
                command.arg("-k").arg(&data).args(["-c", "timezone=Europe/London"]);
                command
            }
            Kind::Mariadb => {
                let mut command = as_user(self.kind, "mariadbd")?;
                command.arg("--no-defaults").arg(format!("--datadir={}", data.display()));
                command.arg(format!("--socket={}", self.socket().display())).arg(format!("--port={port}"));
                command.args([
                    "--bind-address=127.0.0.1",
                    "--skip-name-resolve",
                    "--default-time-zone=+05:30",
                ]);
                command
            }
        };
        let names = match self.kind {
            Kind::Postgres => ["ssl=on", "ssl_cert_file", "ssl_key_file"],
            Kind::Mariadb => ["", "--ssl-cert", "--ssl-key"],
        };
        if let Some(files) = &self.certificate {
            let options =
                names[1..].iter().zip(files).map(|(name, file)| format!("{name}={}", file.display()));
            let options = options.chain((self.kind == Kind::Postgres).then(|| names[0].to_owned()));
            for option in options {
                command.args((self.kind == Kind::Postgres).then_some("-c")).arg(option);
            }
        }
        Ok(command)
    }

    /// Gives it a certificate and its key (PEM), to be used from its next start on.
    ///
    /// # Errors
    /// What went wrong.
    pub fn certify(&mut self, certificate: &str, key: &str) -> Result<(), String> {
        let owner = user(self.kind)?;
        let files = ["certificate.pem", "key.pem"].map(|name| self.data().join(name));
        for (file, text) in files.iter().zip([certificate, key]) {
            fs::write(file, text).map_err(|why| why.to_string())?;
            fs::set_permissions(file, fs::Permissions::from_mode(0o600)).map_err(|why| why.to_string())?;
            chown(file, Some(owner.uid), Some(owner.gid)).map_err(|why| why.to_string())?;
        }
        self.certificate = Some(files);
        Ok(())
    }

    /// Ends it as the loss of its machine would.
    pub fn kill(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        // Its own processes notice that it is gone.
        let _ = child.kill();
        let _ = child.wait();
    }

    /// Where a server reaches it, without the password.
    pub fn url(&self) -> String {
        let scheme = match self.kind {
            Kind::Postgres => "postgres",
            Kind::Mariadb => "mysql",
        };
        format!("{scheme}://leasehold@127.0.0.1:{}/leasehold", self.port)
    }

    /// The same by another way, such as a relay's port.
    pub fn url_by(&self, port: u16) -> String {
        self.url().replace(&format!(":{}/", self.port), &format!(":{port}/"))
    }

    /// Where it listens on loopback.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs statements as the administrator; what they print, columns parted by tabs.
    ///
    /// # Errors
    /// What it says.
    pub fn administer(&self, sql: &str) -> Result<String, String> {
        let command = match self.kind {
            Kind::Postgres => {
                let mut command = Command::new("psql");
                command.args([
                    "-U",
                    "postgres",
                    "-X",
                    "-q",
                    "-A",
                    "-t",
                    "-F",
                    "\t",
                    "-v",
                    "ON_ERROR_STOP=1",
                    "-d",
                    "postgres",
                ]);
                command.arg("-h").arg(self.data()).args(["-p", &self.port.to_string()]);
                command
            }
            Kind::Mariadb => {
                let mut command = Command::new("mariadb");
                command.args(["--no-defaults", "-u", "root", "-N", "-B"]);
                command.arg(format!("--socket={}", self.socket().display()));
                command
            }
        };
        feed(command, sql)
    }

    /// Runs statements as the user `leasehold`, in its database.
    ///
    /// # Errors
    /// What it says.
    pub fn ask(&self, sql: &str) -> Result<String, String> {
        let begin = match self.kind {
            Kind::Postgres => "\\c leasehold leasehold\n",
            Kind::Mariadb => "USE leasehold;\n",
        };
        self.administer(&format!("{begin}{sql}"))
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn socket(&self) -> PathBuf {
        self.data().join("socket")
    }
}

fn user(kind: Kind) -> Result<User, String> {
    let found = User::from_name(kind.user()).map_err(|why| why.to_string())?;
    found.ok_or_else(|| format!("there is no user `{}`", kind.user()))
}

fn as_user(kind: Kind, program: &str) -> Result<Command, String> {
    let owner = user(kind)?;
    let mut command = Command::new(program);
    command.uid(owner.uid.as_raw()).gid(owner.gid.as_raw()).current_dir("/");
    Ok(command)
}

/// A port that was free a moment ago.
fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(|why| why.to_string())?;
    Ok(listener.local_addr().map_err(|why| why.to_string())?.port())
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|why| why.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(format!("{command:?}: {}", said.join("\n")))
}

fn feed(mut command: Command, sql: &str) -> Result<String, String> {
    use std::io::Write as _;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|why| why.to_string())?;
    let mut stdin = child.stdin.take().expect("a pipe was asked for");
    let text = format!("{sql};\n");
    let writer = thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|why| why.to_string())?;
    // One that ends before it has read everything says why.
    let _ = writer.join();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(said)
}
