//! HTTP for somebody who has time to wait for the answer.

use std::sync::mpsc;

use anyhow::{Context, anyhow, bail};
use bytes::Bytes;
use danbao_protocol::node::{Request, Response};
use http::{Method, header};
use serde_json::Value;

use crate::host::client::Client;

pub(super) struct Wire {
    client: Client,
    token: String,
}

impl Wire {
    /// `token` opens the sandbox API and is sent there only.
    pub(super) fn new(client: Client, token: String) -> Wire {
        Wire { client, token }
    }

    /// JSON there and back with the gateway's sandbox API.
    pub(super) fn sandbox(&self, method: Method, url: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        let bearer = format!("Bearer {}", self.token);
        self.json(http::Request::builder().header(header::AUTHORIZATION, bearer), method, url, body)
    }

    /// JSON there and back with anybody.
    pub(super) fn open(&self, method: Method, url: &str, body: Option<&Value>) -> anyhow::Result<Value> {
        self.json(http::Request::builder(), method, url, body)
    }

    /// What a browser does with a link.
    pub(super) fn get(&self, url: &str) -> anyhow::Result<Response> {
        self.exchange(http::Request::get(url).body(Bytes::new())?)
    }

    /// What a browser does with a form.
    pub(super) fn post_form(&self, url: &str, form: &str) -> anyhow::Result<Response> {
        let request =
            http::Request::post(url).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.exchange(request.body(Bytes::copy_from_slice(form.as_bytes()))?)
    }

    fn json(
        &self,
        request: http::request::Builder,
        method: Method,
        url: &str,
        body: Option<&Value>,
    ) -> anyhow::Result<Value> {
        let body = body.map(serde_json::to_vec).transpose()?.unwrap_or_default();
        let request = request.method(method).uri(url).header(header::CONTENT_TYPE, "application/json");
        let response = self.exchange(request.body(Bytes::from(body))?)?;
        let text = String::from_utf8_lossy(response.body());
        if !response.status().is_success() {
            bail!("{url} answered {}: {text}", response.status());
        }
        serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON"))
    }

    /// Any request, and its answer.
    pub(super) fn exchange(&self, request: Request) -> anyhow::Result<Response> {
        let url = request.uri().to_string();
        let (tell, told) = mpsc::channel();
        self.client.send(request, move |outcome| drop(tell.send(outcome)));
        let outcome = told.recv().map_err(|_| anyhow!("the client has stopped"))?;
        outcome.map_err(|why| anyhow!("{url}: {}", why.as_str()))
    }
}
