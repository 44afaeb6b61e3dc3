//! The stand-in gateway as a node behind a real listener.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use danbao_doctor::stand_in::{Asked, StandIn};
use danbao_protocol::node::{Crash, Input, Node, Output};
use danbao_protocol::time::Timestamp;
use tokio::runtime::Runtime;

use crate::host::client::Client;
use crate::host::clock::SteadyClock;
use crate::host::runner::{Pace, Runner};
use crate::host::server::{Listener, Server, ServerLimits};

/// More questions than these are answered and forgotten.
const KEPT_MAX: usize = 1000;

struct Desk {
    stand_in: StandIn,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Node for Desk {
    fn step(&mut self, _: Timestamp, inputs: Vec<Input>) -> Result<Vec<Output>, Crash> {
        let mut outputs = Vec::new();
        for input in inputs {
            let Input::Request { id, request } = input else { continue };
            let (asked, response) = self.stand_in.answer(&request);
            let mut kept = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            if kept.len() < KEPT_MAX {
                kept.push(asked);
            }
            outputs.push(Output::Respond { id, response });
        }
        Ok(outputs)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, Crash> {
        Ok(None)
    }
}

/// A stand-in gateway at work.
pub(super) struct Served {
    asked: Arc<Mutex<Vec<Asked>>>,
    runner: Runner,
    server: Server,
}

impl Served {
    pub(super) fn start(
        runtime: &Runtime,
        client: &Client,
        at: SocketAddr,
        stand_in: &StandIn,
    ) -> anyhow::Result<Served> {
        let listener = runtime.block_on(Listener::bind(at))?;
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, stand_in) = (Arc::clone(&asked), stand_in.clone());
        let build = move || {
            let desk = Desk { stand_in: stand_in.clone(), asked: Arc::clone(&kept) };
            Ok(Box::new(desk) as Box<dyn Node>)
        };
        let runner = Runner::start("stand-in", Pace::default(), SteadyClock::wall(), client.clone(), build)?;
        let _inside = runtime.enter();
        let server = listener.serve(runner.door(), ServerLimits::default());
        Ok(Served { asked, runner, server })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// Ends it and says what it was asked.
    pub(super) fn stop(self, runtime: &Runtime) -> Vec<Asked> {
        runtime.block_on(self.server.stop());
        self.runner.stop();
        std::mem::take(&mut *self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
