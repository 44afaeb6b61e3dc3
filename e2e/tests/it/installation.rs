//! A `danbao up` of our own: started, killed, stopped and started again on the same data.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use danbao_store::testing::Database;
use rustix::process::{Pid, Signal, kill_process};
use serde::Deserialize;
use tempfile::TempDir;

use crate::merchant::Merchant;
use crate::requirement;
use crate::sandbox::Sandbox;

const START_MAX: Duration = Duration::from_secs(60);
const STOP_MAX: Duration = Duration::from_secs(20);

/// What outlives a process: its data.
pub(crate) struct Home {
    directory: TempDir,
    /// The gateway's database, if it is not embedded.
    database: Option<Database>,
}

/// A running process.
pub(crate) struct Danbao {
    child: Child,
    /// What it said of itself when it was ready.
    pub(crate) ready: Ready,
}

/// The ready file.
#[derive(Debug, Deserialize)]
pub(crate) struct Ready {
    pub(crate) gateway: String,
    pub(crate) shop: String,
    pub(crate) sandbox_token: String,
    pub(crate) partner: Partner,
    pub(crate) buyers: Vec<Buyer>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Partner {
    pub(crate) partner: String,
    pub(crate) key: String,
    pub(crate) seller_email: String,
    pub(crate) login_password: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Buyer {
    pub(crate) email: String,
    pub(crate) user_id: String,
    pub(crate) login_password: String,
    pub(crate) payment_password: String,
}

impl Home {
    /// With embedded databases.
    pub(crate) fn new() -> Home {
        Home { directory: tempfile::tempdir().unwrap(), database: None }
    }

    /// With the gateway's database on the PostgreSQL for tests; `None` if there is none.
    pub(crate) fn on_postgres() -> Option<Home> {
        let database = Database::postgres().unwrap()?;
        Some(Home { database: Some(database), ..Home::new() })
    }

    /// Starts a process and waits until it is ready.
    pub(crate) fn start(&self) -> Danbao {
        let directory = self.directory.path();
        let ready_file = self.ready_file();
        // One who was killed could not remove it.
        let _ = std::fs::remove_file(&ready_file);
        let log = File::options().create(true).append(true).open(directory.join("log")).unwrap();
        let mut command = Command::new(requirement::binary());
        command.arg("up").arg("--data").arg(directory.join("data")).arg("--ready-file").arg(&ready_file);
        command.args(["--listen", "127.0.0.1:0", "--shop-listen", "127.0.0.1:0"]);
        if let Some(database) = &self.database {
            command.args(["--database", database.url()]);
        }
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let mut child = command.spawn().unwrap();
        let ready = await_ready(&mut child, &ready_file, || self.log());
        Danbao { child, ready }
    }

    /// What a running process says of itself.
    pub(crate) fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// All that its processes have printed.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default()
    }
}

fn await_ready(child: &mut Child, file: &Path, log: impl Fn() -> String) -> Ready {
    let since = Instant::now();
    while !file.exists() {
        assert!(child.try_wait().unwrap().is_none(), "danbao ended before it was ready:\n{}", log());
        assert!(since.elapsed() < START_MAX, "danbao is not ready after {START_MAX:?}:\n{}", log());
        thread::sleep(Duration::from_millis(10));
    }
    serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()
}

impl Danbao {
    /// The sandbox API of its gateway.
    pub(crate) fn sandbox(&self) -> Sandbox {
        Sandbox::new(&self.ready.gateway, &self.ready.sandbox_token)
    }

    /// The demo shop, as somebody who holds its key.
    pub(crate) fn merchant(&self) -> Merchant {
        Merchant::new(&self.ready.gateway, &self.ready.partner)
    }

    /// `kill -9`, at once.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to end, and waits for that.
    pub(crate) fn stop(mut self, signal: Signal) -> ExitStatus {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(since.elapsed() < STOP_MAX, "danbao does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// A line of `/proc/PID/status` in KiB, such as `VmRSS`.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }
}

impl Drop for Danbao {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
