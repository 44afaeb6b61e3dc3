//! Problems of RFC 9457: what whoever calls the API did wrong, or what the gateway has refused.

use danbao_merchant::protocol::error_code::ErrorCode;
use danbao_merchant::protocol::node::Response;
use danbao_node::problem::problem;
use http::StatusCode;
use serde_json::{Value, json};

use crate::web;

/// A problem, with a stable code.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    /// The gateway's own code, if it is the gateway that refuses.
    error_code: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), error_code: None }
    }

    pub(crate) fn not_found(what: &str) -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    pub(crate) fn bad_request(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, code, detail)
    }

    pub(crate) fn unprocessable(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, detail)
    }

    pub(crate) fn conflict(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::CONFLICT, code, detail)
    }

    /// The gateway has said no, in its own word.
    pub(crate) fn refused(error_code: String) -> Problem {
        let detail = "the gateway refuses; error_code says why".to_owned();
        Problem {
            status: StatusCode::CONFLICT,
            code: "gateway_refused",
            detail,
            error_code: Some(error_code),
        }
    }

    /// The gateway has said neither yes nor no.
    pub(crate) fn unheard(why: &str) -> Problem {
        let detail =
            format!("the gateway gave no answer to rely on ({why}); what was asked may have been done");
        Problem::new(StatusCode::BAD_GATEWAY, "gateway_unheard", detail)
    }

    pub(crate) fn unauthorized() -> Problem {
        Problem::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "send the API token: Authorization: Bearer ...",
        )
    }

    pub(crate) fn internal() -> Problem {
        Problem::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "see the sidecar's log; trying again is safe",
        )
    }

    /// What is wrong, for people.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// The gateway's own code, if it is the gateway that refuses.
    pub(crate) fn error_code(&self) -> Option<&str> {
        self.error_code.as_deref()
    }

    /// Whether the gateway has said that there is no such trade: the buyer has not been at the cashier yet.
    pub(crate) fn is_of_no_trade(&self) -> bool {
        self.error_code() == Some(ErrorCode::TradeNotExist.as_str())
    }

    fn body(&self) -> Value {
        let mut body = problem(self.status, self.code, &self.detail);
        if let Some(error_code) = &self.error_code {
            body["error_code"] = json!(error_code);
        }
        body
    }

    pub(crate) fn respond(&self) -> Response {
        web::json(self.status, &self.body())
    }
}
