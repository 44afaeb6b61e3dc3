//! What happened, as lines and as one number: two runs of a seed must give the same number.

use std::collections::VecDeque;

use danbao_protocol::time::Timestamp;

/// How many lines are kept for whoever has to find out why a seed failed.
const KEPT: usize = 80;

/// The event log of one run.
#[derive(Debug, Clone)]
pub struct EventLog {
    hash: u64,
    events: u64,
    last: VecDeque<String>,
    began_at: Timestamp,
    /// Whether each line is also printed as it comes.
    is_loud: bool,
}

impl EventLog {
    /// An empty log of a life that begins then.
    pub fn new(began_at: Timestamp, is_loud: bool) -> EventLog {
        EventLog { hash: 0xcbf2_9ce4_8422_2325, events: 0, last: VecDeque::new(), began_at, is_loud }
    }

    /// Notes a line.
    pub fn note(&mut self, now: Timestamp, line: &str) {
        self.events += 1;
        self.mix(&now.0.to_le_bytes());
        self.mix(line.as_bytes());
        let passed = now.0 - self.began_at.0;
        let line = format!("{:>9}.{:03} {line}", passed / 1000, passed % 1000);
        #[expect(clippy::print_stderr, reason = "only when a person looks at one seed")]
        if self.is_loud {
            eprintln!("{line}");
        }
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(line);
    }

    /// Takes bytes into the number without a line: bodies, and the dumps of the databases.
    pub fn mix(&mut self, bytes: &[u8]) {
        // FNV-1a; nobody attacks this.
        for byte in bytes {
            self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    /// The number that stands for everything noted so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// How many lines were noted.
    pub fn events(&self) -> u64 {
        self.events
    }

    /// The last lines, oldest first; seconds since the beginning in front.
    pub fn last_lines(&self) -> impl Iterator<Item = &str> {
        self.last.iter().map(String::as_str)
    }
}
