//! Running other programs so that none of them outlives us: each gets a process group of its own, and a Ctrl-C or a
//! termination ends the group that runs and then makes the chore fail, so that everything is taken down in order.

use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
/// The process group that we wait for; 0 is none.
static RUNNING: AtomicU32 = AtomicU32::new(0);
/// How long a group may take to end before it is killed.
const GRACE: Duration = Duration::from_secs(5);

/// Takes over Ctrl-C, termination and the end of the terminal.
pub(crate) fn listen() -> Result<()> {
    let (ready, is_ready) = mpsc::channel();
    thread::spawn(move || {
        let _ = ready.send(take_signals(&ready));
    });
    is_ready.recv().context("the thread for signals is gone")?
}

/// Reports once that it listens, and returns only if it cannot.
fn take_signals(ready: &mpsc::Sender<Result<()>>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let _ = ready.send(Ok(()));
        loop {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
                _ = hangup.recv() => {}
            }
            INTERRUPTED.store(true, Ordering::SeqCst);
            end_group();
        }
    })
}

fn end_group() {
    let group = RUNNING.load(Ordering::SeqCst);
    if group == 0 {
        return;
    }
    kill("TERM", &format!("-{group}"));
    thread::sleep(GRACE);
    if RUNNING.load(Ordering::SeqCst) == group {
        kill("KILL", &format!("-{group}"));
    }
}

/// Sends a signal to a process, or to a group if `target` begins with a minus, and says whether it arrived. The shell's
/// own `kill` is everywhere; Debian's takes no `--` after the signal.
pub(crate) fn kill(signal: &str, target: &str) -> bool {
    succeeds("sh", &["-c", &format!("kill -{signal} {target}")])
}

/// Fails if somebody wants us to end.
pub(crate) fn check_interrupt() -> Result<()> {
    if INTERRUPTED.load(Ordering::SeqCst) { bail!("interrupted") } else { Ok(()) }
}

/// Returns when somebody wants us to end.
pub(crate) fn wait_for_interrupt() {
    while check_interrupt().is_ok() {
        thread::sleep(Duration::from_millis(100));
    }
}

/// Runs a program to its end, its output going where ours goes; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    check_interrupt()?;
    let what = describe(command);
    let mut child = command
        .stdin(Stdio::null())
        .process_group(0)
        .spawn()
        .with_context(|| format!("cannot run `{what}`"))?;
    RUNNING.store(child.id(), Ordering::SeqCst);
    // An interrupt that came before the line above has not seen the group.
    if check_interrupt().is_err() {
        kill("TERM", &format!("-{}", child.id()));
    }
    let status = child.wait();
    RUNNING.store(0, Ordering::SeqCst);
    check_interrupt()?;
    let status = status.with_context(|| format!("cannot wait for `{what}`"))?;
    if !status.success() {
        bail!("`{what}` failed: {status}");
    }
    Ok(())
}

/// Whether a program can be run and succeeds, in silence.
pub(crate) fn succeeds(program: impl AsRef<OsStr>, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn describe(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}
