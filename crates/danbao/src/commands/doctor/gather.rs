//! Gathers the facts: carries the plan out, one question after the other.

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use anyhow::Context;
use danbao_doctor::facts::{Exchange, Facts, Host, Log};
use danbao_doctor::message;
use danbao_doctor::probe::{ANSWER_BYTES_MAX, Freshness, Plan, Probe, ProbeId, is_worth_sending, plan};
use danbao_doctor::settings::{Place, Settings, target};
use danbao_doctor::stand_in::StandIn;
use danbao_protocol::node::NoAnswer;
use tokio::runtime::Runtime;

use super::sockets;
use super::stand_in::Served;
use crate::host::client::{Client, ClientLimits};
use crate::host::clock::wall_now;
use crate::host::entropy;

/// What to look at.
pub(super) struct Asked {
    pub(super) settings: Settings,
    pub(super) stand_in_at: Option<SocketAddr>,
    pub(super) log: Option<PathBuf>,
    pub(super) allow_list: Option<String>,
    pub(super) sources: Vec<IpAddr>,
    pub(super) server: Option<IpAddr>,
    pub(super) answer_max: Duration,
}

/// What was seen, and how it was looked at.
pub(super) struct Seen {
    pub(super) facts: Facts,
    /// The order number of the test notifications; `None` if none was sent.
    pub(super) out_trade_no: Option<String>,
    /// Where the stand-in gateway was.
    pub(super) stand_in: Option<SocketAddr>,
}

/// Called before each question with how many were asked, of how many, and its name; with no name at the end.
pub(super) type Progress<'a> = dyn FnMut(usize, usize, Option<&'static str>) + 'a;

pub(super) fn gather(asked: Asked, progress: &mut Progress<'_>) -> anyhow::Result<Seen> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name("danbao-io")
        .enable_all()
        .build()?;
    let limits = ClientLimits {
        connect_max: ClientLimits::default().connect_max.min(asked.answer_max),
        total_max: asked.answer_max,
        answer_bytes_max: ANSWER_BYTES_MAX,
        ..ClientLimits::default()
    };
    let client = Client::new(runtime.handle().clone(), limits)?;
    let fresh = fresh()?;
    let plan = plan(&asked.settings, fresh, asked.stand_in_at.is_some());
    let stand_in = stand_in(&asked, &plan);
    let served = asked
        .stand_in_at
        .map(|at| Served::start(&runtime, &client, at, &stand_in).context("the stand-in gateway"))
        .transpose()?;
    let stand_in_at = served.as_ref().map(Served::address);

    let hosts = hosts(&runtime, &asked);
    let exchanges = carry_out(&client, plan.probes, asked.answer_max, progress);
    let questions = served.map(|served| served.stop(&runtime));
    let own = message::notify_id(ProbeId::GatewayAsked, fresh);
    let was_sent = exchanges.keys().any(|probe| probe.is_genuine());
    let facts = Facts {
        hosts,
        exchanges,
        // The doctor's own question, if the shop's gateway is the stand-in itself, is none of the shop's.
        asked: questions
            .map(|asked| asked.into_iter().filter(|asked| asked.notify_id.as_ref() != Some(&own)).collect()),
        notify_ids: plan.notify_ids,
        log: asked.log.as_deref().map(log),
        allow_list: asked.allow_list,
        sources: asked.sources,
        server: asked.server,
        settings: asked.settings,
    };
    let out_trade_no = was_sent.then(|| message::out_trade_no(&facts.settings, fresh));
    // A question whose answer is still on its way is not waited for.
    runtime.shutdown_background();
    Ok(Seen { facts, out_trade_no, stand_in: stand_in_at })
}

fn fresh() -> anyhow::Result<Freshness> {
    let seed = entropy::seed()?;
    let nonce = std::array::from_fn(|place| seed.get(place).copied().unwrap_or_default());
    Ok(Freshness { now: wall_now(), nonce })
}

/// It owns every test notification but the one that it is to disown.
fn stand_in(asked: &Asked, plan: &Plan) -> StandIn {
    let owned = plan.notify_ids.iter().filter(|(probe, _)| **probe != ProbeId::Disowned);
    StandIn {
        partner: asked.settings.partner.as_deref().map(|partner| partner.trim().to_owned()),
        notify_ids: owned.map(|(_, id)| id.clone()).collect(),
    }
}

fn hosts(runtime: &Runtime, asked: &Asked) -> BTreeMap<Place, Host> {
    let mut seen = BTreeMap::new();
    let mut hosts = BTreeMap::new();
    for &place in Place::ALL {
        let Some(target) = asked.settings.url(place).and_then(target) else { continue };
        let door = (target.is_https, target.host.clone(), target.port);
        let look = || sockets::look_at(runtime, &target, asked.answer_max);
        hosts.insert(place, seen.entry(door).or_insert_with(look).clone());
    }
    hosts
}

fn carry_out(
    client: &Client,
    probes: Vec<Probe>,
    answer_max: Duration,
    progress: &mut Progress<'_>,
) -> BTreeMap<ProbeId, Exchange> {
    let all = probes.len();
    let mut exchanges = BTreeMap::new();
    for (done, probe) in probes.into_iter().enumerate() {
        if !is_worth_sending(probe.id, &exchanges) {
            continue;
        }
        progress(done + 1, all, Some(probe.id.as_str()));
        let sent_at = wall_now();
        let (tell, told) = mpsc::channel();
        client.send(probe.request, move |outcome| drop(tell.send(outcome)));
        // The client has its own limit; this one is for a client that broke it.
        let outcome = told.recv_timeout(answer_max.saturating_mul(2)).unwrap_or(Err(NoAnswer::TimedOut));
        exchanges.insert(probe.id, Exchange { sent_at, ended_at: wall_now(), outcome });
    }
    progress(all, all, None);
    exchanges
}

/// Whether the log can be written by whoever runs this. Nothing is left behind.
fn log(path: &Path) -> Log {
    let writable = if path.is_dir() {
        tempfile::NamedTempFile::new_in(path).map(drop)
    } else if path.exists() && !path.is_file() {
        // To open a pipe would wait for its reader.
        Err(std::io::Error::other("neither a file nor a folder"))
    } else if path.exists() {
        OpenOptions::new().append(true).open(path).map(drop)
    } else {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new("."))).map(drop)
    };
    Log { path: path.display().to_string(), writable: writable.map_err(|error| error.to_string()) }
}
