//! A refused call, said in the way that its caller understands (protocol.md §8.1, §8.2).

use std::sync::Arc;

use danbao_node::Fault;
use danbao_protocol::charset::Charset;
use danbao_protocol::error_code::ErrorCode;
use danbao_protocol::node::{Request, Response};
use danbao_protocol::params::Params;
use danbao_protocol::reply;
use danbao_protocol::service::{Kind, Service};
use danbao_protocol::sign;

use crate::pages::{DebugDetail, DebugError, DebugLabel, explain};
use crate::rows::partner::Partner;
use crate::turn::Turn;
use crate::visit::Visit;
use crate::web;

/// Why a call is not answered as it wished, and what helps its developer.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: ErrorCode,
    service: Option<Service>,
    pub(super) charset: Charset,
    pub(super) params: Option<Params>,
    /// The parameter at fault, where one can be named.
    parameter: Option<&'static str>,
    /// Whether a test has asked for it ahead (protocol.md §8.7).
    is_planned: bool,
    /// Who has signed the call, once that was verified.
    pub(super) signed_by: Option<Arc<Partner>>,
}

impl Refused {
    /// A refusal before or after the parameters were read.
    pub(crate) fn new(code: ErrorCode, service: Option<Service>, charset: Charset) -> Refused {
        Refused { code, service, charset, params: None, parameter: None, is_planned: false, signed_by: None }
    }

    /// Keeps what was received, for the developer's eyes.
    pub(crate) fn with_params(self, params: Params) -> Refused {
        Refused { params: Some(params), ..self }
    }

    /// Notes that the signature was verified and is this partner's.
    pub(super) fn signed_by(self, partner: &Arc<Partner>) -> Refused {
        Refused { signed_by: Some(partner.clone()), ..self }
    }

    /// Names the parameter at fault.
    pub(crate) fn with_parameter(self, parameter: Option<&'static str>) -> Refused {
        Refused { parameter, ..self }
    }

    /// Says that nothing is wrong with the call.
    pub(crate) fn planned(self) -> Refused {
        Refused { is_planned: true, ..self }
    }

    /// The XML error for a server, the debug-error page for a browser; for an unknown service whoever calls is taken
    /// for a browser, because it shows a person what is wrong. Status 200 both, as the pages of the time (§8.1).
    pub(crate) fn respond(self, turn: &mut Turn<'_>, request: &Request) -> Result<Response, Fault> {
        let partner = self.params.as_ref().and_then(|params| params.get("partner"));
        tracing::info!(
            code = self.code.as_str(),
            service = self.service.map_or("", Service::as_str),
            planned = self.is_planned,
            partner = partner.map(String::from_utf8_lossy).as_deref().unwrap_or(""),
            "a call was refused"
        );
        if self.service.is_some_and(|service| service.kind() == Kind::Server) {
            return Ok(web::xml(self.charset, reply::error(self.code, self.charset)));
        }
        let visit = Visit::of(turn, request)?;
        let page = DebugError {
            error: explain(self.code, visit.shell.lang),
            parameter: self.parameter.map(str::to_owned),
            is_planned: self.is_planned,
            service: self.params.as_ref().and_then(|params| shown(params, "service")),
            details: if turn.config.is_sandbox { self.details(request) } else { Vec::new() },
        };
        Ok(visit.page(&page))
    }

    fn details(&self, request: &Request) -> Vec<DebugDetail> {
        let detail = |label, text| DebugDetail { label, text };
        let mut details = vec![
            detail(DebugLabel::Request, format!("{} {}", request.method(), request.uri().path())),
            detail(DebugLabel::Charset, self.charset.label().to_owned()),
        ];
        let Some(params) = &self.params else { return details };
        let lines: Vec<String> =
            params.iter().map(|(name, value)| format!("{}={}", self.text(name), self.text(value))).collect();
        details.push(detail(DebugLabel::Received, lines.join("\n")));
        if self.code == ErrorCode::IllegalSign {
            details.push(detail(DebugLabel::SignedText, self.text(&sign::sign_text(params))));
            details.push(detail(DebugLabel::SignReceived, shown(params, "sign").unwrap_or_default()));
        }
        details
    }

    fn text(&self, bytes: &[u8]) -> String {
        match self.charset.decode(bytes) {
            Ok(text) => text.into_owned(),
            Err(_) => bytes.escape_ascii().to_string(),
        }
    }
}

fn shown(params: &Params, name: &str) -> Option<String> {
    params.get(name).map(|value| value.escape_ascii().to_string())
}
