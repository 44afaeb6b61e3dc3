//! A PostgreSQL of our own for tests: a directory under the temporary one, a Unix socket, no TCP, no fsync. It goes when
//! we go, even if we are killed.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process;

const DIRECTORY_PREFIX: &str = "danbao-postgres-";
/// The database's superuser; it needs no account on the machine.
const USER: &str = "danbao";
const START_WAIT: Duration = Duration::from_secs(60);
const STOP_WAIT: Duration = Duration::from_secs(10);

/// A running server. Dropped, it is stopped and its data removed.
#[derive(Debug)]
pub(crate) struct PrivatePostgres {
    directory: PathBuf,
    server: Option<Child>,
}

/// Whom the server runs as: PostgreSQL refuses to run as root.
#[derive(Debug, Clone, Copy)]
struct Account {
    uid: u32,
    gid: u32,
}

impl PrivatePostgres {
    /// Makes an empty cluster and waits until its server answers.
    pub(crate) fn start() -> Result<PrivatePostgres> {
        let programs = find_programs().context("PostgreSQL is not installed: run `cargo xtask setup`")?;
        remove_remains();
        let directory = std::env::temp_dir().join(format!("{DIRECTORY_PREFIX}{}", std::process::id()));
        // From here on, dropping `server` cleans up whatever there is.
        let mut server = PrivatePostgres { directory, server: None };
        let account = server.make_directory()?;
        server.init_cluster(&programs, account)?;
        server.start_server(&programs, account)?;
        server.wait_until_ready(&programs)?;
        Ok(server)
    }

    /// The URL of one of its databases; `postgres` is always there.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres:///{database}?host={}&user={USER}", self.directory.display())
    }

    fn make_directory(&self) -> Result<Option<Account>> {
        let cannot = || format!("cannot make {}", self.directory.display());
        fs::create_dir(&self.directory).with_context(cannot)?;
        fs::set_permissions(&self.directory, fs::Permissions::from_mode(0o700)).with_context(cannot)?;
        let account = if is_root()? { Some(postgres_account()?) } else { None };
        if let Some(account) = account {
            chown(&self.directory, Some(account.uid), Some(account.gid)).with_context(cannot)?;
        }
        Ok(account)
    }

    fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    fn log(&self) -> PathBuf {
        self.directory.join("log")
    }

    fn init_cluster(&self, programs: &Path, account: Option<Account>) -> Result<()> {
        let made = as_account(account, &programs.join("initdb"), &self.directory)
            .arg("--pgdata")
            .arg(self.data())
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
            .args(["--no-sync", "--no-instructions"])
            .output()
            .context("cannot run initdb")?;
        if !made.status.success() {
            bail!("initdb failed: {}", String::from_utf8_lossy(&made.stderr));
        }
        Ok(())
    }

    fn start_server(&mut self, programs: &Path, account: Option<Account>) -> Result<()> {
        let log = fs::File::create(self.log()).context("cannot make the server's log")?;
        let mut command = as_account(account, &programs.join("postgres"), &self.directory);
        command.arg("-D").arg(self.data()).arg("-k").arg(&self.directory);
        for setting in [
            "listen_addresses=",
            "fsync=off",
            "synchronous_commit=off",
            "full_page_writes=off",
            "max_connections=200",
            "shared_buffers=64MB",
        ] {
            command.args(["-c", setting]);
        }
        command.stdout(log.try_clone().context("cannot share the server's log")?).stderr(log);
        // A group of its own: Ctrl-C is for us, and we stop it when those who use it have ended.
        self.server = Some(command.process_group(0).spawn().context("cannot run postgres")?);
        Ok(())
    }

    fn wait_until_ready(&mut self, programs: &Path) -> Result<()> {
        let host = self.directory.display().to_string();
        let since = Instant::now();
        loop {
            process::check_interrupt()?;
            if process::succeeds(programs.join("pg_isready"), &["-q", "-h", &host]) {
                return Ok(());
            }
            let ended = self.server.as_mut().map(Child::try_wait).transpose()?.flatten();
            if ended.is_some() || since.elapsed() > START_WAIT {
                let log = fs::read_to_string(self.log()).unwrap_or_default();
                bail!("PostgreSQL did not start:\n{log}");
            }
            thread::sleep(Duration::from_millis(30));
        }
    }

    fn stop(&mut self) -> io::Result<()> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        let id = server.id().to_string();
        // At once, without a checkpoint: nobody wants this data any more.
        let told = process::kill("QUIT", &id);
        let since = Instant::now();
        while server.try_wait()?.is_none() {
            if !told || since.elapsed() > STOP_WAIT {
                process::kill("KILL", &format!("-{id}"));
                server.kill()?;
                server.wait()?;
                break;
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for PrivatePostgres {
    fn drop(&mut self) {
        if let Err(error) = self.stop() {
            eprintln!("PostgreSQL was not stopped: {error}");
        }
        match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                eprintln!("{} was not removed: {error}", self.directory.display());
            }
            _ => {}
        }
    }
}

/// The directory of the newest PostgreSQL's programs: where Debian keeps them, else where `initdb` is on the path.
pub(crate) fn find_programs() -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, programs)| is_complete(programs))
        .collect();
    versions.sort();
    if let Some((_, programs)) = versions.pop() {
        return Some(programs);
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).find(|directory| is_complete(directory))
}

fn is_complete(programs: &Path) -> bool {
    ["initdb", "postgres", "pg_isready"].iter().all(|name| programs.join(name).is_file())
}

/// A program run as this account, ended by the kernel if we die: `setpriv` (util-linux) does both.
fn as_account(account: Option<Account>, program: &Path, directory: &Path) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(Account { uid, gid }) = account {
        command.args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()]);
    }
    command.args(["--pdeathsig", "QUIT", "--"]).arg(program).stdin(Stdio::null());
    // The account may not be allowed to stand where we stand, and our settings are not the server's.
    command.current_dir(directory).env("LC_ALL", "C").env("HOME", directory);
    for variable in ["PGDATA", "PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGOPTIONS"] {
        command.env_remove(variable);
    }
    command
}

pub(crate) fn is_root() -> Result<bool> {
    let status = fs::read_to_string("/proc/self/status").context("cannot tell who we are")?;
    let effective = status.lines().find_map(|line| line.strip_prefix("Uid:")?.split_whitespace().nth(1));
    Ok(effective == Some("0"))
}

fn postgres_account() -> Result<Account> {
    let accounts = fs::read_to_string("/etc/passwd").context("cannot read the list of accounts")?;
    accounts
        .lines()
        .find_map(|line| {
            let mut fields = line.split(':');
            if fields.next()? != "postgres" {
                return None;
            }
            let uid = fields.nth(1)?.parse().ok()?;
            let gid = fields.next()?.parse().ok()?;
            Some(Account { uid, gid })
        })
        .context("PostgreSQL refuses to run as root, and there is no account `postgres`")
}

/// Removes the directories of those who were killed before they could.
fn remove_remains() {
    for entry in fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.strip_prefix(DIRECTORY_PREFIX));
        let Some(owner) = owner.and_then(|owner| owner.parse::<u32>().ok()) else { continue };
        if !Path::new(&format!("/proc/{owner}")).exists() {
            // Somebody else's is not ours to remove, and does not disturb.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}
